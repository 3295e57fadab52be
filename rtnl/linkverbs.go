//go:build linux

package rtnl

import (
	"context"
	"iter"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// AddLink creates a link, and its peer if it is a veth, in one request that is
// done as a whole or not at all. The kernel ignores Alias and AltNames here.
//
// It is refused with EEXIST (a name or the index is in use), EOPNOTSUPP (no
// such kind), EINVAL (no name for a link), ENOTCONN (a peer cannot be created
// up), EPERM.
//
// Equivalent to: `ip link add $name type $kind …`
func (c *Conn) AddLink(ctx context.Context, l *Link) error {
	const flags = unix.NLM_F_CREATE | unix.NLM_F_EXCL
	return failed("add", l, c.Do(ctx, unix.RTM_NEWLINK, flags, l, nil))
}

// SetLink changes a link that exists, found by its index or else by its name:
// with an index, the name is the new one. Flags are changed where l.Change has
// a bit. Several changes are not made as one: a refused one may come after
// others were made, and a master that is refused leaves the link without any.
//
// It is refused with ENODEV (no such link), EEXIST (the new name is in use),
// EOPNOTSUPP or EINVAL (no master for it; it may not move), EBADF and ESRCH (no
// such namespace), EINVAL with a text (MTU out of range), EPERM.
//
// Equivalent to: `ip link set dev $name …`
func (c *Conn) SetLink(ctx context.Context, l *Link) error {
	return failed("set", l, c.Do(ctx, unix.RTM_NEWLINK, 0, l, nil))
}

// DelLink deletes the link with l's index, or else its name, or else all links
// of its group, which takes as long as one. With a veth goes its peer, in
// whatever namespace.
//
// It is refused with ENODEV (no such link), EOPNOTSUPP (hardware, and lo),
// EPERM.
//
// Equivalent to: `ip link delete dev $name`, `ip link delete group $group`
func (c *Conn) DelLink(ctx context.Context, l *Link) error {
	return failed("delete", l, c.Do(ctx, unix.RTM_DELLINK, 0, l, nil))
}

// LinkNamed is a request for the link with that name or alternative name.
func LinkNamed(name string) *Link {
	if len(name) > 15 {
		return &Link{AltName: name}
	}
	return &Link{Name: name} // the kernel looks among alternative names too
}

// GetLink returns the link with that name or alternative name. An unknown one
// is ENODEV.
//
// Equivalent to: `ip link show dev $name`
func (c *Conn) GetLink(ctx context.Context, name string) (*Link, error) {
	return c.getLink(ctx, LinkNamed(name))
}

// GetLinkByIndex returns the link with that index. An unknown one is ENODEV.
//
// Equivalent to: `ip link show dev if$index`
func (c *Conn) GetLinkByIndex(ctx context.Context, index uint32) (*Link, error) {
	return c.getLink(ctx, &Link{Index: index})
}

func (c *Conn) getLink(ctx context.Context, req *Link) (*Link, error) {
	var l Link
	if err := c.Do(ctx, unix.RTM_GETLINK, 0, req, &l); err != nil {
		return nil, failed("get", req, err)
	}
	return &l, nil
}

// LinkIndex returns the index of the link with that name or alternative name.
// It costs less than [Conn.GetLink]: the kernel leaves out
// IPv6's counters.
func (c *Conn) LinkIndex(ctx context.Context, name string) (uint32, error) {
	req := LinkNamed(name)
	req.ExtMask = ExtSkipStats
	l, err := c.getLink(ctx, req)
	if err != nil {
		return 0, err
	}
	return l.Index, nil
}

// A LinkFilter chooses links; its zero value takes all.
type LinkFilter struct {
	_ [0]func() // not to be compared: that would take code

	Master uint32 // only ports of the master with that index
	Kind   string // only links of that kind
	Group  nl.Opt[uint32]
	Up     bool // only links that are up

	ExtMask    ExtMask       // what to include, and what to leave out
	TargetNSID nl.Opt[int32] // of another namespace, by the id that it has here
}

func (f LinkFilter) request() *Link {
	req := &Link{ExtMask: f.ExtMask, TargetNSID: f.TargetNSID}
	if f.Master != 0 {
		req.Master = nl.Some(f.Master)
	}
	req.Info.Kind = f.Kind
	return req
}

func (f LinkFilter) match(l *Link) bool {
	return (f.Master == 0 || l.Master.Ok && l.Master.V == f.Master) &&
		(f.Kind == "" || l.Info.Kind == f.Kind) &&
		(!f.Group.Ok || l.Group == f.Group) &&
		(!f.Up || l.Flags&unix.IFF_UP != 0)
}

// Links lists the links that f takes, in the order of the kernel's hash of
// their indexes.
//
// Equivalent to: `ip link show master $master type $kind up`
func (c *Conn) Links(ctx context.Context, f LinkFilter) ([]Link, error) {
	all, err := nl.List(ctx, c.Conn, unix.RTM_GETLINK, f.request(), f.match)
	return all, failedList("links", err)
}

// StreamLinks is [Conn.Links] in constant memory; see [nl.Stream] for what the
// caller owes.
func (c *Conn) StreamLinks(ctx context.Context, f LinkFilter) iter.Seq2[*Link, error] {
	return stream(nl.Stream[Link](ctx, c.Conn, unix.RTM_GETLINK, f.request()), "links", f.match)
}

// stream yields what keep accepts of seq.
//
//go:noinline
func stream[P any](seq iter.Seq2[P, error], objects string, keep func(P) bool) iter.Seq2[P, error] {
	return func(yield func(P, error) bool) {
		for v, err := range seq {
			if err != nil {
				yield(v, failedList(objects, err))
				return
			}
			if keep(v) && !yield(v, nil) {
				return
			}
		}
	}
}

// AddAltNames gives the link with that index more names, of up to 127 bytes.
//
// It is refused with EEXIST (a name is in use), ENODEV, EPERM.
//
// Equivalent to: `ip link property add dev $name altname $altname …`
func (c *Conn) AddAltNames(ctx context.Context, index uint32, names ...string) error {
	const flags = unix.NLM_F_CREATE | unix.NLM_F_EXCL | unix.NLM_F_APPEND
	l := &Link{Index: index, AltNames: slices.Clone(names)}
	return failed("set", l, c.Do(ctx, unix.RTM_NEWLINKPROP, flags, l, nil))
}

// DelAltNames takes those names from the link.
//
// It is refused with ENOENT (it has no such name) or EINVAL (the name is
// another's), ENODEV, EPERM.
//
// Equivalent to: `ip link property del dev $name altname $altname …`
func (c *Conn) DelAltNames(ctx context.Context, index uint32, names ...string) error {
	l := &Link{Index: index, AltNames: slices.Clone(names)}
	return failed("set", l, c.Do(ctx, unix.RTM_DELLINKPROP, 0, l, nil))
}
