//go:build linux

package survey

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// look lists what is in a namespace.
func (n *Namespace) look(ctx context.Context) error {
	c, err := n.Dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	links, err := c.Links(ctx, rtnl.LinkFilter{ExtMask: rtnl.ExtSkipStats})
	for i := range links {
		n.Links = append(n.Links, &Link{Link: links[i], Namespace: n})
		for j := i; j > 0 && n.Links[j-1].Index > n.Links[j].Index; j-- { // mostly they are in order
			n.Links[j-1], n.Links[j] = n.Links[j], n.Links[j-1]
		}
	}
	errs := []error{err}
	n.Addrs, err = c.Addrs(ctx, rtnl.AddrFilter{})
	errs = append(errs, err)
	n.Routes, err = c.Routes(ctx, rtnl.RouteFilter{})
	errs = append(errs, err)
	n.Rules, err = c.Rules(ctx, unix.AF_UNSPEC)
	errs = append(errs, err)
	n.Neighs, err = c.Neighs(ctx, rtnl.NeighFilter{})
	return errors.Join(append(errs, err)...)
}

// connect finds the other ends of cables.
//
// The kernel tells an end by its index and the id that its namespace has where the one
// is who asks. Ids are never taken back, and "ip netns" shows them; so a namespace made
// for it asks about all others.
func (s *Survey) connect(ctx context.Context) error {
	if len(s.Namespaces) == 1 {
		s.Namespaces[0].connectWithin()
		return nil
	}
	observatory, err := nsfs.New()
	if errors.Is(err, unix.EPERM) {
		for _, n := range s.Namespaces {
			n.connectWithin()
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer observatory.Close()
	c, err := rtnl.Dial(nl.Config{NetNS: observatory.Fd()}.Traced(ctx, rtnl.Protocol))
	if err != nil {
		return err
	}
	defer c.Close()
	byID := map[int32]*Namespace{}
	ids := make([]nl.Opt[int32], len(s.Namespaces))
	for i, n := range s.Namespaces {
		if n.Err != nil {
			continue
		}
		id, err := c.GetNSID(ctx, n.ns.Fd())
		if err == nil && id == rtnl.NSIDNotAssigned {
			if err = c.SetNSID(ctx, n.ns.Fd(), rtnl.NSIDNotAssigned); err == nil {
				id, err = c.GetNSID(ctx, n.ns.Fd())
			}
		}
		if err != nil {
			n.Err = err
			continue
		}
		byID[id], ids[i] = n, nl.Some(id)
	}
	for i, n := range s.Namespaces {
		if !ids[i].Ok {
			continue
		}
		for l, err := range c.StreamLinks(ctx, rtnl.LinkFilter{ExtMask: rtnl.ExtSkipStats, TargetNSID: ids[i]}) {
			if err != nil {
				n.Err = err
				break
			}
			if own := n.Link(l.Index); own != nil && l.Parent.Ok {
				where := n
				if l.ParentNSID.Ok {
					where = byID[l.ParentNSID.V]
				}
				own.join(where)
			}
		}
	}
	return nil
}

// connectWithin finds those that are in the same namespace.
func (n *Namespace) connectWithin() {
	for _, l := range n.Links {
		if l.Parent.Ok && !l.ParentNSID.Ok {
			l.join(n)
		}
	}
}

// join notes where the link's other end, or the device below it, is.
func (l *Link) join(where *Namespace) {
	if where == nil {
		return
	}
	other := where.Link(l.Parent.V)
	switch {
	case other == l:
	case l.Info.Kind == "veth":
		l.Peer = other
	default:
		l.Lower = other
	}
}
