//go:build linux

package rtnl

import (
	"net/netip"

	"github.com/minins/minins/nl"
)

// A NextHopObject is a way that routes share: struct nhmsg and NHA_* of
// linux/nexthop.h, the body of RTM_NEWNEXTHOP, RTM_DELNEXTHOP and
// RTM_GETNEXTHOP, since Linux 5.3. A route that names one in NextHopID has no
// gateway and no link of its own: changing the object changes them all by one
// message, and deleting it deletes them.
type NextHopObject struct {
	Family   Family
	Scope    Scope // reply
	Protocol RouteProtocol
	Flags    RouteFlags // RTNH_F_*

	ID        uint32 // in a request that creates: 0 for any
	OIF       uint32
	Gateway   netip.Addr
	Blackhole bool
	Group     []NextHopShare // other objects, of which each packet flow takes one
	GroupType uint16         // NEXTHOP_GRP_TYPE_*: 0 by hash, 1 resilient
	Groups    bool           // in requests for a dump: groups alone
	Master    uint32         // in requests for a dump: of ports of this one alone
	FDB       bool           // for a bridge's or VXLAN's forwarding table

	EncapType uint16
	Encap     []byte // of a lightweight tunnel, as it came
	Other     []byte // attributes that are not modelled, as they came
}

// A NextHopShare is a member of a group: struct nexthop_grp.
type NextHopShare struct {
	ID     uint32
	Weight uint16 // of packet flows it gets one more than this
}

// Attributes of linux/nexthop.h, which x/sys lacks.
const (
	nhaID        = 1  // NHA_ID
	nhaGroup     = 2  // NHA_GROUP
	nhaGroupType = 3  // NHA_GROUP_TYPE
	nhaBlackhole = 4  // NHA_BLACKHOLE
	nhaOIF       = 5  // NHA_OIF
	nhaGateway   = 6  // NHA_GATEWAY
	nhaEncapType = 7  // NHA_ENCAP_TYPE
	nhaEncap     = 8  // NHA_ENCAP
	nhaGroups    = 9  // NHA_GROUPS
	nhaMaster    = 10 // NHA_MASTER
	nhaFDB       = 11 // NHA_FDB
	nhaResGroup  = 12 // NHA_RES_GROUP
	nhaResBucket = 13 // NHA_RES_BUCKET
	nhaOpFlags   = 14 // NHA_OP_FLAGS
)

// Fields is the one description of struct nhmsg and NHA_*.
func (h *NextHopObject) Fields(c *nl.Coder) {
	if c.Decoding() {
		*h = NextHopObject{}
	}
	nl.M8(c, "nh_family", &h.Family)
	nl.M8(c, "nh_scope", &h.Scope)
	nl.M8(c, "nh_protocol", &h.Protocol)
	c.Skip("resvd", 1)
	nl.M32(c, "nh_flags", &h.Flags)

	nl.U32(c, nhaID, "NHA_ID", &h.ID)
	h.group(c)
	nl.U16(c, nhaGroupType, "NHA_GROUP_TYPE", &h.GroupType)
	nl.Flag(c, nhaBlackhole, "NHA_BLACKHOLE", &h.Blackhole)
	nl.U32(c, nhaOIF, "NHA_OIF", &h.OIF)
	nl.IP(c, nhaGateway, "NHA_GATEWAY", &h.Gateway)
	nl.U16(c, nhaEncapType, "NHA_ENCAP_TYPE", &h.EncapType)
	nl.Bytes(c, nhaEncap, "NHA_ENCAP", &h.Encap)
	nl.Flag(c, nhaGroups, "NHA_GROUPS", &h.Groups)
	nl.U32(c, nhaMaster, "NHA_MASTER", &h.Master)
	nl.Flag(c, nhaFDB, "NHA_FDB", &h.FDB)
	c.Name(nhaResGroup, "NHA_RES_GROUP", nl.KindBytes)
	c.Name(nhaResBucket, "NHA_RES_BUCKET", nl.KindBytes)
	c.Name(nhaOpFlags, "NHA_OP_FLAGS", nl.KindBytes)
	c.Rest(&h.Other)
}

// group codes NHA_GROUP, an array of struct nexthop_grp.
func (h *NextHopObject) group(c *nl.Coder) {
	if !c.Struct(nhaGroup, "NHA_GROUP", h.Group != nil) {
		return
	}
	switch {
	case c.Decoding():
		h.Group = make([]NextHopShare, c.Left()/8)
	case c.Describing():
		h.Group = make([]NextHopShare, 16) // of more, the rest has no names
	}
	for i := range h.Group {
		g := &h.Group[i]
		low, high := uint8(g.Weight), uint8(g.Weight>>8)
		nl.M32(c, "id", &g.ID)
		nl.M8(c, "weight", &low)
		nl.M8(c, "weight_high", &high) // resvd1 before Linux 6.12
		c.Skip("resvd2", 2)
		g.Weight = uint16(high)<<8 | uint16(low)
	}
	c.End()
}
