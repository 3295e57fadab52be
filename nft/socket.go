//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
)

// Socket looks the packet's socket up and loads what is known of it into Dreg. (NFTA_SOCKET_*)
type Socket struct {
	Key   SocketKey
	Dreg  Register
	Level nl.Opt[uint32] // of the control group
}

// Name is the kernel's name of the expression.
func (*Socket) Name() string { return "socket" }

// Fields is the layout of NFTA_EXPR_DATA.
func (s *Socket) Fields(c *nl.Coder) {
	if c.Decoding() {
		*s = Socket{}
	}
	nl.ReqBE32(c, attrSocketKey, "NFTA_SOCKET_KEY", &s.Key)
	nl.BE32(c, attrSocketDreg, "NFTA_SOCKET_DREG", &s.Dreg)
	nl.OptBE32(c, attrSocketLevel, "NFTA_SOCKET_LEVEL", &s.Level)
}

// A SocketKey is one of NFT_SOCKET_*.
type SocketKey uint32

// String is the kernel's name.
func (k SocketKey) String() string { return enum(k, socketKeyNames[:]) }

var socketKeyNames = [...]string{
	"NFT_SOCKET_TRANSPARENT", "NFT_SOCKET_MARK", "NFT_SOCKET_WILDCARD", "NFT_SOCKET_CGROUPV2",
}
