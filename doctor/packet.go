//go:build linux

package doctor

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/survey"
)

// A packet is the first of a connection, or its answer: what of it matters to routes and
// rules. A port of 0 is one that the kernel will choose.
type packet struct {
	src, dst     netip.Addr // src is none until the route says it
	proto        uint8      // IPPROTO_ICMP also for ICMPv6
	sport, dport uint16
	reply        bool

	nd uint8 // it asks who has dst, or tells who has src: arpRequest and such, or 0

	mark mark         // of the namespace that it is in
	zone *survey.Link // by which alone its sender may send it, of a link-local address; or nil
}

// A mark is what rules write on a packet, or on a connection.
type mark struct {
	value uint32
	doubt bool // it is not known
}

// same says that both are one packet, whatever is written on it.
func (p *packet) same(q *packet) bool {
	a, b := *p, *q
	a.mark, a.zone = b.mark, b.zone
	return a == b
}

// answer is the packet that comes back.
func (p *packet) answer() packet {
	return packet{src: p.dst, dst: p.src, proto: p.proto, sport: p.dport, dport: p.sport, reply: true}
}

// answers says that p is the answer to q.
func (p *packet) answers(q *packet) bool {
	return p.src == q.dst && p.dst == q.src && p.sport == q.dport
}

// number is the protocol as headers have it.
func (p *packet) number() uint8 {
	if p.proto == unix.IPPROTO_ICMP && !p.dst.Is4() {
		return unix.IPPROTO_ICMPV6
	}
	return p.proto
}

// network is the header of IP; what is not in it is not known.
func (p *packet) network() (header []byte, known func(i int) bool) {
	if p.arp() {
		return p.arpHeader()
	}
	if p.dst.Is4() {
		h := make([]byte, 20)
		h[0], h[8], h[9] = 0x45, 64, p.proto
		copy(h[12:], p.src.AsSlice())
		copy(h[16:], p.dst.AsSlice())
		return h, func(i int) bool { return i < 2 || i == 9 || i >= 12 } // not length, id, TTL, sum
	}
	h := make([]byte, 40)
	h[0], h[6], h[7] = 0x60, p.number(), 64
	copy(h[8:], p.src.AsSlice())
	copy(h[24:], p.dst.AsSlice())
	if p.nd == ndSolicit { // to all whose address ends so (RFC 4291, 2.7.1)
		copy(h[24:], "\xff\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xff")
	}
	return h, func(i int) bool { return i == 0 || i == 6 || i >= 8 }
}

// transport is the beginning of the header behind it.
func (p *packet) transport() (header []byte, known func(i int) bool) {
	if p.proto == unix.IPPROTO_ICMP {
		h := []byte{8, 0} // type and code
		switch v4 := p.dst.Is4(); {
		case v4 && p.reply:
			h[0] = 0
		case !v4 && p.reply:
			h[0] = 129
		case !v4:
			h[0] = 128
		}
		if p.nd != 0 {
			h[0] = p.nd
		}
		return h, func(i int) bool { return i < 2 }
	}
	h := binary.BigEndian.AppendUint16(nil, p.sport)
	h = append(binary.BigEndian.AppendUint16(h, p.dport), make([]byte, 10)...)
	n := 4
	if p.proto == unix.IPPROTO_TCP {
		h[12], h[13], n = 0x50, 0x02, 14 // SYN
		if p.reply {
			h[13] = 0x12
		}
	}
	return h, func(i int) bool {
		switch {
		case i < 2:
			return p.sport != 0
		case i < 4:
			return p.dport != 0
		}
		return i >= 13 && i < n // the flags
	}
}

// String is what a person would call it.
func (p *packet) String() string {
	if p.nd != 0 {
		what, who, how := "question", p.dst, "ARP"
		if p.nd == arpReply || p.nd == ndAdvert {
			what, who = "answer", p.src
		}
		if !p.arp() {
			how = "neighbour discovery"
		}
		return "the " + what + " who has " + who.String() + " (" + how + ")"
	}
	s := protoName(p.proto) + " from "
	if p.src.IsValid() {
		s += p.src.String()
	} else {
		s += "the address that the route says"
	}
	return s + " to " + hostPort(p.dst, p.dport)
}

func protoName(proto uint8) string {
	switch proto {
	case unix.IPPROTO_TCP:
		return "TCP"
	case unix.IPPROTO_UDP:
		return "UDP"
	}
	return "ICMP"
}

func hostPort(a netip.Addr, port uint16) string {
	if port == 0 {
		return a.String()
	}
	return netip.AddrPortFrom(a, port).String()
}

// A conn is what connection tracking of a namespace knows of the packet.
type conn struct {
	ns           *survey.Namespace
	first, after packet       // as it came, and as it goes on
	dnat, snat   *place       // the rules that changed it
	leaves       *survey.Link // that SNAT was for
	notrack      *place       // the rule that has it not be tracked
	mark         mark
	bound        [2]bool // destination and source are settled: rules of NAT are asked once
}
