//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Limit goes on with the rule as long as packets come no faster.
// (NFTA_LIMIT_*)
type Limit struct {
	Rate  uint64 // per unit
	Unit  uint64 // in seconds
	Burst uint32
	Type  LimitType
	Flags LimitFlags
}

// Name is the kernel's name of the expression.
func (*Limit) Name() string { return "limit" }

// Fields is the layout of NFTA_EXPR_DATA.
func (l *Limit) Fields(c *nl.Coder) {
	if c.Decoding() {
		*l = Limit{}
	}
	nl.ReqBE64(c, unix.NFTA_LIMIT_RATE, "NFTA_LIMIT_RATE", &l.Rate)
	nl.ReqBE64(c, unix.NFTA_LIMIT_UNIT, "NFTA_LIMIT_UNIT", &l.Unit)
	nl.ReqBE32(c, unix.NFTA_LIMIT_BURST, "NFTA_LIMIT_BURST", &l.Burst)
	nl.ReqBE32(c, unix.NFTA_LIMIT_TYPE, "NFTA_LIMIT_TYPE", &l.Type)
	nl.ReqBE32(c, unix.NFTA_LIMIT_FLAGS, "NFTA_LIMIT_FLAGS", &l.Flags)
	nl.Pad(c, unix.NFTA_LIMIT_PAD, "NFTA_LIMIT_PAD")
}

// A LimitType is what a [Limit] counts: NFT_LIMIT_PKTS or NFT_LIMIT_PKT_BYTES.
type LimitType uint32

// String is the kernel's name.
func (t LimitType) String() string { return enum(t, limitTypeNames[:]) }

var limitTypeNames = [...]string{"NFT_LIMIT_PKTS", "NFT_LIMIT_PKT_BYTES"}

// LimitFlags are NFT_LIMIT_F_*.
type LimitFlags uint32

// LimitInverse goes on with the rule once packets come faster.
const LimitInverse LimitFlags = unix.NFT_LIMIT_F_INV

// String is the kernel's names.
func (f LimitFlags) String() string { return nl.FlagNames(uint32(f), limitFlagsNames[:]) }

var limitFlagsNames = [...]nl.FlagName{{Bits: unix.NFT_LIMIT_F_INV, Name: "NFT_LIMIT_F_INV"}}
