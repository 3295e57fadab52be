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
		return lookError(name, err)
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
	for left := patience; ; {
		err := d.recipe().run(name, nil)
		switch {
		case d.unlinked != unix.EBUSY:
			return err
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
	var e *Error
	if errors.As(err, &e) {
		e.Hint = "umount2: " + d.unmounted.Error()
		if d.unmounted == unix.EINVAL {
			e.Hint = "the mount on it is locked: it is that of another user namespace, where this mount namespace was copied"
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
	unmounted, unlinked error
}

func (d *deletion) recipe() recipe {
	return recipe{{
		Step: Step{"umount2(" + strconv.Quote(d.path) + ", MNT_DETACH|UMOUNT_NOFOLLOW)", "lets go of the namespace; a stale name has no mount, which is as well"},
		op:   OpDelete, do: d.unmount,
	}, {
		Step: Step{"unlink(" + strconv.Quote(d.path) + ")", "the name; if EBUSY, mounts are stacked, and both calls are made again"},
		op:   OpDelete, what: cannotRemove(d.path), do: d.unlink,
	}}
}

// unmount leaves it to unlink to fail.
func (d *deletion) unmount() error {
	d.unmounted = unix.Unmount(d.path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	return nil
}

func (d *deletion) unlink() error {
	d.unlinked = unix.Unlink(d.path)
	return d.unlinked
}
