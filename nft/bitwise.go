//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Bitwise computes Dreg = (Sreg & Mask) ^ Xor, or shifts. (NFTA_BITWISE_*)
type Bitwise struct {
	Sreg, Dreg Register
	Op         nl.Opt[BitwiseOp] // absent is NFT_BITWISE_MASK_XOR, and all that iptables reads
	Len        uint32            // in bytes
	Mask, Xor  []byte
	Data       []byte   // of a shift: how far, u32 in host order
	Sreg2      Register // of and, or, xor with a second register (Linux 6.13)
}

// Name is the kernel's name of the expression.
func (*Bitwise) Name() string { return "bitwise" }

// Fields is the layout of NFTA_EXPR_DATA.
func (b *Bitwise) Fields(c *nl.Coder) {
	if c.Decoding() {
		*b = Bitwise{Mask: b.Mask, Xor: b.Xor, Data: b.Data}
	}
	nl.BE32(c, unix.NFTA_BITWISE_SREG, "NFTA_BITWISE_SREG", &b.Sreg)
	nl.BE32(c, unix.NFTA_BITWISE_DREG, "NFTA_BITWISE_DREG", &b.Dreg)
	nl.OptBE32(c, attrBitwiseOp, "NFTA_BITWISE_OP", &b.Op)
	nl.BE32(c, unix.NFTA_BITWISE_LEN, "NFTA_BITWISE_LEN", &b.Len)
	value(c, unix.NFTA_BITWISE_MASK, "NFTA_BITWISE_MASK", &b.Mask)
	value(c, unix.NFTA_BITWISE_XOR, "NFTA_BITWISE_XOR", &b.Xor)
	value(c, attrBitwiseData, "NFTA_BITWISE_DATA", &b.Data)
	nl.BE32(c, attrBitwiseSreg2, "NFTA_BITWISE_SREG2", &b.Sreg2)
}

// A BitwiseOp is one of NFT_BITWISE_*.
type BitwiseOp uint32

// String is the kernel's name.
func (o BitwiseOp) String() string { return enum(o, bitwiseOpNames[:]) }

var bitwiseOpNames = [...]string{
	"NFT_BITWISE_MASK_XOR", "NFT_BITWISE_LSHIFT", "NFT_BITWISE_RSHIFT",
	"NFT_BITWISE_AND", "NFT_BITWISE_OR", "NFT_BITWISE_XOR",
}
