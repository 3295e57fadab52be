//go:build linux

package main

import (
	"strconv"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
)

// pair returns the pair a$i/b$i.
func pair(i int) *netlink.Veth {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "a" + strconv.Itoa(i)
	return &netlink.Veth{LinkAttrs: attrs, PeerName: "b" + strconv.Itoa(i)}
}

func veth(r *contestant.Run, n int) error {
	return pairs(r, n, func(h *netlink.Handle, v *netlink.Veth) error { return h.LinkAdd(v) })
}

// vethns makes the far ends in their namespace, as the CNI plugins do.
func vethns(r *contestant.Run, n int) error {
	ns, err := contestant.NewNetns()
	if err != nil {
		return err
	}
	defer ns.Close()
	return pairs(r, n, func(h *netlink.Handle, v *netlink.Veth) error {
		v.PeerNamespace = netlink.NsFd(ns.Fd())
		return h.LinkAdd(v)
	})
}

// bridge attaches and sets up in steps, as the bridge plugin of CNI does.
func bridge(r *contestant.Run, n int) error {
	if err := contestant.Bridge(""); err != nil {
		return err
	}
	br, err := netlink.LinkByName("br0")
	if err != nil {
		return err
	}
	return pairs(r, n, func(h *netlink.Handle, v *netlink.Veth) error {
		if err := h.LinkAdd(v); err != nil {
			return err
		}
		peer, err := h.LinkByName(v.PeerName)
		if err != nil {
			return err
		}
		if err := h.LinkSetUp(peer); err != nil {
			return err
		}
		if err := h.LinkSetUp(v); err != nil {
			return err
		}
		return h.LinkSetMaster(v, br)
	})
}

// pairs measures the making of n pairs and their deletion.
func pairs(r *contestant.Run, n int, create func(*netlink.Handle, *netlink.Veth) error) error {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	made := make([]*netlink.Veth, n)
	err = r.Each("create", n, func(i int) error {
		made[i] = pair(i)
		return create(h, made[i])
	})
	if err != nil {
		return err
	}
	if err := contestant.CheckLinks("a", n); err != nil {
		return err
	}
	if err := r.Each("delete", n, func(i int) error { return h.LinkDel(made[i]) }); err != nil {
		return err
	}
	return contestant.CheckLinks("a", 0)
}
