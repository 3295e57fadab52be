//go:build linux

package nft

import (
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// NATFlags are NF_NAT_RANGE_* of linux/netfilter/nf_nat.h.
type NATFlags = xt.NATFlags

// Flags of NAT; those that say which of the numbers are given are the
// kernel's to set for native expressions, the sender's for [xt.NAT].
const (
	NATMapIPs      = xt.NATMapIPs
	NATProto       = xt.NATProto
	NATRandom      = xt.NATRandom
	NATPersistent  = xt.NATPersistent
	NATRandomFully = xt.NATRandomFully
	NATNetmap      = xt.NATNetmap
)

// Masq is source NAT to the address of the output device, in a nat chain at
// the postrouting hook. (NFTA_MASQ_*)
type Masq struct {
	Flags   NATFlags
	PortMin Register // holds the first port to use, be16
	PortMax Register // holds the last
}

// Name is the kernel's name of the expression.
func (*Masq) Name() string { return "masq" }

// Fields is the layout of NFTA_EXPR_DATA.
func (m *Masq) Fields(c *nl.Coder) {
	if c.Decoding() {
		*m = Masq{}
	}
	nl.BE32(c, unix.NFTA_MASQ_FLAGS, "NFTA_MASQ_FLAGS", &m.Flags)
	nl.BE32(c, unix.NFTA_MASQ_REG_PROTO_MIN, "NFTA_MASQ_REG_PROTO_MIN", &m.PortMin)
	nl.BE32(c, unix.NFTA_MASQ_REG_PROTO_MAX, "NFTA_MASQ_REG_PROTO_MAX", &m.PortMax)
}

// NAT translates the source (postrouting, input) or the destination
// (prerouting, output) to what the registers hold. (NFTA_NAT_*)
type NAT struct {
	Type             NATType
	Family           NATFamily // of the addresses
	AddrMin, AddrMax Register  // hold addresses
	PortMin, PortMax Register  // hold ports, be16
	Flags            NATFlags
}

// Name is the kernel's name of the expression.
func (*NAT) Name() string { return "nat" }

// Fields is the layout of NFTA_EXPR_DATA.
func (n *NAT) Fields(c *nl.Coder) {
	if c.Decoding() {
		*n = NAT{}
	}
	nl.ReqBE32(c, unix.NFTA_NAT_TYPE, "NFTA_NAT_TYPE", &n.Type)
	nl.BE32(c, unix.NFTA_NAT_FAMILY, "NFTA_NAT_FAMILY", &n.Family)
	nl.BE32(c, unix.NFTA_NAT_REG_ADDR_MIN, "NFTA_NAT_REG_ADDR_MIN", &n.AddrMin)
	nl.BE32(c, unix.NFTA_NAT_REG_ADDR_MAX, "NFTA_NAT_REG_ADDR_MAX", &n.AddrMax)
	nl.BE32(c, unix.NFTA_NAT_REG_PROTO_MIN, "NFTA_NAT_REG_PROTO_MIN", &n.PortMin)
	nl.BE32(c, unix.NFTA_NAT_REG_PROTO_MAX, "NFTA_NAT_REG_PROTO_MAX", &n.PortMax)
	nl.BE32(c, unix.NFTA_NAT_FLAGS, "NFTA_NAT_FLAGS", &n.Flags)
}

// A NATType is one of NFT_NAT_*.
type NATType uint32

// Types of [NAT].
const (
	SNAT NATType = unix.NFT_NAT_SNAT
	DNAT NATType = unix.NFT_NAT_DNAT
)

// String is the kernel's name.
func (t NATType) String() string { return enum(t, natTypeNames[:]) }

var natTypeNames = [...]string{"NFT_NAT_SNAT", "NFT_NAT_DNAT"}

// A NATFamily is a [Family] in the four bytes that nat has for it.
type NATFamily uint32

// String is the kernel's name.
func (f NATFamily) String() string { return Family(f).String() }

// Redir is destination NAT to this host: to the address of the input device,
// and to the ports that the registers hold. (NFTA_REDIR_*)
type Redir struct {
	PortMin, PortMax Register // hold ports, be16
	Flags            NATFlags
}

// Name is the kernel's name of the expression.
func (*Redir) Name() string { return "redir" }

// Fields is the layout of NFTA_EXPR_DATA.
func (r *Redir) Fields(c *nl.Coder) {
	if c.Decoding() {
		*r = Redir{}
	}
	nl.BE32(c, unix.NFTA_REDIR_REG_PROTO_MIN, "NFTA_REDIR_REG_PROTO_MIN", &r.PortMin)
	nl.BE32(c, unix.NFTA_REDIR_REG_PROTO_MAX, "NFTA_REDIR_REG_PROTO_MAX", &r.PortMax)
	nl.BE32(c, unix.NFTA_REDIR_FLAGS, "NFTA_REDIR_FLAGS", &r.Flags)
}
