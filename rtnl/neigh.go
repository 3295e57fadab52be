//go:build linux

package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// A Neigh is an entry of the neighbour (ARP, NDP) tables or of a bridge's
// forwarding database: struct ndmsg and NDA_* of linux/neighbour.h, the body
// of RTM_NEWNEIGH, RTM_DELNEIGH and RTM_GETNEIGH.
type Neigh struct {
	Family Family
	Index  uint32 // of the link
	State  NeighState
	Flags  NeighFlags
	Type   RouteType

	Dst       netip.Addr
	LLAddr    nl.HardwareAddr
	CacheInfo nl.Opt[NeighCacheInfo]
	Probes    nl.Opt[uint32]

	VLAN      uint16
	Port      uint16 // UDP port of a VXLAN peer
	VNI       uint32
	IfIndex   uint32 // NDA_IFINDEX: filters a dump, or the link towards a VXLAN peer
	Master    uint32
	LinkNSID  nl.Opt[int32]
	SrcVNI    uint32
	Protocol  RouteProtocol
	NextHopID uint32
	FlagsExt  uint32 // NTF_EXT_* of linux/neighbour.h

	// In a bulk delete (NLM_F_BULK): which bits of State and Flags an entry
	// must have as they are here.
	StateMask nl.Opt[NeighState]
	FlagsMask nl.Opt[NeighFlags]

	Other []byte // attributes that are not modelled, as they came
}

// NeighCacheInfo is struct nda_cacheinfo: ages in clock ticks (hundredths of
// a second) and the number of the kernel's references.
type NeighCacheInfo struct {
	Confirmed, Used, Updated uint32
	RefCount                 uint32
}

// Attributes that x/sys lacks, from linux/neighbour.h.
const (
	ndaProtocol    = 12 // NDA_PROTOCOL
	ndaNHID        = 13 // NDA_NH_ID
	ndaFDBExtAttrs = 14 // NDA_FDB_EXT_ATTRS
	ndaFlagsExt    = 15 // NDA_FLAGS_EXT
	ndaStateMask   = 16 // NDA_NDM_STATE_MASK
	ndaFlagsMask   = 17 // NDA_NDM_FLAGS_MASK
)

// Fields is the one description of struct ndmsg and NDA_*.
func (n *Neigh) Fields(c *nl.Coder) {
	if c.Decoding() {
		*n = Neigh{}
	}
	nl.M8(c, "ndm_family", &n.Family)
	c.Skip("(pad)", 3)
	nl.M32(c, "ndm_ifindex", &n.Index)
	nl.M16(c, "ndm_state", &n.State)
	nl.M8(c, "ndm_flags", &n.Flags)
	nl.M8(c, "ndm_type", &n.Type)

	nl.IP(c, unix.NDA_DST, "NDA_DST", &n.Dst)
	nl.HWAddr(c, unix.NDA_LLADDR, "NDA_LLADDR", &n.LLAddr)
	if c.Struct(unix.NDA_CACHEINFO, "NDA_CACHEINFO", n.CacheInfo.Ok) {
		i := &n.CacheInfo.V
		nl.M32(c, "ndm_confirmed", &i.Confirmed)
		nl.M32(c, "ndm_used", &i.Used)
		nl.M32(c, "ndm_updated", &i.Updated)
		nl.M32(c, "ndm_refcnt", &i.RefCount)
		n.CacheInfo.Ok = true
		c.End()
	}
	nl.OptU32(c, unix.NDA_PROBES, "NDA_PROBES", &n.Probes)
	nl.U16(c, unix.NDA_VLAN, "NDA_VLAN", &n.VLAN)
	nl.BE16(c, unix.NDA_PORT, "NDA_PORT", &n.Port)
	nl.U32(c, unix.NDA_VNI, "NDA_VNI", &n.VNI)
	nl.U32(c, unix.NDA_IFINDEX, "NDA_IFINDEX", &n.IfIndex)
	nl.U32(c, unix.NDA_MASTER, "NDA_MASTER", &n.Master)
	nl.OptU32(c, unix.NDA_LINK_NETNSID, "NDA_LINK_NETNSID", &n.LinkNSID)
	nl.U32(c, unix.NDA_SRC_VNI, "NDA_SRC_VNI", &n.SrcVNI)
	nl.U8(c, ndaProtocol, "NDA_PROTOCOL", &n.Protocol)
	nl.U32(c, ndaNHID, "NDA_NH_ID", &n.NextHopID)
	nl.U32(c, ndaFlagsExt, "NDA_FLAGS_EXT", &n.FlagsExt)
	c.Name(ndaFDBExtAttrs, "NDA_FDB_EXT_ATTRS", nl.KindBytes)
	nl.OptU16(c, ndaStateMask, "NDA_NDM_STATE_MASK", &n.StateMask)
	nl.OptU8(c, ndaFlagsMask, "NDA_NDM_FLAGS_MASK", &n.FlagsMask)
	c.Rest(&n.Other)
}
