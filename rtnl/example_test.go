//go:build linux

package rtnl_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// open opens a socket in the namespace of the calling thread, which for these
// examples is an empty one.
func open() *rtnl.Conn {
	c, err := rtnl.Dial(nl.Config{})
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func try(err error) {
	if err != nil {
		log.Fatalf("%+v", err)
	}
}

// ip link add veth-red type veth peer name veth-blue
func Example_createVeth() {
	ctx, c := context.Background(), open()
	defer c.Close()

	try(c.AddLink(ctx, rtnl.NewVeth("veth-red", "veth-blue")))
	red, err := c.GetLink(ctx, "veth-red")
	try(err)
	fmt.Println(red.Name, red.Info.Kind, red.OperState)
	try(c.DelLink(ctx, &rtnl.Link{Name: "veth-red"}))
	// Output: veth-red veth IF_OPER_DOWN
}

// ip link add v-net-0 type bridge; ip link set veth-red-br master v-net-0
func Example_createBridge() {
	ctx, c := context.Background(), open()
	defer c.Close()

	try(c.AddLink(ctx, &rtnl.Link{Name: "v-net-0", Info: rtnl.LinkInfo{Kind: "bridge"}}))
	bridge, err := c.LinkIndex(ctx, "v-net-0")
	try(err)
	try(c.AddLink(ctx, &rtnl.Link{Name: "veth-red-br", Info: rtnl.LinkInfo{Kind: "veth", Peer: &rtnl.Link{Name: "veth-red"}}}))
	try(c.SetLink(ctx, &rtnl.Link{Name: "veth-red-br", Master: nl.Some(bridge)}))
	ports, err := c.Links(ctx, rtnl.LinkFilter{Master: bridge})
	try(err)
	for _, p := range ports {
		fmt.Println(p.Name, p.Info.SlaveKind, p.Info.Port.State.V)
	}
	try(c.DelLink(ctx, &rtnl.Link{Name: "veth-red-br"}))
	try(c.DelLink(ctx, &rtnl.Link{Name: "v-net-0"}))
	// Output: veth-red-br bridge BR_STATE_DISABLED
}

// ip address add 192.168.15.1/24 dev lo; ip route add 10.0.0.0/8 dev lo
func Example_addRoute() {
	ctx, c := context.Background(), open()
	defer c.Close()

	const lo = 1
	try(c.SetLink(ctx, &rtnl.Link{Index: lo, Flags: unix.IFF_UP, Change: unix.IFF_UP}))
	addr := netip.MustParseAddr("192.168.15.1")
	mine := &rtnl.Addr{Family: unix.AF_INET, PrefixLen: 24, Index: lo, Local: addr, Address: addr}
	try(c.AddAddr(ctx, mine))
	route := &rtnl.Route{
		Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_BOOT, Type: unix.RTN_UNICAST,
		Dst: netip.MustParsePrefix("10.0.0.0/8"), OIF: lo, Scope: unix.RT_SCOPE_LINK,
	}
	try(c.AddRoute(ctx, route))
	for r, err := range c.StreamRoutes(ctx, rtnl.RouteFilter{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN}) {
		try(err)
		fmt.Println(r.Dst, r.Protocol, r.Scope)
	}
	try(c.DelRoute(ctx, route))
	try(c.DelAddr(ctx, mine))
	// Output: 10.0.0.0/8 RTPROT_BOOT RT_SCOPE_LINK
}

// ip route add 10.0.0.0/8 via 172.16.0.1
func Example_refusal() {
	ctx, c := context.Background(), open()
	defer c.Close()

	err := c.AddRoute(ctx, &rtnl.Route{
		Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_BOOT, Type: unix.RTN_UNICAST,
		Dst: netip.MustParsePrefix("10.0.0.0/8"), Gateway: netip.MustParseAddr("172.16.0.1"),
	})
	var op *rtnl.OpError
	if errors.As(err, &op) {
		fmt.Println(op.Op, op.Object)
		fmt.Println(op.Reason)
	}
	fmt.Println(errors.Is(err, unix.ENETUNREACH))

	_, err = c.GetLink(ctx, "nope")
	fmt.Println(errors.Is(err, unix.ENODEV), errors.Is(err, fs.ErrNotExist))
	// Output:
	// add route 10.0.0.0/8 via 172.16.0.1
	// no route to gateway 172.16.0.1: no address of this host is in its subnet
	// true
	// true false
}

// ip -batch FILE, with 1000 routes; ip route replace …
func ExampleBatch() {
	ctx, c := context.Background(), open()
	defer c.Close()
	try(c.SetLink(ctx, &rtnl.Link{Name: "lo", Flags: unix.IFF_UP, Change: unix.IFF_UP}))

	b := c.Batch(ctx)
	route := rtnl.Route{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Scope: unix.RT_SCOPE_LINK, Type: unix.RTN_UNICAST, OIF: 1}
	for i := range 1000 {
		addr := netip.AddrFrom4([4]byte{172, 16, byte(i >> 8), byte(i)})
		route.Dst = netip.PrefixFrom(addr, 32)
		b.AddRoute(&route) // encoded at once, so that one value serves for all
	}
	try(b.Flush())

	b.AddRoute(&route) // there already
	b.DelRoute(&route)
	fmt.Println(b.Flush())
	// Output: add route 172.16.3.231/32 dev #1: there is a route to this destination with the same metric already: RTM_NEWROUTE: file exists
}

// ip link set … group G, for each, then ip link delete group G
func ExampleConn_DelLinks() {
	ctx, c := context.Background(), open()
	defer c.Close()

	b := c.Batch(ctx)
	var index []uint32
	for i := range uint32(100) {
		cable := rtnl.NewVeth(fmt.Sprint("a", i), fmt.Sprint("b", i))
		cable.Index = 1000 + i
		index = append(index, cable.Index)
		b.AddLink(cable)
	}
	try(b.Flush())
	try(c.DelLinks(ctx, index...))
	links, err := c.Links(ctx, rtnl.LinkFilter{})
	try(err)
	fmt.Println(len(links), "link is left:", links[0].Name)
	// Output: 1 link is left: lo
}
