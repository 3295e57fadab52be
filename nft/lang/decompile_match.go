//go:build linux

package lang

import (
	"bytes"

	"github.com/minins/minins/nft"
)

// masked is x & mask ^ xor: of a field that is not made of whole bytes, the field.
func (d *decompiler) masked(x Expr, mask, xor []byte) Expr {
	sel, ok := x.(*Selector)
	if ok && (sel.Kind == payloadSel || sel.Option != nil && sel.Field != nil) && all(xor, 0) {
		if f := d.bits(sel, mask); f != nil {
			return f
		}
	}
	t := exprType(x)
	m := &Masked{X: x, Mask: &Value{Type: t, Data: bytes.Clone(mask)}}
	if !all(xor, 0) {
		m.Xor = &Value{Type: t, Data: bytes.Clone(xor)}
	}
	return m
}

// part is the field that is written where more than it was loaded, some bits changed
// and all written back: the kernel writes two bytes at least.
func (d *decompiler) part(all *Selector, m *Masked) (*Selector, Expr) {
	inv := make([]byte, len(m.Mask.Data))
	for i, b := range m.Mask.Data {
		inv[i] = ^b
	}
	first, n := run(inv)
	if n == 0 {
		return nil, nil
	}
	p := *d.at(all.Proto.Base)
	if p == nil {
		return nil, nil
	}
	for i := range p.Fields {
		f := &p.Fields[i]
		if f.Off == all.Field.Off+uint32(first) && f.Len == uint32(n) {
			v := (&Value{Type: &dtInteger, Data: m.Xor.Data}).number() >> (8*len(inv) - first - n)
			return fieldSelector(p, f), numberValue(f.Type, v, (f.Len+7)/8)
		}
	}
	return nil, nil
}

// run is where the bits of a mask are, if they are all together: n is 0 if not.
func run(mask []byte) (first, n int) {
	first = -1
	for i := range 8 * len(mask) {
		if mask[i/8]&(0x80>>(i%8)) != 0 {
			if first < 0 {
				first = i
			} else if i != first+n {
				return 0, 0
			}
			n++
		}
	}
	return first, n
}

// bits finds the field that is some bits in the middle of what was loaded.
func (d *decompiler) bits(sel *Selector, mask []byte) *Selector {
	first, n := run(mask)
	if n == 0 || n == 8*len(mask) {
		return nil
	}
	if o := sel.Option; o != nil {
		for i := range o.fields {
			if f := &o.fields[i]; f.Off == sel.Field.Off+uint32(first) && f.Len == uint32(n) {
				s := o.selector(f)
				s.Shift = uint32(8*len(mask) - first - n)
				return s
			}
		}
		return nil
	}
	protos := []*Protocol{*d.at(sel.Proto.Base)}
	if sel.Proto.Base == nft.LLHeader {
		protos = append(protos, protocolByName("vlan"))
	}
	for _, p := range protos {
		if p == nil {
			continue
		}
		for i := range p.Fields {
			f := &p.Fields[i]
			if f.Len%8 != 0 && f.Off == sel.Field.Off+uint32(first) && f.Len == uint32(n) {
				s := fieldSelector(p, f)
				s.Shift = uint32(8*len(mask) - first - n)
				return s
			}
		}
	}
	return nil
}

// valueOf is data as a value of what is compared with it.
func (d *decompiler) valueOf(x Expr, data []byte) *Value {
	v := &Value{Type: exprType(x), Data: bytes.Clone(data)}
	if sel, ok := x.(*Selector); ok && sel.Len%8 != 0 && len(data) <= 8 {
		n := (&Value{Type: &dtInteger, Data: data}).number() >> sel.Shift
		return numberValue(sel.Type, n, sel.bytes())
	}
	return v
}

func (d *decompiler) cmp(e *nft.Cmp) bool {
	loaded := d.get(e.Sreg, uint32(len(e.Data)))
	if loaded == nil || e.Op > nft.Gte || len(e.Data) == 0 {
		return false
	}
	loaded, data, _ := unswap(loaded, e.Data, nil)
	op := Op(e.Op)
	switch x := loaded.(type) {
	case *Concat: // fields that one comparison has together
		rest := data
		for _, part := range x.Parts {
			n := min(uint32(len(rest)), 4*words(exprBytes(part)))
			d.match(part, op, d.valueOf(part, rest[:min(n, exprBytes(part))]))
			rest = rest[n:]
		}
		return true
	case *Selector:
		if x.Raw {
			return d.cmpRaw(x, op, data)
		}
		if short := int(x.bytes()) - len(data); short > 0 && (x.Type.Form == IPv4 || x.Type.Form == IPv6) {
			whole := append(bytes.Clone(data), make([]byte, short)...)
			d.match(x, op, &Prefix{&Value{Type: x.Type, Data: whole}, 8 * uint32(len(data))})
			return true
		}
		v := d.valueOf(x, data)
		if x.Type.Form == Text && !bytes.Contains(data, []byte{0}) && uint32(len(data)) < x.bytes() {
			v.Wild = true
		}
		if x.Type.Form == Bits && op == Eq && x.Kind == ctSel {
			d.match(x, Eq, v)
			return true
		}
		d.match(x, op, v)
		return true
	case *Masked:
		d.cmpMasked(x, op, data)
		return true
	}
	d.match(loaded, op, d.valueOf(loaded, data))
	return true
}

// cmpRaw compares what is not a field: the beginning of one, or several.
func (d *decompiler) cmpRaw(x *Selector, op Op, data []byte) bool {
	if 8*uint32(len(data)) != x.Field.Len { // the kernel takes it, but nft writes no such thing
		d.match(x, op, &Value{Type: x.Type, Data: bytes.Clone(data)})
		return true
	}
	p := *d.at(x.Proto.Base)
	if f := prefixAt(p, x.Field.Off, x.Field.Len); f != nil && x.Field.Len%8 == 0 {
		full := append(bytes.Clone(data), make([]byte, f.bytes()-uint32(len(data)))...)
		d.match(f, op, &Prefix{&Value{Type: f.Type, Data: full}, x.Field.Len})
		return true
	}
	if p != nil && op == Eq {
		var fields []*Selector
		off, end := x.Field.Off, x.Field.Off+x.Field.Len
		for off < end {
			var next *Field
			for i := range p.Fields {
				if f := &p.Fields[i]; f.Off == off && f.Off+f.Len <= end && f.Len%8 == 0 && (next == nil || f.Len > next.Len) {
					next = f
				}
			}
			if next == nil {
				break
			}
			fields = append(fields, fieldSelector(p, next))
			off += next.Len
		}
		if off == end && len(fields) > 1 {
			for _, f := range fields {
				d.match(f, Eq, &Value{Type: f.Type, Data: bytes.Clone(data[:f.bytes()])})
				data = data[f.bytes():]
			}
			return true
		}
	}
	d.match(x, op, &Value{Type: x.Type, Data: bytes.Clone(data)})
	return true
}

// cmpMasked compares x & mask: a prefix, bits that are set, or as it is.
func (d *decompiler) cmpMasked(x *Masked, op Op, data []byte) {
	t := exprType(x.X)
	n, ok := prefixLen(x.Mask.Data)
	if (ok || all(x.Mask.Data, 0)) && x.Xor == nil && (t.Form == IPv4 || t.Form == IPv6) {
		d.match(x.X, op, &Prefix{&Value{Type: t, Data: bytes.Clone(data)}, n})
		return
	}
	if x.Xor == nil && (t.Form == Bits || t.Form == Label) && all(data, 0) {
		switch op {
		case Neq:
			d.match(x.X, Implied, x.Mask)
			return
		case Eq:
			d.match(x.X, Without, x.Mask)
			return
		}
	}
	d.match(x, op, d.valueOf(x, data))
}

// prefixLen is the length of a mask that is ones and then zeros.
func prefixLen(mask []byte) (n uint32, ok bool) {
	zero := false
	for i := range 8 * len(mask) {
		if mask[i/8]&(0x80>>(i%8)) == 0 {
			zero = true
		} else if zero {
			return 0, false
		} else {
			n++
		}
	}
	return n, n > 0
}

// match adds a comparison and notes what it says of the packet's headers. One that
// says no more than what follows needs is dropped when that comes.
func (d *decompiler) match(left Expr, op Op, right Expr) {
	if v, ok := right.(*Value); ok && op == Lte && len(d.stmts) > 0 { // from one to another is two comparisons
		if m, ok := d.stmts[len(d.stmts)-1].(*Match); ok && m.Op == Gte && m.Left == left {
			if lo, ok := m.Right.(*Value); ok {
				m.Op, m.Right = Eq, &Range{lo, v}
				return
			}
		}
	}
	d.needs(left)
	m := &Match{left, op, right}
	d.add(m)
	sel, _ := left.(*Selector)
	v, _ := right.(*Value)
	if sel == nil || v == nil || op != Eq || v.Wild || len(v.Data) > 8 {
		return
	}
	before := d.context
	d.learn(sel, v.number())
	for _, base := range []nft.PayloadBase{nft.LLHeader, nft.NetworkHeader, nft.TransportHeader} {
		if p := *d.at(base); p != nil && p != *before.at(base) {
			d.deps = append(d.deps, dependency{len(d.stmts) - 1, base, p})
		}
	}
}
