//go:build linux

package nl

import (
	"context"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// A Listener is a socket that has joined multicast groups of the kernel, and so
// hears of every change, whoever makes it. It stays in the namespace that its
// Conn was opened in and may be used from any goroutine, but not by two at once.
//
// The kernel waits for nobody. What does not fit the receive buffer is lost, and
// that something was is told once: then [Listener.Poll] returns [ErrLost]. What
// it delivers from there up to the next time that it has nothing was queued
// before, or while, events were lost. At that moment the buffer is empty and
// nothing is lost any more: what is read from the kernel after it, together with
// the events that come after it, is the truth again.
type Listener struct {
	s     *socket
	in    []byte
	oob   [64]byte
	trace func(sent bool, datagram []byte)

	// Of the callback that is made once: see socket.
	n, oobn, flags int
	err            error
	get            func(fd uintptr) bool
}

// A ListenConfig says what to hear.
type ListenConfig struct {
	// Groups are those to join, by number: RTNLGRP_*, NFNLGRP_*.
	Groups []uint32

	// AllNSID has it hear of all namespaces that have an id in its own
	// (NETLINK_LISTEN_ALL_NSID, since Linux 4.2). It takes CAP_NET_BROADCAST.
	AllNSID bool

	// Buffer is the size of the receive buffer in bytes; 0 is 8 MiB, which
	// holds 10,000 events or more. Without CAP_NET_ADMIN in the initial user
	// namespace it is at most net.core.rmem_max.
	Buffer int
}

const eventBuffer = 8 << 20

// Listen makes a Listener of a Conn, which it takes over: no more requests can be
// made with it, and only the Listener is to be closed. After an error it is still
// a Conn.
//
// Equivalent to: `ip monitor`
func (c *Conn) Listen(cfg ListenConfig) (*Listener, error) {
	s, ok := c.t.(*socket)
	if !ok {
		return nil, unix.EOPNOTSUPP // a pretended kernel has no events
	}
	if err := c.acquire(); err != nil { // and never release
		return nil, err
	}
	l := &Listener{s: s, in: c.in, trace: c.trace}
	l.get = func(fd uintptr) bool {
		for l.err = unix.EINTR; l.err == unix.EINTR; {
			l.n, l.oobn, l.flags, _, l.err = unix.Recvmsg(int(fd), l.in, l.oob[:], 0)
		}
		return true
	}
	if cfg.Buffer == 0 {
		cfg.Buffer = eventBuffer
	}
	joined := 0
	err := s.control(func(fd int) (err error) {
		// Also a smaller one than there is, if that is asked for.
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, cfg.Buffer) != nil {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, cfg.Buffer) // refuses no number
		}
		if cfg.AllNSID {
			err = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_LISTEN_ALL_NSID, 1)
		}
		for i := 0; i < len(cfg.Groups) && err == nil; i++ {
			if err = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, int(cfg.Groups[i])); err == nil {
				joined++
			}
		}
		for i := 0; i < joined && err != nil; i++ { // it is still a Conn, and no event may look like an answer
			_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_DROP_MEMBERSHIP, int(cfg.Groups[i])) // err is what counts
		}
		return err
	})
	if err != nil {
		c.release()
		return nil, fmt.Errorf("nl: join multicast groups %d of %s, NETLINK_LISTEN_ALL_NSID %t: %w", cfg.Groups, c.protocol.Name, cfg.AllNSID, err)
	}
	return l, nil
}

// Close closes the socket. A call that is waiting on it, and every later one,
// returns [os.ErrClosed].
func (l *Listener) Close() error { return l.s.close() }

// Poll returns the next datagram, to be taken apart by [Next]; nil if there is none,
// which it does not wait for. It is valid until the next call. nsid is the id that the
// listener's namespace has for that of the event; it is not Ok where that is the same.
//
// An error that is [ErrLost] is not the end: see [Listener].
func (l *Listener) Poll() (datagram []byte, nsid Opt[int32], err error) {
	if err = l.s.raw.Read(l.get); err == nil {
		err = l.err
	}
	switch {
	case err == unix.EAGAIN:
		return nil, nsid, nil
	case err == unix.ENOBUFS:
		return nil, nsid, ErrLost
	case err != nil:
		return nil, nsid, l.s.why(err)
	case l.flags&unix.MSG_TRUNC != 0:
		l.in = make([]byte, 2*len(l.in)+1) // it was too long
		return nil, nsid, ErrLost
	}
	if l.oobn >= unix.CmsgLen(4) { // NETLINK_LISTEN_ALL_NSID: no other control message was asked for
		nsid = Some(int32(binary.NativeEndian.Uint32(l.oob[unix.CmsgLen(0):])))
	}
	if l.trace != nil {
		l.trace(false, l.in[:l.n])
	}
	return l.in[:l.n], nsid, nil
}

// Wait returns when there is something to poll, or with the error of ctx when
// that is done.
func (l *Listener) Wait(ctx context.Context) error {
	if err := l.s.wait(ctx); err != nil {
		return l.s.why(err)
	}
	return nil
}

// Receive waits for the next datagram and calls each with every message of it.
// The bytes are only valid during the call. An error of each ends it and is
// returned; one that is [ErrLost] is not the end.
func (l *Listener) Receive(ctx context.Context, each func(h Header, body []byte, nsid Opt[int32]) error) error {
	for {
		b, nsid, err := l.Poll()
		if err != nil {
			return err
		}
		if b == nil {
			if err := l.Wait(ctx); err != nil {
				return err
			}
			continue
		}
		for len(b) > 0 {
			h, body, rest, ok := Next(b)
			if !ok {
				return errTruncated
			}
			if err := each(h, body, nsid); err != nil {
				return err
			}
			b = rest
		}
		return nil
	}
}
