//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
)

// Synproxy answers for a server until a connection is known to be meant. (NFTA_SYNPROXY_*)
type Synproxy struct {
	MSS    uint16
	Wscale uint8
	Flags  SynproxyFlags
}

// Name is the kernel's name of the expression.
func (*Synproxy) Name() string { return "synproxy" }

// Fields is the layout of NFTA_EXPR_DATA.
func (s *Synproxy) Fields(c *nl.Coder) {
	if c.Decoding() {
		*s = Synproxy{}
	}
	nl.BE16(c, attrSynproxyMss, "NFTA_SYNPROXY_MSS", &s.MSS)
	nl.ReqU8(c, attrSynproxyWscale, "NFTA_SYNPROXY_WSCALE", &s.Wscale)
	nl.ReqBE32(c, attrSynproxyFlags, "NFTA_SYNPROXY_FLAGS", &s.Flags)
}

// SynproxyFlags are NF_SYNPROXY_OPT_*.
type SynproxyFlags uint32

// String is the kernel's names.
func (f SynproxyFlags) String() string { return nl.FlagNames(uint32(f), synproxyFlagsNames[:]) }

var synproxyFlagsNames = [...]nl.FlagName{
	{Bits: 0x01, Name: "NF_SYNPROXY_OPT_MSS"},
	{Bits: 0x02, Name: "NF_SYNPROXY_OPT_WSCALE"},
	{Bits: 0x04, Name: "NF_SYNPROXY_OPT_SACK_PERM"},
	{Bits: 0x08, Name: "NF_SYNPROXY_OPT_TIMESTAMP"},
}
