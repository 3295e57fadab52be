//go:build linux

package main

import (
	"net"
	"runtime"
	"strconv"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/minins/minins/bench/internal/contestant"
)

func namespaces(r *contestant.Run, n int) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		return err
	}
	defer home.Close()
	names := contestant.Names("n", n)
	if err := r.Each("create", n, func(i int) error { return namespace(home, names[i]) }); err != nil {
		return err
	}
	witness, err := contestant.Witness(contestant.NetnsDir+"/"+names[0], contestant.NetnsDir+"/"+names[n-1])
	if err != nil {
		return err
	}
	m, err := r.Start()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := netns.DeleteNamed(name); err != nil {
			return err
		}
	}
	if err := m.End("release", n); err != nil {
		return err
	}
	if err := contestant.WaitGone(witness...); err != nil {
		return err
	}
	return m.End("gone", n)
}

// namespace makes a named namespace with lo up, and goes home.
func namespace(home netns.NsHandle, name string) error {
	ns, err := netns.NewNamed(name)
	if err != nil {
		return err
	}
	defer ns.Close()
	if err := loUp(); err != nil {
		return err
	}
	return netns.Set(home)
}

func loUp() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(lo)
}

// container wires containers up step by step, as most programs and examples do:
// the pair is made here, its far end is moved and renamed. What the package can
// do beyond that, the contestant vishvananda-tuned shows.
func container(r *contestant.Run, n int) error {
	if err := contestant.Bridge(contestant.Gateway + "/16"); err != nil {
		return err
	}
	br, err := netlink.LinkByName("br0")
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		return err
	}
	defer home.Close()
	if err := r.EachTimed("up", n, func(i int) error { return up(home, br, i) }); err != nil {
		return err
	}
	if err := contestant.CheckLinks("c", n); err != nil {
		return err
	}
	err = r.Each("down", n, func(i int) error {
		host, err := netlink.LinkByName("c" + strconv.Itoa(i))
		if err != nil {
			return err
		}
		if err := netlink.LinkDel(host); err != nil {
			return err
		}
		return netns.DeleteNamed("n" + strconv.Itoa(i))
	})
	if err != nil {
		return err
	}
	return contestant.CheckLinks("c", 0)
}

func up(home netns.NsHandle, br netlink.Link, i int) error {
	ns, err := netns.NewNamed("n" + strconv.Itoa(i))
	if err != nil {
		return err
	}
	defer ns.Close()
	if err := netns.Set(home); err != nil {
		return err
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "c" + strconv.Itoa(i)
	host := &netlink.Veth{LinkAttrs: attrs, PeerName: "p" + strconv.Itoa(i)}
	if err := netlink.LinkAdd(host); err != nil {
		return err
	}
	peer, err := netlink.LinkByName(host.PeerName)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetNsFd(peer, int(ns)); err != nil {
		return err
	}
	if err := netlink.LinkSetMaster(host, br); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(host); err != nil {
		return err
	}
	if err := netns.Set(ns); err != nil {
		return err
	}
	if err := inside(host.PeerName, contestant.Container(i).String()+"/16"); err != nil {
		return err
	}
	return netns.Set(home)
}

// inside configures the far end in the namespace that the thread is in.
func inside(peer, addr string) error {
	if err := loUp(); err != nil {
		return err
	}
	eth0, err := netlink.LinkByName(peer)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetName(eth0, "eth0"); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(eth0); err != nil {
		return err
	}
	a, err := netlink.ParseAddr(addr)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(eth0, a); err != nil {
		return err
	}
	return netlink.RouteAdd(&netlink.Route{LinkIndex: eth0.Attrs().Index, Gw: net.ParseIP(contestant.Gateway)})
}
