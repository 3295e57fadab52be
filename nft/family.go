//go:build linux

package nft

import (
	"fmt"
	"strconv"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// A Family is nfgen_family: the packets that a table sees. Each family has
// tables of its own. (NFPROTO_* of linux/netfilter.h)
type Family uint8

// The families of nf_tables.
const (
	Unspec Family = unix.NFPROTO_UNSPEC // of requests that mean all families
	Inet   Family = unix.NFPROTO_INET   // IPv4 and IPv6
	IPv4   Family = unix.NFPROTO_IPV4
	ARP    Family = unix.NFPROTO_ARP
	Netdev Family = unix.NFPROTO_NETDEV // one device's ingress and egress
	Bridge Family = unix.NFPROTO_BRIDGE
	IPv6   Family = unix.NFPROTO_IPV6
)

var families = [...]struct{ name, keyword string }{
	Unspec: {"NFPROTO_UNSPEC", "unspec"},
	Inet:   {"NFPROTO_INET", "inet"},
	IPv4:   {"NFPROTO_IPV4", "ip"},
	ARP:    {"NFPROTO_ARP", "arp"},
	Netdev: {"NFPROTO_NETDEV", "netdev"},
	Bridge: {"NFPROTO_BRIDGE", "bridge"},
	IPv6:   {"NFPROTO_IPV6", "ip6"},
}

// String is the kernel's name.
func (f Family) String() string {
	if int(f) < len(families) && families[f].name != "" {
		return families[f].name
	}
	return strconv.Itoa(int(f))
}

// Keyword is the word for the family in nft's language: "ip", "inet".
func (f Family) Keyword() string {
	if int(f) < len(families) && families[f].keyword != "" {
		return families[f].keyword
	}
	return "family " + strconv.Itoa(int(f))
}

// header is struct nfgenmsg of linux/netfilter/nfnetlink.h, which begins the
// messages of all netfilter families. In replies res_id holds the low half of
// the generation (see [Gen]); requests leave it 0.
func header(c *nl.Coder, family *Family, resID *uint16) {
	version := uint8(unix.NFNETLINK_V0)
	nl.M8(c, "nfgen_family", family)
	nl.M8(c, "version", &version)
	nl.MBE16(c, "res_id", resID)
}

// enum returns names[n], the kernel's name of a value, or n in digits.
func enum[T ~uint8 | ~uint32](n T, names []string) string {
	if uint64(n) < uint64(len(names)) && names[n] != "" {
		return names[n]
	}
	return fmt.Sprint(uint32(n))
}
