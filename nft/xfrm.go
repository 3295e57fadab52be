//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
)

// Xfrm loads what IPsec did or will do with the packet into Dreg. (NFTA_XFRM_*)
type Xfrm struct {
	Dreg  Register
	Key   XfrmKey
	Dir   uint8  // XFRM_POLICY_IN 0 or XFRM_POLICY_OUT 1
	Spnum uint32 // which of several transformations
}

// Name is the kernel's name of the expression.
func (*Xfrm) Name() string { return "xfrm" }

// Fields is the layout of NFTA_EXPR_DATA.
func (x *Xfrm) Fields(c *nl.Coder) {
	if c.Decoding() {
		*x = Xfrm{}
	}
	nl.BE32(c, attrXfrmDreg, "NFTA_XFRM_DREG", &x.Dreg)
	nl.ReqBE32(c, attrXfrmKey, "NFTA_XFRM_KEY", &x.Key)
	nl.ReqU8(c, attrXfrmDir, "NFTA_XFRM_DIR", &x.Dir)
	nl.ReqBE32(c, attrXfrmSpnum, "NFTA_XFRM_SPNUM", &x.Spnum)
}

// A XfrmKey is one of NFT_XFRM_KEY_*.
type XfrmKey uint32

// String is the kernel's name.
func (k XfrmKey) String() string { return enum(k, xfrmKeyNames[:]) }

var xfrmKeyNames = [...]string{
	"NFT_XFRM_KEY_UNSPEC", "NFT_XFRM_KEY_DADDR_IP4", "NFT_XFRM_KEY_DADDR_IP6", "NFT_XFRM_KEY_SADDR_IP4", "NFT_XFRM_KEY_SADDR_IP6", "NFT_XFRM_KEY_REQID", "NFT_XFRM_KEY_SPI",
}
