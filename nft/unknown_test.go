//go:build linux

package nft_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// attr is an attribute of which the value fills its words.
func attr(typ uint16, value ...byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
	return append(binary.NativeEndian.AppendUint16(b, typ), value...)
}

// ofTheFuture is a rule with two expressions that this package does not know: one of a
// name of its own, and one that has an attribute more than today's.
func ofTheFuture() *nft.Rule {
	return &nft.Rule{Family: nft.IPv4, Table: "t", Chain: "c", Exprs: []nft.Expr{
		&nft.Counter{},
		&nft.Raw{Kind: "teleport", Data: slices.Concat(attr(1, 0, 0, 0, 7), attr(2|unix.NLA_F_NESTED, attr(1, 0xde, 0xad, 0xbe, 0xef)...))},
		&nft.Raw{Kind: "meta", Data: slices.Concat(attr(2, 0, 0, 0, 16), attr(1, 0, 0, 0, 1), attr(63, 0, 0, 0, 42))},
		nft.Load(nft.Reg1, []byte{1, 2, 3, 4}),
	}}
}

// asItIs is a message of which the bytes are known.
type asItIs []byte

func (m asItIs) Fields(c *nl.Coder) { c.Rest((*[]byte)(&m)) }

// TestUnknownExpressions: what a kernel of the future lists goes back to it as it came:
// it keeps each rule that it is sent, and lists them.
func TestUnknownExpressions(t *testing.T) {
	var rules [][]byte
	kernel := func(d []byte, reply func([]byte)) {
		answer := func(h nl.Header, msg, flags uint16, m nl.Message) {
			b, err := nl.Reply(h, nftMsg(msg), flags, m)
			if err != nil {
				t.Fatal(err)
			}
			reply(b)
		}
		for len(d) > 0 {
			h, body, rest, ok := nl.Next(d)
			if !ok {
				t.Fatalf("not a message: %x", d)
			}
			d = rest
			switch h.Type {
			case nftMsg(unix.NFT_MSG_NEWRULE):
				rules = append(rules, append([]byte(nil), body...))
			case nftMsg(unix.NFT_MSG_GETRULE):
				for _, r := range rules {
					answer(h, unix.NFT_MSG_NEWRULE, unix.NLM_F_MULTI, asItIs(r))
				}
				reply(nl.ReplyDone(h))
			case nftMsg(unix.NFT_MSG_GETGEN):
				answer(h, unix.NFT_MSG_NEWGEN, 0, &nft.Gen{ID: uint32(len(rules)) + 1})
			case unix.NFNL_MSG_BATCH_END:
				reply(nl.ReplyAck(h))
			}
		}
	}
	c := nft.New(nl.Pretend(nft.Protocol, kernel))
	change(t, c, func(b *nft.Batch) { b.AddRule(ofTheFuture()) })
	for range 2 { // listed and restored, and once more
		listed, err := c.Rules(t.Context(), nft.IPv4, "t", "c")
		if err != nil || len(listed) != 1 {
			t.Fatalf("%d rules, %v", len(listed), err)
		}
		was := string(rules[0])
		rules = nil
		change(t, c, func(b *nft.Batch) { b.AddRule(&listed[0]) })
		if string(rules[0]) != was {
			t.Fatalf("sent back is\n%x\nlisted was\n%x", rules[0], was)
		}
	}
}

// TestUnknownInKernel does the same with an expression that Linux has since 6.2 and this
// package does not know: inner, which looks into a tunnel.
func TestUnknownInKernel(t *testing.T) {
	ns := testns.New(t)
	c := dial(t, ns)
	const (
		typeVXLAN = 1    // NFT_INNER_VXLAN
		headers   = 0x0f // NFT_INNER_HDRSIZE, _LL, _NH and _TH
		vxlanLen  = 8
	)
	be32 := func(typ uint16, v byte) []byte { return attr(typ, 0, 0, 0, v) }
	// NFTA_INNER_NUM, _TYPE, _FLAGS, _HDRSIZE, and _EXPR: meta protocol => reg 1
	var data []byte
	for _, a := range [][]byte{be32(1, 0), be32(2, typeVXLAN), be32(3, headers), be32(4, vxlanLen)} {
		data = append(data, a...)
	}
	meta := attr(2|unix.NLA_F_NESTED, append(be32(2, byte(nft.MetaProtocol)), be32(1, 1)...)...)
	expr := slices.Concat(attr(1, 'm', 'e', 't', 'a', 0), []byte{0, 0, 0}, meta)
	data = append(data, attr(5|unix.NLA_F_NESTED, expr...)...)
	b := c.Begin(t.Context())
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
	b.AddChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: "c"})
	b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "t", Chain: "c", Exprs: []nft.Expr{
		&nft.Raw{Kind: "inner", Data: data}, &nft.Cmp{Sreg: nft.Reg1, Data: []byte{8, 0}}, &nft.Counter{},
	}})
	if err := b.Commit(t.Context()); errors.Is(err, unix.ENOENT) {
		testns.Skip(t, "this kernel has no expression inner (Linux 6.2)")
	} else if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		listed, err := c.Rules(t.Context(), nft.IPv4, "t", "c")
		if err != nil || len(listed) != 1 {
			t.Fatalf("%d rules, %v", len(listed), err)
		}
		r := listed[0]
		if _, ok := r.Exprs[0].(*nft.Raw); !ok {
			t.Fatalf("inner is a %v: this test is about what is not known", r.Exprs[0].Name())
		}
		was := encodedExprs(t, &r)
		change(t, c, func(b *nft.Batch) {
			b.FlushChain(nft.IPv4, "t", "c")
			r.Handle, r.Position = 0, 0
			b.AddRule(&r)
		})
		again, err := c.Rules(t.Context(), nft.IPv4, "t", "c")
		if err != nil || len(again) != 1 || encodedExprs(t, &again[0]) != was {
			t.Fatalf("%v: restored it is\n%x\nwant\n%x", err, encodedExprs(t, &again[0]), was)
		}
	}
}

// encodedExprs is the expressions of a rule as bytes.
func encodedExprs(t *testing.T, r *nft.Rule) string {
	t.Helper()
	return encoded(t, &nft.Rule{Exprs: r.Exprs})
}
