//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Range goes on with the rule only if the register is within From and To, both
// included, or, with RangeNeq, outside of them. (NFTA_RANGE_*)
type Range struct {
	Sreg     Register
	Op       RangeOp
	From, To []byte // in network order
}

// Name is the kernel's name of the expression.
func (*Range) Name() string { return "range" }

// Fields is the layout of NFTA_EXPR_DATA.
func (r *Range) Fields(c *nl.Coder) {
	if c.Decoding() {
		*r = Range{From: r.From, To: r.To}
	}
	nl.BE32(c, unix.NFTA_RANGE_SREG, "NFTA_RANGE_SREG", &r.Sreg)
	nl.ReqBE32(c, unix.NFTA_RANGE_OP, "NFTA_RANGE_OP", &r.Op)
	value(c, unix.NFTA_RANGE_FROM_DATA, "NFTA_RANGE_FROM_DATA", &r.From)
	value(c, unix.NFTA_RANGE_TO_DATA, "NFTA_RANGE_TO_DATA", &r.To)
}

// A RangeOp is one of NFT_RANGE_*.
type RangeOp uint32

// Operations of [Range].
const (
	RangeEq  RangeOp = unix.NFT_RANGE_EQ
	RangeNeq RangeOp = unix.NFT_RANGE_NEQ
)

// String is the kernel's name.
func (o RangeOp) String() string { return enum(o, rangeOpNames[:]) }

var rangeOpNames = [...]string{"NFT_RANGE_EQ", "NFT_RANGE_NEQ"}
