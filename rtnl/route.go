//go:build linux

package rtnl

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// A Route is an entry of a routing table, or the answer to a look-up: struct
// rtmsg and RTA_* of linux/rtnetlink.h, the body of RTM_NEWROUTE,
// RTM_DELROUTE and RTM_GETROUTE.
type Route struct {
	Family   Family
	TOS      uint8
	Table    uint32 // rtm_table, or RTA_TABLE if it is more than 255
	Protocol RouteProtocol
	Scope    Scope
	Type     RouteType
	Flags    RouteFlags

	Dst       netip.Prefix // invalid is the default route
	Src       netip.Prefix // IPv6: only for packets from there; in look-ups: the sender
	IIF       uint32       // in look-ups: the link that the packet comes in by
	OIF       uint32
	Gateway   netip.Addr
	Via       netip.Addr // a gateway of the other address family
	Priority  uint32     // metric; less goes first
	PrefSrc   netip.Addr
	Metrics   Metrics
	NextHops  []NextHop // more than one way
	Flow      uint32    // realm
	CacheInfo nl.Opt[RouteCacheInfo]
	Mark      uint32
	NewDst    []byte
	Pref      nl.Opt[RoutePref] // IPv6
	EncapType uint16
	Encap     []byte // attributes of the lightweight tunnel, as they came
	Expires   uint32 // seconds
	UID       nl.Opt[uint32]
	TTL       nl.Opt[uint8] // RTA_TTL_PROPAGATE, for MPLS
	IPProto   uint8
	SPort     uint16
	DPort     uint16
	NextHopID uint32

	Other []byte // attributes that are not modelled, as they came
}

// A NextHop is one way of a multipath route: struct rtnexthop.
type NextHop struct {
	Flags   NextHopFlags
	Hops    uint8 // its weight, minus one
	OIF     uint32
	Gateway netip.Addr
	Via     netip.Addr // a gateway of the other address family
	Flow    uint32
	NewDst  []byte

	EncapType uint16
	Encap     []byte
	Other     []byte // attributes that are not modelled, as they came
}

// RouteCacheInfo is struct rta_cacheinfo; times in clock ticks, hundredths of
// a second.
type RouteCacheInfo struct {
	ClientRefs uint32
	LastUse    uint32
	Expires    int32
	Error      uint32 // errno of unreachable and the like: a negative int32 in IPv6
	Used       uint32
	ID, TS     uint32
	TSAge      uint32
}

// Metrics are a route's parameters, RTAX_*. Times are in milliseconds, as
// multiplied by 8 (RTT) or 4 (RTTVar) by the kernel.
type Metrics struct {
	Lock       uint32 // bits 1<<RTAX_*: not to be changed by path MTU discovery
	MTU        uint32
	Window     uint32
	RTT        uint32
	RTTVar     uint32
	SSThresh   uint32
	CWnd       uint32
	AdvMSS     uint32
	Reordering uint32
	HopLimit   uint32
	InitCWnd   uint32
	Features   uint32 // RTAX_FEATURE_*
	RTOMin     uint32
	InitRWnd   uint32
	QuickAck   uint32
	CCAlgo     string
	NoCookie   uint32 // RTAX_FASTOPEN_NO_COOKIE
}

// Attributes that x/sys lacks, from linux/rtnetlink.h.
const (
	rtaNHID      = 30 // RTA_NH_ID
	rtaFlowLabel = 31 // RTA_FLOWLABEL
)

// Fields is the one description of struct rtmsg and RTA_*.
func (r *Route) Fields(c *nl.Coder) {
	if c.Decoding() {
		*r = Route{}
	}
	dst, src := prefixLen(r.Dst), prefixLen(r.Src)
	table := routeTable8(r.Table)
	if r.Table > 0xff {
		table = unix.RT_TABLE_COMPAT
	}
	nl.M8(c, "rtm_family", &r.Family)
	nl.M8(c, "rtm_dst_len", &dst)
	nl.M8(c, "rtm_src_len", &src)
	nl.M8(c, "rtm_tos", &r.TOS)
	nl.M8(c, "rtm_table", &table)
	nl.M8(c, "rtm_protocol", &r.Protocol)
	nl.M8(c, "rtm_scope", &r.Scope)
	nl.M8(c, "rtm_type", &r.Type)
	nl.M32(c, "rtm_flags", &r.Flags)

	r.table(c, table) // the kernel begins with it
	prefix(c, unix.RTA_DST, "RTA_DST", &r.Dst, dst)
	prefix(c, unix.RTA_SRC, "RTA_SRC", &r.Src, src)
	nl.U32(c, unix.RTA_IIF, "RTA_IIF", &r.IIF)
	nl.U32(c, unix.RTA_OIF, "RTA_OIF", &r.OIF)
	nl.IP(c, unix.RTA_GATEWAY, "RTA_GATEWAY", &r.Gateway)
	via(c, &r.Via)
	nl.U32(c, unix.RTA_PRIORITY, "RTA_PRIORITY", &r.Priority)
	nl.IP(c, unix.RTA_PREFSRC, "RTA_PREFSRC", &r.PrefSrc)
	nl.OptU8(c, unix.RTA_PREF, "RTA_PREF", &r.Pref)
	if c.Struct(unix.RTA_CACHEINFO, "RTA_CACHEINFO", r.CacheInfo.Ok) {
		r.CacheInfo.V.fields(c)
		r.CacheInfo.Ok = true
		c.End()
	}
	if c.Done() {
		return
	}
	if c.NestIf(unix.RTA_METRICS, "RTA_METRICS", r.Metrics != Metrics{}) {
		r.Metrics.fields(c)
		c.End()
	}
	nl.Records(c, unix.RTA_MULTIPATH, "RTA_MULTIPATH", "rtnh_len", &r.NextHops, nextHopFields)
	nl.U32(c, unix.RTA_FLOW, "RTA_FLOW", &r.Flow)
	nl.U32(c, unix.RTA_MARK, "RTA_MARK", &r.Mark)
	nl.Bytes(c, unix.RTA_NEWDST, "RTA_NEWDST", &r.NewDst)
	nl.U16(c, unix.RTA_ENCAP_TYPE, "RTA_ENCAP_TYPE", &r.EncapType)
	nl.Bytes(c, unix.RTA_ENCAP, "RTA_ENCAP", &r.Encap)
	nl.U32(c, unix.RTA_EXPIRES, "RTA_EXPIRES", &r.Expires)
	nl.OptU32(c, unix.RTA_UID, "RTA_UID", &r.UID)
	nl.OptU8(c, unix.RTA_TTL_PROPAGATE, "RTA_TTL_PROPAGATE", &r.TTL)
	nl.U8(c, unix.RTA_IP_PROTO, "RTA_IP_PROTO", &r.IPProto)
	nl.BE16(c, unix.RTA_SPORT, "RTA_SPORT", &r.SPort)
	nl.BE16(c, unix.RTA_DPORT, "RTA_DPORT", &r.DPort)
	nl.U32(c, rtaNHID, "RTA_NH_ID", &r.NextHopID)
	c.Name(unix.RTA_MFC_STATS, "RTA_MFC_STATS", nl.KindBytes)
	nl.Pad(c, unix.RTA_PAD, "RTA_PAD")
	c.Name(rtaFlowLabel, "RTA_FLOWLABEL", nl.KindBytes)
	c.Rest(&r.Other)
}

// table codes RTA_TABLE, which holds what does not fit the header's 8 bits.
// The kernel always sends both.
func (r *Route) table(c *nl.Coder, low routeTable8) {
	wide := routeTable(r.Table)
	if c.Encoding() && r.Table <= 0xff {
		wide = 0
	}
	nl.U32(c, unix.RTA_TABLE, "RTA_TABLE", &wide)
	if c.Decoding() {
		if r.Table = uint32(wide); wide == 0 {
			r.Table = uint32(low)
		}
	}
}

func nextHopFields(c *nl.Coder, h *NextHop) {
	nl.M8(c, "rtnh_flags", &h.Flags)
	nl.M8(c, "rtnh_hops", &h.Hops)
	nl.M32(c, "rtnh_ifindex", &h.OIF)
	nl.IP(c, unix.RTA_GATEWAY, "RTA_GATEWAY", &h.Gateway)
	via(c, &h.Via)
	nl.U32(c, unix.RTA_FLOW, "RTA_FLOW", &h.Flow)
	nl.Bytes(c, unix.RTA_NEWDST, "RTA_NEWDST", &h.NewDst)
	nl.U16(c, unix.RTA_ENCAP_TYPE, "RTA_ENCAP_TYPE", &h.EncapType)
	nl.Bytes(c, unix.RTA_ENCAP, "RTA_ENCAP", &h.Encap)
	c.Rest(&h.Other)
}

func (i *RouteCacheInfo) fields(c *nl.Coder) {
	nl.M32(c, "rta_clntref", &i.ClientRefs)
	nl.M32(c, "rta_lastuse", &i.LastUse)
	nl.M32(c, "rta_expires", &i.Expires)
	nl.M32(c, "rta_error", &i.Error)
	nl.M32(c, "rta_used", &i.Used)
	nl.M32(c, "rta_id", &i.ID)
	nl.M32(c, "rta_ts", &i.TS)
	nl.M32(c, "rta_tsage", &i.TSAge)
}

func (m *Metrics) fields(c *nl.Coder) {
	nl.U32(c, unix.RTAX_LOCK, "RTAX_LOCK", &m.Lock)
	nl.U32(c, unix.RTAX_MTU, "RTAX_MTU", &m.MTU)
	nl.U32(c, unix.RTAX_WINDOW, "RTAX_WINDOW", &m.Window)
	nl.U32(c, unix.RTAX_RTT, "RTAX_RTT", &m.RTT)
	nl.U32(c, unix.RTAX_RTTVAR, "RTAX_RTTVAR", &m.RTTVar)
	nl.U32(c, unix.RTAX_SSTHRESH, "RTAX_SSTHRESH", &m.SSThresh)
	nl.U32(c, unix.RTAX_CWND, "RTAX_CWND", &m.CWnd)
	nl.U32(c, unix.RTAX_ADVMSS, "RTAX_ADVMSS", &m.AdvMSS)
	nl.U32(c, unix.RTAX_REORDERING, "RTAX_REORDERING", &m.Reordering)
	nl.U32(c, unix.RTAX_HOPLIMIT, "RTAX_HOPLIMIT", &m.HopLimit)
	nl.U32(c, unix.RTAX_INITCWND, "RTAX_INITCWND", &m.InitCWnd)
	nl.U32(c, unix.RTAX_FEATURES, "RTAX_FEATURES", &m.Features)
	nl.U32(c, unix.RTAX_RTO_MIN, "RTAX_RTO_MIN", &m.RTOMin)
	nl.U32(c, unix.RTAX_INITRWND, "RTAX_INITRWND", &m.InitRWnd)
	nl.U32(c, unix.RTAX_QUICKACK, "RTAX_QUICKACK", &m.QuickAck)
	nl.Str(c, unix.RTAX_CC_ALGO, "RTAX_CC_ALGO", &m.CCAlgo)
	nl.U32(c, unix.RTAX_FASTOPEN_NO_COOKIE, "RTAX_FASTOPEN_NO_COOKIE", &m.NoCookie)
}

// prefixLen is the length that the header has for p.
func prefixLen(p netip.Prefix) uint8 {
	if !p.IsValid() {
		return 0
	}
	return uint8(p.Bits())
}

// prefix codes the address of a prefix whose length is in the header. The
// kernel sends no address for the default route.
func prefix(c *nl.Coder, typ uint16, name string, p *netip.Prefix, bits uint8) {
	a := p.Addr()
	nl.IP(c, typ, name, &a)
	if !c.Decoding() {
		return
	}
	*p = netip.Prefix{}
	if a.IsValid() {
		if *p = netip.PrefixFrom(a, int(bits)); !p.IsValid() {
			c.Fail(fmt.Errorf("rtnl: %s: %s has no prefix of %d bits", name, a, bits))
		}
	}
}

// via codes struct rtvia: an address family and an address of it, which is
// the other one than the route's.
func via(c *nl.Coder, p *netip.Addr) {
	if !c.Struct(unix.RTA_VIA, "RTA_VIA", p.IsValid()) {
		return
	}
	family, buf := addrBytes(*p)
	nl.M16(c, "rtvia_family", &family)
	n := 16
	switch {
	case c.Encoding() && p.Is4():
		n = 4
	case c.Decoding():
		n = min(c.Left(), n)
	}
	nl.MIP(c, "rtvia_addr", buf[:n])
	if c.Decoding() {
		var ok bool
		if *p, ok = netip.AddrFromSlice(buf[:n]); !ok {
			c.Fail(fmt.Errorf("rtnl: RTA_VIA: %d bytes are no address", n))
		}
	}
	c.End()
}

func addrBytes(a netip.Addr) (family16, [16]byte) {
	if !a.Is4() {
		return unix.AF_INET6, a.As16()
	}
	var b [16]byte
	v4 := a.As4()
	copy(b[:], v4[:])
	return unix.AF_INET, b
}
