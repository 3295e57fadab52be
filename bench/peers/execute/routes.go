//go:build linux

package main

import (
	"net"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
)

// rtaNhID is RTA_NH_ID of linux/rtnetlink.h: the nexthop object of a route.
const rtaNhID = 30

func routes4(r *contestant.Run, n int) error {
	return routes(r, n, unix.AF_INET, contestant.Route4, contestant.Gate4, contestant.Gate4b)
}

func routes6(r *contestant.Run, n int) error {
	return routes(r, n, unix.AF_INET6, contestant.Route6, contestant.Gate6, contestant.Gate6b)
}

func routes(r *contestant.Run, n int, family uint8, dst func(int) netip.Addr, gate, other string) error {
	c, dev, err := prepare()
	if err != nil {
		return err
	}
	defer c.Close()
	route := func(i int, gw []byte) []byte {
		ip := dst(i)
		b := routeHeader(nil, family, uint8(ip.BitLen()))
		b = attr(b, unix.RTA_DST, ip.AsSlice())
		b = attr(b, unix.RTA_GATEWAY, gw)
		return attr32(b, unix.RTA_OIF, dev)
	}
	first, second := netip.MustParseAddr(gate).AsSlice(), netip.MustParseAddr(other).AsSlice()
	err = r.Each("add", n, func(i int) error {
		return do(c, unix.RTM_NEWROUTE, netlink.Create|netlink.Excl, route(i, first))
	})
	if err != nil {
		return err
	}
	err = r.Each("replace", n, func(i int) error {
		return do(c, unix.RTM_NEWROUTE, netlink.Create|netlink.Replace, route(i, second))
	})
	if err != nil {
		return err
	}
	return r.Each("delete", n, func(i int) error {
		return do(c, unix.RTM_DELROUTE, 0, route(i, second))
	})
}

// nexthop measures routes that share a nexthop object.
func nexthop(r *contestant.Run, n int) error {
	const id = 1
	c, dev, err := prepare()
	if err != nil {
		return err
	}
	defer c.Close()
	object := func(gate string) []byte {
		b := []byte{unix.AF_INET, unix.RT_SCOPE_UNIVERSE, unix.RTPROT_STATIC, 0, 0, 0, 0, 0} // struct nhmsg
		b = attr32(b, unix.NHA_ID, id)
		b = attr(b, unix.NHA_GATEWAY, netip.MustParseAddr(gate).AsSlice())
		return attr32(b, unix.NHA_OIF, dev)
	}
	err = r.Phase("add", n, func() error {
		if err := do(c, unix.RTM_NEWNEXTHOP, netlink.Create|netlink.Excl, object(contestant.Gate4)); err != nil {
			return err
		}
		for i := range n {
			b := routeHeader(nil, unix.AF_INET, 32)
			b = attr(b, unix.RTA_DST, contestant.Route4(i).AsSlice())
			b = attr32(b, rtaNhID, id)
			if err := do(c, unix.RTM_NEWROUTE, netlink.Create|netlink.Excl, b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = r.Phase("regateway", n, func() error {
		return do(c, unix.RTM_NEWNEXTHOP, netlink.Create|netlink.Replace, object(contestant.Gate4b))
	})
	if err != nil {
		return err
	}
	return r.Phase("delete", n, func() error {
		b := []byte{unix.AF_UNSPEC, 0, 0, 0, 0, 0, 0, 0}
		return do(c, unix.RTM_DELNEXTHOP, 0, attr32(b, unix.NHA_ID, id))
	})
}

// prepare makes the device of the routes and returns its index.
func prepare() (*netlink.Conn, uint32, error) {
	if err := contestant.RouteDevice(); err != nil {
		return nil, 0, err
	}
	dev, err := net.InterfaceByName(contestant.Device)
	if err != nil {
		return nil, 0, err
	}
	c, err := dial()
	return c, uint32(dev.Index), err
}
