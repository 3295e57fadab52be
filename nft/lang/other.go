//go:build linux

package lang

import (
	"slices"
	"strings"

	"github.com/minins/minins/nft"
)

// rtKeys and socketKeys are the keys of [nft.Rt] and [nft.Socket], NFT_RT_* and
// NFT_SOCKET_*.
var (
	rtKeys = []keyDef{
		{0, "classid", &dtRealm, 32, false, false}, {1, "ip nexthop", &dtIPv4, 32, false, false},
		{2, "ip6 nexthop", &dtIPv6, 128, false, false}, {3, "mtu", &dtHost, 16, false, false},
		{4, "ipsec", &dtBool, 8, false, false},
	}
	socketKeys = []keyDef{
		{0, "transparent", &dtInteger, 8, false, false}, {1, "mark", &dtMark, 32, false, false},
		{2, "wildcard", &dtInteger, 8, false, false}, {3, "cgroupv2", &dtHost, 64, false, false},
	}
)

// numgenWords are those of [nft.NumgenType].
var numgenWords = []string{"inc", "random"}

// fibFlags and fibResults are the words of [nft.Fib]: what is looked up, and for what.
var (
	fibFlags = []keyDef{
		{uint32(nft.FibSaddr), "saddr", nil, 0, false, false}, {uint32(nft.FibDaddr), "daddr", nil, 0, false, false},
		{uint32(nft.FibMark), "mark", nil, 0, false, false}, {uint32(nft.FibIIF), "iif", nil, 0, false, false},
		{uint32(nft.FibOIFOnly), "oif", nil, 0, false, false},
	}
	fibResults = []keyDef{
		{uint32(nft.FibOIF), "oif", &dtIfindex, 32, false, false}, {uint32(nft.FibOIFName), "oifname", &dtString, 128, false, false},
		{uint32(nft.FibAddrType), "type", &dtFibAddr, 32, false, false},
	}
)

// fibWords are the words of the flags.
func fibWords(flags nft.FibFlags) (words []string) {
	for _, f := range fibFlags {
		if flags&nft.FibFlags(f.key) != 0 {
			words = append(words, f.name)
		}
	}
	return words
}

// fibSelector is fib saddr . iif oif, or nil if there is no word for the result.
func fibSelector(e *nft.Fib) *Selector {
	k := keyOf(fibResults, uint32(e.Result))
	if k == nil {
		return nil
	}
	s := &Selector{Kind: fibSel, Words: "fib " + strings.Join(fibWords(e.Flags), " . ") + " " + k.name,
		Type: k.typ, Len: k.len, Key: k.key, Flag: e.Flags, Dir: -1}
	if e.Flags&nft.FibPresent != 0 {
		s.Type = &dtBool
	}
	return s
}

// otherSelector is what an expression of rt, socket, numgen or hash loads, the last of
// what is hashed. It is nil if the language has no word for that.
func otherSelector(e nft.Expr, hashed Expr) *Selector {
	s := &Selector{Kind: otherSel, Type: &dtHost, Len: 32, Dir: -1, Make: e, Key2: hashed}
	var keys []keyDef
	behind := ""
	switch e := e.(type) {
	case *nft.Numgen:
		if int(e.Type) >= len(numgenWords) {
			return nil
		}
		s.Words = "numgen " + numgenWords[e.Type] + " mod " + decimal(e.Modulus) + offset(e.Offset)
		return s
	case *nft.Hash:
		s.Words = "symhash mod " + decimal(e.Modulus)
		if hashed != nil {
			s.Words = "jhash " + (&printer{}).expr(hashed) + " mod " + decimal(e.Modulus)
			if e.Seed.Ok {
				s.Words += " seed 0x" + hex(uint64(e.Seed.V), 1)
			}
		}
		s.Words += offset(e.Offset)
		return s
	case *nft.Rt:
		keys, s.Key = rtKeys, uint32(e.Key)
	case *nft.Socket:
		keys, s.Key = socketKeys, uint32(e.Key)
		if e.Level.Ok {
			behind = " level " + decimal(e.Level.V)
		}
	}
	k := keyOf(keys, s.Key)
	if k == nil {
		return nil
	}
	s.Words, s.Type, s.Len = e.Name()+" "+k.name+behind, k.typ, k.len
	return s
}

// other loads what rarer expressions tell.
func (d *decompiler) other(e nft.Expr) bool {
	var sel *Selector
	var dreg nft.Register
	switch e := e.(type) {
	case *nft.Numgen:
		dreg, sel = e.Dreg, otherSelector(e, nil)
	case *nft.Hash:
		var key Expr
		if e.Type == 0 {
			if key = d.get(e.Sreg, e.Len); key == nil {
				return false
			}
		}
		dreg, sel = e.Dreg, otherSelector(e, key)
	case *nft.Rt:
		dreg, sel = e.Dreg, otherSelector(e, nil)
	case *nft.Socket:
		dreg, sel = e.Dreg, otherSelector(e, nil)
	case *nft.Exthdr:
		if sel = extensionOf(e); sel != nil && e.Dreg == 0 {
			d.assign(sel, d.get(e.Sreg, 0))
			return true
		}
		dreg = e.Dreg
	}
	if sel == nil {
		return false
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

// extensionOf is what an expression loads or writes of an option, or nil.
func extensionOf(e *nft.Exthdr) *Selector {
	if int(e.Op) >= len(opWords) {
		return nil
	}
	present := e.Flags&nft.ExthdrPresent != 0
	i := slices.IndexFunc(options, func(o option) bool { return o.op == e.Op && o.typ == e.Type })
	switch {
	case i >= 0 && present:
		return options[i].exists()
	case i < 0 && present && e.Op > 0:
		return numberedOption(e.Op, e.Type, decimal(e.Type))
	case i < 0:
		return nil
	}
	o := &options[i]
	for j := range o.fields {
		if f := &o.fields[j]; f.Off == e.Offset*8 && f.Len == e.Len*8 {
			return o.selector(f)
		}
	}
	part := o.selector(&Field{Type: &dtHexInt, Off: e.Offset * 8, Len: e.Len * 8}) // see bits
	part.Words = "@" + o.name
	return part
}

// exists asks only whether an option is there.
func (o *option) exists() *Selector {
	return &Selector{Kind: otherSel, Words: opWords[o.op][1] + o.name, Type: &dtBool, Len: 8, Dir: -1, Option: o, Proto: o.proto()}
}

// numberedOption asks that of an option without a name.
func numberedOption(op nft.ExthdrOp, typ uint8, name string) *Selector {
	s := (&option{op: op, typ: typ, name: name}).exists()
	s.Proto = nil // nft makes sure of none either
	return s
}

// proto is the protocol that has an option.
func (o *option) proto() *Protocol {
	return protocolByName([...]string{"ip6", "tcp", "ip", "sctp"}[o.op])
}

func (o *option) selector(f *Field) *Selector {
	return &Selector{Kind: otherSel, Words: opWords[o.op][0] + o.name + " " + f.Name, Type: f.Type, Len: f.Len, Dir: -1,
		Option: o, Field: f, Proto: o.proto()}
}
