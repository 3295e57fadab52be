//go:build linux

package rtnl

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// RouteType is what a route does with packets, RTN_*.
type RouteType uint8

func (t RouteType) String() string {
	if int(t) < len(routeTypeNames) {
		return routeTypeNames[t]
	}
	return "RTN_" + strconv.Itoa(int(t))
}

var routeTypeNames = [...]string{
	"RTN_UNSPEC", "RTN_UNICAST", "RTN_LOCAL", "RTN_BROADCAST", "RTN_ANYCAST", "RTN_MULTICAST",
	"RTN_BLACKHOLE", "RTN_UNREACHABLE", "RTN_PROHIBIT", "RTN_THROW", "RTN_NAT", "RTN_XRESOLVE",
}

// RouteProtocol is who made a route, RTPROT_*.
type RouteProtocol uint8

func (p RouteProtocol) String() string {
	switch p {
	case unix.RTPROT_UNSPEC:
		return "RTPROT_UNSPEC"
	case unix.RTPROT_REDIRECT:
		return "RTPROT_REDIRECT"
	case unix.RTPROT_KERNEL:
		return "RTPROT_KERNEL"
	case unix.RTPROT_BOOT:
		return "RTPROT_BOOT"
	case unix.RTPROT_STATIC:
		return "RTPROT_STATIC"
	case unix.RTPROT_GATED:
		return "RTPROT_GATED"
	case unix.RTPROT_RA:
		return "RTPROT_RA"
	case unix.RTPROT_MRT:
		return "RTPROT_MRT"
	case unix.RTPROT_ZEBRA:
		return "RTPROT_ZEBRA"
	case unix.RTPROT_BIRD:
		return "RTPROT_BIRD"
	case unix.RTPROT_DNROUTED:
		return "RTPROT_DNROUTED"
	case unix.RTPROT_XORP:
		return "RTPROT_XORP"
	case unix.RTPROT_NTK:
		return "RTPROT_NTK"
	case unix.RTPROT_DHCP:
		return "RTPROT_DHCP"
	case unix.RTPROT_MROUTED:
		return "RTPROT_MROUTED"
	case unix.RTPROT_KEEPALIVED:
		return "RTPROT_KEEPALIVED"
	case unix.RTPROT_BABEL:
		return "RTPROT_BABEL"
	case unix.RTPROT_OPENR:
		return "RTPROT_OPENR"
	case unix.RTPROT_BGP:
		return "RTPROT_BGP"
	case unix.RTPROT_ISIS:
		return "RTPROT_ISIS"
	case unix.RTPROT_OSPF:
		return "RTPROT_OSPF"
	case unix.RTPROT_RIP:
		return "RTPROT_RIP"
	case unix.RTPROT_EIGRP:
		return "RTPROT_EIGRP"
	}
	return "RTPROT_" + strconv.Itoa(int(p))
}

// RouteFlags are a route's RTM_F_* bits, and RTNH_F_* of its only next hop.
type RouteFlags uint32

func (f RouteFlags) String() string { return nl.FlagNames(uint32(f), routeFlagNames[:]) }

var routeFlagNames = [...]nl.FlagName{
	{Bits: unix.RTNH_F_DEAD, Name: "RTNH_F_DEAD"},
	{Bits: unix.RTNH_F_PERVASIVE, Name: "RTNH_F_PERVASIVE"},
	{Bits: unix.RTNH_F_ONLINK, Name: "RTNH_F_ONLINK"},
	{Bits: unix.RTNH_F_OFFLOAD, Name: "RTNH_F_OFFLOAD"},
	{Bits: unix.RTNH_F_LINKDOWN, Name: "RTNH_F_LINKDOWN"},
	{Bits: unix.RTNH_F_UNRESOLVED, Name: "RTNH_F_UNRESOLVED"},
	{Bits: unix.RTNH_F_TRAP, Name: "RTNH_F_TRAP"},
	{Bits: unix.RTM_F_NOTIFY, Name: "RTM_F_NOTIFY"},
	{Bits: unix.RTM_F_CLONED, Name: "RTM_F_CLONED"},
	{Bits: unix.RTM_F_EQUALIZE, Name: "RTM_F_EQUALIZE"},
	{Bits: unix.RTM_F_PREFIX, Name: "RTM_F_PREFIX"},
	{Bits: unix.RTM_F_LOOKUP_TABLE, Name: "RTM_F_LOOKUP_TABLE"},
	{Bits: unix.RTM_F_FIB_MATCH, Name: "RTM_F_FIB_MATCH"},
	{Bits: unix.RTM_F_OFFLOAD, Name: "RTM_F_OFFLOAD"},
	{Bits: unix.RTM_F_TRAP, Name: "RTM_F_TRAP"},
	{Bits: unix.RTM_F_OFFLOAD_FAILED, Name: "RTM_F_OFFLOAD_FAILED"},
}

// NextHopFlags are RTNH_F_* bits.
type NextHopFlags uint8

func (f NextHopFlags) String() string { return RouteFlags(f).String() }

// routeTable is the number of a routing table, RT_TABLE_*.
type routeTable uint32

func (t routeTable) String() string {
	switch t {
	case unix.RT_TABLE_UNSPEC:
		return "RT_TABLE_UNSPEC"
	case unix.RT_TABLE_COMPAT:
		return "RT_TABLE_COMPAT"
	case unix.RT_TABLE_DEFAULT:
		return "RT_TABLE_DEFAULT"
	case unix.RT_TABLE_MAIN:
		return "RT_TABLE_MAIN"
	case unix.RT_TABLE_LOCAL:
		return "RT_TABLE_LOCAL"
	}
	return fmt.Sprint(uint32(t))
}

// routeTable8 is what of it fits the header.
type routeTable8 uint8

func (t routeTable8) String() string { return routeTable(t).String() }

// RoutePref is the preference of an IPv6 router, ICMPV6_ROUTER_PREF_* of
// linux/icmpv6.h.
type RoutePref uint8

// The preferences.
const (
	PrefMedium RoutePref = 0
	PrefHigh   RoutePref = 1
	PrefLow    RoutePref = 3
)

func (p RoutePref) String() string {
	switch p {
	case PrefMedium:
		return "ICMPV6_ROUTER_PREF_MEDIUM"
	case PrefHigh:
		return "ICMPV6_ROUTER_PREF_HIGH"
	case PrefLow:
		return "ICMPV6_ROUTER_PREF_LOW"
	}
	return "ICMPV6_ROUTER_PREF_" + strconv.Itoa(int(p))
}
