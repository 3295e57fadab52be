//go:build linux

package nft_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
)

// TestNative has nft show the native stand-ins for xtables' targets and
// matches, and iptables not be disturbed by them in a table of another name.
func TestNative(t *testing.T) {
	ns := testns.New(t)
	c := dial(t, ns)
	last := netip.MustParseAddr("192.168.15.4")
	for _, tt := range []struct {
		family nft.Family
		chain  string
		info   xt.Info
		want   string
	}{
		{nft.IPv4, "POSTROUTING", xt.Masquerade(false), "masquerade"},
		{nft.IPv4, "POSTROUTING", &xt.NAT{Target: "MASQUERADE", Flags: xt.NATRandom}, "masquerade random"},
		{nft.IPv4, "POSTROUTING", xt.Masquerade(false).Ports(1024, 2048), "meta l4proto tcp masquerade to :1024-2048"},
		{nft.IPv4, "POSTROUTING", xt.SNAT(host, host), "snat to 10.0.0.1"},
		{nft.IPv4, "PREROUTING", xt.DNAT(red, red), "dnat to 192.168.15.2"},
		{nft.IPv4, "PREROUTING", xt.DNAT(red, red).Ports(80, 80), "meta l4proto tcp dnat to 192.168.15.2:80"},
		{nft.IPv4, "PREROUTING", xt.DNAT(red, last).Ports(80, 90), "meta l4proto tcp dnat to 192.168.15.2-192.168.15.4:80-90"},
		{nft.IPv4, "PREROUTING", xt.Redirect(false).Ports(8080, 8080), "meta l4proto tcp redirect to :8080"},
		{nft.IPv6, "POSTROUTING", xt.Masquerade(true), "masquerade"},
		{nft.IPv6, "POSTROUTING", xt.SNAT(out6, out6), "snat to 2001:db8::1"},
		{nft.IPv6, "PREROUTING", xt.DNAT(red6, red6).Ports(80, 80), "meta l4proto tcp dnat to [fd00:15::2]:80"},
		{nft.IPv4, "FORWARD", &xt.Reject{With: xt.ICMPPortUnreachable}, "reject"},
		{nft.IPv4, "FORWARD", &xt.Reject{With: xt.ICMPHostProhibited}, "reject with icmp host-prohibited"},
		{nft.IPv4, "FORWARD", &xt.Reject{With: xt.ICMPAdminProhibited}, "reject with icmp admin-prohibited"},
		{nft.IPv4, "FORWARD", &xt.Reject{With: xt.TCPReset}, "reject with tcp reset"},
		{nft.IPv6, "FORWARD", &xt.Reject{With: xt.ICMP6AdmProhibited}, "reject with icmpv6 admin-prohibited"},
		{nft.IPv6, "FORWARD", &xt.Reject{With: xt.ICMP6PolicyFail}, "reject with icmpv6 policy-fail"},
		{nft.IPv6, "FORWARD", &xt.Reject{With: xt.TCPReset6}, "reject with tcp reset"},
		{nft.IPv4, "FORWARD", xt.CtState(xt.CtRelated | xt.CtEstablished), "ct state established,related"},
		{nft.IPv4, "FORWARD", xt.CtState(xt.CtInvalid | xt.CtUntracked), "ct state invalid,untracked"},
	} {
		exprs, ok := nft.Native(tt.family, tt.info)
		if !ok {
			t.Errorf("%s: nothing native", tt.want)
			continue
		}
		if strings.Contains(tt.want, "tcp") { // a port and a reset need the protocol before them
			exprs = append(proto(6), exprs...)
		}
		change(t, c, func(b *nft.Batch) {
			b.AddTable(&nft.Table{Family: tt.family, Name: "minins"})
			b.AddChain(chain(tt.family, "minins", "POSTROUTING", "nat", nft.Postrouting, nft.PrioritySrcNAT))
			b.AddChain(chain(tt.family, "minins", "PREROUTING", "nat", nft.Prerouting, nft.PriorityDstNAT))
			b.AddChain(chain(tt.family, "minins", "FORWARD", "filter", nft.Forward, nft.PriorityFilter))
			b.AddRule(&nft.Rule{Family: tt.family, Table: "minins", Chain: tt.chain, Exprs: exprs})
		})
		text := ns.Run(t, "nft", "list", "chain", tt.family.Keyword(), "minins", tt.chain).Must(t)
		lines := strings.Split(strings.TrimSpace(text), "\n")
		// Later versions of nft say "icmp type".
		if got := strings.Replace(strings.TrimSpace(lines[3]), " type ", " ", 1); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
		change(t, c, func(b *nft.Batch) { b.DelTable(tt.family, "minins") })
	}
	change(t, c, func(b *nft.Batch) {
		b.AddTable(&nft.Table{Family: nft.IPv4, Name: "minins"})
		b.AddChain(chain(nft.IPv4, "minins", "POSTROUTING", "nat", nft.Postrouting, nft.PrioritySrcNAT))
		b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "minins", Chain: "POSTROUTING", Exprs: []nft.Expr{&nft.Masq{}}})
	})
	want := "-P PREROUTING ACCEPT\n-P INPUT ACCEPT\n-P OUTPUT ACCEPT\n-P POSTROUTING ACCEPT\n"
	if got := ns.Run(t, "iptables", "-t", "nat", "-S").Must(t); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNothingNative(t *testing.T) {
	for _, i := range []xt.Info{
		new(xt.Comment), &xt.Raw{Extension: "TTL"}, &xt.NAT{Target: "NETMAP"}, &xt.Reject{With: 4}, &xt.Reject{With: 99},
		&xt.Conntrack{Revision: 3, MatchFlags: xt.CtMatchStatus}, xt.CtState(xt.CtDNAT),
	} {
		if exprs, ok := nft.Native(nft.IPv4, i); ok {
			t.Errorf("%s: got %v, want nothing", i.Name(), exprs)
		}
	}
}

// TestNativeStatesInverted: a rule against states.
func TestNativeStatesInverted(t *testing.T) {
	ns := testns.New(t)
	m := xt.CtState(xt.CtNew)
	m.InvertFlags = xt.CtMatchState
	exprs, ok := nft.Native(nft.IPv4, m)
	if !ok {
		t.Fatal("nothing native")
	}
	change(t, dial(t, ns), func(b *nft.Batch) {
		b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
		b.AddChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: "c"})
		b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "t", Chain: "c", Exprs: exprs})
	})
	want := "table ip t {\n\tchain c {\n\t\tct state ! new\n\t}\n}\n"
	if got := ns.Run(t, "nft", "list", "ruleset").Must(t); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
