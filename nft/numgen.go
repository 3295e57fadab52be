//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Numgen loads a number below Modulus, plus Offset, into Dreg: the next one, or a random one. (NFTA_NG_*)
type Numgen struct {
	Dreg    Register
	Modulus uint32
	Type    NumgenType
	Offset  uint32
}

// Name is the kernel's name of the expression.
func (*Numgen) Name() string { return "numgen" }

// Fields is the layout of NFTA_EXPR_DATA.
func (n *Numgen) Fields(c *nl.Coder) {
	if c.Decoding() {
		*n = Numgen{}
	}
	nl.BE32(c, unix.NFTA_NG_DREG, "NFTA_NG_DREG", &n.Dreg)
	nl.ReqBE32(c, unix.NFTA_NG_MODULUS, "NFTA_NG_MODULUS", &n.Modulus)
	nl.ReqBE32(c, unix.NFTA_NG_TYPE, "NFTA_NG_TYPE", &n.Type)
	nl.ReqBE32(c, unix.NFTA_NG_OFFSET, "NFTA_NG_OFFSET", &n.Offset)
}

// A NumgenType is one of NFT_NG_*.
type NumgenType uint32

// String is the kernel's name.
func (k NumgenType) String() string { return enum(k, numgenTypeNames[:]) }

var numgenTypeNames = [...]string{
	"NFT_NG_INCREMENTAL", "NFT_NG_RANDOM",
}
