//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
)

// Tunnel loads what is known of the tunnel that the packet came through into Dreg. (NFTA_TUNNEL_*)
type Tunnel struct {
	Key  TunnelKey
	Dreg Register
}

// Name is the kernel's name of the expression.
func (*Tunnel) Name() string { return "tunnel" }

// Fields is the layout of NFTA_EXPR_DATA.
func (t *Tunnel) Fields(c *nl.Coder) {
	if c.Decoding() {
		*t = Tunnel{}
	}
	nl.ReqBE32(c, attrTunnelKey, "NFTA_TUNNEL_KEY", &t.Key)
	nl.BE32(c, attrTunnelDreg, "NFTA_TUNNEL_DREG", &t.Dreg)
}

// A TunnelKey is one of NFT_TUNNEL_*.
type TunnelKey uint32

// String is the kernel's name.
func (k TunnelKey) String() string { return enum(k, tunnelKeyNames[:]) }

var tunnelKeyNames = [...]string{
	"NFT_TUNNEL_PATH", "NFT_TUNNEL_ID",
}
