//go:build linux

package container_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/container"
	"github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// Three containers on a bridge, up and down.
func Example() {
	ctx := context.Background()
	conn, err := rtnl.Dial(nl.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	bridge := &rtnl.Link{Name: "br-web", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: rtnl.LinkInfo{Kind: "bridge"}}
	if err := conn.AddLink(ctx, bridge); err != nil {
		log.Fatal(err)
	}
	defer conn.DelLink(ctx, rtnl.LinkNamed("br-web"))

	var pool nsfs.Pool
	defer pool.Close()

	host := container.NewHost(conn, &pool)
	specs := []container.Spec{
		{Name: "web1", HostEnd: "c-web1", Bridge: "br-web", Addrs: []netip.Prefix{netip.MustParsePrefix("10.1.0.2/16")}},
		{Name: "web2", HostEnd: "c-web2", Bridge: "br-web", Addrs: []netip.Prefix{netip.MustParsePrefix("10.1.0.3/16")}},
		{Name: "web2", HostEnd: "c-web3", Bridge: "br-web"}, // a mistake: all or none
	}
	fmt.Println(host.Up(ctx, specs...))
	fmt.Println(pool.List())

	specs = specs[:2]
	if err := host.Up(ctx, specs...); err != nil {
		log.Fatal(err)
	}
	ports, err := conn.Links(ctx, rtnl.LinkFilter{Group: nl.Some[uint32](container.Group)})
	fmt.Println(len(ports), "ports,", err)
	fmt.Println(host.Down(ctx, specs...))
	// Output:
	// container web2: make the namespace: Cannot create network namespace "web2": file exists
	// [] <nil>
	// 2 ports, <nil>
	// <nil>
}

// A port of the host that leads to a container.
func ExamplePublisher() {
	ctx := context.Background()
	conn, err := rtnl.Dial(nl.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	bridge := &rtnl.Link{Name: "br-pub", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: rtnl.LinkInfo{Kind: "bridge"}}
	if err := conn.AddLink(ctx, bridge); err != nil {
		log.Fatal(err)
	}
	defer conn.DelLink(ctx, rtnl.LinkNamed("br-pub"))
	index, err := conn.LinkIndex(ctx, "br-pub")
	if err != nil {
		log.Fatal(err)
	}
	gateway := netip.MustParseAddr("10.2.0.1")
	err = conn.AddAddr(ctx, &rtnl.Addr{Family: unix.AF_INET, Index: index, Address: gateway, Local: gateway, PrefixLen: 16})
	if err != nil {
		log.Fatal(err)
	}

	var pool nsfs.Pool
	defer pool.Close()
	host := container.NewHost(conn, &pool)
	spec := container.Spec{
		Name: "web", HostEnd: "c-web", Bridge: "br-pub",
		Addrs: []netip.Prefix{netip.MustParsePrefix("10.2.0.2/16")}, Gateways: []netip.Addr{gateway},
	}
	if err := host.Up(ctx, spec); err != nil {
		log.Fatal(err)
	}
	defer host.Down(ctx, spec)

	ns, err := nsfs.Open("/proc/thread-self/ns/net")
	if err != nil {
		log.Fatal(err)
	}
	defer ns.Close()
	pub, err := container.NewPublisher(ctx, ns)
	if err != nil {
		log.Fatal(err)
	}
	defer pub.Close()
	port := container.Port{
		Proto: rule.TCP, Host: netip.MustParseAddrPort("0.0.0.0:8080"),
		To: netip.MustParseAddrPort("10.2.0.2:80"), Container: "web", HostEnd: "c-web",
	}
	fmt.Println(pub.Publish(ctx, port))
	fmt.Println(pub.List(ctx))
	fmt.Println(pub.Publish(ctx, port))
	fmt.Println(pub.Unpublish(ctx, port))
	// Output:
	// <nil>
	// [tcp 0.0.0.0:8080 to 10.2.0.2:80 of container web] <nil>
	// container: publish ports: port tcp 0.0.0.0:8080: container web has it, for 10.2.0.2:80: file exists
	// <nil>
}
