//go:build linux

package nsfs

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// RepairOptions say how [Repair] goes about it. The zero value is for a host
// on which others make namespaces at the same time.
type RepairOptions struct {
	// DryRun finds what would be removed, and removes nothing.
	DryRun bool
	// MinAge is how long a file must have been without a namespace to be stale
	// rather than in the making; 0 is 10 seconds. A negative one is none, for where
	// it is known that nobody makes any.
	MinAge time.Duration
}

// slow is how long the making of a namespace may take: between the file and the
// mount on it the kernel waits for a lock, which is held for seconds on a busy host.
const slow = 10 * time.Second

// secondLook is how long Repair waits to look again, in ms.
const secondLook = 1000

// Repair removes the names in [Dir] that are stale, and returns what it removed.
// One that is not there to be removed is no error, so that it may be called at any
// time, by many at once; errors are joined, and do not keep it from the other names.
//
// Nothing else is ever removed: Repair unlinks, and the kernel refuses to unlink
// what has a mount on it in this mount namespace. For mounts in others see [Entries].
// A file whose maker lives, between open and mount of [CreateSteps], looks stale as
// well. So it counts only if it is older than MinAge by the clock, and is the same
// file, without a namespace still, a second later: the clock may have been set. If a maker
// is slower than that all the same, it gets [unix.ENOENT]; no namespace is lost.
//
// Equivalent to: `ip netns del NAME` for each that is stale
func Repair(o RepairOptions) (removed []Entry, err error) {
	if o.MinAge == 0 {
		o.MinAge = slow
	}
	before, err := stale(o.MinAge)
	if err != nil || len(before) == 0 {
		return nil, err
	}
	if o.MinAge > 0 {
		_, _ = unix.Poll(nil, secondLook) // cut short by a signal, it is as good
	}
	lock, err := openLocked(Dir, unix.LOCK_EX)
	if err != nil {
		return nil, listError("directory "+Dir, err)
	}
	defer unix.Close(lock)
	now, err := stale(o.MinAge)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, e := range now {
		if !contains(before, &e) {
			continue
		}
		if !o.DryRun {
			err = unix.Unlink(Path(e.Name))
		}
		if err == nil {
			removed = append(removed, e)
		} else if err != unix.ENOENT && err != unix.EBUSY { // another one was faster: to remove it, or to mount on it
			errs = append(errs, &Error{Op: OpDelete, Name: e.Name, Call: "unlink", What: cannotRemove(Path(e.Name)), Err: err})
		}
	}
	return removed, errors.Join(errs...)
}

// stale are the entries that have been stale for long enough.
func stale(age time.Duration) (old []Entry, err error) {
	all, err := Entries()
	for _, e := range all {
		if e.State == Stale && time.Since(e.Made) >= age {
			old = append(old, e)
		}
	}
	return old, err
}

// contains reports whether the very file of an entry was there.
func contains(before []Entry, e *Entry) bool {
	for i := range before {
		if b := &before[i]; b.Name == e.Name && b.file == e.file && b.Made.Equal(e.Made) {
			return true
		}
	}
	return false
}

// openLocked opens a directory and locks it until it is closed.
func openLocked(dir string, how int) (fd int, err error) {
	fd, err = unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err = uninterrupted(func() error { return unix.Flock(fd, how) }); err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
