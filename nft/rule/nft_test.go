//go:build linux

package rule_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	. "github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nl"
)

// order is that of the chains in the tables of the tests.
var order = []string{"regular", "pre", "natout", "post", "rawpre", "in", "forw", "out", "late"}

// script makes the tables of the tests, without rules.
func script() string {
	var s strings.Builder
	hooks := []string{"prerouting", "input", "forward", "output", "postrouting"}
	for _, family := range []string{"ip", "ip6", "inet"} {
		fmt.Fprintf(&s, "table %s t {\n", family)
		for _, set := range sets {
			if slices.Contains(words(set.families), family) {
				s.WriteString(set.nft + "\n")
			}
		}
		all := chains(keywords[family])
		for _, name := range order {
			fmt.Fprintf(&s, "chain %s {\n", name)
			if c := all[name]; c.Hook.Ok {
				fmt.Fprintf(&s, "type %s hook %s priority %d;\n", c.Type, hooks[c.Hook.V.Num], int32(c.Hook.V.Priority))
			}
			s.WriteString("}\n")
		}
		s.WriteString("}\n")
	}
	return s.String()
}

func nftRun(t *testing.T, ns *testns.NS, text string, args ...string) testns.Result {
	t.Helper()
	return testns.Cmd{NS: ns, Args: append([]string{"nft"}, args...), Stdin: text}.Run(t)
}

// TestLikeNFT has the real nft load all lines in one namespace, and sends the rules
// of the same parts to the other: the kernel has the same, nft lists the same, and
// takes its list back.
func TestLikeNFT(t *testing.T) {
	testns.ToolOf(t, "nft", "v1.0.6")
	theirs, ours := testns.New(t), testns.New(t)
	rules := rules
	if !testns.WritesPackets(t) {
		rules = slices.Clone(rules)
		rules = slices.DeleteFunc(rules, func(r ruleCase) bool { return strings.Contains(r.line, "addr set ") })
	}
	var lines strings.Builder
	for _, tt := range rules {
		for _, family := range words(tt.families) {
			fmt.Fprintf(&lines, "add rule %s t %s %s\n", family, tt.chain, tt.line)
		}
	}
	nftRun(t, theirs, script()+lines.String(), "-f", "-").Must(t)
	nftRun(t, ours, script(), "-f", "-").Must(t)
	c, err := nft.Dial(nl.Config{NetNS: ours.FD()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b := c.Begin(t.Context())
	var builder Builder
	for _, tt := range rules {
		for _, family := range words(tt.families) {
			r, err := builder.Rule(chains(keywords[family])[tt.chain], tt.parts(keywords[family])...)
			if err != nil {
				t.Fatalf("%s: %v", tt.line, err)
			}
			b.AddRule(r)
		}
	}
	if err := b.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := nftRun(t, ours, "", "list", "ruleset").Must(t)
	if want := nftRun(t, theirs, "", "list", "ruleset").Must(t); list != want {
		t.Errorf("ours\n%s\ntheirs\n%s", list, want)
	}
	nftRun(t, testns.New(t), list, "-f", "-").Must(t)
	got, want := dump(t, ours), dump(t, theirs)
	if len(got) != len(want) || len(got) < len(rules) {
		t.Fatalf("%d rules, theirs are %d", len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("rule %d\nours   %x\ntheirs %x", i, got[i], want[i])
		}
	}
}

// dump is all rules, without their numbers.
func dump(t *testing.T, ns *testns.NS) (all [][]byte) {
	t.Helper()
	c, err := nft.Dial(nl.Config{NetNS: ns.FD()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for r, err := range c.StreamRules(t.Context(), nft.Unspec, "", "") {
		if err != nil {
			t.Fatal(err)
		}
		r.Handle, r.Position, r.ResID = 0, 0, 0
		all = append(all, encoded(t, r))
	}
	return all
}

// refusals are mistakes, and what is said of them. Of those with a line, the real
// nft refuses the same.
var refusals = []struct {
	family, chain, line string
	parts               []Part
	want                string
}{
	{"ip", "forw", "ip6 saddr fd00::1 drop", []Part{SAddr(prefix("fd00::1")), Drop()}, "saddr: it is of family ip6, and the packets are of family ip"},
	{"ip6", "forw", "ip daddr 10.0.0.1 drop", []Part{DAddr(prefix("10.0.0.1")), Drop()}, "daddr: it is of family ip, and the packets are of family ip6"},
	{"inet", "forw", "ip saddr 10.0.0.1 ip6 daddr fd00::1", []Part{SAddr(prefix("10.0.0.1")), DAddr(prefix("fd00::1"))}, "daddr: it is of family ip6, and the packets are of family ip"},
	{"inet", "forw", "tcp dport 80 udp dport 80", []Part{TCP.DPort(80), UDP.DPort(80)}, "dport: the protocol is udp, and the rule compares it with tcp before"},
	{"ip", "in", "udp dport 80 reject with tcp reset", []Part{UDP.DPort(80), TCPReset()}, "reject with tcp reset: the protocol is tcp, and the rule compares it with udp before"},
	{"ip", "pre", "dnat to ip daddr map @pub", []Part{DNATMap(set(nft.IPv4, "pub"), Proto, DPort)}, "map pub has ports, of what protocol is not said: use TCP.DNATMap or UDP.DNATMap"},
	{"ip", "forw", "dnat to 10.0.0.1", []Part{DNAT(addr("10.0.0.1"))}, "dnat to address: the chain is of type filter: NAT is in chains of type nat"},
	{"ip", "pre", "masquerade", []Part{Masquerade()}, "masquerade: at hook prerouting: it is at postrouting"},
	{"ip", "post", "redirect", []Part{Redirect()}, "redirect: at hook postrouting: it is at prerouting or output"},
	{"ip", "pre", "dnat to fd00::1", []Part{DNAT(addr("fd00::1"))}, "dnat to address: it is of family ip6, and the packets are of family ip"},
	{"ip", "late", "reject", []Part{Reject()}, "reject: at hook postrouting the kernel answers nobody"},
	{"ip", "forw", "accept drop", []Part{Accept(), Drop()}, "drop: it is behind a part that decides on the packet"},
	{"ip", "forw", "drop counter", []Part{Drop(), Counter()}, "counter: it is behind a part that decides on the packet"},
	{"ip", "forw", "tcp dport 2000-1000", []Part{TCP.DPorts(2000, 1000)}, "dport: the last is before the first"},
	{"ip", "forw", "ip saddr @ports", []Part{In(set(nft.IPv4, "ports"), IPSAddr)}, "the key of ports is of type number 13, and what is looked up of 7"},
	{"ip", "forw", "ip saddr . tcp dport @addrs", []Part{In(set(nft.IPv4, "addrs"), IPSAddr, TCPDPort)}, "the key of addrs is of type number 7"},
	{"ip", "forw", "tcp dport vmap @ports", []Part{VMap(set(nft.IPv4, "ports"), TCPDPort)}, "ports is no verdict map"},
	{"ip", "forw", "jump nosuch", nil, ""}, // the kernel's to say
	{"ip", "forw", `oifname "averyverylongname"`, []Part{OIFName("averyverylongname")}, "a device's name is 1 to 15 bytes"},
	{"ip", "forw", "limit rate 0/second", []Part{Limit(Rate{Per: Second})}, "limit rate: a rate of 0 packets"},
	{"ip", "forw", "jump forw", []Part{Jump("forw")}, "jump: to the chain that the rule is in: a loop"},
	{"ip", "forw", "accept comment \"" + strings.Repeat("x", 129) + "\"", []Part{Accept(), Comment(strings.Repeat("x", 129))}, "comment: it has 129 bytes, and nft takes 128"},

	// What nft takes, and what never matches or means nothing.
	{"ip", "pre", "", []Part{OIFName("eth0")}, "oifname: at this hook a packet has no output device yet"},
	{"ip", "out", "", []Part{IIFName("eth0")}, "iifname: at this hook a packet has no input device"},
	{"ip", "out", "", []Part{In(set(nft.IPv4, "devs"), IIF)}, "iifname: at this hook a packet has no input device"},
	{"ip", "forw", "", []Part{In(set(nft.IPv4, "ports"), DPort)}, "th dport: a port of no protocol"},
	{"ip", "forw", "", []Part{MarkBits(0x100, 0xff)}, "meta mark: 0x100 has bits that are not in 0xff"},
	{"ip", "forw", "", []Part{Limit(Rate{Packets: 1, Per: 7})}, "nft has no name for a time of 7 seconds"},
	{"ip", "forw", "", []Part{CtState(0)}, "ct state: of none"},

	// What only a program can say.
	{"ip", "forw", "", []Part{{}}, "part 1: it was made by no function of this package"},
	{"ip", "forw", "", []Part{Not(Part{})}, "part 1: it was made by no function of this package"},
	{"ip", "forw", "", []Part{Not(Accept())}, "accept: it cannot be negated"},
	{"ip", "forw", "", []Part{SAddr(netip.Prefix{})}, "saddr: it is no address with a length of prefix"},
	{"ip", "pre", "", []Part{DNAT(netip.Addr{})}, "dnat to address: it is no address"},
	{"ip", "pre", "", []Part{TCP.DNAT(addrPort("10.0.0.1:0"))}, "dnat to address and port: 0 is no port"},
	{"ip", "post", "", []Part{TCP.Masquerade(0, 9)}, "masquerade to ports: 0 is no port"},
	{"ip", "forw", "", []Part{In(nil, IPSAddr)}, "lookup in set: in no set"},
	{"ip", "forw", "", []Part{In(set(nft.IPv4, "addrs"))}, "lookup in set: of no keys"},
	{"ip", "forw", "", []Part{In(set(nft.IPv4, "addrs"), 99)}, "key 1 is none of this package"},
	{"ip", "forw", "", []Part{In(set(nft.Inet, "addrs"), IPSAddr)}, "addrs is in table inet t, and a rule sees what is in its own"},
	{"ip", "forw", "", []Part{In(set(nft.IPv4, "to"), IPDAddr)}, "to is a map"},
	{"ip", "pre", "", []Part{DNATMap(set(nft.IPv4, "verdicts"), TCPDPort)}, "map verdicts has neither addresses nor addresses and ports as its data"},
	{"ip", "forw", "", []Part{Jump("")}, "jump: to no chain: name one of table t"},
	{"ip", "forw", "", []Part{L4Proto(1)}, "meta l4proto: it is neither TCP nor UDP"},
	{"ip", "forw", "", []Part{Comment("a"), Comment("b")}, "comment: there is one already"},
	{"ip", "forw", "", []Part{Log(strings.Repeat("x", 128))}, "log: the prefix has 128 bytes, and the kernel takes 127"},
	{"inet", "forw", "", []Part{Family(nft.Bridge)}, "meta nfproto: it is neither IPv4 nor IPv6"},
}

func TestRefusals(t *testing.T) {
	testns.Tool(t, "nft")
	ns := testns.New(t)
	nftRun(t, ns, script(), "-f", "-").Must(t)
	for i, tt := range refusals {
		if tt.line != "" && testns.Some(i, 1, 6) {
			line := "add rule " + tt.family + " t " + tt.chain + " " + tt.line + "\n"
			if nftRun(t, ns, line, "-f", "-").Code == 0 {
				t.Errorf("the real nft takes: %s", line)
			}
		}
		if tt.parts == nil {
			continue
		}
		r, err := New(chains(keywords[tt.family])[tt.chain], tt.parts...)
		var e *Error
		if r != nil || !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) || e.Chain != tt.family+" t "+tt.chain {
			t.Errorf("%s: got %v, want %s", tt.line, err, tt.want)
		}
	}
	for _, c := range []*nft.Chain{{Family: nft.Bridge, Table: "t", Name: "c"}, {Family: nft.IPv4, Table: "t", Name: "c", Hook: nl.Some(nft.Hook{})}} {
		if r, err := New(c, Accept()); r != nil || err == nil {
			t.Errorf("%v: %v", c, err)
		}
	}
}

// TestKernelTakes has the kernel take what New refuses: that is why it does.
func TestKernelTakes(t *testing.T) {
	ns := testns.New(t)
	c, err := nft.Dial(nl.Config{NetNS: ns.FD()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b := c.Begin(context.Background())
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
	pre := chains(nft.IPv4)["pre"]
	b.AddChain(pre)
	port := &nft.Payload{Dreg: nft.Reg1, Base: nft.TransportHeader, Offset: 2, Len: 2}
	b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "t", Chain: "pre", Exprs: []nft.Expr{
		port, &nft.Cmp{Sreg: nft.Reg1, Data: []byte{0, 80}}, // a port without its protocol
		nft.Load(nft.Reg1, []byte{10, 0, 0, 1}), nft.Load(nft.Reg2, []byte{0, 80}),
		&nft.NAT{Type: nft.DNAT, Family: nft.NATFamily(nft.IPv4), AddrMin: nft.Reg1, PortMin: nft.Reg2},
	}})
	if err := b.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if testns.Tool(t, "nft"); nftRun(t, testns.New(t), nftRun(t, ns, "", "list", "ruleset").Must(t), "-f", "-").Code == 0 {
		t.Error("nft takes its own list of a port without a protocol")
	}
}

// TestAllocations: rules of one shape are made in the memory of the first.
func TestAllocations(t *testing.T) {
	chain := chains(nft.IPv4)["pre"]
	var b Builder
	n := testing.AllocsPerRun(100, func() {
		if _, err := b.Rule(chain, IIFName("eth0"), SAddr(prefix10), TCP.DPort(80), CtState(nft.StateNew), Counter(),
			TCP.DNAT(addrPort80), Comment("web")); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

var (
	prefix10   = netip.MustParsePrefix("10.0.0.0/9")
	addrPort80 = netip.MustParseAddrPort("10.1.0.2:80")
)
