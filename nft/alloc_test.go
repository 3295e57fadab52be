//go:build linux

package nft_test

import (
	"net/netip"
	"testing"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
)

func TestEncodingAllocatesNothing(t *testing.T) {
	comment, err := nft.WithComment("web")
	if err != nil {
		t.Fatal(err)
	}
	red := netip.MustParseAddr("192.168.15.2")
	rule := &nft.Rule{
		Family: nft.IPv4, Table: "nat", Chain: "PREROUTING",
		Exprs: []nft.Expr{
			&nft.Meta{Key: nft.MetaIIFName, Dreg: nft.Reg1},
			&nft.Cmp{Sreg: nft.Reg1, Data: nft.IfName("eth0")},
			&nft.Meta{Key: nft.MetaL4Proto, Dreg: nft.Reg1},
			&nft.Cmp{Sreg: nft.Reg1, Data: []byte{6}},
			&nft.Payload{Dreg: nft.Reg1, Base: nft.TransportHeader, Offset: 2, Len: 2},
			&nft.Range{Sreg: nft.Reg1, From: []byte{0, 80}, To: []byte{0, 90}},
			&nft.Match{Info: xt.CtState(xt.CtNew)},
			&nft.Counter{},
			&nft.Target{Info: xt.DNAT(red, red).Ports(80, 80)},
		},
		Compat:   nl.Some(nft.RuleCompat{Proto: 6}),
		Userdata: comment,
	}
	messages := []nl.Message{
		rule,
		&nft.Table{Family: nft.IPv4, Name: "nat"},
		&nft.Chain{Family: nft.IPv4, Table: "nat", Name: "PREROUTING", Type: "nat", Hook: nl.Some(nft.Hook{Priority: -100})},
		&nft.Elems{Table: "t", Set: "s", Elems: []nft.Elem{{Key: []byte{1, 2, 3, 4}}}},
	}
	var c nl.Coder
	buf := make([]byte, 0, 4096)
	for _, m := range messages {
		if n := testing.AllocsPerRun(100, func() {
			if _, err := c.Append(buf, m); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%T: %v allocations", m, n)
		}
	}
}
