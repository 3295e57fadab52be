//go:build linux

package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// VXLAN is what a link of kind "vxlan" has of its own: IFLA_VXLAN_* of
// linux/if_link.h; see RFC 7348. Switches are 0 or 1.
//
// Equivalent to: `ip link add $name type vxlan id 42 remote $remote dstport 4789`
type VXLAN struct {
	ID        nl.Opt[uint32] // the network's number (VNI), of 24 bits
	Remote    netip.Addr     // IFLA_VXLAN_GROUP or GROUP6: a multicast group, or the one other end
	Local     netip.Addr     // IFLA_VXLAN_LOCAL or LOCAL6
	Link      nl.Opt[uint32] // index of the device that packets leave by
	TTL       nl.Opt[uint8]  // 0: the kernel's choice
	TOS       nl.Opt[uint8]  // 1: that of the packet inside
	DF        nl.Opt[uint8]  // VXLAN_DF_*: 0 unset, 1 set, 2 that of the packet inside
	Label     nl.Opt[uint32] // flow label of IPv6, network order
	Ageing    nl.Opt[uint32] // seconds after which an address is forgotten, 0 for never
	Limit     nl.Opt[uint32] // of addresses, 0 for none
	PortRange nl.Opt[VXLANPorts]
	Port      nl.Opt[uint16] // UDP port of the other ends, network order

	Learning, Proxy, RSC, L2Miss, L3Miss    nl.Opt[uint8]
	UDPCsum, UDPZeroCsum6Tx, UDPZeroCsum6Rx nl.Opt[uint8]
	RemCsumTx, RemCsumRx                    nl.Opt[uint8]
	CollectMetadata                         nl.Opt[uint8] // "external": routes say where packets go
	VNIFilter, LocalBypass                  nl.Opt[uint8]
	TTLInherit                              bool // the TTL of the packet inside
	GBP, GPE, RemCsumNoPartial              bool
	LabelPolicy                             nl.Opt[uint32] // VXLAN_LABEL_*: 0 Label, 1 that of the packet inside
	ReservedBits                            []byte         // struct vxlanhdr: bits that may be anything
	MCRoute                                 nl.Opt[uint8]  // multicast packets go by multicast routes
}

// VXLANPorts is struct ifla_vxlan_port_range, of UDP ports in network order.
type VXLANPorts struct{ Low, High uint16 }

// Attributes that x/sys lacks, from linux/if_link.h.
const (
	iflaVXLANReservedBits = 33 // IFLA_VXLAN_RESERVED_BITS
	iflaVXLANMCRoute      = 34 // IFLA_VXLAN_MC_ROUTE
)

func (v *VXLAN) fields(c *nl.Coder) {
	nl.OptU32(c, unix.IFLA_VXLAN_ID, "IFLA_VXLAN_ID", &v.ID)
	if !c.Encoding() || v.Remote.Is4() {
		nl.IP(c, unix.IFLA_VXLAN_GROUP, "IFLA_VXLAN_GROUP", &v.Remote)
	}
	if !c.Encoding() || !v.Remote.Is4() {
		nl.IP(c, unix.IFLA_VXLAN_GROUP6, "IFLA_VXLAN_GROUP6", &v.Remote)
	}
	nl.OptU32(c, unix.IFLA_VXLAN_LINK, "IFLA_VXLAN_LINK", &v.Link)
	if !c.Encoding() || v.Local.Is4() {
		nl.IP(c, unix.IFLA_VXLAN_LOCAL, "IFLA_VXLAN_LOCAL", &v.Local)
	}
	if !c.Encoding() || !v.Local.Is4() {
		nl.IP(c, unix.IFLA_VXLAN_LOCAL6, "IFLA_VXLAN_LOCAL6", &v.Local)
	}
	nl.OptU8(c, unix.IFLA_VXLAN_TTL, "IFLA_VXLAN_TTL", &v.TTL)
	v.ttlInherit(c)
	nl.OptU8(c, unix.IFLA_VXLAN_TOS, "IFLA_VXLAN_TOS", &v.TOS)
	nl.OptU8(c, unix.IFLA_VXLAN_DF, "IFLA_VXLAN_DF", &v.DF)
	nl.OptBE32(c, unix.IFLA_VXLAN_LABEL, "IFLA_VXLAN_LABEL", &v.Label)
	nl.OptU32(c, unix.IFLA_VXLAN_AGEING, "IFLA_VXLAN_AGEING", &v.Ageing)
	nl.OptU32(c, unix.IFLA_VXLAN_LIMIT, "IFLA_VXLAN_LIMIT", &v.Limit)
	if c.Struct(unix.IFLA_VXLAN_PORT_RANGE, "IFLA_VXLAN_PORT_RANGE", v.PortRange.Ok) {
		nl.MBE16(c, "low", &v.PortRange.V.Low)
		nl.MBE16(c, "high", &v.PortRange.V.High)
		v.PortRange.Ok = true
		c.End()
	}
	nl.OptBE16(c, unix.IFLA_VXLAN_PORT, "IFLA_VXLAN_PORT", &v.Port)
	v.switches(c)
}

// ttlInherit codes a flag, which the kernel sends as a number.
func (v *VXLAN) ttlInherit(c *nl.Coder) {
	if !c.Decoding() {
		nl.Flag(c, unix.IFLA_VXLAN_TTL_INHERIT, "IFLA_VXLAN_TTL_INHERIT", &v.TTLInherit)
	} else if c.Struct(unix.IFLA_VXLAN_TTL_INHERIT, "IFLA_VXLAN_TTL_INHERIT", false) {
		on := uint8(1)
		if c.Left() > 0 {
			nl.M8(c, "on", &on)
		}
		v.TTLInherit = on != 0
		c.End()
	}
}

func (v *VXLAN) switches(c *nl.Coder) {
	nl.OptU8(c, unix.IFLA_VXLAN_LEARNING, "IFLA_VXLAN_LEARNING", &v.Learning)
	nl.OptU8(c, unix.IFLA_VXLAN_PROXY, "IFLA_VXLAN_PROXY", &v.Proxy)
	nl.OptU8(c, unix.IFLA_VXLAN_RSC, "IFLA_VXLAN_RSC", &v.RSC)
	nl.OptU8(c, unix.IFLA_VXLAN_L2MISS, "IFLA_VXLAN_L2MISS", &v.L2Miss)
	nl.OptU8(c, unix.IFLA_VXLAN_L3MISS, "IFLA_VXLAN_L3MISS", &v.L3Miss)
	nl.OptU8(c, unix.IFLA_VXLAN_UDP_CSUM, "IFLA_VXLAN_UDP_CSUM", &v.UDPCsum)
	nl.OptU8(c, unix.IFLA_VXLAN_UDP_ZERO_CSUM6_TX, "IFLA_VXLAN_UDP_ZERO_CSUM6_TX", &v.UDPZeroCsum6Tx)
	nl.OptU8(c, unix.IFLA_VXLAN_UDP_ZERO_CSUM6_RX, "IFLA_VXLAN_UDP_ZERO_CSUM6_RX", &v.UDPZeroCsum6Rx)
	nl.OptU8(c, unix.IFLA_VXLAN_REMCSUM_TX, "IFLA_VXLAN_REMCSUM_TX", &v.RemCsumTx)
	nl.OptU8(c, unix.IFLA_VXLAN_REMCSUM_RX, "IFLA_VXLAN_REMCSUM_RX", &v.RemCsumRx)
	nl.OptU8(c, unix.IFLA_VXLAN_COLLECT_METADATA, "IFLA_VXLAN_COLLECT_METADATA", &v.CollectMetadata)
	nl.OptU8(c, unix.IFLA_VXLAN_VNIFILTER, "IFLA_VXLAN_VNIFILTER", &v.VNIFilter)
	nl.OptU8(c, unix.IFLA_VXLAN_LOCALBYPASS, "IFLA_VXLAN_LOCALBYPASS", &v.LocalBypass)
	nl.Flag(c, unix.IFLA_VXLAN_GBP, "IFLA_VXLAN_GBP", &v.GBP)
	nl.Flag(c, unix.IFLA_VXLAN_GPE, "IFLA_VXLAN_GPE", &v.GPE)
	nl.Flag(c, unix.IFLA_VXLAN_REMCSUM_NOPARTIAL, "IFLA_VXLAN_REMCSUM_NOPARTIAL", &v.RemCsumNoPartial)
	nl.OptU32(c, unix.IFLA_VXLAN_LABEL_POLICY, "IFLA_VXLAN_LABEL_POLICY", &v.LabelPolicy)
	nl.Bytes(c, iflaVXLANReservedBits, "IFLA_VXLAN_RESERVED_BITS", &v.ReservedBits)
	nl.OptU8(c, iflaVXLANMCRoute, "IFLA_VXLAN_MC_ROUTE", &v.MCRoute)
}
