//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Reject drops the packet and tells its sender. (NFTA_REJECT_*)
type Reject struct {
	Type RejectType
	Code nl.Opt[uint8] // of ICMP, ICMPv6 or ICMPX; absent with TCPReset
}

// Name is the kernel's name of the expression.
func (*Reject) Name() string { return "reject" }

// Fields is the layout of NFTA_EXPR_DATA.
func (r *Reject) Fields(c *nl.Coder) {
	if c.Decoding() {
		*r = Reject{}
	}
	nl.ReqBE32(c, unix.NFTA_REJECT_TYPE, "NFTA_REJECT_TYPE", &r.Type)
	nl.OptU8(c, unix.NFTA_REJECT_ICMP_CODE, "NFTA_REJECT_ICMP_CODE", &r.Code)
}

// A RejectType is one of NFT_REJECT_*.
type RejectType uint32

// Types of [Reject].
const (
	RejectICMP     RejectType = unix.NFT_REJECT_ICMP_UNREACH // ICMP or ICMPv6, by the table's family
	RejectTCPReset RejectType = unix.NFT_REJECT_TCP_RST
	RejectICMPX    RejectType = unix.NFT_REJECT_ICMPX_UNREACH // either, by the packet: inet and bridge
)

// String is the kernel's name.
func (t RejectType) String() string { return enum(t, rejectTypeNames[:]) }

var rejectTypeNames = [...]string{"NFT_REJECT_ICMP_UNREACH", "NFT_REJECT_TCP_RST", "NFT_REJECT_ICMPX_UNREACH"}
