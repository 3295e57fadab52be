//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
)

// TProxy gives the packet to a socket of this host without changing it. (NFTA_TPROXY_*)
type TProxy struct {
	Family  NATFamily
	RegAddr Register
	RegPort Register
}

// Name is the kernel's name of the expression.
func (*TProxy) Name() string { return "tproxy" }

// Fields is the layout of NFTA_EXPR_DATA.
func (t *TProxy) Fields(c *nl.Coder) {
	if c.Decoding() {
		*t = TProxy{}
	}
	nl.ReqBE32(c, attrTProxyFamily, "NFTA_TPROXY_FAMILY", &t.Family) // 0 is either
	nl.BE32(c, attrTProxyRegAddr, "NFTA_TPROXY_REG_ADDR", &t.RegAddr)
	nl.BE32(c, attrTProxyRegPort, "NFTA_TPROXY_REG_PORT", &t.RegPort)
}
