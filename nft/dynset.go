//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Dynset puts the value of a register into a set, or takes it out.
// (NFTA_DYNSET_*)
type Dynset struct {
	SregKey  Register
	SregData Register // of a map
	Op       DynsetOp
	Timeout  uint64 // of the element, in milliseconds
	SetName  string
	SetID    uint32 // the [Set.ID] of one of the same batch
	Flags    DynsetFlags
	Expr     Expr   // runs when the element is met
	Exprs    []Expr // or several
}

// Name is the kernel's name of the expression.
func (*Dynset) Name() string { return "dynset" }

// Fields is the layout of NFTA_EXPR_DATA.
func (d *Dynset) Fields(c *nl.Coder) {
	if c.Decoding() {
		*d = Dynset{}
	}
	nl.BE32(c, unix.NFTA_DYNSET_SREG_KEY, "NFTA_DYNSET_SREG_KEY", &d.SregKey)
	nl.BE32(c, unix.NFTA_DYNSET_SREG_DATA, "NFTA_DYNSET_SREG_DATA", &d.SregData)
	nl.ReqBE32(c, unix.NFTA_DYNSET_OP, "NFTA_DYNSET_OP", &d.Op)
	nl.BE64(c, unix.NFTA_DYNSET_TIMEOUT, "NFTA_DYNSET_TIMEOUT", &d.Timeout)
	nl.Str(c, unix.NFTA_DYNSET_SET_NAME, "NFTA_DYNSET_SET_NAME", &d.SetName)
	nl.BE32(c, unix.NFTA_DYNSET_SET_ID, "NFTA_DYNSET_SET_ID", &d.SetID)
	nl.BE32(c, unix.NFTA_DYNSET_FLAGS, "NFTA_DYNSET_FLAGS", &d.Flags)
	oneOrMore(c, unix.NFTA_DYNSET_EXPR, "NFTA_DYNSET_EXPR", &d.Expr, attrDynsetExpressions, "NFTA_DYNSET_EXPRESSIONS", &d.Exprs)
	nl.Pad(c, unix.NFTA_DYNSET_PAD, "NFTA_DYNSET_PAD")
}

// oneOrMore codes the two attributes that sets, elements and dynset have for
// expressions: for one, and for several (Linux 5.11).
func oneOrMore(c *nl.Coder, typ uint16, name string, one *Expr, types uint16, names string, more *[]Expr) {
	if c.NestIf(typ, name, *one != nil) {
		statefulFields(c, one)
		c.EndEmpty()
	} else if c.Decoding() {
		*one = nil
	}
	if c.NestIf(types, names, *more != nil) {
		nl.Elements(c, unix.NFTA_LIST_ELEM, "NFTA_LIST_ELEM", more, statefulFields)
		c.End()
	} else if c.Decoding() {
		*more = nil
	}
}

// A DynsetOp is one of NFT_DYNSET_OP_*.
type DynsetOp uint32

// Operations of [Dynset].
const (
	DynsetAdd    DynsetOp = 0 // NFT_DYNSET_OP_ADD
	DynsetUpdate DynsetOp = 1 // NFT_DYNSET_OP_UPDATE: also restarts the timeout
	DynsetDelete DynsetOp = 2 // NFT_DYNSET_OP_DELETE
)

// String is the kernel's name.
func (o DynsetOp) String() string { return enum(o, dynsetOpNames[:]) }

var dynsetOpNames = [...]string{"NFT_DYNSET_OP_ADD", "NFT_DYNSET_OP_UPDATE", "NFT_DYNSET_OP_DELETE"}

// DynsetFlags are NFT_DYNSET_F_*.
type DynsetFlags uint32

// String is the kernel's names.
func (f DynsetFlags) String() string { return nl.FlagNames(uint32(f), dynsetFlagsNames[:]) }

var dynsetFlagsNames = [...]nl.FlagName{{Bits: 1, Name: "NFT_DYNSET_F_INV"}, {Bits: 2, Name: "NFT_DYNSET_F_EXPR"}}
