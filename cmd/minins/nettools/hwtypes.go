//go:build linux

package nettools

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const ether rtnl.ARPHRD = unix.ARPHRD_ETHER

// hwTypes are net-tools' names for kinds of hardware.
var hwTypes = [...]struct {
	name string
	typ  rtnl.ARPHRD
}{
	{"ether", ether},
	{"loop", unix.ARPHRD_LOOPBACK},
	{"slip", unix.ARPHRD_SLIP},
	{"cslip", unix.ARPHRD_CSLIP},
	{"slip6", unix.ARPHRD_SLIP6},
	{"cslip6", unix.ARPHRD_CSLIP6},
	{"adaptive", unix.ARPHRD_ADAPT},
	{"ash", unix.ARPHRD_ASH},
	{"ax25", unix.ARPHRD_AX25},
	{"netrom", unix.ARPHRD_NETROM},
	{"rose", unix.ARPHRD_ROSE},
	{"tunnel", unix.ARPHRD_TUNNEL},
	{"ppp", unix.ARPHRD_PPP},
	{"arcnet", unix.ARPHRD_ARCNET},
	{"dlci", unix.ARPHRD_DLCI},
	{"frad", unix.ARPHRD_FRAD},
	{"sit", unix.ARPHRD_SIT},
	{"fddi", unix.ARPHRD_FDDI},
	{"hippi", unix.ARPHRD_HIPPI},
	{"irda", unix.ARPHRD_IRDA},
	{"infiniband", unix.ARPHRD_INFINIBAND},
	{"eui64", unix.ARPHRD_EUI64},
}

func hwType(name string) (rtnl.ARPHRD, bool) {
	for _, t := range hwTypes {
		if t.name == name {
			return t.typ, true
		}
	}
	return 0, false
}

// hwName is the name of a kind of hardware; what has none is called ether.
func hwName(typ rtnl.ARPHRD) string {
	for _, t := range hwTypes {
		if t.typ == typ {
			return t.name
		}
	}
	return "ether"
}

// parseMAC reads six bytes of one or two hexadecimal digits with colons
// between them.
func parseMAC(s string) (nl.HardwareAddr, bool) {
	var b [6]byte
	n, digits := 0, 0
	for i := range len(s) {
		d, hex := hexDigit(s[i])
		switch {
		case s[i] == ':' && digits > 0 && n < 5:
			n, digits = n+1, 0
		case hex && digits < 2:
			b[n] = b[n]<<4 | d
			digits++
		default:
			return nl.HardwareAddr{}, false
		}
	}
	return nl.HardwareAddrFrom(b[:]), n == 5 && digits > 0
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
