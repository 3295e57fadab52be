//go:build linux

package rtnl

import (
	"context"
	"iter"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// AddNextHopObject makes a nexthop object. With an ID of 0 the kernel chooses
// one, which [Conn.NextHopObjects] then tells.
//
// It is refused with EEXIST (the ID is in use), EINVAL with a text (neither
// gateway nor link, no such member of the group), ENETUNREACH (the gateway is in
// no subnet of this host), ENETDOWN (the link is down), ENODEV (no such link),
// EOPNOTSUPP (before Linux 5.3), EPERM.
//
// Equivalent to: `ip nexthop add id $id via $gateway dev $link`
func (c *Conn) AddNextHopObject(ctx context.Context, h *NextHopObject) error {
	return failed("add", h, c.Do(ctx, unix.RTM_NEWNEXTHOP, createFlags, h, nil))
}

// ReplaceNextHopObject is [Conn.AddNextHopObject], but changes the object with
// that ID if there is one, and by that all routes that name it: 100,000 of them
// have another gateway after one message.
//
// Equivalent to: `ip nexthop replace id $id via $gateway dev $link`
func (c *Conn) ReplaceNextHopObject(ctx context.Context, h *NextHopObject) error {
	return failed("replace", h, c.Do(ctx, unix.RTM_NEWNEXTHOP, replaceFlags, h, nil))
}

// DelNextHopObject deletes the object with that ID, and all routes that name
// it.
//
// It is refused with ENOENT (no such object), EPERM.
//
// Equivalent to: `ip nexthop delete id $id`
func (c *Conn) DelNextHopObject(ctx context.Context, id uint32) error {
	h := &NextHopObject{ID: id} // the kernel takes nothing else
	return failed("delete", h, c.Do(ctx, unix.RTM_DELNEXTHOP, 0, h, nil))
}

// NextHopObjects lists the nexthop objects.
//
// Equivalent to: `ip nexthop list`
func (c *Conn) NextHopObjects(ctx context.Context) ([]NextHopObject, error) {
	all, err := nl.List[NextHopObject](ctx, c.Conn, unix.RTM_GETNEXTHOP, &NextHopObject{}, nil)
	return all, failedList("nexthop objects", err)
}

// StreamNextHopObjects is [Conn.NextHopObjects] in constant memory; see
// [nl.Stream].
func (c *Conn) StreamNextHopObjects(ctx context.Context) iter.Seq2[*NextHopObject, error] {
	return nl.Stream[NextHopObject](ctx, c.Conn, unix.RTM_GETNEXTHOP, &NextHopObject{})
}
