//go:build linux

package ping

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
)

// What readError found.
type found int

const (
	noError      found = iota // the queue could not be read
	localError                // our own kernel refused, or the queue was empty
	netError                  // an ICMP error about our request
	foreignError              // an ICMP error about somebody else's
)

// An extErr is a struct sock_extended_err (linux/errqueue.h, host order) and
// the address that the kernel puts after it.
type extErr struct {
	errno             unix.Errno
	origin, typ, code byte
	info              uint32
	from              netip.Addr
}

func parseExtErr(b []byte) (e extErr, ok bool) {
	if len(b) < 16 {
		return e, false
	}
	e = extErr{
		errno:  unix.Errno(binary.NativeEndian.Uint32(b)),
		origin: b[4], typ: b[5], code: b[6],
		info: binary.NativeEndian.Uint32(b[8:]),
	}
	from := b[16:]
	if len(from) < 2 {
		return e, true
	}
	switch family := binary.NativeEndian.Uint16(from); {
	case family == unix.AF_INET && len(from) >= 8:
		e.from = netip.AddrFrom4([4]byte(from[4:8]))
	case family == unix.AF_INET6 && len(from) >= 28:
		e.from = zoned(netip.AddrFrom16([16]byte(from[8:24])), binary.NativeEndian.Uint32(from[24:]))
	}
	return e, true
}

// readError takes one message from the socket's error queue and shows it. The
// packet in it is the request that the error is about, without IP header.
func (s *session) readError() found {
	var buf [headerLen]byte
	oob := make([]byte, 512)
	n, oobn, _, to, err := unix.Recvmsg(s.fd, buf[:], oob, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
	if err == unix.EAGAIN || err == unix.EINTR {
		return localError
	}
	if err != nil {
		return noError
	}
	e, ok := parseExtErr(parseControl(oob[:oobn]).err)
	if !ok {
		return noError
	}
	switch e.origin {
	case unix.SO_EE_ORIGIN_LOCAL:
		s.local(e)
		return localError
	case unix.SO_EE_ORIGIN_ICMP, unix.SO_EE_ORIGIN_ICMP6:
	default:
		return noError
	}
	request, ok := parseEcho(buf[:n])
	if !ok || address(to).WithZone("") != s.dst.WithZone("") || request.typ != s.requestType() || s.raw && request.id != s.id {
		return foreignError
	}
	s.stats.errors++
	if s.dst.Is4() {
		s.stats.acknowledge(request.seq)
	} else {
		e.typ |= six
	}
	switch {
	case s.o.quiet:
	case s.o.flood:
		s.print("\bE")
	default:
		s.print(fmt.Sprintf("%sFrom %s icmp_seq=%d %s\n", s.stamp(), s.name(e.from), request.seq, s.errorText(e.typ, e.code, e.info)))
	}
	return netError
}

func (s *session) requestType() byte {
	if s.dst.Is4() {
		return echo4
	}
	return echo6
}

// local shows why the packet did not even leave.
func (s *session) local(e extErr) {
	if s.o.quiet {
		return
	}
	s.stats.errors++
	switch {
	case s.o.flood:
		s.print("E")
	case e.errno != unix.EMSGSIZE:
		s.warn("local error: " + applet.Strerror(e.errno))
	case s.dst.Is4():
		s.warn(fmt.Sprintf("local error: message too long, mtu=%d", e.info))
	default:
		s.warn(fmt.Sprintf("local error: message too long, mtu: %d", e.info))
	}
}
