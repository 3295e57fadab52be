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
	var data []*Datatype
	switch {
	case set.DataType == nft.DataVerdict || set.Flags.V&nft.SetObject != 0:
	case set.Flags.V&nft.SetMap != 0:
		data = TypesOf(set.DataType)
	}
	interval := set.Flags.V&nft.SetInterval != 0 && set.Flags.V&nft.SetConcat == 0
	return func(yield func(*Elem) bool) {
		order := inOrder(set, types, list, interval)
		var e, next nft.Elem
		at := func(i int, e *nft.Elem) {
			e.Expr, e.Exprs = nil, nil // afresh: they are kept
			list.At(int(order[i].index), e)
		}
		for i := range order {
			if i == 0 || !interval {
				at(i, &e)
			} else {
				e, next = next, e
			}
			last := i+1 == len(order) || order[i+1].last
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
				if !last {
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

// A place is that of an element in its list, and what comes before it in order.
type place struct {
	key   uint64 // the first 8 bytes of what is compared
	index uint32
	last  bool // what none of the others match: it comes behind them
}

// inOrder is the elements in the order in which they are written.
func inOrder(set *nft.Set, types []*Datatype, list *nft.ElemList, interval bool) []place {
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
	sorted := set.Flags.V&nft.SetInterval == 0 || interval // others are as the kernel has them
	order := make([]place, list.Len())
	var a, b nft.Elem
	for i := range order {
		list.At(i, &a)
		order[i] = place{index: uint32(i), last: a.Flags&nft.ElemCatchall != 0}
		if sorted {
			var first [8]byte
			copy(first[:], key(&a))
			order[i].key = binary.BigEndian.Uint64(first[:])
		}
	}
	slices.SortFunc(order, func(x, y place) int {
		switch {
		case x.last != y.last:
			return b2i(x.last) - b2i(y.last)
		case x.key != y.key:
			return cmp.Compare(x.key, y.key)
		}
		if sorted {
			list.At(int(x.index), &a)
			list.At(int(y.index), &b)
			if c := bytes.Compare(key(&a), key(&b)); c != 0 {
				return c
			}
			if c := int(b.Flags&nft.ElemIntervalEnd) - int(a.Flags&nft.ElemIntervalEnd); c != 0 {
				return c // the end of one, then the beginning of the next
			}
		}
		return int(x.index) - int(y.index)
	})
	return order
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
