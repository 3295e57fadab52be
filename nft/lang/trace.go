//go:build linux

package lang

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
)

// traceFields are the fields of a header that are shown, in this order.
var traceFields = [...]struct{ proto, fields string }{
	{"ether", "saddr daddr"}, {"vlan", "id"}, {"arp", "operation"},
	{"ip", "saddr daddr dscp ecn ttl id protocol length"}, {"ip6", "saddr daddr dscp ecn hoplimit flowlabel nexthdr length"},
	{"icmp", "type code id sequence"}, {"icmpv6", "type code parameter-problem"}, {"igmp", "type mrt group"},
	{"tcp", "sport dport flags window"}, {"udp", "sport dport length"}, {"udplite", "sport dport"}, {"sctp", "sport dport"},
	{"dccp", "sport dport"}, {"esp", "spi sequence"}, {"ah", "nexthdr spi sequence"}, {"comp", "nexthdr cpi"},
}

// trace is a step of a packet: first what is in it, then each rule that it met, then
// the policy.
func (m *Monitor) trace(t *nft.Trace) string {
	p := m.printer(t.Family, t.Table)
	head := "trace id " + hex(uint64(t.ID), 8) + " " + t.Family.Keyword() + " " + t.Table + " " + t.Chain + " "
	s := ""
	if t.LLHeader != nil || t.NetworkHeader != nil {
		s = head + "packet: " + p.packet(t) + "\n"
	}
	v := ""
	if t.Verdict.Ok {
		v = "verdict " + verdict(t.Verdict.V)
	}
	switch t.Type {
	case unix.NFT_TRACETYPE_RULE:
		if t.RuleHandle == 0 { // the end of a chain
			return s
		}
		text := "handle " + decimal(t.RuleHandle) // it is not there any more
		if r := m.known[ruleName{objectName{t.Family, t.Table, t.Chain}, t.RuleHandle}]; r != nil {
			text = p.rule(r)
		}
		return s + head + "rule " + text + " (" + v + ")\n"
	case unix.NFT_TRACETYPE_POLICY:
		if t.Policy.Ok {
			v = "policy " + verdict(nft.Verdict{Code: t.Policy.V})
		}
		fallthrough
	case unix.NFT_TRACETYPE_RETURN:
		s += head + v + " "
		if t.Mark != 0 {
			s += "meta mark 0x" + hex(uint64(t.Mark), 8) + " "
		}
		return s + "\n"
	}
	return s
}

// packet is the headers of a packet.
func (p *printer) packet(t *nft.Trace) string {
	var b strings.Builder
	match := func(sel *Selector, v *Value) {
		b.WriteString(p.match(&Match{sel, Eq, v}) + " ")
	}
	device := func(name string, index uint32) {
		if index != 0 {
			sel := metaSelector(keyNamed(metaKeys, name))
			match(sel, numberValue(sel.Type, uint64(index), 4))
		}
	}
	device("iif", t.IIF)
	device("oif", t.OIF)
	c := newContext(t.Family)
	if c.network == nil && t.NFProto != 0 {
		c.learn(metaSelector(keyNamed(metaKeys, "nfproto")), uint64(t.NFProto))
	}
	if t.IIFType == 1 || t.OIFType == 1 {
		c.link = protocolByName("ether")
	}
	for _, h := range [...]struct {
		base nft.PayloadBase
		data []byte
	}{{nft.LLHeader, t.LLHeader}, {nft.NetworkHeader, t.NetworkHeader}, {nft.TransportHeader, t.TransportHeader}} {
		done := uint32(0)
		if proto := *c.at(h.base); proto != nil {
			done = p.header(&c, proto, h.data, match)
		} else if h.base == nft.LLHeader && len(h.data) >= 14 { // the type of the frame is there all the same
			c.learn(fieldSelector(protocols[0], protocols[0].field("type")), uint64(h.data[12])<<8|uint64(h.data[13]))
		}
		if n := 8 * uint32(len(h.data)); n > done && h.base != nft.NetworkHeader {
			b.WriteString(rawSelector(h.base, done, n-done).Words + " " + p.long(&Value{Type: &dtHexInt, Data: h.data[done/8:]}) + " ")
		}
	}
	return b.String()
}

// header shows fields of a header, and returns how many bits it has.
func (p *printer) header(c *context, proto *Protocol, data []byte, match func(*Selector, *Value)) (bits uint32) {
	for _, f := range proto.Fields {
		bits = max(bits, f.Off+f.Len)
	}
	value := func(f *Field) *Value {
		first, last := f.Off/8, (f.Off+f.Len+7)/8
		if int(last) > len(data) {
			return nil
		}
		v := &Value{Type: f.Type, Data: data[first:last]}
		if f.Len%8 != 0 {
			mask, shift := fieldMask(f)
			n := (&Value{Type: &dtInteger, Data: v.Data}).number() & (&Value{Type: &dtInteger, Data: mask}).number()
			return numberValue(f.Type, n>>shift, (f.Len+7)/8)
		}
		return v
	}
	for _, t := range traceFields {
		if t.proto != proto.Name {
			continue
		}
		for _, name := range strings.Fields(t.fields) {
			if f := proto.field(name); f != nil {
				if v := value(f); v != nil {
					match(fieldSelector(proto, f), v)
				}
			}
		}
	}
	for i := range proto.Fields { // what comes behind it
		if f := &proto.Fields[i]; f.Type == &dtEtherType || f.Type == &dtProto {
			if v := value(f); v != nil {
				c.learn(fieldSelector(proto, f), v.number())
			}
		}
	}
	return bits
}
