//go:build linux

package main

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
	"github.com/minins/minins/rtnl"
)

func routes4(r *contestant.Run, n int) error {
	route := rtnl.Route{
		Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Protocol: contestant.Static, Type: unix.RTN_UNICAST,
	}
	return routes(r, n, &route, contestant.Gate4, contestant.Gate4b, contestant.Route4)
}

func routes6(r *contestant.Run, n int) error {
	route := rtnl.Route{
		Family: unix.AF_INET6, Table: unix.RT_TABLE_MAIN, Protocol: contestant.Static, Type: unix.RTN_UNICAST,
	}
	return routes(r, n, &route, contestant.Gate6, contestant.Gate6b, contestant.Route6)
}

// routes adds, replaces and deletes n routes, of which one value serves for all.
func routes(r *contestant.Run, n int, route *rtnl.Route, gate, other string, dst func(i int) netip.Addr) error {
	if err := contestant.RouteDevice(); err != nil {
		return err
	}
	ctx, c, err := dial()
	if err != nil {
		return err
	}
	defer c.Close()
	if route.OIF, err = c.LinkIndex(ctx, contestant.Device); err != nil {
		return err
	}
	b := c.Batch(ctx)
	route.Gateway = netip.MustParseAddr(gate)
	each := func(put func(*rtnl.Route)) func() error {
		return func() error {
			for i := range n {
				a := dst(i)
				route.Dst = netip.PrefixFrom(a, a.BitLen())
				put(route)
			}
			return b.Flush()
		}
	}
	if err := r.Phase("add", n, each(b.AddRoute)); err != nil {
		return err
	}
	route.Gateway = netip.MustParseAddr(other)
	if err := r.Phase("replace", n, each(b.ReplaceRoute)); err != nil {
		return err
	}
	// To delete, the destination is enough, in any scope.
	*route = rtnl.Route{Family: route.Family, Table: unix.RT_TABLE_MAIN, Scope: unix.RT_SCOPE_NOWHERE}
	return r.Phase("delete", n, each(b.DelRoute))
}

// nextHop is n routes through one nexthop object, which then changes for all.
func nextHop(r *contestant.Run, n int) error {
	if err := contestant.RouteDevice(); err != nil {
		return err
	}
	ctx, c, err := dial()
	if err != nil {
		return err
	}
	defer c.Close()
	hop := rtnl.NextHopObject{Family: unix.AF_INET, ID: 1, Gateway: netip.MustParseAddr(contestant.Gate4)}
	if hop.OIF, err = c.LinkIndex(ctx, contestant.Device); err != nil {
		return err
	}
	route := rtnl.Route{
		Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Protocol: contestant.Static, Type: unix.RTN_UNICAST, NextHopID: 1,
	}
	b := c.Batch(ctx)
	if err := r.Phase("add", n, func() error {
		b.AddNextHopObject(&hop)
		for i := range n {
			route.Dst = netip.PrefixFrom(contestant.Route4(i), 32)
			b.AddRoute(&route)
		}
		return b.Flush()
	}); err != nil {
		return err
	}
	hop.Gateway = netip.MustParseAddr(contestant.Gate4b)
	if err := r.Phase("regateway", n, func() error { return c.ReplaceNextHopObject(ctx, &hop) }); err != nil {
		return err
	}
	return r.Phase("delete", n, func() error { return c.DelNextHopObject(ctx, hop.ID) })
}
