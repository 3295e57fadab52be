//go:build linux

package xt

import "github.com/minins/minins/nl"

// AddrType is the info of the match addrtype, revision 1: struct
// xt_addrtype_info_v1 of linux/netfilter/xt_addrtype.h.
type AddrType struct {
	Source, Dest AddrTypes // any of these kinds of addresses; 0 is any
	Flags        AddrTypeFlags
}

const addrTypeSize = 8

// Name is the kernel's name of the match.
func (*AddrType) Name() string { return "addrtype" }

// Rev is the revision.
func (*AddrType) Rev() uint32 { return 1 }

// Fields is the layout of the info.
func (m *AddrType) Fields(c *nl.Coder) {
	nl.M16(c, "source", &m.Source)
	nl.M16(c, "dest", &m.Dest)
	nl.M32(c, "flags", &m.Flags)
}

// AddrTypes are bits 1 << RTN_*, XT_ADDRTYPE_*.
type AddrTypes uint16

// String is the kernel's names.
func (t AddrTypes) String() string { return nl.FlagNames(uint32(t), addrTypesNames[:]) }

var addrTypesNames = [...]nl.FlagName{
	{Bits: 1 << 0, Name: "XT_ADDRTYPE_UNSPEC"}, {Bits: 1 << 1, Name: "XT_ADDRTYPE_UNICAST"},
	{Bits: 1 << 2, Name: "XT_ADDRTYPE_LOCAL"}, {Bits: 1 << 3, Name: "XT_ADDRTYPE_BROADCAST"},
	{Bits: 1 << 4, Name: "XT_ADDRTYPE_ANYCAST"}, {Bits: 1 << 5, Name: "XT_ADDRTYPE_MULTICAST"},
	{Bits: 1 << 6, Name: "XT_ADDRTYPE_BLACKHOLE"}, {Bits: 1 << 7, Name: "XT_ADDRTYPE_UNREACHABLE"},
	{Bits: 1 << 8, Name: "XT_ADDRTYPE_PROHIBIT"}, {Bits: 1 << 9, Name: "XT_ADDRTYPE_THROW"},
	{Bits: 1 << 10, Name: "XT_ADDRTYPE_NAT"}, {Bits: 1 << 11, Name: "XT_ADDRTYPE_XRESOLVE"},
}

// AddrTypeFlags are XT_ADDRTYPE_INVERT_* and XT_ADDRTYPE_LIMIT_IFACE_*.
type AddrTypeFlags uint32

// String is the kernel's names.
func (f AddrTypeFlags) String() string { return nl.FlagNames(uint32(f), addrTypeFlagsNames[:]) }

var addrTypeFlagsNames = [...]nl.FlagName{
	{Bits: 1, Name: "XT_ADDRTYPE_INVERT_SOURCE"}, {Bits: 2, Name: "XT_ADDRTYPE_INVERT_DEST"},
	{Bits: 4, Name: "XT_ADDRTYPE_LIMIT_IFACE_IN"}, {Bits: 8, Name: "XT_ADDRTYPE_LIMIT_IFACE_OUT"},
}

// Mark is the info of the match mark, revision 1: struct xt_mark_mtinfo1 of
// linux/netfilter/xt_mark.h.
type Mark struct {
	Mark, Mask uint32
	Invert     uint8
}

const markSize = 12

// Name is the kernel's name of the match.
func (*Mark) Name() string { return "mark" }

// Rev is the revision.
func (*Mark) Rev() uint32 { return 1 }

// Fields is the layout of the info.
func (m *Mark) Fields(c *nl.Coder) {
	nl.M32(c, "mark", &m.Mark)
	nl.M32(c, "mask", &m.Mask)
	nl.M8(c, "invert", &m.Invert)
	c.Skip("(pad)", 3) // to the alignment of a u32
	pad(c, markSize)
}

// SetMark is the info of the target MARK, revision 2: struct xt_mark_tginfo2 of
// linux/netfilter/xt_mark.h.
type SetMark struct{ Mark, Mask uint32 } // mark = mark &^ Mask ^ Mark

const setMarkSize = 8

// Name is the kernel's name of the target.
func (*SetMark) Name() string { return "MARK" }

// Rev is the revision.
func (*SetMark) Rev() uint32 { return 2 }

// Fields is the layout of the info.
func (t *SetMark) Fields(c *nl.Coder) {
	nl.M32(c, "mark", &t.Mark)
	nl.M32(c, "mask", &t.Mask)
}
