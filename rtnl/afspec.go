//go:build linux

package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// Inet is what a link has for IPv4: IFLA_AF_SPEC > AF_INET.
type Inet struct {
	Conf []uint32 // IPV4_DEVCONF_* of linux/ip.h, by their number minus one; read only
}

// Inet6 is what a link has for IPv6: IFLA_AF_SPEC > AF_INET6.
type Inet6 struct {
	Flags       Inet6Flags
	AddrGenMode nl.Opt[AddrGenMode]
	Token       netip.Addr // interface identifier for addresses of routers' prefixes
	CacheInfo   nl.Opt[Inet6CacheInfo]
	RAMTU       nl.Opt[uint32]
	Conf        []uint32 // DEVCONF_* of linux/ipv6.h; read only
	Stats       []uint64 // IPSTATS_MIB_* of linux/snmp.h, the first is their number
	ICMP6Stats  []uint64 // ICMP6_MIB_* of linux/snmp.h, the first is their number
	Other       []byte   // attributes that are not modelled, as they came
}

// Inet6CacheInfo is struct ifla_cacheinfo of linux/if_link.h. Times are in
// milliseconds, but TStamp in hundredths of a second since boot.
type Inet6CacheInfo struct {
	MaxReasmLen   uint32
	TStamp        uint32
	ReachableTime uint32
	RetransTime   uint32
}

// PortMode is what AF_BRIDGE has in IFLA_AF_SPEC: IFLA_BRIDGE_* of
// linux/if_bridge.h.
type PortMode struct {
	Flags nl.Opt[uint16] // in requests, who is to do it: BRIDGE_FLAGS_*, 1 the bridge, 2 the device itself
	Mode  nl.Opt[uint16] // BRIDGE_MODE_*: of a device that can bridge, 0 VEB, 1 VEPA
	VLANs []byte         // attributes IFLA_BRIDGE_VLAN_*, as they came
}

const (
	iflaBridgeFlags = 0 // IFLA_BRIDGE_FLAGS
	iflaBridgeMode  = 1 // IFLA_BRIDGE_MODE
)

func (m *PortMode) fields(c *nl.Coder) {
	nl.OptU16(c, iflaBridgeFlags, "IFLA_BRIDGE_FLAGS", &m.Flags)
	nl.OptU16(c, iflaBridgeMode, "IFLA_BRIDGE_MODE", &m.Mode)
}

// afSpec codes the address families' parts. A message of AF_BRIDGE has
// something else there; to the explainer, which sees no family, both are one.
func (l *Link) afSpec(c *nl.Coder) {
	if !c.NestIf(unix.IFLA_AF_SPEC, "IFLA_AF_SPEC", l.Inet != nil || l.Inet6 != nil || l.PortMode != nil) {
		return
	}
	if l.Family == unix.AF_BRIDGE || c.Describing() {
		make1(&l.PortMode).fields(c)
		if !c.Describing() {
			c.Rest(&l.PortMode.VLANs)
			c.End()
			return
		}
	}
	if c.NestIf(unix.AF_INET, "AF_INET", l.Inet != nil) {
		reuse(c, &l.Inet, l.spare.inet)
		nl.Array(c, unix.IFLA_INET_CONF, "IFLA_INET_CONF", inetConfNames[:], &l.Inet.Conf)
		c.End()
	}
	if c.NestIf(unix.AF_INET6, "AF_INET6", l.Inet6 != nil) {
		reuse(c, &l.Inet6, l.spare.inet6)
		l.Inet6.fields(c)
		c.End()
	}
	c.Name(unix.AF_MCTP, "AF_MCTP", nl.KindBytes)
	c.End()
}

// spare is what a reused Link had allocated, so that asking for a link over and
// over allocates nothing.
type spare struct {
	inet  *Inet
	inet6 *Inet6
}

// reset is [nl.Start] for a Link.
func (l *Link) reset(c *nl.Coder) {
	if !c.Decoding() {
		return
	}
	kept := l.spare
	if l.Inet != nil {
		kept.inet = l.Inet
	}
	if l.Inet6 != nil {
		kept.inet6 = l.Inet6
	}
	*l = Link{spare: kept}
}

// reuse sets *p where it is nil, when decoding to the spare one if there is one.
func reuse[T any](c *nl.Coder, p **T, spare *T) {
	if c.Decoding() && spare != nil {
		*p = spare
	}
	if *p == nil {
		*p = new(T)
	}
}

func (i *Inet6) fields(c *nl.Coder) {
	if c.Decoding() {
		*i = Inet6{Conf: i.Conf[:0], Stats: i.Stats[:0], ICMP6Stats: i.ICMP6Stats[:0]}
	}
	nl.U32(c, unix.IFLA_INET6_FLAGS, "IFLA_INET6_FLAGS", &i.Flags)
	nl.OptU8(c, unix.IFLA_INET6_ADDR_GEN_MODE, "IFLA_INET6_ADDR_GEN_MODE", &i.AddrGenMode)
	nl.IP(c, unix.IFLA_INET6_TOKEN, "IFLA_INET6_TOKEN", &i.Token)
	if c.Struct(unix.IFLA_INET6_CACHEINFO, "IFLA_INET6_CACHEINFO", i.CacheInfo.Ok) {
		nl.M32(c, "max_reasm_len", &i.CacheInfo.V.MaxReasmLen)
		nl.M32(c, "tstamp", &i.CacheInfo.V.TStamp)
		nl.M32(c, "reachable_time", &i.CacheInfo.V.ReachableTime)
		nl.M32(c, "retrans_time", &i.CacheInfo.V.RetransTime)
		i.CacheInfo.Ok = true
		c.End()
	}
	nl.OptU32(c, unix.IFLA_INET6_RA_MTU, "IFLA_INET6_RA_MTU", &i.RAMTU)
	nl.Array(c, unix.IFLA_INET6_CONF, "IFLA_INET6_CONF", inet6ConfNames[:], &i.Conf)
	nl.Array(c, unix.IFLA_INET6_STATS, "IFLA_INET6_STATS", ipStatsNames[:], &i.Stats)
	nl.Array(c, unix.IFLA_INET6_ICMP6STATS, "IFLA_INET6_ICMP6STATS", icmp6StatsNames[:], &i.ICMP6Stats)
	c.Rest(&i.Other)
}
