//go:build linux

package graph

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// A lab is what a survey would find, made by hand.
type lab struct {
	s     survey.Survey
	rules []ruleset
}

// ns is a namespace of a name, with lo; "" is the caller's.
func (l *lab) ns(name string) *survey.Namespace {
	n := &survey.Namespace{Home: name == ""}
	switch {
	case strings.HasPrefix(name, "pid "):
		n.PID, _ = strconv.Atoi(name[4:])
	case name != "":
		n.Names = []string{name}
	}
	l.s.Namespaces = append(l.s.Namespaces, n)
	l.rules = append(l.rules, ruleset{})
	device(n, "lo", "", "127.0.0.1/8", "::1/128")
	return n
}

// device is one that is up, with addresses.
func device(n *survey.Namespace, name, kind string, addrs ...string) *survey.Link {
	l := &survey.Link{Namespace: n}
	l.Name, l.Info.Kind, l.Index, l.Flags, l.MTU, l.Carrier = name, kind, uint32(len(n.Links)+1), unix.IFF_UP, 1500, nl.Some(uint8(1))
	n.Links = append(n.Links, l)
	for _, text := range addrs {
		p := netip.MustParsePrefix(text)
		n.Addrs = append(n.Addrs, rtnl.Addr{Index: l.Index, Address: p.Addr(), Local: p.Addr(), PrefixLen: uint8(p.Bits())})
	}
	return l
}

// cable connects two links, which are of kind veth.
func cable(a, b *survey.Link) {
	a.Peer, b.Peer = b, a
	a.Parent, b.Parent = nl.Some(b.Index), nl.Some(a.Index)
}

// wire makes a cable: "br0/ve-red" is a port of br0.
func wire(a *survey.Namespace, from string, b *survey.Namespace, to string, addrs ...string) (x, y *survey.Link) {
	master, name, isPort := strings.Cut(from, "/")
	if !isPort {
		name = from
	}
	x = device(a, name, "veth")
	if isPort {
		port(x, master)
	}
	y = device(b, to, "veth", addrs...)
	cable(x, y)
	return x, y
}

func port(l *survey.Link, master string) {
	m := l.Namespace.LinkNamed(master)
	l.Link.Master = nl.Some(m.Index)
}

func on(l, lower *survey.Link) {
	l.Lower, l.Parent = lower, nl.Some(lower.Index)
}

func routeVia(n *survey.Namespace, dev, to, via string) {
	r := rtnl.Route{Table: unix.RT_TABLE_MAIN, Type: unix.RTN_UNICAST, Protocol: unix.RTPROT_BOOT, OIF: n.LinkNamed(dev).Index}
	if to != "default" {
		r.Dst = netip.MustParsePrefix(to)
	}
	if via != "" {
		r.Gateway = netip.MustParseAddr(via)
	}
	n.Routes = append(n.Routes, r)
}

func down(l *survey.Link) {
	l.Flags &^= unix.IFF_UP
	l.Carrier.V = 0
}

// rule adds one to the last namespace.
func (l *lab) rule(words, to string) {
	rs := &l.rules[len(l.rules)-1]
	rs.nat = append(rs.nat, &natRule{words: words, in: to != "", to: to})
}

// picture is what is made of it.
func (l *lab) picture() *picture {
	for i := range l.rules {
		l.rules[i].tidy()
	}
	return paint(&l.s, l.rules)
}

// shuffled is the same with other indexes, and in another order, as a kernel might have it.
func (l *lab) shuffled(seed uint64) *lab {
	rnd := rand.New(rand.NewPCG(seed, 1))
	for _, n := range l.s.Namespaces {
		index := map[uint32]uint32{0: 0}
		for i, to := range rnd.Perm(len(n.Links)) {
			index[n.Links[i].Index] = uint32(to + 1)
		}
		for _, d := range n.Links {
			d.Index = index[d.Index]
			d.Link.Master.V = index[d.Link.Master.V]
		}
		slices.SortFunc(n.Links, func(a, b *survey.Link) int { return int(a.Index) - int(b.Index) })
		for i := range n.Addrs {
			n.Addrs[i].Index = index[n.Addrs[i].Index]
		}
		for i := range n.Routes {
			n.Routes[i].OIF = index[n.Routes[i].OIF]
		}
		rnd.Shuffle(len(n.Routes), func(i, j int) { n.Routes[i], n.Routes[j] = n.Routes[j], n.Routes[i] })
	}
	rnd.Shuffle(len(l.rules), func(i, j int) {
		l.rules[i], l.rules[j] = l.rules[j], l.rules[i]
		l.s.Namespaces[i], l.s.Namespaces[j] = l.s.Namespaces[j], l.s.Namespaces[i]
	})
	rnd.Shuffle(len(l.s.Stale), func(i, j int) { l.s.Stale[i], l.s.Stale[j] = l.s.Stale[j], l.s.Stale[i] })
	return l
}

// labs are those that have golden pictures.
var labs = []struct {
	name string
	make func() *lab
}{
	{"empty", func() *lab {
		l := &lab{}
		l.ns("")
		return l
	}},
	{"cable", func() *lab {
		l := &lab{}
		l.ns("")
		red, blue := l.ns("red"), l.ns("blue")
		a := device(red, "veth-red", "veth", "192.168.15.1/24")
		cable(a, device(blue, "veth-blue", "veth", "192.168.15.2/24"))
		return l
	}},
	{"tutorial", func() *lab {
		l := &lab{}
		home := l.ns("")
		device(home, "eth0", "veth", "192.168.1.10/24").Parent = nl.Some(uint32(2))
		device(home, "v-net-0", "bridge", "192.168.15.5/24")
		routeVia(home, "eth0", "default", "192.168.1.1")
		l.rule("ip saddr 192.168.15.0/24 masquerade", "")
		l.rule("tcp dport 80 dnat to 192.168.15.2:80", "192.168.15.2")
		for i, name := range []string{"red", "blue"} {
			n := l.ns(name)
			wire(home, "v-net-0/veth-"+name+"-br", n, "veth-"+name, fmt.Sprintf("192.168.15.%d/24", i+1))
			if name == "blue" {
				routeVia(n, "veth-blue", "192.168.1.0/24", "192.168.15.5")
				routeVia(n, "veth-blue", "default", "192.168.15.5")
			}
		}
		return l
	}},
	{"five", func() *lab {
		l := &lab{}
		home := l.ns("")
		device(home, "br0", "bridge", "10.0.0.1/24", "fd00::1/64")
		device(home, "dummy0", "dummy", "10.9.9.9/32")
		for i := 1; i <= 5; i++ {
			n := l.ns(fmt.Sprint("pc", i))
			a, b := wire(home, fmt.Sprint("br0/ve", i), n, "eth0", fmt.Sprintf("10.0.0.%d/24", 10+i))
			if i == 3 {
				down(b)
				a.Carrier.V = 0
			} else {
				routeVia(n, "eth0", "default", "10.0.0.1")
			}
		}
		return l
	}},
	{"thirty", func() *lab {
		l := &lab{}
		home := l.ns("")
		device(home, "eth0", "", "192.168.1.10/24")
		routeVia(home, "eth0", "default", "192.168.1.1")
		l.rule(`oifname "eth0" ip saddr { 10.1.0.0/24, 10.2.0.0/24, 10.3.0.0/24 } masquerade`, "")
		for i := range 12 {
			l.rule(fmt.Sprintf("published tcp 0.0.0.0:%d to 10.1.0.%d:80", 8000+i, 11+i), fmt.Sprintf("10.1.0.%d", 11+i))
		}
		for b := 1; b <= 3; b++ {
			device(home, fmt.Sprint("br-", b), "bridge", fmt.Sprintf("10.%d.0.1/24", b))
			for i := 1; i <= 10; i++ {
				n := l.ns(fmt.Sprintf("web-%d-%d", b, i))
				wire(home, fmt.Sprintf("br-%d/ve-%d-%d", b, b, i), n, "eth0", fmt.Sprintf("10.%d.0.%d/24", b, 10+i))
				routeVia(n, "eth0", "default", fmt.Sprintf("10.%d.0.1", b))
			}
		}
		return l
	}},
	{"routers", func() *lab { // no link of the caller's is in it
		l := &lab{}
		l.ns("")
		a, b, c, r1 := l.ns("a"), l.ns("b"), l.ns("c"), l.ns("r1")
		l.rule(`oifname "wan" masquerade`, "")
		r2 := l.ns("r2")
		cable(device(a, "eth0", "veth", "10.0.1.2/24"), device(r1, "lan", "veth", "10.0.1.1/24"))
		cable(device(r1, "wan", "veth", "10.0.2.1/24"), device(r2, "wan", "veth", "10.0.2.2/24"))
		cable(device(r2, "lan", "veth", "10.0.3.1/24"), device(b, "eth0", "veth", "10.0.3.2/24"))
		cable(device(r2, "lan2", "veth", "10.0.4.1/24"), device(c, "eth0", "veth", "10.0.4.2/24"))
		routeVia(a, "eth0", "default", "10.0.1.1")
		routeVia(r1, "wan", "10.0.3.0/24", "10.0.2.2")
		for i := range 6 {
			routeVia(r2, "wan", fmt.Sprintf("10.7.%d.0/24", i), "10.0.2.1")
		}
		return l
	}},
	{"crossed", func() *lab { // cables that are not straight, and one within a namespace
		l := &lab{}
		home := l.ns("")
		device(home, "br-a", "bridge", "10.1.0.1/24")
		device(home, "br-b", "bridge", "10.2.0.1/24")
		boxes := map[string]*survey.Namespace{}
		for i := 1; i <= 3; i++ {
			for _, b := range []string{"a", "b"} {
				n := l.ns(fmt.Sprint(b, i))
				boxes[n.Names[0]] = n
				wire(home, fmt.Sprintf("br-%s/ve-%s%d", b, b, i), n, "eth0")
			}
		}
		gw := l.ns("gw")
		wire(home, "br-a/gw-a", gw, "to-a", "10.1.0.254/24")
		wire(home, "br-b/gw-b", gw, "to-b", "10.2.0.254/24")
		cable(device(boxes["a1"], "p2p", "veth", "172.16.0.1/30"), device(boxes["b3"], "p2p", "veth", "172.16.0.2/30"))
		x0, _ := wire(home, "br-a/x0", home, "x1")
		port(x0.Peer, "br-b")
		wire(home, "y0", home, "y1")
		wire(gw, "z0", gw, "z1", "10.6.0.1/24")
		host1 := l.ns("host1")
		wire(home, "h1", host1, "eth0", "10.5.0.2/32")
		l.ns("lonely")
		l.s.Stale = []nsfs.Entry{{Name: "old", Why: "an empty file, with no namespace mounted on it"}}
		return l
	}},
	{"stacks", func() *lab {
		l := &lab{}
		home := l.ns("")
		eth0 := device(home, "eth0", "")
		bond := device(home, "bond0", "bond")
		port(eth0, "bond0")
		port(device(home, "eth1", ""), "bond0")
		vlan := device(home, "bond0.7", "vlan")
		vlan.Info.VLAN = &rtnl.VLAN{ID: nl.Some(uint16(7))}
		on(vlan, bond)
		qinq := device(home, "bond0.7.8", "vlan", "10.78.0.1/24", "fd00:78::1/64")
		qinq.Info.VLAN = &rtnl.VLAN{ID: nl.Some(uint16(8))}
		on(qinq, vlan)
		device(home, "br7", "bridge", "10.7.0.1/24")
		port(vlan, "br7")
		vx := device(home, "vx42", "vxlan")
		vx.Info.VXLAN = &rtnl.VXLAN{ID: nl.Some(uint32(42))}
		port(vx, "br7")
		on(vx, bond)
		tap := device(home, "tap0", "tun")
		tap.Info.Tun = &rtnl.Tun{Type: nl.Some(uint8(2))}
		down(tap)
		routeVia(home, "bond0", "default", "192.168.1.1")
		home.Routes[0].NextHops, home.Routes[0].OIF, home.Routes[0].Gateway = []rtnl.NextHop{
			{OIF: bond.Index, Gateway: netip.MustParseAddr("192.168.1.1")}, {OIF: bond.Index, Via: netip.MustParseAddr("fe80::1")},
		}, 0, netip.Addr{}
		home.Routes = append(home.Routes, rtnl.Route{Table: 7, Type: unix.RTN_BLACKHOLE, Dst: netip.MustParsePrefix("10.0.0.0/8")})
		for i := 1; i <= 2; i++ {
			n := l.ns(fmt.Sprint("mac", i))
			mv := device(n, "mv0", "macvlan", fmt.Sprintf("10.78.0.%d/24", 1+i))
			on(mv, qinq)
		}
		sw := l.ns("switch")
		device(sw, "br0", "bridge")
		wire(home, "br7/to-switch", sw, "up")
		port(sw.LinkNamed("up"), "br0")
		for i := 1; i <= 3; i++ {
			n := l.ns(fmt.Sprint("s", i))
			wire(sw, fmt.Sprint("br0/p", i), n, "eth0", fmt.Sprintf("10.7.0.%d/24", 1+i))
		}
		return l
	}},
	{"elsewhere", func() *lab {
		l := &lab{}
		home := l.ns("")
		device(home, "veth0", "veth", "10.0.0.1/30").Parent = nl.Some(uint32(5)) // in a namespace that is not to be seen
		red := l.ns("red")
		device(red, "eth9", "veth").Parent = nl.Some(uint32(7))
		p := l.ns("pid 4711") // of a container without a name
		wire(red, "to-pid", p, "eth0", "10.3.0.2/24")
		device(l.ns("pid 4712"), "eth0", "veth", "10.4.0.1/24") // of somebody else
		blind := l.ns("blind")
		blind.Links, blind.Addrs, blind.Err = nil, nil, unix.EPERM
		l.rules[0].err = errors.New("operation not permitted")
		red.Names = append(red.Names, "rot")
		return l
	}},
	{"policy", func() *lab { // rules of routing, addresses of cables, and a name that is taken
		l := &lab{}
		home := l.ns("")
		a, b := device(home, "ppp0", "veth"), device(l.ns("host"), "ppp0", "veth")
		cable(a, b)
		for i, end := range []*survey.Link{a, b} {
			n := end.Namespace
			n.Addrs = append(n.Addrs, rtnl.Addr{
				Index: end.Index, Local: netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + i)}), Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(2 - i)}), PrefixLen: 32,
			})
		}
		routeVia(home, "ppp0", "10.2.0.0/16", "10.0.0.2")
		home.Rules = []rtnl.Rule{
			{Family: unix.AF_INET, Action: ruleToTable, Table: unix.RT_TABLE_LOCAL},
			{Family: unix.AF_INET, Action: ruleToTable, Table: 7, Priority: nl.Some(uint32(100)), Src: netip.MustParsePrefix("10.1.0.0/16")},
			{Family: unix.AF_INET, Action: ruleToTable, Table: unix.RT_TABLE_MAIN, Priority: nl.Some(uint32(32766))},
			{Family: unix.AF_INET, Action: ruleToTable, Table: unix.RT_TABLE_DEFAULT, Priority: nl.Some(uint32(32767))},
			{Family: unix.AF_INET6, Action: ruleToTable, Table: unix.RT_TABLE_LOCAL},
			{Family: unix.AF_INET6, Action: 8, Priority: nl.Some(uint32(9)), Mark: 5, Mask: nl.Some(uint32(0xff))},
			{Family: unix.AF_INET6, Action: ruleToTable, Table: unix.RT_TABLE_MAIN, Priority: nl.Some(uint32(32766))},
		}
		l.ns("pid 4711") // of a process that has nothing but lo
		taken := l.ns("")
		taken.Home, taken.Names = false, []string{"pid 4711", "else"}
		return l
	}},
	{"sandboxes", func() *lab { // of processes that have nothing but lo
		l := &lab{}
		l.ns("")
		device(l.ns("red"), "dummy0", "dummy", "10.0.0.1/24")
		for _, pid := range []int{998, 4711, 1042, 900, 22222, 1044, 1046, 1048, 1050, 31000} {
			l.ns(fmt.Sprint("pid ", pid))
		}
		return l
	}},
	{"names", func() *lab { // which mean something to somebody
		l := &lab{}
		home := l.ns("")
		device(home, `<&"'`, "bridge")
		for i, name := range []string{"a\nb", "\x1b[31mred", "a]--b{}|#;`", "日本語", "end", strings.Repeat("long", 40), "\xff\u202e", "%%{init: {}}%%", "</style><script>"} {
			wire(home, fmt.Sprintf(`<&"'/p%d"]`, i), l.ns(name), `"\`)
		}
		return l
	}},
}
