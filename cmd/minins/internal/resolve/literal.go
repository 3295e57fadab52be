//go:build linux

package resolve

import (
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ParseAddr reads an address as getaddrinfo(3) does: IPv6 with or without
// %ZONE, and IPv4 in all forms of inet_aton(3).
func ParseAddr(s string) (netip.Addr, bool) {
	a, ok := parseAddr(s)
	return a, ok && (a.Zone() == "" || ZoneIndex(a.Zone()) != 0)
}

// parseAddr is ParseAddr with any zone. It opens no socket.
func parseAddr(s string) (netip.Addr, bool) {
	if strings.Contains(s, ":") {
		a, err := netip.ParseAddr(s)
		return a, err == nil
	}
	return parseAton(s)
}

// parseAton reads "1.2.3.4", "127.1", "0x7f000001", "017700000001": each part
// in C's bases, the last one filling the bytes that are left.
func parseAton(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var sum uint64
	for i, part := range parts {
		if part == "" || part[0] < '0' || part[0] > '9' ||
			strings.ContainsAny(part, "_oO") || len(part) > 1 && (part[1] == 'b' || part[1] == 'B') {
			return netip.Addr{}, false // the last ones are Go's own notations
		}
		max := uint64(0xff)
		if i == len(parts)-1 {
			max = 1<<(8*(5-len(parts))) - 1
		}
		n, err := strconv.ParseUint(part, 0, 32)
		if err != nil || n > max {
			return netip.Addr{}, false
		}
		if i < len(parts)-1 {
			n <<= 8 * (3 - i)
		}
		sum += n
	}
	return netip.AddrFrom4([4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}), true
}

// ZoneIndex returns the interface index of a zone, a name or a number, and 0
// if there is none.
func ZoneIndex(zone string) uint32 {
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	ifr, err := unix.NewIfreq(zone)
	if err != nil {
		return 0
	}
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	if unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr) != nil {
		return 0
	}
	return ifr.Uint32()
}

// Sockaddr returns the address and port as the socket calls want them.
func Sockaddr(a netip.Addr, port int) unix.Sockaddr {
	if a.Is4() {
		return &unix.SockaddrInet4{Port: port, Addr: a.As4()}
	}
	return &unix.SockaddrInet6{Port: port, Addr: a.As16(), ZoneId: ZoneIndex(a.Zone())}
}

// reachable reports whether there is a route to the address.
func reachable(a netip.Addr) bool {
	fd, err := udp(a, 1025)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

// udp returns a socket connected to the address: nothing is sent yet.
func udp(a netip.Addr, port int) (int, error) {
	family := unix.AF_INET
	if a.Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.Connect(fd, Sockaddr(a, port)); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// ZoneName returns the name of the interface with that index, or the number.
func ZoneName(index uint32) string {
	number := strconv.FormatUint(uint64(index), 10)
	ifr, err := unix.NewIfreq("")
	if err != nil {
		return number
	}
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return number
	}
	defer unix.Close(fd)
	ifr.SetUint32(index)
	if unix.IoctlIfreq(fd, unix.SIOCGIFNAME, ifr) != nil {
		return number
	}
	return ifr.Name()
}
