//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
	"github.com/minins/minins/container"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// containers sets up n containers by one call, and takes them down by one.
func containers(r *contestant.Run, n int) error {
	ctx, c, err := dial()
	if err != nil {
		return err
	}
	defer c.Close()
	gateway := netip.MustParseAddr(contestant.Gateway)
	if err := c.AddLink(ctx, &rtnl.Link{
		Index: bridge, Name: "br0", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: rtnl.LinkInfo{Kind: "bridge"},
	}); err != nil {
		return err
	}
	if err := c.AddAddr(ctx, &rtnl.Addr{
		Family: unix.AF_INET, Index: bridge, PrefixLen: 16, Address: gateway, Local: gateway,
	}); err != nil {
		return err
	}
	specs := make([]container.Spec, n)
	for i := range specs {
		x := i + 2
		specs[i] = container.Spec{
			Name: fmt.Sprint("n", i), HostEnd: fmt.Sprint("c", i), Bridge: "br0",
			Addrs:    []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, byte(x >> 8), byte(x)}), 16)},
			Gateways: []netip.Addr{gateway},
		}
	}
	var pool nsfs.Pool
	host := container.NewHost(c, &pool)
	took := make([]time.Duration, n)
	m, err := r.Start()
	if err != nil {
		return err
	}
	last := time.Now()
	host.Each = func(i int) {
		now := time.Now()
		took[i], last = now.Sub(last), now
	}
	if err := host.Up(ctx, specs...); err != nil {
		return err
	}
	if err := m.End("up", n, contestant.Percentiles(took)...); err != nil {
		return err
	}
	if err := contestant.CheckLinks("c", n); err != nil {
		return err
	}
	if err := r.Phase("down", n, func() error { return host.Down(ctx, specs...) }); err != nil {
		return err
	}
	if err := contestant.CheckLinks("c", 0); err != nil {
		return err
	}
	return pool.Close()
}
