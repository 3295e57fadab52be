//go:build linux

package iptables

import (
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/internal/resolve"
	"github.com/minins/minins/internal/ntop"
)

// naming turns numbers into names for -L, or leaves them with -n.
type naming struct {
	numeric  bool
	services []resolve.Known
	hosts    map[netip.Addr]string // those that were looked up
}

func newNaming(numeric bool) *naming {
	n := &naming{numeric: numeric, hosts: map[netip.Addr]string{}}
	if !numeric {
		n.services = resolve.Services()
	}
	return n
}

// port is a port's name among the services of protocol proto ("tcp").
func (n *naming) port(p uint16, proto string) string {
	for _, s := range n.services {
		if s.Port == p && s.Proto == proto {
			return s.Name
		}
	}
	return strconv.Itoa(int(p))
}

// addr is a host's or a network's name. Only the files in /etc are asked: a
// listing that waits for name servers helps nobody.
func (n *naming) addr(a netip.Addr) string {
	if n.numeric {
		return ntop.Text(a)
	}
	name, ok := n.hosts[a]
	if !ok {
		if name, ok = (resolve.Resolver{Hosts: "/etc/hosts"}).LookupAddr(a); !ok {
			if name, ok = netName(a); !ok {
				name = ntop.Text(a)
			}
		}
		n.hosts[a] = name
	}
	return name
}

// network is an address with its mask as -L prints it.
func (n *naming) network(w *network, zero netip.Addr) string {
	if !w.given() {
		if n.numeric {
			return zero.String() + "/0"
		}
		return "anywhere"
	}
	bits, ok := w.ones()
	switch {
	case !ok:
		return n.addr(w.addr) + "/" + w.mask.String()
	case bits == w.addr.BitLen():
		return n.addr(w.addr)
	}
	return n.addr(w.addr) + "/" + strconv.Itoa(bits)
}

// number reads an unsigned number in C's notations: 80, 0x50, 0120.
func number(s string, bits int) (uint64, error) {
	if strings.ContainsAny(s, "_bBoO") && !strings.HasPrefix(strings.ToLower(s), "0x") {
		return 0, strconv.ErrSyntax // Go's own notations
	}
	return strconv.ParseUint(s, 0, bits)
}

// parsePort reads a port by number or name; proto "" is any protocol.
func parsePort(s, proto string) (uint16, bool) {
	if n, err := number(s, 16); err == nil {
		return uint16(n), true
	}
	return resolve.Service(s, proto)
}

// netName finds a network in /etc/networks ("loopback 127.0.0.0").
func netName(a netip.Addr) (string, bool) {
	if !a.Is4() {
		return "", false
	}
	text, err := os.ReadFile("/etc/networks")
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		if words := strings.Fields(line); len(words) >= 2 {
			if b, err := netip.ParseAddr(words[1]); err == nil && a == b {
				return words[0], true
			}
		}
	}
	return "", false
}

// protocols are the names of /etc/protocols, in their order there: the first
// name of a number is the one to print.
var protocols = []struct {
	name string
	num  uint8
}{
	{"all", 0}, {"ip", 0}, {"icmp", 1}, {"igmp", 2}, {"ggp", 3}, {"ipencap", 4}, {"st", 5}, {"tcp", 6}, {"egp", 8}, {"igp", 9},
	{"pup", 12}, {"udp", 17}, {"hmp", 20}, {"xns-idp", 22}, {"rdp", 27}, {"iso-tp4", 29}, {"dccp", 33}, {"xtp", 36},
	{"ddp", 37}, {"idpr-cmtp", 38}, {"ipv6", 41}, {"ipv6-route", 43}, {"ipv6-frag", 44}, {"idrp", 45}, {"rsvp", 46},
	{"gre", 47}, {"esp", 50}, {"ipv6-crypt", 50}, {"ah", 51}, {"ipv6-auth", 51}, {"skip", 57}, {"ipv6-icmp", 58}, {"icmpv6", 58}, {"icmp6", 58},
	{"ipv6-nonxt", 59}, {"ipv6-opts", 60}, {"rspf", 73}, {"vmtp", 81}, {"eigrp", 88}, {"ospf", 89}, {"ospfigp", 89},
	{"ax.25", 93}, {"ipip", 94}, {"etherip", 97}, {"encap", 98}, {"pim", 103}, {"ipcomp", 108}, {"vrrp", 112},
	{"l2tp", 115}, {"isis", 124}, {"sctp", 132}, {"fc", 133}, {"mobility-header", 135}, {"ipv6-mh", 135}, {"mh", 135}, {"udplite", 136},
	{"mpls-in-ip", 137}, {"manet", 138}, {"hip", 139}, {"shim6", 140}, {"wesp", 141}, {"rohc", 142}, {"ethernet", 143},
}

// parseProtocol reads a protocol by number, in any of C's bases, or name.
func parseProtocol(s string) (uint8, bool) {
	if s != "" && s[0] >= '0' && s[0] <= '9' {
		n, err := number(s, 8)
		return uint8(n), err == nil
	}
	for _, p := range protocols {
		if p.name == s {
			return p.num, true
		}
	}
	return 0, false
}

// protocolName is what -S and -L print for a number.
func protocolName(num uint8) string {
	for _, p := range protocols {
		if p.num == num {
			return p.name
		}
	}
	return strconv.Itoa(int(num))
}

// protocol is what -L prints: with -n only the protocols that iptables knows
// by itself have a name (as before and after 1.8.9, which prints "6").
func (n *naming) protocol(num uint8) string {
	if n.numeric {
		switch num {
		case 0, unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_ICMP, unix.IPPROTO_ESP, unix.IPPROTO_AH,
			unix.IPPROTO_SCTP, unix.IPPROTO_UDPLITE:
		case unix.IPPROTO_ICMPV6:
			return "icmpv6"
		case unix.IPPROTO_MH:
			return "ipv6-mh"
		default:
			return strconv.Itoa(int(num))
		}
	}
	return protocolName(num)
}
