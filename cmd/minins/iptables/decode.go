//go:build linux

package iptables

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"golang.org/x/sys/unix"
)

// A decoder reads a rule's expressions as iptables' words. What they load into
// registers stays in regs until a comparison uses it.
type decoder struct {
	family nft.Family
	native bool // a table of our own: native NAT, reject and ct may be there
	rule   rule
	regs   map[nft.Register]loadedValue
	tcp    *transport // the match that ports and flags go to
}

// A loadedValue is what a register holds: a part of the packet, or a constant.
type loadedValue struct {
	meta    *nft.Meta
	payload *nft.Payload
	ct      *nft.Ct
	data    []byte
	mask    []byte // of a bitwise
}

// unsayable is an expression that iptables has no words for.
func unsayable(format string, args ...any) error {
	return fail(incompatible, format, args...)
}

// decode is a rule of the kernel's in iptables' words, or an error that names
// what there are no words for. Nothing is left out.
func decode(r *nft.Rule, native bool) (*rule, error) {
	d := &decoder{family: r.Family, native: native, regs: map[nft.Register]loadedValue{}}
	for _, x := range r.Exprs {
		if err := d.expr(x); err != nil {
			return nil, err
		}
	}
	if text, ok := nft.Userdata(r.Userdata).Get(nft.UserdataComment); ok {
		s, _, _ := strings.Cut(string(text), "\x00")
		d.rule.matches = append(d.rule.matches, &comment{s})
	}
	return &d.rule, nil
}

func (d *decoder) expr(x nft.Expr) error {
	if j := d.rule.jump; j.name != "" {
		return unsayable("%s behind -j %s", x.Name(), j.name)
	}
	switch x := x.(type) {
	case *nft.Meta:
		if x.Sreg != 0 {
			return unsayable("meta set %v", x.Key)
		}
		d.regs[x.Dreg] = loadedValue{meta: x}
	case *nft.Payload:
		if x.Sreg != 0 {
			return unsayable("payload set")
		}
		d.regs[x.Dreg] = loadedValue{payload: x}
	case *nft.Bitwise:
		return d.bitwise(x)
	case *nft.Cmp:
		return d.compare(x)
	case *nft.Range:
		return d.ports(x.Sreg, x.From, x.To, x.Op == nft.RangeNeq)
	case *nft.Counter:
		d.rule.counters.Packets, d.rule.counters.Bytes = x.Packets.V, x.Bytes.V
	case *nft.Limit:
		if x.Type != 0 || x.Flags != 0 {
			return unsayable("limit %v %v", x.Type, x.Flags)
		}
		d.match(&limit{rate: x.Rate, unit: x.Unit, burst: x.Burst})
	case *nft.Match:
		return d.xtMatch(x.Info)
	case *nft.Target:
		return d.xtTarget(x.Info)
	case *nft.Immediate:
		return d.immediate(x)
	default:
		if d.native {
			return d.nativeExpr(x)
		}
		return unsayable("%s", x.Name())
	}
	return nil
}

func (d *decoder) match(m extension) { d.rule.matches = append(d.rule.matches, m) }

func (d *decoder) bitwise(x *nft.Bitwise) error {
	v, ok := d.regs[x.Sreg]
	if !ok || v.mask != nil || x.Op.V != 0 || len(strings.Trim(string(x.Xor), "\x00")) > 0 {
		return unsayable("bitwise")
	}
	v.mask = x.Mask
	d.regs[x.Dreg] = v
	return nil
}

func (d *decoder) compare(x *nft.Cmp) error {
	v, ok := d.regs[x.Sreg]
	if !ok {
		return unsayable("cmp")
	}
	if x.Op != nft.Eq && x.Op != nft.Neq {
		return d.portBound(x)
	}
	inv := x.Op == nft.Neq
	switch {
	case v.meta != nil:
		return d.compareMeta(v, x.Data, inv)
	case v.payload != nil:
		return d.comparePayload(v, x.Data, inv)
	case v.ct != nil && d.native:
		return d.compareStates(v, x.Data, inv)
	}
	return unsayable("cmp")
}

func (d *decoder) compareMeta(v loadedValue, data []byte, inv bool) error {
	key := v.meta.Key
	if v.mask != nil && key != nft.MetaMark {
		return unsayable("%v with a mask", key)
	}
	switch key {
	case nft.MetaL4Proto:
		return d.protocol(data, inv)
	case nft.MetaIIFName:
		return setDevice(&d.rule.in, data, inv)
	case nft.MetaOIFName:
		return setDevice(&d.rule.out, data, inv)
	case nft.MetaMark:
		if len(data) == 4 && (v.mask == nil || len(v.mask) == 4) {
			m := &mark{value: binary.NativeEndian.Uint32(data), mask: 0xffffffff, inv: inv}
			if v.mask != nil {
				m.mask = binary.NativeEndian.Uint32(v.mask)
			}
			d.match(m)
			return nil
		}
	}
	return unsayable("%v", key)
}

func (d *decoder) protocol(data []byte, inv bool) error {
	p := protocol{inv: inv}
	if len(data) != 1 {
		return unsayable("protocol of %d bytes", len(data))
	}
	p.num = data[0]
	if d.rule.proto != (protocol{}) && d.rule.proto != p || p.num == 0 {
		return unsayable("protocol %d beside %d", p.num, d.rule.proto.num)
	}
	d.rule.proto = p
	return nil
}

func setDevice(dev *device, data []byte, inv bool) error {
	name, exact := strings.CutSuffix(string(data), "\x00")
	name = strings.TrimRight(name, "\x00") // nft compares all 16 bytes
	switch {
	case dev.name != "" || name == "":
		return unsayable("a second device")
	case name == "INVAL/D" && exact && !inv:
		name, inv = "+", true
	case !exact:
		name += "+"
	}
	*dev = device{name, inv}
	return nil
}

// comparePayload reads a comparison of header bytes.
func (d *decoder) comparePayload(v loadedValue, data []byte, inv bool) error {
	p := v.payload
	if len(data) != int(p.Len) || v.mask != nil && len(v.mask) != len(data) {
		return unsayable("payload of %d bytes compared with %d", p.Len, len(data))
	}
	if p.Base == nft.TransportHeader {
		return d.compareTransport(v, data, inv)
	}
	if p.Base != nft.NetworkHeader {
		return unsayable("%v", p.Base)
	}
	src, dst, size, proto := uint32(12), uint32(16), 4, uint32(9)
	if d.family == nft.IPv6 {
		src, dst, size, proto = 8, 24, 16, 6
	}
	switch {
	case p.Offset == src && len(data) <= size:
		return d.network(&d.rule.src, v, data, size, inv)
	case p.Offset == dst && len(data) <= size:
		return d.network(&d.rule.dst, v, data, size, inv)
	case p.Offset == proto && len(data) == 1 && v.mask == nil:
		return d.protocol(data, inv)
	case p.Offset == 6 && d.family == nft.IPv4 && string(v.mask) == "\x1f\xff" && string(data) == "\x00\x00":
		d.rule.frag = notLaterFragment
		if inv {
			d.rule.frag = laterFragment
		}
		return nil
	}
	return unsayable("payload at network header + %d", p.Offset)
}

func (d *decoder) network(n *network, v loadedValue, data []byte, size int, inv bool) error {
	if n.addr.IsValid() {
		return unsayable("a second address")
	}
	addr, mask := make([]byte, size), make([]byte, size)
	copy(addr, data)
	for i := range data {
		mask[i] = 0xff
	}
	copy(mask, v.mask)
	a, _ := netip.AddrFromSlice(addr)
	m, _ := netip.AddrFromSlice(mask)
	*n = network{a, m, inv}
	return nil
}

// transport is the match that the next port or flag belongs to.
func (d *decoder) transport() (*transport, bool) {
	p := d.rule.proto.num
	if p != unix.IPPROTO_TCP && p != unix.IPPROTO_UDP {
		return nil, false
	}
	if d.tcp == nil {
		d.tcp = newTransport(p == unix.IPPROTO_TCP)
		d.match(d.tcp)
	}
	return d.tcp, true
}

func (d *decoder) compareTransport(v loadedValue, data []byte, inv bool) error {
	p := v.payload
	proto := d.rule.proto
	switch {
	case p.Len == 2 && v.mask == nil && !proto.is(unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6):
		return d.portsAt(p.Offset, data, data, inv)
	case p.Offset == 13 && p.Len == 1 && proto.num == unix.IPPROTO_TCP:
		t, _ := d.transport()
		if t.FlagMask != 0 {
			return unsayable("a second comparison of TCP flags")
		}
		t.FlagMask, t.FlagCmp = 0xff, data[0]
		if v.mask != nil {
			t.FlagMask = v.mask[0]
		}
		if t.FlagMask&^0x3f != 0 || t.FlagMask == 0 {
			return unsayable("TCP flags with mask %#x", t.FlagMask)
		}
		if inv {
			t.Inv |= invFlags
		}
		return nil
	case p.Offset == 0 && v.mask == nil && proto.is(unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6):
		m := &icmp{xt.ICMP{IPv6: d.family == nft.IPv6, Type: data[0], Code: [2]uint8{0, 255}}}
		if p.Len > 2 || (proto.num == unix.IPPROTO_ICMPV6) != m.IPv6 {
			break
		}
		if p.Len == 2 {
			m.Code = [2]uint8{data[1], data[1]}
		}
		if inv {
			m.Inv = 1
		}
		d.match(m)
		return nil
	}
	return unsayable("payload at transport header + %d", p.Offset)
}

// ports reads a range.
func (d *decoder) ports(reg nft.Register, from, to []byte, inv bool) error {
	v, ok := d.regs[reg]
	if !ok || v.payload == nil || v.mask != nil || v.payload.Base != nft.TransportHeader || v.payload.Len != 2 {
		return unsayable("range")
	}
	return d.portsAt(v.payload.Offset, from, to, inv)
}

// portBound reads a port that is at most or at least a number.
func (d *decoder) portBound(x *nft.Cmp) error {
	first, last := []byte{0, 0}, []byte{0xff, 0xff}
	switch {
	case x.Op == nft.Lte:
		return d.ports(x.Sreg, first, x.Data, false)
	case x.Op == nft.Gt:
		return d.ports(x.Sreg, first, x.Data, true)
	case x.Op == nft.Gte:
		return d.ports(x.Sreg, x.Data, last, false)
	}
	return d.ports(x.Sreg, x.Data, last, true)
}

func (d *decoder) portsAt(offset uint32, from, to []byte, inv bool) error {
	t, ok := d.transport()
	if !ok || len(from) != 2 || len(to) != 2 || offset != 0 && offset != 2 {
		return unsayable("payload at transport header + %d", offset)
	}
	ports, bit := &t.SrcPorts, uint8(invSrcPort)
	if offset == 2 {
		ports, bit = &t.DstPorts, invDstPort
	}
	if !anyPort(*ports, t.Inv&bit != 0) {
		return unsayable("a second comparison of a port")
	}
	*ports = [2]uint16{binary.BigEndian.Uint16(from), binary.BigEndian.Uint16(to)}
	if inv {
		t.Inv |= bit
	}
	return nil
}

func (d *decoder) immediate(x *nft.Immediate) error {
	if x.Dreg != nft.RegVerdict {
		d.regs[x.Dreg] = loadedValue{data: x.Data.Value}
		if d.native {
			return nil
		}
		return unsayable("immediate")
	}
	v := x.Data.Verdict.V
	switch v.Code {
	case nft.VerdictAccept:
		d.rule.jump.name = "ACCEPT"
	case nft.VerdictDrop:
		d.rule.jump.name = "DROP"
	case nft.VerdictReturn:
		d.rule.jump.name = "RETURN"
	case nft.VerdictJump, nft.VerdictGoto:
		d.rule.jump = jump{name: v.Chain, final: v.Code == nft.VerdictGoto}
	default:
		return unsayable("verdict %v", v.Code)
	}
	return nil
}

// xtMatch reads a match of xtables.
func (d *decoder) xtMatch(info xt.Info) error {
	switch i := info.(type) {
	case *xt.Comment:
		d.match(&comment{i.String()})
	case *xt.TCP:
		d.match(&transport{tcp: true, TCP: *i})
	case *xt.UDP:
		d.match(&transport{TCP: xt.TCP{SrcPorts: i.SrcPorts, DstPorts: i.DstPorts, Inv: i.Inv}})
	case *xt.ICMP:
		d.match(&icmp{*i})
	case *xt.Conntrack:
		d.match(&conntrack{d.family, *i})
	case *xt.AddrType:
		d.match(&addrtype{*i})
	case *xt.Mark:
		d.match(&mark{i.Mark, i.Mask, i.Invert != 0})
	case *xt.Multiport:
		d.match(&multiport{*i, d.rule.proto.num})
	case *xt.Raw:
		var m extension
		ok := false
		switch {
		case i.Extension == "iprange" && i.Revision == 1:
			m, ok = iprangeFrom(d.family, i.Data)
		case i.Extension == "mac" && i.Revision == 0:
			m, ok = macFrom(i.Data)
		}
		if !ok {
			m = &unknownExtension{info}
		}
		d.match(m)
	default:
		d.match(&unknownExtension{info})
	}
	return nil
}

// xtTarget reads a target of xtables.
func (d *decoder) xtTarget(info xt.Info) error {
	d.rule.jump = jump{name: info.Name()}
	switch i := info.(type) {
	case *xt.NAT:
		d.rule.jump.target = natFrom(d.family, i)
	case *xt.Reject:
		d.rule.jump.target = &reject{d.family, i.With}
	case *xt.SetMark:
		d.rule.jump.target = &setMark{*i}
	case *xt.Raw:
		if t, ok := logFrom(i.Data); ok && i.Extension == "LOG" && i.Revision == 0 {
			d.rule.jump.target = t
			return nil
		}
		d.rule.jump.target = &unknownExtension{info}
	default:
		d.rule.jump.target = &unknownExtension{info}
	}
	return nil
}

// unknown returns the first extension of a rule that minins cannot read.
func (r *rule) unknown() (string, bool) {
	for _, m := range append(r.matches[:len(r.matches):len(r.matches)], r.jump.target) {
		if u, ok := m.(*unknownExtension); ok {
			return fmt.Sprintf("%s revision %d", u.info.Name(), u.info.Rev()), true
		}
	}
	return "", false
}
