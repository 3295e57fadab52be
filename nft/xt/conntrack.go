//go:build linux

package xt

import "github.com/minins/minins/nl"

// Conntrack is the info of the match conntrack: struct xt_conntrack_mtinfo1 to
// 3 of linux/netfilter/xt_conntrack.h. iptables writes revision 3.
type Conntrack struct {
	Revision uint32 // 1, 2 or 3

	OrigSrc, OrigSrcMask   Inet
	OrigDst, OrigDstMask   Inet
	ReplSrc, ReplSrcMask   Inet
	ReplDst, ReplDstMask   Inet
	ExpiresMin, ExpiresMax uint32 // seconds
	L4Proto                uint16

	// Ports, in revision 3 the first of a range. In the struct they are in
	// network order, but in host order in revision 3.
	OrigSrcPort, OrigDstPort uint16
	ReplSrcPort, ReplDstPort uint16

	MatchFlags, InvertFlags CtFlags
	StateMask               CtStates
	StatusMask              uint16 // IPS_*

	OrigSrcPortHigh, OrigDstPortHigh uint16 // of revision 3: the last of a range
	ReplSrcPortHigh, ReplDstPortHigh uint16
}

const (
	conntrack1Size = 152
	conntrack2Size = 156
	conntrack3Size = 164
)

// CtState matches packets whose connection is in one of the states.
// Equivalent to: -m conntrack --ctstate STATE,…
func CtState(states CtStates) *Conntrack {
	return &Conntrack{Revision: 3, MatchFlags: CtMatchState, StateMask: states}
}

// Name is the kernel's name of the match.
func (*Conntrack) Name() string { return "conntrack" }

// Rev is the revision.
func (m *Conntrack) Rev() uint32 { return m.Revision }

// Fields is the layout of the info.
func (m *Conntrack) Fields(c *nl.Coder) {
	for _, a := range [...]struct {
		name string
		p    *Inet
	}{
		{"origsrc_addr", &m.OrigSrc}, {"origsrc_mask", &m.OrigSrcMask},
		{"origdst_addr", &m.OrigDst}, {"origdst_mask", &m.OrigDstMask},
		{"replsrc_addr", &m.ReplSrc}, {"replsrc_mask", &m.ReplSrcMask},
		{"repldst_addr", &m.ReplDst}, {"repldst_mask", &m.ReplDstMask},
	} {
		nl.MInet(c, a.name, (*[16]byte)(a.p))
	}
	nl.M32(c, "expires_min", &m.ExpiresMin)
	nl.M32(c, "expires_max", &m.ExpiresMax)
	nl.M16(c, "l4proto", &m.L4Proto)
	port := nl.MBE16[uint16]
	if m.Revision >= 3 {
		port = nl.M16[uint16]
	}
	port(c, "origsrc_port", &m.OrigSrcPort)
	port(c, "origdst_port", &m.OrigDstPort)
	port(c, "replsrc_port", &m.ReplSrcPort)
	port(c, "repldst_port", &m.ReplDstPort)
	nl.M16(c, "match_flags", &m.MatchFlags)
	nl.M16(c, "invert_flags", &m.InvertFlags)
	m.masks(c)
}

func (m *Conntrack) masks(c *nl.Coder) {
	if m.Revision < 2 {
		state, status := uint8(m.StateMask), uint8(m.StatusMask)
		nl.M8(c, "state_mask", &state)
		nl.M8(c, "status_mask", &status)
		m.StateMask, m.StatusMask = CtStates(state), uint16(status)
		pad(c, conntrack1Size)
		return
	}
	nl.M16(c, "state_mask", &m.StateMask)
	nl.M16(c, "status_mask", &m.StatusMask)
	if m.Revision < 3 {
		c.Skip("(pad)", 2) // to the alignment of a u32
		pad(c, conntrack2Size)
		return
	}
	nl.M16(c, "origsrc_port_high", &m.OrigSrcPortHigh)
	nl.M16(c, "origdst_port_high", &m.OrigDstPortHigh)
	nl.M16(c, "replsrc_port_high", &m.ReplSrcPortHigh)
	nl.M16(c, "repldst_port_high", &m.ReplDstPortHigh)
	c.Skip("(pad)", 2) // to the alignment of a u32
	pad(c, conntrack3Size)
}

// CtFlags are XT_CONNTRACK_*: what of the info is to be compared, or inverted.
type CtFlags uint16

// Flags of [Conntrack].
const (
	CtMatchState   CtFlags = 1 << 0  // XT_CONNTRACK_STATE
	CtMatchProto   CtFlags = 1 << 1  // XT_CONNTRACK_PROTO
	CtMatchStatus  CtFlags = 1 << 6  // XT_CONNTRACK_STATUS
	CtMatchExpires CtFlags = 1 << 7  // XT_CONNTRACK_EXPIRES
	CtMatchDir     CtFlags = 1 << 12 // XT_CONNTRACK_DIRECTION
	CtStateAlias   CtFlags = 1 << 13 // XT_CONNTRACK_STATE_ALIAS: written as -m state
)

// String is the kernel's names.
func (f CtFlags) String() string { return nl.FlagNames(uint32(f), ctFlagsNames[:]) }

var ctFlagsNames = [...]nl.FlagName{
	{Bits: 1 << 0, Name: "XT_CONNTRACK_STATE"}, {Bits: 1 << 1, Name: "XT_CONNTRACK_PROTO"},
	{Bits: 1 << 2, Name: "XT_CONNTRACK_ORIGSRC"}, {Bits: 1 << 3, Name: "XT_CONNTRACK_ORIGDST"},
	{Bits: 1 << 4, Name: "XT_CONNTRACK_REPLSRC"}, {Bits: 1 << 5, Name: "XT_CONNTRACK_REPLDST"},
	{Bits: 1 << 6, Name: "XT_CONNTRACK_STATUS"}, {Bits: 1 << 7, Name: "XT_CONNTRACK_EXPIRES"},
	{Bits: 1 << 8, Name: "XT_CONNTRACK_ORIGSRC_PORT"}, {Bits: 1 << 9, Name: "XT_CONNTRACK_ORIGDST_PORT"},
	{Bits: 1 << 10, Name: "XT_CONNTRACK_REPLSRC_PORT"}, {Bits: 1 << 11, Name: "XT_CONNTRACK_REPLDST_PORT"},
	{Bits: 1 << 12, Name: "XT_CONNTRACK_DIRECTION"}, {Bits: 1 << 13, Name: "XT_CONNTRACK_STATE_ALIAS"},
}

// CtStates are the states of connections: XT_CONNTRACK_STATE_*. The first four
// have the bits of NF_CT_STATE_BIT, the others xtables' own.
type CtStates uint16

// States of a packet's connection.
const (
	CtInvalid     CtStates = 1 << 0
	CtEstablished CtStates = 1 << 1
	CtRelated     CtStates = 1 << 2
	CtNew         CtStates = 1 << 3
	CtSNAT        CtStates = 1 << 6
	CtDNAT        CtStates = 1 << 7
	CtUntracked   CtStates = 1 << 8
)

// String is iptables' words for the states.
func (s CtStates) String() string { return nl.FlagNames(uint32(s), ctStatesNames[:]) }

var ctStatesNames = [...]nl.FlagName{
	{Bits: uint32(CtInvalid), Name: "INVALID"}, {Bits: uint32(CtNew), Name: "NEW"},
	{Bits: uint32(CtRelated), Name: "RELATED"}, {Bits: uint32(CtEstablished), Name: "ESTABLISHED"},
	{Bits: uint32(CtUntracked), Name: "UNTRACKED"}, {Bits: uint32(CtSNAT), Name: "SNAT"},
	{Bits: uint32(CtDNAT), Name: "DNAT"},
}
