//go:build linux

package iptables

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"golang.org/x/sys/unix"
)

func (d *decoder) protocol(data []byte, inv bool) error {
	p := protocol{inv: inv}
	if len(data) != 1 {
		return unsayable("protocol of " + strconv.Itoa(len(data)) + " bytes")
	}
	p.num = data[0]
	if d.rule.proto != (protocol{}) && d.rule.proto != p || p.num == 0 {
		return unsayable("protocol " + strconv.Itoa(int(p.num)) + " beside " + strconv.Itoa(int(d.rule.proto.num)))
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
func (d *decoder) comparePayload(v *loadedValue, data []byte, inv bool) error {
	p := v.payload
	if len(data) != int(p.Len) || v.mask != nil && len(v.mask) != len(data) {
		return unsayable("payload of " + strconv.FormatUint(uint64(p.Len), 10) + " bytes compared with " + strconv.Itoa(len(data)))
	}
	if p.Base == nft.TransportHeader {
		return d.compareTransport(v, data, inv)
	}
	if p.Base != nft.NetworkHeader {
		return unsayable(p.Base.String())
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
	return unsayable("payload at network header + " + strconv.FormatUint(uint64(p.Offset), 10))
}

func (d *decoder) network(n *network, v *loadedValue, data []byte, size int, inv bool) error {
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

func (d *decoder) compareTransport(v *loadedValue, data []byte, inv bool) error {
	p := v.payload
	proto := d.rule.proto
	switch {
	case p.Len == 2 && v.mask == nil && !proto.is(unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6):
		return d.portsAt(p.Offset, data, data, inv)
	case p.Len == 4 && p.Offset == 0 && v.mask == nil && !inv:
		if err := d.portsAt(0, data[:2], data[:2], false); err != nil {
			return err
		}
		return d.portsAt(2, data[2:], data[2:], false)
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
			return unsayable("TCP flags with mask " + hexText(uint32(t.FlagMask)))
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
	return unsayable("payload at transport header + " + strconv.FormatUint(uint64(p.Offset), 10))
}

// ports reads a range.
func (d *decoder) ports(reg nft.Register, from, to []byte, inv bool) error {
	v := d.regs[reg]
	if v == nil || v.payload == nil || v.mask != nil || v.payload.Base != nft.TransportHeader || v.payload.Len != 2 {
		return unsayable("range")
	}
	return d.portsAt(v.payload.Offset, from, to, inv)
}

// portBound reads a port that is at most or at least a number, as iptables does: what
// was written as ! --dport :N is --dport N+1:65535.
func (d *decoder) portBound(x *nft.Cmp) error {
	bound := []byte{0, 0}
	if len(x.Data) != 2 {
		return unsayable("cmp")
	}
	n := binary.BigEndian.Uint16(x.Data)
	switch {
	case x.Op == nft.Lt && n > 0:
		n--
	case x.Op == nft.Gt && n < 0xffff:
		n++
	case x.Op == nft.Lt || x.Op == nft.Gt:
		return unsayable("cmp")
	}
	binary.BigEndian.PutUint16(bound, n)
	if x.Op == nft.Lt || x.Op == nft.Lte {
		return d.ports(x.Sreg, []byte{0, 0}, bound, false)
	}
	return d.ports(x.Sreg, bound, []byte{0xff, 0xff}, false)
}

func (d *decoder) portsAt(offset uint32, from, to []byte, inv bool) error {
	t, ok := d.transport()
	if !ok || len(from) != 2 || len(to) != 2 || offset != 0 && offset != 2 {
		return unsayable("payload at transport header + " + strconv.FormatUint(uint64(offset), 10))
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
