//go:build linux

package nsfs

import (
	"errors"
	"strconv"
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

// secondLook is how long Repair waits to look again.
const secondLook = time.Second

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
	first, err := staleNames(&o)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	if o.MinAge >= 0 {
		time.Sleep(secondLook)
	}
	unlock, err := lockDir()
	if err != nil {
		return nil, err
	}
	defer unlock()
	second, err := staleNames(&o)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, e := range second {
		if before, ok := first[e.Name]; !ok || before.file != e.file || !before.Made.Equal(e.Made) {
			continue
		}
		err := error(nil)
		if !o.DryRun {
			err = unix.Unlink(Path(e.Name))
		}
		switch err {
		case nil:
			removed = append(removed, e)
		case unix.ENOENT, unix.EBUSY: // another one was faster: to remove it, or to mount on it
		default:
			errs = append(errs, &Error{
				Op: OpDelete, Name: e.Name, Call: "unlink(" + strconv.Quote(Path(e.Name)) + ")", Err: err,
				What: cannotRemove(Path(e.Name)),
			})
		}
	}
	return removed, errors.Join(errs...)
}

// staleNames are those that have been stale for long enough.
func staleNames(o *RepairOptions) (map[string]Entry, error) {
	all, err := Entries()
	if err != nil {
		return nil, err
	}
	age := o.MinAge
	if age == 0 {
		age = slow
	}
	stale := map[string]Entry{}
	for _, e := range all {
		if e.State == Stale && (age < 0 || time.Since(e.Made) >= age) {
			stale[e.Name] = e
		}
	}
	return stale, nil
}

// lockDir takes the lock that those who make namespaces take first.
func lockDir() (unlock func(), err error) {
	c := &creation{dir: -1}
	if err := errors.Join(c.open(), c.lock()); err != nil {
		_ = c.unlock()
		return nil, &Error{Op: OpDelete, Err: errno(err), What: `could not flock netns runtime directory "` + Dir + `"`}
	}
	return func() { _ = c.unlock() }, nil
}
