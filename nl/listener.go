//go:build linux

package nl

import (
	"context"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// A Listener is a socket that has joined multicast groups of the kernel, and so
// hears of every change, whoever makes it. It stays in the namespace that it was
// opened in and may be used from any goroutine, but not by two at once.
//
// The kernel waits for nobody. What does not fit the receive buffer is lost, and
// that something was is told once: then [Listener.Poll] returns [ErrLost]. What
// it delivers from there up to the next time that it has nothing was queued
// before, or while, events were lost. At that moment the buffer is empty and
// nothing is lost any more: what is read from the kernel after it, together with
// the events that come after it, is the truth again.
type Listener struct {
	s   *socket
	in  []byte
	oob [64]byte

	// Of the callback that is made once: see socket.
	n, oobn, flags int
	err            error
	get            func(fd uintptr) bool
}

// A ListenConfig says what to hear.
type ListenConfig struct {
	// NetNS is a descriptor of the network namespace to open the socket in,
	// or 0 for that of the calling thread. It may be closed afterwards.
	NetNS int

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

// Listen opens a socket of protocol p and joins groups.
//
// Equivalent to: `ip monitor`
func Listen(p *Protocol, cfg ListenConfig) (*Listener, error) {
	s, _, err := openSocket(p.Family, cfg.NetNS)
	if err != nil {
		return nil, err
	}
	l := &Listener{s: s, in: make([]byte, receiveBuffer)}
	l.get = func(fd uintptr) bool {
		l.n, l.oobn, l.flags, _, l.err = unix.Recvmsg(int(fd), l.in, l.oob[:], 0)
		return true
	}
	if err := l.join(p, cfg); err != nil {
		_ = s.close() // the error that counts is err
		return nil, err
	}
	return l, nil
}

func (l *Listener) join(p *Protocol, cfg ListenConfig) error {
	return l.s.control(func(fd int) error {
		want := cfg.Buffer
		if want == 0 {
			want = eventBuffer
		}
		// Also a smaller one than there is, if that is asked for.
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, want) != nil {
			if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, want); err != nil {
				return fmt.Errorf("nl: %s: a receive buffer of %d bytes: %w", p.Name, want, err)
			}
		}
		for _, g := range cfg.Groups {
			if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, int(g)); err != nil {
				return fmt.Errorf("nl: %s: join multicast group %d: %w", p.Name, g, err)
			}
		}
		if cfg.AllNSID {
			if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_LISTEN_ALL_NSID, 1); err != nil {
				return fmt.Errorf("nl: %s: listen to all namespaces that have an id here: %w", p.Name, err)
			}
		}
		return nil
	})
}

// Close closes the socket. A call that is waiting on it, and every later one,
// returns [os.ErrClosed].
func (l *Listener) Close() error { return l.s.close() }

// Poll calls each with every message of the next datagram, and does not wait for
// one: ok says whether there was any. nsid is the id that the listener's namespace
// has for that of the event; it is not Ok where that is the same. The bytes are
// only valid during the call. An error of each ends Poll and is returned.
//
// An error that is [ErrLost] is not the end: see [Listener].
func (l *Listener) Poll(each func(h Header, body []byte, nsid Opt[int32]) error) (ok bool, err error) {
	if err := l.s.raw.Read(l.get); err != nil {
		return false, l.s.why(err)
	}
	switch {
	case l.err == unix.EAGAIN:
		return false, nil
	case l.err == unix.ENOBUFS:
		return true, ErrLost
	case l.err != nil:
		return false, l.s.why(l.err)
	case l.flags&unix.MSG_TRUNC != 0:
		l.in = make([]byte, 2*len(l.in)+1)
		return true, fmt.Errorf("%w: an event of more than %d bytes", ErrLost, l.n)
	}
	nsid := l.nsid()
	for b := l.in[:l.n]; len(b) > 0; {
		h, body, rest, ok := Next(b)
		if !ok {
			return true, errTruncated
		}
		if err := each(h, body, nsid); err != nil {
			return true, err
		}
		b = rest
	}
	return true, nil
}

// Wait returns when there is something to poll, or with the error of ctx when
// that is done.
func (l *Listener) Wait(ctx context.Context) error {
	if err := l.s.poll(ctx); err != nil {
		return l.s.why(err)
	}
	return nil
}

// Receive is Poll that waits.
func (l *Listener) Receive(ctx context.Context, each func(h Header, body []byte, nsid Opt[int32]) error) error {
	for {
		if ok, err := l.Poll(each); ok || err != nil {
			return err
		}
		if err := l.Wait(ctx); err != nil {
			return err
		}
	}
}

// nsid is the control message NETLINK_LISTEN_ALL_NSID of the last datagram.
func (l *Listener) nsid() (id Opt[int32]) {
	for b := l.oob[:l.oobn]; len(b) > 0; {
		h, data, rest, err := unix.ParseOneSocketControlMessage(b)
		if err != nil {
			break
		}
		if h.Level == unix.SOL_NETLINK && h.Type == unix.NETLINK_LISTEN_ALL_NSID && len(data) >= 4 {
			id = Some(int32(binary.NativeEndian.Uint32(data)))
		}
		b = rest
	}
	return id
}
