//go:build linux

package tracepacket

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/survey"
)

// family is that of the packet.
func (s *session) family() int {
	if s.flow.Family == nft.IPv6 {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

// socket opens a socket in a namespace.
func (s *session) socket(n *survey.Namespace, typ, proto int) (fd int, err error) {
	f := func() (err error) {
		fd, err = unix.Socket(s.family(), typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
		return os.NewSyscallError("socket", err)
	}
	if n.Home { // which takes no right
		return fd, f()
	}
	err = n.NS().Do(f)
	return fd, err
}

// send sends the packet. An error that comes with a socket, which is to be closed, may be
// that the packet was dropped on its way out.
func (s *session) send(number uint16) (fd int, err error) {
	typ, data := unix.SOCK_RAW, s.data()
	switch s.flow.Proto {
	case unix.IPPROTO_TCP:
		typ = unix.SOCK_STREAM
	case unix.IPPROTO_UDP:
		typ = unix.SOCK_DGRAM
	default:
		data = s.echo(number, data)
	}
	if fd, err = s.socket(s.places[0].Namespace, typ, int(s.flow.Proto)); err != nil {
		return -1, err
	}
	if err := s.prepare(fd); err != nil {
		return fd, err
	}
	to, err := s.address(s.o.dst, s.o.port)
	if err != nil {
		return fd, err
	}
	if s.flow.Proto == unix.IPPROTO_TCP {
		if err = unix.Connect(fd, to); err == unix.EINPROGRESS {
			err = nil
		}
		return fd, os.NewSyscallError("connect", err)
	}
	for err = unix.EINTR; err == unix.EINTR; {
		err = unix.Sendto(fd, data, 0, to)
	}
	return fd, os.NewSyscallError("sendto", err)
}

// prepare binds a socket, and chooses the sequence number of TCP.
func (s *session) prepare(fd int) error {
	if s.o.src.IsValid() || s.o.sport != 0 {
		src := s.o.src
		if !src.IsValid() {
			src = netip.IPv4Unspecified()
			if s.flow.Family == nft.IPv6 {
				src = netip.IPv6Unspecified()
			}
		}
		from, err := s.address(src, s.o.sport)
		if err != nil {
			return err
		}
		if err := unix.Bind(fd, from); err != nil {
			return fmt.Errorf("bind to %s port %d: %w", src.String(), s.o.sport, err)
		}
	}
	if s.flow.Proto != unix.IPPROTO_TCP {
		return nil
	}
	// A socket that has a number before it connects keeps it (TCP_REPAIR, for CRIU). It
	// sends RST rather than FIN when it is closed, so that nothing lingers.
	err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	for _, o := range [...]struct{ name, value int }{
		{unix.TCP_REPAIR, 1}, {unix.TCP_REPAIR_QUEUE, tcpSendQueue}, {unix.TCP_QUEUE_SEQ, int(s.flow.Seq)}, {unix.TCP_REPAIR, 0},
	} {
		if err == nil {
			err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, o.name, o.value)
		}
	}
	return os.NewSyscallError("setsockopt(TCP_REPAIR)", err)
}

const tcpSendQueue = 2 // TCP_SEND_QUEUE of linux/tcp.h

// address is where to send, or from where. A zone is the name of a link there.
func (s *session) address(a netip.Addr, port uint16) (unix.Sockaddr, error) {
	if a.Is4() {
		return &unix.SockaddrInet4{Addr: a.As4(), Port: int(port)}, nil
	}
	to := &unix.SockaddrInet6{Addr: a.As16(), Port: int(port)}
	if zone := a.Zone(); zone != "" {
		l := s.places[0].LinkNamed(zone)
		if l == nil {
			return nil, fmt.Errorf("%s: there is no link %s in namespace %s", a.String(), zone, s.places[0].Label())
		}
		to.ZoneId = l.Index
	}
	return to, nil
}

// data is what UDP sends and what is behind the header of an echo.
func (s *session) data() []byte {
	return append(s.flow.Cookie[:], "minins\n\n"...)
}

// echo is an echo request of ICMP. Of that of ICMPv6 the kernel makes the checksum.
func (s *session) echo(number uint16, data []byte) []byte {
	typ := byte(8)
	if s.flow.Family == nft.IPv6 {
		typ = 128
	}
	b := binary.BigEndian.AppendUint16([]byte{typ, 0, 0, 0, s.flow.Cookie[0], s.flow.Cookie[1]}, number)
	b = append(b, data...)
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(b[2:], ^uint16(sum+sum>>16))
	return b
}

// addrs finds the addresses that packets of others are known by: the destination, and
// what the source would be of one that the namespace sends there.
func (s *session) addrs(n *survey.Namespace) error {
	src := s.o.src
	if !src.IsValid() {
		fd, err := s.socket(n, unix.SOCK_DGRAM, 0)
		if err != nil {
			return s.at(n, err)
		}
		defer unix.Close(fd)
		to, err := s.address(s.o.dst.WithZone(""), 1)
		if err == nil && unix.Connect(fd, to) == nil { // or else it can only be forwarded
			at, err := unix.Getsockname(fd)
			if err != nil {
				return os.NewSyscallError("getsockname", err)
			}
			switch at := at.(type) {
			case *unix.SockaddrInet4:
				src = netip.AddrFrom4(at.Addr)
			case *unix.SockaddrInet6:
				src = netip.AddrFrom16(at.Addr)
			}
		}
	}
	if s.flow.Addrs = append(s.flow.Addrs, s.o.dst); src.IsValid() {
		s.flow.Addrs = append(s.flow.Addrs, src)
	}
	return nil
}

// explain shows what would be done, without looking at what there is.
func (s *session) explain() error {
	where := s.o.ns
	if where == "" {
		where = "the command's namespace"
	}
	s.flow.Addrs = []netip.Addr{s.o.dst} // and the source, which is to be asked
	conn, err := s.c.Dial(nft.Protocol, s.o.ns)
	if err != nil {
		return err
	}
	s.c.Explains("setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTRACE)", "another socket hears of packets that are traced")
	if err := s.addTables(s.c.Context(), &place{conn: nft.New(conn)}, true); err != nil {
		return err
	}
	others := "of all that have names"
	if len(s.o.in) > 0 {
		others = "of --in"
	}
	s.c.Explains("the same in each other namespace", others)
	if s.o.wait {
		s.c.Explains("recvmsg()", "until somebody else's packet has been seen in "+where)
	} else {
		s.c.Explains(s.calls(), "from "+where)
	}
	s.c.Explains("close()", "the tables go with their sockets")
	return nil
}

// calls are those that send the packet.
func (s *session) calls() string {
	to := s.o.to(s.o.port)
	switch s.flow.Proto {
	case unix.IPPROTO_TCP:
		return fmt.Sprintf("socket(SOCK_STREAM), setsockopt(TCP_QUEUE_SEQ, %d), connect(%s)", s.flow.Seq, to)
	case unix.IPPROTO_UDP:
		return fmt.Sprintf("socket(SOCK_DGRAM), sendto(%s, %d bytes that begin with %x)", to, len(s.data()), s.flow.Cookie)
	}
	return fmt.Sprintf("socket(SOCK_RAW, IPPROTO_ICMP), sendto(%s, an echo request whose data begins with %x)", s.o.dst, s.flow.Cookie)
}
