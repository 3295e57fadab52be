//go:build linux

package nft_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

func TestUserdata(t *testing.T) {
	u, err := nft.WithComment("lab")
	if err != nil {
		t.Fatal(err)
	}
	if u, err = u.Append(200, []byte("minins")); err != nil {
		t.Fatal(err)
	}
	if want := []byte("\x00\x04lab\x00\xc8\x06minins"); !bytes.Equal(u, want) {
		t.Errorf("got %q, want %q", []byte(u), want)
	}
	if v, ok := u.Get(200); !ok || string(v) != "minins" || u.Comment() != "lab" {
		t.Errorf("got %q, %v and %q", v, ok, u.Comment())
	}
	if v, ok := u.Get(7); ok {
		t.Errorf("got %q of a type that is not there", v)
	}
	for _, broken := range []nft.Userdata{nil, {0}, {0, 5, 'a'}, {1, 0, 0, 9}} {
		if got := broken.Comment(); got != "" {
			t.Errorf("%v: comment %q", broken, got)
		}
	}
	if _, err := nft.WithComment(strings.Repeat("c", 253)); err != nil {
		t.Error(err)
	}
	for _, n := range []int{254, 255, 300} {
		if _, err := nft.WithComment(strings.Repeat("c", n)); err == nil {
			t.Errorf("a comment of %d bytes is accepted", n)
		}
	}
}

// TestCommentsAreKept: the longest comment, and a private value behind one.
func TestCommentsAreKept(t *testing.T) {
	ns := testns.New(t)
	c := dial(t, ns)
	long := strings.Repeat("c", 253)
	private, err := nft.WithComment("lab")
	if err != nil {
		t.Fatal(err)
	}
	if private, err = private.Append(200, []byte{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	change(t, c, func(b *nft.Batch) {
		b.AddTable(&nft.Table{Family: nft.IPv4, Name: "filter"})
		b.AddChain(chain(nft.IPv4, "filter", "FORWARD", "filter", nft.Forward, nft.PriorityFilter))
		b.AddRule(commented(t, rule(nft.IPv4, "filter", "FORWARD", 0, counter(), []nft.Expr{nft.Drop()}), long))
		r := rule(nft.IPv4, "filter", "FORWARD", 0, counter(), []nft.Expr{nft.Drop()})
		r.Userdata = private
		b.AddRule(r)
	})
	rules, err := c.Rules(t.Context(), nft.IPv4, "filter", "FORWARD")
	if err != nil || len(rules) != 2 {
		t.Fatalf("%d rules, %v", len(rules), err)
	}
	if got := rules[0].Userdata.Comment(); got != long {
		t.Errorf("got %q", got)
	}
	if got := rules[1].Userdata; !bytes.Equal(got, private) {
		t.Errorf("got %v, want %v", got, private)
	}
	want := "-A FORWARD -m comment --comment " + long + " -j DROP\n-A FORWARD -m comment --comment lab -j DROP\n"
	if got := ns.Run(t, "iptables", "-S", "FORWARD").Must(t); got != "-P FORWARD ACCEPT\n"+want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestUnknownIsKept: expressions and attributes that this package does not know
// are sent back as they came.
func TestUnknownIsKept(t *testing.T) {
	var c nl.Coder
	// A meta with an attribute 9, and an expression of another name.
	odd := &nft.Raw{Kind: "meta", Data: append(attr(2, 0, 0, 0, 6), attr(9, 1, 2, 3, 4)...)}
	other := &nft.Raw{Kind: "inner", Data: attr(1, 0, 0, 0, 1)}
	in := nft.Rule{Family: nft.IPv4, Table: "t", Chain: "c", Exprs: []nft.Expr{odd, other}, Rest: attr(60, 9, 9, 9, 9)}
	want, err := c.Append(nil, &in)
	if err != nil {
		t.Fatal(err)
	}
	var out nft.Rule
	if err := c.Decode(want, &out); err != nil {
		t.Fatal(err)
	}
	for i, e := range out.Exprs {
		if raw, ok := e.(*nft.Raw); !ok || !bytes.Equal(raw.Data, in.Exprs[i].(*nft.Raw).Data) {
			t.Errorf("expression %d: got %#v, want %#v", i, e, in.Exprs[i])
		}
	}
	got, err := c.Append(nil, &out)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v\ngot  %x\nwant %x", err, got, want)
	}
}
