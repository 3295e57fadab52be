//go:build linux

package xt

import "github.com/minins/minins/nl"

// TCP is the info of the match tcp, revision 0: struct xt_tcp of
// linux/netfilter/xt_tcpudp.h. Ports are in host order, ranges are inclusive.
type TCP struct {
	SrcPorts, DstPorts [2]uint16
	Option             uint8 // a TCP option's number, if not 0
	FlagMask, FlagCmp  uint8 // TCP flags
	Inv                uint8 // XT_TCP_INV_*
}

const tcpSize = 12

// Name is the kernel's name of the match.
func (*TCP) Name() string { return "tcp" }

// Rev is the revision.
func (*TCP) Rev() uint32 { return 0 }

// Fields is the layout of the info.
func (m *TCP) Fields(c *nl.Coder) {
	ports(c, &m.SrcPorts, &m.DstPorts)
	nl.M8(c, "option", &m.Option)
	nl.M8(c, "flg_mask", &m.FlagMask)
	nl.M8(c, "flg_cmp", &m.FlagCmp)
	nl.M8(c, "invflags", &m.Inv)
	pad(c, tcpSize)
}

func ports(c *nl.Coder, src, dst *[2]uint16) {
	nl.M16(c, "spts[0]", &src[0])
	nl.M16(c, "spts[1]", &src[1])
	nl.M16(c, "dpts[0]", &dst[0])
	nl.M16(c, "dpts[1]", &dst[1])
}

// UDP is the info of the match udp, revision 0: struct xt_udp of
// linux/netfilter/xt_tcpudp.h. Ports are in host order, ranges are inclusive.
type UDP struct {
	SrcPorts, DstPorts [2]uint16
	Inv                uint8 // XT_UDP_INV_*
}

const udpSize = 10

// Name is the kernel's name of the match.
func (*UDP) Name() string { return "udp" }

// Rev is the revision.
func (*UDP) Rev() uint32 { return 0 }

// Fields is the layout of the info.
func (m *UDP) Fields(c *nl.Coder) {
	ports(c, &m.SrcPorts, &m.DstPorts)
	nl.M8(c, "invflags", &m.Inv)
	c.Skip("(pad)", 1) // to the alignment of a u16
	pad(c, udpSize)
}

// ICMP is the info of the matches icmp and icmp6, revision 0: struct ipt_icmp
// of linux/netfilter_ipv4/ip_tables.h and struct ip6t_icmp.
type ICMP struct {
	IPv6 bool
	Type uint8 // 255 is any, for icmp
	Code [2]uint8
	Inv  uint8 // 1, IPT_ICMP_INV: all others match
}

const icmpSize = 4

// Name is the kernel's name of the match.
func (m *ICMP) Name() string {
	if m.IPv6 {
		return "icmp6"
	}
	return "icmp"
}

// Rev is the revision.
func (*ICMP) Rev() uint32 { return 0 }

// Fields is the layout of the info.
func (m *ICMP) Fields(c *nl.Coder) {
	nl.M8(c, "type", &m.Type)
	nl.M8(c, "code[0]", &m.Code[0])
	nl.M8(c, "code[1]", &m.Code[1])
	nl.M8(c, "invflags", &m.Inv)
	pad(c, icmpSize)
}

// Multiport is the info of the match multiport, revision 1: struct
// xt_multiport_v1 of linux/netfilter/xt_multiport.h.
type Multiport struct {
	Flags  uint8 // 0 source, 1 destination, 2 either
	Count  uint8
	Ports  [15]uint16 // in host order
	PFlags [15]uint8  // 1: the first of a range whose end follows
	Invert uint8
}

const multiportSize = 48

// Name is the kernel's name of the match.
func (*Multiport) Name() string { return "multiport" }

// Rev is the revision.
func (*Multiport) Rev() uint32 { return 1 }

// Fields is the layout of the info.
func (m *Multiport) Fields(c *nl.Coder) {
	nl.M8(c, "flags", &m.Flags)
	nl.M8(c, "count", &m.Count)
	for i := range m.Ports {
		nl.M16(c, "ports[]", &m.Ports[i])
	}
	for i := range m.PFlags {
		nl.M8(c, "pflags[]", &m.PFlags[i])
	}
	nl.M8(c, "invert", &m.Invert)
}
