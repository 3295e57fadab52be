//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Dup sends a copy of the packet to an address, or out of a device. (NFTA_DUP_*)
type Dup struct {
	SregAddr Register
	SregDev  Register
}

// Name is the kernel's name of the expression.
func (*Dup) Name() string { return "dup" }

// Fields is the layout of NFTA_EXPR_DATA.
func (d *Dup) Fields(c *nl.Coder) {
	if c.Decoding() {
		*d = Dup{}
	}
	nl.BE32(c, unix.NFTA_DUP_SREG_ADDR, "NFTA_DUP_SREG_ADDR", &d.SregAddr)
	nl.BE32(c, unix.NFTA_DUP_SREG_DEV, "NFTA_DUP_SREG_DEV", &d.SregDev)
}
