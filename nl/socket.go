//go:build linux

package nl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// callTimeout bounds a call whose context has no deadline.
const callTimeout = 30 * time.Second

// A socket is the transport to the kernel: opened and bound by
// mdlayher/netlink, then read and written by system calls of our own.
//
// It is taken out of the runtime's poller. The kernel answers nearly every
// request before sendmsg returns, so that nobody waits, and in the poller each
// answer would wake a thread for nothing: 1 µs of the 10 that a round trip takes.
type socket struct {
	file           *os.File // counts the users of the descriptor: the last one closes it
	fd             int      // while mu is held and it is not closed
	raw            syscall.RawConn
	sndbuf, rcvbuf int

	// Arguments and results of the callbacks, which are made once: a closure
	// per call would be an allocation per call.
	out                []byte
	outv               [][]byte
	in                 []byte
	n                  int
	err                error
	write, writev, get func(fd uintptr) bool

	mu       sync.Mutex
	closed   bool
	bell     int // an eventfd that ends the wait that is on, or -1
	tripwire *tripwire
	tried    bool // to make it
}

func openSocket(family, netns int) (s *socket, strict bool, err error) {
	conn, err := netlink.Dial(family, &netlink.Config{NetNS: netns})
	if err != nil {
		return nil, false, fmt.Errorf("nl: open a netlink socket: %w", err)
	}
	file, err := unpolled(conn)
	if err = errors.Join(err, conn.Close()); err != nil {
		return nil, false, fmt.Errorf("nl: take over a netlink socket: %w", err)
	}
	s = &socket{file: file, bell: -1}
	if s.raw, err = file.SyscallConn(); err == nil {
		strict, err = s.configure()
	}
	if err != nil {
		return nil, false, errors.Join(fmt.Errorf("nl: set up a netlink socket: %w", err), file.Close())
	}
	// What a signal has interrupted (EINTR) was not done, and is done again.
	s.write = func(fd uintptr) bool {
		for s.err = unix.EINTR; s.err == unix.EINTR; {
			s.err = unix.Send(int(fd), s.out, 0)
		}
		return true
	}
	s.writev = func(fd uintptr) bool {
		for s.err = unix.EINTR; s.err == unix.EINTR; {
			_, s.err = unix.SendmsgBuffers(int(fd), s.outv, nil, nil, 0)
		}
		return true
	}
	s.get = func(fd uintptr) bool {
		for s.err = unix.EINTR; s.err == unix.EINTR; {
			s.n, s.err = unix.Read(int(fd), s.in)
		}
		return true
	}
	return s, strict, nil
}

// unpolled is a second descriptor of conn's socket, which the runtime's poller
// does not know. The poller takes what does not block when it is wrapped.
func unpolled(conn *netlink.Conn) (file *os.File, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	ctl := raw.Control(func(fd uintptr) {
		var own int
		if own, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0); err != nil {
			return
		}
		err = unix.SetNonblock(own, false)
		file = os.NewFile(uintptr(own), "netlink")
		err = errors.Join(err, unix.SetNonblock(own, true))
	})
	return file, errors.Join(ctl, err)
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
		s.fd = fd
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

func (s *socket) sendv(b [][]byte) error {
	if len(b) == 1 {
		return s.send(b[0])
	}
	s.outv = b
	if err := s.raw.Write(s.writev); err != nil {
		return s.why(err)
	}
	return s.err
}

func (s *socket) receive(ctx context.Context, b []byte, wait bool) (int, error) {
	s.in = b
	for {
		if err := s.raw.Read(s.get); err != nil {
			return 0, s.why(err)
		}
		if s.err != unix.EAGAIN || !wait {
			return s.n, s.err
		}
		bounded, cancel := withDeadline(ctx)
		err := s.wait(bounded)
		cancel()
		if err != nil {
			return 0, s.why(err)
		}
	}
}

// wait returns when there is something to read, or the socket is closed; when
// ctx is done, with its error.
func (s *socket) wait(ctx context.Context) error {
	bell, err := s.hangBell()
	if err != nil {
		return err
	}
	defer s.takeBell(bell)
	defer context.AfterFunc(ctx, s.ring)()
	if err := s.raw.Read(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(bell), Events: unix.POLLIN}}
		for err = unix.EINTR; err == unix.EINTR; {
			_, err = unix.Poll(fds, -1)
		}
		return true
	}); err != nil {
		return err
	}
	return errors.Join(err, ctx.Err())
}

// hangBell makes the descriptor that ring writes to, while somebody waits.
func (s *socket) hangBell() (int, error) {
	bell, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return -1, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return -1, errors.Join(os.ErrClosed, unix.Close(bell))
	}
	s.bell = bell
	return bell, nil
}

func (s *socket) takeBell(bell int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bell = -1
	_ = unix.Close(bell)
}

// ring ends the wait that is on.
func (s *socket) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bell >= 0 {
		_, _ = unix.Write(s.bell, []byte{1, 1, 1, 1, 1, 1, 1, 1}) // any number but 0; fails only if rung 2^64 times
	}
}

// why is err, or os.ErrClosed if that is behind it.
func (s *socket) why(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return os.ErrClosed
	}
	return err
}

func (s *socket) close() error {
	s.mu.Lock()
	s.closed = true
	if s.tripwire != nil {
		s.tripwire.close()
		s.tripwire = nil
	}
	s.mu.Unlock()
	s.ring()
	return s.file.Close()
}

// grow makes room for a datagram of sndbuf bytes and for rcvbuf bytes of
// replies, as far as the process may: beyond net.core.[rw]mem_max only with
// CAP_NET_ADMIN in the initial user namespace.
func (s *socket) grow(sndbuf, rcvbuf int) error {
	if sndbuf <= s.sndbuf && rcvbuf <= s.rcvbuf {
		return nil
	}
	return s.control(func(fd int) error {
		return errors.Join(
			growBuffer(fd, sndbuf, &s.sndbuf, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF),
			growBuffer(fd, rcvbuf, &s.rcvbuf, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF))
	})
}

func (s *socket) buffers() (sndbuf, rcvbuf int) { return s.sndbuf, s.rcvbuf }

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
