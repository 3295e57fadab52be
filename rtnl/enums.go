//go:build linux

package rtnl

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// The types below print the kernel's names for their values, which is what
// the explainer shows.

// Family is an address family, AF_*.
type Family uint8

func (f Family) String() string {
	switch f {
	case unix.AF_UNSPEC:
		return "AF_UNSPEC"
	case unix.AF_INET:
		return "AF_INET"
	case unix.AF_BRIDGE:
		return "AF_BRIDGE"
	case unix.AF_INET6:
		return "AF_INET6"
	case unix.AF_PACKET:
		return "AF_PACKET"
	case unix.AF_MPLS:
		return "AF_MPLS"
	case unix.AF_MCTP:
		return "AF_MCTP"
	case rtnlFamilyIPMR:
		return "RTNL_FAMILY_IPMR"
	case rtnlFamilyIP6MR:
		return "RTNL_FAMILY_IP6MR"
	}
	return "AF_" + strconv.Itoa(int(f))
}

// family16 is a family in 16 bits, as sockets have it.
type family16 uint16

func (f family16) String() string { return Family(f).String() }

// Families of multicast routes, from linux/rtnetlink.h.
const (
	rtnlFamilyIPMR  = 128 // RTNL_FAMILY_IPMR
	rtnlFamilyIP6MR = 129 // RTNL_FAMILY_IP6MR
)

// Scope is the distance to a destination, RT_SCOPE_*: less is farther.
type Scope uint8

func (s Scope) String() string {
	switch s {
	case unix.RT_SCOPE_UNIVERSE:
		return "RT_SCOPE_UNIVERSE"
	case unix.RT_SCOPE_SITE:
		return "RT_SCOPE_SITE"
	case unix.RT_SCOPE_LINK:
		return "RT_SCOPE_LINK"
	case unix.RT_SCOPE_HOST:
		return "RT_SCOPE_HOST"
	case unix.RT_SCOPE_NOWHERE:
		return "RT_SCOPE_NOWHERE"
	}
	return "RT_SCOPE_" + strconv.Itoa(int(s))
}

// AddrFlags are an address's IFA_F_* bits.
type AddrFlags uint32

func (f AddrFlags) String() string { return nl.FlagNames(uint32(f), addrFlagNames[:]) }

// addrFlags8 are those that fit the header.
type addrFlags8 uint8

func (f addrFlags8) String() string { return AddrFlags(f).String() }

var addrFlagNames = [...]nl.FlagName{
	{Bits: unix.IFA_F_SECONDARY, Name: "IFA_F_SECONDARY"}, // IFA_F_TEMPORARY in IPv6
	{Bits: unix.IFA_F_NODAD, Name: "IFA_F_NODAD"},
	{Bits: unix.IFA_F_OPTIMISTIC, Name: "IFA_F_OPTIMISTIC"},
	{Bits: unix.IFA_F_DADFAILED, Name: "IFA_F_DADFAILED"},
	{Bits: unix.IFA_F_HOMEADDRESS, Name: "IFA_F_HOMEADDRESS"},
	{Bits: unix.IFA_F_DEPRECATED, Name: "IFA_F_DEPRECATED"},
	{Bits: unix.IFA_F_TENTATIVE, Name: "IFA_F_TENTATIVE"},
	{Bits: unix.IFA_F_PERMANENT, Name: "IFA_F_PERMANENT"},
	{Bits: unix.IFA_F_MANAGETEMPADDR, Name: "IFA_F_MANAGETEMPADDR"},
	{Bits: unix.IFA_F_NOPREFIXROUTE, Name: "IFA_F_NOPREFIXROUTE"},
	{Bits: unix.IFA_F_MCAUTOJOIN, Name: "IFA_F_MCAUTOJOIN"},
	{Bits: unix.IFA_F_STABLE_PRIVACY, Name: "IFA_F_STABLE_PRIVACY"},
}

// AddrProto is who made an address, IFAPROT_*.
type AddrProto uint8

func (p AddrProto) String() string {
	switch p {
	case 0:
		return "IFAPROT_UNSPEC"
	case 1:
		return "IFAPROT_KERNEL_LO"
	case 2:
		return "IFAPROT_KERNEL_RA"
	case 3:
		return "IFAPROT_KERNEL_LL"
	}
	return strconv.Itoa(int(p))
}

// NeighState is the state of a neighbour, NUD_*.
type NeighState uint16

func (s NeighState) String() string {
	if s == unix.NUD_NONE {
		return "NUD_NONE"
	}
	return nl.FlagNames(uint32(s), neighStateNames[:])
}

var neighStateNames = [...]nl.FlagName{
	{Bits: unix.NUD_INCOMPLETE, Name: "NUD_INCOMPLETE"},
	{Bits: unix.NUD_REACHABLE, Name: "NUD_REACHABLE"},
	{Bits: unix.NUD_STALE, Name: "NUD_STALE"},
	{Bits: unix.NUD_DELAY, Name: "NUD_DELAY"},
	{Bits: unix.NUD_PROBE, Name: "NUD_PROBE"},
	{Bits: unix.NUD_FAILED, Name: "NUD_FAILED"},
	{Bits: unix.NUD_NOARP, Name: "NUD_NOARP"},
	{Bits: unix.NUD_PERMANENT, Name: "NUD_PERMANENT"},
}

// NeighFlags are a neighbour's NTF_* bits.
type NeighFlags uint8

func (f NeighFlags) String() string { return nl.FlagNames(uint32(f), neighFlagNames[:]) }

var neighFlagNames = [...]nl.FlagName{
	{Bits: unix.NTF_USE, Name: "NTF_USE"},
	{Bits: unix.NTF_SELF, Name: "NTF_SELF"},
	{Bits: unix.NTF_MASTER, Name: "NTF_MASTER"},
	{Bits: unix.NTF_PROXY, Name: "NTF_PROXY"},
	{Bits: unix.NTF_EXT_LEARNED, Name: "NTF_EXT_LEARNED"},
	{Bits: unix.NTF_OFFLOADED, Name: "NTF_OFFLOADED"},
	{Bits: 0x40, Name: "NTF_STICKY"},
	{Bits: unix.NTF_ROUTER, Name: "NTF_ROUTER"},
}

// RuleAction is what a rule does, FR_ACT_*.
type RuleAction uint8

func (a RuleAction) String() string {
	switch a {
	case 0:
		return "FR_ACT_UNSPEC"
	case 1:
		return "FR_ACT_TO_TBL"
	case 2:
		return "FR_ACT_GOTO"
	case 3:
		return "FR_ACT_NOP"
	case 6:
		return "FR_ACT_BLACKHOLE"
	case 7:
		return "FR_ACT_UNREACHABLE"
	case 8:
		return "FR_ACT_PROHIBIT"
	}
	return "FR_ACT_" + strconv.Itoa(int(a))
}
