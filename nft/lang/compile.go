//go:build linux

package lang

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
)

// A compiler makes expressions of statements, and the sets that they need.
type compiler struct {
	context
	hook  nft.HookNum // of the chain, by which a device is the input or the output
	names Names
	table string

	exprs []nft.Expr
	new   Compiled
	ids   *uint32 // of sets and chains in the batch
	prev  *nft.Payload
	inner bool
	ports bool // the transport protocol is one of several that have ports
}

// Compiled is a rule and what has to be made with it: sets before it, and chains
// with rules.
type Compiled struct {
	Sets   []*nft.Set
	Elems  []*nft.Elems // of the sets
	Chains []*nft.Chain
	Inner  []*nft.Rule // of the chains
	Exprs  []nft.Expr
}

// errNeeds is that something else must be known of a packet first.
var errNeeds = errors.New("transport protocol mapping is only valid after transport protocol match")

// compile makes expressions of a rule.
func (c *compiler) compile(stmts []Stmt) (err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(compileError)
			if !ok {
				panic(r)
			}
			err = e.error
		}
	}()
	for _, s := range stmts {
		c.stmt(s)
	}
	c.new.Exprs = c.exprs
	return nil
}

type compileError struct{ error }

func (c *compiler) fail(format string, args ...any) {
	panic(compileError{fmt.Errorf(format, args...)})
}

func (c *compiler) emit(e nft.Expr) { c.exprs = append(c.exprs, e) }

func (c *compiler) stmt(s Stmt) {
	if _, ok := s.(*Match); !ok {
		c.prev = nil
	}
	switch s := s.(type) {
	case *Match:
		c.match(s)
	case *VerdictStmt:
		c.emit(&nft.Immediate{Data: dataVerdict(s.Verdict)})
	case *Vmap:
		c.require(s.Key)
		swap := c.swaps(s.Key, s.Map)
		c.load(s.Key, nft.Reg1, swap)
		l := &nft.Lookup{Sreg: nft.Reg1}
		l.Dreg.Ok = true
		c.setRef(l, s.Key, s.Map, nil, true)
		c.emit(l)
	case *Kernel:
		c.emit(s.Expr)
	case *Reject:
		c.reject(s)
	case *NAT:
		c.nat(s)
	case *Assign:
		c.assign(s)
	case *UseObject:
		c.useObject(s)
	case *SetChange:
		c.setChange(s)
	case *Send:
		c.send(s)
	case *Block:
		c.block(s)
	}
}

func dataVerdict(v nft.Verdict) (d nft.Data) {
	d.Verdict.V, d.Verdict.Ok = v, true
	return d
}

// require adds the comparisons that say that the headers are there which an
// expression reads.
func (c *compiler) require(e Expr) {
	switch e := e.(type) {
	case *Masked:
		c.require(e.X)
	case *MapOf:
		c.require(e.Key)
	case *Concat:
		for _, part := range e.Parts {
			c.require(part)
		}
	case *Selector:
		switch {
		case e.Kind == payloadSel && !e.Raw:
			c.requireProto(e.Proto)
			c.requireType(e)
		case e.Option != nil && e.Option.op%2 == 0: // of IPv6 and of IPv4
			c.requireProto(e.Proto)
		case e.Key2 != nil:
			c.require(e.Key2)
		}
	}
}

// requireType adds the comparison that says that a message of ICMP is of a type that
// has the field.
func (c *compiler) requireType(e *Selector) {
	types := icmpTypes(e)
	if types == nil || c.icmp == types[0] {
		return
	}
	sel := fieldSelector(e.Proto, e.Proto.field("type"))
	var elems []Elem
	for _, t := range types {
		elems = append(elems, Elem{Key: numberValue(sel.Type, uint64(t), 1)})
	}
	if len(elems) == 1 {
		c.match(&Match{sel, Eq, elems[0].Key})
		return
	}
	c.match(&Match{sel, Eq, &SetLit{elems}})
	c.icmp = types[0]
}

func (c *compiler) requireProto(p *Protocol) {
	at := c.at(p.Base)
	if *at == p || p.Name == "th" {
		return
	}
	if *at != nil && !(p.Base == nft.LLHeader && p.Name == "vlan" && (*at).Name == "ether") && !(p.Name == "ether" && (*at).Name == "vlan") {
		c.fail("conflicting protocols specified: %s vs. %s", (*at).Name, p.Name)
	}
	switch p.Base {
	case nft.LLHeader:
		if c.link == nil {
			key := nft.MetaKey(unix.NFT_META_IIFTYPE)
			if c.hook == nft.Output || c.hook == nft.Postrouting {
				key = nft.MetaKey(unix.NFT_META_OIFTYPE)
			}
			c.meta(key, numberValue(&dtARPHrd, 1, 2))
			c.link = protocolByName("ether")
		}
		if p.Name == "vlan" && c.link != p {
			c.emit(&nft.Payload{Dreg: nft.Reg1, Base: nft.LLHeader, Offset: 12, Len: 2})
			c.emit(&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: []byte{0x81, 0}})
		}
	case nft.NetworkHeader:
		c.requireNetwork(p)
	case nft.TransportHeader:
		if p.NFProto != 0 {
			for _, q := range protocols {
				if q.Base == nft.NetworkHeader && q.NFProto == p.NFProto && c.network != q {
					c.inner = true // the header that is asked for is within it
					c.requireProto(q)
					c.inner = false
				}
			}
		}
		c.meta(nft.MetaL4Proto, numberValue(&dtProto, uint64(p.IPProto), 1))
	}
	*at = p
}

func (c *compiler) requireNetwork(p *Protocol) {
	etherType := numberValue(&dtEtherType, uint64(p.EtherType), 2)
	if c.family == nft.Bridge && (p.NFProto == 0 || c.inner) {
		c.emit(&nft.Payload{Dreg: nft.Reg1, Base: nft.LLHeader, Offset: 12, Len: 2})
		c.emit(&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: etherType.Data})
		return
	}
	switch c.family {
	case nft.Inet:
		if c.link != nil {
			sel := fieldSelector(c.link, c.link.field("type"))
			c.match(&Match{sel, Eq, etherType})
			return
		}
		if p.NFProto == 0 {
			c.fail("conflicting protocols specified: inet vs. %s", p.Name)
		}
		c.meta(nft.MetaNFProto, numberValue(&dtNFProto, uint64(p.NFProto), 1))
	case nft.Bridge, nft.Netdev:
		if c.family == nft.Netdev && c.link != nil && c.link.Name == "ether" {
			sel := fieldSelector(c.link, c.link.field("type"))
			c.match(&Match{sel, Eq, etherType})
			return
		}
		if c.link != nil && c.link.Name == "vlan" {
			c.emit(&nft.Payload{Dreg: nft.Reg1, Base: nft.LLHeader, Offset: 16, Len: 2})
			c.emit(&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: etherType.Data})
			return
		}
		c.meta(nft.MetaProtocol, etherType)
	}
}

func (c *compiler) meta(key nft.MetaKey, v *Value) {
	c.emit(&nft.Meta{Key: key, Dreg: nft.Reg1})
	c.emit(&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: v.Data})
}

// swaps says whether a key has to be brought into network order to be looked up: in
// intervals of a type in host order.
func (c *compiler) swaps(key, with Expr) bool {
	if cc, ok := key.(*Concat); ok {
		if !slices.ContainsFunc(cc.Parts, partSwaps) {
			return false
		}
	} else if t := exprType(key); t.Order != Host || t.Form == Text {
		return false
	}
	switch s := with.(type) {
	case *SetRef:
		_, _, flags, ok := c.names.SetTypes(c.family, c.table, s.Name)
		return ok && flags&nft.SetInterval != 0
	case *SetLit:
		return hasIntervals(s.Elems)
	case *Range:
		return true
	}
	return false
}

// partSwaps says that of a part of a key. Nft has single bytes of meta and ct in host
// order, too.
func partSwaps(part Expr) bool {
	t := exprType(part)
	if s, ok := part.(*Selector); ok && s.bytes() == 1 && (s.Kind == metaSel || s.Kind == ctSel && s.Key != unix.NFT_CT_PROTOCOL) {
		return true
	}
	return t.Order == Host && t.Form != Text
}

// load brings an expression into a register and those behind it. It returns the
// next one that is free.
func (c *compiler) load(e Expr, r nft.Register, swap bool) nft.Register {
	next := nft.Reg32 + reg32(r) + nft.Register(max(words(exprBytes(e)), 1))
	switch e := e.(type) {
	case *Selector:
		c.loadSelector(e, r)
		if size := e.bytes(); swap && size > 1 {
			c.emit(&nft.Byteorder{Sreg: r, Dreg: r, Op: 1, Len: size, Size: size})
		}
	case *Masked:
		c.load(e.X, r, false)
		m := &nft.Bitwise{Sreg: r, Dreg: r, Len: exprBytes(e), Mask: e.Mask.Data, Xor: make([]byte, len(e.Mask.Data))}
		if e.Xor != nil {
			m.Xor = e.Xor.Data
		}
		c.bitwise(m)
		if swap {
			c.emit(&nft.Byteorder{Sreg: r, Dreg: r, Op: 1, Len: exprBytes(e), Size: exprBytes(e)})
		}
	case *Concat:
		for _, part := range e.Parts {
			next := c.load(part, r, swap && partSwaps(part))
			if swap && partSwaps(part) && exprBytes(part) == 1 {
				c.emit(&nft.Byteorder{Sreg: r, Dreg: r, Op: 1, Len: 1, Size: 2})
			}
			r = next
		}
		return r
	case *MapOf:
		c.load(e.Key, r, c.swaps(e.Key, e.Map))
		l := &nft.Lookup{Sreg: r}
		l.Dreg.V, l.Dreg.Ok = r, true
		c.setRef(l, e.Key, e.Map, e.Data, false)
		c.emit(l)
	case *Value:
		c.emit(nft.Load(r, e.Data))
	}
	return next
}

// bitwise adds a mask with the attributes that nft sends.
func (c *compiler) bitwise(b *nft.Bitwise) {
	b.Op.Ok = true
	c.emit(b)
}

func (c *compiler) loadSelector(s *Selector, r nft.Register) {
	switch s.Kind {
	case payloadSel:
		c.loadField(s, r)
	case metaSel:
		c.emit(&nft.Meta{Key: nft.MetaKey(s.Key), Dreg: r})
	case ctSel:
		e := &nft.Ct{Key: nft.CtKey(s.Key), Dreg: r}
		if s.Dir >= 0 {
			e.Dir.V, e.Dir.Ok = nft.CtDir(s.Dir), true
		}
		c.emit(e)
	case fibSel:
		c.emit(&nft.Fib{Flags: s.Flag, Result: nft.FibResult(s.Key), Dreg: r})
	default:
		c.loadOther(s, r)
	}
}

// loadField loads the bytes around a field and, if it is not made of whole bytes,
// masks them.
func (c *compiler) loadField(s *Selector, r nft.Register) {
	first, last := s.Field.Off/8, (s.Field.Off+s.Field.Len+7)/8
	c.emit(&nft.Payload{Dreg: r, Base: s.Proto.Base, Offset: first, Len: last - first})
	if s.Field.Len%8 != 0 {
		c.maskField(s, r)
	}
}

func (c *compiler) maskField(s *Selector, r nft.Register) {
	mask, _ := fieldMask(s.Field)
	c.bitwise(&nft.Bitwise{Sreg: r, Dreg: r, Len: uint32(len(mask)), Mask: mask, Xor: make([]byte, len(mask))})
}

// fieldMask is the bits of a field in the bytes around it, and how many are behind it.
func fieldMask(f *Field) (mask []byte, shift uint32) {
	first, last := f.Off/8, (f.Off+f.Len+7)/8
	mask = make([]byte, last-first)
	for bit := f.Off - 8*first; bit < f.Off-8*first+f.Len; bit++ {
		mask[bit/8] |= 0x80 >> (bit % 8)
	}
	return mask, 8*last - f.Off - f.Len
}

// data is a value as it is in the register into which its selector is loaded.
func (c *compiler) data(s Expr, v *Value) []byte {
	sel, ok := s.(*Selector)
	if !ok || sel.Field == nil || sel.Field.Len%8 == 0 {
		return v.Data
	}
	mask, shift := fieldMask(sel.Field)
	return numberValue(&dtInteger, v.number()<<shift, uint32(len(mask))).Data
}

func (c *compiler) loadOther(s *Selector, r nft.Register) {
	switch e := s.Make.(type) {
	case *nft.Rt:
		c.emit(&nft.Rt{Dreg: r, Key: e.Key})
		return
	case *nft.Socket:
		c.emit(&nft.Socket{Key: e.Key, Dreg: r, Level: e.Level})
		return
	case *nft.Numgen:
		n := *e
		n.Dreg = r
		c.emit(&n)
		return
	case *nft.Hash:
		h := *e
		h.Dreg = r
		if s.Key2 != nil {
			c.load(s.Key2, nft.Reg2, false)
			h.Sreg = nft.Reg2
		}
		c.emit(&h)
		return
	}
	e := &nft.Exthdr{Dreg: r, Type: s.Option.typ, Op: s.Option.op}
	if s.Field == nil {
		e.Len, e.Flags = 1, nft.ExthdrPresent
		c.emit(e)
		return
	}
	first, last := s.Field.Off/8, (s.Field.Off+s.Field.Len+7)/8
	e.Offset, e.Len = first, last-first
	c.emit(e)
	if s.Field.Len%8 != 0 {
		c.maskField(s, r)
	}
}

func (c *compiler) match(m *Match) {
	c.require(m.Left)
	if c.mergeWithPrev(m) {
		return
	}
	c.prev = nil
	switch right := m.Right.(type) {
	case *SetRef, *SetLit:
		if lit, ok := right.(*SetLit); ok && len(lit.Elems) == 1 && lit.Elems[0].Key != nil {
			if _, isConcat := lit.Elems[0].Key.(*Concat); !isConcat { // of one element is that element
				c.match(&Match{m.Left, m.Op, lit.Elems[0].Key})
				return
			}
		}
		c.load(m.Left, nft.Reg1, c.swaps(m.Left, right))
		l := &nft.Lookup{Sreg: nft.Reg1}
		if m.Op == Neq {
			l.Flags.V, l.Flags.Ok = nft.LookupInverse, true
		}
		c.setRef(l, m.Left, right, nil, false)
		c.emit(l)
	case *Range:
		swap := c.swaps(m.Left, right)
		c.load(m.Left, nft.Reg1, swap)
		lo, hi := c.data(m.Left, right.Lo), c.data(m.Left, right.Hi)
		if swap {
			lo, hi = reversed(lo), reversed(hi)
		}
		if m.Op == Neq {
			c.emit(&nft.Range{Sreg: nft.Reg1, Op: nft.RangeNeq, From: lo, To: hi})
			return
		}
		c.emit(&nft.Cmp{Sreg: nft.Reg1, Op: nft.Gte, Data: lo})
		c.emit(&nft.Cmp{Sreg: nft.Reg1, Op: nft.Lte, Data: hi})
	case *Prefix:
		c.prefix(m, right)
	case *Concat:
		lit := &SetLit{[]Elem{{Key: right}}}
		c.match(&Match{m.Left, m.Op, lit})
	case *Value:
		c.compare(m, right)
	}
	c.learnMatch(m)
}

func (c *compiler) learnMatch(m *Match) {
	sel, _ := m.Left.(*Selector)
	if sel != nil && (sel.isMeta(nft.MetaL4Proto) || sel.Kind == payloadSel && sel.Type == &dtProto) && m.Op == Eq {
		c.ports = true
	}
	v, _ := m.Right.(*Value)
	if sel != nil && v != nil && m.Op == Eq && len(v.Data) <= 8 {
		c.learn(sel, v.number())
	}
	if lit, ok := m.Right.(*SetLit); ok && sel != nil && m.Op == Eq && sel.Kind == payloadSel && (sel.Type == &dtICMPType || sel.Type == &dtICMPv6Type) {
		if v, ok := lit.Elems[0].Key.(*Value); ok && len(lit.Elems) == 2 { // those of an echo
			c.icmp = int(v.number())
		}
	}
}

func (c *compiler) prefix(m *Match, p *Prefix) {
	op := nft.CmpOp(m.Op)
	mask := make([]byte, len(p.Data))
	for i := range p.Bits {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	masked := bytes.Clone(p.Data)
	for i := range masked {
		masked[i] &= mask[i]
	}
	if sel, ok := m.Left.(*Selector); ok && sel.Kind == payloadSel && p.Bits%8 == 0 && p.Bits != 0 && p.Bits < sel.Len {
		c.emit(&nft.Payload{Dreg: nft.Reg1, Base: sel.Proto.Base, Offset: sel.Field.Off / 8, Len: p.Bits / 8})
		c.emit(&nft.Cmp{Sreg: nft.Reg1, Op: op, Data: masked[:p.Bits/8]})
		return
	}
	c.load(m.Left, nft.Reg1, false)
	if sel, ok := m.Left.(*Selector); ok && sel.Kind == ctSel && p.Bits%8 == 0 && p.Bits != 0 {
		masked = masked[:p.Bits/8] // all is loaded, and so much compared
	} else if p.Bits < 8*uint32(len(p.Data)) {
		c.bitwise(&nft.Bitwise{Sreg: nft.Reg1, Dreg: nft.Reg1, Len: uint32(len(mask)), Mask: mask, Xor: make([]byte, len(mask))})
	}
	c.emit(&nft.Cmp{Sreg: nft.Reg1, Op: op, Data: masked})
}

func (c *compiler) compare(m *Match, v *Value) {
	t := exprType(m.Left)
	swap := m.Op >= Lt && m.Op <= Gte && t.Order == Host && t.Form != Text
	c.load(m.Left, nft.Reg1, swap)
	data := c.data(m.Left, v)
	if x, ok := m.Left.(*Masked); ok && x.Xor != nil && all(x.Mask.Data, 0xff) { // a ^ b == c is a == b ^ c
		m.Left, data = x.X, bytes.Clone(data)
		c.exprs = c.exprs[:len(c.exprs)-1]
		for i, b := range x.Xor.Data {
			data[i] ^= b
		}
	}
	switch m.Op {
	case Implied, Without:
		zero := make([]byte, len(data))
		c.bitwise(&nft.Bitwise{Sreg: nft.Reg1, Dreg: nft.Reg1, Len: uint32(len(data)), Mask: data, Xor: zero})
		op := nft.Neq
		if m.Op == Without {
			op = nft.Eq
		}
		c.emit(&nft.Cmp{Sreg: nft.Reg1, Op: op, Data: zero})
		return
	}
	if swap {
		data = reversed(data)
	}
	c.emit(&nft.Cmp{Sreg: nft.Reg1, Op: nft.CmpOp(m.Op), Data: data})
	if sel, ok := m.Left.(*Selector); ok && m.Op == Eq && sel.Kind == payloadSel && sel.Field.Len%8 == 0 && sel.Field.Off%8 == 0 {
		c.prev, _ = c.exprs[len(c.exprs)-2].(*nft.Payload)
	}
}

// mergeWithPrev has two comparisons with fields that follow one another become one,
// where that saves a load.
func (c *compiler) mergeWithPrev(m *Match) bool {
	prev := c.prev
	sel, _ := m.Left.(*Selector)
	v, _ := m.Right.(*Value)
	if prev == nil || sel == nil || v == nil || m.Op != Eq || sel.Kind != payloadSel || sel.Field.Len%8 != 0 || sel.Field.Off%8 != 0 {
		return false
	}
	off, size := sel.Field.Off/8, sel.Field.Len/8
	total := prev.Len + size
	if prev.Base != sel.Proto.Base || prev.Offset+prev.Len != off || total > 16 || words(prev.Len)+words(size) <= words(total) {
		return false
	}
	cmp := c.exprs[len(c.exprs)-1].(*nft.Cmp)
	prev.Len = total
	cmp.Data = append(bytes.Clone(cmp.Data), v.Data...)
	c.learnMatch(m)
	return true
}
