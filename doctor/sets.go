//go:build linux

package doctor

import (
	"bytes"

	"github.com/minins/minins/nft"
)

// lookup looks a value up in a set.
func (m *machine) lookup(x *nft.Lookup, o *outcome) answer {
	set, elems := m.in.Set(x.Set)
	if set == nil || elems == nil {
		return maybe
	}
	key, known := m.get(x.Sreg, int(set.KeyLen))
	if !known {
		return m.any(x, elems, o)
	}
	found := element(set, elems, key)
	if inverse := x.Flags.V&nft.LookupInverse != 0; (found >= 0) == inverse {
		return no
	}
	if found < 0 {
		return yes
	}
	var e nft.Elem
	elems.At(found, &e)
	if x.Dreg.Ok {
		if e.Data.Verdict.Ok {
			o.code, o.chain = e.Data.Verdict.V.Code, e.Data.Verdict.V.Chain
		} else {
			m.load(x.Dreg.V, e.Data.Value, true)
		}
	}
	return counting(e.Expr, e.Exprs)
}

// any is what a map does with a value that is not known. Of its verdicts, one that does not
// drop is taken, of its chains and of what else it maps to the first.
func (m *machine) any(x *nft.Lookup, elems *nft.ElemList, o *outcome) answer {
	var e nft.Elem
	for i := elems.Len() - 1; i >= 0 && x.Dreg.Ok; i-- {
		elems.At(i, &e)
		switch v := e.Data.Verdict; {
		case !v.Ok:
			m.load(x.Dreg.V, e.Data.Value, false)
		case v.V.Code == nft.VerdictDrop:
			o.drops = true
		case o.chain == "" || v.V.Chain != "":
			o.code, o.chain, o.oneOf = v.V.Code, v.V.Chain, true
		}
	}
	return maybe
}

// counting says whether a rule goes on behind the expressions of an element: counters let
// it, a limit may not.
func counting(one nft.Expr, more []nft.Expr) answer {
	for _, x := range append(more[:len(more):len(more)], one) {
		switch x.(type) {
		case nil, *nft.Counter, *nft.Last:
		default:
			return maybe
		}
	}
	return yes
}

// element is the number of that with a key, or -1.
func element(set *nft.Set, elems *nft.ElemList, key []byte) int {
	var e nft.Elem
	var start []byte // of the element that the key is in, or behind
	found, ended, rest := -1, true, -1
	for i := range elems.Len() {
		elems.At(i, &e)
		end := e.Flags&nft.ElemIntervalEnd != 0
		order := bytes.Compare(e.Key, key)
		switch {
		case e.Flags&nft.ElemCatchall != 0:
			rest = i
			continue
		case set.Flags.V&nft.SetConcat != 0:
			if holds(set.Desc.V.Fields, &e, key) {
				return i
			}
			continue
		case order > 0, order < 0 && set.Flags.V&nft.SetInterval == 0:
			continue
		case found >= 0:
			if after := bytes.Compare(e.Key, start); after < 0 || after == 0 && end { // one may begin where another ends
				continue
			}
		}
		found, ended, start = i, end, bytes.Clone(e.Key)
	}
	if ended {
		return rest
	}
	return found
}

// holds says that each part of a key is in the interval that an element has for it.
func holds(fields []nft.SetField, e *nft.Elem, key []byte) bool {
	last := e.KeyEnd
	if len(last) == 0 {
		last = e.Key
	}
	if len(e.Key) != len(key) || len(last) != len(key) {
		return false
	}
	at := 0
	for i := range fields {
		end := min(at+int(fields[i].Len), len(key))
		if bytes.Compare(key[at:end], e.Key[at:end]) < 0 || bytes.Compare(key[at:end], last[at:end]) > 0 {
			return false
		}
		at = min((end+3)/4*4, len(key))
	}
	return true
}
