//go:build linux

package xt

import (
	"fmt"

	"github.com/minins/minins/nl"
)

// Reject is the info of the target REJECT, revision 0: struct ipt_reject_info
// of linux/netfilter_ipv4/ipt_REJECT.h, and struct ip6t_reject_info of
// linux/netfilter_ipv6/ip6t_REJECT.h, which look the same.
type Reject struct{ With RejectWith }

const rejectSize = 4

// Name is the kernel's name of the target.
func (*Reject) Name() string { return "REJECT" }

// Rev is the revision.
func (*Reject) Rev() uint32 { return 0 }

// Fields is the layout of the info.
func (r *Reject) Fields(c *nl.Coder) {
	nl.M32(c, "with", &r.With)
	pad(c, rejectSize)
}

// RejectWith is what the sender is told: for a table of IPv4 one of
// IPT_ICMP_*, for one of IPv6 one of IP6T_ICMP6_*.
type RejectWith uint32

// Answers of IPv4, enum ipt_reject_with. (4 is no longer in use.)
const (
	ICMPNetUnreachable   RejectWith = 0
	ICMPHostUnreachable  RejectWith = 1
	ICMPProtoUnreachable RejectWith = 2
	ICMPPortUnreachable  RejectWith = 3
	ICMPNetProhibited    RejectWith = 5
	ICMPHostProhibited   RejectWith = 6
	TCPReset             RejectWith = 7
	ICMPAdminProhibited  RejectWith = 8
)

// Answers of IPv6, enum ip6t_reject_with. (5 is no longer in use.)
const (
	ICMP6NoRoute         RejectWith = 0
	ICMP6AdmProhibited   RejectWith = 1
	ICMP6NotNeighbour    RejectWith = 2
	ICMP6AddrUnreachable RejectWith = 3
	ICMP6PortUnreachable RejectWith = 4
	TCPReset6            RejectWith = 6
	ICMP6PolicyFail      RejectWith = 7
	ICMP6RejectRoute     RejectWith = 8
)

var rejectNames = [...][2]string{
	{"IPT_ICMP_NET_UNREACHABLE", "IP6T_ICMP6_NO_ROUTE"},
	{"IPT_ICMP_HOST_UNREACHABLE", "IP6T_ICMP6_ADM_PROHIBITED"},
	{"IPT_ICMP_PROT_UNREACHABLE", "IP6T_ICMP6_NOT_NEIGHBOUR"},
	{"IPT_ICMP_PORT_UNREACHABLE", "IP6T_ICMP6_ADDR_UNREACH"},
	{"IPT_ICMP_ECHOREPLY", "IP6T_ICMP6_PORT_UNREACH"},
	{"IPT_ICMP_NET_PROHIBITED", "IP6T_ICMP6_ECHOREPLY"},
	{"IPT_ICMP_HOST_PROHIBITED", "IP6T_TCP_RESET"},
	{"IPT_TCP_RESET", "IP6T_ICMP6_POLICY_FAIL"},
	{"IPT_ICMP_ADMIN_PROHIBITED", "IP6T_ICMP6_REJECT_ROUTE"},
}

// String is the kernel's name in a table of IPv4, and the one in IPv6.
func (w RejectWith) String() string {
	if int64(w) >= int64(len(rejectNames)) {
		return fmt.Sprint(uint32(w))
	}
	return rejectNames[w][0] + " (of IPv6: " + rejectNames[w][1] + ")"
}
