//go:build linux

package doctor

import (
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// TestManual compares the ids with those of the manual.
func TestManual(t *testing.T) {
	b, err := os.ReadFile("../docs/man/minins-doctor.8")
	if err != nil {
		t.Fatal(err)
	}
	var manual, ids []string
	for _, line := range regexp.MustCompile(`(?m)^\.It Li .*`).FindAllString(string(b), -1) {
		manual = append(manual, strings.Fields(strings.ReplaceAll(line[len(".It Li "):], ",", ""))...)
	}
	for i := range texts {
		id, _, _ := strings.Cut(texts[i].key, " ")
		ids = append(ids, id)
	}
	slices.Sort(manual)
	slices.Sort(ids)
	if ids = slices.Compact(ids); !slices.Equal(ids, manual) {
		t.Errorf("got\n%q, the manual has\n%q", ids, manual)
	}
}

// TestTexts writes all of them, with all that they may speak of.
func TestTexts(t *testing.T) {
	n := &survey.Namespace{Names: []string{"red"}}
	l := &survey.Link{Link: rtnl.Link{Name: "eth0"}, Namespace: n}
	a := netip.MustParseAddr("fd15::1")
	f := &facts{n: n, o: n, l: l, m: l, a: a, b: a, p: &packet{src: a, dst: a}, s: "s", t: "t", i: 1, j: 2, r: &place{ns: n, in: inTable{Ruleset: &Ruleset{}}, chain: &nft.Chain{}, rule: &nft.Rule{}}, remedy: []string{"mend"}}
	seen := map[string]bool{}
	for i := range texts {
		text := &texts[i]
		if seen[text.key] {
			t.Errorf("%s is there twice", text.key)
		}
		seen[text.key] = true
		for _, s := range append(f.commands(text.remedy), f.put(text.what), f.put(text.evidence)) {
			if s == "" || strings.ContainsAny(s, "%@") {
				t.Errorf("%s: %q", text.key, s)
			}
		}
	}
	if got, want := f.commands("@n ip %6route add %a dev %L"), "ip netns exec red ip -6 route add fd15::1 dev eth0"; len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A paper host answers from lists.
type paper struct {
	routes  map[string]*rtnl.Route // by namespace and destination
	sysctls map[string]string
	net     map[string]string
}

func (h *paper) Route(n *survey.Namespace, q *rtnl.Route) (*rtnl.Route, error) {
	if r := h.routes[n.Label()+" "+q.Dst.Addr().String()]; r != nil {
		answer := *r
		return &answer, nil
	}
	return nil, unix.ENETUNREACH
}

func (h *paper) Sysctl(n *survey.Namespace, path string) (string, error) {
	if v, ok := h.sysctls[path]; ok {
		return v, nil
	}
	return "0", nil
}
func (h *paper) Ruleset(*survey.Namespace) (*Ruleset, error) { return &Ruleset{}, nil }
func (h *paper) Net(_ *survey.Namespace, file string) (string, error) {
	return h.net[file], nil
}
func (h *paper) Legacy(*survey.Namespace, string, bool) (*OldEntries, error) {
	return nil, unix.ENOENT
}

// draw is red and blue on the bridge br0 of the namespace sw.
func draw() (*survey.Survey, *paper) {
	const up = unix.IFF_UP | lowerUp
	s := &survey.Survey{}
	add := func(name string, links ...string) *survey.Namespace {
		n := &survey.Namespace{Names: []string{name}, Home: name == "sw"}
		for i, link := range links {
			n.Links = append(n.Links, &survey.Link{Namespace: n, Link: rtnl.Link{Name: link, Index: uint32(i + 1), Flags: up, MTU: 1500, Info: rtnl.LinkInfo{Kind: "veth"}}})
		}
		n.Links[0].Flags |= unix.IFF_LOOPBACK
		s.Namespaces = append(s.Namespaces, n)
		return n
	}
	sw, red, blue := add("sw", "lo", "br0", "red", "blue"), add("red", "lo", "eth0"), add("blue", "lo", "eth0")
	sw.Links[1].Info.Kind = "bridge"
	h := &paper{routes: map[string]*rtnl.Route{}, sysctls: map[string]string{}}
	for i, n := range []*survey.Namespace{red, blue} {
		port, own := sw.Links[2+i], n.Links[1]
		port.Link.Master = nl.Some(uint32(2))
		port.Peer, own.Peer = own, port
		a := netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + i)})
		n.Addrs = []rtnl.Addr{{Family: unix.AF_INET, Index: 2, PrefixLen: 24, Address: a, Local: a}}
		other := netip.AddrFrom4([4]byte{10, 0, 0, byte(2 - i)})
		h.routes[n.Label()+" "+other.String()] = &rtnl.Route{Type: unix.RTN_UNICAST, OIF: 2, PrefSrc: a}
		h.routes[n.Label()+" "+a.String()] = &rtnl.Route{Type: unix.RTN_LOCAL, OIF: 1, PrefSrc: a}
	}
	return s, h
}

// TestPaper needs no kernel: what cannot be made on every one.
func TestPaper(t *testing.T) {
	for _, c := range []struct {
		name, question, want string
		change               func(s *survey.Survey, h *paper)
	}{
		{"nothing", "red blue", "", func(*survey.Survey, *paper) {}},
		{"a port that blocks", "red blue", "bridge/port-state", func(s *survey.Survey, _ *paper) {
			s.Namespace("sw").LinkNamed("blue").Info.Port = &rtnl.BridgePort{State: nl.Some(rtnl.PortBlocking)}
		}},
		{"no carrier", "red blue", "link/no-carrier", func(s *survey.Survey, _ *paper) { s.Namespace("red").Links[1].Flags &^= lowerUp }},
		{"a program", "red blue", "link/xdp", func(s *survey.Survey, _ *paper) { s.Namespace("blue").Links[1].XDP.Attached = 2 }},
		{"a cable to nowhere", "red blue", "link/cable-gone", func(s *survey.Survey, _ *paper) { s.Namespace("red").Links[1].Peer = nil }},
		{"an address of nobody", "10.9.9.9 blue", "ns/unknown", func(*survey.Survey, *paper) {}},
		{"no rights", "red blue", "ns/unseen", func(s *survey.Survey, _ *paper) { s.Namespace("red").Err = unix.EPERM }},
		{"an address that nobody has", "red 10.0.0.7", "addr/nobody", func(s *survey.Survey, h *paper) {
			h.routes["red 10.0.0.7"] = &rtnl.Route{Type: unix.RTN_UNICAST, OIF: 2, PrefSrc: netip.MustParseAddr("10.0.0.1")}
		}},
		{"VLANs", "red blue", "", func(s *survey.Survey, h *paper) { stack(s, h, 10, 10) }},
		{"VLANs that differ", "red blue", "route/wrong-link", func(s *survey.Survey, h *paper) { stack(s, h, 10, 20) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, h := draw()
			c.change(s, h)
			from, to, _ := strings.Cut(c.question, " ")
			x, err := Examine(s, h, &Question{From: from, To: to})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(x.Findings) > 0 {
				got = x.Findings[0].ID
			}
			if got != c.want {
				t.Errorf("got %q, want %q: %+v", got, c.want, x.Findings)
			}
		})
	}
}

// stack puts VLANs on the links of red and blue, and their addresses with them.
func stack(s *survey.Survey, h *paper, ids ...uint16) {
	for i, name := range []string{"red", "blue"} {
		n := s.Namespace(name)
		l := &survey.Link{Namespace: n, Lower: n.Links[1], Link: rtnl.Link{Name: "v", Index: 3, Flags: unix.IFF_UP | lowerUp, MTU: 1500}}
		l.Info = rtnl.LinkInfo{Kind: "vlan", VLAN: &rtnl.VLAN{ID: nl.Some(ids[i])}}
		n.Links = append(n.Links, l)
		n.Addrs[0].Index = 3
	}
	h.routes["red 10.0.0.2"].OIF, h.routes["blue 10.0.0.1"].OIF = 3, 3
}

// TestParseEnd has the words for ends.
func TestParseEnd(t *testing.T) {
	a := netip.MustParseAddr
	for word, want := range map[string]End{
		"red": {Name: "red"}, ".": {Home: true}, "host": {Home: true}, "10.0.0.1": {Addr: a("10.0.0.1")}, "fd15::2": {Addr: a("fd15::2")},
		"red/10.0.0.1": {Name: "red", Addr: a("10.0.0.1")}, "red:80": {Name: "red", Port: 80}, "10.0.0.1:80": {Addr: a("10.0.0.1"), Port: 80},
		"[fd15::2]:80": {Addr: a("fd15::2"), Port: 80}, "red/[fd15::2]:80": {Name: "red", Addr: a("fd15::2"), Port: 80}, "red/fd15::2": {Name: "red", Addr: a("fd15::2")},
		"/run/netns/host": {Name: "host"}, "/run/netns/red/10.0.0.1": {Name: "red", Addr: a("10.0.0.1")},
		"fe80::1%eth0": {Addr: a("fe80::1%eth0")}, "red/[fe80::1%eth0]:80": {Name: "red", Addr: a("fe80::1%eth0"), Port: 80},
		"host/::1": {Home: true, Addr: a("::1")},
	} {
		if got, err := ParseEnd(word); got != want || err != nil {
			t.Errorf("%s: got %+v, %v, want %+v", word, got, err, want)
		}
	}
	for _, word := range []string{"", "red:", "red:0", "red:http", "red:70000", "red/", "red/blue", "/10.0.0.1", ":80", ".."} {
		if got, err := ParseEnd(word); err == nil {
			t.Errorf("%q is taken for %+v", word, got)
		}
	}
}

// TestReasons reads what the kernel's tracer wrote.
func TestReasons(t *testing.T) {
	got := reasons(`# tracer: nop
            ping-1  [000] ..s1.  1.0: kfree_skb: skbaddr=0000000012345678 rx_sk=0000000000000000 protocol=2048 location=nft_do_chain+0x3f reason: NETFILTER_DROP
            ping-1  [000] ..s1.  1.1: kfree_skb: skbaddr=0000000012345679 rx_sk=0000000000000000 protocol=2048 location=nft_do_chain+0x3f reason: NETFILTER_DROP
            ping-1  [000] ..s1.  1.2: kfree_skb: skbaddr=000000001234567a protocol=2048 location=ip_error+0x3f reason: IP_INADDRERRORS
            ping-1  [000] ..s1.  1.2: kfree_skb: skbaddr=000000001234567a protocol=0 location=unix_x+0x3f reason: NOT_SPECIFIED
`)
	if want := []string{"NETFILTER_DROP in nft_do_chain", "IP_INADDRERRORS in ip_error"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
