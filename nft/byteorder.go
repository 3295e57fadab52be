//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Byteorder turns the bytes of integers in a register around.
// (NFTA_BYTEORDER_*)
type Byteorder struct {
	Sreg, Dreg Register
	Op         ByteorderOp
	Len        uint32 // of the data, in bytes
	Size       uint32 // of each integer in it, in bytes
}

// Name is the kernel's name of the expression.
func (*Byteorder) Name() string { return "byteorder" }

// Fields is the layout of NFTA_EXPR_DATA.
func (b *Byteorder) Fields(c *nl.Coder) {
	if c.Decoding() {
		*b = Byteorder{}
	}
	nl.BE32(c, unix.NFTA_BYTEORDER_SREG, "NFTA_BYTEORDER_SREG", &b.Sreg)
	nl.BE32(c, unix.NFTA_BYTEORDER_DREG, "NFTA_BYTEORDER_DREG", &b.Dreg)
	nl.ReqBE32(c, unix.NFTA_BYTEORDER_OP, "NFTA_BYTEORDER_OP", &b.Op)
	nl.BE32(c, unix.NFTA_BYTEORDER_LEN, "NFTA_BYTEORDER_LEN", &b.Len)
	nl.BE32(c, unix.NFTA_BYTEORDER_SIZE, "NFTA_BYTEORDER_SIZE", &b.Size)
}

// A ByteorderOp is one of NFT_BYTEORDER_*.
type ByteorderOp uint32

// String is the kernel's name.
func (o ByteorderOp) String() string { return enum(o, byteorderOpNames[:]) }

var byteorderOpNames = [...]string{"NFT_BYTEORDER_NTOH", "NFT_BYTEORDER_HTON"}
