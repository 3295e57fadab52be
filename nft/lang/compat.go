//go:build linux

package lang

import (
	"encoding/binary"
	"strings"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
)

// IsCompat says whether a rule is one of iptables.
func IsCompat(r *nft.Rule) bool {
	for _, e := range r.Exprs {
		switch e.(type) {
		case *nft.Match, *nft.Target:
			return true
		}
	}
	return false
}

// An Xtables is a match or a target of iptables that the language has no words for.
type Xtables struct {
	Kind string // "match" or "target"
	Name string
}

// compat takes a match or a target of iptables for the expressions that do the same.
func (d *decompiler) compat(kind string, info xt.Info) {
	if d.xtables && info != nil {
		d.unknown(kind, info)
		return
	}
	switch info := info.(type) {
	case nil, *xt.Comment: // which is shown behind the rule
		return
	case *xt.SetMark:
		mask := numberValue(&dtMark, uint64(^info.Mask), 4)
		mark := numberValue(&dtMark, uint64(info.Mark), 4)
		sel := metaSelector(keyNamed(metaKeys, "mark"))
		if all(mask.Data, 0) {
			d.add(&Assign{sel, mark})
			return
		}
		d.add(&Assign{sel, &Masked{X: sel, Mask: mask, Xor: mark}})
		return
	case *xt.TCP:
		d.ports(info.SrcPorts, 0, info.Inv&1)
		d.ports(info.DstPorts, 1, info.Inv>>1&1)
		if info.Option == 0 && info.FlagMask == 0 {
			return
		}
	case *xt.UDP:
		d.ports(info.SrcPorts, 0, info.Inv&1)
		d.ports(info.DstPorts, 1, info.Inv>>1&1)
		return
	case *xt.AddrType:
		d.addrTypes(nft.FibSaddr, info.Source, info.Flags&1 != 0, info.Flags)
		d.addrTypes(nft.FibDaddr, info.Dest, info.Flags&2 != 0, info.Flags)
		return
	case *xt.Multiport:
		if info.Flags < 2 && int(info.Count) <= len(info.Ports) {
			d.multiport(info)
			return
		}
	case *xt.Raw:
		if d.raw(info) {
			return
		}
	}
	exprs, ok := nft.Native(d.family, info)
	if !ok {
		d.unknown(kind, info)
		return
	}
	for _, e := range exprs {
		d.expr(e)
	}
}

// unknown is a match or target without words. It may need what was said before.
func (d *decompiler) unknown(kind string, info xt.Info) {
	d.add(&Xtables{kind, info.Name()})
	d.deps = nil
}

// among compares with one value or, in a set, with several.
func (d *decompiler) among(left Expr, inv bool, keys []Expr) {
	op := Eq
	if inv {
		op = Neq
	}
	if len(keys) == 1 {
		d.match(left, op, keys[0])
		return
	}
	set := new(SetLit)
	for _, k := range keys {
		set.Elems = append(set.Elems, Elem{Key: k})
	}
	d.match(left, op, set)
}

// addrTypes is what kind of address one is to this host.
func (d *decompiler) addrTypes(addr nft.FibFlags, types xt.AddrTypes, inv bool, flags xt.AddrTypeFlags) {
	if types == 0 {
		return
	}
	if flags&4 != 0 {
		addr |= nft.FibIIF
	}
	if flags&8 != 0 {
		addr |= nft.FibOIFOnly
	}
	sel := fibSelector(&nft.Fib{Flags: addr, Result: nft.FibAddrType})
	var keys []Expr
	for i := range 16 {
		if types&(1<<i) != 0 {
			keys = append(keys, numberValue(sel.Type, uint64(i), 4))
		}
	}
	d.among(sel, inv, keys)
}

// multiport is the ports of one side.
func (d *decompiler) multiport(m *xt.Multiport) {
	sel := d.payload(nft.TransportHeader, 16*uint32(m.Flags), 16)
	port := func(i int) *Value { return numberValue(sel.Type, uint64(m.Ports[i]), 2) }
	var keys []Expr
	for i := 0; i < int(m.Count); i++ {
		if m.PFlags[i] != 0 && i+1 < int(m.Count) {
			keys = append(keys, &Range{port(i), port(i + 1)})
			i++
			continue
		}
		keys = append(keys, port(i))
	}
	d.among(sel, m.Invert != 0, keys)
}

// ports are those of -m tcp and -m udp, which iptables-nft writes as expressions and older
// programs do not: flags is 0 for the source, and 1 for the destination.
func (d *decompiler) ports(pair [2]uint16, flags, invert uint8) {
	m := &xt.Multiport{Flags: flags, Count: 2, Invert: invert}
	if copy(m.Ports[:], pair[:]); pair == [2]uint16{0, 65535} && invert == 0 {
		return
	}
	if m.PFlags[0] = 1; pair[0] == pair[1] {
		m.Count = 1
	}
	d.multiport(m)
}

// raw is a struct that package xt has no type for.
func (d *decompiler) raw(x *xt.Raw) bool {
	b := x.Data
	switch {
	case x.Extension == "iprange" && x.Revision == 1 && len(b) > 64:
		src, size := uint32(12), uint32(4)
		if d.family == nft.IPv6 {
			src, size = 8, 16
		}
		for i := range uint32(2) {
			if b[64]&(1<<i) != 0 {
				sel := d.payload(nft.NetworkHeader, 8*(src+i*size), 8*size)
				from, to := b[32*i:][:size], b[32*i+16:][:size]
				if string(from) > string(to) {
					return false // which never matches
				}
				d.among(sel, b[64]&(16<<i) != 0, []Expr{&Range{d.valueOf(sel, from), d.valueOf(sel, to)}})
			}
		}
	case x.Extension == "CT" && x.Revision == 2 && len(b) > 60 && binary.NativeEndian.Uint16(b)&^3 == 0 && all(b[2:60], 0):
		if binary.NativeEndian.Uint16(b) != 0 {
			d.add(&Kernel{&nft.Notrack{}})
		}
	case x.Extension == "connmark" && x.Revision == 1 && len(b) > 8:
		sel := ctSelector(keyNamed(ctKeys, "mark"), -1)
		var left Expr = sel
		if !all(b[4:8], 0xff) {
			left = &Masked{X: sel, Mask: d.valueOf(sel, b[4:8])}
		}
		d.among(left, b[8] != 0, []Expr{d.valueOf(sel, b[:4])})
	case x.Revision != 0 || len(b) < 8:
		return false
	case x.Extension == "length":
		sel := metaSelector(keyNamed(metaKeys, "length"))
		from := numberValue(sel.Type, uint64(binary.NativeEndian.Uint16(b)), 4)
		to := numberValue(sel.Type, uint64(binary.NativeEndian.Uint16(b[2:])), 4)
		switch {
		case from.number() > to.number():
			return false // which never matches
		case from.number() == to.number():
			d.among(sel, b[4] != 0, []Expr{from})
		default:
			d.among(sel, b[4] != 0, []Expr{&Range{from, to}})
		}
	case x.Extension == "pkttype":
		sel := metaSelector(keyNamed(metaKeys, "pkttype"))
		d.among(sel, !all(b[4:8], 0), []Expr{numberValue(sel.Type, uint64(binary.NativeEndian.Uint32(b)), 1)})
	case x.Extension == "mac":
		sel := fieldAt(protocolByName("ether"), 48, 48)
		d.among(sel, !all(b[8:], 0), []Expr{d.valueOf(sel, b[:6])})
	case x.Extension == "LOG":
		prefix, _, _ := strings.Cut(string(b[2:]), "\x00")
		d.add(&Kernel{&nft.Log{Prefix: prefix, Level: nl.Some(nft.LogLevel(b[0])), Flags: nl.Some(nft.LogFlags(b[1]))}})
	case x.Extension == "TCPMSS":
		d.load(nft.Reg1, &Value{Type: &dtInteger, Data: reversed(b[:2])})
		if b[0]&b[1] == 0xff { // what the path takes
			d.other(&nft.Rt{Dreg: nft.Reg1, Key: 3})
		}
		d.other(&nft.Exthdr{Sreg: nft.Reg1, Type: 2, Offset: 2, Len: 2, Op: 1})
	default:
		return false
	}
	return true
}
