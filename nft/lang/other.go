//go:build linux

package lang

import (
	"slices"

	"github.com/minins/minins/nft"
)

// other loads what rarer expressions tell.
func (d *decompiler) other(e nft.Expr) bool {
	sel := &Selector{Kind: otherSel, Type: &dtHost, Len: 32, Dir: -1}
	var dreg nft.Register
	switch e := e.(type) {
	case *nft.Numgen:
		words := [...]string{"inc", "random"}
		if int(e.Type) >= len(words) {
			return false
		}
		dreg, sel.Words = e.Dreg, "numgen "+words[e.Type]+" mod "+decimal(e.Modulus)+offset(e.Offset)
	case *nft.Hash:
		dreg, sel.Words = e.Dreg, "symhash mod "+decimal(e.Modulus)+offset(e.Offset)
		if e.Type == 0 {
			key := d.get(e.Sreg, e.Len)
			if key == nil {
				return false
			}
			sel.Key2 = key
			sel.Words = "jhash " + (&printer{}).expr(key) + " mod " + decimal(e.Modulus)
			if e.Seed.Ok {
				sel.Words += " seed 0x" + hex(uint64(e.Seed.V), 1)
			}
			sel.Words += offset(e.Offset)
		}
	case *nft.Rt:
		words := [...]string{"classid", "ip nexthop", "ip6 nexthop", "mtu", "ipsec"}
		if int(e.Key) >= len(words) {
			return false
		}
		dreg, sel.Words = e.Dreg, "rt "+words[e.Key]
		sel.Type = [...]*Datatype{&dtRealm, &dtIPv4, &dtIPv6, &dtHost, &dtBool}[e.Key]
		sel.Len = [...]uint32{32, 32, 128, 16, 8}[e.Key]
	case *nft.Socket:
		words := [...]string{"transparent", "mark", "wildcard", "cgroupv2"}
		if int(e.Key) >= len(words) {
			return false
		}
		dreg, sel.Words = e.Dreg, "socket "+words[e.Key]
		if e.Level.Ok {
			sel.Words += " level " + decimal(e.Level.V)
		}
		sel.Type = [...]*Datatype{&dtInteger, &dtMark, &dtInteger, &dtHost}[e.Key]
		sel.Len = [...]uint32{8, 32, 8, 64}[e.Key]
	case *nft.Exthdr:
		if !d.exthdr(e, sel) {
			return false
		}
		if e.Dreg == 0 {
			d.add(&Assign{sel, d.typed(d.get(e.Sreg, 0), sel)})
			return true
		}
		dreg = e.Dreg
	}
	d.load(dreg, sel)
	return true
}

func offset(n uint32) string {
	if n == 0 {
		return ""
	}
	return " offset " + decimal(n)
}

// An option is an extension header or an option with its fields.
type option struct {
	op     nft.ExthdrOp
	typ    uint8
	name   string
	fields []Field
}

// options are those of the language; offsets and lengths are in bits.
var options = []option{
	{0, 0, "hbh", []Field{{"nexthdr", &dtProto, 0, 8}, {"hdrlength", &dtInteger, 8, 8}}},
	{0, 43, "rt", []Field{{"nexthdr", &dtProto, 0, 8}, {"hdrlength", &dtInteger, 8, 8}, {"type", &dtInteger, 16, 8}, {"seg-left", &dtInteger, 24, 8}}},
	{0, 44, "frag", []Field{
		{"nexthdr", &dtProto, 0, 8}, {"reserved", &dtInteger, 8, 8}, {"frag-off", &dtInteger, 16, 13}, {"reserved2", &dtInteger, 29, 2},
		{"more-fragments", &dtInteger, 31, 1}, {"id", &dtInteger, 32, 32},
	}},
	{0, 60, "dst", []Field{{"nexthdr", &dtProto, 0, 8}, {"hdrlength", &dtInteger, 8, 8}}},
	{0, 135, "mh", []Field{{"nexthdr", &dtProto, 0, 8}, {"hdrlength", &dtInteger, 8, 8}, {"type", &dtMHType, 16, 8}}},
	{1, 0, "eol", []Field{{"kind", &dtInteger, 0, 8}}},
	{1, 1, "nop", []Field{{"kind", &dtInteger, 0, 8}}},
	{1, 2, "maxseg", []Field{{"size", &dtInteger, 16, 16}, {"kind", &dtInteger, 0, 8}, {"length", &dtInteger, 8, 8}}},
	{1, 3, "window", []Field{{"count", &dtInteger, 16, 8}, {"kind", &dtInteger, 0, 8}, {"length", &dtInteger, 8, 8}}},
	{1, 4, "sack-perm", []Field{{"kind", &dtInteger, 0, 8}, {"length", &dtInteger, 8, 8}}},
	{1, 5, "sack", []Field{{"left", &dtInteger, 16, 32}, {"right", &dtInteger, 48, 32}, {"kind", &dtInteger, 0, 8}, {"length", &dtInteger, 8, 8}}},
	{1, 8, "timestamp", []Field{{"tsval", &dtInteger, 16, 32}, {"tsecr", &dtInteger, 48, 32}, {"kind", &dtInteger, 0, 8}, {"length", &dtInteger, 8, 8}}},
	{3, 0, "data", nil}, {3, 1, "init", nil}, {3, 2, "init-ack", nil}, {3, 3, "sack", nil}, {3, 4, "heartbeat", nil},
	{3, 5, "heartbeat-ack", nil}, {3, 6, "abort", nil}, {3, 7, "shutdown", nil}, {3, 8, "shutdown-ack", nil}, {3, 9, "error", nil},
	{3, 10, "cookie-echo", nil}, {3, 11, "cookie-ack", nil}, {3, 12, "ecne", nil}, {3, 13, "cwr", nil},
	{3, 14, "shutdown-complete", nil}, {3, 0x80, "asconf-ack", nil}, {3, 0xc0, "forward-tsn", nil}, {3, 0xc1, "asconf", nil},
	{2, 7, "rr", []Field{{"type", &dtInteger, 0, 8}, {"length", &dtInteger, 8, 8}, {"ptr", &dtInteger, 16, 8}, {"addr", &dtInteger, 24, 32}}},
	{2, 131, "lsrr", []Field{{"type", &dtInteger, 0, 8}, {"length", &dtInteger, 8, 8}, {"ptr", &dtInteger, 16, 8}, {"addr", &dtInteger, 24, 32}}},
	{2, 137, "ssrr", []Field{{"type", &dtInteger, 0, 8}, {"length", &dtInteger, 8, 8}, {"ptr", &dtInteger, 16, 8}, {"addr", &dtInteger, 24, 32}}},
	{2, 148, "ra", []Field{{"type", &dtInteger, 0, 8}, {"length", &dtInteger, 8, 8}, {"value", &dtInteger, 16, 16}}},
}

// opWords are before the name of an option, and of one that is only looked for.
var opWords = [...][2]string{{"", "exthdr "}, {"tcp option ", "tcp option "}, {"ip option ", "ip option "}, {"sctp chunk ", "sctp chunk "}}

func (d *decompiler) exthdr(e *nft.Exthdr, sel *Selector) bool {
	if e.Flags&nft.ExthdrPresent != 0 && e.Op > 0 && int(e.Op) < len(opWords) && !slices.ContainsFunc(options, func(o option) bool { return o.op == e.Op && o.typ == e.Type }) {
		sel.Words, sel.Type, sel.Len = opWords[e.Op][1]+decimal(e.Type), &dtBool, 8
		return true
	}
	for i := range options {
		o := &options[i]
		if o.op != e.Op || o.typ != e.Type {
			continue
		}
		sel.Proto = protocolByName([...]string{"ip6", "tcp", "ip", "sctp"}[o.op])
		if e.Flags&nft.ExthdrPresent != 0 {
			sel.Words, sel.Type, sel.Len = opWords[o.op][1]+o.name, &dtBool, 8
			return true
		}
		for j := range o.fields {
			f := &o.fields[j]
			if f.Off == e.Offset*8 && f.Len == e.Len*8 {
				*sel = *o.selector(f)
				return true
			}
		}
		sel.Option, sel.Len, sel.Field = o, e.Len*8, &Field{Type: &dtHexInt, Off: e.Offset * 8, Len: e.Len * 8} // a part of it, see bits
		sel.Words, sel.Type = "@"+o.name, &dtHexInt
		return true
	}
	return false
}

func (o *option) selector(f *Field) *Selector {
	return &Selector{Kind: otherSel, Words: opWords[o.op][0] + o.name + " " + f.Name, Type: f.Type, Len: f.Len, Dir: -1,
		Option: o, Field: f, Proto: protocolByName([...]string{"ip6", "tcp", "ip", "sctp"}[o.op])}
}
