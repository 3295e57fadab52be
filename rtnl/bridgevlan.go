//go:build linux

package rtnl

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// A BridgeVLAN is what a bridge or one of its ports does in a VLAN or a range of
// them: struct br_vlan_msg and BRIDGE_VLANDB_ENTRY of linux/if_bridge.h, the body of
// RTM_NEWVLAN (Linux 5.12). VLANs are added and deleted by RTM_SETLINK and
// RTM_DELLINK.
type BridgeVLAN struct {
	Index       uint32 // of the bridge or port
	Flags       uint16 // BRIDGE_VLAN_INFO_*
	VID         uint16
	Range       uint16 // the last VLAN of a range; 0: there is one only
	State       nl.Opt[PortState]
	McastRouter nl.Opt[uint8] // as in [BridgePort]
	Other       []byte        // attributes that are not modelled, as they came
}

// sizeofBrVLANMsg is that of struct br_vlan_msg.
const sizeofBrVLANMsg = 8

// EachBridgeVLAN calls each with every VLAN, or range of them, of the body of an RTM_NEWVLAN: in
// a dump that is all that a bridge or port has, where decoding the body would take the first.
func EachBridgeVLAN(body []byte, each func(v *BridgeVLAN)) error {
	var c nl.Coder
	var v BridgeVLAN
	if len(body) < sizeofBrVLANMsg {
		return c.Decode(body, &v)
	}
	head := body[:sizeofBrVLANMsg:sizeofBrVLANMsg]
	for rest := body[sizeofBrVLANMsg:]; len(rest) > 0; {
		n := len(rest)
		if n >= unix.SizeofNlAttr {
			n = min(n, (max(int(binary.NativeEndian.Uint16(rest)), unix.SizeofNlAttr)+3)&^3)
		}
		if err := c.Decode(append(head, rest[:n]...), &v); err != nil {
			return err
		}
		if v.VID != 0 {
			each(&v)
		}
		rest = rest[n:]
	}
	return nil
}

// Fields is the one description of struct br_vlan_msg and BRIDGE_VLANDB_ENTRY.
func (v *BridgeVLAN) Fields(c *nl.Coder) {
	if c.Decoding() {
		*v = BridgeVLAN{}
	}
	family := Family(unix.AF_BRIDGE)
	nl.M8(c, "family", &family)
	c.Skip("(reserved)", 3)
	nl.M32(c, "ifindex", &v.Index)
	if c.NestIf(1, "BRIDGE_VLANDB_ENTRY", v.VID != 0) {
		if c.Struct(1, "BRIDGE_VLANDB_ENTRY_INFO", true) {
			nl.M16(c, "flags", &v.Flags)
			nl.M16(c, "vid", &v.VID)
			c.End()
		}
		nl.U16(c, 2, "BRIDGE_VLANDB_ENTRY_RANGE", &v.Range)
		nl.OptU8(c, 3, "BRIDGE_VLANDB_ENTRY_STATE", &v.State)
		nl.OptU8(c, 6, "BRIDGE_VLANDB_ENTRY_MCAST_ROUTER", &v.McastRouter)
		c.End()
	}
	c.Rest(&v.Other)
}
