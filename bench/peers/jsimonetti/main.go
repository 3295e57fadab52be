//go:build linux

// Command jsimonetti is the contestant of github.com/jsimonetti/rtnetlink, used
// as its documentation and tests do. It chooses the indexes of the interfaces
// that it makes, so that it need not look them up.
package main

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/jsimonetti/rtnetlink/v2"
	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
)

func main() {
	contestant.Main(map[string]contestant.Workload{
		"routes4":    routes4,
		"routes6":    routes6,
		"veth":       veth,
		"vethns":     vethns,
		"bridge":     bridge,
		"container":  container,
		"dumproutes": dumpRoutes,
		"dumplinks":  dumpLinks,
		"dumpneighs": dumpNeighs,
	})
}

func routes4(r *contestant.Run, n int) error {
	return routes(r, n, unix.AF_INET, contestant.Route4, contestant.Gate4, contestant.Gate4b)
}

func routes6(r *contestant.Run, n int) error {
	return routes(r, n, unix.AF_INET6, contestant.Route6, contestant.Gate6, contestant.Gate6b)
}

func routes(r *contestant.Run, n int, family uint8, dst func(int) netip.Addr, gate, other string) error {
	if err := contestant.RouteDevice(); err != nil {
		return err
	}
	dev, err := net.InterfaceByName(contestant.Device)
	if err != nil {
		return err
	}
	c, err := rtnetlink.Dial(nil)
	if err != nil {
		return err
	}
	defer c.Close()
	route := func(i int, gw net.IP) *rtnetlink.RouteMessage {
		ip := dst(i)
		return &rtnetlink.RouteMessage{
			Family:    family,
			DstLength: uint8(ip.BitLen()),
			Table:     unix.RT_TABLE_MAIN,
			Protocol:  contestant.Static,
			Scope:     unix.RT_SCOPE_UNIVERSE,
			Type:      unix.RTN_UNICAST,
			Attributes: rtnetlink.RouteAttributes{
				Dst:      ip.AsSlice(),
				Gateway:  gw,
				OutIface: uint32(dev.Index),
			},
		}
	}
	first, second := net.ParseIP(gate), net.ParseIP(other)
	if err := r.Each("add", n, func(i int) error { return c.Route.Add(route(i, first)) }); err != nil {
		return err
	}
	if err := r.Each("replace", n, func(i int) error { return c.Route.Replace(route(i, second)) }); err != nil {
		return err
	}
	return r.Each("delete", n, func(i int) error { return c.Route.Delete(route(i, second)) })
}

func dumpRoutes(r *contestant.Run, n int) error {
	return dump(r, n, func(c *rtnetlink.Conn) (int, error) {
		routes, err := c.Route.List()
		return len(routes), err
	})
}

func dumpLinks(r *contestant.Run, n int) error {
	return dump(r, n, func(c *rtnetlink.Conn) (int, error) {
		links, err := c.Link.List()
		return len(links), err
	})
}

func dumpNeighs(r *contestant.Run, n int) error {
	return dump(r, n, func(c *rtnetlink.Conn) (int, error) {
		neighs, err := c.Neigh.List()
		return len(neighs), err
	})
}

func dump(r *contestant.Run, n int, list func(*rtnetlink.Conn) (int, error)) error {
	c, err := rtnetlink.Dial(nil)
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	defer c.Close()
	return r.Dump(n, func() (int, error) { return list(c) })
}
