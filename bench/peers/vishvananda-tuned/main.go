//go:build linux

// Command vishvananda-tuned is the contestant of github.com/vishvananda/netlink
// as one uses it who knows what the kernel makes cheap. A pair is made with its
// far end in its namespace, as the CNI plugins do it too, and by the same
// request the near end is on the bridge and up. All namespaces are let go
// before the kernel is waited for, and no pair is deleted by itself.
package main

import (
	"net"
	"runtime"
	"strconv"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
)

func main() {
	contestant.Main(map[string]contestant.Workload{"container": container})
}

func container(r *contestant.Run, n int) error {
	if err := contestant.Bridge(contestant.Gateway + "/16"); err != nil {
		return err
	}
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	br, err := h.LinkByName("br0")
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		return err
	}
	defer home.Close()
	if err := r.EachTimed("up", n, func(i int) error { return up(h, home, br, i) }); err != nil {
		return err
	}
	if err := contestant.CheckLinks("c", n); err != nil {
		return err
	}
	// The namespaces take their pairs along.
	return r.Phase("down", n, func() error {
		for i := range n {
			if err := netns.DeleteNamed("n" + strconv.Itoa(i)); err != nil {
				return err
			}
		}
		return contestant.WaitGone(contestant.Names("c", n)...)
	})
}

func up(h *netlink.Handle, home netns.NsHandle, br netlink.Link, i int) error {
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
	attrs.MasterIndex = br.Attrs().Index
	attrs.Flags = net.FlagUp
	veth := &netlink.Veth{LinkAttrs: attrs, PeerName: "eth0", PeerNamespace: netlink.NsFd(ns)}
	if err := h.LinkAdd(veth); err != nil {
		return err
	}
	in, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer in.Close()
	return inside(in, contestant.Container(i).String()+"/16")
}

func inside(h *netlink.Handle, addr string) error {
	lo, err := h.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := h.LinkSetUp(lo); err != nil {
		return err
	}
	eth0, err := h.LinkByName("eth0")
	if err != nil {
		return err
	}
	if err := h.LinkSetUp(eth0); err != nil {
		return err
	}
	a, err := netlink.ParseAddr(addr)
	if err != nil {
		return err
	}
	if err := h.AddrAdd(eth0, a); err != nil {
		return err
	}
	return h.RouteAdd(&netlink.Route{LinkIndex: eth0.Attrs().Index, Gw: net.ParseIP(contestant.Gateway)})
}
