//go:build linux

package nsfs

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// PoolDir is where the pools are: each is a directory "pool-NAME" in it.
const PoolDir = "/run/minins"

// A Pool is a place for many network namespaces that go together. Each is
// pinned as [Create] pins it, by a bind mount on an empty file, but all files
// are in one tmpfs of the pool's own:
//
//	mount("minins:PID", "/run/minins/pool-NAME", "tmpfs")
//	mount("", "/run/minins/pool-NAME", MS_PRIVATE)
//
// # Why it is fast
//
// To unmount a pin costs 150 to 300 µs, nearly all of it the wait until no
// processor looks at the mount any more (RCU). The kernel waits once per
// system call, not once per mount: to detach the tmpfs takes all mounts on it
// along, at 7 µs each. The files go with the tmpfs and need no unlink.
//
// Being private spares what a mount below /run/netns pays for being shown in
// other mount namespaces. It also means that they are not seen there: what
// looks for a name of the pool must be in the mount namespace of NewPool. One
// that is made while the pool is there copies its mounts, and holds the
// namespaces until it ends or unmounts them.
//
// Namespaces are made one after another. The kernel makes them under one lock,
// and two threads get in each other's way: two take longer than one.
//
// # Lifetime
//
// A pool lives until Close, and what is in it until then or until
// [Pool.Delete]. What a process left that was killed, [ReleaseStale] takes away. A
// Pool may be used from many goroutines at once.
type Pool struct {
	name, dir string

	mu   sync.Mutex
	root int // Dir's descriptor, with the lock that says that we live; -1: closed
}

// NewPool makes an empty pool. Without a name it gets one that is unused. One
// that is in use is [io/fs.ErrExist].
//
// Equivalent to: `mkdir -p /run/minins/pool-NAME && mount -t tmpfs --make-private minins /run/minins/pool-NAME`
func NewPool(name string) (*Pool, error) {
	if name != "" {
		if err := validPool(name); err != nil {
			return nil, err
		}
	}
	unlock, err := lockPools()
	if err != nil {
		return nil, err
	}
	defer unlock()
	p := &Pool{name: name, root: -1}
	if err := p.claim(); err != nil {
		return nil, err
	}
	if err := p.mount(); err != nil {
		return nil, errors.Join(err, p.rmdir())
	}
	return p, nil
}

// validPool is ValidName for what is left of a file's name behind "pool-".
func validPool(name string) error {
	if err := ValidName(poolFile(name)); err != nil {
		return &Error{Op: OpName, Name: name, What: "Invalid pool name " + strconv.Quote(name), Err: ErrName}
	}
	return nil
}

func poolFile(name string) string { return poolPrefix + name }

const poolPrefix = "pool-"

// claim makes the directory, and makes up a name if there is none.
func (p *Pool) claim() error {
	try := func(name string) error {
		p.name, p.dir = name, PoolDir+"/"+poolFile(name)
		return unix.Mkdir(p.dir, 0o755)
	}
	var err error
	if p.name != "" {
		err = try(p.name)
	} else {
		pid := strconv.Itoa(os.Getpid())
		err = try(pid)
		for n := 2; err == unix.EEXIST; n++ {
			err = try(pid + "-" + strconv.Itoa(n))
		}
	}
	if err != nil {
		return p.fail(OpCreate, "mkdir("+strconv.Quote(p.dir)+", 0755)", "Cannot create the pool "+strconv.Quote(p.name), err)
	}
	return nil
}

// mount puts the tmpfs in its place, and the lock on it.
func (p *Pool) mount() error {
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	source := "minins:" + strconv.Itoa(os.Getpid()) // for people: it is in /proc/self/mountinfo
	if err := unix.Mount(source, p.dir, "tmpfs", flags, "mode=0755"); err != nil {
		return p.fail(OpCreate, "mount("+strconv.Quote(source)+", "+strconv.Quote(p.dir)+`, "tmpfs", …)`, "mount of a tmpfs on "+p.dir+" failed", err)
	}
	if err := p.secure(); err != nil {
		// What failed is the error; that this fails too would add nothing.
		_ = unix.Unmount(p.dir, unix.MNT_DETACH)
		return err
	}
	return nil
}

// secure makes the mount ours alone.
func (p *Pool) secure() error {
	if err := unix.Mount("", p.dir, "", unix.MS_PRIVATE, ""); err != nil {
		return p.fail(OpCreate, `mount("", `+strconv.Quote(p.dir)+", NULL, MS_PRIVATE, NULL)", "mount --make-private "+p.dir+" failed", err)
	}
	root, err := openLocked(p.dir, unix.LOCK_EX)
	if err != nil {
		return p.fail(OpCreate, "flock(fd, LOCK_EX)", "could not flock "+p.dir, err)
	}
	p.root = root
	return nil
}

// Name returns the pool's name.
func (p *Pool) Name() string { return p.name }

// Dir returns the directory of the pool's files.
func (p *Pool) Dir() string { return p.dir }

// Path returns the file of a namespace in the pool, whether it is there or not.
// [Open] takes it.
func (p *Pool) Path(name string) string { return p.dir + "/" + name }

// Open opens a namespace of the pool by its name; see [Open].
func (p *Pool) Open(name string) (*NS, error) {
	if err := ValidName(name); err != nil {
		return nil, err
	}
	return Open(p.Path(name))
}

// List returns the names in the pool, in no order.
func (p *Pool) List() ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.open(); err != nil {
		return nil, err
	}
	return p.list()
}

func (p *Pool) list() ([]string, error) {
	d, err := os.Open(p.dir)
	if err == nil {
		defer d.Close()
		var names []string
		if names, err = d.Readdirnames(-1); err == nil {
			return names, nil
		}
	}
	return nil, p.fail(OpList, "", "Failed to open directory "+p.dir, err)
}

// Delete takes namespaces out of the pool. If they are all that it holds, they
// go by one unmount, as with [Pool.DeleteAll]; if not, each at the price of its
// own. One that is not there is [io/fs.ErrNotExist]. Delete goes on behind an error;
// the errors are joined.
func (p *Pool) Delete(names ...string) error {
	for _, name := range names {
		if err := ValidName(name); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.open(); err != nil {
		return err
	}
	if len(names) > 1 {
		all, err := p.holdsOnly(names)
		if err != nil {
			return err
		}
		if all {
			return p.empty()
		}
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, (&deletion{path: p.Path(name)}).run(name))
	}
	return errors.Join(errs...)
}

// holdsOnly reports whether the pool holds all of names, and nothing else.
func (p *Pool) holdsOnly(names []string) (bool, error) {
	held, err := p.list()
	if err != nil {
		return false, err
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	slices.Sort(held)
	return slices.Equal(held, names), nil
}

// DeleteAll takes all namespaces out of the pool by one unmount. The pool is
// empty then and can be used on; if it cannot be made anew, it is closed.
//
// The namespaces go with their last holder, as with [Delete]: sockets and NS
// that are open still keep theirs.
func (p *Pool) DeleteAll() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.open(); err != nil {
		return err
	}
	return p.empty()
}

func (p *Pool) empty() error {
	unlock, err := lockPools() // for a moment it will look as if its owner had gone
	if err != nil {
		return err
	}
	defer unlock()
	if err := p.unmount(); err != nil {
		return err
	}
	if err := p.mount(); err != nil {
		return errors.Join(err, p.rmdir())
	}
	return nil
}

// Close takes all namespaces out of the pool by one unmount, and the pool away.
// That of a closed pool does nothing.
//
// Equivalent to: `umount -l /run/minins/pool-NAME && rmdir /run/minins/pool-NAME`
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.root < 0 {
		return nil
	}
	if err := p.unmount(); err != nil {
		return err
	}
	return p.rmdir()
}

// open is the error of using a pool after Close.
func (p *Pool) open() error {
	if p.root < 0 {
		return p.fail(OpOpen, "", "the pool "+strconv.Quote(p.name)+" is closed", fs.ErrClosed)
	}
	return nil
}

// unmount lets go of the tmpfs and all that is mounted on it.
func (p *Pool) unmount() error {
	// EINVAL: it is no mount point any more, so that somebody did this before.
	if err := unix.Unmount(p.dir, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && err != unix.EINVAL {
		return p.fail(OpDelete, "umount2("+strconv.Quote(p.dir)+", MNT_DETACH|UMOUNT_NOFOLLOW)", "umount of "+p.dir+" failed", err)
	}
	root := p.root
	p.root = -1
	_ = unix.Close(root) // of a directory: there is nothing to be written back
	return nil
}

func (p *Pool) rmdir() error {
	if err := unix.Rmdir(p.dir); err != nil && err != unix.ENOENT {
		return p.fail(OpDelete, "rmdir("+strconv.Quote(p.dir)+")", "Cannot remove "+p.dir, err)
	}
	return nil
}

func (p *Pool) fail(op Op, call, what string, err error) error {
	return &Error{Op: op, Name: p.name, Call: call, What: what, Err: errno(err)}
}
