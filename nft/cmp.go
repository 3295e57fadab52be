//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Cmp goes on with the rule only if the register compares so with Data, byte
// by byte: for less and greater both are in network order. (NFTA_CMP_*)
type Cmp struct {
	Sreg Register
	Op   CmpOp
	Data []byte
}

// Name is the kernel's name of the expression.
func (*Cmp) Name() string { return "cmp" }

// Fields is the layout of NFTA_EXPR_DATA.
func (m *Cmp) Fields(c *nl.Coder) {
	if c.Decoding() {
		*m = Cmp{Data: m.Data}
	}
	nl.BE32(c, unix.NFTA_CMP_SREG, "NFTA_CMP_SREG", &m.Sreg)
	nl.ReqBE32(c, unix.NFTA_CMP_OP, "NFTA_CMP_OP", &m.Op)
	value(c, unix.NFTA_CMP_DATA, "NFTA_CMP_DATA", &m.Data)
}

// A CmpOp is one of NFT_CMP_*.
type CmpOp uint32

// Operations of [Cmp].
const (
	Eq  CmpOp = unix.NFT_CMP_EQ
	Neq CmpOp = unix.NFT_CMP_NEQ
	Lt  CmpOp = unix.NFT_CMP_LT
	Lte CmpOp = unix.NFT_CMP_LTE
	Gt  CmpOp = unix.NFT_CMP_GT
	Gte CmpOp = unix.NFT_CMP_GTE
)

// String is the kernel's name.
func (o CmpOp) String() string { return enum(o, cmpOpNames[:]) }

var cmpOpNames = [...]string{"NFT_CMP_EQ", "NFT_CMP_NEQ", "NFT_CMP_LT", "NFT_CMP_LTE", "NFT_CMP_GT", "NFT_CMP_GTE"}

// IfName is a device's name to compare with, NUL included; a name that ends in
// "+" stands for all that begin so, as in iptables.
func IfName(name string) []byte {
	if n := len(name); n > 0 && name[n-1] == '+' {
		return []byte(name[:n-1])
	}
	return append([]byte(name), 0)
}
