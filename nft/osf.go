//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
)

// OSF loads the name of the system that sent a SYN packet, by its fingerprint, into Dreg. (NFTA_OSF_*)
type OSF struct {
	Dreg  Register
	TTL   uint8          // 0: as it is, 1: not compared with, 2: at least
	Flags nl.Opt[uint32] // 1, NFT_OSF_F_VERSION: with its version
}

// Name is the kernel's name of the expression.
func (*OSF) Name() string { return "osf" }

// Fields is the layout of NFTA_EXPR_DATA.
func (o *OSF) Fields(c *nl.Coder) {
	if c.Decoding() {
		*o = OSF{}
	}
	nl.BE32(c, attrOSFDreg, "NFTA_OSF_DREG", &o.Dreg)
	nl.ReqU8(c, attrOSFTtl, "NFTA_OSF_TTL", &o.TTL)
	nl.OptBE32(c, attrOSFFlags, "NFTA_OSF_FLAGS", &o.Flags)
}
