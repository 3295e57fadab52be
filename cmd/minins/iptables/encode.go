//go:build linux

package iptables

import (
	"encoding/binary"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
)

// An encoder turns a rule into expressions, in iptables-nft's order and shapes.
type encoder struct {
	given [3]bool // source port, destination port, TCP flags: by a match of tcp or udp

	family nft.Family
	native bool // the kernel has no nft_compat
	exprs  []nft.Expr
}

// encode is the rule as nf_tables has it, but for its table and chain.
func encode(f nft.Family, native bool, r *rule) (*nft.Rule, error) {
	e := &encoder{family: f, native: native}
	e.header(r)
	out := &nft.Rule{Family: f}
	for i, m := range r.matches {
		// A comment at the end is the rule's own, which nft shows as well. One
		// before other matches stays where it is for iptables to find it there.
		c, ok := m.(*comment)
		if ok && (native || i == len(r.matches)-1) {
			if data, err := nft.WithComment(c.text); err == nil && out.Userdata == nil {
				out.Userdata = data
				continue
			}
		}
		if err := e.match(m, r.proto); err != nil {
			return nil, err
		}
	}
	e.add(newCounter(r.counters))
	if err := e.jump(r.jump); err != nil {
		return nil, err
	}
	out.Exprs = e.exprs
	if !native {
		out.Compat = compatOf(r.proto)
	}
	return out, nil
}

func newCounter(n nft.Counters) *nft.Counter {
	return &nft.Counter{Bytes: nl.Some(n.Bytes), Packets: nl.Some(n.Packets)}
}

// compatOf is the protocol for xtables matches.
func compatOf(p protocol) nl.Opt[nft.RuleCompat] {
	c := nft.RuleCompat{Proto: nft.IPProto(p.num)}
	if p.inv {
		c.Flags = nft.CompatInverse
	}
	return nl.Some(c)
}

func (e *encoder) add(x ...nft.Expr) { e.exprs = append(e.exprs, x...) }

// compare goes on with the rule if register 1 is, or is not, value.
func (e *encoder) compare(value []byte, inv bool) {
	op := nft.Eq
	if inv {
		op = nft.Neq
	}
	e.add(&nft.Cmp{Sreg: nft.Reg1, Op: op, Data: value})
}

func (e *encoder) meta(key nft.MetaKey) { e.add(&nft.Meta{Key: key, Dreg: nft.Reg1}) }

func (e *encoder) payload(base nft.PayloadBase, offset, length int) {
	e.add(&nft.Payload{Dreg: nft.Reg1, Base: base, Offset: uint32(offset), Len: uint32(length)})
}

func (e *encoder) and(mask []byte) {
	e.add(&nft.Bitwise{Sreg: nft.Reg1, Dreg: nft.Reg1, Len: uint32(len(mask)), Mask: mask, Xor: make([]byte, len(mask))})
}

// header is what the rule says without -m.
func (e *encoder) header(r *rule) {
	e.device(nft.MetaIIFName, r.in)
	e.device(nft.MetaOIFName, r.out)
	if r.proto.num != 0 {
		e.meta(nft.MetaL4Proto)
		e.compare([]byte{r.proto.num}, r.proto.inv)
	}
	e.network(&r.src, 12, 8)
	e.network(&r.dst, 16, 24)
	if r.frag != anyFragment {
		e.payload(nft.NetworkHeader, 6, 2)
		e.and([]byte{0x1f, 0xff}) // the offset in iphdr.frag_off
		e.compare([]byte{0, 0}, r.frag == laterFragment)
	}
}

func (e *encoder) device(key nft.MetaKey, d device) {
	if d.name == "" {
		return
	}
	e.meta(key)
	switch {
	case d.name != "+":
		e.compare(nft.IfName(d.name), d.inv)
	case d.inv: // a device without a name, which is none
		e.compare([]byte("INVAL/D\x00"), false)
	}
}

// network compares an address at an offset of the IPv4 or the IPv6 header.
func (e *encoder) network(n *network, offset4, offset6 int) {
	if !n.given() {
		return
	}
	offset, addr, mask := offset4, n.addr.AsSlice(), n.mask.AsSlice()
	if e.family == nft.IPv6 {
		offset = offset6
	}
	bits, ok := n.ones()
	if ok && bits%8 == 0 { // whole bytes need no mask; the kernel refuses to load none of them
		e.payload(nft.NetworkHeader, offset, bits/8)
		e.compare(addr[:bits/8], n.inv)
		return
	}
	e.payload(nft.NetworkHeader, offset, len(addr))
	e.and(mask)
	e.compare(addr, n.inv)
}

// match is one -m.
func (e *encoder) match(m extension, p protocol) error {
	switch m := m.(type) {
	case *transport:
		return e.transport(m, p)
	case *mark:
		if m.connection {
			break
		}
		e.meta(nft.MetaMark)
		if m.mask != 0xffffffff {
			e.and(native32(m.mask))
		}
		e.compare(native32(m.value), m.inv)
		return nil
	case *limit:
		e.add(&nft.Limit{Rate: m.rate, Unit: m.unit, Burst: m.burst})
		return nil
	case *comment:
		if e.native {
			return cannot(m)
		}
		info, err := xt.NewComment(m.text)
		e.add(&nft.Match{Info: info})
		return err
	}
	info := matchInfo(m)
	if !e.native {
		e.add(&nft.Match{Info: info})
		return nil
	}
	exprs, ok := nft.Native(e.family, info)
	if !ok {
		return cannot(m)
	}
	e.add(exprs...)
	return nil
}

func native32(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }

func cannot(x extension) error {
	return fail(refused, x.name()+" is not supported without nft_compat").
		hinted("this kernel has no nft_compat, and " + x.name() + x.save() + " has no expression of its own in nf_tables")
}

// matchInfo is a match that has no native expressions.
func matchInfo(m extension) xt.Info {
	switch m := m.(type) {
	case *icmp:
		return &m.ICMP
	case *conntrack:
		return &m.Conntrack
	case *addrtype:
		return &m.AddrType
	case *multiport:
		return &m.Multiport
	case *iprange:
		return m.info()
	case *mac:
		return m.info()
	case *plain:
		return m.info()
	case *mark:
		b := append(native32(m.value), native32(m.mask)...)
		b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
		if m.inv {
			b[8] = 1
		}
		return &xt.Raw{Extension: "connmark", Revision: 1, Data: b}
	case *unknownExtension:
		return m.info
	}
	return nil
}

// jump is -j or -g.
func (e *encoder) jump(j jump) error {
	t, ok := j.target.(*nflog)
	switch {
	case ok && t.kind == "TRACE":
		e.add(nft.Load(traceRegister, []byte{1}), &nft.Meta{Key: nft.MetaNFTrace, Sreg: traceRegister})
	case ok:
		e.add(&t.log)
	case j.target != nil:
		info := targetInfo(j.target)
		if !e.native {
			e.add(&nft.Target{Info: info})
			return nil
		}
		exprs, ok := nft.Native(e.family, info)
		if !ok {
			return cannot(j.target)
		}
		e.add(exprs...)
	case j.name == "":
	case j.final:
		e.add(nft.Goto(j.name))
	case j.name == "ACCEPT":
		e.add(nft.Accept())
	case j.name == "DROP":
		e.add(nft.Drop())
	case j.name == "RETURN":
		e.add(nft.Return())
	default:
		e.add(nft.Jump(j.name))
	}
	return nil
}

func targetInfo(t extension) xt.Info {
	switch t := t.(type) {
	case *nat:
		return t.info()
	case *reject:
		return &xt.Reject{With: t.with}
	case *logTarget:
		return t.info()
	case *tcpmss:
		return t.info()
	case *plain:
		return t.info()
	case *setMark:
		return &t.SetMark
	case *unknownExtension:
		return t.info
	}
	return nil
}
