//go:build linux

package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// Geneve is what a link of kind "geneve" has of its own: IFLA_GENEVE_* of linux/if_link.h; see
// RFC 8926.
//
// Equivalent to: `ip link add $name type geneve id 42 remote $remote`
type Geneve struct {
	ID           nl.Opt[uint32] // the network's number (VNI), of 24 bits
	Remote       netip.Addr     // IFLA_GENEVE_REMOTE or REMOTE6: the other end
	TTL          nl.Opt[uint8]  // 0: the kernel's choice
	TTLInherit   nl.Opt[uint8]  // 1: that of the packet inside; if it is there, TTL does not count
	TOS          nl.Opt[uint8]  // 1: that of the packet inside
	DF           nl.Opt[uint8]  // GENEVE_DF_*: 0 unset, 1 set, 2 that of the packet inside
	Label        nl.Opt[uint32] // flow label of IPv6, network order
	Port         nl.Opt[uint16] // UDP port of the other end, network order
	External     bool           // IFLA_GENEVE_COLLECT_METADATA: routes say where packets go
	UDPCsum      nl.Opt[uint8]  // 1: checksums over IPv4
	ZeroCsum6Tx  nl.Opt[uint8]  // 1: no checksums over IPv6
	ZeroCsum6Rx  nl.Opt[uint8]  // 1: none needed over IPv6
	InheritProto bool           // IFLA_GENEVE_INNER_PROTO_INHERIT: IP packets without an Ethernet header (Linux 5.18)
}

func (g *Geneve) fields(c *nl.Coder) {
	if g == nil {
		return
	}
	nl.OptU32(c, unix.IFLA_GENEVE_ID, "IFLA_GENEVE_ID", &g.ID)
	either := !c.Encoding()
	if either || g.Remote.Is4() {
		nl.IP(c, unix.IFLA_GENEVE_REMOTE, "IFLA_GENEVE_REMOTE", &g.Remote)
	}
	if either || !g.Remote.Is4() {
		nl.IP(c, unix.IFLA_GENEVE_REMOTE6, "IFLA_GENEVE_REMOTE6", &g.Remote)
	}
	nl.OptU8(c, unix.IFLA_GENEVE_UDP_CSUM, "IFLA_GENEVE_UDP_CSUM", &g.UDPCsum)
	nl.OptU8(c, unix.IFLA_GENEVE_UDP_ZERO_CSUM6_TX, "IFLA_GENEVE_UDP_ZERO_CSUM6_TX", &g.ZeroCsum6Tx)
	nl.OptU8(c, unix.IFLA_GENEVE_TTL, "IFLA_GENEVE_TTL", &g.TTL)
	nl.OptU8(c, unix.IFLA_GENEVE_TOS, "IFLA_GENEVE_TOS", &g.TOS)
	nl.OptBE32(c, unix.IFLA_GENEVE_LABEL, "IFLA_GENEVE_LABEL", &g.Label)
	nl.OptU8(c, unix.IFLA_GENEVE_DF, "IFLA_GENEVE_DF", &g.DF)
	nl.OptBE16(c, unix.IFLA_GENEVE_PORT, "IFLA_GENEVE_PORT", &g.Port)
	nl.Flag(c, unix.IFLA_GENEVE_COLLECT_METADATA, "IFLA_GENEVE_COLLECT_METADATA", &g.External)
	nl.OptU8(c, unix.IFLA_GENEVE_UDP_ZERO_CSUM6_RX, "IFLA_GENEVE_UDP_ZERO_CSUM6_RX", &g.ZeroCsum6Rx)
	nl.OptU8(c, unix.IFLA_GENEVE_TTL_INHERIT, "IFLA_GENEVE_TTL_INHERIT", &g.TTLInherit)
	nl.Flag(c, unix.IFLA_GENEVE_INNER_PROTO_INHERIT, "IFLA_GENEVE_INNER_PROTO_INHERIT", &g.InheritProto)
	c.Name(15, "IFLA_GENEVE_PORT_RANGE", nl.KindBytes) // of Linux 6.15, which x/sys does not have
}
