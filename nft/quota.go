//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Quota goes on with the rule until so many bytes have passed. (NFTA_QUOTA_*)
type Quota struct {
	Bytes    uint64
	Flags    QuotaFlags
	Consumed uint64
}

// Name is the kernel's name of the expression.
func (*Quota) Name() string { return "quota" }

// Fields is the layout of NFTA_EXPR_DATA.
func (q *Quota) Fields(c *nl.Coder) {
	if c.Decoding() {
		*q = Quota{}
	}
	nl.ReqBE64(c, unix.NFTA_QUOTA_BYTES, "NFTA_QUOTA_BYTES", &q.Bytes)
	nl.ReqBE32(c, unix.NFTA_QUOTA_FLAGS, "NFTA_QUOTA_FLAGS", &q.Flags)
	nl.BE64(c, unix.NFTA_QUOTA_CONSUMED, "NFTA_QUOTA_CONSUMED", &q.Consumed)
	nl.Pad(c, unix.NFTA_QUOTA_PAD, "NFTA_QUOTA_PAD")
}

// QuotaFlags are NFT_QUOTA_F_*.
type QuotaFlags uint32

// String is the kernel's names.
func (f QuotaFlags) String() string { return nl.FlagNames(uint32(f), quotaFlagsNames[:]) }

var quotaFlagsNames = [...]nl.FlagName{
	{Bits: unix.NFT_QUOTA_F_INV, Name: "NFT_QUOTA_F_INV"}, {Bits: unix.NFT_QUOTA_F_DEPLETED, Name: "NFT_QUOTA_F_DEPLETED"},
}

// Connlimit goes on with the rule up to so many connections.
// (NFTA_CONNLIMIT_*)
type Connlimit struct {
	Count uint32
	Flags uint32 // 1, NFT_CONNLIMIT_F_INV: go on above it
}

// Name is the kernel's name of the expression.
func (*Connlimit) Name() string { return "connlimit" }

// Fields is the layout of NFTA_EXPR_DATA.
func (l *Connlimit) Fields(c *nl.Coder) {
	if c.Decoding() {
		*l = Connlimit{}
	}
	nl.ReqBE32(c, attrConnlimitCount, "NFTA_CONNLIMIT_COUNT", &l.Count)
	nl.ReqBE32(c, attrConnlimitFlags, "NFTA_CONNLIMIT_FLAGS", &l.Flags)
}

// Last notes when a packet last reached it. (NFTA_LAST_*)
type Last struct {
	Set   nl.Opt[uint32] // 1 if there was one
	Msecs nl.Opt[uint64] // how long ago, in milliseconds
}

// Name is the kernel's name of the expression.
func (*Last) Name() string { return "last" }

// Fields is the layout of NFTA_EXPR_DATA.
func (l *Last) Fields(c *nl.Coder) {
	if c.Decoding() {
		*l = Last{}
	}
	nl.OptBE32(c, attrLastSet, "NFTA_LAST_SET", &l.Set)
	nl.OptBE64(c, attrLastMsecs, "NFTA_LAST_MSECS", &l.Msecs)
	nl.Pad(c, attrLastPad, "NFTA_LAST_PAD")
}
