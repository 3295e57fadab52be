//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Fwd sends the packet out of a device, in the netdev family. (NFTA_FWD_*)
type Fwd struct {
	SregDev  Register
	SregAddr Register
	NFProto  NATFamily // of the address
}

// Name is the kernel's name of the expression.
func (*Fwd) Name() string { return "fwd" }

// Fields is the layout of NFTA_EXPR_DATA.
func (f *Fwd) Fields(c *nl.Coder) {
	if c.Decoding() {
		*f = Fwd{}
	}
	nl.BE32(c, unix.NFTA_FWD_SREG_DEV, "NFTA_FWD_SREG_DEV", &f.SregDev)
	nl.BE32(c, attrFwdSregAddr, "NFTA_FWD_SREG_ADDR", &f.SregAddr)
	nl.BE32(c, attrFwdNfproto, "NFTA_FWD_NFPROTO", &f.NFProto)
}
