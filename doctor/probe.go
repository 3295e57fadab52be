//go:build linux

package doctor

import (
	"encoding/binary"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// A Reply is what came of a probe.
type Reply struct {
	Reached bool
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
	var to, from unix.Sockaddr
	if x.Dest.Is4() {
		to = &unix.SockaddrInet4{Addr: x.Dest.As4(), Port: int(x.Port)}
		if x.Source.IsValid() {
			from = &unix.SockaddrInet4{Addr: x.Source.As4()}
		}
	} else {
		domain = unix.AF_INET6
		to = &unix.SockaddrInet6{Addr: x.Dest.As16(), Port: int(x.Port)}
		if x.Source.IsValid() {
			from = &unix.SockaddrInet6{Addr: x.Source.As16()}
		}
	}
	switch x.Proto {
	case unix.IPPROTO_UDP:
		kind = unix.SOCK_DGRAM
	case unix.IPPROTO_ICMP:
		kind = unix.SOCK_RAW
		if domain == unix.AF_INET6 {
			proto = unix.IPPROTO_ICMPV6
		}
	}
	fd, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if from != nil {
		if err := unix.Bind(fd, from); err != nil {
			return err
		}
	}
	if domain == unix.AF_INET {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	} else {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
	}
	if err != nil {
		return err
	}
	begun := time.Now()
	id := uint16(begun.UnixNano() >> 10) // one that no connection is tracked for
	err = unix.Connect(fd, to)
	if err == nil && x.Proto != unix.IPPROTO_TCP {
		message := []byte{}
		if x.Proto == unix.IPPROTO_ICMP {
			message = echo(x.Dest.Is6(), id)
		}
		_, err = unix.Write(fd, message)
	}
	if err != nil && !errors.Is(err, unix.EINPROGRESS) {
		r.What = words(err)
		return nil
	}
	if x.Proto == unix.IPPROTO_UDP {
		wait = min(wait, 300*time.Millisecond)
	}
	for {
		left := wait - time.Since(begun)
		events := int16(unix.POLLIN)
		if x.Proto == unix.IPPROTO_TCP {
			events = unix.POLLOUT
		}
		poll := []unix.PollFd{{Fd: int32(fd), Events: events}}
		n, err := unix.Poll(poll, max(0, int(left/time.Millisecond)))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		case n == 0:
			r.Reached, r.What = x.Proto == unix.IPPROTO_UDP, "no answer"
			return nil
		}
		no, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			return err
		}
		if no != 0 {
			r.What = unix.Errno(no).Error()
			return nil
		}
		buf := make([]byte, 256)
		if x.Proto != unix.IPPROTO_TCP {
			n, err := unix.Read(fd, buf)
			if err != nil && !errors.Is(err, unix.EAGAIN) {
				r.What = words(err)
				return nil
			}
			if x.Proto == unix.IPPROTO_ICMP && !echoed(buf[:max(n, 0)], x.Dest.Is6(), id) {
				if left <= 0 {
					r.What = "no answer"
					return nil
				}
				continue // another one's
			}
		}
		r.Reached, r.What = true, "an answer after "+time.Since(begun).Round(time.Microsecond).String()
		return nil
	}
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
