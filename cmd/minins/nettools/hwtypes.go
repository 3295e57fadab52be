//go:build linux

package nettools

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const ether rtnl.ARPHRD = unix.ARPHRD_ETHER

// A hardware is a kind of hardware by net-tools' name.
type hardware struct {
	_ [0]func() // not to be compared: that would take code

	name string
	typ  rtnl.ARPHRD
	arp  bool // has addresses
}

var hwTypes = [...]hardware{
	{name: "ether", typ: ether, arp: true},
	{name: "loop", typ: unix.ARPHRD_LOOPBACK},
	{name: "slip", typ: unix.ARPHRD_SLIP},
	{name: "cslip", typ: unix.ARPHRD_CSLIP},
	{name: "slip6", typ: unix.ARPHRD_SLIP6},
	{name: "cslip6", typ: unix.ARPHRD_CSLIP6},
	{name: "adaptive", typ: unix.ARPHRD_ADAPT},
	{name: "ash", typ: unix.ARPHRD_ASH, arp: true},
	{name: "ax25", typ: unix.ARPHRD_AX25, arp: true},
	{name: "netrom", typ: unix.ARPHRD_NETROM, arp: true},
	{name: "rose", typ: unix.ARPHRD_ROSE, arp: true},
	{name: "tunnel", typ: unix.ARPHRD_TUNNEL},
	{name: "ppp", typ: unix.ARPHRD_PPP},
	{name: "hdlc", typ: unix.ARPHRD_HDLC},
	{name: "lapb", typ: unix.ARPHRD_LAPB},
	{name: "arcnet", typ: unix.ARPHRD_ARCNET, arp: true},
	{name: "dlci", typ: unix.ARPHRD_DLCI, arp: true},
	{name: "frad", typ: unix.ARPHRD_FRAD},
	{name: "sit", typ: unix.ARPHRD_SIT},
	{name: "fddi", typ: unix.ARPHRD_FDDI, arp: true},
	{name: "hippi", typ: unix.ARPHRD_HIPPI, arp: true},
	{name: "irda", typ: unix.ARPHRD_IRDA, arp: true},
	{name: "ec", typ: unix.ARPHRD_ECONET},
	{name: "x25", typ: unix.ARPHRD_X25, arp: true},
	{name: "eui64", typ: unix.ARPHRD_EUI64, arp: true},
	{name: "unspec", typ: ^rtnl.ARPHRD(0)},
}

// hwNamed returns the kind of that name, or nil.
func hwNamed(name string) *hardware {
	for i := range hwTypes {
		if hwTypes[i].name == name {
			return &hwTypes[i]
		}
	}
	return nil
}

// hwName is the name of a kind of hardware; what has none is called ether.
func hwName(typ rtnl.ARPHRD) string {
	for _, t := range hwTypes {
		if t.typ == typ && typ != ^rtnl.ARPHRD(0) {
			return t.name
		}
	}
	return "ether"
}

// parseMAC reads six bytes of one or two hexadecimal digits. Colons may be
// between them, and must be after one digit; what follows does not matter.
func parseMAC(s string) (nl.HardwareAddr, bool) {
	var b [6]byte
	for i := range b {
		if s == "" {
			return nl.HardwareAddr{}, false
		}
		high, ok := hexDigit(s[0])
		s = s[1:]
		if s != "" && s[0] != ':' && ok {
			var low byte
			low, ok = hexDigit(s[0])
			high, s = high<<4|low, s[1:]
		}
		if !ok {
			return nl.HardwareAddr{}, false
		}
		b[i], s = high, strings.TrimPrefix(s, ":")
	}
	return nl.HardwareAddrFrom(b[:]), true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
