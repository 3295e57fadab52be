//go:build linux

package container_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/container"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// port is "tcp 127.0.0.1:8080 10.1.0.2:80" of container n0.
func port(s string) container.Port {
	f := strings.Fields(s)
	p := container.Port{Proto: rule.TCP, Container: "n0", HostEnd: "c0"}
	if f[0] == "udp" {
		p.Proto = rule.UDP
	}
	p.Host = netip.MustParseAddrPort(f[1])
	if len(f) > 2 {
		p.To = netip.MustParseAddrPort(f[2])
	}
	return p
}

// listed are the published ports, in words.
func (s *street) listed(t *testing.T) (all []string) {
	t.Helper()
	ports, err := s.pub.List(t.Context())
	try(t, err)
	for _, p := range ports {
		all = append(all, p.String())
	}
	return all
}

// TestPortsTaken: a port has one container, and a refused call changes nothing.
func TestPortsTaken(t *testing.T) {
	testns.Tool(t, "nft")
	s := newStreet(t)
	ctx := t.Context()
	try(t, s.pub.Publish(ctx, port("tcp 0.0.0.0:8080 10.1.0.2:80"), port("udp 192.0.2.1:53 10.1.0.2:53")))
	before := s.state(t)
	other := port("tcp 0.0.0.0:8080 10.1.0.3:80")
	other.Container, other.HostEnd = "n1", "c1"
	err := s.pub.Publish(ctx, port("tcp 0.0.0.0:8081 10.1.0.2:80"), other, port("tcp [::]:8081 [fd00::2]:80"))
	var e *container.PortError
	if !errors.Is(err, fs.ErrExist) || !errors.As(err, &e) || e.Port != other || e.By.Container != "n0" ||
		!strings.Contains(err.Error(), "port tcp 0.0.0.0:8080: container n0 has it, for 10.1.0.2:80") {
		t.Errorf("taken: %v", err)
	}
	if err := s.pub.Publish(ctx, port("udp 192.0.2.1:53 10.1.0.3:53")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("taken at one address: %v", err)
	}
	if err := s.pub.Publish(ctx, port("udp 0.0.0.0:9 10.1.0.3:53"), port("udp 0.0.0.0:9 10.1.0.2:53")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("twice in a call: %v", err)
	}
	mine := port("tcp 0.0.0.0:8080")
	mine.Container = "n1"
	if err := s.pub.Unpublish(ctx, port("udp 192.0.2.1:53"), mine); !errors.Is(err, container.ErrNotOurs) || !errors.As(err, &e) || e.By.Container != "n0" {
		t.Errorf("of another: %v", err)
	}
	if after := s.state(t); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	want := []string{"tcp 0.0.0.0:8080 to 10.1.0.2:80 of container n0", "udp 192.0.2.1:53 to 10.1.0.2:53 of container n0"}
	if got := s.listed(t); !slices.Equal(got, want) {
		t.Errorf("listed %q", got)
	}
	try(t, s.pub.Unpublish(ctx, port("tcp 0.0.0.0:8080"), port("udp 192.0.2.1:53"), port("tcp 0.0.0.0:1"), port("tcp [::]:1")))
	try(t, s.pub.Unpublish(ctx, port("tcp 0.0.0.0:8080"))) // is as it should be
	if got := s.listed(t); got != nil {
		t.Errorf("left %q", got)
	}
}

// TestPortRefused: what is wrong is refused before anything is made.
func TestPortRefused(t *testing.T) {
	testns.Tool(t, "nft")
	s := newStreet(t)
	ctx := t.Context()
	try(t, s.conn.AddLink(ctx, &rtnl.Link{Name: "br9", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: rtnl.LinkInfo{Kind: "bridge"}}))
	lonely := specs(1)[0]
	lonely.Name, lonely.HostEnd, lonely.Bridge, lonely.Addrs, lonely.Gateways = "n9", "c9", "br9", nil, nil
	free := lonely
	free.Name, free.HostEnd, free.Bridge = "n8", "c8", ""
	try(t, s.host.Up(ctx, lonely, free))
	t.Cleanup(func() { try(t, s.host.Down(context.Background(), lonely, free)) })
	good := port("tcp 0.0.0.0:8080 10.1.0.2:80")
	before := s.state(t)
	for _, tt := range []struct {
		spoil func(p *container.Port)
		is    error
		text  string
	}{
		{func(p *container.Port) { p.Proto = 1 }, unix.EINVAL, "protocol 1: it is rule.TCP or rule.UDP"},
		{func(p *container.Port) { p.Host = netip.AddrPortFrom(p.Host.Addr(), 0) }, unix.EINVAL, "port 0 of the host"},
		{func(p *container.Port) { p.Host = netip.MustParseAddrPort("127.0.0.2:1") }, unix.EINVAL, "host address 127.0.0.2: of the loopback addresses a port can be at 127.0.0.1"},
		{func(p *container.Port) { p.Host = netip.MustParseAddrPort("[::]:1") }, unix.EINVAL, "one family"},
		{func(p *container.Port) { p.To = netip.AddrPort{} }, unix.EINVAL, "container address"},
		{func(p *container.Port) { p.To = netip.MustParseAddrPort("127.0.0.1:1") }, unix.EINVAL, "container address"},
		{func(p *container.Port) { p.HostEnd = "" }, unix.EINVAL, `host end ""`},
		{func(p *container.Port) { p.Container = "" }, unix.EINVAL, "name"},
		{func(p *container.Port) { p.Container = strings.Repeat("x", 200) }, unix.ENAMETOOLONG, "does not fit"},
		{func(p *container.Port) { p.HostEnd = "c7" }, unix.ENODEV, "c7"},
		{func(p *container.Port) { p.HostEnd = "br0" }, container.ErrNotOurs, "br0"},
		{func(p *container.Port) { p.HostEnd = "up0" }, container.ErrNotOurs, "up0"},
		{func(p *container.Port) { p.HostEnd = "c8" }, unix.EINVAL, "link c8 is not a port of a bridge"},
		{func(p *container.Port) { p.HostEnd = "c9" }, unix.EADDRNOTAVAIL, "bridge br9 has no address of family ip"},
	} {
		bad := port("tcp 0.0.0.0:8081 10.1.0.2:80")
		tt.spoil(&bad)
		err := s.pub.Publish(ctx, good, bad)
		var e *container.Error
		if !errors.Is(err, tt.is) && tt.text != "name" || !errors.As(err, &e) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("got %v, want %s", err, tt.text)
		}
	}
	if err := s.pub.Unpublish(ctx, container.Port{}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("unpublish nothing: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.pub.Publish(ended, good); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
	if after := s.state(t); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// TestOneAddress has a port at one address go before the same at all, and nobody from
// elsewhere get to one at the loopback address.
func TestOneAddress(t *testing.T) {
	testns.Tool(t, "nft")
	s := newStreet(t)
	ctx := t.Context()
	before := s.state(t)
	local, all := port("tcp 127.0.0.1:8000 10.1.0.2:80"), port("tcp 0.0.0.0:8000 10.1.0.2:81") // nobody is at 81
	local6, own := port("udp [::1]:8000 [fd00::2]:80"), port("tcp 192.0.2.1:9000 10.1.0.2:80")
	try(t, s.pub.Publish(ctx, local, local6, own))
	reach := func(name string, do func(func() error) error, network, to string, want bool) {
		t.Helper()
		if err := exchange(do, network, to, time.Second); (err == nil) != want {
			t.Errorf("%s, %s %s: %v", name, network, to, err)
		}
	}
	reach("host", s.inHost(t), "tcp", "127.0.0.1:8000", true)
	reach("host", s.inHost(t), "udp", "[::1]:8000", true)
	reach("host", s.inHost(t), "tcp", "192.0.2.1:8000", false)
	reach("host", s.inHost(t), "tcp", "127.0.0.1:9000", false)
	reach("outside", s.inOutside(t), "tcp", "192.0.2.1:8000", false)
	reach("outside", s.inOutside(t), "tcp", "192.0.2.1:9000", true)
	reach("sibling", s.peer.Do, "tcp", "192.0.2.1:9000", true)
	reach("sibling", s.peer.Do, "tcp", "10.1.0.1:9000", false)

	// A neighbour who sends to 127.0.0.1 by way of the host.
	s.outside.Run(t, "ip", "route", "add", "127.0.0.1/32", "via", "192.0.2.1", "table", "7").Must(t)
	s.outside.Run(t, "ip", "rule", "add", "pref", "1", "to", "127.0.0.1", "table", "7").Must(t)
	s.outside.Run(t, "ip", "rule", "del", "pref", "0").Must(t)
	s.outside.Run(t, "ip", "rule", "add", "pref", "5", "table", "local").Must(t)
	s.outside.Sysctl(t, "net/ipv4/conf/eth0/route_localnet", 1)
	reach("outside", s.inOutside(t), "tcp", "127.0.0.1:8000", false)

	try(t, s.pub.Publish(ctx, all))
	reach("host", s.inHost(t), "tcp", "127.0.0.1:8000", true)
	try(t, s.pub.Unpublish(ctx, all)) // the loopback address stays, for local
	reach("host", s.inHost(t), "tcp", "127.0.0.1:8000", true)
	try(t, s.pub.Publish(ctx, all))
	try(t, s.pub.Unpublish(ctx, local)) // now it is all's
	reach("host", s.inHost(t), "tcp", "127.0.0.1:8000", false)
	try(t, s.pub.Unpublish(ctx, local6, own, all))
	if after := s.state(t); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// TestOthers has two Publishers, others' changes of the ruleset, and a host whose
// address goes away.
func TestOthers(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	s := newStreet(t)
	ctx := t.Context()
	s.ns.Run(t, "iptables", "-P", "FORWARD", "DROP").Must(t)
	before := s.state(t)
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() {
			err := errors.Join(s.pub.Publish(ctx, port(fmt.Sprintf("tcp 0.0.0.0:%d 10.1.0.2:80", 8000+i))))
			if i%2 == 1 {
				err = errors.Join(err, s.pub.Unpublish(ctx, port(fmt.Sprintf("tcp 0.0.0.0:%d", 8000+i))))
			}
			errs[i] = err
		})
	}
	wg.Wait()
	try(t, errors.Join(errs...))
	if n := len(s.listed(t)); n != 8 {
		t.Errorf("%d ports", n)
	}

	// Somebody flushes the chain; the next port brings the jump back.
	s.ns.Run(t, "iptables", "-F", "FORWARD").Must(t)
	if err := exchange(s.inOutside(t), "tcp", "192.0.2.1:8000", 300*time.Millisecond); err == nil {
		t.Error("reached although FORWARD is empty and drops")
	}
	try(t, s.pub.Publish(ctx, port("tcp 0.0.0.0:9000 10.1.0.2:80")))
	if err := exchange(s.inOutside(t), "tcp", "192.0.2.1:8000", time.Second); err != nil {
		t.Error(err)
	}
	// The jump is there once.
	if n := strings.Count(s.ns.Run(t, "iptables", "-S", "FORWARD").Must(t), container.PortTable); n != 1 {
		t.Errorf("%d jumps", n)
	}

	// The bridge gets another address, and programs that come from loopback another source.
	s.ns.Run(t, "ip", "address", "add", "10.1.0.9/16", "dev", "br0").Must(t)
	s.ns.Run(t, "sysctl", "-qw", "net.ipv4.conf.br0.promote_secondaries=1").Must(t)
	s.ns.Run(t, "ip", "address", "del", "10.1.0.1/16", "dev", "br0").Must(t)
	try(t, s.pub.Publish(ctx, port("tcp 0.0.0.0:9001 10.1.0.2:80")))
	list := s.ns.Run(t, "nft", "list", "chain", "ip", container.PortTable, "loopback-out").Must(t)
	if !strings.Contains(list, "saddr set 10.1.0.9") || strings.Contains(list, "saddr set 10.1.0.1 ") {
		t.Error(list)
	}

	ports, err := s.pub.List(ctx)
	try(t, err)
	try(t, s.pub.Unpublish(ctx, ports...))
	if after := s.state(t); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// TestSysctlsStay: what somebody else has turned on stays on, and what was off and
// has been turned off since is left alone.
func TestSysctlsStay(t *testing.T) {
	testns.Tool(t, "nft")
	s := newStreet(t)
	ctx := t.Context()
	s.ns.Sysctl(t, "net/ipv4/ip_forward", 1)
	before := s.state(t)
	both := []container.Port{port("tcp 0.0.0.0:80 10.1.0.2:80"), port("tcp [::]:80 [fd00::2]:80")}
	try(t, s.pub.Publish(ctx, both...))
	if on := s.state(t); !strings.Contains(on, "net/ipv6/conf/all/forwarding 1") {
		t.Error(on)
	}
	try(t, s.pub.Unpublish(ctx, both[0]))
	if on := s.state(t); !strings.Contains(on, "hairpin c0") { // for the other family
		t.Error(on)
	}
	try(t, s.pub.Unpublish(ctx, both[1]))
	if after := s.state(t); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// BenchmarkPublish is one port more on a host that has k, with and without 10,000
// rules of others.
func BenchmarkPublish(b *testing.B) {
	for _, k := range []int{1, 1000, 60000} {
		b.Run(fmt.Sprintf("port %d", k), func(b *testing.B) { benchmarkPublish(b, k-1, 1, 0) })
	}
	b.Run("206 ports, 10000 rules", func(b *testing.B) { benchmarkPublish(b, 0, 206, 10000) })
	b.Run("206 ports, one after the other, 10000 rules", func(b *testing.B) { benchmarkPublish(b, 0, -206, 10000) })
}

func benchmarkPublish(b *testing.B, there, n, rules int) {
	s := newStreet(b)
	ctx := b.Context()
	s.rules(b, rules)
	ports := func(from, n int) (all []container.Port) {
		for i := range n {
			all = append(all, container.Port{
				Proto: rule.TCP, Host: netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(from+i)),
				To: netip.MustParseAddrPort("10.1.0.2:80"), Container: "n0", HostEnd: "c0",
			})
		}
		return all
	}
	before := ports(1000, there)
	try(b, s.pub.Publish(ctx, before...))
	defer func() { try(b, s.pub.Unpublish(ctx, before...)) }()
	apart := n < 0
	more := ports(1, max(n, -n))
	b.ResetTimer()
	b.ReportAllocs()
	b.StopTimer()
	for range b.N {
		b.StartTimer()
		if apart {
			for i := range more {
				try(b, s.pub.Publish(ctx, more[i]))
			}
		} else {
			try(b, s.pub.Publish(ctx, more...))
		}
		b.StopTimer()
		try(b, s.pub.Unpublish(ctx, more...))
	}
}

// rules has others have n rules, in the chain that drops what is forwarded.
func (s *street) rules(b *testing.B, n int) {
	b.Helper()
	if n == 0 {
		return
	}
	c, err := nft.Dial(nl.Config{NetNS: s.ns.FD()})
	try(b, err)
	defer c.Close()
	forward := &nft.Chain{
		Family: nft.IPv4, Table: "filter", Name: "FORWARD", Type: "filter",
		Hook: nl.Some(nft.Hook{Num: nft.Forward}), Policy: nl.Some(nft.VerdictDrop),
	}
	batch := c.Begin(b.Context())
	batch.AddTable(&nft.Table{Family: nft.IPv4, Name: "filter"})
	batch.AddChain(forward)
	var build rule.Builder
	for i := range n {
		r, err := build.Rule(forward, rule.SAddr(netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16, byte(i >> 8), byte(i)}), 32)), rule.Counter(), rule.Drop())
		try(b, err)
		batch.AddRule(r)
	}
	try(b, batch.Commit(b.Context()))
}
