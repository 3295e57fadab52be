//go:build linux

package nft_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// TestReuse decodes all rules and elements that the tools and the kernel sent
// into one value each, one after another: nothing of the one before is left.
func TestReuse(t *testing.T) {
	var rule nft.Rule
	var elems nft.Elems
	reused := map[uint16]nl.Message{
		unix.NFT_MSG_NEWRULE: &rule, unix.NFT_MSG_DELRULE: &rule, unix.NFT_MSG_GETRULE: &rule,
		unix.NFT_MSG_NEWSETELEM: &elems, unix.NFT_MSG_DELSETELEM: &elems, unix.NFT_MSG_GETSETELEM: &elems,
	}
	n := 0
	var c nl.Coder
	for _, file := range captures(t) {
		for _, d := range capture(t, file) {
			for rest := d.data; len(rest) > 0; {
				h, body, next, ok := nl.Next(rest)
				if !ok {
					break
				}
				rest = next
				m := reused[h.Type&0xff]
				if h.Type>>8 != unix.NFNL_SUBSYS_NFTABLES || m == nil {
					continue
				}
				n++
				_, fresh := nft.Protocol.Type(h.Type)
				var got [2][]byte
				for i, m := range []nl.Message{m, fresh} {
					if err := c.Decode(body, m); err != nil {
						t.Fatalf("%s: %v", file, err)
					}
					var err error
					if got[i], err = c.Append(nil, m); err != nil {
						t.Fatalf("%s: %v", file, err)
					}
				}
				if !bytes.Equal(got[0], got[1]) {
					t.Errorf("%s: got\n%s\nwant\n%s", file, explain(m, got[0]), explain(m, got[1]))
				}
			}
		}
	}
	if n < 100/testns.Sparse() {
		t.Errorf("only %d messages", n)
	}
}

// TestStreamRules: all rules and no others, in their order, and an end in the
// middle leaves the Conn usable.
func TestStreamRules(t *testing.T) {
	c := dial(t, testns.New(t))
	addOurs(t, c)
	for _, q := range []struct {
		family       nft.Family
		table, chain string
	}{{nft.Unspec, "", ""}, {nft.IPv4, "", ""}, {nft.IPv6, "nat", ""}, {nft.IPv4, "nat", "POSTROUTING"}, {nft.IPv4, "none", ""}} {
		want, err := c.Rules(t.Context(), q.family, q.table, q.chain)
		if err != nil {
			t.Fatal(err)
		}
		i := 0
		for r, err := range c.StreamRules(t.Context(), q.family, q.table, q.chain) {
			if err != nil {
				t.Fatal(err)
			}
			if i == len(want) || encoded(t, r) != encoded(t, &want[i]) {
				t.Fatalf("%+v: rule %d is %+v", q, i, r)
			}
			i++
		}
		if i != len(want) || (i == 0) != (q.table == "none") {
			t.Errorf("%+v: %d rules, want %d", q, i, len(want))
		}
	}
	for _, err := range c.StreamRules(t.Context(), nft.Unspec, "", "") {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if _, err := c.Gen(t.Context()); err != nil {
		t.Error(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for r, err := range c.StreamRules(over, nft.IPv4, "nat", "POSTROUTING") {
		if !errors.Is(err, context.Canceled) || r != nil {
			t.Errorf("%v, %v after the context was over", r, err)
		}
	}
}

func encoded(t *testing.T, m nl.Message) string {
	t.Helper()
	b, err := new(nl.Coder).Append(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
