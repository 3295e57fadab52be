//go:build linux

package nsfs

import (
	"errors"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// A State is what a name in [Dir] stands for.
type State uint8

const (
	// Live is a network namespace that can be entered.
	Live State = iota + 1
	// Stale is an empty file on which no namespace is mounted anywhere: one that
	// is being made, or was left by a crash or a reboot. [Repair] removes it.
	Stale
	// NotNamespace is something else: a directory, a file with contents, a
	// namespace of another kind. It is for its owner to remove.
	NotNamespace
	// LiveElsewhere looks stale here, but a namespace is mounted on the file in
	// another mount namespace. To unlink the file would take it away there.
	LiveElsewhere
)

// String returns "live", "stale", "not a namespace" or "live elsewhere".
func (s State) String() string {
	switch s {
	case Live:
		return "live"
	case Stale:
		return "stale"
	case NotNamespace:
		return "not a namespace"
	case LiveElsewhere:
		return "live elsewhere"
	}
	return "State(" + strconv.Itoa(int(s)) + ")"
}

// An Entry is a name in [Dir] and what is behind it.
type Entry struct {
	Name  string
	State State
	Why   string    // why it is not live, in words; "" if it is
	ID    Identity  // of the namespace, if it is live
	Made  time.Time // of a stale file: when it was made or changed last, by the clock of the host

	file uint64 // the inode of a stale file
}

// Entries lists the names in [Dir] as [List] does, with the state of each. No
// directory is no names.
//
// For a file that looks stale the mounts of all processes are read, once for all
// such files, as far as /proc shows them: not those of a mount namespace
// that no process is in.
func Entries() ([]Entry, error) {
	names, err := List()
	if err != nil {
		return nil, err
	}
	return look(names)
}

// Look returns the entry of one name: that of [Entries]. One that is not
// there is [io/fs.ErrNotExist].
func Look(name string) (Entry, error) {
	if err := ValidName(name); err != nil {
		return Entry{}, err
	}
	all, err := look([]string{name})
	if err == nil && len(all) == 0 {
		err = lookError(name, unix.ENOENT)
	}
	if err != nil {
		return Entry{}, err
	}
	return all[0], nil
}

func lookError(name string, err error) error {
	return &Error{Op: OpList, Name: name, Err: err, What: "Cannot look at " + Path(name)}
}

// look leaves out names that are gone.
func look(names []string) ([]Entry, error) {
	var all []Entry
	var stale bool
	for _, name := range names {
		e, err := kind(name)
		if err == unix.ENOENT {
			continue
		}
		if err != nil {
			return nil, lookError(name, err)
		}
		stale = stale || e.State == Stale
		all = append(all, e)
	}
	if !stale {
		return all, nil
	}
	return all, elsewhere(all)
}

// kind is the entry of a name as it looks in this mount namespace.
func kind(name string) (Entry, error) {
	e := Entry{Name: name, State: NotNamespace}
	var link, st unix.Stat_t
	if err := unix.Lstat(Path(name), &link); err != nil {
		return e, err
	}
	isLink := link.Mode&unix.S_IFMT == unix.S_IFLNK
	fd, err := unix.Open(Path(name), unix.O_PATH|unix.O_CLOEXEC, 0) // a FIFO would make others wait
	if isLink && err != nil {
		e.Why = "a symbolic link that leads nowhere: " + err.Error()
		return e, nil
	}
	if err != nil {
		return e, err
	}
	defer unix.Close(fd)
	var sys unix.Statfs_t
	if err := errors.Join(unix.Fstatfs(fd, &sys), unix.Fstat(fd, &st)); err != nil {
		return e, err
	}
	if sys.Type == unix.NSFS_MAGIC {
		return namespace(e)
	}
	switch format := st.Mode & unix.S_IFMT; {
	case isLink:
		e.Why = "a symbolic link to what is no namespace"
	case format == unix.S_IFDIR:
		e.Why = "a directory"
	case format != unix.S_IFREG:
		e.Why = "a device, a pipe or a socket"
	case st.Size != 0:
		e.Why = "a file with " + strconv.FormatInt(st.Size, 10) + " bytes in it"
	default:
		e.State, e.file, e.Made = Stale, st.Ino, time.Unix(st.Ctim.Unix())
		e.Why = "an empty file, with no namespace mounted on it"
		if age := time.Since(e.Made); age < slow {
			e.Why += " since " + age.Round(time.Millisecond).String() + ": it may be in the making"
		}
	}
	return e, nil
}

// namespace is the entry of what is a namespace of some kind.
func namespace(e Entry) (Entry, error) {
	ns, err := Open(e.Name)
	var failed *Error
	if errors.As(err, &failed) {
		e.Why = failed.Hint
		if failed.Op == OpOpen {
			return e, failed.Err
		}
		return e, nil
	}
	defer ns.Close()
	e.State = Live
	e.ID, err = ns.Identity()
	return e, err
}

// elsewhere finds the stale entries that are live in other mount namespaces.
func elsewhere(all []Entry) error {
	fd, err := unix.Open(Dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return listError(Dir, err)
	}
	defer unix.Close(fd)
	dev, dir, err := whereIs(fd)
	if err != nil {
		return listError(Dir, err)
	}
	files := make(map[string]int, len(all))
	for i, e := range all {
		if e.State == Stale {
			files[dir+"/"+e.Name] = i
		}
	}
	return eachMountTable(func(pid int, mounts []mountPoint) {
		covered(mounts, dev, func(file, root string) {
			i, ok := files[file]
			if !ok {
				return
			}
			delete(files, file)
			e := &all[i]
			e.State = LiveElsewhere
			e.Why = root + " is mounted on it, but " + where(pid)
		})
	})
}

// where names a mount namespace by a process.
func where(pid int) string {
	if pid == 0 {
		return "below another mount on " + Dir
	}
	return "in the mount namespace of process " + strconv.Itoa(pid) + " (" + comm(pid) + "), not in this one"
}

func listError(dir string, err error) error {
	return &Error{Op: OpList, Name: dir, What: "Failed to open directory " + dir, Err: errno(err)}
}
