//go:build linux

package main

import (
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
)

func dumpRoutes(r *contestant.Run, n int) error {
	return dump(r, n, func(h *netlink.Handle) (int, error) {
		routes, err := h.RouteList(nil, netlink.FAMILY_V4)
		return len(routes), err
	})
}

func dumpLinks(r *contestant.Run, n int) error {
	return dump(r, n, func(h *netlink.Handle) (int, error) {
		links, err := h.LinkList()
		return len(links), err
	})
}

func dumpNeighs(r *contestant.Run, n int) error {
	return dump(r, n, func(h *netlink.Handle) (int, error) {
		neighs, err := h.NeighList(0, netlink.FAMILY_V4) // of all interfaces
		return len(neighs), err
	})
}

func dump(r *contestant.Run, n int, list func(*netlink.Handle) (int, error)) error {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	return r.Dump(n, func() (int, error) { return list(h) })
}
