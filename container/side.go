//go:build linux

package container

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// PortTable is the name of the tables, of the families ip and ip6, that published
// ports are in.
const PortTable = "minins-ports"

// PortComment is the comment on them, and on what is in the tables of others.
const PortComment = "minins: published ports"

// A side is what published ports are of one family.
type side struct {
	family     nft.Family
	af         rtnl.Family
	addrType   uint32 // of the keys and data of maps: nft's number
	addrLen    uint32
	addrKey    rule.Key
	loopback   netip.Prefix
	self       netip.Addr // that programs have when they talk to a loopback address
	forwarding string     // the sysctl
}

// sides are the two families.
func sides() [2]side {
	loopback4, loopback6 := netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()
	return [2]side{
		{nft.IPv4, unix.AF_INET, 7, 4, rule.IPDAddr, netip.PrefixFrom(loopback4, 8), loopback4, "net/ipv4/ip_forward"},
		{nft.IPv6, unix.AF_INET6, 8, 16, rule.IP6DAddr, netip.PrefixFrom(loopback6, 128), loopback6, "net/ipv6/conf/all/forwarding"},
	}
}

// Names in the tables.
const (
	setPorts     = "ports"      // protocol and port: where to
	setAddrPorts = "addr-ports" // the same at one address of the host
	setLoopback  = "loopback"   // which of them are at the loopback address too

	chainPre         = "prerouting"
	chainOut         = "output"
	chainPublish     = "publish"
	chainPost        = "postrouting"
	chainLoopbackOut = "loopback-out"
	chainLoopbackIn  = "loopback-in"
	chainUndo        = "undo" // what was before, in comments; no packet gets there

	// A chain of this name with something behind it has, in comments, what one call
	// has begun and not ended; no packet gets there.
	prefixBegun = "begun-"
)

// Numbers of types of keys, as in enum datatypes of nft's datatype.h; a
// concatenation has 6 bits of the number for each part.
const (
	typeProto   = 12
	typeService = 13
	typeBits    = 6
)

func (s *side) set(name string) *nft.Set {
	set := &nft.Set{
		Family: s.family, Table: PortTable, Name: name,
		KeyType: typeProto<<typeBits | typeService, KeyLen: 8,
	}
	if name == setAddrPorts {
		set.KeyType |= s.addrType << (2 * typeBits)
		set.KeyLen += s.addrLen
	}
	set.Flags.Ok = true
	if name != setLoopback {
		set.Flags.V = nft.SetMap
		set.DataType, set.DataLen = s.addrType<<typeBits|typeService, s.addrLen+4
	}
	return set
}

func (s *side) chain(name string) *nft.Chain {
	c := &nft.Chain{Family: s.family, Table: PortTable, Name: name}
	hook := func(kind string, num nft.HookNum, priority nft.Priority) {
		c.Type, c.Hook, c.Policy = kind, nl.Some(nft.Hook{Num: num, Priority: priority}), nl.Some(nft.VerdictAccept)
	}
	switch name {
	case chainPre:
		hook("nat", nft.Prerouting, nft.PriorityDstNAT)
	case chainOut:
		hook("nat", nft.Output, nft.PriorityDstNAT)
	case chainPost:
		hook("nat", nft.Postrouting, nft.PrioritySrcNAT)
	case chainLoopbackOut:
		hook("filter", nft.Output, nft.PriorityRaw) // before connections are tracked
	case chainLoopbackIn:
		hook("filter", nft.Input, nft.PrioritySrcNAT+100) // behind NAT
	}
	return c
}

// base makes the table, with all that does not depend on ports.
func (s *side) base(pl *plan) {
	comment, err := nft.WithComment(PortComment)
	pl.fail(err)
	ports, addrPorts := s.set(setPorts), s.set(setAddrPorts)
	pl.mark(func(b *nft.Batch) {
		b.AddTable(&nft.Table{Family: s.family, Name: PortTable, Userdata: comment})
		for i, name := range [...]string{setPorts, setAddrPorts, setLoopback} {
			set := s.set(name)
			set.ID = uint32(s.family)<<8 + uint32(i) // the kernel wants one, and no two the same
			b.AddSet(set)
		}
		for _, name := range [...]string{chainPublish, chainPre, chainOut, chainPost, chainLoopbackOut, chainLoopbackIn, chainUndo} {
			b.AddChain(s.chain(name))
		}
	})
	add := func(c *nft.Chain, parts ...rule.Part) { pl.mark(pl.rule(c, parts...)) }
	publish := s.chain(chainPublish)
	for _, t := range [...]rule.Transport{rule.TCP, rule.UDP} {
		add(publish, t.DNATMap(addrPorts, s.addrKey, rule.Proto, rule.DPort))
	}
	for _, t := range [...]rule.Transport{rule.TCP, rule.UDP} {
		add(publish, t.DNATMap(ports, rule.Proto, rule.DPort))
	}
	jump := []rule.Part{rule.DAddrType(unix.RTN_LOCAL), rule.Jump(chainPublish)}
	// From elsewhere nobody has a way to loopback addresses, and is to get none.
	add(s.chain(chainPre), rule.DAddr(s.loopback), rule.Return())
	add(s.chain(chainPre), jump...)
	// Whoever has another loopback address than loopback-out knows gets no answer.
	add(s.chain(chainOut), rule.SAddr(s.loopback), rule.Return())
	add(s.chain(chainOut), jump...)
	add(s.chain(chainLoopbackIn), rule.CtReply(), rule.CtOriginalDAddr(s.loopback), rule.CtDNAT(), rule.SetDAddr(s.self))
}

// hairpin has what comes from the bridge's subnets, and goes back there, come from
// the bridge, so that the answer goes by the host too.
func (s *side) hairpin(pl *plan, bridge string, p netip.Prefix) {
	pl.do(pl.rule(s.chain(chainPost), rule.OIFName(bridge), rule.SAddr(p), rule.CtDNAT(), rule.Masquerade(), rule.Comment(hairpinComment(bridge, p))))
}

func hairpinComment(bridge string, p netip.Prefix) string { return bridge + " " + p.Masked().String() }

// fromLoopback has programs that talk to a published port at the loopback address
// do so from an address of the host that containers can answer. It writes addresses
// of packets, before connections are tracked, and loopback-in writes those of the
// answers: neither may the kernel see a loopback address come in by a device.
func (s *side) fromLoopback(pl *plan, a netip.Addr) {
	pl.do(pl.rule(s.chain(chainLoopbackOut), rule.SAddr(netip.PrefixFrom(s.self, s.self.BitLen())), rule.DAddr(s.loopback),
		rule.In(s.set(setLoopback), rule.Proto, rule.DPort), rule.SetSAddr(a), rule.Comment(a.String())))
}
