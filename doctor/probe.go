//go:build linux

package doctor

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// A Reply is what came of a probe.
type Reply struct {
	Reached bool
	Silent  bool     // nothing came back, which of UDP is no fault
	What    string   // "an answer after 40 µs", "Connection refused"
	Drops   []string // why the kernel dropped packets meanwhile, in its own words
}

// Probe sends what was examined, an echo request, the beginning of a TCP connection or an
// empty UDP datagram, from the first end, and waits for an answer. It may leave entries
// in the tables of neighbours and of connections. It takes CAP_NET_RAW there for ICMP.
//
// A UDP datagram is taken for received if nobody refuses it.
//
// Equivalent to: `ping -c 1 $dst`, `nc -z $dst $port`
func Probe(x *Examination, wait time.Duration) (*Reply, error) {
	r := &Reply{}
	err := inside(x.From, func() error {
		watch := watchDrops()
		err := r.send(x, wait)
		r.Drops = watch.end()
		return err
	})
	return r, err
}

func (r *Reply) send(x *Examination, wait time.Duration) error {
	domain, kind, proto := unix.AF_INET, unix.SOCK_STREAM, int(x.Proto)
	level, option := unix.IPPROTO_IP, unix.IP_RECVERR
	if x.Dest.Is6() {
		domain, level, option = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_RECVERR
	}
	switch x.Proto {
	case unix.IPPROTO_UDP:
		kind = unix.SOCK_DGRAM
		wait = min(wait, 300*time.Millisecond)
	case unix.IPPROTO_ICMP:
		kind = unix.SOCK_RAW
		if domain == unix.AF_INET6 {
			proto = unix.IPPROTO_ICMPV6
		}
	}
	fd, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC, proto)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	limit := unix.NsecToTimeval(int64(wait))
	err = errors.Join(unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit),
		unix.SetsockoptInt(fd, level, option, 1))
	if err == nil && x.asked.IsValid() { // else the kernel chooses, as for anyone
		if err := unix.Bind(fd, x.sockaddr(x.asked, 0)); err != nil {
			r.What = words(err)
			return nil
		}
	}
	if err != nil {
		return err
	}
	begun := time.Now()
	id := uint16(begun.UnixNano() >> 10) // one that no connection is tracked for
	err = unix.Connect(fd, x.sockaddr(x.Dest, x.Port))
	buf := make([]byte, 256)
	if x.Proto != unix.IPPROTO_TCP && err == nil {
		var message []byte
		if x.Proto == unix.IPPROTO_ICMP {
			message = echo(x.Dest.Is6(), id)
		}
		_, err = unix.Write(fd, message)
		for err == nil {
			var n int
			n, err = unix.Read(fd, buf)
			if err == nil && (x.Proto == unix.IPPROTO_UDP || echoed(buf[:n], x.Dest.Is6(), id)) {
				break
			}
			if time.Since(begun) > wait {
				err = unix.EAGAIN
			}
		}
	}
	switch {
	case err == nil:
		r.Reached, r.What = true, "an answer after "+time.Since(begun).Round(time.Microsecond).String()
	case errors.Is(err, unix.EINTR): // by a signal of the runtime's
		return r.send(x, wait)
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINPROGRESS):
		r.Reached, r.Silent, r.What = x.Proto == unix.IPPROTO_UDP, true, "no answer"
	default:
		r.What = words(err)
	}
	return nil
}

func (x *Examination) sockaddr(a netip.Addr, port uint16) unix.Sockaddr {
	if a.Is4() {
		return &unix.SockaddrInet4{Addr: a.As4(), Port: int(port)}
	}
	s := &unix.SockaddrInet6{Addr: a.As16(), Port: int(port)}
	if x.zone != nil {
		s.ZoneId = x.zone.Index
	}
	return s
}

// echo is an echo request. Of ICMPv6 the kernel computes the sum.
func echo(six bool, id uint16) []byte {
	b := []byte{8, 0, 0, 0, 0, 0, 0, 1}
	binary.BigEndian.PutUint16(b[4:], id)
	if six {
		b[0] = 128
		return b
	}
	sum := uint32(8<<8) + uint32(id) + 1
	binary.BigEndian.PutUint16(b[2:], ^uint16(sum+sum>>16))
	return b
}

// echoed says whether a message is the reply to it. Of IPv4 it has its header.
func echoed(b []byte, six bool, id uint16) bool {
	want := byte(129)
	if !six {
		want = 0
		if len(b) < 20 || len(b) < int(b[0]&15)*4 {
			return false
		}
		b = b[int(b[0]&15)*4:]
	}
	return len(b) >= 8 && b[0] == want && binary.BigEndian.Uint16(b[4:]) == id
}
