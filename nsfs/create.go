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

// create moves the calling thread to the namespace that it makes.
func create(name, path string) error { return attach(name, path, "") }

func attach(name, path, from string) error {
	c := &creation{path: path, name: name, from: from, dir: -1}
	defer func() { _ = c.unlock() }() // unless the recipe did
	err := c.recipe().run(name, nil)
	if err != nil && c.made {
		unpin(path)
	}
	return err
}

// CreateSteps returns the system calls of [Create] without making them.
func CreateSteps(name string) []Step { return AttachSteps(name, "") }

// AttachSteps returns the system calls of [Attach] without making them.
func AttachSteps(name, from string) []Step {
	return (&creation{path: Path(name), name: name, from: from}).recipe().tell()
}

// A creation is what the steps of Create leave for one another.
type creation struct {
	_ [0]func() // not to be compared: that would take code

	path, name string
	from       string // the namespace; "": a new one
	dir        int    // Dir, locked; -1: not open
	private    bool   // Dir is not a mount point yet
	made       bool   // path is ours
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
		Step: Step{"mount(" + strconv.Quote(c.from) + ", " + strconv.Quote(c.path) + ", NULL, MS_BIND, NULL)", "the mount keeps the namespace alive when its processes have ended"},
		op:   OpCreate, what: "Bind " + c.from + " -> " + c.path + " failed", do: c.bind,
	}}
	if n := len(r); !fresh { // it is there already
		r = append(r[:n-2], r[n-1])
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

func (c *creation) claim() error {
	fd, err := unix.Open(c.path, unix.O_RDONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	c.made = true
	return unix.Close(fd)
}

func (c *creation) bind() error { return unix.Mount(c.from, c.path, "", unix.MS_BIND, "") }
