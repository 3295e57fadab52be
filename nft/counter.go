//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Counter counts the packets that reach it. Absent numbers begin at 0.
// (NFTA_COUNTER_*)
type Counter struct {
	Bytes   nl.Opt[uint64]
	Packets nl.Opt[uint64]
}

// Name is the kernel's name of the expression.
func (*Counter) Name() string { return "counter" }

// Fields is the layout of NFTA_EXPR_DATA.
func (n *Counter) Fields(c *nl.Coder) {
	if c.Decoding() {
		*n = Counter{}
	}
	nl.OptBE64(c, unix.NFTA_COUNTER_BYTES, "NFTA_COUNTER_BYTES", &n.Bytes)
	nl.OptBE64(c, unix.NFTA_COUNTER_PACKETS, "NFTA_COUNTER_PACKETS", &n.Packets)
	nl.Pad(c, unix.NFTA_COUNTER_PAD, "NFTA_COUNTER_PAD")
}
