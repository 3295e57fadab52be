//go:build linux

package main

import (
	"context"
	"iter"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A way is as much of a route as its reader wants: a message may be described
// in part. What is asked for in the kernel's order is found at once.
type way struct {
	table, oif   uint32
	dst, gateway netip.Addr
}

func (w *way) Fields(c *nl.Coder) {
	nl.Start(c, w)
	family := uint8(unix.AF_INET)
	nl.M8(c, "rtm_family", &family)
	c.Skip("(the rest of struct rtmsg)", 11)
	nl.U32(c, unix.RTA_TABLE, "RTA_TABLE", &w.table)
	nl.IP(c, unix.RTA_DST, "RTA_DST", &w.dst)
	nl.IP(c, unix.RTA_GATEWAY, "RTA_GATEWAY", &w.gateway)
	nl.U32(c, unix.RTA_OIF, "RTA_OIF", &w.oif)
}

// A device is as much of a link.
type device struct {
	index, flags uint32
	name, kind   string
	addr         nl.HardwareAddr
	mtu, master  uint32
	operState    rtnl.OperState
}

func (d *device) Fields(c *nl.Coder) {
	nl.Start(c, d)
	c.Skip("(ifi_family, ifi_type)", 4)
	nl.M32(c, "ifi_index", &d.index)
	nl.M32(c, "ifi_flags", &d.flags)
	c.Skip("(ifi_change)", 4)
	nl.Str(c, unix.IFLA_IFNAME, "IFLA_IFNAME", &d.name)
	nl.HWAddr(c, unix.IFLA_ADDRESS, "IFLA_ADDRESS", &d.addr)
	nl.U32(c, unix.IFLA_MTU, "IFLA_MTU", &d.mtu)
	nl.U32(c, unix.IFLA_MASTER, "IFLA_MASTER", &d.master)
	nl.U8(c, unix.IFLA_OPERSTATE, "IFLA_OPERSTATE", &d.operState)
	if c.NestIf(unix.IFLA_LINKINFO, "IFLA_LINKINFO", d.kind != "") {
		nl.Str(c, unix.IFLA_INFO_KIND, "IFLA_INFO_KIND", &d.kind)
		c.End()
	}
}

// A neighbour is as much of one.
type neighbour struct {
	index  uint32
	dst    netip.Addr
	lladdr nl.HardwareAddr
}

func (n *neighbour) Fields(c *nl.Coder) {
	nl.Start(c, n)
	family := uint8(unix.AF_INET)
	nl.M8(c, "ndm_family", &family)
	c.Skip("(pad)", 3)
	nl.M32(c, "ndm_ifindex", &n.index)
	c.Skip("(ndm_state, ndm_flags, ndm_type)", 4)
	nl.IP(c, unix.NDA_DST, "NDA_DST", &n.dst)
	nl.HWAddr(c, unix.NDA_LLADDR, "NDA_LLADDR", &n.lladdr)
}

func dumpRoutes(r *contestant.Run, n int) error {
	return dump(r, n, func(ctx context.Context, c *rtnl.Conn) iter.Seq2[*way, error] {
		return nl.Stream[way](ctx, c.Conn, unix.RTM_GETROUTE, &way{})
	})
}

func dumpLinks(r *contestant.Run, n int) error {
	return dump(r, n, func(ctx context.Context, c *rtnl.Conn) iter.Seq2[*device, error] {
		return nl.Stream[device](ctx, c.Conn, unix.RTM_GETLINK, &device{})
	})
}

func dumpNeighs(r *contestant.Run, n int) error {
	return dump(r, n, func(ctx context.Context, c *rtnl.Conn) iter.Seq2[*neighbour, error] {
		return nl.Stream[neighbour](ctx, c.Conn, unix.RTM_GETNEIGH, &neighbour{})
	})
}

// The same with every attribute that the kernel sends.

func dumpAllRoutes(r *contestant.Run, n int) error {
	return dump(r, n, func(ctx context.Context, c *rtnl.Conn) iter.Seq2[*rtnl.Route, error] {
		return c.StreamRoutes(ctx, rtnl.RouteFilter{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN})
	})
}

func dumpAllLinks(r *contestant.Run, n int) error {
	return dump(r, n, func(ctx context.Context, c *rtnl.Conn) iter.Seq2[*rtnl.Link, error] {
		return c.StreamLinks(ctx, rtnl.LinkFilter{})
	})
}

func dumpAllNeighs(r *contestant.Run, n int) error {
	return dump(r, n, func(ctx context.Context, c *rtnl.Conn) iter.Seq2[*rtnl.Neigh, error] {
		return c.StreamNeighs(ctx, rtnl.NeighFilter{Family: unix.AF_INET})
	})
}

// dump reads all, decoded, one after the other into one value.
func dump[T any](r *contestant.Run, n int, stream func(context.Context, *rtnl.Conn) iter.Seq2[*T, error]) error {
	ctx, c, err := dial()
	if err != nil {
		return err
	}
	defer c.Close()
	return r.Dump(n, func() (int, error) {
		found := 0
		for _, err := range stream(ctx, c) {
			if err != nil {
				return 0, err
			}
			found++
		}
		return found, nil
	})
}
