//go:build linux

package iptables

import "github.com/minins/minins/nft/xt"

// addrtype is the match addrtype: what kind of address one is to this host.
type addrtype struct{ xt.AddrType }

var addrtypeOptions = []option{
	{long: "src-type", arg: required, invert: true}, {long: "dst-type", arg: required, invert: true},
	{long: "limit-iface-in", excludes: "limit-iface-out"}, {long: "limit-iface-out", excludes: "limit-iface-in"},
}

// RTN_* of linux/rtnetlink.h as bits.
var addrTypes = []flagName{
	{"UNSPEC", 1 << 0}, {"UNICAST", 1 << 1}, {"LOCAL", 1 << 2}, {"BROADCAST", 1 << 3}, {"ANYCAST", 1 << 4},
	{"MULTICAST", 1 << 5}, {"BLACKHOLE", 1 << 6}, {"UNREACHABLE", 1 << 7}, {"PROHIBIT", 1 << 8}, {"THROW", 1 << 9},
	{"NAT", 1 << 10}, {"XRESOLVE", 1 << 11},
}

// Bits of xt.AddrType.Flags, XT_ADDRTYPE_* of linux/netfilter/xt_addrtype.h.
const (
	addrInvSource = 1 << iota
	addrInvDest
	addrLimitIn
	addrLimitOut
)

func (*addrtype) name() string { return "addrtype" }

func (m *addrtype) set(s *setting) error {
	types := func(p *xt.AddrTypes, inv xt.AddrTypeFlags) error {
		bits, bad, ok := parseNames(s.arg, addrTypes)
		if !ok {
			return wrong(`addrtype: bad type "` + bad + `"`)
		}
		*p = xt.AddrTypes(bits)
		if s.inv {
			m.Flags |= inv
		}
		return nil
	}
	switch s.option {
	case "src-type":
		return types(&m.Source, addrInvSource)
	case "dst-type":
		return types(&m.Dest, addrInvDest)
	case "limit-iface-in":
		m.Flags |= addrLimitIn
	case "limit-iface-out":
		m.Flags |= addrLimitOut
	}
	return nil
}

func (m *addrtype) save() string {
	text := ""
	if m.Source != 0 {
		text += not(m.Flags&addrInvSource != 0) + " --src-type " + namesOf(uint16(m.Source), addrTypes)
	}
	if m.Dest != 0 {
		text += not(m.Flags&addrInvDest != 0) + " --dst-type " + namesOf(uint16(m.Dest), addrTypes)
	}
	if m.Flags&addrLimitIn != 0 {
		text += " --limit-iface-in"
	}
	if m.Flags&addrLimitOut != 0 {
		text += " --limit-iface-out"
	}
	return text
}

func (m *addrtype) list(*naming) string {
	text := " ADDRTYPE match"
	if m.Source != 0 {
		text += " src-type " + bang(m.Flags&addrInvSource != 0) + namesOf(uint16(m.Source), addrTypes)
	}
	if m.Dest != 0 {
		text += " dst-type " + bang(m.Flags&addrInvDest != 0) + namesOf(uint16(m.Dest), addrTypes)
	}
	if m.Flags&addrLimitIn != 0 {
		text += " limit-in"
	}
	if m.Flags&addrLimitOut != 0 {
		text += " limit-out"
	}
	return text
}
