//go:build linux

package rtnl

import (
	"net/netip"

	"github.com/minins/minins/nl"
)

// A NextHopObject is a way that routes share: struct nhmsg and NHA_* of
// linux/nexthop.h, the body of RTM_NEWNEXTHOP, RTM_DELNEXTHOP and
// RTM_GETNEXTHOP, since Linux 5.3, and of RTM_NEWNEXTHOPBUCKET and the like. A route that names one in NextHopID has no
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
	Resilient *ResilientGroup
	Bucket    *NextHopBucket // of RTM_*NEXTHOPBUCKET
	Groups    bool           // in requests for a dump: groups alone
	Master    uint32         // in requests for a dump: of ports of this one alone
	FDB       bool           // for a bridge's or VXLAN's forwarding table

	OpFlags   uint32 // NHA_OP_FLAG_*, of dumps and of groups, since Linux 6.9
	EncapType uint16
	Encap     []byte // of a lightweight tunnel, as it came
	Other     []byte // attributes that are not modelled, as they came
}

// A NextHopShare is a member of a group: struct nexthop_grp.
type NextHopShare struct {
	ID     uint32
	Weight uint16 // of packet flows it gets one more than this
}

// A ResilientGroup is how a group of that type keeps flows where they are:
// NHA_RES_GROUP_*. Times are in hundredths of a second.
type ResilientGroup struct {
	Buckets         nl.Opt[uint16]
	IdleTimer       nl.Opt[uint32] // a bucket without traffic for so long may move
	UnbalancedTimer nl.Opt[uint32] // after so long out of balance any may; 0: never
	UnbalancedTime  uint64         // reply: for so long it has been out of balance
}

// A NextHopBucket is one of the shares of a resilient group: NHA_RES_BUCKET_*.
type NextHopBucket struct {
	Index     nl.Opt[uint16]
	IdleTime  uint64 // reply: without traffic for so long, in hundredths of a second
	NextHopID uint32
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

// Attributes within NHA_RES_GROUP and NHA_RES_BUCKET.
const (
	nhaResGroupBuckets         = 1 // NHA_RES_GROUP_BUCKETS
	nhaResGroupIdleTimer       = 2 // NHA_RES_GROUP_IDLE_TIMER
	nhaResGroupUnbalancedTimer = 3 // NHA_RES_GROUP_UNBALANCED_TIMER
	nhaResGroupUnbalancedTime  = 4 // NHA_RES_GROUP_UNBALANCED_TIME

	nhaResBucketIndex    = 1 // NHA_RES_BUCKET_INDEX
	nhaResBucketIdleTime = 2 // NHA_RES_BUCKET_IDLE_TIME
	nhaResBucketNHID     = 3 // NHA_RES_BUCKET_NH_ID
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
	h.resilient(c)
	nl.U32(c, nhaOpFlags, "NHA_OP_FLAGS", &h.OpFlags)
	c.Rest(&h.Other)
}

// resilient codes NHA_RES_GROUP and NHA_RES_BUCKET.
func (h *NextHopObject) resilient(c *nl.Coder) {
	if c.NestIf(nhaResGroup, "NHA_RES_GROUP", h.Resilient != nil) {
		if h.Resilient == nil {
			h.Resilient = new(ResilientGroup)
		}
		g := h.Resilient
		nl.OptU16(c, nhaResGroupBuckets, "NHA_RES_GROUP_BUCKETS", &g.Buckets)
		nl.OptU32(c, nhaResGroupIdleTimer, "NHA_RES_GROUP_IDLE_TIMER", &g.IdleTimer)
		nl.OptU32(c, nhaResGroupUnbalancedTimer, "NHA_RES_GROUP_UNBALANCED_TIMER", &g.UnbalancedTimer)
		nl.U64(c, nhaResGroupUnbalancedTime, "NHA_RES_GROUP_UNBALANCED_TIME", &g.UnbalancedTime)
		c.End()
	}
	if c.NestIf(nhaResBucket, "NHA_RES_BUCKET", h.Bucket != nil) {
		if h.Bucket == nil {
			h.Bucket = new(NextHopBucket)
		}
		b := h.Bucket
		nl.OptU16(c, nhaResBucketIndex, "NHA_RES_BUCKET_INDEX", &b.Index)
		nl.U64(c, nhaResBucketIdleTime, "NHA_RES_BUCKET_IDLE_TIME", &b.IdleTime)
		nl.U32(c, nhaResBucketNHID, "NHA_RES_BUCKET_NH_ID", &b.NextHopID)
		c.End()
	}
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
