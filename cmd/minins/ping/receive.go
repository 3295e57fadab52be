//go:build linux

package ping

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/resolve"
	"github.com/minins/minins/internal/ntop"
)

// receive waits for that many milliseconds and takes all that has come.
func (s *session) receive(wait int) {
	if wait <= minInterval && s.stats.inFlight() > 0 {
		wait = minInterval
	}
	fds := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}, {Fd: int32(s.wake.fd), Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, wait); n <= 0 || err != nil || fds[0].Revents == 0 {
		return
	}
	failed := fds[0].Revents&unix.POLLERR != 0
	buf := make([]byte, s.o.size+headerLen+4096)
	oob := make([]byte, 512)
	for {
		n, oobn, _, from, err := unix.Recvmsg(s.fd, buf, oob, unix.MSG_DONTWAIT)
		switch {
		case err == nil:
			s.reply(buf[:n], parseControl(oob[:oobn]), address(from))
		case err == unix.EINTR, err == unix.EAGAIN && !failed:
			return
		default: // an error is pending
			failed = false
			if s.readError() == noError {
				s.warn("recvmsg: " + applet.Strerror(err))
				return
			}
		}
		if s.stats.inFlight() == 0 {
			return
		}
	}
}

// A control is what the kernel tells beside a packet.
type control struct {
	at      time.Time // of arrival; zero if not told
	ttl     int       // -1 if not told
	options []byte    // of IP
	err     []byte    // struct sock_extended_err and the address of who sent it
}

func parseControl(oob []byte) control {
	ctl := control{ttl: -1}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return ctl
	}
	for _, m := range messages {
		switch [2]int32{m.Header.Level, m.Header.Type} {
		case [2]int32{unix.SOL_SOCKET, unix.SCM_TIMESTAMP}:
			ctl.at = parseTimeval(m.Data)
		case [2]int32{unix.IPPROTO_IP, unix.IP_TTL}, [2]int32{unix.IPPROTO_IPV6, unix.IPV6_HOPLIMIT}:
			if len(m.Data) >= 4 {
				ctl.ttl = int(int32(binary.NativeEndian.Uint32(m.Data)))
			}
		case [2]int32{unix.IPPROTO_IP, unix.IP_RETOPTS}:
			ctl.options = m.Data
		case [2]int32{unix.IPPROTO_IP, unix.IP_RECVERR}, [2]int32{unix.IPPROTO_IPV6, unix.IPV6_RECVERR}:
			ctl.err = m.Data
		}
	}
	return ctl
}

// parseTimeval reads a struct timeval of 64-bit or 32-bit machines.
func parseTimeval(b []byte) time.Time {
	switch len(b) {
	case 16:
		return time.Unix(int64(binary.NativeEndian.Uint64(b)), 1000*int64(binary.NativeEndian.Uint64(b[8:])))
	case 8:
		return time.Unix(int64(binary.NativeEndian.Uint32(b)), 1000*int64(binary.NativeEndian.Uint32(b[4:])))
	}
	return time.Time{}
}

// reply takes one packet.
func (s *session) reply(b []byte, ctl control, from netip.Addr) {
	echoReply := byte(echoReply6)
	if s.dst.Is4() {
		if s.raw {
			message, ttl, ok := cutIP(b)
			if !ok {
				return
			}
			ctl.ttl, ctl.options = ttl, b[20:len(b)-len(message)]
			b = message
		}
		echoReply = echoReply4
	}
	e, ok := parseEcho(b)
	switch {
	case !ok:
		return
	case e.typ == echoReply && (!s.raw || e.id == s.id):
		s.print(s.count(b, e, ctl, from))
	case s.dst.Is4() && (e.typ == redirect4 || e.typ == sourceQuench4):
		s.redirect(b, from)
	}
}

// count adds a reply to the statistics and returns its line.
func (s *session) count(b []byte, e echo, ctl control, from netip.Addr) string {
	st, o := &s.stats, s.o
	trip := int64(0)
	st.acknowledge(e.seq)
	duplicate := st.wasSeen(e.seq)
	if duplicate {
		st.repeats++
	} else {
		st.received++
		st.markSeen(e.seq)
	}
	timed := s.timed() && len(b) >= headerLen+timeLen
	if timed {
		trip = s.trip(sentAt(b), ctl.at)
		st.addTime(trip)
		s.adapt(os.Getuid() == 0)
	}
	bell := ""
	if o.audible {
		bell = "\a"
	}
	switch {
	case o.quiet:
		return ""
	case o.flood:
		return "\b \b" + bell
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s%d bytes from %s: icmp_seq=%d", s.stamp(), len(b), s.name(from), e.seq)
	if o.verbose && (s.raw || o.ident > 0) {
		fmt.Fprintf(&text, " ident=%d", e.id)
	}
	if ctl.ttl >= 0 {
		fmt.Fprintf(&text, " ttl=%d", ctl.ttl)
	}
	if len(b) < len(s.packet) {
		return text.String() + " (truncated)\n"
	}
	if s.timed() {
		text.WriteString(" time=" + tripText(trip) + " ms")
	}
	if duplicate && (!s.multicast || o.verbose) {
		text.WriteString(" (DUP!)")
	}
	if !s.multicast && from.WithZone("") != s.dst.WithZone("") && !isAnycast(s.dst) {
		text.WriteString(" (DIFFERENT ADDRESS!)")
	}
	return text.String() + compare(b[:len(s.packet)], s.packet) + bell + s.ipOptions(ctl.options) + "\n"
}

// trip is the round trip time in microseconds. Both ends are times of day: if
// that was set back meanwhile, the time of arrival is taken here from now on.
func (s *session) trip(sent, arrived time.Time) int64 {
	if s.o.latency || s.late || arrived.IsZero() {
		arrived = time.Now()
	}
	us := arrived.Sub(sent).Microseconds()
	if us >= 0 {
		return us
	}
	s.warn(fmt.Sprintf("Warning: time of day goes back (%dus), taking countermeasures", us))
	s.late = true
	return max(time.Since(sent).Microseconds(), 0)
}

// isAnycast reports whether the address is the routers' of its /64.
func isAnycast(a netip.Addr) bool {
	b := a.As16()
	return a.Is6() && [8]byte(b[8:]) == [8]byte{}
}

// compare says which data byte of the reply is not what was sent, if any.
func compare(got, sent []byte) string {
	const skip = headerLen + timeLen
	for i := skip; i < len(sent); i++ {
		if got[i] == sent[i] {
			continue
		}
		text := fmt.Sprintf("\nwrong data byte #%d should be 0x%x but was 0x%x", i-headerLen, sent[i], got[i])
		for j := skip; j < len(got); j++ {
			if (j-headerLen)%32 == timeLen {
				text += fmt.Sprintf("\n#%d\t", j-headerLen)
			}
			text += fmt.Sprintf("%x ", got[j])
		}
		return text
	}
	return ""
}

// redirect shows that a router knows a better one, or wants less.
func (s *session) redirect(b []byte, from netip.Addr) {
	if len(b) < headerLen || s.o.quiet || s.o.flood {
		return
	}
	inner, _, ok := cutIP(b[headerLen:])
	if !ok || netip.AddrFrom4([4]byte(b[headerLen+16:])) != s.dst {
		return
	}
	e, ok := parseEcho(inner)
	if !ok || e.typ != echo4 || s.raw && e.id != s.id {
		return
	}
	text := s.errorText(b[0], b[1], binary.BigEndian.Uint32(b[4:]))
	s.print(fmt.Sprintf("%sFrom %s: icmp_seq=%d %s\n", s.stamp(), s.name(from), e.seq, text))
}

// name is the address with, unless -n, its name before it. The last one is
// remembered. Ctrl-C does not wait for name servers.
func (s *session) name(a netip.Addr) string {
	if s.o.numeric || s.wake.done != nil && s.wake.interrupted() {
		return ntop.Text(a)
	}
	if a == s.lastAddr {
		return s.lastName
	}
	found := make(chan string, 1)
	go func() {
		name, ok := resolve.LookupAddr(a)
		if !ok {
			name = ntop.Text(a)
		}
		found <- name
	}()
	select {
	case name := <-found:
		s.lastAddr, s.lastName = a, name+" ("+ntop.Text(a)+")"
		return s.lastName
	case <-s.wake.done: // nil before the loop: blocks
		return ntop.Text(a)
	}
}
