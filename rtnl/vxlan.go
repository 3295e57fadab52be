//go:build linux

package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// VXLAN is what a link of kind "vxlan" has of its own: IFLA_VXLAN_* of
// linux/if_link.h; see RFC 7348.
//
// Equivalent to: `ip link add $name type vxlan id 42 remote $remote dstport 4789`
type VXLAN struct {
	ID                nl.Opt[uint32] // the network's number (VNI), of 24 bits
	Remote            netip.Addr     // IFLA_VXLAN_GROUP or GROUP6: a multicast group, or the one other end
	Local             netip.Addr     // IFLA_VXLAN_LOCAL or LOCAL6
	Link              nl.Opt[uint32] // index of the device that packets leave by
	TTL               nl.Opt[uint8]  // 0: the kernel's choice
	TOS               nl.Opt[uint8]  // 1: that of the packet inside
	DF                nl.Opt[uint8]  // VXLAN_DF_*: 0 unset, 1 set, 2 that of the packet inside
	Label             nl.Opt[uint32] // flow label of IPv6, network order
	Ageing            nl.Opt[uint32] // seconds after which an address is forgotten, 0 for never
	Limit             nl.Opt[uint32] // of addresses, 0 for none
	PortLow, PortHigh uint16         // UDP ports that packets come from, network order; both 0: the kernel's choice
	Port              nl.Opt[uint16] // UDP port of the other ends, network order

	Flags    VXLANFlags // those that are on
	FlagMask VXLANFlags // those that are meant: the others stay as they are, or are unknown

	LabelPolicy  nl.Opt[uint32] // VXLAN_LABEL_*: 0 Label, 1 that of the packet inside
	ReservedBits []byte         // struct vxlanhdr: bits that may be anything
}

// VXLANFlags are the attributes of a VXLAN that are on or off.
type VXLANFlags uint32

// The flags, in the order of vxlanFlags.
const (
	VXLANCollectMetadata VXLANFlags = 1 << iota // "external": routes say where packets go
	VXLANVNIFilter                              // only networks that were added
	VXLANLearning                               // addresses are learned from packets
	VXLANProxy                                  // it answers ARP
	VXLANRSC                                    // routes to MAC addresses are switched short
	VXLANL2Miss                                 // unknown MAC addresses are reported
	VXLANL3Miss                                 // unknown IP addresses are reported
	VXLANUDPCsum                                // checksums over IPv4
	VXLANUDPZeroCsum6Tx                         // no checksums over IPv6
	VXLANUDPZeroCsum6Rx                         // none needed over IPv6
	VXLANRemCsumTx                              // checksums are left to the other end
	VXLANRemCsumRx                              // checksums are completed
	VXLANGBP                                    // group policy; it and the next three are never off in a request
	VXLANGPE                                    // generic protocol extension
	VXLANRemCsumNoPartial
	VXLANTTLInherit  // the TTL of the packet inside
	VXLANLocalBypass // packets to this host take a short cut
	VXLANMCRoute     // multicast packets go by multicast routes
)

var vxlanFlags = [...]struct {
	typ  uint16
	name string
}{
	{unix.IFLA_VXLAN_COLLECT_METADATA, "IFLA_VXLAN_COLLECT_METADATA"},
	{unix.IFLA_VXLAN_VNIFILTER, "IFLA_VXLAN_VNIFILTER"},
	{unix.IFLA_VXLAN_LEARNING, "IFLA_VXLAN_LEARNING"},
	{unix.IFLA_VXLAN_PROXY, "IFLA_VXLAN_PROXY"},
	{unix.IFLA_VXLAN_RSC, "IFLA_VXLAN_RSC"},
	{unix.IFLA_VXLAN_L2MISS, "IFLA_VXLAN_L2MISS"},
	{unix.IFLA_VXLAN_L3MISS, "IFLA_VXLAN_L3MISS"},
	{unix.IFLA_VXLAN_UDP_CSUM, "IFLA_VXLAN_UDP_CSUM"},
	{unix.IFLA_VXLAN_UDP_ZERO_CSUM6_TX, "IFLA_VXLAN_UDP_ZERO_CSUM6_TX"},
	{unix.IFLA_VXLAN_UDP_ZERO_CSUM6_RX, "IFLA_VXLAN_UDP_ZERO_CSUM6_RX"},
	{unix.IFLA_VXLAN_REMCSUM_TX, "IFLA_VXLAN_REMCSUM_TX"},
	{unix.IFLA_VXLAN_REMCSUM_RX, "IFLA_VXLAN_REMCSUM_RX"},
	{unix.IFLA_VXLAN_GBP, "IFLA_VXLAN_GBP"},
	{unix.IFLA_VXLAN_GPE, "IFLA_VXLAN_GPE"},
	{unix.IFLA_VXLAN_REMCSUM_NOPARTIAL, "IFLA_VXLAN_REMCSUM_NOPARTIAL"},
	{unix.IFLA_VXLAN_TTL_INHERIT, "IFLA_VXLAN_TTL_INHERIT"},
	{unix.IFLA_VXLAN_LOCALBYPASS, "IFLA_VXLAN_LOCALBYPASS"},
	{iflaVXLANMCRoute, "IFLA_VXLAN_MC_ROUTE"},
}

// Attributes that x/sys lacks, from linux/if_link.h.
const (
	iflaVXLANReservedBits = 33 // IFLA_VXLAN_RESERVED_BITS
	iflaVXLANMCRoute      = 34 // IFLA_VXLAN_MC_ROUTE
)

func (v *VXLAN) fields(c *nl.Coder) {
	if v == nil {
		return
	}
	nl.OptU32(c, unix.IFLA_VXLAN_ID, "IFLA_VXLAN_ID", &v.ID)
	either := !c.Encoding()
	if either || v.Remote.Is4() {
		nl.IP(c, unix.IFLA_VXLAN_GROUP, "IFLA_VXLAN_GROUP", &v.Remote)
	}
	if either || !v.Remote.Is4() {
		nl.IP(c, unix.IFLA_VXLAN_GROUP6, "IFLA_VXLAN_GROUP6", &v.Remote)
	}
	nl.OptU32(c, unix.IFLA_VXLAN_LINK, "IFLA_VXLAN_LINK", &v.Link)
	if either || v.Local.Is4() {
		nl.IP(c, unix.IFLA_VXLAN_LOCAL, "IFLA_VXLAN_LOCAL", &v.Local)
	}
	if either || !v.Local.Is4() {
		nl.IP(c, unix.IFLA_VXLAN_LOCAL6, "IFLA_VXLAN_LOCAL6", &v.Local)
	}
	nl.OptU8(c, unix.IFLA_VXLAN_TTL, "IFLA_VXLAN_TTL", &v.TTL)
	nl.OptU8(c, unix.IFLA_VXLAN_TOS, "IFLA_VXLAN_TOS", &v.TOS)
	nl.OptU8(c, unix.IFLA_VXLAN_DF, "IFLA_VXLAN_DF", &v.DF)
	nl.OptBE32(c, unix.IFLA_VXLAN_LABEL, "IFLA_VXLAN_LABEL", &v.Label)
	nl.OptU32(c, unix.IFLA_VXLAN_AGEING, "IFLA_VXLAN_AGEING", &v.Ageing)
	nl.OptU32(c, unix.IFLA_VXLAN_LIMIT, "IFLA_VXLAN_LIMIT", &v.Limit)
	if c.Struct(unix.IFLA_VXLAN_PORT_RANGE, "IFLA_VXLAN_PORT_RANGE", v.PortLow|v.PortHigh != 0) {
		nl.MBE16(c, "low", &v.PortLow)
		nl.MBE16(c, "high", &v.PortHigh)
		c.End()
	}
	nl.OptBE16(c, unix.IFLA_VXLAN_PORT, "IFLA_VXLAN_PORT", &v.Port)
	for i := range vxlanFlags {
		v.flag(c, i)
	}
	nl.OptU32(c, unix.IFLA_VXLAN_LABEL_POLICY, "IFLA_VXLAN_LABEL_POLICY", &v.LabelPolicy)
	nl.Bytes(c, iflaVXLANReservedBits, "IFLA_VXLAN_RESERVED_BITS", &v.ReservedBits)
}

// flag codes a flag: a byte, or if it can only be on, an attribute without
// contents, to which the kernel adds a byte in one case.
func (v *VXLAN) flag(c *nl.Coder, i int) {
	f, bit := &vxlanFlags[i], VXLANFlags(1)<<i
	on := uint8(v.Flags >> i & 1)
	switch {
	case bit < VXLANGBP, bit > VXLANTTLInherit:
		n := nl.Opt[uint8]{V: on, Ok: v.FlagMask&bit != 0}
		if nl.OptU8(c, f.typ, f.name, &n); !n.Ok {
			return
		}
		on = n.V
	case !c.Decoding():
		is := on != 0
		nl.Flag(c, f.typ, f.name, &is)
		return
	case !c.Struct(f.typ, f.name, false):
		return
	default:
		if on = 1; c.Left() > 0 {
			nl.M8(c, "on", &on)
		}
		c.End()
	}
	if v.FlagMask |= bit; on != 0 {
		v.Flags |= bit
	}
}
