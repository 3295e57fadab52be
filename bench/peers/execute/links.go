//go:build linux

package main

import (
	"net"
	"strconv"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
)

// The attribute of the data of a veth that holds the request for its far end
// (VETH_INFO_PEER of linux/veth.h).
const vethInfoPeer = 1

// A request says how pairs are made: where the far ends are, and on what
// bridge the near ends are, if any.
type request struct{ ns, bridge uint32 }

// message returns the request for the pair a$i/b$i. A near end on a bridge is
// set up as well.
func (q request) message(i int) []byte {
	var flags uint32
	if q.bridge != 0 {
		flags = unix.IFF_UP
	}
	b := linkHeader(nil, 0, flags)
	b = attr(b, unix.IFLA_IFNAME, []byte("a"+strconv.Itoa(i)))
	if q.bridge != 0 {
		b = attr32(b, unix.IFLA_MASTER, q.bridge)
	}
	b, info := begin(b, unix.IFLA_LINKINFO)
	b = attr(b, unix.IFLA_INFO_KIND, []byte("veth"))
	b, data := begin(b, unix.IFLA_INFO_DATA)
	b, peer := begin(b, vethInfoPeer)
	b = linkHeader(b, 0, 0)
	b = attr(b, unix.IFLA_IFNAME, []byte("b"+strconv.Itoa(i)))
	if q.ns != 0 {
		b = attr32(b, unix.IFLA_NET_NS_FD, q.ns)
	}
	end(b, peer)
	end(b, data)
	end(b, info)
	return b
}

func veth(r *contestant.Run, n int) error { return pairs(r, n, request{}) }

func vethns(r *contestant.Run, n int) error {
	ns, err := contestant.NewNetns()
	if err != nil {
		return err
	}
	defer ns.Close()
	return pairs(r, n, request{ns: uint32(ns.Fd())})
}

func bridge(r *contestant.Run, n int) error {
	if err := contestant.Bridge(""); err != nil {
		return err
	}
	br, err := net.InterfaceByName("br0")
	if err != nil {
		return err
	}
	return pairs(r, n, request{bridge: uint32(br.Index)})
}

// pairs measures the making of n pairs and their deletion, by name.
func pairs(r *contestant.Run, n int, q request) error {
	c, err := dial()
	if err != nil {
		return err
	}
	defer c.Close()
	err = r.Each("create", n, func(i int) error {
		err := do(c, unix.RTM_NEWLINK, netlink.Create|netlink.Excl, q.message(i))
		if err != nil || q.bridge == 0 {
			return err
		}
		up := linkHeader(nil, 0, unix.IFF_UP)
		return do(c, unix.RTM_NEWLINK, 0, attr(up, unix.IFLA_IFNAME, []byte("b"+strconv.Itoa(i))))
	})
	if err != nil {
		return err
	}
	if err := contestant.CheckLinks("a", n); err != nil {
		return err
	}
	err = r.Each("delete", n, func(i int) error {
		gone := linkHeader(nil, 0, 0)
		return do(c, unix.RTM_DELLINK, 0, attr(gone, unix.IFLA_IFNAME, []byte("a"+strconv.Itoa(i))))
	})
	if err != nil {
		return err
	}
	return contestant.CheckLinks("a", 0)
}
