//go:build linux

package nsfs

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// Delete removes a name: also one that is stale, and one on which several
// mounts are stacked. The namespace goes with its last holder; see [NS].
//
// Equivalent to: `ip netns del NAME`
func Delete(name string) error {
	if err := ValidName(name); err != nil {
		return err
	}
	return (&deletion{path: Path(name)}).run(name)
}

func (d *deletion) run(name string) error {
	for {
		err := d.recipe().run(name, nil)
		if d.unlinked == unix.EBUSY && d.unmounted == nil {
			continue // another mount was below that one
		}
		return err
	}
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
		op:   OpDelete, what: `Cannot remove namespace file "` + d.path + `"`, do: d.unlink,
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
