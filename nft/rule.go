//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// A Rule is a list of expressions, run for each packet until one of them says
// no or gives a verdict. (NFTA_RULE_* of linux/netfilter/nf_tables.h)
//
// A message that is decoded into a Rule overwrites the expressions that it has,
// and their bytes: where the kinds are the same, nothing is allocated.
type Rule struct {
	Family     Family
	ResID      uint16 // of a reply: the low half of the generation
	Table      string
	Chain      string
	ChainID    uint32 // in place of Chain: the [Chain.ID] of one of the same batch
	Handle     uint64 // the kernel's number for the rule
	Position   uint64 // the handle of the rule to put it before or behind; in dumps, of the one before it
	Exprs      []Expr
	Userdata   Userdata           // a comment, for one
	Compat     nl.Opt[RuleCompat] // for xtables matches; the kernel does not give it back
	ID         uint32             // names the rule to others of the same batch
	PositionID uint32             // in place of Position: the ID of a rule of the same batch
	Rest       []byte             // attributes that this package does not know
}

// Fields is the layout of NFT_MSG_NEWRULE.
func (r *Rule) Fields(c *nl.Coder) {
	if c.Decoding() {
		*r = Rule{Exprs: r.Exprs[:0], Userdata: r.Userdata}
	}
	header(c, &r.Family, &r.ResID)
	nl.Str(c, unix.NFTA_RULE_TABLE, "NFTA_RULE_TABLE", &r.Table)
	nl.Str(c, unix.NFTA_RULE_CHAIN, "NFTA_RULE_CHAIN", &r.Chain)
	nl.BE32(c, attrRuleChainID, "NFTA_RULE_CHAIN_ID", &r.ChainID)
	nl.BE64(c, unix.NFTA_RULE_HANDLE, "NFTA_RULE_HANDLE", &r.Handle)
	nl.BE64(c, unix.NFTA_RULE_POSITION, "NFTA_RULE_POSITION", &r.Position)
	if c.Nest(unix.NFTA_RULE_EXPRESSIONS, "NFTA_RULE_EXPRESSIONS") {
		nl.Elements(c, unix.NFTA_LIST_ELEM, "NFTA_LIST_ELEM", &r.Exprs, exprFields)
		c.End()
	} else if c.Decoding() {
		r.Exprs = nil
	}
	nl.Bytes(c, unix.NFTA_RULE_USERDATA, "NFTA_RULE_USERDATA", (*[]byte)(&r.Userdata))
	if nest(c, unix.NFTA_RULE_COMPAT, "NFTA_RULE_COMPAT", &r.Compat) {
		r.Compat.V.fields(c)
		c.EndEmpty()
	}
	nl.BE32(c, unix.NFTA_RULE_ID, "NFTA_RULE_ID", &r.ID)
	nl.BE32(c, attrRulePositionID, "NFTA_RULE_POSITION_ID", &r.PositionID)
	nl.Pad(c, unix.NFTA_RULE_PAD, "NFTA_RULE_PAD")
	c.Rest(&r.Rest)
}

// RuleCompat is what xtables matches and targets want to know of the rule
// around them. (NFTA_RULE_COMPAT_*)
type RuleCompat struct {
	Proto IPProto // the protocol that -p names
	Flags CompatFlags
}

func (r *RuleCompat) fields(c *nl.Coder) {
	nl.ReqBE32(c, unix.NFTA_RULE_COMPAT_PROTO, "NFTA_RULE_COMPAT_PROTO", &r.Proto)
	nl.ReqBE32(c, unix.NFTA_RULE_COMPAT_FLAGS, "NFTA_RULE_COMPAT_FLAGS", &r.Flags)
}

// CompatFlags are NFT_RULE_COMPAT_F_*.
type CompatFlags uint32

// CompatInverse says that the protocol is one that the rule excludes (! -p).
const CompatInverse CompatFlags = unix.NFT_RULE_COMPAT_F_INV

// String is the kernel's names.
func (f CompatFlags) String() string { return nl.FlagNames(uint32(f), compatFlagsNames[:]) }

var compatFlagsNames = [...]nl.FlagName{
	{Bits: 1, Name: "NFT_RULE_COMPAT_F_UNUSED"},
	{Bits: uint32(CompatInverse), Name: "NFT_RULE_COMPAT_F_INV"},
}

// An IPProto is a transport protocol's number, IPPROTO_* of linux/in.h.
type IPProto uint32

// String is the kernel's name.
func (p IPProto) String() string {
	switch p {
	case unix.IPPROTO_IP:
		return "IPPROTO_IP"
	case unix.IPPROTO_ICMP:
		return "IPPROTO_ICMP"
	case unix.IPPROTO_TCP:
		return "IPPROTO_TCP"
	case unix.IPPROTO_UDP:
		return "IPPROTO_UDP"
	case unix.IPPROTO_ICMPV6:
		return "IPPROTO_ICMPV6"
	case unix.IPPROTO_SCTP:
		return "IPPROTO_SCTP"
	}
	return enum(p, nil)
}
