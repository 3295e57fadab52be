//go:build linux

package main

import (
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
)

func routes4(r *contestant.Run, n int) error {
	return routes(r, n, contestant.Route4, contestant.Gate4, contestant.Gate4b)
}

func routes6(r *contestant.Run, n int) error {
	return routes(r, n, contestant.Route6, contestant.Gate6, contestant.Gate6b)
}

func routes(r *contestant.Run, n int, dst func(int) netip.Addr, gate, other string) error {
	if err := contestant.RouteDevice(); err != nil {
		return err
	}
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	dev, err := h.LinkByName(contestant.Device)
	if err != nil {
		return err
	}
	route := func(i int, gw net.IP) *netlink.Route {
		ip := net.IP(dst(i).AsSlice())
		return &netlink.Route{
			LinkIndex: dev.Attrs().Index,
			Dst:       &net.IPNet{IP: ip, Mask: net.CIDRMask(len(ip)*8, len(ip)*8)},
			Gw:        gw,
			Protocol:  contestant.Static,
		}
	}
	first, second := net.ParseIP(gate), net.ParseIP(other)
	if err := r.Each("add", n, func(i int) error { return h.RouteAdd(route(i, first)) }); err != nil {
		return err
	}
	if err := r.Each("replace", n, func(i int) error { return h.RouteReplace(route(i, second)) }); err != nil {
		return err
	}
	return r.Each("delete", n, func(i int) error { return h.RouteDel(route(i, second)) })
}
