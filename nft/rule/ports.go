//go:build linux

package rule

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
)

// A Transport is a transport protocol that has ports: [TCP] or [UDP]. Each part
// that it makes compares the protocol first, unless the rule has done it.
type Transport uint8

// Transport protocols, by their numbers.
const (
	TCP Transport = unix.IPPROTO_TCP
	UDP Transport = unix.IPPROTO_UDP
)

// String is nft's word: tcp, udp.
func (t Transport) String() string {
	switch t {
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	}
	return fmt.Sprint(uint8(t))
}

// transport has the protocol compared, unless it is known.
func (b *Builder) transport(t Transport) error {
	switch b.proto {
	case t:
		return nil
	case 0:
		b.meta(nft.MetaL4Proto, nft.Reg1)
		b.cmp(nft.Eq, b.u8(uint8(t)))
		b.proto = t
		return nil
	}
	return fmt.Errorf("the protocol is %v, and the rule compares it with %v before", t, b.proto)
}

// SPort compares the source port.
// nft: tcp sport 80
func (t Transport) SPort(port uint16) Part { return t.SPorts(port, port) }

// DPort compares the destination port.
// nft: tcp dport 80
func (t Transport) DPort(port uint16) Part { return t.DPorts(port, port) }

// SPorts compares the source port with a range, both included.
// nft: tcp sport 8000-8099
func (t Transport) SPorts(first, last uint16) Part { return t.ports("sport", first, last) }

// DPorts compares the destination port with a range, both included.
// nft: tcp dport 8000-8099
func (t Transport) DPorts(first, last uint16) Part { return t.ports("dport", first, last) }

func (t Transport) ports(name string, first, last uint16) Part {
	return Part{name: name, add: (*Builder).ports, match: true, proto: t, numbers: [2]uint64{uint64(first), uint64(last)}}
}

func (b *Builder) ports(p *Part) error {
	first, last := p.numbers[0], p.numbers[1]
	if first > last {
		return errOrder
	}
	if err := b.transport(p.proto); err != nil {
		return err
	}
	if first == last && !p.not && p.name == "dport" && b.prev != nil { // it is behind the source port: one look at both
		both := b.own(4)
		cmp := b.rule.Exprs[len(b.rule.Exprs)-1].(*nft.Cmp)
		copy(both, cmp.Data)
		copy(both[2:], b.port(first))
		b.prev.Len, cmp.Data = 4, both
		b.prev = nil
		return nil
	}
	load := nft.Payload{Dreg: nft.Reg1, Base: nft.TransportHeader, Len: 2}
	if p.name == "dport" {
		load.Offset = 2
	}
	e := b.payloads.next(load)
	b.emit(e)
	switch {
	case first == last:
		b.cmp(p.op(), b.port(first))
		if !p.not && p.name == "sport" {
			b.prev = e
		}
	case p.not:
		b.emit(b.ranges.next(nft.Range{Sreg: nft.Reg1, Op: nft.RangeNeq, From: b.port(first), To: b.port(last)}))
	default:
		b.cmp(nft.Gte, b.port(first))
		b.cmp(nft.Lte, b.port(last))
	}
	return nil
}

// DNAT sends the packet, and those of its connection, to an address and a port.
// nft: dnat to 10.1.0.2:80, in a table inet dnat ip to 10.1.0.2:80
func (t Transport) DNAT(to netip.AddrPort) Part {
	return Part{name: "dnat to address and port", add: (*Builder).nat, ends: true, proto: t, addr: span{last: to.Addr()}, numbers: [2]uint64{uint64(to.Port())}}
}

// SNAT gives the packet, and those of its connection, another source address and
// port.
// nft: snat to 192.0.2.1:1024
func (t Transport) SNAT(to netip.AddrPort) Part {
	return Part{name: "snat to address and port", add: (*Builder).nat, ends: true, proto: t, addr: span{last: to.Addr()}, numbers: [2]uint64{uint64(to.Port())}}
}

// DNATMap sends the packet where a map says for the keys: to an address, or to an
// address and a port, by the map's type.
// nft: meta l4proto tcp dnat to meta l4proto . th dport map @ports
func (t Transport) DNATMap(m *nft.Set, keys ...Key) Part {
	return Part{name: "dnat to map", add: (*Builder).natMap, ends: true, proto: t, set: m, keys: keys}
}

// Redirect sends the packet to a port of this host.
// nft: redirect to :8080
func (t Transport) Redirect(port uint16) Part {
	return Part{name: "redirect to port", add: (*Builder).redirect, ends: true, proto: t, numbers: [2]uint64{uint64(port)}}
}

// Masquerade is [Masquerade] with a range of source ports, both included.
// nft: masquerade to :1024-2047
func (t Transport) Masquerade(first, last uint16) Part {
	return Part{name: "masquerade to ports", add: (*Builder).masquerade, ends: true, proto: t, numbers: [2]uint64{uint64(first), uint64(last)}}
}
