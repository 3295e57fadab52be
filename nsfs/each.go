//go:build linux

package nsfs

import (
	"iter"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CreateEach makes a network namespace for each name, as [Create] does, and
// calls inside in each, on the thread that has just made it and is in it: there a
// socket can be opened without a visit. The NS is good until inside returns.
//
// All are made on one thread, one after another, which is the fastest way: the
// kernel makes namespaces under one lock. Goroutines that inside starts are
// not in the namespace. Inside may be nil.
//
// The first error ends it, be it of inside or not. The namespace that it is
// about is taken back; those made before stay.
//
// Equivalent to: `ip netns add NAME`, for each
func CreateEach(names iter.Seq[string], inside func(*NS) error) error {
	return createEach(names, inside, Path, create)
}

// CreateEach makes a network namespace in the pool for each name and calls
// inside in each, as the function [CreateEach] does. A name that is there
// already is [io/fs.ErrExist]. Inside must not use the pool, which is locked.
//
// Equivalent to: `unshare --net mount --bind /proc/self/ns/net $path`, for each
func (p *Pool) CreateEach(names iter.Seq[string], inside func(*NS) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.open(); err != nil {
		return err
	}
	return createEach(names, inside, p.Path, pin)
}

// Create makes a network namespace in the pool, which the pool keeps, and
// opens it for the caller to use and to close.
func (p *Pool) Create(name string) (*NS, error) {
	var mine *NS
	err := p.CreateEach(one(name), func(ns *NS) (err error) {
		mine, err = ns.dup()
		return err
	})
	if err != nil {
		return nil, err
	}
	return mine, nil
}

func one(name string) iter.Seq[string] {
	return func(yield func(string) bool) { yield(name) }
}

// createEach is CreateEach with the file of a name and the way to make it: the
// calling thread is in the new namespace after it, and nothing is left if it failed.
func createEach(names iter.Seq[string], inside func(*NS) error, file func(name string) string, create func(name, path string) error) error {
	stay := func() error { return nil }
	return roundTrip(stay, func() error {
		since := time.Now()
		for name := range names {
			if time.Since(since) > turn {
				runtime.Gosched()
				since = time.Now()
			}
			if err := ValidName(name); err != nil {
				return err
			}
			path := file(name)
			if err := create(name, path); err != nil {
				return err
			}
			if inside == nil {
				continue
			}
			if err := within(name, path, inside); err != nil {
				unpin(path)
				return err
			}
		}
		return nil
	})
}

// turn is how long a goroutine may go on without giving way: less than the
// 10 ms after which the Go scheduler wants its place back. It would take it
// away in every system call from then on, and look every 20 µs whether it can
// (sysmon, in runtime/proc.go): a tenth of all processor time.
const turn = 7 * time.Millisecond

// within opens the namespace for inside. Its file is a namespace for certain,
// so that Open has nothing to find out.
func within(name, path string, inside func(*NS) error) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &Error{
			Op: OpOpen, Name: name, Err: err,
			Call: "openat(AT_FDCWD, " + strconv.Quote(path) + ", O_RDONLY|O_CLOEXEC)",
			What: "Cannot open network namespace " + strconv.Quote(name),
		}
	}
	ns := &NS{name: name, f: os.NewFile(uintptr(fd), path)}
	defer ns.Close()
	return inside(ns)
}

// pin makes the file, enters a new namespace and mounts it there: [Create]
// without the care that /run/netns takes.
func pin(name, path string) error {
	fail := func(call, what string, err error) error {
		return &Error{Op: OpCreate, Name: name, Call: call, What: what, Err: err}
	}
	if err := unix.Mknod(path, unix.S_IFREG, 0); err != nil { // like open with O_EXCL, without a close
		return fail("mknod("+strconv.Quote(path)+", S_IFREG, 0)", "Cannot create namespace file "+strconv.Quote(path), err)
	}
	if err := unshareAtOnce(); err != nil {
		_ = unix.Unlink(path)
		return fail("unshare(CLONE_NEWNET)", "Failed to create a new network namespace "+strconv.Quote(name), err)
	}
	if err := unix.Mount(self, path, "", unix.MS_BIND, ""); err != nil {
		_ = unix.Unlink(path)
		return fail("mount("+strconv.Quote(self)+", "+strconv.Quote(path)+", NULL, MS_BIND, NULL)", "Bind "+self+" -> "+path+" failed", err)
	}
	return nil
}

// unshareAtOnce does not tell the Go scheduler that this is a system call, so
// that it does not look for a way to use the 500 µs otherwise: see turn. The
// price is that a garbage collection may have to wait for as long.
func unshareAtOnce() error {
	if _, _, errno := unix.RawSyscall(unix.SYS_UNSHARE, unix.CLONE_NEWNET, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// unpin takes back what was made. What failed before is the error; that this
// fails too would add nothing.
func unpin(path string) {
	_ = unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	_ = unix.Unlink(path)
}
