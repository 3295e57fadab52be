//go:build linux

package capture

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/ntop"
	"github.com/minins/minins/pcap"
)

// A text makes a line of a packet, much as tcpdump -nS does.
type text struct {
	b []byte // the line
}

func (t *text) line(c *captured, at time.Time) []byte {
	h, m, s := at.Clock()
	dir := " In  "
	if c.dir == pcap.Outbound {
		dir = " Out "
	}
	t.b = t.b[:0]
	t.put("%02d:%02d:%02d.%06d ", h, m, s, at.Nanosecond()/1000)
	t.put(c.link.name)
	t.put(dir)
	t.protocol(c)
	t.put("\n")
	return t.b
}

// put appends a format of numbers.
func (t *text) put(format string, numbers ...int) {
	if len(numbers) == 0 {
		t.b = append(t.b, format...)
		return
	}
	var args [4]any // as many as there are
	for i, n := range numbers {
		args[i] = uint32(n) // as the headers have them
	}
	t.b = fmt.Appendf(t.b, format, args[:len(numbers)]...)
}

func u16(b []byte) int { return int(binary.BigEndian.Uint16(b)) }
func u32(b []byte) int { return int(binary.BigEndian.Uint32(b)) }

// address puts one of 4 or 16 bytes.
func (t *text) address(b []byte) {
	if a, ok := netip.AddrFromSlice(b); ok {
		t.b = ntop.Append(t.b, a)
	}
}

// The headers, as far as they are looked at.
const (
	arpLen  = 28 // for Ethernet and IPv4
	ip4Len  = 20
	ip6Len  = 40
	tcpLen  = 20
	udpLen  = 8
	icmpLen = 8
)

func (t *text) protocol(c *captured) {
	b := c.data[c.network:]
	n := c.length - c.network // of which b may be the beginning
	ether := int(c.ether)
	for ether == unix.ETH_P_8021Q || ether == unix.ETH_P_8021AD {
		if len(b) < 4 {
			t.put("[|vlan]")
			return
		}
		t.put("vlan %d, ", u16(b)&0xfff)
		ether = u16(b[2:])
		b, n = b[4:], n-4
	}
	switch {
	case c.link.typ == pcap.LinkTypeNetlink:
		t.put("netlink family %d, length %d", ether, n)
	case ether == unix.ETH_P_ARP:
		t.arp(b, n)
	case ether == unix.ETH_P_IP:
		t.ip4(b, n)
	case ether == unix.ETH_P_IPV6:
		t.ip6(b)
	case ether == unix.ETH_P_802_2:
		t.put("802.2, length %d", n)
	default:
		t.put("ethertype 0x%04x, length %d", ether, n)
	}
}

func (t *text) arp(b []byte, n int) {
	t.put("ARP, ")
	if len(b) < arpLen || b[4] != 6 || b[5] != 4 {
		t.put("[|arp]")
		return
	}
	switch op := u16(b[6:]); op {
	case 1:
		t.put("Request who-has ")
		t.address(b[24:28])
		t.put(" tell ")
		t.address(b[14:18])
	case 2:
		t.put("Reply ")
		t.address(b[14:18])
		t.put(" is-at %02x:%02x:%02x", int(b[8]), int(b[9]), int(b[10]))
		t.put(":%02x:%02x:%02x", int(b[11]), int(b[12]), int(b[13]))
	default:
		t.put("operation %d", op)
	}
	t.put(", length %d", n)
}

func (t *text) ip4(b []byte, n int) {
	t.put("IP ")
	if len(b) < ip4Len || len(b) < int(b[0]&15)*4 || b[0]&15 < 5 {
		t.put("[|ip]")
		return
	}
	head := int(b[0]&15) * 4
	if total := u16(b[2:]); total >= head { // 0 of a large one that is not cut up yet
		n = total
		b = b[:min(len(b), n)]
	}
	protocol := b[9]
	src, dst := b[12:16], b[16:20]
	if fragment := u16(b[6:]) & 0x1fff; fragment > 0 {
		t.addresses(src, dst, nil)
		t.put("fragment of protocol %d at %d, length %d", int(protocol), fragment*8, n-head)
		return
	}
	t.transport(protocol, src, dst, b[head:], n-head)
}

func (t *text) ip6(b []byte) {
	t.put("IP6 ")
	if len(b) < ip6Len {
		t.put("[|ip6]")
		return
	}
	n := u16(b[4:])
	protocol, rest := b[6], b[ip6Len:min(len(b), ip6Len+n)]
	if len(rest) > 8 && protocol == unix.IPPROTO_HOPOPTS { // in front of what multicast listeners say
		options := min(int(rest[1])*8+8, len(rest))
		protocol, rest, n = rest[0], rest[options:], n-options
	}
	t.transport(protocol, b[8:24], b[24:40], rest, n)
}

// addresses puts who sends to whom; ports are the first four bytes of TCP and UDP,
// or nil.
func (t *text) addresses(src, dst, ports []byte) {
	t.address(src)
	if ports != nil {
		t.put(".%d", u16(ports))
	}
	t.put(" > ")
	t.address(dst)
	if ports != nil {
		t.put(".%d", u16(ports[2:]))
	}
	t.put(": ")
}

// transport puts what is in b, the beginning of n bytes.
func (t *text) transport(protocol byte, src, dst, b []byte, n int) {
	switch {
	case protocol == unix.IPPROTO_TCP && len(b) >= tcpLen:
		t.addresses(src, dst, b)
		t.tcp(b, n)
	case protocol == unix.IPPROTO_UDP && len(b) >= udpLen:
		t.addresses(src, dst, b)
		t.put("UDP, length %d", max(n-udpLen, 0))
	case protocol == unix.IPPROTO_ICMP && len(b) >= icmpLen:
		t.addresses(src, dst, nil)
		t.icmp("ICMP ", icmpTypes, b, n)
	case protocol == unix.IPPROTO_ICMPV6 && len(b) >= icmpLen:
		t.addresses(src, dst, nil)
		t.icmp("ICMP6, ", icmp6Types, b, n)
	default:
		t.addresses(src, dst, nil)
		t.put("protocol %d, length %d", int(protocol), n)
	}
}

func (t *text) tcp(b []byte, n int) {
	const fin, syn, rst, ack = 1, 2, 4, 16
	flags := b[13]
	t.put("Flags [")
	const signs = "FSRP.UEW"
	for i := range len(signs) {
		if flags&(1<<i) != 0 {
			t.put(signs[i : i+1])
		}
	}
	n = max(n-int(b[12]>>4)*4, 0)
	t.put("]")
	if seq := u32(b[4:]); n > 0 {
		t.put(", seq %d:%d", seq, seq+n)
	} else if flags&(fin|syn|rst) != 0 {
		t.put(", seq %d", seq)
	}
	if flags&ack != 0 {
		t.put(", ack %d", u32(b[8:]))
	}
	t.put(", win %d, length %d", u16(b[14:]), n)
}

// An icmpType is a type and, of those that have several, a code, in words.
type icmpType struct {
	typ, code byte
	has       byte // what is behind them
	name      string
}

const (
	anyCode = 255

	nothing = iota
	idSeq   // of an echo
	target  // an address
)

var icmpTypes = []icmpType{
	{0, anyCode, idSeq, "echo reply"},
	{3, 0, nothing, "net unreachable"},
	{3, 1, nothing, "host unreachable"},
	{3, 2, nothing, "protocol unreachable"},
	{3, 3, nothing, "port unreachable"},
	{3, 4, nothing, "unreachable - need to frag"},
	{3, 13, nothing, "unreachable - admin prohibited"},
	{3, anyCode, nothing, "unreachable"},
	{5, anyCode, nothing, "redirect"},
	{8, anyCode, idSeq, "echo request"},
	{11, anyCode, nothing, "time exceeded"},
	{12, anyCode, nothing, "parameter problem"},
}

var icmp6Types = []icmpType{
	{1, anyCode, nothing, "destination unreachable"},
	{2, anyCode, nothing, "packet too big"},
	{3, anyCode, nothing, "time exceeded"},
	{4, anyCode, nothing, "parameter problem"},
	{128, anyCode, idSeq, "echo request"},
	{129, anyCode, idSeq, "echo reply"},
	{133, anyCode, nothing, "router solicitation"},
	{134, anyCode, nothing, "router advertisement"},
	{135, anyCode, target, "neighbor solicitation, who has "},
	{136, anyCode, target, "neighbor advertisement, tgt is "},
	{137, anyCode, nothing, "redirect"},
	{143, anyCode, nothing, "multicast listener report v2"},
}

func (t *text) icmp(kind string, types []icmpType, b []byte, n int) {
	t.put(kind)
	row := icmpType{}
	for _, row = range types {
		if row.typ == b[0] && (row.code == anyCode || row.code == b[1]) {
			break
		}
		row.name = ""
	}
	t.put(row.name)
	switch {
	case row.name == "":
		t.put("type %d, code %d", int(b[0]), int(b[1]))
	case row.has == target && len(b) >= icmpLen+16:
		t.address(b[icmpLen : icmpLen+16])
	case row.has == idSeq:
		t.put(", id %d, seq %d", u16(b[4:]), u16(b[6:]))
	}
	t.put(", length %d", n)
}
