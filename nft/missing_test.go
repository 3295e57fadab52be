//go:build linux

package nft_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
)

// TestHasExpr: the kernel is asked, and nothing is changed.
func TestHasExpr(t *testing.T) {
	c := dial(t, testns.New(t))
	before, err := c.Gen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		family nft.Family
		name   string
		want   bool
	}{
		{nft.IPv4, "counter", true},
		{nft.IPv4, "lookup", true},
		{nft.IPv6, "immediate", true},
		{nft.IPv4, "masq", true},
		{nft.Bridge, "masq", false},
		{nft.IPv4, "nosuch", false},
		{99, "counter", false},
	} {
		if has, err := c.HasExpr(t.Context(), tt.family, tt.name); has != tt.want || err != nil {
			t.Errorf("%s in family %s: %t, %v", tt.name, tt.family.Keyword(), has, err)
		}
	}
	rs, err := c.Ruleset(t.Context(), nft.Unspec, "")
	if err != nil || len(rs.Tables) != 0 || rs.Gen != before {
		t.Errorf("it left %+v, %v; generation %d before", rs, err, before)
	}
}

// TestLacking: a refusal tells what the kernel lacks from what the ruleset lacks.
func TestLacking(t *testing.T) {
	c := dial(t, testns.New(t))
	has, err := c.HasExpr(t.Context(), nft.IPv4, "queue")
	if err != nil {
		t.Fatal(err)
	}
	type test struct {
		add  func(b *nft.Batch)
		want string
	}
	tests := []test{
		{func(b *nft.Batch) { b.AddTable(&nft.Table{Family: nft.Bridge, Name: "b"}) }, ""},
		{func(b *nft.Batch) { b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"}) }, ""},
		{func(b *nft.Batch) { b.AddTable(&nft.Table{Family: 99, Name: "t"}) },
			"the kernel has no tables for family 99"},
		{func(b *nft.Batch) { b.AddChain(&nft.Chain{Family: nft.Bridge, Table: "b", Name: "c"}) }, ""},
		{func(b *nft.Batch) { b.AddChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: "c"}) }, ""},
		{func(b *nft.Batch) { b.AddChain(chain(nft.Bridge, "b", "nat", "nat", nft.Prerouting, 0)) },
			"the kernel has no chains of type nat for family bridge: "},
		{func(b *nft.Batch) { b.AddChain(chain(nft.IPv4, "t", "odd", "odd", nft.Prerouting, 0)) },
			"the kernel has no chains of type odd for family ip: "},
		{func(b *nft.Batch) {
			b.AddRule(rule(nft.Bridge, "b", "c", 0, counter(), []nft.Expr{&nft.Masq{}}, counter()))
		}, "the kernel has expression masq, but not for family bridge: "},
		{func(b *nft.Batch) {
			b.AddRule(rule(nft.IPv4, "t", "c", 0, counter(), []nft.Expr{&nft.Raw{Kind: "nosuch"}}))
		}, "the kernel has no expression nosuch: "},
		{func(b *nft.Batch) {
			b.AddRule(rule(nft.IPv4, "t", "c", 0, counter(), []nft.Expr{&nft.Lookup{Set: "x", Sreg: nft.Reg1}}))
		}, "there is no set x: "},
		{func(b *nft.Batch) {
			b.AddRule(rule(nft.IPv4, "t", "c", 0, []nft.Expr{&nft.Objref{Object: "x", Type: nft.ObjCounter}}))
		}, "what expression objref refers to is not there: "},
	}
	if !has { // nothing is refused where it is there
		tests = append(tests, test{func(b *nft.Batch) {
			b.AddRule(rule(nft.IPv4, "t", "c", 0, counter(), []nft.Expr{&nft.Queue{}}))
		}, "the kernel has no expression queue for family ip: CONFIG_NFT_QUEUE: "})
	}
	b := c.Begin(t.Context())
	for _, tt := range tests {
		tt.add(b)
	}
	err = b.Commit(t.Context())
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("err = %v", err)
	}
	refused := many.Unwrap()
	for i, tt := range tests {
		if tt.want == "" {
			continue
		}
		if len(refused) == 0 {
			t.Fatalf("request %d was not refused", i+1)
		}
		if got := refused[0].Error(); !strings.Contains(got, tt.want) || !errors.Is(refused[0], unix.ENOENT) && !errors.Is(refused[0], unix.EOPNOTSUPP) {
			t.Errorf("request %d: %s\nwant %q", i+1, got, tt.want)
		}
		refused = refused[1:]
	}
	if len(refused) != 0 {
		t.Errorf("also: %v", refused)
	}
}
