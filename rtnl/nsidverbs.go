//go:build linux

package rtnl

import (
	"context"

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
