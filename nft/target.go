//go:build linux

package nft

import (
	"errors"

	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Target runs a target of xtables: MASQUERADE, DNAT, REJECT. It is what
// iptables writes and reads, where the native [Masq], [NAT] and [Reject] make
// it refuse the whole table. It needs a kernel with nft_compat; see
// [Conn.Probe]. (NFTA_TARGET_* of linux/netfilter/nf_tables_compat.h)
type Target struct{ Info xt.Info }

// Name is the kernel's name of the expression.
func (*Target) Name() string { return "target" }

// Fields is the layout of NFTA_EXPR_DATA.
func (t *Target) Fields(c *nl.Coder) {
	if c.Decoding() {
		*t = Target{}
	}
	name, rev := identity(c, t.Info)
	nl.Str(c, unix.NFTA_TARGET_NAME, "NFTA_TARGET_NAME", &name)
	nl.ReqBE32(c, unix.NFTA_TARGET_REV, "NFTA_TARGET_REV", &rev)
	if c.Decoding() {
		t.Info = xt.New(xt.TargetKind, name, rev, 0)
	}
	if c.UnionStruct(unix.NFTA_TARGET_INFO, "NFTA_TARGET_INFO", "", t.Info != nil) {
		xt.Fields(c, xt.TargetKind, name, rev, &t.Info)
		c.EndEmpty()
	}
}

// Match runs a match of xtables: conntrack, comment. The protocols' own, tcp,
// udp and icmp, need [Rule.Compat]. (NFTA_MATCH_*)
type Match struct{ Info xt.Info }

// Name is the kernel's name of the expression.
func (*Match) Name() string { return "match" }

// Fields is the layout of NFTA_EXPR_DATA.
func (m *Match) Fields(c *nl.Coder) {
	if c.Decoding() {
		*m = Match{}
	}
	name, rev := identity(c, m.Info)
	nl.Str(c, unix.NFTA_MATCH_NAME, "NFTA_MATCH_NAME", &name)
	nl.ReqBE32(c, unix.NFTA_MATCH_REV, "NFTA_MATCH_REV", &rev)
	if c.Decoding() {
		m.Info = xt.New(xt.MatchKind, name, rev, 0)
	}
	if c.UnionStruct(unix.NFTA_MATCH_INFO, "NFTA_MATCH_INFO", "", m.Info != nil) {
		xt.Fields(c, xt.MatchKind, name, rev, &m.Info)
		c.EndEmpty()
	}
}

var errNoInfo = errors.New("nft: a target or match without its info")

// identity is the name and revision to encode.
func identity(c *nl.Coder, i xt.Info) (name string, rev uint32) {
	if i != nil {
		return i.Name(), i.Rev()
	}
	if c.Encoding() {
		c.Fail(errNoInfo)
	}
	return "", 0
}
