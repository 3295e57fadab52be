//go:build linux

package container_test

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/container"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

func TestMain(m *testing.M) { testns.Main(m) }

// A stage is a host with a bridge, br0, that has 10.1.0.1/16 and fd00::1/64.
type stage struct {
	ns   *testns.NS
	conn *rtnl.Conn
	pool *nsfs.Pool // nil: named namespaces
	host *container.Host
}

func newStage(t testing.TB, pooled bool) *stage {
	t.Helper()
	s := &stage{ns: testns.New(t)}
	// A new link says nothing of IPv6 for a second or two, but asks whether its
	// address is another's.
	s.ns.Sysctl(t, "net/ipv6/conf/all/accept_dad", 0)
	s.ns.Sysctl(t, "net/ipv6/conf/default/accept_dad", 0)
	var err error
	if s.conn, err = rtnl.Dial(nl.Config{NetNS: s.ns.FD()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.conn.Close() })
	if pooled {
		s.pool = new(nsfs.Pool)
		t.Cleanup(func() {
			if err := s.pool.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	ctx := t.Context()
	try(t, s.conn.AddLink(ctx, &rtnl.Link{Name: "br0", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: rtnl.LinkInfo{Kind: "bridge"}}))
	index, err := s.conn.LinkIndex(ctx, "br0")
	try(t, err)
	for _, p := range []string{"10.1.0.1/16", "fd00::1/64"} {
		p := netip.MustParsePrefix(p)
		a := &rtnl.Addr{Family: unix.AF_INET, Index: index, Address: p.Addr(), Local: p.Addr(), PrefixLen: uint8(p.Bits())}
		if p.Addr().Is6() {
			a.Family, a.Flags = unix.AF_INET6, unix.IFA_F_NODAD
		}
		try(t, s.conn.AddAddr(ctx, a))
	}
	s.host = container.NewHost(s.conn, s.pool)
	return s
}

func try(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%+v", err)
	}
}

// specs are n containers named n0, n1 … on br0.
func specs(n int) []container.Spec {
	all := make([]container.Spec, n)
	for i := range all {
		all[i] = container.Spec{
			Name: fmt.Sprint("n", i), HostEnd: fmt.Sprint("c", i), Bridge: "br0",
			Addrs:    []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, byte((i + 2) >> 8), byte(i + 2)}), 16)},
			Gateways: []netip.Addr{netip.AddrFrom4([4]byte{10, 1, 0, 1})},
		}
	}
	return all
}

// dual are specs that are dual-stack, with a MAC and an MTU of their own.
func dual(n int) []container.Spec {
	all := specs(n)
	for i := range all {
		s := &all[i]
		s.Addrs = append(s.Addrs, netip.PrefixFrom(netip.AddrFrom16([16]byte{0: 0xfd, 15: byte(i + 2)}), 64))
		s.Gateways = append(s.Gateways, netip.MustParseAddr("fd00::1"))
		s.MTU, s.MAC = 1400, nl.HardwareAddrFrom([]byte{2, 0, 0, 0, 1, byte(i)})
	}
	return all
}

// open opens the namespace of a container and a socket in it, both to be closed.
func (s *stage) open(t *testing.T, name string) (*nsfs.NS, *rtnl.Conn) {
	t.Helper()
	open := nsfs.Open
	if s.pool != nil {
		open = s.pool.Open
	}
	ns, err := open(name)
	try(t, err)
	c, err := rtnl.Dial(nl.Config{NetNS: ns.Fd()})
	try(t, err)
	return ns, c
}

// links are the names of the links of a namespace with what matters of each.
func links(t *testing.T, c *rtnl.Conn) map[string]rtnl.Link {
	t.Helper()
	all, err := c.Links(t.Context(), rtnl.LinkFilter{})
	try(t, err)
	m := map[string]rtnl.Link{}
	for _, l := range all {
		m[l.Name] = l
	}
	return m
}

// names are those of the namespaces that are there, sorted.
func (s *stage) names(t *testing.T) []string {
	t.Helper()
	list := nsfs.List
	if s.pool != nil {
		list = s.pool.List
	}
	all, err := list()
	try(t, err)
	slices.Sort(all)
	return all
}

func TestReadBack(t *testing.T) {
	for _, pooled := range []bool{true, false} {
		s := newStage(t, pooled)
		all := dual(3)
		try(t, s.host.Up(t.Context(), all...))
		if got := s.names(t); !slices.Equal(got, []string{"n0", "n1", "n2"}) {
			t.Fatalf("namespaces %q", got)
		}
		host := links(t, s.conn)
		if len(host) != 5 { // with lo and br0
			t.Errorf("%d links on the host", len(host))
		}
		for i := range all {
			s.readBack(t, &all[i], host)
		}
		try(t, s.host.Down(t.Context(), all...))
		if left := links(t, s.conn); len(left) != 2 || len(s.names(t)) != 0 {
			t.Errorf("left: %d links, namespaces %q", len(left), s.names(t))
		}
	}
}

func (s *stage) readBack(t *testing.T, spec *container.Spec, host map[string]rtnl.Link) {
	t.Helper()
	ns, c := s.open(t, spec.Name)
	defer ns.Close()
	defer c.Close()
	in := links(t, c)
	end, eth0, lo := host[spec.HostEnd], in[container.Inside], in["lo"]
	if len(in) != 2 || lo.Flags&unix.IFF_UP == 0 {
		t.Errorf("%s: links %v", spec.Name, in)
	}
	for _, l := range []rtnl.Link{end, eth0} {
		if l.Info.Kind != "veth" || l.Flags&unix.IFF_UP == 0 || l.NumTxQueues != 1 || l.NumRxQueues != 1 || l.MTU != spec.MTU {
			t.Errorf("%s: %s is %+v", spec.Name, l.Name, l)
		}
	}
	if end.Master.V != host["br0"].Index || end.Group.V != container.Group || end.Parent.V != eth0.Index || eth0.Parent.V != end.Index {
		t.Errorf("%s: host end %+v", spec.Name, end)
	}
	if eth0.Master.Ok || eth0.Group.V != 0 || eth0.Addr != spec.MAC {
		t.Errorf("%s: eth0 %+v", spec.Name, eth0)
	}
	addrs, err := c.Addrs(t.Context(), rtnl.AddrFilter{Index: eth0.Index})
	try(t, err)
	var got []netip.Prefix
	for _, a := range addrs {
		if a.Scope != unix.RT_SCOPE_LINK { // the kernel's own, fe80::
			got = append(got, a.Prefix())
		}
		if a.Scope != unix.RT_SCOPE_LINK && (a.Flags&unix.IFA_F_TENTATIVE != 0 || a.Flags&unix.IFA_F_PERMANENT == 0) {
			t.Errorf("%s: %s has flags %v", spec.Name, a.Prefix(), a.Flags)
		}
	}
	if !slices.Equal(got, spec.Addrs) {
		t.Errorf("%s: addresses %v, want %v", spec.Name, got, spec.Addrs)
	}
	for i, family := range []rtnl.Family{unix.AF_INET, unix.AF_INET6} {
		routes, err := c.Routes(t.Context(), rtnl.RouteFilter{Family: family, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_BOOT})
		try(t, err)
		if len(routes) != 1 || routes[0].Dst.IsValid() || routes[0].Gateway != spec.Gateways[i] || routes[0].OIF != eth0.Index || routes[0].Type != unix.RTN_UNICAST {
			t.Errorf("%s: routes %+v", spec.Name, routes)
		}
	}
}

// TestLikeIP makes the same container by the commands that Up says it is
// equivalent to, and has ip show both.
func TestLikeIP(t *testing.T) {
	testns.Tool(t, "ip")
	s := newStage(t, false)
	spec := dual(1)[0]
	try(t, s.host.Up(t.Context(), spec))
	for _, line := range []string{
		"ip link add br1 up type bridge", // of its own: the two have the same addresses
		"ip netns add theirs",
		"ip link add ipend mtu 1400 numtxqueues 1 numrxqueues 1 master br1 group 7171699 up type veth peer name eth0 netns theirs mtu 1400 numtxqueues 1 numrxqueues 1 address 02:00:00:00:01:00",
		"ip -n theirs link set lo up",
		"ip -n theirs link set eth0 up",
		"ip -n theirs address add 10.1.0.2/16 dev eth0 nodad",
		"ip -n theirs address add fd00::2/64 dev eth0 nodad",
		"ip -n theirs route add default via 10.1.0.1 dev eth0",
		"ip -n theirs route add default via fd00::1 dev eth0",
	} {
		s.ns.Run(t, strings.Fields(line)...).Must(t)
	}
	time.Sleep(2500 * time.Millisecond) // fe80:: is tentative at first, then not
	for _, show := range []string{"-d link show", "address show", "route show table all", "-6 route show table all"} {
		words := strings.Fields(show)
		ours := s.ns.Run(t, append([]string{"ip", "-n", "n0"}, words...)...).Must(t)
		theirs := s.ns.Run(t, append([]string{"ip", "-n", "theirs"}, words...)...).Must(t)
		differ(t, show, ours, theirs)
	}
	differ(t, "host end", s.shown(t, "c0"), s.shown(t, "ipend"))
	try(t, s.host.Down(t.Context(), spec))
}

// shown is what ip says of a link of the host, without what names it.
func (s *stage) shown(t *testing.T, name string) string {
	t.Helper()
	text := s.ns.Run(t, "ip", "-d", "link", "show", "dev", name).Must(t)
	text = regexp.MustCompile(`^\d+: `+name).ReplaceAllString(text, "N: NAME")
	text = regexp.MustCompile(`ether \S+`).ReplaceAllString(text, "ether MAC")
	text = regexp.MustCompile(`link-netns \S+`).ReplaceAllString(text, "link-netns NS")
	text = strings.ReplaceAll(text, "br1", "br0")
	text = regexp.MustCompile(`designated_root \S+`).ReplaceAllString(text, "designated_root R")
	text = regexp.MustCompile(`designated_bridge \S+`).ReplaceAllString(text, "designated_bridge R")
	return regexp.MustCompile(`(port_id|port_no|designated_port|forward_delay_timer) +\S+`).ReplaceAllString(text, "$1 N")
}

// differ compares what ip shows, but for the index of the link on the host.
func differ(t *testing.T, what, ours, theirs string) {
	t.Helper()
	index := regexp.MustCompile(`@if\d+`)
	if ours, theirs = index.ReplaceAllString(ours, "@ifN"), index.ReplaceAllString(theirs, "@ifN"); ours != theirs {
		t.Errorf("%s\nours:\n%s\ntheirs:\n%s", what, ours, theirs)
	}
}

// TestReaches sends a packet from one container to the other, and to the host.
func TestReaches(t *testing.T) {
	s := newStage(t, true)
	all := dual(2)
	try(t, s.host.Up(t.Context(), all...))
	first, err := s.pool.Open("n0")
	try(t, err)
	defer first.Close()
	second, err := s.pool.Open("n1")
	try(t, err)
	defer second.Close()
	var server *net.UDPConn
	try(t, second.Do(func() (err error) {
		server, err = net.ListenUDP("udp", &net.UDPAddr{Port: 7})
		return err
	}))
	defer server.Close()
	try(t, server.SetReadDeadline(time.Now().Add(10*time.Second)))
	for _, to := range []string{"10.1.0.3:7", "[fd00::3]:7"} {
		try(t, first.Do(func() error {
			c, err := net.Dial("udp", to)
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Write([]byte(to))
			return err
		}))
		buf := make([]byte, 64)
		n, _, err := server.ReadFromUDP(buf)
		if err != nil || string(buf[:n]) != to {
			t.Errorf("%s: got %q, %v", to, buf[:n], err)
		}
	}
	try(t, s.host.Down(t.Context(), all...))
}
