//go:build linux

package lang

import (
	"bytes"
	"slices"

	"github.com/minins/minins/nft"
)

// A decompiler makes statements of the expressions of a rule.
type decompiler struct {
	context
	src   Source
	regs  map[nft.Register]Expr // what was loaded, by the first register of 4 bytes
	stmts []Stmt
	deps  []dependency

	xtables bool // no words for what iptables made: as JSON has it
}

// A dependency is a statement that says which header there is.
type dependency struct {
	index int
	base  nft.PayloadBase // of the header
	proto *Protocol
}

// Source is where the sets of a rule are found.
type Source interface {
	// Set returns the set that a rule refers to, and, if it is anonymous, its elements.
	Set(name string) (*nft.Set, *nft.ElemList)
	// Binding returns the rules of a chain that goes with the rule that jumps to it.
	Binding(chain string) (rules []*nft.Rule, ok bool)
}

// Decompile returns the statements that expressions of a rule stand for. What
// has none is a [*Kernel]. A rule that refers to no set needs no src.
func Decompile(f nft.Family, exprs []nft.Expr, src Source) []Stmt {
	return decompile(f, exprs, src, false)
}

// decompile leaves each match and target of iptables an [*Xtables], if it is to.
func decompile(f nft.Family, exprs []nft.Expr, src Source, xtables bool) []Stmt {
	if src == nil {
		src = inTable{newIndex(new(Ruleset)), new(nft.Table)}
	}
	d := &decompiler{context: newContext(f), src: src, regs: make(map[nft.Register]Expr), xtables: xtables}
	for _, e := range exprs {
		d.expr(e)
	}
	return d.stmts
}

// swapped is a value whose bytes were put in network order, so that it can be compared.
type swapped struct{ x Expr }

// unswap is what was compared, and with what, in its own order.
func unswap(e Expr, a, b []byte) (Expr, []byte, []byte) {
	s, ok := e.(*swapped)
	if !ok {
		return e, a, b
	}
	if nativeLittle {
		a, b = bytes.Clone(a), bytes.Clone(b)
		slices.Reverse(a)
		slices.Reverse(b)
	}
	return s.x, a, b
}

// reg32 is the number of the first register of 4 bytes of r.
func reg32(r nft.Register) nft.Register {
	if r >= nft.Reg32 {
		return r - nft.Reg32
	}
	return (r - nft.Reg1) * 4
}

func (d *decompiler) load(r nft.Register, e Expr) { d.regs[reg32(r)] = e }

// get is what a register holds; of size bytes, if that is not 0: what is in the
// registers behind it joins it.
func (d *decompiler) get(r nft.Register, size uint32) Expr {
	e := d.regs[reg32(r)]
	if e == nil {
		return nil
	}
	n := reg32(r) + nft.Register(words(exprBytes(e)))
	if size == 0 || uint32(n-reg32(r))*4 >= size {
		return e
	}
	all := &Concat{Parts: []Expr{e}}
	for uint32(n-reg32(r))*4 < size {
		next := d.regs[n]
		if next == nil {
			break
		}
		all.Parts = append(all.Parts, next)
		n += nft.Register(max(words(exprBytes(next)), 1))
	}
	if len(all.Parts) == 1 {
		return e
	}
	return all
}

// words is how many registers of 4 bytes that many bytes take.
func words(n uint32) uint32 { return (n + 3) / 4 }

// exprBytes is how many bytes a value takes.
func exprBytes(e Expr) uint32 {
	switch e := e.(type) {
	case *Selector:
		return e.bytes()
	case *Value:
		return uint32(len(e.Data))
	case *Masked:
		return exprBytes(e.X)
	case *Concat:
		var n uint32
		for _, p := range e.Parts {
			n += 4 * words(exprBytes(p))
		}
		return n
	case *swapped:
		return exprBytes(e.x)
	}
	return 4
}

// exprType is the type of an expression.
func exprType(e Expr) *Datatype {
	switch e := e.(type) {
	case *Selector:
		return e.Type
	case *Value:
		return e.Type
	case *Masked:
		return exprType(e.X)
	case *swapped:
		return exprType(e.x)
	case *Concat:
		if len(e.Parts) == 1 {
			return exprType(e.Parts[0])
		}
	}
	return &dtInteger
}

// add adds a statement. Behind one that does something nft drops nothing that comes
// before it.
func (d *decompiler) add(s Stmt) {
	if _, ok := s.(*Match); !ok {
		d.deps = nil
	}
	d.stmts = append(d.stmts, s)
}

func (d *decompiler) expr(e nft.Expr) {
	switch e := e.(type) {
	case *nft.Payload:
		if e.Len > 64 || e.Offset > 1<<16 {
			break
		}
		if e.Dreg != 0 {
			d.load(e.Dreg, d.payload(e.Base, e.Offset*8, e.Len*8))
			return
		}
		sel, value := d.payload(e.Base, e.Offset*8, e.Len*8), d.get(e.Sreg, 0)
		if m, ok := value.(*Masked); ok && m.Xor != nil {
			if f, v := d.part(sel, m); f != nil {
				sel, value = f, v
			}
		}
		d.needs(sel)
		d.assign(sel, value)
		return
	case *nft.Meta:
		if k := keyOf(metaKeys, uint32(e.Key)); k != nil {
			sel := metaSelector(k)
			if e.Dreg != 0 {
				d.load(e.Dreg, sel)
				return
			}
			sel.Words = "meta " + k.name
			d.assign(sel, d.get(e.Sreg, 0))
			return
		}
	case *nft.Ct:
		if k := keyOf(ctKeys, uint32(e.Key)); k != nil {
			dir := int8(-1)
			if e.Dir.Ok {
				dir = int8(e.Dir.V)
			}
			sel := ctSelector(k, dir)
			if e.Dreg != 0 {
				d.load(e.Dreg, sel)
				return
			}
			d.assign(sel, d.get(e.Sreg, 0))
			return
		}
	case *nft.Fib:
		if s := fibSelector(e); s != nil {
			d.load(e.Dreg, s)
			return
		}
	case *nft.Match:
		d.compat("match", e.Info)
		return
	case *nft.Target:
		d.compat("target", e.Info)
		return
	case *nft.Dup:
		d.send("dup", nft.Unspec, d.span(e.SregAddr, 0, d.addrType()), d.span(e.SregDev, 0, &dtIfindex))
		return
	case *nft.Fwd:
		addr := &dtIPv4
		if nft.Family(e.NFProto) == nft.IPv6 {
			addr = &dtIPv6
		}
		d.send("fwd", nft.Family(e.NFProto), d.span(e.SregAddr, 0, addr), d.span(e.SregDev, 0, &dtIfindex))
		return
	case *nft.Numgen, *nft.Rt, *nft.Socket, *nft.Exthdr, *nft.Hash:
		if d.other(e) {
			return
		}
	case *nft.Bitwise:
		if x := d.get(e.Sreg, 0); x != nil && e.Op.V == 0 && len(e.Mask) == len(e.Xor) {
			d.load(e.Dreg, d.masked(x, e.Mask, e.Xor))
			return
		}
	case *nft.Byteorder:
		d.load(e.Dreg, &swapped{d.get(e.Sreg, 0)})
		return
	case *nft.Cmp:
		if d.cmp(e) {
			return
		}
	case *nft.Range:
		if x := d.get(e.Sreg, uint32(len(e.From))); x != nil {
			op := Eq
			if e.Op != nft.RangeEq {
				op = Neq
			}
			x, from, to := unswap(x, e.From, e.To)
			d.match(x, op, &Range{d.valueOf(x, from), d.valueOf(x, to)})
			return
		}
	case *nft.Lookup:
		if d.lookup(e) {
			return
		}
	case *nft.NAT, *nft.Masq, *nft.Redir, *nft.TProxy:
		d.nat(e)
		return
	case *nft.Reject:
		r := &Reject{Reject: e, Family: nft.IPv4, Always: d.family != nft.IPv4 && d.family != nft.IPv6}
		if d.network != nil && d.network.Name == "ip6" {
			r.Family = nft.IPv6
		}
		if d.network != nil && e.Type != nft.RejectICMPX {
			d.dropDependency(d.network)
		}
		if d.transport != nil && e.Type == nft.RejectTCPReset && (d.family == nft.IPv4 || d.family == nft.IPv6) {
			d.dropDependency(d.transport)
		}
		d.add(r)
		return
	case *nft.Immediate:
		if v := e.Data.Verdict.V; e.Data.Verdict.Ok && v.Chain != "" {
			if rules, ok := d.src.Binding(v.Chain); ok {
				d.add(&Block{Code: v.Code, Rules: rules})
				return
			}
		}
		if e.Data.Verdict.Ok {
			d.add(&VerdictStmt{e.Data.Verdict.V})
			return
		}
		d.load(e.Dreg, &Value{Type: &dtInteger, Data: bytes.Clone(e.Data.Value)})
		return
	case *nft.Objref:
		u := &UseObject{Type: e.Type, Name: e.Object}
		if e.SetName != "" {
			set, elems := d.src.Set(e.SetName)
			if set != nil {
				u.Type = set.ObjType
			}
			u.Key = d.get(e.Sreg, keyLen(set))
			d.needs(u.Key)
			u.Map = d.setExpr(e.SetName, set, elems)
		}
		d.add(u)
		return
	case *nft.Dynset:
		d.dynset(e)
		return
	}
	d.add(&Kernel{e})
}

// payload finds the field of a header.
func (d *decompiler) payload(base nft.PayloadBase, off, size uint32) *Selector {
	known := *d.at(base)
	if known != nil {
		if d.icmp >= 0 { // of fields in one place the one that this type has
			for i := range known.Fields {
				f := &known.Fields[i]
				if f.Off != off || f.Len != size {
					continue
				}
				if e := fieldSelector(known, f); slices.Contains(icmpTypes(e), d.icmp) {
					return e
				}
			}
		}
		if e := fieldAt(known, off, size); e != nil {
			return e
		}
	}
	if base == nft.TransportHeader && known == nil {
		if e := fieldAt(protocolByName("th"), off, size); e != nil {
			return e
		}
	}
	if base == nft.LLHeader && known != nil {
		for _, p := range protocols[:2] { // ether and vlan
			if e := fieldAt(p, off, size); e != nil {
				return e
			}
		}
	}
	return rawSelector(base, off, size)
}

func fieldAt(p *Protocol, off, size uint32) *Selector {
	for i := range p.Fields {
		if f := &p.Fields[i]; f.Off == off && f.Len == size {
			return fieldSelector(p, f)
		}
	}
	return nil
}

// prefixAt is the field of which the load has the beginning: ip saddr 10.0.0.0/8
// loads one byte.
func prefixAt(p *Protocol, off, size uint32) *Selector {
	if p == nil {
		return nil
	}
	for i := range p.Fields {
		if f := &p.Fields[i]; f.Off == off && f.Len > size && (f.Type == &dtIPv4 || f.Type == &dtIPv6 || f.Type == &dtEther) {
			return fieldSelector(p, f)
		}
	}
	return nil
}

var baseNames = [...]string{"ll", "nh", "th", "ih"}

func rawSelector(base nft.PayloadBase, off, size uint32) *Selector {
	words := "@"
	if int(base) < len(baseNames) {
		words += baseNames[base]
	}
	words += "," + decimal(off) + "," + decimal(size)
	return &Selector{Kind: payloadSel, Words: words, Type: &dtHexInt, Len: size, Raw: true, Dir: -1,
		Proto: &Protocol{Name: "@", Base: base}, Field: &Field{Type: &dtHexInt, Off: off, Len: size}}
}

// needs drops the statements that only say that a header is there which the next one
// reads.
func (d *decompiler) needs(e Expr) {
	switch e := e.(type) {
	case *Masked:
		d.needs(e.X)
	case *MapOf:
		d.needs(e.Key)
	case *Concat:
		for _, p := range e.Parts {
			d.needs(p)
		}
	case *Selector:
		if e.Kind == otherSel && e.Proto != nil {
			d.dropDependency(e.Proto)
		}
		if e.Key2 != nil {
			d.needs(e.Key2)
		}
		if e.Kind != payloadSel || e.Raw {
			return
		}
		if types := icmpTypes(e); len(types) == 1 && types[0] == d.icmp {
			d.dropType(e.Proto)
		}
		d.dropDependency(e.Proto)
	}
}

// dropType drops the comparison with the type of an ICMP message, if it is the last
// statement.
func (d *decompiler) dropType(p *Protocol) {
	n := len(d.stmts) - 1
	if n < 0 {
		return
	}
	m, ok := d.stmts[n].(*Match)
	if !ok {
		return
	}
	if sel, ok := m.Left.(*Selector); ok && sel.Proto == p && sel.Field != nil && sel.Field.Name == "type" && m.Op == Eq {
		d.stmts = d.stmts[:n]
	}
}

func (d *decompiler) dropDependency(p *Protocol) {
	for i, dep := range d.deps {
		if dep.proto != p || !d.droppable(dep) {
			continue
		}
		d.stmts = slices.Delete(d.stmts, dep.index, dep.index+1)
		d.deps = slices.Delete(d.deps, i, i+1)
		for j := range d.deps {
			if d.deps[j].index > dep.index {
				d.deps[j].index--
			}
		}
		if p.Base == nft.LLHeader && p.Name == "vlan" {
			d.dropDependency(protocolByName("ether"))
		}
		if p.Name == "icmp" || p.Name == "icmpv6" { // of ip and of ip6
			for _, q := range protocols {
				if q.Base == nft.NetworkHeader && q.NFProto == p.NFProto {
					d.dropDependency(q)
				}
			}
		}
		return
	}
}

// droppable: what the statement compares is not itself a field that somebody wrote.
func (d *decompiler) droppable(dep dependency) bool {
	m, ok := d.stmts[dep.index].(*Match)
	if !ok {
		return false
	}
	sel := m.Left.(*Selector)
	switch {
	case sel.Kind == metaSel:
		return true
	case sel.Type == &dtProto: // in other families it says which of IPv4 and IPv6, too
		return d.family == nft.IPv4 || d.family == nft.IPv6
	}
	return sel.Type == &dtEtherType
}

func keyLen(s *nft.Set) uint32 {
	if s == nil {
		return 0
	}
	return s.KeyLen
}

func (d *decompiler) lookup(e *nft.Lookup) bool {
	set, elems := d.src.Set(e.Set)
	key := d.get(e.Sreg, keyLen(set))
	if key == nil {
		return false
	}
	if c, ok := key.(*Concat); ok {
		key = d.fields(c)
	} else if s, ok := key.(*Selector); ok && s.Raw {
		key = d.fields(&Concat{[]Expr{s}})
	}
	with := d.setExprFor(key, e.Set, set, elems)
	switch {
	case e.Dreg.Ok && e.Dreg.V == nft.RegVerdict:
		d.needs(key)
		d.add(&Vmap{key, with})
	case e.Dreg.Ok:
		if set != nil {
			for i := range words(set.DataLen) {
				delete(d.regs, reg32(e.Dreg.V)+nft.Register(i))
			}
		}
		d.load(e.Dreg.V, &MapOf{Key: key, Map: with})
	default:
		op := Eq
		if e.Flags.V&nft.LookupInverse != 0 {
			op = Neq
		}
		d.match(key, op, with)
	}
	return true
}

// fields keeps a concatenation, of one part that part.
func (d *decompiler) fields(c *Concat) Expr {
	if len(c.Parts) == 1 {
		return c.Parts[0]
	}
	return c
}

func (d *decompiler) setExpr(name string, set *nft.Set, elems *nft.ElemList) Expr {
	return d.setExprFor(nil, name, set, elems)
}

func (d *decompiler) setExprFor(key Expr, name string, set *nft.Set, elems *nft.ElemList) Expr {
	if set == nil || set.Flags.V&nft.SetAnonymous == 0 {
		return &SetRef{name}
	}
	types := keyTypes(key)
	if types == nil {
		types, _ = SetTypes(set)
	}
	sel, ok := key.(*Selector)
	lit := &SetLit{}
	for e := range Elements(set, types, elems) {
		if ok && sel.Len%8 != 0 {
			e.Key = d.shifted(sel, e.Key)
		}
		lit.Elems = append(lit.Elems, *e)
	}
	return lit
}

// shifted is an element of a set that a field of some bits is looked up in.
func (d *decompiler) shifted(sel *Selector, e Expr) Expr {
	switch e := e.(type) {
	case *Value:
		return d.valueOf(sel, e.Data)
	case *Range:
		return &Range{d.valueOf(sel, e.Lo.Data), d.valueOf(sel, e.Hi.Data)}
	}
	return e
}

// keyTypes are the types of what is looked up.
func keyTypes(key Expr) []*Datatype {
	switch k := key.(type) {
	case nil:
		return nil
	case *Concat:
		var all []*Datatype
		for _, p := range k.Parts {
			all = append(all, sizedType(p))
		}
		return all
	default:
		return []*Datatype{sizedType(k)}
	}
}

// sizedType is the type of an expression, with the length that it has here.
func sizedType(e Expr) *Datatype {
	t := exprType(e)
	if t.Len != 0 {
		return t
	}
	own := *t
	own.Len = 8 * exprBytes(e)
	return &own
}

// addrType is the type of addresses in the packet's family.
func (d *decompiler) addrType() *Datatype {
	if d.family == nft.IPv6 || d.network != nil && d.network.Name == "ip6" {
		return &dtIPv6
	}
	return &dtIPv4
}

func (d *decompiler) send(name string, f nft.Family, addr, dev Expr) {
	d.needs(addr)
	d.needs(dev)
	d.add(&Send{name, f, addr, dev})
}

func (d *decompiler) assign(to *Selector, value Expr) {
	d.needs(value)
	d.add(&Assign{to, d.typed(value, to)})
}

// typed gives a constant the type of what it is assigned to.
func (d *decompiler) typed(e Expr, to *Selector) Expr {
	switch x := e.(type) {
	case nil:
		return &Value{Type: &dtInteger}
	case *Value:
		return &Value{Type: to.Type, Data: x.Data}
	case *MapOf:
		if lit, ok := x.Map.(*SetLit); ok {
			for i := range lit.Elems {
				lit.Elems[i].Data = d.typed(lit.Elems[i].Data, to)
			}
		}
	}
	return e
}

func (d *decompiler) dynset(e *nft.Dynset) {
	set, _ := d.src.Set(e.SetName)
	s := &SetChange{Op: e.Op, Set: e.SetName, Meter: set != nil && set.Flags.V&nft.SetAnonymous != 0, Key: d.get(e.SregKey, keyLen(set)), Timeout: e.Timeout}
	if s.Meter {
		s.Size = set.Desc.V.Size
	}
	d.needs(s.Key)
	if e.SregData != 0 && set != nil && set.Flags.V&nft.SetMap != 0 {
		s.Data = d.get(e.SregData, set.DataLen)
		if v, ok := s.Data.(*Value); ok {
			if _, types := SetTypes(set); len(types) == 1 {
				v.Type = types[0]
			}
		}
	}
	exprs := e.Exprs
	if e.Expr != nil {
		exprs = append(exprs, e.Expr)
	}
	for _, x := range exprs {
		s.Stmts = append(s.Stmts, &Kernel{x})
	}
	d.add(s)
}
