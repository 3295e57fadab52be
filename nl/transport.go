//go:build linux

package nl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// A transport carries datagrams between a Conn and the kernel, or whoever
// plays it.
type transport interface {
	send(datagram []byte) error
	// receive fills b with the next datagram; without one, it waits until ctx
	// is done if wait is set, and returns EAGAIN at once if not.
	receive(ctx context.Context, b []byte, wait bool) (int, error)
	grow(sndbuf, rcvbuf int) error
	close() error
}

// callTimeout bounds a call whose context has no deadline.
const callTimeout = 30 * time.Second

// A socket is the transport to the kernel: opened, bound and closed by
// mdlayher/netlink, read and written through its SyscallConn.
type socket struct {
	conn           *netlink.Conn
	closed         atomic.Bool
	raw            syscall.RawConn
	sndbuf, rcvbuf int

	// Arguments and results of the callbacks, which are made once: a closure
	// per call would be an allocation per call.
	out, in         []byte
	n               int
	err             error
	write, try, get func(fd uintptr) bool
}

func openSocket(family, netns int) (s *socket, strict bool, err error) {
	conn, err := netlink.Dial(family, &netlink.Config{NetNS: netns})
	if err != nil {
		return nil, false, fmt.Errorf("nl: open a netlink socket: %w", err)
	}
	s = &socket{conn: conn}
	if s.raw, err = conn.SyscallConn(); err == nil {
		strict, err = s.configure()
	}
	if err != nil {
		return nil, false, errors.Join(fmt.Errorf("nl: set up a netlink socket: %w", err), conn.Close())
	}
	s.write = func(fd uintptr) bool {
		_, s.err = unix.Write(int(fd), s.out)
		return s.err != unix.EAGAIN
	}
	s.try = func(fd uintptr) bool {
		s.n, s.err = unix.Read(int(fd), s.in)
		return true
	}
	s.get = func(fd uintptr) bool {
		s.n, s.err = unix.Read(int(fd), s.in)
		return s.err != unix.EAGAIN
	}
	return s, strict, nil
}

// configure asks for what makes errors clear and dumps exact. Kernels that do
// not know an option say ENOPROTOOPT and go without.
func (s *socket) configure() (strict bool, err error) {
	set := func(opt int) bool {
		e := s.control(func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_NETLINK, opt, 1) })
		if e != nil && !errors.Is(e, unix.ENOPROTOOPT) {
			err = errors.Join(err, e)
		}
		return e == nil
	}
	set(unix.NETLINK_EXT_ACK) // Linux 4.12
	set(unix.NETLINK_CAP_ACK) // Linux 4.3
	strict = set(unix.NETLINK_GET_STRICT_CHK)
	err = errors.Join(err, s.control(func(fd int) (err error) {
		// A connected netlink socket takes messages from its peer alone: with
		// port 0, the kernel, no other program can slip in a reply.
		if err = unix.Connect(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return err
		}
		if s.sndbuf, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF); err != nil {
			return err
		}
		s.rcvbuf, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
		return err
	}))
	return strict, err
}

func (s *socket) control(f func(fd int) error) error {
	var err error
	return errors.Join(s.raw.Control(func(fd uintptr) { err = f(int(fd)) }), err)
}

func (s *socket) send(b []byte) error {
	s.out = b
	if err := s.raw.Write(s.write); err != nil {
		return s.why(err)
	}
	return s.err
}

func (s *socket) receive(ctx context.Context, b []byte, wait bool) (int, error) {
	s.in = b
	if err := s.raw.Read(s.try); err != nil {
		return 0, s.why(err)
	}
	if s.err != unix.EAGAIN || !wait {
		return s.n, s.err
	}
	// The kernel answers most requests before sendmsg returns, so that a
	// timer is set up only here.
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(callTimeout)
	}
	if err := s.conn.SetReadDeadline(deadline); err != nil {
		return 0, s.why(err)
	}
	defer s.cancelOn(ctx)()
	if err := s.raw.Read(s.get); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil {
			err = ctx.Err()
		}
		return 0, s.why(err)
	}
	return s.n, s.err
}

// cancelOn ends a read when ctx is done. The function that it returns takes
// the deadline back: it would end later reads as well.
func (s *socket) cancelOn(ctx context.Context) func() {
	canceled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // fails only on a closed socket
		close(canceled)
	})
	return func() {
		if !stop() {
			<-canceled
		}
		_ = s.conn.SetReadDeadline(time.Time{})
	}
}

// why is err, or os.ErrClosed if that is behind it.
func (s *socket) why(err error) error {
	if s.closed.Load() {
		return os.ErrClosed
	}
	return err
}

// grow makes room for a datagram of sndbuf bytes and for rcvbuf bytes of
// replies, as far as the process may: beyond net.core.[rw]mem_max only with
// CAP_NET_ADMIN in the initial user namespace.
func (s *socket) grow(sndbuf, rcvbuf int) error {
	return s.control(func(fd int) error {
		return errors.Join(
			growBuffer(fd, sndbuf, &s.sndbuf, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF),
			growBuffer(fd, rcvbuf, &s.rcvbuf, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF))
	})
}

func growBuffer(fd, want int, have *int, force, plain int) error {
	if want <= *have {
		return nil
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, want) != nil {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, want); err != nil {
			return err
		}
	}
	var err error
	*have, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, plain)
	return err
}

func (s *socket) close() error {
	s.closed.Store(true)
	return s.conn.Close()
}

// A Kernel plays the kernel: it gets each datagram that a Conn sends and
// answers through reply, if at all. The explainer and tests are Kernels.
type Kernel func(datagram []byte, reply func(datagram []byte))

// Pretend returns a Conn that talks to k in place of the kernel.
func Pretend(p *Protocol, k Kernel) *Conn {
	return newConn(p, &pretence{kernel: k}, true)
}

type pretence struct {
	kernel  Kernel
	replies [][]byte
}

func (p *pretence) send(b []byte) error {
	p.kernel(b, func(r []byte) { p.replies = append(p.replies, append([]byte(nil), r...)) })
	return nil
}

func (p *pretence) receive(_ context.Context, b []byte, _ bool) (int, error) {
	if len(p.replies) == 0 {
		return 0, unix.EAGAIN
	}
	n := copy(b, p.replies[0])
	p.replies = p.replies[1:]
	return n, nil
}

func (p *pretence) grow(int, int) error { return nil }
func (p *pretence) close() error        { return nil }
