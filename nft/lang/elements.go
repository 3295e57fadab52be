//go:build linux

package lang

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/minins/minins/nft"
)

// Elements are the elements of a set as they are written: in order, and intervals
// as prefixes and ranges. types are those of the parts of the key.
func Elements(set *nft.Set, types []*Datatype, elems []nft.Elem, src Source) []Elem {
	var data []*Datatype
	switch {
	case set.DataType == nft.DataVerdict || set.Flags.V&nft.SetObject != 0:
	case set.Flags.V&nft.SetMap != 0:
		data = TypesOf(set.DataType)
	}
	interval := set.Flags.V&nft.SetInterval != 0 && set.Flags.V&nft.SetConcat == 0
	var sorted, others []*nft.Elem
	for i := range elems {
		if e := &elems[i]; e.Flags&nft.ElemCatchall != 0 {
			others = append(others, e) // it comes last
		} else {
			sorted = append(sorted, e)
		}
	}
	key := func(e *nft.Elem) []byte {
		if interval || len(types) != 1 {
			return e.Key
		}
		v := &Value{Type: types[0], Data: e.Key}
		switch {
		case v.Type.Form == Bits && bits.OnesCount64(v.number()) > 1:
			return nil // nft cannot compare such
		case v.Type.Order == Host: // of names, too, as nft does
			return reversed(e.Key)
		}
		return e.Key
	}
	if set.Flags.V&nft.SetInterval == 0 || interval { // others are as the kernel has them
		slices.SortStableFunc(sorted, func(a, b *nft.Elem) int {
			if c := bytes.Compare(key(a), key(b)); c != 0 {
				return c
			}
			return int(b.Flags&nft.ElemIntervalEnd) - int(a.Flags&nft.ElemIntervalEnd) // the end of one, then the beginning of the next
		})
	}
	n := len(sorted)
	sorted = append(sorted, others...)
	var out []Elem
	for i := range sorted {
		e := sorted[i]
		if e.Flags&nft.ElemIntervalEnd != 0 {
			continue
		}
		el := Elem{Timeout: e.Timeout, Expires: e.Expiration, Comment: e.Userdata.Comment()}
		switch {
		case e.Flags&nft.ElemCatchall != 0:
		case interval:
			end := bytes.Repeat([]byte{0xff}, len(e.Key))
			if i+1 < n {
				end = before(sorted[i+1].Key)
			}
			el.Key = span(types[0], e.Key, end)
		default:
			el.Key = concat(types, e.Key, e.KeyEnd)
		}
		switch {
		case e.Data.Verdict.Ok:
			el.Data = &VerdictOf{e.Data.Verdict.V}
		case e.Object != "":
			el.Data = &Value{Type: &dtString, Data: []byte(e.Object)}
		case e.Data.Value != nil:
			el.Data = concat(data, e.Data.Value, nil)
		}
		exprs := e.Exprs
		if e.Expr != nil {
			exprs = append(slices.Clone(exprs), e.Expr)
		}
		for _, x := range exprs {
			el.Stmts = append(el.Stmts, &Kernel{x})
		}
		out = append(out, el)
	}
	return out
}

// before is the value before an exclusive end.
func before(b []byte) []byte {
	b = bytes.Clone(b)
	for i := len(b) - 1; i >= 0; i-- {
		b[i]--
		if b[i] != 0xff {
			break
		}
	}
	return b
}

// span is the values from lo to hi, which are in network order.
func span(t *Datatype, lo, hi []byte) Expr {
	own := func(b []byte) *Value {
		if t.Order == Host && t.Form != Text {
			b = reversed(b)
		}
		return &Value{Type: t, Data: bytes.Clone(b)}
	}
	if bytes.Equal(lo, hi) {
		return own(lo)
	}
	if t.Form == Text { // a name that begins so
		n := 0
		for n < len(lo) && lo[n] == hi[n] {
			n++
		}
		return &Value{Type: t, Data: bytes.Clone(lo[:n]), Wild: true}
	}
	if t.Form == IPv4 || t.Form == IPv6 {
		mask := make([]byte, len(lo))
		for i := range mask {
			mask[i] = ^(lo[i] ^ hi[i])
		}
		n, ok := prefixLen(mask)
		if all(mask, 0) {
			n, ok = 0, true
		}
		for i := range lo {
			if lo[i]&^mask[i] != 0 {
				ok = false
			}
		}
		if ok {
			return &Prefix{own(lo), n}
		}
	}
	return &Range{own(lo), own(hi)}
}

// concat splits a key into its parts, each padded to 4 bytes; with an end, each
// is a range.
func concat(types []*Datatype, key, end []byte) Expr {
	if len(types) <= 1 {
		t := &dtInteger
		if len(types) == 1 {
			t = types[0]
		}
		if end != nil && !bytes.Equal(key, end) {
			return span(t, key, end)
		}
		return &Value{Type: t, Data: bytes.Clone(key)}
	}
	all := &Concat{}
	for i, t := range types {
		n := min((t.Len+7)/8, uint32(len(key)))
		if n == 0 {
			n = uint32(len(key))
		}
		part := bytes.Clone(key[:n])
		if end != nil {
			all.Parts = append(all.Parts, span(t, part, end[:n]))
		} else {
			all.Parts = append(all.Parts, &Value{Type: t, Data: part})
		}
		skip := 4 * words(n)
		if i == len(types)-1 || skip > uint32(len(key)) {
			break
		}
		key = key[skip:]
		if end != nil {
			end = end[skip:]
		}
	}
	return all
}
