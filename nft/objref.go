//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Objref runs a named object: one by its name, or the one that a map has for
// Sreg. (NFTA_OBJREF_*)
type Objref struct {
	Type    ObjType
	Object  string // its name
	Sreg    Register
	SetName string
	SetID   uint32 // the [Set.ID] of one of the same batch
}

// Name is the kernel's name of the expression.
func (*Objref) Name() string { return "objref" }

// Fields is the layout of NFTA_EXPR_DATA.
func (o *Objref) Fields(c *nl.Coder) {
	if c.Decoding() {
		*o = Objref{}
	}
	nl.BE32(c, unix.NFTA_OBJREF_IMM_TYPE, "NFTA_OBJREF_IMM_TYPE", &o.Type)
	nl.Str(c, unix.NFTA_OBJREF_IMM_NAME, "NFTA_OBJREF_IMM_NAME", &o.Object)
	nl.BE32(c, unix.NFTA_OBJREF_SET_SREG, "NFTA_OBJREF_SET_SREG", &o.Sreg)
	nl.Str(c, unix.NFTA_OBJREF_SET_NAME, "NFTA_OBJREF_SET_NAME", &o.SetName)
	nl.BE32(c, unix.NFTA_OBJREF_SET_ID, "NFTA_OBJREF_SET_ID", &o.SetID)
}
