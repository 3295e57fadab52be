//go:build linux

package nft_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
)

func dial(t testing.TB, ns *testns.NS) *nft.Conn {
	t.Helper()
	c, err := nft.Dial(nl.Config{NetNS: ns.FD()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// change commits a batch that must succeed.
func change(t testing.TB, c *nft.Conn, f func(b *nft.Batch)) {
	t.Helper()
	b := c.Begin(t.Context())
	f(b)
	if err := b.Commit(t.Context()); err != nil {
		t.Fatalf("%+v", err)
	}
}

func chain(f nft.Family, table, name, typ string, hook nft.HookNum, prio nft.Priority) *nft.Chain {
	return &nft.Chain{
		Family: f, Table: table, Name: name, Type: typ,
		Hook: nl.Some(nft.Hook{Num: hook, Priority: prio}), Policy: nl.Some(nft.VerdictAccept),
	}
}

// The expressions of iptables' options.

func iface(key nft.MetaKey, op nft.CmpOp, name string) []nft.Expr {
	return []nft.Expr{
		&nft.Meta{Key: key, Dreg: nft.Reg1},
		&nft.Cmp{Sreg: nft.Reg1, Op: op, Data: nft.IfName(name)},
	}
}

func proto(n byte) []nft.Expr {
	return []nft.Expr{&nft.Meta{Key: nft.MetaL4Proto, Dreg: nft.Reg1}, &nft.Cmp{Sreg: nft.Reg1, Data: []byte{n}}}
}

// source and destination of a prefix of whole bytes: a short load, no mask.
func source(op nft.CmpOp, prefix string) []nft.Expr { return address(12, 8, op, prefix) }
func dest(op nft.CmpOp, prefix string) []nft.Expr   { return address(16, 24, op, prefix) }

func address(off4, off6 uint32, op nft.CmpOp, prefix string) []nft.Expr {
	p := netip.MustParsePrefix(prefix)
	off := off4
	if p.Addr().Is6() {
		off = off6
	}
	n := p.Bits() / 8
	return []nft.Expr{
		&nft.Payload{Dreg: nft.Reg1, Base: nft.NetworkHeader, Offset: off, Len: uint32(n)},
		&nft.Cmp{Sreg: nft.Reg1, Op: op, Data: p.Addr().AsSlice()[:n]},
	}
}

func dport(n uint16) []nft.Expr {
	return []nft.Expr{
		&nft.Payload{Dreg: nft.Reg1, Base: nft.TransportHeader, Offset: 2, Len: 2},
		&nft.Cmp{Sreg: nft.Reg1, Data: binary.BigEndian.AppendUint16(nil, n)},
	}
}

func counter() []nft.Expr {
	return []nft.Expr{&nft.Counter{Bytes: nl.Some(uint64(0)), Packets: nl.Some(uint64(0))}}
}

func target(i xt.Info) []nft.Expr { return []nft.Expr{&nft.Target{Info: i}} }
func match(i xt.Info) []nft.Expr  { return []nft.Expr{&nft.Match{Info: i}} }

func rule(f nft.Family, table, chain string, p nft.IPProto, parts ...[]nft.Expr) *nft.Rule {
	r := &nft.Rule{Family: f, Table: table, Chain: chain, Compat: nl.Some(nft.RuleCompat{Proto: p})}
	for _, part := range parts {
		r.Exprs = append(r.Exprs, part...)
	}
	return r
}

func commented(t testing.TB, r *nft.Rule, comment string) *nft.Rule {
	t.Helper()
	var err error
	if r.Userdata, err = nft.WithComment(comment); err != nil {
		t.Fatal(err)
	}
	return r
}

var (
	red  = netip.MustParseAddr("192.168.15.2")
	host = netip.MustParseAddr("10.0.0.1")
	red6 = netip.MustParseAddr("fd00:15::2")
	out6 = netip.MustParseAddr("2001:db8::1")
)

// ours is a ruleset as our iptables writes it, and the options that say the
// same, for the real one.
func ours(t testing.TB) (rules []*nft.Rule, options []string) {
	const ip4, ip6 = nft.IPv4, nft.IPv6
	add := func(r *nft.Rule, o string) { rules, options = append(rules, r), append(options, o) }
	add(commented(t, rule(ip4, "nat", "PREROUTING", 6, iface(nft.MetaIIFName, nft.Eq, "eth0"), proto(6), dport(80), counter(),
		target(xt.DNAT(red, red).Ports(80, 80))), "minins:web"),
		"-t nat -A PREROUTING -i eth0 -p tcp -m tcp --dport 80 -m comment --comment \"minins:web\" -j DNAT --to-destination 192.168.15.2:80")
	add(rule(ip4, "nat", "PREROUTING", 6, proto(6), dport(81), counter(), target(xt.Redirect(false).Ports(8080, 8080))),
		"-t nat -A PREROUTING -p tcp -m tcp --dport 81 -j REDIRECT --to-ports 8080")
	add(rule(ip4, "nat", "POSTROUTING", 0, source(nft.Eq, "192.168.15.0/24"), dest(nft.Neq, "192.168.15.0/24"), counter(), target(xt.Masquerade(false))),
		"-t nat -A POSTROUTING -s 192.168.15.0/24 ! -d 192.168.15.0/24 -j MASQUERADE")
	add(rule(ip4, "nat", "POSTROUTING", 0, iface(nft.MetaOIFName, nft.Eq, "eth+"), counter(), target(xt.SNAT(host, host))),
		"-t nat -A POSTROUTING -o eth+ -j SNAT --to-source 10.0.0.1")
	add(rule(ip4, "filter", "FORWARD", 0, match(xt.CtState(xt.CtRelated|xt.CtEstablished)), counter(), []nft.Expr{nft.Accept()}),
		"-t filter -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
	add(rule(ip4, "filter", "FORWARD", 0, source(nft.Eq, "10.1.0.0/16"), counter(), target(&xt.Reject{With: xt.ICMPPortUnreachable})),
		"-t filter -A FORWARD -s 10.1.0.0/16 -j REJECT --reject-with icmp-port-unreachable")
	add(rule(ip4, "filter", "FORWARD", 1, proto(1), match(&xt.ICMP{Type: 8, Code: [2]uint8{0, 255}}), counter(), []nft.Expr{nft.Drop()}),
		"-t filter -A FORWARD -p icmp -m icmp --icmp-type 8 -j DROP")
	add(rule(ip6, "nat", "PREROUTING", 6, proto(6), dport(80), counter(), target(xt.DNAT(red6, red6).Ports(8080, 8080))),
		"-t nat -A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination [fd00:15::2]:8080")
	add(rule(ip6, "nat", "POSTROUTING", 0, source(nft.Eq, "fd00:15::/64"), counter(), target(xt.Masquerade(true))),
		"-t nat -A POSTROUTING -s fd00:15::/64 -j MASQUERADE")
	add(rule(ip6, "nat", "POSTROUTING", 0, iface(nft.MetaOIFName, nft.Eq, "eth0"), counter(), target(xt.SNAT(out6, out6))),
		"-t nat -A POSTROUTING -o eth0 -j SNAT --to-source 2001:db8::1")
	add(rule(ip6, "filter", "FORWARD", 0, dest(nft.Eq, "fd00:16::/48"), counter(), target(&xt.Reject{With: xt.ICMP6AdmProhibited})),
		"-t filter -A FORWARD -d fd00:16::/48 -j REJECT --reject-with icmp6-adm-prohibited")
	return rules, options
}

func addOurs(t testing.TB, c *nft.Conn) {
	rules, _ := ours(t)
	change(t, c, func(b *nft.Batch) {
		for _, f := range []nft.Family{nft.IPv4, nft.IPv6} {
			b.AddTable(&nft.Table{Family: f, Name: "nat"})
			b.AddChain(chain(f, "nat", "PREROUTING", "nat", nft.Prerouting, nft.PriorityDstNAT))
			b.AddChain(chain(f, "nat", "POSTROUTING", "nat", nft.Postrouting, nft.PrioritySrcNAT))
			b.AddTable(&nft.Table{Family: f, Name: "filter"})
			b.AddChain(chain(f, "filter", "FORWARD", "filter", nft.Forward, nft.PriorityFilter))
		}
		for _, r := range rules {
			b.AddRule(r)
		}
	})
}

func tool(f nft.Family, suffix string) string {
	if f == nft.IPv6 {
		return "ip6tables" + suffix
	}
	return "iptables" + suffix
}

// TestIptablesReadsOurs has the real iptables list, check and delete what we
// wrote, and compares its listings with those of its own rules.
func TestIptablesReadsOurs(t *testing.T) {
	testns.ToolOf(t, "iptables", "v1.8.9")
	mine, theirs := testns.New(t), testns.New(t)
	addOurs(t, dial(t, mine))
	rules, options := ours(t)
	for i, r := range rules {
		theirs.Run(t, "sh", "-c", tool(r.Family, " ")+options[i]).Must(t)
	}
	for i, args := range []string{
		"iptables-save", "ip6tables-save",
		"iptables -t nat -nvL", "iptables -nvL", "iptables -t nat -S", "iptables -S",
		"ip6tables -t nat -nvL", "ip6tables -nvL", "ip6tables -t nat -S", "ip6tables -S",
	} {
		if !testns.Some(i, 1, 3) {
			continue
		}
		got, want := mine.Run(t, "sh", "-c", args), theirs.Run(t, "sh", "-c", args)
		if g, w := undated(got.Must(t)), undated(want.Must(t)); g != w {
			t.Errorf("%s\ngot\n%s\nwant\n%s", args, g, w)
		}
	}
	got, want := mine.Run(t, "nft", "list", "ruleset"), theirs.Run(t, "nft", "list", "ruleset")
	// A comment of iptables is a match, of which nft shows nothing but a space.
	ours, its := strings.Replace(got.Must(t), ` comment "minins:web"`, "", 1), strings.Replace(want.Must(t), "  counter", " counter", 1)
	if ours != its {
		t.Errorf("nft list ruleset\ngot\n%s\nwant\n%s", ours, its)
	}
	for i, r := range rules {
		for _, verb := range []string{" -C ", " -D "} {
			if verb == " -C " && !testns.Some(i, 1, 4) {
				continue
			}
			mine.Run(t, "sh", "-c", tool(r.Family, " ")+strings.Replace(options[i], " -A ", verb, 1)).Must(t)
		}
	}
	for _, save := range []string{"iptables-save", "ip6tables-save"} {
		if left := mine.Run(t, save).Must(t); strings.Contains(left, "\n-A") {
			t.Errorf("%s: after deleting all:\n%s", save, left)
		}
	}
}

// undated leaves out the lines of iptables-save that hold the time.
func undated(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestReadsTheirs reads what the real iptables wrote: the same rules as ours.
func TestReadsTheirs(t *testing.T) {
	testns.ToolOf(t, "iptables", "v1.8.9")
	mine, theirs := testns.New(t), testns.New(t)
	c, their := dial(t, mine), dial(t, theirs)
	addOurs(t, c)
	rules, options := ours(t)
	for i, r := range rules {
		option := options[i]
		if r.Userdata != nil { // iptables keeps comments in a match
			option = strings.Replace(option, `-m comment --comment "minins:web" `, "", 1)
		}
		theirs.Run(t, "sh", "-c", tool(r.Family, " ")+option).Must(t)
	}
	for _, table := range []string{"nat", "filter"} {
		for _, f := range []nft.Family{nft.IPv4, nft.IPv6} {
			a, err := c.Ruleset(t.Context(), f, table)
			if err != nil {
				t.Fatal(err)
			}
			b, err := their.Ruleset(t.Context(), f, table)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := plain(t, a), plain(t, b); got != want || len(a.Rules) < 1 {
				t.Errorf("%v %s\ngot\n%s\nwant\n%s", f, table, got, want)
			}
		}
	}
}

// plain is a ruleset's rules by chain, without what depends on its history.
func plain(t *testing.T, rs nft.Ruleset) string {
	t.Helper()
	var all strings.Builder
	for _, ch := range rs.Chains {
		all.WriteString(ch.Name + " " + ch.Type + " " + ch.Hook.V.Num.String() + " " + ch.Hook.V.Priority.String() + " " + ch.Policy.V.String() + "\n")
	}
	lines := strings.Split(strings.TrimSuffix(all.String(), "\n"), "\n")
	slices.Sort(lines)
	for _, r := range rs.Rules {
		r.Handle, r.Position, r.ResID, r.Userdata = 0, 0, 0, nil
		body, err := new(nl.Coder).Append(nil, &r)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, explain(&r, body))
	}
	return strings.Join(lines, "\n")
}
