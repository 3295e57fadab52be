//go:build linux

package lang

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
)

// A Protocol is a header and its fields.
type Protocol struct {
	Name   string
	ID     uint32 // in userdata of a set (enum proto_desc_id of nft's proto.h)
	Base   nft.PayloadBase
	Fields []Field // in nft's order, which is their number there

	// What says that it is there: of a network header the number of the family
	// (nfproto) and the type of the frame, of a transport header the protocol.
	NFProto, EtherType, IPProto uint16
}

// A Field is a field of a header: its offset and its length in bits.
type Field struct {
	Name     string
	Type     *Datatype
	Off, Len uint32
}

// noProto is the IPProto of a header that is not behind an IP header.
const noProto = 0xffff

// Headers, in the order in which an offset is looked for: with the same fields,
// the first one that is known to be there has it.
var protocols = []*Protocol{
	{Name: "ether", ID: 17, Base: nft.LLHeader, IPProto: noProto, Fields: []Field{
		{"daddr", &dtEther, 0, 48}, {"saddr", &dtEther, 48, 48}, {"type", &dtEtherType, 96, 16},
	}},
	{Name: "vlan", ID: 16, Base: nft.LLHeader, IPProto: noProto, EtherType: 0x8100, Fields: []Field{
		{"pcp", &dtInteger, 112, 3}, {"dei", &dtInteger, 115, 1}, {"cfi", &dtInteger, 115, 1}, {"id", &dtInteger, 116, 12}, {"type", &dtEtherType, 128, 16},
	}},
	{Name: "arp", ID: 15, Base: nft.NetworkHeader, IPProto: noProto, EtherType: 0x0806, Fields: []Field{
		{"htype", &dtInteger, 0, 16}, {"ptype", &dtEtherType, 16, 16}, {"hlen", &dtInteger, 32, 8}, {"plen", &dtInteger, 40, 8},
		{"operation", &dtARPOp, 48, 16}, {"saddr ether", &dtEther, 64, 48}, {"saddr ip", &dtIPv4, 112, 32},
		{"daddr ether", &dtEther, 144, 48}, {"daddr ip", &dtIPv4, 192, 32},
	}},
	{Name: "ip", ID: 12, Base: nft.NetworkHeader, IPProto: noProto, NFProto: 2, EtherType: 0x0800, Fields: []Field{
		{"version", &dtInteger, 0, 4}, {"hdrlength", &dtInteger, 4, 4}, {"dscp", &dtDSCP, 8, 6}, {"ecn", &dtECN, 14, 2},
		{"length", &dtInteger, 16, 16}, {"id", &dtInteger, 32, 16}, {"frag-off", &dtInteger, 48, 16}, {"ttl", &dtInteger, 64, 8},
		{"protocol", &dtProto, 72, 8}, {"checksum", &dtInteger, 80, 16}, {"saddr", &dtIPv4, 96, 32}, {"daddr", &dtIPv4, 128, 32},
	}},
	{Name: "ip6", ID: 13, Base: nft.NetworkHeader, IPProto: noProto, NFProto: 10, EtherType: 0x86dd, Fields: []Field{
		{"version", &dtInteger, 0, 4}, {"dscp", &dtDSCP, 4, 6}, {"ecn", &dtECN, 10, 2}, {"flowlabel", &dtInteger, 12, 20},
		{"length", &dtInteger, 32, 16}, {"nexthdr", &dtProto, 48, 8}, {"hoplimit", &dtInteger, 56, 8},
		{"saddr", &dtIPv6, 64, 128}, {"daddr", &dtIPv6, 192, 128},
	}},
	{Name: "icmp", ID: 4, Base: nft.TransportHeader, NFProto: 2, EtherType: 0x0800, IPProto: 1, Fields: []Field{
		{"type", &dtICMPType, 0, 8}, {"code", &dtICMPCode, 8, 8}, {"checksum", &dtInteger, 16, 16}, {"id", &dtInteger, 32, 16},
		{"sequence", &dtInteger, 48, 16}, {"gateway", &dtIPv4, 32, 32}, {"mtu", &dtInteger, 48, 16},
	}},
	{Name: "icmpv6", ID: 14, Base: nft.TransportHeader, NFProto: 10, EtherType: 0x86dd, IPProto: 58, Fields: []Field{
		{"type", &dtICMPv6Type, 0, 8}, {"code", &dtICMPv6Code, 8, 8}, {"checksum", &dtInteger, 16, 16},
		{"parameter-problem", &dtInteger, 32, 32}, {"mtu", &dtInteger, 32, 32}, {"id", &dtInteger, 32, 16},
		{"sequence", &dtInteger, 48, 16}, {"max-delay", &dtInteger, 32, 16},
	}},
	{Name: "igmp", ID: 5, Base: nft.TransportHeader, NFProto: 2, EtherType: 0x0800, IPProto: 2, Fields: []Field{
		{"type", &dtIGMPType, 0, 8}, {"checksum", &dtInteger, 16, 16}, {"mrt", &dtInteger, 8, 8}, {"group", &dtIPv4, 32, 32},
	}},
	{Name: "tcp", ID: 8, Base: nft.TransportHeader, IPProto: 6, Fields: []Field{
		{"sport", &dtService, 0, 16}, {"dport", &dtService, 16, 16}, {"sequence", &dtInteger, 32, 32}, {"ackseq", &dtInteger, 64, 32},
		{"doff", &dtInteger, 96, 4}, {"reserved", &dtInteger, 100, 4}, {"flags", &dtTCPFlag, 104, 8}, {"window", &dtInteger, 112, 16},
		{"checksum", &dtInteger, 128, 16}, {"urgptr", &dtInteger, 144, 16},
	}},
	{Name: "udp", ID: 6, Base: nft.TransportHeader, IPProto: 17, Fields: []Field{
		{"sport", &dtService, 0, 16}, {"dport", &dtService, 16, 16}, {"length", &dtInteger, 32, 16}, {"checksum", &dtInteger, 48, 16},
	}},
	{Name: "udplite", ID: 7, Base: nft.TransportHeader, IPProto: 136, Fields: []Field{
		{"sport", &dtService, 0, 16}, {"dport", &dtService, 16, 16}, {"csumcov", &dtInteger, 32, 16}, {"checksum", &dtInteger, 48, 16},
	}},
	{Name: "sctp", ID: 10, Base: nft.TransportHeader, IPProto: 132, Fields: []Field{
		{"sport", &dtService, 0, 16}, {"dport", &dtService, 16, 16}, {"vtag", &dtInteger, 32, 32}, {"checksum", &dtInteger, 64, 32},
	}},
	{Name: "dccp", ID: 9, Base: nft.TransportHeader, IPProto: 33, Fields: []Field{
		{"sport", &dtService, 0, 16}, {"dport", &dtService, 16, 16},
	}},
	{Name: "esp", ID: 2, Base: nft.TransportHeader, IPProto: 50, Fields: []Field{
		{"spi", &dtInteger, 0, 32}, {"sequence", &dtInteger, 32, 32},
	}},
	{Name: "ah", ID: 1, Base: nft.TransportHeader, IPProto: 51, Fields: []Field{
		{"nexthdr", &dtProto, 0, 8}, {"hdrlength", &dtInteger, 8, 8}, {"reserved", &dtInteger, 16, 16},
		{"spi", &dtInteger, 32, 32}, {"sequence", &dtInteger, 64, 32},
	}},
	{Name: "comp", ID: 3, Base: nft.TransportHeader, IPProto: 108, Fields: []Field{
		{"nexthdr", &dtProto, 0, 8}, {"flags", &dtHexInt, 8, 8}, {"cpi", &dtInteger, 16, 16},
	}},
	// Of any transport protocol that has ports.
	{Name: "th", ID: 11, Base: nft.TransportHeader, IPProto: noProto, Fields: []Field{
		{"sport", &dtService, 0, 16}, {"dport", &dtService, 16, 16},
	}},
}

func protocolByName(name string) *Protocol {
	for _, p := range protocols {
		if p.Name == name {
			return p
		}
	}
	return nil
}

func (p *Protocol) field(name string) *Field {
	for i := range p.Fields {
		if p.Fields[i].Name == name {
			return &p.Fields[i]
		}
	}
	return nil
}

// context is what is known of the headers of a packet at a place of a rule.
type context struct {
	family    nft.Family
	network   *Protocol // nil: not known
	transport *Protocol
	link      *Protocol
	icmp      int // the type of an ICMP message, -1: not known
}

func newContext(f nft.Family) context {
	c := context{family: f, icmp: -1}
	switch f {
	case nft.IPv4:
		c.network = protocolByName("ip")
	case nft.IPv6:
		c.network = protocolByName("ip6")
	case nft.ARP:
		c.network = protocolByName("arp")
	case nft.Bridge:
		c.link = protocolByName("ether")
	}
	return c
}

// at is the place in the context of the header with a base.
func (c *context) at(base nft.PayloadBase) **Protocol {
	switch base {
	case nft.LLHeader:
		return &c.link
	case nft.NetworkHeader:
		return &c.network
	}
	return &c.transport
}

// learn notes what a comparison with one value says of the packet's headers.
func (c *context) learn(s *Selector, value uint64) {
	if s.Kind == payloadSel && (s.Field.Type == &dtICMPType || s.Field.Type == &dtICMPv6Type) {
		c.icmp = int(value)
		return
	}
	var key func(*Protocol) uint16
	var base nft.PayloadBase
	switch {
	case s.isMeta(nft.MetaNFProto):
		key, base = func(p *Protocol) uint16 { return p.NFProto }, nft.NetworkHeader
	case s.isMeta(nft.MetaProtocol), s.Kind == payloadSel && s.Field.Type == &dtEtherType && s.Proto.Base == nft.LLHeader:
		key, base = func(p *Protocol) uint16 { return p.EtherType }, nft.NetworkHeader
		if value == 0x8100 {
			base = nft.LLHeader
		}
	case s.isMeta(nft.MetaL4Proto), s.Kind == payloadSel && s.Field.Type == &dtProto && s.Proto.Base == nft.NetworkHeader:
		key, base = func(p *Protocol) uint16 { return p.IPProto }, nft.TransportHeader
	case s.isMeta(nft.MetaKey(unix.NFT_META_IIFTYPE)), s.isMeta(nft.MetaKey(unix.NFT_META_OIFTYPE)):
		if value == 1 {
			c.link = protocolByName("ether")
		}
		return
	default:
		return
	}
	for _, p := range protocols {
		if p.Base == base && value != 0 && uint64(key(p)) == value {
			*c.at(base) = p
			return
		}
	}
}

// icmpTypes are the types of messages of ICMP that have a field; nil: all.
func icmpTypes(s *Selector) []int {
	if s.Kind != payloadSel || s.Raw {
		return nil
	}
	switch s.Proto.Name + " " + s.Field.Name {
	case "icmp id", "icmp sequence":
		return []int{0, 8}
	case "icmp gateway":
		return []int{5}
	case "icmp mtu":
		return []int{3}
	case "icmpv6 id", "icmpv6 sequence":
		return []int{128, 129}
	case "icmpv6 parameter-problem":
		return []int{4}
	case "icmpv6 mtu":
		return []int{2}
	case "icmpv6 max-delay":
		return []int{130}
	}
	return nil
}
