//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Rt loads what the routing decision says into Dreg. (NFTA_RT_*)
type Rt struct {
	Dreg Register
	Key  RtKey
}

// Name is the kernel's name of the expression.
func (*Rt) Name() string { return "rt" }

// Fields is the layout of NFTA_EXPR_DATA.
func (r *Rt) Fields(c *nl.Coder) {
	if c.Decoding() {
		*r = Rt{}
	}
	nl.BE32(c, unix.NFTA_RT_DREG, "NFTA_RT_DREG", &r.Dreg)
	nl.ReqBE32(c, unix.NFTA_RT_KEY, "NFTA_RT_KEY", &r.Key)
}

// A RtKey is one of NFT_RT_*.
type RtKey uint32

// String is the kernel's name.
func (k RtKey) String() string { return enum(k, rtKeyNames[:]) }

var rtKeyNames = [...]string{
	"NFT_RT_CLASSID", "NFT_RT_NEXTHOP4", "NFT_RT_NEXTHOP6", "NFT_RT_TCPMSS", "NFT_RT_XFRM",
}
