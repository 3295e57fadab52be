//go:build linux

package rule_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
	. "github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nl"
)

// chains are those of the tests, in the families ip, ip6 and inet.
func chains(f nft.Family) map[string]*nft.Chain {
	m := map[string]*nft.Chain{"regular": {Family: f, Table: "t", Name: "regular"}}
	for _, c := range []struct {
		name, kind string
		hook       nft.HookNum
		prio       nft.Priority
	}{
		{"pre", "nat", nft.Prerouting, -100}, {"natout", "nat", nft.Output, -100}, {"post", "nat", nft.Postrouting, 100},
		{"rawpre", "filter", nft.Prerouting, -300}, {"in", "filter", nft.Input, 0}, {"forw", "filter", nft.Forward, 0},
		{"out", "filter", nft.Output, 0}, {"late", "filter", nft.Postrouting, 50},
	} {
		m[c.name] = &nft.Chain{Family: f, Table: "t", Name: c.name, Type: c.kind, Hook: nl.Some(nft.Hook{Num: c.hook, Priority: c.prio})}
	}
	return m
}

// Sets of the tests. Names of types are nft's.
var sets = []struct {
	name, nft      string
	key, data      uint32
	keyLen, length uint32
	flags          nft.SetFlags
	families       string
}{
	{"addrs", "set addrs { type ipv4_addr; }", 7, 0, 4, 0, 0, "ip inet"},
	{"nets", "set nets { type ipv4_addr; flags interval; }", 7, 0, 4, 0, nft.SetInterval, "ip inet"},
	{"ports", "set ports { type inet_service; }", 13, 0, 2, 0, 0, "ip ip6 inet"},
	{"marks", "set marks { type mark; flags interval; }", 19, 0, 4, 0, nft.SetInterval, "ip ip6 inet"},
	{"marks1", "set marks1 { type mark; }", 19, 0, 4, 0, 0, "ip ip6 inet"},
	{"devs", "set devs { type ifname; }", 41, 0, 16, 0, 0, "ip ip6 inet"},
	{"flows", "set flows { type ipv4_addr . inet_service; }", 7<<6 | 13, 0, 8, 0, 0, "ip inet"},
	{"flows6", "set flows6 { type ipv6_addr . inet_proto . inet_service; }", 8<<12 | 12<<6 | 13, 0, 24, 0, 0, "ip6 inet"},
	{"verdicts", "map verdicts { type inet_service : verdict; }", 13, nft.DataVerdict, 2, 0, nft.SetMap, "ip ip6 inet"},
	{"to", "map to { type ipv4_addr : ipv4_addr; }", 7, 7, 4, 4, nft.SetMap, "ip inet"},
	{"pub", "map pub { type inet_proto . inet_service : ipv4_addr . inet_service; }", 12<<6 | 13, 7<<6 | 13, 8, 8, nft.SetMap, "ip inet"},
	{"pub6", "map pub6 { type inet_proto . inet_service : ipv6_addr . inet_service; }", 12<<6 | 13, 8<<6 | 13, 8, 20, nft.SetMap, "ip6 inet"},
}

func set(f nft.Family, name string) *nft.Set {
	for _, s := range sets {
		if s.name == name {
			return &nft.Set{Family: f, Table: "t", Name: name, KeyType: s.key, KeyLen: s.keyLen, DataType: s.data, DataLen: s.length, Flags: nl.Some(s.flags)}
		}
	}
	panic(name)
}

func prefix(s string) netip.Prefix {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p
	}
	a := netip.MustParseAddr(s)
	return netip.PrefixFrom(a, a.BitLen())
}

var (
	addr     = netip.MustParseAddr
	addrPort = netip.MustParseAddrPort
)

// A ruleCase is a rule in words of nft, and in parts.
type ruleCase struct {
	families, chain, line string
	parts                 func(f nft.Family) []Part
}

// rules are lines of nft and the parts that say the same.
var rules = []ruleCase{
	{"ip", "forw", "ip saddr 10.0.0.0/8 drop", p(SAddr(prefix("10.0.0.0/8")), Drop())},
	{"ip inet", "forw", "ip saddr 10.1.2.3 ip daddr 10.4.5.6 accept", p(SAddr(prefix("10.1.2.3")), DAddr(prefix("10.4.5.6")), Accept())},
	{"ip", "forw", "ip daddr != 10.0.0.0/9 return", p(Not(DAddr(prefix("10.0.0.0/9"))), Return())},
	{"ip", "forw", "ip daddr 10.0.0.0/23", p(DAddr(prefix("10.0.0.0/23")))},
	{"ip6 inet", "forw", "ip6 saddr fd00::/64 ip6 daddr fd00::1 drop", p(SAddr(prefix("fd00::/64")), DAddr(prefix("fd00::1")), Drop())},
	{"ip6", "forw", "ip6 saddr fd00::/61 drop", p(SAddr(prefix("fd00::/61")), Drop())},
	{"ip ip6 inet", "forw", `iifname "eth0" oifname "veth*" accept`, p(IIFName("eth0"), OIFName("veth*"), Accept())},
	{"ip ip6 inet", "forw", `iifname != "eth0"`, p(Not(IIFName("eth0")))},
	{"ip ip6 inet", "in", "tcp dport 22 accept", p(TCP.DPort(22), Accept())},
	{"ip ip6 inet", "in", "tcp sport 1 tcp dport 2", p(TCP.SPort(1), TCP.DPort(2))},
	{"ip ip6 inet", "in", "udp dport 1000-2000 udp sport != 53", p(UDP.DPorts(1000, 2000), Not(UDP.SPort(53)))},
	{"ip ip6 inet", "in", "udp dport != 1000-2000", p(Not(UDP.DPorts(1000, 2000)))},
	{"ip ip6 inet", "in", "meta l4proto tcp", p(L4Proto(TCP))},
	{"ip ip6 inet", "forw", "ct state established,related accept", p(CtState(nft.StateEstablished|nft.StateRelated), Accept())},
	{"ip ip6 inet", "forw", "ct state new", p(CtState(nft.StateNew))},
	{"ip ip6 inet", "forw", "ct status dnat accept", p(CtDNAT(), Accept())},
	{"ip ip6 inet", "forw", "ct status snat accept", p(CtSNAT(), Accept())},
	{"ip inet", "forw", "ct original ip daddr 127.0.0.0/8", p(CtOriginalDAddr(prefix("127.0.0.0/8")))},
	{"ip6 inet", "in", "ct direction reply ct original ip6 daddr ::1 ip6 daddr set ::1", p(CtReply(), CtOriginalDAddr(prefix("::1")), SetDAddr(addr("::1")))},
	{"ip inet", "out", "ip saddr set 10.1.0.1", p(SetSAddr(addr("10.1.0.1")))},
	{"ip ip6 inet", "forw", "meta mark 0x10 ct mark 0x20", p(Mark(0x10), CtMark(0x20))},
	{"ip ip6 inet", "forw", "meta mark & 0xff != 0x10", p(Not(MarkBits(0x10, 0xff)))},
	{"ip ip6 inet", "forw", "meta mark set 0x10 ct mark set 0x20", p(SetMark(0x10), SetCtMark(0x20))},
	{"ip ip6 inet", "rawpre", "fib daddr type local counter", p(DAddrType(unix.RTN_LOCAL), Counter())},
	{"ip ip6 inet", "forw", "limit rate 10/second accept", p(Limit(Rate{Packets: 10, Per: Second}), Accept())},
	{"ip ip6 inet", "forw", "limit rate over 3/hour burst 7 packets drop", p(Not(Limit(Rate{Packets: 3, Per: Hour, Burst: 7})), Drop())},
	{"ip ip6 inet", "forw", `log prefix "a b: "`, p(Log("a b: "))},
	{"ip ip6 inet", "forw", `log`, p(Log(""))},
	{"ip ip6 inet", "forw", `log prefix "a" group 3`, p(LogGroup("a", 3))},
	{"ip ip6 inet", "forw", "counter jump regular", p(Counter(), Jump("regular"))},
	{"ip ip6 inet", "forw", "goto regular", p(Goto("regular"))},
	{"ip ip6 inet", "in", "reject", p(Reject())},
	{"inet", "in", "ip saddr 10.0.0.1 reject", p(SAddr(prefix("10.0.0.1")), Reject())},
	{"inet", "in", "meta nfproto ipv6 reject", p(Family(nft.IPv6), Reject())},
	{"ip ip6 inet", "in", "tcp dport 25 reject with tcp reset", p(TCP.DPort(25), TCPReset())},
	{"ip ip6 inet", "in", "reject with tcp reset", p(TCPReset())},
	{"ip ip6 inet", "post", `oifname "eth0" masquerade`, p(OIFName("eth0"), Masquerade())},
	{"ip ip6 inet", "post", "udp sport 5 masquerade to :1000-2000", p(UDP.SPort(5), UDP.Masquerade(1000, 2000))},
	{"ip", "pre", "dnat to 10.1.0.2", p(DNAT(addr("10.1.0.2")))},
	{"inet", "pre", "dnat ip to 10.1.0.2", p(DNAT(addr("10.1.0.2")))},
	{"ip", "pre", "tcp dport 80 dnat to 10.1.0.2:8080", p(TCP.DPort(80), TCP.DNAT(addrPort("10.1.0.2:8080")))},
	{"ip", "pre", "meta l4proto tcp dnat to 10.1.0.2:8080", p(TCP.DNAT(addrPort("10.1.0.2:8080")))},
	{"inet", "natout", "udp dport 80 dnat ip6 to [fd00::2]:8080", p(UDP.DPort(80), UDP.DNAT(addrPort("[fd00::2]:8080")))},
	{"ip6", "post", "snat to fd00::1", p(SNAT(addr("fd00::1")))},
	{"ip", "post", "tcp dport 80 snat to 10.1.0.1:99", p(TCP.DPort(80), TCP.SNAT(addrPort("10.1.0.1:99")))},
	{"ip ip6 inet", "pre", "tcp dport 80 redirect to :8080", p(TCP.DPort(80), TCP.Redirect(8080))},
	{"ip ip6 inet", "pre", "redirect", p(Redirect())},
	{"ip inet", "forw", "ip saddr @addrs drop", in("addrs", false, Drop(), IPSAddr)},
	{"ip inet", "forw", "ip daddr != @nets drop", in("nets", true, Drop(), IPDAddr)},
	{"ip ip6 inet", "forw", "tcp dport @ports accept", in("ports", false, Accept(), TCPDPort)},
	{"ip ip6 inet", "forw", "udp sport @ports accept", in("ports", false, Accept(), UDPSPort)},
	{"ip ip6 inet", "forw", "iifname @devs accept", in("devs", false, Accept(), IIF)},
	{"ip ip6 inet", "forw", "meta mark @marks accept", in("marks", false, Accept(), PktMark)},
	{"ip ip6 inet", "forw", "meta mark @marks1 accept", in("marks1", false, Accept(), PktMark)},
	{"ip inet", "forw", "ip saddr . tcp dport @flows accept", in("flows", false, Accept(), IPSAddr, TCPDPort)},
	{"ip6 inet", "forw", "ip6 saddr . meta l4proto . th dport @flows6 accept", in("flows6", false, Accept(), IP6SAddr, Proto, DPort)},
	{"ip ip6 inet", "forw", "tcp dport vmap @verdicts", func(f nft.Family) []Part { return []Part{VMap(set(f, "verdicts"), TCPDPort)} }},
	{"ip", "pre", "dnat to ip daddr map @to", func(f nft.Family) []Part { return []Part{DNATMap(set(f, "to"), IPDAddr)} }},
	{"ip", "pre", "meta l4proto tcp dnat to meta l4proto . th dport map @pub", func(f nft.Family) []Part {
		return []Part{TCP.DNATMap(set(f, "pub"), Proto, DPort)}
	}},
	{"ip6", "natout", "meta l4proto udp dnat to meta l4proto . th dport map @pub6", func(f nft.Family) []Part {
		return []Part{UDP.DNATMap(set(f, "pub6"), Proto, DPort)}
	}},
	{"inet", "pre", "meta l4proto udp dnat ip6 to meta l4proto . th dport map @pub6", func(f nft.Family) []Part {
		return []Part{UDP.DNATMap(set(f, "pub6"), Proto, DPort)}
	}},
	{"ip ip6 inet", "forw", `counter drop comment "why"`, p(Counter(), Drop(), Comment("why"))},
}

func p(parts ...Part) func(nft.Family) []Part { return func(nft.Family) []Part { return parts } }

func in(name string, not bool, then Part, keys ...Key) func(nft.Family) []Part {
	return func(f nft.Family) []Part {
		lookup := In(set(f, name), keys...)
		if not {
			lookup = Not(lookup)
		}
		return []Part{lookup, then}
	}
}

// names knows the sets of the tests.
type names struct{}

func (names) Device(string) (uint32, bool)          { return 0, false }
func (names) Service(string, string) (uint16, bool) { return 0, false }
func (names) Host(string, bool) [][]byte            { return nil }
func (names) Account(string, bool) (uint32, bool)   { return 0, false }
func (names) Include(string) ([]lang.File, error)   { return nil, errors.New("no files") }
func (names) SetTypes(f nft.Family, _, name string) (key, data []*lang.Datatype, flags nft.SetFlags, ok bool) {
	for _, s := range sets {
		if s.name == name {
			return lang.TypesOf(s.key), lang.TypesOf(s.data), s.flags, true
		}
	}
	return nil, nil, 0, false
}

// encoded is a rule as it is sent.
func encoded(t *testing.T, r *nft.Rule) []byte {
	t.Helper()
	b, err := new(nl.Coder).Append(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func words(s string) []string { return strings.Fields(s) }

var keywords = map[string]nft.Family{"ip": nft.IPv4, "ip6": nft.IPv6, "inet": nft.Inet}

// TestBytes compares each rule with what package lang makes of the line, which is
// compared with the real nft in tests of its own.
func TestBytes(t *testing.T) {
	var b Builder
	for _, tt := range rules {
		for _, family := range words(tt.families) {
			f := keywords[family]
			chain := chains(f)[tt.chain]
			got, err := b.Rule(chain, tt.parts(f)...)
			if err != nil {
				t.Errorf("%s: %s: %v", family, tt.line, err)
				continue
			}
			cmds, err := lang.Parse("", "add rule "+family+" t "+tt.chain+" "+tt.line, names{})
			if err != nil {
				t.Errorf("%s: %s: %v", family, tt.line, err)
				continue
			}
			var hook nft.HookNum
			if chain.Hook.Ok {
				hook = chain.Hook.V.Num
			}
			var ids uint32
			made, err := cmds[0].Make(hook, names{}, &ids)
			if err != nil {
				t.Errorf("%s: %s: %v", family, tt.line, err)
				continue
			}
			want := &nft.Rule{Family: f, Table: "t", Chain: tt.chain, Exprs: made.Exprs}
			if c := cmds[0].Rule.Comment; c != "" {
				want.Userdata, _ = nft.WithComment(c)
			}
			if g, w := encoded(t, got), encoded(t, want); !bytes.Equal(g, w) {
				t.Errorf("%s: %s\ngot  %s\nwant %s", family, tt.line, explained(got), explained(want))
			}
		}
	}
}

func explained(r *nft.Rule) string {
	var s strings.Builder
	body, _ := new(nl.Coder).Append(make([]byte, 16), r)
	binary.NativeEndian.PutUint32(body, uint32(len(body)))
	binary.NativeEndian.PutUint16(body[4:], unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_NEWRULE)
	nft.Protocol.Explain(&s, body)
	return s.String()
}
