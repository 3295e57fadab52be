//go:build linux

package lang

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
)

// Userdata of a set. (enum nftnl_udata_set_types)
const (
	udKeyOrder   = 0 // NFTNL_UDATA_SET_KEYBYTEORDER, u32: 1 host, 2 network, 0 neither
	udDataOrder  = 1 // NFTNL_UDATA_SET_DATABYTEORDER
	udMerge      = 2 // NFTNL_UDATA_SET_MERGE_ELEMENTS
	udKeyTypeof  = 3 // NFTNL_UDATA_SET_KEY_TYPEOF: of what expressions the set is
	udDataTypeof = 4 // NFTNL_UDATA_SET_DATA_TYPEOF
	udRanges     = 6 // NFTNL_UDATA_SET_DATA_INTERVAL
	udSetComment = 7 // NFTNL_UDATA_SET_COMMENT

	udElemFlags = 1 // NFTNL_UDATA_SET_ELEM_FLAGS: 1, the interval has no end
)

// Kinds of expressions in userdata. (enum expr_types of nft's expression.h)
const (
	kindVerdict = 1
	kindPayload = 7
	kindExthdr  = 8
	kindMeta    = 9
	kindSocket  = 10
	kindCt      = 12
	kindConcat  = 13
	kindNumgen  = 23
	kindHash    = 24
	kindRt      = 25
	kindFib     = 26
)

// userdata makes what nft keeps with a set: how its values are written. key and data
// are the expressions that it is "typeof", nil if there are none.
func userdata(s *nft.Set, types, datas []*Datatype, key, data Expr, merge, ranges bool) (u nft.Userdata) {
	add := func(typ uint8, value []byte) { u, _ = u.Append(typ, value) } // a comment, which comes last, may be too long
	order := func(t []*Datatype) []byte {
		switch {
		case len(t) != 1, key == nil && s.Flags.V&nft.SetAnonymous == 0 && (t[0] == &dtProto || t[0] == &dtNFProto || t[0] == &dtCtDir || t[0] == &dtBool):
			return u32(0)
		case t[0].Order == Host:
			return u32(1)
		}
		return u32(2)
	}
	add(udKeyOrder, order(types))
	if s.Flags.V&nft.SetMap != 0 {
		add(udDataOrder, order(datas))
	}
	if merge {
		add(udMerge, u32(1))
	}
	if v := typeofBytes(key); v != nil {
		add(udKeyTypeof, v)
	}
	if v := typeofBytes(data); v != nil {
		add(udDataTypeof, v)
	}
	if s.Flags.V&(nft.SetMap|nft.SetObject) != 0 {
		add(udRanges, u32(uint32(b2i(ranges))))
	}
	return u
}

func u32(n uint32) []byte { return numberValue(&dtHost, uint64(n), 4).Data }

// typeofBytes is an expression in userdata; nil if it is none of those that this
// package knows there.
func typeofBytes(e Expr) []byte {
	kind, values := uint32(0), []uint32(nil)
	switch e := e.(type) {
	case *VerdictOf:
		kind = kindVerdict
	case *Concat:
		var parts nft.Userdata
		for i, part := range e.Parts {
			b := typeofBytes(part)
			if b == nil {
				return nil
			}
			parts, _ = parts.Append(uint8(i), b) // a key has a few parts
		}
		return typeofNest(kindConcat, parts)
	case *Selector:
		if o := e.Option; o != nil && e.Field != nil {
			return o.typeof(e.Field)
		}
		kind, values = e.typeof()
	}
	if kind == 0 {
		return nil
	}
	var u nft.Userdata
	for i, v := range values {
		u, _ = u.Append(uint8(i), u32(v)) // five at most
	}
	if s, ok := e.(*Selector); ok && kind == kindPayload && s.Type.ID == dtInteger.ID && s.Type.Form == Decimal {
		u, _ = u.Append(4, u32(s.Len)) // NFTNL_UDATA_SET_KEY_PAYLOAD_LEN
	}
	return typeofNest(kind, u)
}

func typeofNest(kind uint32, inner nft.Userdata) []byte {
	u, _ := nft.Userdata(nil).Append(0, u32(kind))
	u, _ = u.Append(1, inner) // of what fits, or it is left out
	return u
}

// typeof is the kind of a selector and the numbers that it has, in their order.
func (s *Selector) typeof() (kind uint32, values []uint32) {
	switch s.Kind {
	case payloadSel:
		if i := slices.IndexFunc(s.Proto.Fields, func(f Field) bool { return f == *s.Field }); i >= 0 && !s.Raw {
			return kindPayload, []uint32{s.Proto.ID, uint32(i) + 1}
		}
	case metaSel:
		return kindMeta, []uint32{s.Key}
	case ctSel:
		return kindCt, []uint32{s.Key, uint32(int32(s.Dir))}
	case fibSel:
		return kindFib, []uint32{s.Key, uint32(s.Flag)}
	}
	switch e := s.Make.(type) {
	case *nft.Rt:
		return kindRt, []uint32{s.Key}
	case *nft.Socket:
		return kindSocket, []uint32{s.Key}
	case *nft.Numgen:
		return kindNumgen, []uint32{uint32(e.Type), e.Modulus, e.Offset}
	case *nft.Hash:
		return kindHash, []uint32{uint32(e.Type), e.Offset, e.Modulus, e.Seed.V, uint32(b2i(e.Seed.Ok))}
	}
	return 0, nil
}

// typeof is a field of an extension header, or of an option of TCP.
func (o *option) typeof(f *Field) []byte {
	id, ok := uint8(0), false
	field := slices.IndexFunc(o.fields, func(g Field) bool { return g == *f })
	switch o.op {
	case 0:
		id, ok = map[uint8]uint8{0: 1, 43: 2, 44: 6, 60: 7, 135: 8}[o.typ] // enum exthdr_desc_id
		field++
	case 1: // kind and length come first
		id, ok = o.typ, true
		if field += 2; f.Name == "kind" {
			field = 0
		} else if f.Name == "length" {
			field = 1
		}
	}
	if !ok {
		return nil
	}
	u, _ := nft.Userdata(nil).Append(1, u32(uint32(field))) // there is room
	if o.op != 0 {
		u, _ = u.Append(2, u32(uint32(o.op)))
	}
	u, _ = u.Append(0, u32(uint32(id)))
	return typeofNest(kindExthdr, u)
}

// typeofExpr reads an expression of userdata; nil if it is not known, or of a set that
// has only types.
func typeofExpr(b []byte) Expr {
	u := nft.Userdata(b)
	inner, _ := u.Get(1)
	kind, values := number(u, 0), nft.Userdata(inner)
	switch kind {
	case kindVerdict:
		return &VerdictOf{}
	case kindConcat:
		c := &Concat{}
		for i := range uint8(8) {
			part, ok := values.Get(i)
			if !ok {
				break
			}
			c.Parts = append(c.Parts, typeofExpr(part))
		}
		if len(c.Parts) < 2 || slices.Contains(c.Parts, nil) {
			return nil
		}
		return c
	case kindPayload:
		for _, p := range protocols {
			if n := number(values, 1); p.ID == number(values, 0) && n >= 1 && int(n) <= len(p.Fields) {
				return fieldSelector(p, &p.Fields[n-1])
			}
		}
		return nil
	}
	var e nft.Expr
	switch key := number(values, 0); kind {
	case kindMeta:
		if k := keyOf(metaKeys, key); k != nil {
			return metaSelector(k)
		}
		return nil
	case kindCt:
		if k := keyOf(ctKeys, key); k != nil {
			return ctSelector(k, min(int8(number(values, 1)), 1))
		}
		return nil
	case kindFib:
		if s := fibSelector(&nft.Fib{Result: nft.FibResult(key), Flags: nft.FibFlags(number(values, 1))}); s != nil {
			return s
		}
		return nil
	case kindRt:
		e = &nft.Rt{Key: nft.RtKey(key)}
	case kindSocket:
		e = &nft.Socket{Key: nft.SocketKey(key)}
	case kindNumgen:
		e = &nft.Numgen{Type: nft.NumgenType(key), Modulus: number(values, 1), Offset: number(values, 2)}
	}
	if e != nil {
		if s := otherSelector(e, nil); s != nil {
			return s
		}
	}
	return nil
}

// number is a value of 32 bits in userdata.
func number(u nft.Userdata, typ uint8) uint32 {
	b, _ := u.Get(typ)
	return uint32((&Value{Type: &dtHost, Data: b[:min(len(b), 8)]}).number())
}

// SetTypes are the types of the parts of a set's key, and of what a map of values has
// for it: nil if one is unknown.
func SetTypes(s *nft.Set) (key, data []*Datatype) {
	key = typesIn(s, udKeyTypeof, s.KeyType)
	if s.Flags.V&nft.SetMap != 0 && s.DataType != unix.NFT_DATA_VERDICT {
		data = typesIn(s, udDataTypeof, s.DataType)
	}
	return key, data
}

func typesIn(s *nft.Set, typ uint8, id uint32) []*Datatype {
	if b, ok := s.Userdata.Get(typ); ok {
		if e := typeofExpr(b); e != nil {
			return keyTypes(e)
		}
	}
	return TypesOf(id)
}
