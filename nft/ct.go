//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Ct loads something known of the packet's connection into Dreg, or, with Sreg
// in place of it, sets it. (NFTA_CT_*)
type Ct struct {
	Key  CtKey
	Dreg Register
	Dir  nl.Opt[CtDir] // of keys that each direction has
	Sreg Register
}

// Name is the kernel's name of the expression.
func (*Ct) Name() string { return "ct" }

// Fields is the layout of NFTA_EXPR_DATA.
func (t *Ct) Fields(c *nl.Coder) {
	if c.Decoding() {
		*t = Ct{}
	}
	nl.ReqBE32(c, unix.NFTA_CT_KEY, "NFTA_CT_KEY", &t.Key)
	nl.BE32(c, unix.NFTA_CT_DREG, "NFTA_CT_DREG", &t.Dreg)
	nl.OptU8(c, unix.NFTA_CT_DIRECTION, "NFTA_CT_DIRECTION", &t.Dir)
	nl.BE32(c, unix.NFTA_CT_SREG, "NFTA_CT_SREG", &t.Sreg)
}

// A CtKey is one of NFT_CT_*. Integers in registers are in host order.
type CtKey uint32

// Keys of [Ct].
const (
	CtState  CtKey = unix.NFT_CT_STATE  // u32, bits of [CtStates]
	CtStatus CtKey = unix.NFT_CT_STATUS // u32, IPS_*
	CtMark   CtKey = unix.NFT_CT_MARK   // u32, may be set
)

// String is the kernel's name.
func (k CtKey) String() string { return enum(k, ctKeyNames[:]) }

var ctKeyNames = [...]string{
	"NFT_CT_STATE", "NFT_CT_DIRECTION", "NFT_CT_STATUS", "NFT_CT_MARK", "NFT_CT_SECMARK", "NFT_CT_EXPIRATION",
	"NFT_CT_HELPER", "NFT_CT_L3PROTOCOL", "NFT_CT_SRC", "NFT_CT_DST", "NFT_CT_PROTOCOL", "NFT_CT_PROTO_SRC",
	"NFT_CT_PROTO_DST", "NFT_CT_LABELS", "NFT_CT_PKTS", "NFT_CT_BYTES", "NFT_CT_AVGPKT", "NFT_CT_ZONE",
	"NFT_CT_EVENTMASK", "NFT_CT_SRC_IP", "NFT_CT_DST_IP", "NFT_CT_SRC_IP6", "NFT_CT_DST_IP6", "NFT_CT_ID",
}

// A CtDir is one of IP_CT_DIR_*.
type CtDir uint8

// String is the kernel's name.
func (d CtDir) String() string { return enum(d, ctDirNames[:]) }

var ctDirNames = [...]string{"IP_CT_DIR_ORIGINAL", "IP_CT_DIR_REPLY"}

// CtStates are the bits that [CtState] loads: NF_CT_STATE_BIT of
// linux/netfilter/nf_conntrack_common.h.
type CtStates uint32

// States of a packet's connection.
const (
	StateInvalid     CtStates = 1 << 0
	StateEstablished CtStates = 1 << 1
	StateRelated     CtStates = 1 << 2
	StateNew         CtStates = 1 << 3
	StateUntracked   CtStates = 1 << 6
)

// String is the words of nft's language, joined by |.
func (s CtStates) String() string { return nl.FlagNames(uint32(s), ctStatesNames[:]) }

var ctStatesNames = [...]nl.FlagName{
	{Bits: uint32(StateInvalid), Name: "invalid"}, {Bits: uint32(StateEstablished), Name: "established"},
	{Bits: uint32(StateRelated), Name: "related"}, {Bits: uint32(StateNew), Name: "new"},
	{Bits: uint32(StateUntracked), Name: "untracked"},
}

// Notrack takes the packet out of connection tracking, in a chain at priority
// raw.
type Notrack struct{}

// Name is the kernel's name of the expression.
func (*Notrack) Name() string { return "notrack" }

// Fields is the layout of NFTA_EXPR_DATA: nothing.
func (*Notrack) Fields(*nl.Coder) {}
