//go:build linux

package rtnl

import (
	"context"
	"iter"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// AddAddr gives a link an address. IPv4 wants Local; Address is the peer's, or
// the same. Unlike ip, the kernel makes up neither a broadcast address nor a
// scope. A link that is up gets the route to the subnet with it.
//
// It is refused with EEXIST (it has the address), ENODEV (no such link), EINVAL
// (no Local; a bad prefix length), EACCES (IPv6 is off), EPERM.
//
// Equivalent to: `ip address add $addr dev $link`
func (c *Conn) AddAddr(ctx context.Context, a *Addr) error {
	const flags = unix.NLM_F_CREATE | unix.NLM_F_EXCL
	return failed("add", a, c.Do(ctx, unix.RTM_NEWADDR, flags, a, nil))
}

// ReplaceAddr is [Conn.AddAddr], but changes the lifetimes, flags and metric
// of an address that is there.
//
// Equivalent to: `ip address replace $addr dev $link`
func (c *Conn) ReplaceAddr(ctx context.Context, a *Addr) error {
	const flags = unix.NLM_F_CREATE | unix.NLM_F_REPLACE
	return failed("replace", a, c.Do(ctx, unix.RTM_NEWADDR, flags, a, nil))
}

// DelAddr takes an address from a link. IPv4 goes by Local, Label and Address
// with PrefixLen, as far as they are there.
//
// It is refused with EADDRNOTAVAIL (it has no such address), ENODEV (no such
// link), EPERM.
//
// Equivalent to: `ip address delete $addr dev $link`
func (c *Conn) DelAddr(ctx context.Context, a *Addr) error {
	return failed("delete", a, c.Do(ctx, unix.RTM_DELADDR, 0, a, nil))
}

// An AddrFilter chooses addresses; its zero value takes all.
type AddrFilter struct {
	Family Family // AF_INET or AF_INET6
	Index  uint32 // only of that link
}

func (f AddrFilter) request() *Addr { return &Addr{Family: f.Family, Index: f.Index} }

func (f AddrFilter) match(a *Addr) bool {
	return (f.Family == 0 || a.Family == f.Family) && (f.Index == 0 || a.Index == f.Index)
}

// Addrs lists the addresses that f takes: IPv4 first, by link.
//
// Equivalent to: `ip address show dev $link`
func (c *Conn) Addrs(ctx context.Context, f AddrFilter) ([]Addr, error) {
	all, err := nl.List(ctx, c.Conn, unix.RTM_GETADDR, f.request(), f.match)
	return all, failedList("addresses", err)
}

// StreamAddrs is [Conn.Addrs] in constant memory; see [nl.Stream].
func (c *Conn) StreamAddrs(ctx context.Context, f AddrFilter) iter.Seq2[*Addr, error] {
	return stream(nl.Stream[Addr](ctx, c.Conn, unix.RTM_GETADDR, f.request()), "addresses", f.match)
}
