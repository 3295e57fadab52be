//go:build linux

package nsfs

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// Create makes a network namespace and gives it a name. Of several at once
// with the same name, in any number of processes, one succeeds and the others
// get [io/fs.ErrExist]. A failure leaves no name behind.
//
// Equivalent to: `ip netns add NAME`
func Create(name string) error { return Attach(name, "") }

// Attach gives a name to the network namespace that is at a path, such as
// /proc/PID/ns/net, with the guarantees of [Create]. The path "" is for a new one.
//
// Equivalent to: `ip netns attach NAME PID`
func Attach(name, from string) error {
	if err := ValidName(name); err != nil {
		return err
	}
	return Throwaway(func() error { return attach(name, Path(name), from) })
}

// Attach gives a name to the namespace, as the function [Attach] does, and from
// whatever thread: by open_tree and move_mount, which take descriptors and no paths,
// or before Linux 5.2 by mount.
//
// Equivalent to: `ip netns attach NAME PID`
func (ns *NS) Attach(name string) error {
	if err := ValidName(name); err != nil {
		return err
	}
	return newCreation(name, Path(name), "/proc/thread-self/fd/"+strconv.Itoa(ns.Fd()), ns.Fd()).make()
}

func attach(name, path, from string) error { return newCreation(name, path, from, -1).make() }

func newCreation(name, path, from string, ns int) *creation {
	return &creation{path: path, name: name, from: from, ns: ns, dir: -1, file: -1, tree: -1}
}

// make follows the recipe, and takes the name back if that failed.
func (c *creation) make() error {
	defer c.close()
	err := c.recipe().run(c.name, nil)
	if err != nil && c.file >= 0 && !c.gone() {
		// What failed is the error; that this fails too would add nothing.
		_ = unix.Unlink(c.path)
	}
	return err
}

// CreateSteps returns the system calls of [Create] without making them.
func CreateSteps(name string) []Step { return AttachSteps(name, "") }

// AttachSteps returns the system calls of [Attach] without making them.
func AttachSteps(name, from string) []Step {
	return newCreation(name, Path(name), from, -1).recipe().tell()
}

// A creation is what the steps of Create leave for one another.
type creation struct {
	_ [0]func() // not to be compared: that would take code

	path, name string
	from       string // the namespace; "": a new one
	private    bool   // Dir is not a mount point yet

	// Descriptors; -1: not open.
	ns   int // from, and not to be closed
	dir  int // Dir, locked
	file int // path, which is ours
	tree int // a mount of ns, which has no place yet
}

func (c *creation) recipe() recipe {
	fresh := c.from == ""
	if fresh {
		c.from = self
	}
	const share = `mount("", "` + Dir + `", NULL, MS_SHARED|MS_REC, NULL)`
	cannotShare := "mount --make-shared " + Dir + " failed"
	notMountPoint := func() bool { return c.private }
	r := recipe{{
		Step: Step{`mkdir("` + Dir + `", 0755)`, "a place for the names; it may be there already"},
		op:   OpCreate, what: "mkdir " + Dir + " failed", do: mkdir,
	}, {
		Step: Step{`openat(AT_FDCWD, "` + Dir + `", O_RDONLY|O_DIRECTORY|O_CLOEXEC)`, "to have something to lock"},
		op:   OpCreate, what: `Cannot open netns runtime directory "` + Dir + `"`, do: c.open,
	}, {
		Step: Step{`flock(fd, LOCK_EX)`, "one at a time: two that bind " + Dir + " on itself at once double every mount below"},
		op:   OpCreate, what: `could not flock netns runtime directory "` + Dir + `"`, do: c.lock,
	}, {
		Step: Step{share, "mounts below show, and vanish, in other mount namespaces as well"},
		op:   OpCreate, what: cannotShare, do: c.tryShare,
	}, {
		Step: Step{`mount("` + Dir + `", "` + Dir + `", NULL, MS_BIND|MS_REC, NULL)`, "if that was EINVAL: only a mount point can be shared, so make it one"},
		op:   OpCreate, what: "mount --bind " + Dir + " " + Dir + " failed", when: notMountPoint, do: bindDir,
	}, {
		Step: Step{share, "if it was EINVAL: once more"},
		op:   OpCreate, what: cannotShare, when: notMountPoint, do: shareDir,
	}, {
		Step: Step{`close(fd)`, "unlocks " + Dir},
		op:   OpCreate, what: "close of " + Dir + " failed", do: c.unlock,
	}, {
		Step: Step{"openat(AT_FDCWD, " + strconv.Quote(c.path) + ", O_RDONLY|O_CREAT|O_EXCL|O_CLOEXEC, 000)", "the name; fails if it is taken"},
		op:   OpCreate, what: `Cannot create namespace file "` + c.path + `"`, do: c.claim,
	}, {
		Step: Step{`unshare(CLONE_NEWNET)`, "this thread enters a new namespace, with a lo that is down and nothing else"},
		op:   OpCreate, what: `Failed to create a new network namespace "` + c.name + `"`, do: unshareNet,
	}, {
		Step: Step{"mount(" + strconv.Quote(c.from) + `, "/proc/thread-self/fd/N", NULL, MS_BIND, NULL)`, "N is " + c.path + ": the mount keeps the namespace alive when its processes have ended"},
		op:   OpCreate, what: "Bind " + c.from + " -> " + c.path + " failed", do: c.bind,
	}}
	last := len(r) - 1
	switch {
	case c.ns >= 0:
		claim, unshare, bind := r[last-2], r[last-1], r[last]
		unshare.Step = Step{`open_tree(ns, "", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_EMPTY_PATH)`, "a mount that has no place yet"}
		unshare.what, unshare.do = "open_tree of the namespace failed", c.openTree
		r[last-2], r[last-1] = unshare, claim
		bind.Step = Step{`move_mount(tree, "", N, "", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_EMPTY_PATH)`, bind.Why}
	case !fresh: // it is there already
		r = append(r[:last-1], r[last])
	}
	return r
}

func mkdir() error {
	if err := unix.Mkdir(Dir, 0o755); err != unix.EEXIST {
		return err
	}
	return nil
}

func (c *creation) open() (err error) {
	c.dir, err = unix.Open(Dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return err
}

func (c *creation) lock() error {
	for {
		if err := unix.Flock(c.dir, unix.LOCK_EX); err != unix.EINTR {
			return err
		}
	}
}

func (c *creation) unlock() error {
	if c.dir < 0 {
		return nil
	}
	fd := c.dir
	c.dir = -1
	return unix.Close(fd)
}

func (c *creation) tryShare() error {
	err := shareDir()
	if c.private = err == unix.EINVAL; c.private {
		return nil
	}
	return err
}

func shareDir() error { return unix.Mount("", Dir, "", unix.MS_SHARED|unix.MS_REC, "") }

func bindDir() error { return unix.Mount(Dir, Dir, "", unix.MS_BIND|unix.MS_REC, "") }

func unshareNet() error { return unix.Unshare(unix.CLONE_NEWNET) }

func (c *creation) claim() (err error) {
	c.file, err = unix.Open(c.path, unix.O_RDONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0)
	return err
}

// bind mounts on the very file that was made. By its path, it might be that of
// another creator by now, which came after a deletion.
func (c *creation) bind() error {
	var err error
	if c.tree >= 0 {
		err = unix.MoveMount(c.tree, "", c.file, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
	} else {
		err = unix.Mount(c.from, "/proc/thread-self/fd/"+strconv.Itoa(c.file), "", unix.MS_BIND, "")
	}
	if err == unix.ENOENT && c.gone() {
		return &Error{
			Op: OpCreate, Name: c.name, Err: err, Hint: "somebody deleted the name while it was being made",
			What: "Bind " + c.from + " -> " + c.path + " failed",
		}
	}
	return err
}

// openTree leaves it to bind to do without.
func (c *creation) openTree() (err error) {
	c.tree, err = unix.OpenTree(c.ns, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH)
	if err != nil {
		c.tree = -1
	}
	if err == unix.ENOSYS {
		return nil
	}
	return err
}

// gone reports whether somebody deleted the name that was made.
func (c *creation) gone() bool {
	var st unix.Stat_t
	return unix.Fstat(c.file, &st) == nil && st.Nlink == 0
}

func (c *creation) close() {
	for _, fd := range []int{c.dir, c.file, c.tree} {
		if fd >= 0 {
			_ = unix.Close(fd) // of a directory, an empty file, a mount: nothing is to be written back
		}
	}
}
