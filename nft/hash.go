//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Hash loads a hash of Sreg (Jenkins), or of the connection (symmetric), below Modulus, plus Offset, into Dreg. (NFTA_HASH_*)
type Hash struct {
	Sreg    Register
	Dreg    Register
	Len     uint32 // of what is hashed, in bytes
	Modulus uint32
	Seed    nl.Opt[uint32]
	Offset  uint32
	Type    HashType
}

// Name is the kernel's name of the expression.
func (*Hash) Name() string { return "hash" }

// Fields is the layout of NFTA_EXPR_DATA.
func (h *Hash) Fields(c *nl.Coder) {
	if c.Decoding() {
		*h = Hash{}
	}
	nl.BE32(c, unix.NFTA_HASH_SREG, "NFTA_HASH_SREG", &h.Sreg)
	nl.BE32(c, unix.NFTA_HASH_DREG, "NFTA_HASH_DREG", &h.Dreg)
	nl.BE32(c, unix.NFTA_HASH_LEN, "NFTA_HASH_LEN", &h.Len)
	nl.ReqBE32(c, unix.NFTA_HASH_MODULUS, "NFTA_HASH_MODULUS", &h.Modulus)
	nl.OptBE32(c, unix.NFTA_HASH_SEED, "NFTA_HASH_SEED", &h.Seed)
	nl.BE32(c, unix.NFTA_HASH_OFFSET, "NFTA_HASH_OFFSET", &h.Offset)
	nl.ReqBE32(c, unix.NFTA_HASH_TYPE, "NFTA_HASH_TYPE", &h.Type)
}

// A HashType is one of NFT_HASH_*.
type HashType uint32

// String is the kernel's name.
func (k HashType) String() string { return enum(k, hashTypeNames[:]) }

var hashTypeNames = [...]string{
	"NFT_HASH_JENKINS", "NFT_HASH_SYM",
}
