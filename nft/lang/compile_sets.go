//go:build linux

package lang

import (
	"bytes"
	"errors"
	"iter"
	"slices"

	"github.com/minins/minins/nft"
)

func hasIntervals(elems []Elem) bool {
	return slices.ContainsFunc(elems, func(e Elem) bool { return isInterval(e.Key) })
}

func isInterval(e Expr) bool {
	switch e := e.(type) {
	case *Range, *Prefix:
		return true
	case *Value:
		return e.Wild
	case *Concat:
		return slices.ContainsFunc(e.Parts, isInterval)
	}
	return false
}

// setRef has a lookup look a set up: a named one, or one made for it.
func (c *compiler) setRef(l *nft.Lookup, key, set Expr, data []*Datatype, verdicts bool) {
	switch s := set.(type) {
	case *SetRef:
		l.Set = s.Name
	case *SetLit:
		made := c.anonymous(key, s.Elems, data, verdicts)
		l.Set, l.SetID = made.Name, made.ID
	}
}

// unswapped is a concatenation without what is brought into network order to be looked
// up, of which nft notes nothing.
func unswapped(key Expr) Expr {
	c, ok := key.(*Concat)
	if !ok {
		return key
	}
	if i := slices.IndexFunc(c.Parts, partSwaps); i >= 0 {
		return &Concat{c.Parts[:i]} // nor of what is behind it
	}
	return c
}

// newSet makes a set for a key.
func (c *compiler) newSet(key Expr, name string) *nft.Set {
	*c.ids++
	s := &nft.Set{Family: c.family, Table: c.table, Name: name, ID: *c.ids}
	types := keyTypes(key)
	s.KeyType = typeID(types)
	if cc, ok := key.(*Concat); ok {
		for _, n := range sizes(cc) {
			s.KeyLen += 4 * words(n)
		}
	} else {
		s.KeyLen = exprBytes(key)
	}
	c.new.Sets = append(c.new.Sets, s)
	c.new.Elems = append(c.new.Elems, nil)
	return s
}

// anonymous makes a set of elements that goes with the rule.
func (c *compiler) anonymous(key Expr, elems []Elem, data []*Datatype, verdicts bool) *nft.Set {
	name := "__set%d"
	if data != nil || verdicts {
		name = "__map%d"
	}
	s := c.newSet(key, name)
	s.Flags.V, s.Flags.Ok = nft.SetAnonymous|nft.SetConstant, true
	types := keyTypes(key)
	ranges := slices.ContainsFunc(elems, func(e Elem) bool { return isInterval(e.Data) }) // snat prefix to
	isMap := data != nil || verdicts
	if isMap {
		s.Flags.V |= nft.SetMap
		s.DataType = typeID(data)
		for _, t := range data {
			s.DataLen += 4 * words(typeBytes(t))
		}
		if len(data) == 1 {
			s.DataLen = typeBytes(data[0])
			if ranges {
				s.DataLen *= 2
			}
		}
		if verdicts {
			s.DataType, s.DataLen = nft.DataVerdict, 0
		}
	}
	if hasIntervals(elems) {
		s.Flags.V |= nft.SetInterval
		if cc, ok := key.(*Concat); ok {
			s.Flags.V |= nft.SetConcat
			for _, n := range sizes(cc) {
				s.Desc.V.Fields = append(s.Desc.V.Fields, nft.SetField{Len: n})
			}
		}
	}
	each, n, err := CompileElems(s, elems, func(v *Value) []byte { return c.data(key, v) })
	if err != nil {
		panic(compileError{err})
	}
	s.Desc.Ok, s.Desc.V.Size = true, n
	var keyExpr, dataExpr Expr
	if verdicts {
		dataExpr = &VerdictOf{}
	}
	_, several := key.(*Concat)
	if sel, ok := key.(*Selector); several || !isMap && ok && sel.Len%8 == 0 {
		keyExpr = key
	}
	interval := s.Flags.V&nft.SetInterval != 0
	if interval && !isMap {
		keyExpr = unswapped(keyExpr)
	}
	if len(types) == 1 && partSwaps(key) {
		own := *types[0]
		if own.Order = Host; interval && !isMap && exprBytes(key) == 1 {
			own.Order = Network
		}
		types = []*Datatype{&own}
	}
	s.Userdata = userdata(s, types, data, keyExpr, dataExpr, interval && !isMap, ranges)
	i := slices.Index(c.new.Sets, s)
	c.new.Elems[i] = &nft.Elems{Family: c.family, Table: c.table, Set: s.Name, SetID: s.ID, Each: each}
	return s
}

// CompileElems makes elements of a set: n is how many there are of nft's
// count, of an anonymous set. data is how a value is in the register of what is looked up.
func CompileElems(s *nft.Set, elems []Elem, data func(*Value) []byte) (each iter.Seq[*nft.Elem], n uint32, err error) {
	if data == nil {
		data = func(v *Value) []byte { return v.Data }
	}
	if s.Flags.V&nft.SetInterval != 0 && s.Flags.V&nft.SetConcat == 0 {
		return compileIntervals(s, elems, data)
	}
	return func(yield func(*nft.Elem) bool) {
		for i := range elems {
			e := &elems[i]
			el := elemOf(e)
			el.Key, el.KeyEnd = keyBytes(e.Key, data, s.Flags.V&nft.SetConcat != 0)
			if e.Key == nil {
				el.Flags = nft.ElemCatchall
			}
			if !yield(&el) {
				return
			}
		}
	}, uint32(len(elems)), nil
}

// intervals are the elements of a set of intervals, by their first values.
type intervals struct {
	elems []Elem
	size  int    // of a value
	ends  []byte // of each element its first and its last value
	order []uint32
}

func (v *intervals) lo(i uint32) []byte { return v.ends[2*v.size*int(i):][:v.size] }
func (v *intervals) hi(i uint32) []byte { return v.ends[2*v.size*int(i)+v.size:][:v.size] }

func compileIntervals(s *nft.Set, elems []Elem, data func(*Value) []byte) (each iter.Seq[*nft.Elem], n uint32, err error) {
	v := &intervals{elems: elems, order: make([]uint32, 0, len(elems))}
	for i := range elems {
		if e := &elems[i]; e.Key != nil {
			lo, hi := ends(e.Key, data)
			if v.ends == nil {
				v.size = len(lo)
				v.ends = make([]byte, 2*v.size*len(elems))
			}
			copy(v.lo(uint32(i)), lo)
			copy(v.hi(uint32(i)), hi)
			v.order = append(v.order, uint32(i))
		}
	}
	sortStable(v.order, func(a, b uint32) int { return bytes.Compare(v.lo(a), v.lo(b)) })
	_, automatic := s.Userdata.Get(udMerge)
	if s.Flags.V&nft.SetMap == 0 && (automatic || s.Flags.V&nft.SetAnonymous != 0) {
		v.mergeAll()
	}
	for i := range v.order[min(1, len(v.order)):] {
		if bytes.Compare(v.lo(v.order[i+1]), v.hi(v.order[i])) <= 0 {
			return nil, 0, errors.New("conflicting intervals specified")
		}
	}
	anonymous := s.Flags.V&nft.SetAnonymous != 0
	if anonymous {
		v.each(false, func(*nft.Elem) bool { n++; return true }) // with ends that are left out
	}
	return func(yield func(*nft.Elem) bool) { v.each(anonymous, yield) }, n, nil
}

// mergeAll makes one of intervals that touch.
func (v *intervals) mergeAll() {
	merged := v.order[:0]
	for _, i := range v.order {
		if n := len(merged); n > 0 {
			last := v.hi(merged[n-1])
			if next, over := after(last); over || bytes.Compare(v.lo(i), next) <= 0 {
				if bytes.Compare(v.hi(i), last) > 0 {
					copy(last, v.hi(i))
				}
				continue
			}
		}
		merged = append(merged, i)
	}
	v.order = merged
}

// each yields the beginnings and the ends. An end that another begins at is left out of
// an anonymous set.
func (v *intervals) each(anonymous bool, yield func(*nft.Elem) bool) {
	for i := range v.elems {
		if e := &v.elems[i]; e.Key == nil {
			el := elemOf(e)
			el.Flags = nft.ElemCatchall
			if !yield(&el) {
				return
			}
		}
	}
	zero := make([]byte, v.size)
	if len(v.order) > 0 && !bytes.Equal(v.lo(v.order[0]), zero) && !yield(&nft.Elem{Flags: nft.ElemIntervalEnd, Key: zero}) {
		return
	}
	for i, at := range v.order {
		el := elemOf(&v.elems[at])
		el.Key = v.lo(at)
		end, over := after(v.hi(at))
		if over { // nft notes that there is no end
			el.Userdata, _ = el.Userdata.Append(udElemFlags, numberValue(&dtHost, 1, 4).Data) // it has room
		}
		if !yield(&el) {
			return
		}
		adjacent := i+1 < len(v.order) && bytes.Equal(end, v.lo(v.order[i+1])) && anonymous
		if !over && !adjacent && !yield(&nft.Elem{Flags: nft.ElemIntervalEnd, Key: end}) {
			return
		}
	}
}

// elemOf is an element without its key.
func elemOf(e *Elem) nft.Elem {
	el := nft.Elem{Timeout: e.Timeout, Expiration: e.Expires}
	if e.Comment != "" {
		el.Userdata, _ = nft.WithComment(e.Comment) // its length is checked where it is read
	}
	var exprs []nft.Expr
	for _, st := range e.Stmts {
		if k, ok := st.(*Kernel); ok {
			exprs = append(exprs, k.Expr)
		}
	}
	switch len(exprs) {
	case 0:
	case 1:
		el.Expr = exprs[0]
	default:
		el.Exprs = exprs
	}
	switch d := e.Data.(type) {
	case *VerdictOf:
		el.Data.Verdict.V, el.Data.Verdict.Ok = d.Verdict, true
	case *Value:
		if d.Type == &dtString {
			el.Object = string(d.Data)
		} else {
			el.Data.Value = d.Data
		}
	case *Range, *Prefix:
		lo, hi := ends(d, func(v *Value) []byte { return v.Data })
		el.Data.Value = append(lo, hi...)
	case *Concat:
		for _, part := range d.Parts {
			if v, ok := part.(*Value); ok {
				el.Data.Value = append(el.Data.Value, padded(v.Data)...)
			}
		}
	}
	return el
}

// padded is bytes up to a multiple of 4.
func padded(b []byte) []byte { return append(bytes.Clone(b), make([]byte, -len(b)&3)...) }

// keyBytes is the key of an element, and its end if it is of ranges.
func keyBytes(key Expr, data func(*Value) []byte, ranges bool) (lo, hi []byte) {
	cc, ok := key.(*Concat)
	if !ok {
		if v, ok := key.(*Value); ok {
			return data(v), nil
		}
		return nil, nil
	}
	for _, part := range cc.Parts {
		var a, b []byte
		if v, ok := part.(*Value); ok && !v.Wild && !ranges {
			a, b = v.Data, v.Data
		} else {
			a, b = ends(part, func(v *Value) []byte { return v.Data })
		}
		lo, hi = append(lo, padded(a)...), append(hi, padded(b)...)
	}
	if !ranges {
		hi = nil
	}
	return lo, hi
}

// ends is the first and the last value of an interval, in network order.
func ends(e Expr, data func(*Value) []byte) (lo, hi []byte) {
	ordered := func(v *Value) []byte {
		b := data(v)
		if v.Type.Order == Host && v.Type.Form != Text {
			b = reversed(b)
		}
		return bytes.Clone(b)
	}
	switch e := e.(type) {
	case *Range:
		return ordered(e.Lo), ordered(e.Hi)
	case *Prefix:
		return prefixEnds(&Prefix{&Value{Type: e.Type, Data: ordered(e.Value)}, e.Bits})
	case *Value:
		if e.Wild {
			n := typeBytes(e.Type)
			lo = append(bytes.Clone(e.Data), make([]byte, int(n)-len(e.Data))...)
			hi = append(bytes.Clone(e.Data), bytes.Repeat([]byte{0xff}, int(n)-len(e.Data))...)
			return lo, hi
		}
		return ordered(e), ordered(e)
	}
	return nil, nil
}

// after is the value behind b; over says that there is none.
func after(b []byte) (next []byte, over bool) {
	next = bytes.Clone(b)
	for i := len(next) - 1; i >= 0; i-- {
		next[i]++
		if next[i] != 0 {
			return next, false
		}
	}
	return next, true
}
