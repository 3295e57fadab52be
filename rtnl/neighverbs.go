//go:build linux

package rtnl

import (
	"context"
	"iter"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// AddNeigh adds an entry to the neighbour table, or with NTF_PROXY in Flags an
// address that this host answers for.
//
// It is refused with EEXIST (there is one), ENODEV (no such link), EINVAL (no
// link; a state that cannot be set), EPERM.
//
// Equivalent to: `ip neighbour add $dst lladdr $lladdr dev $link`
func (c *Conn) AddNeigh(ctx context.Context, n *Neigh) error {
	return c.putNeigh(ctx, "add", unix.NLM_F_CREATE|unix.NLM_F_EXCL, n)
}

// ReplaceNeigh is [Conn.AddNeigh], but changes an entry that is there.
//
// Equivalent to: `ip neighbour replace $dst lladdr $lladdr dev $link`
func (c *Conn) ReplaceNeigh(ctx context.Context, n *Neigh) error {
	return c.putNeigh(ctx, "replace", unix.NLM_F_CREATE|unix.NLM_F_REPLACE, n)
}

// ChangeNeigh changes an entry, and is refused with ENOENT if there is none.
//
// Equivalent to: `ip neighbour change $dst lladdr $lladdr dev $link`
func (c *Conn) ChangeNeigh(ctx context.Context, n *Neigh) error {
	return c.putNeigh(ctx, "change", unix.NLM_F_REPLACE, n)
}

func (c *Conn) putNeigh(ctx context.Context, op string, flags uint16, n *Neigh) error {
	return failed(op, n, c.Do(ctx, unix.RTM_NEWNEIGH, flags, n, nil))
}

// DelNeigh deletes the entry of n.Dst at n.Index. While something refers to
// it, the kernel keeps it as NUD_FAILED.
//
// It is refused with ENOENT (there is none), ENODEV (no such link), EPERM.
//
// Equivalent to: `ip neighbour delete $dst dev $link`
func (c *Conn) DelNeigh(ctx context.Context, n *Neigh) error {
	return failed("delete", n, c.Do(ctx, unix.RTM_DELNEIGH, 0, n, nil))
}

// A NeighFilter chooses neighbours; its zero value takes all but proxies.
type NeighFilter struct {
	Family  Family
	Index   uint32 // only at that link
	Master  uint32 // only at ports of that master
	Proxies bool   // afterwards also the addresses that this host answers for
}

func (f NeighFilter) request(proxies bool) *Neigh {
	// The kernel takes the link in an attribute and refuses it in the header.
	req := &Neigh{Family: f.Family, IfIndex: f.Index, Master: f.Master}
	if proxies {
		req.Flags = unix.NTF_PROXY
	}
	return req
}

func (f NeighFilter) match(n *Neigh) bool {
	return (f.Family == 0 || n.Family == f.Family) && (f.Index == 0 || n.Index == f.Index)
}

// Neighs lists the neighbours that f takes. The kernel lists proxies apart:
// with f.Proxies it is asked twice.
//
// Equivalent to: `ip neighbour show dev $link`, and `… proxy`
func (c *Conn) Neighs(ctx context.Context, f NeighFilter) ([]Neigh, error) {
	all, err := nl.List(ctx, c.Conn, unix.RTM_GETNEIGH, f.request(false), f.match)
	if err != nil || !f.Proxies {
		return all, failedList("neighbours", err)
	}
	proxies, err := nl.List(ctx, c.Conn, unix.RTM_GETNEIGH, f.request(true), f.match)
	return append(all, proxies...), failedList("proxied neighbours", err)
}

// StreamNeighs is [Conn.Neighs] in constant memory, without proxies; see
// [nl.Stream].
func (c *Conn) StreamNeighs(ctx context.Context, f NeighFilter) iter.Seq2[*Neigh, error] {
	return stream(nl.Stream[Neigh](ctx, c.Conn, unix.RTM_GETNEIGH, f.request(false)), "neighbours", f.match)
}
