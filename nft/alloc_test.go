//go:build linux

package nft_test

import (
	"net/netip"
	"testing"

	"github.com/minins/minins/internal/testns"
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

// TestBatchAllocatesNothing in the space that the Conn keeps, 256 KiB, but for
// the space itself.
func TestBatchAllocatesNothing(t *testing.T) {
	c := dial(t, testns.New(t))
	_, all := portMap(5000)
	rule := newPublish()
	fill := func(b *nft.Batch) {
		for i := range 5000 {
			rule.set(i)
			b.AddRule(&rule.Rule)
		}
		b.AddElems(all)
	}
	fill(c.Begin(t.Context())) // the Conn keeps the space
	b := c.Begin(t.Context())
	b.AddElems(&nft.Elems{Family: nft.IPv4, Table: "t", Set: "m", Elems: all.Elems[:1000]})
	for name, add := range map[string]func(){
		"rule":     func() { b.AddRule(&rule.Rule) },
		"elements": func() { b.AddElems(&nft.Elems{Family: nft.IPv4, Table: "t", Set: "m", Elems: all.Elems[:100]}) },
	} {
		if n := testing.AllocsPerRun(20, add); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestDecodingAgainAllocatesNothing where the kinds are the same.
func TestDecodingAgainAllocatesNothing(t *testing.T) {
	comment, err := nft.WithComment("web")
	if err != nil {
		t.Fatal(err)
	}
	_, elems := portMap(100)
	elems.Elems[1] = nft.Elem{
		Key: []byte{1, 2}, KeyEnd: []byte{1, 3}, Flags: nft.ElemIntervalEnd, Timeout: 1, Userdata: comment,
		Data: nft.Data{Verdict: nl.Some(nft.Verdict{Code: nft.VerdictJump, Chain: "c"})}, Expr: &nft.Counter{},
		Exprs: []nft.Expr{&nft.Counter{}, &nft.Quota{Bytes: 1}},
	}
	mixed := newPublish()
	mixed.Userdata = comment
	mixed.Exprs = append(mixed.Exprs,
		&nft.Bitwise{Sreg: nft.Reg1, Dreg: nft.Reg1, Len: 4, Mask: []byte{1, 2, 3, 4}, Xor: []byte{4, 3, 2, 1}},
		&nft.Range{Sreg: nft.Reg1, From: []byte{0, 80}, To: []byte{0, 90}},
		&nft.Lookup{Sreg: nft.Reg1, Set: "s"}, &nft.Masq{}, &nft.Limit{Rate: 1, Unit: 1}, nft.Jump("c"))
	for _, m := range []nl.Message{&mixed.Rule, elems} {
		var c nl.Coder
		body, err := c.Append(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() {
			if err := c.Decode(body, m); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%T: %v allocations", m, n)
		}
	}
}

// TestStreamAllocations are the same for 100 rules as for 1000.
func TestStreamAllocations(t *testing.T) {
	c := dial(t, testns.New(t))
	_, all := portMap(5000)
	set, _ := portMap(0)
	change(t, c, func(b *nft.Batch) {
		preroutingOf(b)
		b.AddChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: "few"})
		b.AddSet(set)
		b.AddElems(all)
	})
	change(t, c, func(b *nft.Batch) {
		for p, i := newPublish(), 0; i < 400; i++ {
			p.set(i)
			b.AddRule(&p.Rule)
			if i%10 == 0 {
				few := p.Rule
				few.Chain = "few"
				b.AddRule(&few)
			}
		}
	})
	rules := func(chain string, want int) float64 {
		return testing.AllocsPerRun(5, func() {
			n := 0
			for _, err := range c.StreamRules(t.Context(), nft.IPv4, "t", chain) {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
			if n != want {
				t.Fatalf("%d rules, want %d", n, want)
			}
		})
	}
	// Now and then the runtime allocates something of its own meanwhile: the least of three is ours.
	few, many := rules("few", 40), rules("pre", 400)
	for range 2 {
		few, many = min(few, rules("few", 40)), min(many, rules("pre", 400))
	}
	if few != many || many > 40 {
		t.Errorf("%v allocations for 40 rules, %v for 400", few, many)
	}
	elems := testing.AllocsPerRun(5, func() {
		for _, err := range c.StreamElems(t.Context(), nft.IPv4, "t", "m") {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	// The kernel puts what fits 32 KiB into a message, some 1000, and the space for
	// each, its key and its data serve for the next message.
	if elems > 2500 {
		t.Errorf("%v allocations for 5000 elements", elems)
	}
}
