//go:build linux

package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// An Addr is an address of a link: struct ifaddrmsg and IFA_* of
// linux/if_addr.h, the body of RTM_NEWADDR, RTM_DELADDR and RTM_GETADDR.
type Addr struct {
	Family    Family
	PrefixLen uint8
	Flags     AddrFlags // ifa_flags and IFA_FLAGS
	Scope     Scope
	Index     uint32 // of the link

	Address   netip.Addr // the peer's on a point-to-point link, else the same as Local
	Local     netip.Addr // IPv6 has it on point-to-point links alone
	Label     string     // IPv4: the link's name, with :suffix for an alias
	Broadcast netip.Addr
	Anycast   netip.Addr
	Multicast netip.Addr
	CacheInfo nl.Opt[AddrCacheInfo]
	Priority  uint32    // metric of the prefix route
	Proto     AddrProto // who made it (Linux 5.18)

	TargetNSID nl.Opt[int32] // for dumps of another namespace; the kernel ignores it elsewhere

	Other []byte // attributes that are not modelled, as they came
}

// AddrCacheInfo is struct ifa_cacheinfo: lifetimes in seconds, [Forever] for
// no end, and times in hundredths of a second since boot.
type AddrCacheInfo struct {
	Preferred, Valid uint32
	Created, Updated uint32
}

// Forever is a lifetime without end.
const Forever = 1<<32 - 1

const ifaProto = 11 // IFA_PROTO

// Fields is the one description of struct ifaddrmsg and IFA_*.
func (a *Addr) Fields(c *nl.Coder) {
	if c.Decoding() {
		*a = Addr{}
	}
	nl.M8(c, "ifa_family", &a.Family)
	nl.M8(c, "ifa_prefixlen", &a.PrefixLen)
	low := addrFlags8(a.Flags)
	nl.M8(c, "ifa_flags", &low)
	nl.M8(c, "ifa_scope", &a.Scope)
	nl.M32(c, "ifa_index", &a.Index)

	nl.IP(c, unix.IFA_ADDRESS, "IFA_ADDRESS", &a.Address)
	nl.IP(c, unix.IFA_LOCAL, "IFA_LOCAL", &a.Local)
	nl.IP(c, unix.IFA_BROADCAST, "IFA_BROADCAST", &a.Broadcast)
	nl.IP(c, unix.IFA_ANYCAST, "IFA_ANYCAST", &a.Anycast)
	nl.IP(c, unix.IFA_MULTICAST, "IFA_MULTICAST", &a.Multicast)
	nl.Str(c, unix.IFA_LABEL, "IFA_LABEL", &a.Label)
	if c.Decoding() {
		a.Flags = AddrFlags(low) // before Linux 3.14 there are no others
	}
	nl.U32(c, unix.IFA_FLAGS, "IFA_FLAGS", &a.Flags)
	nl.U32(c, unix.IFA_RT_PRIORITY, "IFA_RT_PRIORITY", &a.Priority)
	nl.U8(c, ifaProto, "IFA_PROTO", &a.Proto)
	nl.OptU32(c, unix.IFA_TARGET_NETNSID, "IFA_TARGET_NETNSID", &a.TargetNSID)
	if c.Struct(unix.IFA_CACHEINFO, "IFA_CACHEINFO", a.CacheInfo.Ok) {
		i := &a.CacheInfo.V
		nl.M32(c, "ifa_prefered", &i.Preferred)
		nl.M32(c, "ifa_valid", &i.Valid)
		nl.M32(c, "cstamp", &i.Created)
		nl.M32(c, "tstamp", &i.Updated)
		a.CacheInfo.Ok = true
		c.End()
	}
	c.Rest(&a.Other)
}

// Prefix is the address of this host with its prefix length.
func (a *Addr) Prefix() netip.Prefix {
	if a.Local.IsValid() {
		return netip.PrefixFrom(a.Local, int(a.PrefixLen))
	}
	return netip.PrefixFrom(a.Address, int(a.PrefixLen))
}
