//go:build linux

package nsfs

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// Delete removes a name: also one that is stale, and one on which several
// mounts are stacked. The namespace goes with its last holder; see [NS]. Like
// iproute2 it removes whatever file has the name; see [Remove].
//
// Equivalent to: `ip netns del NAME`
func Delete(name string) error {
	if err := ValidName(name); err != nil {
		return err
	}
	return (&deletion{path: Path(name)}).run(name)
}

// Remove is [Delete] for programs that clean up: a name that is gone already is
// no error, and what is [NotNamespace] stays, which is an error that wraps
// [unix.EEXIST] and says what it is.
func Remove(name string) error {
	if err := ValidName(name); err != nil {
		return err
	}
	e, err := kind(name)
	switch {
	case err == unix.ENOENT:
		return nil
	case err != nil:
		return listError(Path(name), err)
	case e.State == NotNamespace:
		return &Error{
			Op: OpDelete, Name: name, Err: unix.EEXIST, Hint: "it is " + e.Why + ", which is for its owner to remove",
			What: cannotRemove(Path(name)),
		}
	}
	if err := Delete(name); !errors.Is(err, unix.ENOENT) {
		return err
	}
	return nil
}

func cannotRemove(path string) string { return `Cannot remove namespace file "` + path + `"` }

func (d *deletion) run(name string) error {
	defer d.close()
	for left := patience; ; {
		err := d.recipe().run(name, nil)
		switch {
		case d.unlinked == nil || d.unlinked == unix.ENOENT:
			return err
		case d.unlinked != unix.EBUSY:
			return d.undo(err)
		case d.unmounted == nil: // another mount was below that one
		case (d.unmounted == unix.EINVAL || d.unmounted == unix.ENOENT) && left > 0: // or came after umount2 found none
			left--
		default:
			return d.busy(err)
		}
	}
}

// patience is how many times one name is deleted while others make it again.
const patience = 10

// busy says why there is a mount that does not go.
func (d *deletion) busy(err error) error {
	var failed *Error
	if errors.As(err, &failed) {
		failed.Hint = "umount2: " + d.unmounted.Error()
		switch e, err := Look(failed.Name); {
		case err != nil || d.unmounted != unix.EINVAL || d.path != Path(failed.Name):
		case e.State == LiveElsewhere:
			failed.Hint = e.Why
		case e.State == Live:
			failed.Hint = "the mount on it is locked: this mount namespace was copied from that of another user namespace"
		}
	}
	return err
}

// DeleteSteps returns the system calls of [Delete] without making them.
func DeleteSteps(name string) []Step {
	return (&deletion{path: Path(name)}).recipe().tell()
}

type deletion struct {
	_ [0]func() // not to be compared: that would take code

	path                string
	file                int  // path as it was, with the namespace
	opened              bool // file
	unmounted, unlinked error
}

func (d *deletion) recipe() recipe {
	return recipe{{
		Step: Step{"openat(AT_FDCWD, " + strconv.Quote(d.path) + ", O_PATH|O_NOFOLLOW|O_CLOEXEC)", "to mount the namespace again, should its name not go"},
		op:   OpDelete, do: d.open,
	}, {
		Step: Step{"umount2(" + strconv.Quote(d.path) + ", MNT_DETACH|UMOUNT_NOFOLLOW)", "lets go of the namespace; a stale name has no mount, which is as well"},
		op:   OpDelete, do: d.unmount,
	}, {
		Step: Step{"unlink(" + strconv.Quote(d.path) + ")", "the name; if EBUSY, mounts are stacked, and both calls are made again"},
		op:   OpDelete, what: cannotRemove(d.path), do: d.unlink,
	}}
}

// open, like unmount, leaves it to unlink to fail.
func (d *deletion) open() error {
	d.close()
	fd, err := unix.Open(d.path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == unix.EINTR {
		return err
	}
	d.file, d.opened = fd, err == nil
	return nil
}

func (d *deletion) unmount() error {
	d.unmounted = unix.Unmount(d.path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	if d.unmounted == unix.EINTR {
		return d.unmounted
	}
	return nil
}

func (d *deletion) unlink() error {
	d.unlinked = unix.Unlink(d.path)
	return d.unlinked
}

// undo mounts the namespace again, as its name stays: err is why.
func (d *deletion) undo(err error) error {
	if d.unmounted != nil || !d.opened {
		return err
	}
	back := unix.Mount("/proc/thread-self/fd/"+strconv.Itoa(d.file), d.path, "", unix.MS_BIND, "")
	var e *Error
	if back != nil && errors.As(err, &e) {
		e.Hint = "and it is stale now: mounting the namespace again failed: " + back.Error()
	}
	return err
}

func (d *deletion) close() {
	if d.opened {
		_ = unix.Close(d.file) // nothing is to be written back
		d.opened = false
	}
}
