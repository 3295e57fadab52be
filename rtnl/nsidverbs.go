//go:build linux

package rtnl

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// GetNSID returns the id that the network namespace with descriptor fd has
// here, or [NSIDNotAssigned]. A descriptor of something else is EINVAL or
// EBADF.
//
// Equivalent to: `ip netns list-id nsid …`, the other way round
func (c *Conn) GetNSID(ctx context.Context, fd int) (int32, error) {
	req, reply := &NSID{FD: nl.Some(uint32(fd))}, &NSID{}
	if err := c.Do(ctx, unix.RTM_GETNSID, 0, req, reply); err != nil {
		return NSIDNotAssigned, failed("get", req, err)
	}
	return reply.ID.Or(NSIDNotAssigned), nil
}

// NSIDLives reports whether the network namespace with that id here is there still.
// From the moment that its last holder lets go of it until the kernel has taken it
// down, some milliseconds later, its devices are there and it is not.
//
// Linux before 4.20 cannot be asked; it is true then.
func (c *Conn) NSIDLives(ctx context.Context, id int32) (bool, error) {
	if id == NSIDNotAssigned {
		return false, nil
	}
	req, reply := &NSID{ID: nl.Some(id)}, &NSID{}
	err := c.Do(ctx, unix.RTM_GETNSID, 0, req, reply)
	switch {
	case err == nil, errors.Is(err, unix.EINVAL):
		return true, nil
	case errors.Is(err, unix.ENOENT):
		return false, nil
	}
	return false, failed("get", req, err)
}

// SetNSID gives the network namespace with descriptor fd an id here, or with
// [NSIDNotAssigned] one of the kernel's choice. It keeps it for life.
//
// It is refused with EEXIST (it has one), ENOSPC (another has it), EINVAL, EBADF
// (no network namespace), EPERM.
//
// Equivalent to: `ip netns set $name $id`
func (c *Conn) SetNSID(ctx context.Context, fd int, id int32) error {
	req := &NSID{FD: nl.Some(uint32(fd)), ID: nl.Some(id)}
	return failed("set", req, c.Do(ctx, unix.RTM_NEWNSID, 0, req, nil))
}

// NSIDs lists the ids that namespaces have here.
//
// Equivalent to: `ip netns list-id`
func (c *Conn) NSIDs(ctx context.Context) ([]NSID, error) {
	all, err := nl.List[NSID](ctx, c.Conn, unix.RTM_GETNSID, &NSID{}, nil)
	return all, failedList("namespace ids", err)
}
