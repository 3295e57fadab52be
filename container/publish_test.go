//go:build linux

package container_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/container"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// A street is a stage on which the host has a cable to the outside: 192.0.2.1 and
// 2001:db8::1, with .2 and ::2 at the other end. Containers n0 and n1 are up, and n0
// serves port 80 of TCP and UDP.
type street struct {
	*stage
	outside   *testns.NS
	web, peer *nsfs.NS // n0 and n1
	pub       *container.Publisher
}

func newStreet(t testing.TB) *street {
	t.Helper()
	s := &street{stage: newStage(t, true), outside: testns.New(t)}
	s.ns.Up(t, "lo")
	s.outside.Sysctl(t, "net/ipv6/conf/all/accept_dad", 0)
	s.outside.Sysctl(t, "net/ipv6/conf/default/accept_dad", 0)
	ctx := t.Context()
	try(t, s.conn.AddLink(ctx, &rtnl.Link{Name: "up0", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: rtnl.LinkInfo{
		Kind: "veth", Peer: &rtnl.Link{Name: "eth0", NetNSFD: nl.Some(uint32(s.outside.FD()))},
	}}))
	s.outside.Up(t, "eth0")
	far, err := rtnl.Dial(nl.Config{NetNS: s.outside.FD()})
	try(t, err)
	t.Cleanup(func() { far.Close() })
	addAddrs(t, s.conn, "up0", "192.0.2.1/24", "2001:db8::1/64")
	addAddrs(t, far, "eth0", "192.0.2.2/24", "2001:db8::2/64")

	all := dual(2)
	try(t, s.host.Up(ctx, all...))
	t.Cleanup(func() { try(t, s.host.Down(context.Background(), all...)) })
	s.web, s.peer = s.container(t, "n0"), s.container(t, "n1")
	serve(t, s.web)
	ns, err := nsfs.Open(s.ns.Path())
	try(t, err)
	t.Cleanup(func() { ns.Close() })
	s.pub, err = container.NewPublisher(t.Context(), ns)
	try(t, err)
	t.Cleanup(func() { s.pub.Close() })
	return s
}

func (s *street) container(t testing.TB, name string) *nsfs.NS {
	t.Helper()
	ns, err := s.pool.Open(name)
	try(t, err)
	t.Cleanup(func() { ns.Close() })
	return ns
}

func addAddrs(t testing.TB, c *rtnl.Conn, link string, prefixes ...string) {
	t.Helper()
	index, err := c.LinkIndex(t.Context(), link)
	try(t, err)
	for _, p := range prefixes {
		p := netip.MustParsePrefix(p)
		a := &rtnl.Addr{Family: unix.AF_INET, Index: index, Address: p.Addr(), Local: p.Addr(), PrefixLen: uint8(p.Bits())}
		if p.Addr().Is6() {
			a.Family, a.Flags = unix.AF_INET6, unix.IFA_F_NODAD
		}
		try(t, c.AddAddr(t.Context(), a))
	}
}

// serve answers at port 80 with what it is sent, in capitals.
func serve(t testing.TB, ns *nsfs.NS) {
	t.Helper()
	var tcp net.Listener
	var udp net.PacketConn
	try(t, ns.Do(func() (err error) {
		if tcp, err = net.Listen("tcp", "[::]:80"); err == nil {
			udp, err = net.ListenPacket("udp", "[::]:80")
		}
		return err
	}))
	done := make(chan bool, 2)
	t.Cleanup(func() {
		tcp.Close()
		udp.Close()
		<-done
		<-done
	})
	go func() {
		defer func() { done <- true }()
		for {
			c, err := tcp.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 64)
			if n, err := c.Read(b); err == nil {
				_, _ = c.Write([]byte(strings.ToUpper(string(b[:n])))) // the client will tell
			}
			c.Close()
		}
	}()
	go func() {
		defer func() { done <- true }()
		b := make([]byte, 64)
		for {
			n, from, err := udp.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = udp.WriteTo([]byte(strings.ToUpper(string(b[:n]))), from)
		}
	}()
}

// exchange sends a word from a namespace, and reads the answer.
func exchange(do func(func() error) error, network, to string, patience time.Duration) error {
	var c net.Conn
	err := do(func() (err error) {
		c, err = net.DialTimeout(network, to, patience)
		return err
	})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("hello")); err != nil {
		return err
	}
	b := make([]byte, 64)
	n, err := io.ReadAtLeast(c, b, 5)
	if err == nil && string(b[:n]) != "HELLO" {
		err = errors.New("got " + string(b[:n]))
	}
	return err
}

// inHost is Do of the host's namespace.
func (s *street) inHost(t testing.TB) func(func() error) error {
	return func(f func() error) (err error) {
		s.ns.Do(t, func() { err = f() })
		return err
	}
}

func (s *street) inOutside(t testing.TB) func(func() error) error {
	return func(f func() error) (err error) {
		s.outside.Do(t, func() { err = f() })
		return err
	}
}

// A place is where a published port is to be reached from, and by which addresses of
// the host.
type place struct {
	name string
	do   func(func() error) error
	to   []string
}

func (s *street) places(t testing.TB) []place {
	return []place{
		{"outside", s.inOutside(t), []string{"192.0.2.1", "2001:db8::1"}},
		{"host, own address", s.inHost(t), []string{"192.0.2.1", "10.1.0.1", "2001:db8::1", "fd00::1"}},
		{"host, loopback", s.inHost(t), []string{"127.0.0.1", "::1"}},
		{"sibling", s.peer.Do, []string{"192.0.2.1", "10.1.0.1", "2001:db8::1", "fd00::1"}},
		{"itself", s.web.Do, []string{"192.0.2.1", "10.1.0.1", "2001:db8::1", "fd00::1"}},
	}
}

// matrix tries all places, and writes a line for each.
func (s *street) matrix(t *testing.T, port int) {
	t.Helper()
	for _, p := range s.places(t) {
		line := ""
		for _, to := range p.to {
			for _, network := range []string{"tcp", "udp"} {
				err := exchange(p.do, network, net.JoinHostPort(to, fmt.Sprint(port)), 3*time.Second)
				if line += "  " + network + " " + to + " yes"; err != nil {
					line = strings.TrimSuffix(line, "yes") + "NO"
					t.Errorf("port %d from %s: %s %s: %v", port, p.name, network, to, err)
				}
			}
		}
		t.Logf("%-18s%s", p.name, line)
	}
}

// published are n ports from 8000 on, of both protocols and both families.
func published(n int) (all []container.Port) {
	for i := range n {
		for _, proto := range []rule.Transport{rule.TCP, rule.UDP} {
			for _, to := range []string{"10.1.0.2:80", "[fd00::2]:80"} {
				to := netip.MustParseAddrPort(to)
				any := netip.IPv4Unspecified()
				if to.Addr().Is6() {
					any = netip.IPv6Unspecified()
				}
				all = append(all, container.Port{
					Proto: proto, Host: netip.AddrPortFrom(any, uint16(8000+i)), To: to, Container: "n0", HostEnd: "c0",
				})
			}
		}
	}
	return all
}

// forwards are ways to drop what is forwarded.
var forwards = []struct {
	name     string
	commands []string
}{
	{"no firewall", nil},
	{"iptables -P FORWARD DROP", []string{"iptables -P FORWARD DROP", "ip6tables -P FORWARD DROP", "iptables -t mangle -P FORWARD DROP"}},
	{"nft, policy drop", []string{"nft add table inet fw", "nft add chain inet fw f { type filter hook forward priority 0 ; policy drop ; }",
		"nft add table ip fw4", "nft add chain ip fw4 f { type filter hook forward priority -5 ; policy drop ; }", "nft add rule ip fw4 f counter"}},
}

// state is what Publish changes: the ruleset, as the real nft lists it, the sysctls,
// and hairpin mode.
func (s *street) state(t *testing.T) string {
	t.Helper()
	text := s.ns.Run(t, "nft", "-s", "list", "ruleset").Must(t)
	try(t, s.inHost(t)(func() error {
		for _, name := range []string{"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv6/conf/br0/forwarding", "net/ipv4/conf/all/route_localnet", "net/ipv4/conf/br0/route_localnet"} {
			b, err := os.ReadFile("/proc/sys/" + name)
			if err != nil {
				return err
			}
			text += name + " " + string(b)
		}
		return nil
	}))
	all := links(t, s.conn)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		l := all[name]
		if l.Info.Port != nil && l.Info.Port.Hairpin.V != 0 {
			text += "hairpin " + name + "\n"
		}
	}
	return text
}

// TestReachable has a published port reached from everywhere, on a host with and
// without br_netfilter, that forwards or drops what it is not told to, and nothing
// left when the port is gone.
func TestReachable(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	i := 0
	for _, bridged := range []int{0, 1} {
		for _, fw := range forwards {
			for _, n := range []int{1, 1000} {
				if i++; !testns.Some(i, 1, 12) {
					continue
				}
				t.Run(fmt.Sprintf("bridge-nf-call=%d, %s, %d ports", bridged, fw.name, n), func(t *testing.T) {
					s := newStreet(t)
					if _, err := os.Stat("/proc/sys/net/bridge"); err != nil {
						testns.Skip(t, "the kernel has no br_netfilter")
					}
					s.ns.Sysctl(t, "net/bridge/bridge-nf-call-iptables", bridged)
					s.ns.Sysctl(t, "net/bridge/bridge-nf-call-ip6tables", bridged)
					for _, c := range fw.commands {
						s.ns.Run(t, strings.Fields(c)...).Must(t)
					}
					before := s.state(t)
					for _, p := range s.places(t) { // nobody is there yet
						if err := exchange(p.do, "tcp", net.JoinHostPort(p.to[0], "8000"), time.Second); err == nil {
							t.Errorf("%s: reached before it is published", p.name)
						}
					}
					ports := published(n)
					try(t, s.pub.Publish(t.Context(), ports...))
					s.matrix(t, 8000)
					if n > 1 {
						s.matrix(t, 8000+n-1)
					}
					s.reloads(t)
					if s.ns.Run(t, "iptables", "-S"); strings.HasPrefix(fw.name, "iptables") {
						for _, c := range []string{"iptables -S", "ip6tables -nvL"} { // it still lists its tables
							if text := s.ns.Run(t, strings.Fields(c)...).Must(t); !strings.Contains(text, container.PortComment) {
								t.Errorf("%s: %s", c, text)
							}
						}
					}
					try(t, s.pub.Unpublish(t.Context(), ports...))
					if after := s.state(t); after != before {
						t.Errorf("before\n%s\nafter\n%s", before, after)
					}
					for _, p := range s.places(t) {
						if err := exchange(p.do, "tcp", net.JoinHostPort(p.to[0], "8000"), time.Second); err == nil {
							t.Errorf("%s: reached after it is unpublished", p.name)
						}
					}
				})
			}
		}
	}
}

// reloads has the real nft take its list of our table.
func (s *street) reloads(t *testing.T) {
	t.Helper()
	for _, family := range []string{"ip", "ip6"} {
		list := s.ns.Run(t, "nft", "list", "table", family, container.PortTable).Must(t)
		testns.Cmd{NS: testns.New(t), Args: []string{"nft", "-f", "-"}, Stdin: list}.Run(t).Must(t)
	}
}
