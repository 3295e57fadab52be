//go:build linux

package rtnl

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// VLAN is what a link of kind "vlan" has of its own: IFLA_VLAN_* of
// linux/if_link.h. Its Parent is the device whose frames have the tags.
//
// Equivalent to: `ip link add link $parent name $name type vlan id 5`
type VLAN struct {
	ID       nl.Opt[uint16] // 0 to 4095
	Flags    VLANFlags      // struct ifla_vlan_flags: those that are on
	FlagMask VLANFlags      // those that are meant: the others stay as they are
	Egress   []VLANQoS      // priorities of packets to those in tags
	Ingress  []VLANQoS      // priorities in tags to those of packets
	Protocol uint16         // ETH_P_8021Q or ETH_P_8021AD, network order
}

// VLANFlags are VLAN_FLAG_* of linux/if_vlan.h.
type VLANFlags uint32

// The flags.
const (
	VLANReorderHdr    VLANFlags = 1 << iota // the tag is not in what a socket gets
	VLANGVRP                                // switches are told by GVRP
	VLANLooseBinding                        // up or down whatever the parent is
	VLANMVRP                                // switches are told by MVRP
	VLANBridgeBinding                       // up while a port of the bridge below that has the VLAN is
)

func (f VLANFlags) String() string { return nl.FlagNames(uint32(f), vlanFlagNames[:]) }

var vlanFlagNames = [...]nl.FlagName{
	{Bits: 1, Name: "VLAN_FLAG_REORDER_HDR"}, {Bits: 2, Name: "VLAN_FLAG_GVRP"}, {Bits: 4, Name: "VLAN_FLAG_LOOSE_BINDING"},
	{Bits: 8, Name: "VLAN_FLAG_MVRP"}, {Bits: 16, Name: "VLAN_FLAG_BRIDGE_BINDING"},
}

// VLANQoS is struct ifla_vlan_qos_mapping.
type VLANQoS struct{ From, To uint32 }

func (v *VLAN) fields(c *nl.Coder) {
	if v == nil {
		return
	}
	nl.OptU16(c, unix.IFLA_VLAN_ID, "IFLA_VLAN_ID", &v.ID)
	if c.Struct(unix.IFLA_VLAN_FLAGS, "IFLA_VLAN_FLAGS", v.FlagMask != 0) {
		nl.M32(c, "flags", &v.Flags)
		nl.M32(c, "mask", &v.FlagMask)
		c.End()
	}
	if c.NestIf(unix.IFLA_VLAN_EGRESS_QOS, "IFLA_VLAN_EGRESS_QOS", v.Egress != nil) {
		vlanMap(c, &v.Egress)
		c.End()
	}
	if c.NestIf(unix.IFLA_VLAN_INGRESS_QOS, "IFLA_VLAN_INGRESS_QOS", v.Ingress != nil) {
		vlanMap(c, &v.Ingress)
		c.End()
	}
	nl.BE16(c, unix.IFLA_VLAN_PROTOCOL, "IFLA_VLAN_PROTOCOL", &v.Protocol)
}

func vlanMap(c *nl.Coder, p *[]VLANQoS) {
	nl.Structs(c, unix.IFLA_VLAN_QOS_MAPPING, "IFLA_VLAN_QOS_MAPPING", len(*p), func(i int) {
		if !c.Encoding() {
			*p = append(*p, VLANQoS{})
		}
		nl.M32(c, "from", &(*p)[i].From)
		nl.M32(c, "to", &(*p)[i].To)
	})
}
