//go:build linux

package main

import (
	"net"
	"os"
	"strconv"

	"github.com/jsimonetti/rtnetlink/v2"
	"github.com/jsimonetti/rtnetlink/v2/driver"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
)

// firstIndex is that of the first pair's near end. Its far end has the next.
const firstIndex = 1000

func near(i int) uint32 { return uint32(firstIndex + 2*i) }
func far(i int) uint32  { return near(i) + 1 }

// pair returns the request for a pair with ends of those names.
func pair(i int, here, there string) *rtnetlink.LinkMessage {
	peer := &rtnetlink.LinkMessage{Index: far(i), Attributes: &rtnetlink.LinkAttributes{Name: there}}
	return &rtnetlink.LinkMessage{
		Index: near(i),
		Attributes: &rtnetlink.LinkAttributes{
			Name: here,
			Info: &rtnetlink.LinkInfo{Kind: "veth", Data: &driver.Veth{PeerInfo: peer}},
		},
	}
}

// pairIn is pair with the far end in the namespace ns.
func pairIn(ns *os.File, i int, here, there string) *rtnetlink.LinkMessage {
	m := pair(i, here, there)
	m.Attributes.Info.Data.(*driver.Veth).PeerInfo.Attributes.NetNS = rtnetlink.NetNSForFD(uint32(ns.Fd()))
	return m
}

// attach puts the near end of a new pair on the bridge, and up.
func attach(m *rtnetlink.LinkMessage, bridge uint32) {
	m.Attributes.Master = &bridge
	m.Flags, m.Change = unix.IFF_UP, unix.IFF_UP
}

func setUp(c *rtnetlink.Conn, index uint32) error {
	return c.Link.Set(&rtnetlink.LinkMessage{Index: index, Flags: unix.IFF_UP, Change: unix.IFF_UP})
}

func veth(r *contestant.Run, n int) error {
	return pairs(r, n, func(c *rtnetlink.Conn, i int) error {
		return c.Link.New(pair(i, "a"+strconv.Itoa(i), "b"+strconv.Itoa(i)))
	})
}

func vethns(r *contestant.Run, n int) error {
	ns, err := contestant.NewNetns()
	if err != nil {
		return err
	}
	defer ns.Close()
	return pairs(r, n, func(c *rtnetlink.Conn, i int) error {
		return c.Link.New(pairIn(ns, i, "a"+strconv.Itoa(i), "b"+strconv.Itoa(i)))
	})
}

func bridge(r *contestant.Run, n int) error {
	if err := contestant.Bridge(""); err != nil {
		return err
	}
	br, err := net.InterfaceByName("br0")
	if err != nil {
		return err
	}
	return pairs(r, n, func(c *rtnetlink.Conn, i int) error {
		m := pair(i, "a"+strconv.Itoa(i), "b"+strconv.Itoa(i))
		attach(m, uint32(br.Index))
		if err := c.Link.New(m); err != nil {
			return err
		}
		return setUp(c, far(i))
	})
}

// pairs measures the making of n pairs and their deletion.
func pairs(r *contestant.Run, n int, create func(c *rtnetlink.Conn, i int) error) error {
	c, err := rtnetlink.Dial(nil)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := r.Each("create", n, func(i int) error { return create(c, i) }); err != nil {
		return err
	}
	if err := contestant.CheckLinks("a", n); err != nil {
		return err
	}
	if err := r.Each("delete", n, func(i int) error { return c.Link.Delete(near(i)) }); err != nil {
		return err
	}
	return contestant.CheckLinks("a", 0)
}

// container makes the namespaces by hand: the package has nothing for that.
func container(r *contestant.Run, n int) error {
	if err := contestant.Bridge(contestant.Gateway + "/16"); err != nil {
		return err
	}
	br, err := net.InterfaceByName("br0")
	if err != nil {
		return err
	}
	c, err := rtnetlink.Dial(nil)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := r.EachTimed("up", n, func(i int) error { return up(c, uint32(br.Index), i) }); err != nil {
		return err
	}
	if err := contestant.CheckLinks("c", n); err != nil {
		return err
	}
	err = r.Each("down", n, func(i int) error {
		if err := c.Link.Delete(near(i)); err != nil {
			return err
		}
		return contestant.UnpinNetns("n" + strconv.Itoa(i))
	})
	if err != nil {
		return err
	}
	return contestant.CheckLinks("c", 0)
}

func up(c *rtnetlink.Conn, bridge uint32, i int) error {
	ns, err := contestant.PinNetns("n" + strconv.Itoa(i))
	if err != nil {
		return err
	}
	defer ns.Close()
	m := pairIn(ns, i, "c"+strconv.Itoa(i), "eth0")
	attach(m, bridge)
	if err := c.Link.New(m); err != nil {
		return err
	}
	in, err := rtnetlink.Dial(&netlink.Config{NetNS: int(ns.Fd())})
	if err != nil {
		return err
	}
	defer in.Close()
	if err := setUp(in, 1); err != nil { // lo is always 1
		return err
	}
	if err := setUp(in, far(i)); err != nil {
		return err
	}
	return configure(in, far(i), contestant.Container(i).AsSlice())
}

// configure gives an interface its address and the namespace its default route.
func configure(c *rtnetlink.Conn, index uint32, addr net.IP) error {
	err := c.Address.New(&rtnetlink.AddressMessage{
		Family:       unix.AF_INET,
		PrefixLength: 16,
		Scope:        unix.RT_SCOPE_UNIVERSE,
		Index:        index,
		Attributes:   &rtnetlink.AddressAttributes{Address: addr, Local: addr},
	})
	if err != nil {
		return err
	}
	return c.Route.Add(&rtnetlink.RouteMessage{
		Family:   unix.AF_INET,
		Table:    unix.RT_TABLE_MAIN,
		Protocol: unix.RTPROT_BOOT,
		Scope:    unix.RT_SCOPE_UNIVERSE,
		Type:     unix.RTN_UNICAST,
		Attributes: rtnetlink.RouteAttributes{
			Gateway:  net.ParseIP(contestant.Gateway),
			OutIface: index,
		},
	})
}
