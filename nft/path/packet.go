//go:build linux

package path

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/ntop"
	"github.com/minins/minins/nft"
)

// A Packet is what is known of the headers of one. In an ICMP packet, SrcPort is the
// identifier and DstPort the number in the sequence of an echo, as NAT treats the former
// like a port. Of ARP there are the addresses of who asks and who is asked, and Type.
type Packet struct {
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16
	Proto            nft.IPProto
	ARP              bool
	Type, Code       uint8  // ICMP; ARP: 1 is a request, 2 a reply
	Seq, Ack         uint32 // TCP
	Flags            uint8  // TCP: FIN 1, SYN 2, RST 4, PSH 8, ACK 16 …
	ID               uint16 // IPv4: tells packets of one sender apart, mostly
}

// Headers reads those of an event. It is nil if there are none, which is so of all but
// the first event of each chain.
func Headers(t *nft.Trace) *Packet {
	n, h := t.NetworkHeader, t.TransportHeader
	p := &Packet{}
	switch {
	case len(n) >= 20 && n[0]>>4 == 4:
		p.Proto, p.ID = nft.IPProto(n[9]), binary.BigEndian.Uint16(n[4:])
		p.Src, p.Dst = netip.AddrFrom4([4]byte(n[12:])), netip.AddrFrom4([4]byte(n[16:]))
	case len(n) >= 40 && n[0]>>4 == 6:
		p.Proto = nft.IPProto(n[6]) // behind extension headers it is not known
		p.Src, p.Dst = netip.AddrFrom16([16]byte(n[8:])), netip.AddrFrom16([16]byte(n[24:]))
	case len(n) >= 28 && string(n[:7]) == arpEthernet:
		p.ARP, p.Type = true, n[7]
		p.Src, p.Dst = netip.AddrFrom4([4]byte(n[14:])), netip.AddrFrom4([4]byte(n[24:]))
		return p
	default:
		return nil
	}
	if len(h) < 8 {
		return p
	}
	switch p.Proto {
	case unix.IPPROTO_TCP:
		if len(h) >= 14 {
			p.Seq, p.Ack, p.Flags = binary.BigEndian.Uint32(h[4:]), binary.BigEndian.Uint32(h[8:]), h[13]
		}
		fallthrough
	case unix.IPPROTO_UDP:
		p.SrcPort, p.DstPort = binary.BigEndian.Uint16(h), binary.BigEndian.Uint16(h[2:])
	case unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6:
		p.Type, p.Code = h[0], h[1]
		if p.echo() != 0 {
			p.SrcPort, p.DstPort = binary.BigEndian.Uint16(h[4:]), binary.BigEndian.Uint16(h[6:])
		}
	}
	return p
}

// arpEthernet is what ARP about IPv4 on Ethernet begins with: ar_hrd, ar_pro, ar_hln,
// ar_pln and half of ar_op of struct arphdr.
const arpEthernet = "\x00\x01\x08\x00\x06\x04\x00"

// echo is Request or Reply for an echo of ICMP.
func (p *Packet) echo() Kind {
	four := p.Proto == unix.IPPROTO_ICMP
	switch {
	case four && p.Type == 8 || !four && p.Type == 128:
		return Request
	case four && p.Type == 0 || !four && p.Type == 129:
		return Reply
	}
	return 0
}

// Asks says that the packet may be what another one answers: of ICMP, an echo request.
func (p *Packet) Asks() bool { return !p.isICMP() || p.echo() == Request }

func (p *Packet) isICMP() bool {
	return p.Proto == unix.IPPROTO_ICMP || p.Proto == unix.IPPROTO_ICMPV6
}

// From and To are the ends of the packet: an address, with its port if there is one.
func (p *Packet) From() string { return p.end(p.Src, p.SrcPort) }

// To is where the packet goes.
func (p *Packet) To() string { return p.end(p.Dst, p.DstPort) }

func (p *Packet) end(a netip.Addr, port uint16) string {
	text := ntop.Text(a)
	if p.ARP || p.isICMP() {
		return text
	}
	if a.Is6() {
		text = "[" + text + "]"
	}
	return text + ":" + strconv.Itoa(int(port))
}

// String is the packet in a line: "icmp echo-request 192.168.15.2 > 8.8.8.8 id 7 seq 1".
func (p *Packet) String() string {
	ends := " " + p.From() + " > " + p.To()
	switch {
	case p.ARP && p.Type == arpRequest:
		return "arp request" + ends
	case p.ARP:
		return "arp reply" + ends
	case p.Proto == unix.IPPROTO_UDP:
		return "udp" + ends
	case p.Proto == unix.IPPROTO_TCP:
		for i, name := range [...]string{"fin", "syn", "rst", "psh", "ack"} {
			if p.Flags>>i&1 != 0 {
				ends += " " + name
			}
		}
		return "tcp" + ends
	}
	name := "icmp"
	if p.Proto == unix.IPPROTO_ICMPV6 {
		name = "icmpv6"
	}
	if kind := p.echo(); kind != 0 {
		return name + [...]string{Request: " echo-request", Reply: " echo-reply"}[kind] + ends +
			" id " + strconv.Itoa(int(p.SrcPort)) + " seq " + strconv.Itoa(int(p.DstPort))
	}
	return name + " " + p.trouble() + ends
}

// trouble is the type of an ICMP packet that is no echo, in the words of nft.
func (p *Packet) trouble() string {
	name := "type " + strconv.Itoa(int(p.Type))
	for _, t := range troubles {
		if t.proto == p.Proto && t.typ == p.Type {
			name = t.name
		}
	}
	return name + " code " + strconv.Itoa(int(p.Code))
}

var troubles = [...]struct {
	proto nft.IPProto
	typ   uint8
	name  string
}{
	{unix.IPPROTO_ICMP, 3, "destination-unreachable"}, {unix.IPPROTO_ICMP, 5, "redirect"},
	{unix.IPPROTO_ICMP, 11, "time-exceeded"}, {unix.IPPROTO_ICMP, 12, "parameter-problem"},
	{unix.IPPROTO_ICMPV6, 1, "destination-unreachable"}, {unix.IPPROTO_ICMPV6, 2, "packet-too-big"},
	{unix.IPPROTO_ICMPV6, 3, "time-exceeded"}, {unix.IPPROTO_ICMPV6, 4, "parameter-problem"},
	{unix.IPPROTO_ICMPV6, ndSolicit, "nd-neighbor-solicit"}, {unix.IPPROTO_ICMPV6, ndAdvert, "nd-neighbor-advert"},
}

// Refusal is what says that nothing listens at a port, "RST" or "ICMP port unreachable",
// or "" for any other packet.
func (p *Packet) Refusal() string {
	switch {
	case p.Proto == unix.IPPROTO_TCP && p.Flags&tcpRst != 0:
		return "RST"
	case p.Proto == unix.IPPROTO_ICMP && p.Type == 3 && p.Code == 3, p.Proto == unix.IPPROTO_ICMPV6 && p.Type == 1 && p.Code == 4:
		return "ICMP port unreachable"
	}
	return ""
}

// same says that two are one packet, whatever NAT has made of it.
func (p *Packet) same(q *Packet) bool {
	return p.ARP == q.ARP && p.Proto == q.Proto && p.ID == q.ID && p.Type == q.Type && p.Seq == q.Seq && p.Ack == q.Ack && (!p.isICMP() || p.DstPort == q.DstPort)
}

// A Kind is what a packet is to the flow.
type Kind uint8

// Kinds of packets; 0 is one that is none of the flow.
const (
	Request Kind = 1 + iota
	Reply        // what answers it
	Error        // an ICMP error about it

	// Solicitation asks a neighbour for its address on the link, and Advertisement
	// answers: ARP (RFC 826) or neighbour discovery (RFC 4861). See [Neighbours].
	Solicitation
	Advertisement
)

// What ARP and ICMPv6 call them.
const (
	arpRequest = 1 // ARPOP_REQUEST
	ndSolicit  = 135
	ndAdvert   = 136
)

// kind tells packets of the flow that have met a rule of it, with this verdict.
func (f *Flow) kind(p *Packet, verdict nft.VerdictCode) Kind {
	switch {
	case p == nil:
	case p.ARP && p.Type == arpRequest, p.Proto == unix.IPPROTO_ICMPV6 && p.Type == ndSolicit:
		return Solicitation
	case p.ARP, p.Proto == unix.IPPROTO_ICMPV6 && p.Type == ndAdvert:
		return Advertisement
	case p.isICMP() && p.echo() == 0:
		if p.Proto == unix.IPPROTO_ICMP && (p.Type == 3 || p.Type == 5 || p.Type == 11 || p.Type == 12) ||
			p.Proto == unix.IPPROTO_ICMPV6 && p.Type < 128 {
			return Error
		}
	case p.Proto != f.Proto:
	case f.Foreign:
		return f.Follow.kind(p)
	case p.isICMP():
		return p.echo()
	case p.Proto == unix.IPPROTO_UDP:
		if verdict == nft.VerdictAccept {
			return Reply
		}
		return Request
	case p.Seq == f.Seq:
		return Request
	case p.Flags&(tcpSyn|tcpRst) != 0: // and not the data that a server may send at once
		return Reply
	}
	return 0
}

const (
	tcpSyn = 2
	tcpRst = 4
)

// kind is what q, of the same protocol, is to a packet p of others.
func (p *Packet) kind(q *Packet) Kind {
	switch {
	case p == nil:
	case p.isICMP():
		if q.DstPort == p.DstPort {
			return q.echo()
		}
	case q.Proto == unix.IPPROTO_TCP:
		next := p.Seq
		if p.Flags&tcpSyn != 0 {
			next++
		}
		switch {
		case q.Seq == p.Seq && q.Ack == p.Ack:
			return Request
		case q.Ack == next:
			return Reply
		}
	case q.ID == p.ID && (q.ID != 0 || q.SrcPort == p.SrcPort):
		return Request
	case q.DstPort == p.SrcPort:
		return Reply
	}
	return 0
}
