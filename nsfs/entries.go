//go:build linux

package nsfs

import (
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// A State is what a name in [Dir] stands for.
type State uint8

const (
	// Live is a network namespace that can be entered.
	Live State = iota
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
	case LiveElsewhere:
		return "live elsewhere"
	}
	return "not a namespace"
}

// An Entry is a name in [Dir] and what is behind it.
type Entry struct {
	_ [0]func() // not to be compared: that would take code

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
	if err != nil {
		return Entry{}, err
	}
	if len(all) == 0 {
		return Entry{}, listError(Path(name), unix.ENOENT)
	}
	return all[0], nil
}

// look leaves out names that are gone.
func look(names []string) (all []Entry, err error) {
	stale := map[string]int{} // by the place of the file in its file system
	dir := ""
	for _, name := range names {
		e, err := kind(name)
		if err == unix.ENOENT {
			continue
		}
		if err == nil && e.State == Stale {
			if dir == "" {
				dir, err = whereIs()
			}
			stale[dir+"/"+name] = len(all)
		}
		if err != nil {
			return nil, listError(Path(name), err)
		}
		all = append(all, e)
	}
	if dir == "" {
		return all, nil
	}
	return all, eachMount(func(pid int, m *mountPoint, on string) {
		if i, ok := stale[on]; ok && all[i].State == Stale {
			all[i].State = LiveElsewhere
			all[i].Why = m.root + " is mounted on it, but " + m.where(pid)
		}
	})
}

// kind is the entry of a name as it looks in this mount namespace.
func kind(name string) (Entry, error) {
	e := Entry{Name: name, State: NotNamespace, Why: "neither a namespace nor an empty file"}
	fd, err := unix.Open(Path(name), unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return e, err
	}
	defer unix.Close(fd)
	var sys unix.Statfs_t
	var st unix.Stat_t
	if err = unix.Fstatfs(fd, &sys); err == nil {
		err = unix.Fstat(fd, &st)
	}
	if err != nil {
		return e, err
	}
	link := st.Mode&unix.S_IFMT == unix.S_IFLNK
	switch {
	case sys.Type == unix.NSFS_MAGIC || link:
		ns, err := Open(name)
		switch {
		case err == nil:
			defer ns.Close()
			e.State, e.Why = Live, ""
			e.ID, err = ns.Identity()
			return e, err
		case !link && errno(err) == unix.ENOENT:
			return e, unix.ENOENT
		}
		e.Why = err.Error()
	case st.Mode&unix.S_IFMT == unix.S_IFREG && st.Size == 0:
		e.State, e.file, e.Made = Stale, st.Ino, time.Unix(st.Ctim.Unix())
		e.Why = "an empty file, with no namespace mounted on it"
		if time.Since(e.Made) < slow {
			e.Why += " yet: it may be in the making"
		}
	}
	return e, nil
}

// where says why a mount on a name is not seen at the name.
func (m *mountPoint) where(pid int) string {
	switch {
	case pid != 0:
		return "in the mount namespace of process " + strconv.Itoa(pid) + " (" + comm(pid) + "), not in this one"
	case filepath.Dir(m.path) == Dir:
		return "below another mount on " + Dir
	}
	return "at " + m.path
}
