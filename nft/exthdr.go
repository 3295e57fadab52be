//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Exthdr loads a field of an extension header of IPv6, of an option of TCP or IPv4, or of an SCTP
// chunk into Dreg, or whether it is there; with Sreg it writes it. (NFTA_EXTHDR_*)
type Exthdr struct {
	Dreg   Register
	Type   uint8  // number of the header or option
	Offset uint32 // in bytes, from its beginning
	Len    uint32 // in bytes
	Flags  ExthdrFlags
	Op     ExthdrOp
	Sreg   Register
}

// Name is the kernel's name of the expression.
func (*Exthdr) Name() string { return "exthdr" }

// Fields is the layout of NFTA_EXPR_DATA.
func (e *Exthdr) Fields(c *nl.Coder) {
	if c.Decoding() {
		*e = Exthdr{}
	}
	nl.BE32(c, unix.NFTA_EXTHDR_DREG, "NFTA_EXTHDR_DREG", &e.Dreg)
	nl.ReqU8(c, unix.NFTA_EXTHDR_TYPE, "NFTA_EXTHDR_TYPE", &e.Type)
	nl.ReqBE32(c, unix.NFTA_EXTHDR_OFFSET, "NFTA_EXTHDR_OFFSET", &e.Offset)
	nl.ReqBE32(c, unix.NFTA_EXTHDR_LEN, "NFTA_EXTHDR_LEN", &e.Len)
	nl.BE32(c, unix.NFTA_EXTHDR_FLAGS, "NFTA_EXTHDR_FLAGS", &e.Flags)
	nl.BE32(c, unix.NFTA_EXTHDR_OP, "NFTA_EXTHDR_OP", &e.Op)
	nl.BE32(c, unix.NFTA_EXTHDR_SREG, "NFTA_EXTHDR_SREG", &e.Sreg)
}

// ExthdrFlags are NFT_EXTHDR_F_*.
type ExthdrFlags uint32

// ExthdrPresent loads whether it is there.
const ExthdrPresent ExthdrFlags = 1 // NFT_EXTHDR_F_PRESENT

// String is the kernel's names.
func (f ExthdrFlags) String() string { return nl.FlagNames(uint32(f), exthdrFlagsNames[:]) }

var exthdrFlagsNames = [...]nl.FlagName{
	{Bits: uint32(ExthdrPresent), Name: "NFT_EXTHDR_F_PRESENT"},
}

// A ExthdrOp is one of NFT_EXTHDR_OP_*.
type ExthdrOp uint32

// String is the kernel's name.
func (k ExthdrOp) String() string { return enum(k, exthdrOpNames[:]) }

var exthdrOpNames = [...]string{
	"NFT_EXTHDR_OP_IPV6", "NFT_EXTHDR_OP_TCPOPT", "NFT_EXTHDR_OP_IPV4", "NFT_EXTHDR_OP_SCTP", "NFT_EXTHDR_OP_DCCP",
}
