//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Lookup goes on with the rule only if the set holds the value of Sreg; with
// Dreg it loads what a map has for it, [RegVerdict] for a verdict.
// (NFTA_LOOKUP_*)
type Lookup struct {
	Sreg  Register
	Dreg  nl.Opt[Register]
	Set   string
	SetID uint32 // the [Set.ID] of one of the same batch
	Flags nl.Opt[LookupFlags]
}

// Name is the kernel's name of the expression.
func (*Lookup) Name() string { return "lookup" }

// Fields is the layout of NFTA_EXPR_DATA.
func (l *Lookup) Fields(c *nl.Coder) {
	if c.Decoding() {
		*l = Lookup{}
	}
	nl.BE32(c, unix.NFTA_LOOKUP_SREG, "NFTA_LOOKUP_SREG", &l.Sreg)
	nl.OptBE32(c, unix.NFTA_LOOKUP_DREG, "NFTA_LOOKUP_DREG", &l.Dreg)
	nl.Str(c, unix.NFTA_LOOKUP_SET, "NFTA_LOOKUP_SET", &l.Set)
	nl.BE32(c, unix.NFTA_LOOKUP_SET_ID, "NFTA_LOOKUP_SET_ID", &l.SetID)
	nl.OptBE32(c, unix.NFTA_LOOKUP_FLAGS, "NFTA_LOOKUP_FLAGS", &l.Flags)
}

// LookupFlags are NFT_LOOKUP_F_*.
type LookupFlags uint32

// LookupInverse goes on if the set does not hold the value.
const LookupInverse LookupFlags = unix.NFT_LOOKUP_F_INV

// String is the kernel's names.
func (f LookupFlags) String() string { return nl.FlagNames(uint32(f), lookupFlagsNames[:]) }

var lookupFlagsNames = [...]nl.FlagName{{Bits: unix.NFT_LOOKUP_F_INV, Name: "NFT_LOOKUP_F_INV"}}
