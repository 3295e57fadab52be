//go:build linux

package lang

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"math/bits"
	"slices"

	"github.com/minins/minins/nft"
)

// Elements yields the elements of a set as they are written: in order, and intervals
// as prefixes and ranges; the same *Elem each time. types are those of the parts of the key.
func Elements(set *nft.Set, types []*Datatype, list *nft.ElemList) iter.Seq[*Elem] {
	_, data := SetTypes(set)
	interval := set.Flags.V&nft.SetInterval != 0 && set.Flags.V&nft.SetConcat == 0
	return func(yield func(*Elem) bool) {
		order, n := inOrder(set, types, list, interval)
		var e, next nft.Elem
		at := func(i int, e *nft.Elem) {
			e.Expr, e.Exprs = nil, nil // afresh: they are kept
			list.At(int(order[i]), e)
		}
		for i := range order {
			if i == 0 || !interval {
				at(i, &e)
			} else {
				e, next = next, e
			}
			if interval && i+1 < len(order) {
				at(i+1, &next)
			}
			if e.Flags&nft.ElemIntervalEnd != 0 {
				continue
			}
			el := Elem{Timeout: e.Timeout, Expires: e.Expiration, Comment: e.Userdata.Comment()}
			switch {
			case e.Flags&nft.ElemCatchall != 0:
			case interval:
				end := bytes.Repeat([]byte{0xff}, len(e.Key))
				if i+1 < n {
					end = before(next.Key)
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
			case len(data) == 1 && data[0].Len > 0 && len(e.Data.Value) == 2*int(typeBytes(data[0])): // snat prefix to
				n := len(e.Data.Value) / 2
				el.Data = span(data[0], e.Data.Value[:n], e.Data.Value[n:])
			case e.Data.Value != nil:
				el.Data = concat(data, e.Data.Value, nil)
			}
			for _, x := range e.Exprs {
				el.Stmts = append(el.Stmts, &Kernel{x})
			}
			if e.Expr != nil {
				el.Stmts = append(el.Stmts, &Kernel{e.Expr})
			}
			if !yield(&el) {
				return
			}
		}
	}
}

// inOrder is the elements in the order in which they are written, and how many of them
// come before what none of them match.
func inOrder(set *nft.Set, types []*Datatype, list *nft.ElemList, interval bool) (order []uint32, n int) {
	key := func(e *nft.Elem) []byte {
		switch {
		case interval:
			return e.Key
		case len(types) != 1: // of concatenations the last byte counts most
			return reversed(e.Key)
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
	order = make([]uint32, 0, list.Len())
	first := make([]uint64, list.Len()) // 8 bytes of each key, by which most differ
	var others []uint32
	var a, b nft.Elem
	for i := range first {
		list.At(i, &a)
		if a.Flags&nft.ElemCatchall != 0 {
			others = append(others, uint32(i))
			continue
		}
		order = append(order, uint32(i))
		var bytes [8]byte
		copy(bytes[:], key(&a))
		first[i] = binary.BigEndian.Uint64(bytes[:])
	}
	if set.Flags.V&nft.SetInterval == 0 || interval { // others are as the kernel has them
		sortStable(order, func(x, y uint32) int {
			if c := cmp.Compare(first[x], first[y]); c != 0 {
				return c
			}
			list.At(int(x), &a)
			list.At(int(y), &b)
			if c := bytes.Compare(key(&a), key(&b)); c != 0 {
				return c
			}
			return int(b.Flags&nft.ElemIntervalEnd) - int(a.Flags&nft.ElemIntervalEnd) // the end of one, then the beginning of the next
		})
	}
	return append(order, others...), len(order)
}

// sortStable sorts numbers by merging. The library's stable sort needs no space, and
// the square of the logarithm in time.
func sortStable(s []uint32, compare func(a, b uint32) int) {
	if len(s) < 2 {
		return
	}
	half := len(s) / 2
	sortStable(s[:half], compare)
	sortStable(s[half:], compare)
	if compare(s[half-1], s[half]) <= 0 {
		return
	}
	left, right := slices.Clone(s[:half]), s[half:]
	for i := range s {
		switch {
		case len(left) == 0:
			return
		case len(right) == 0 || compare(left[0], right[0]) <= 0:
			s[i], left = left[0], left[1:]
		default:
			s[i], right = right[0], right[1:]
		}
	}
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
