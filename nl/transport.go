//go:build linux

package nl

import (
	"bytes"
	"context"
	"math"

	"golang.org/x/sys/unix"
)

// A transport carries datagrams between a Conn and the kernel, or whoever
// plays it.
type transport interface {
	send(datagram []byte) error
	sendv(datagram [][]byte) error // of pieces
	// sendApart sends requests, the first and those behind it up to end, each in a
	// datagram of its own, until the kernel answers one. It returns how many it has
	// sent, 0 if it cannot, and whether it knows that none was answered.
	sendApart(p *pieces, first, end int) (sent int, silent bool)
	// receive fills b with the next datagram; without one, it waits until ctx
	// is done if wait is set, and returns EAGAIN at once if not.
	receive(ctx context.Context, b []byte, wait bool) (int, error)
	grow(sndbuf, rcvbuf int) error
	buffers() (sndbuf, rcvbuf int)
	close() error
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

func (p *pretence) sendv(b [][]byte) error { return p.send(bytes.Join(b, nil)) }

func (p *pretence) sendApart(*pieces, int, int) (int, bool) { return 0, false }

func (p *pretence) receive(_ context.Context, b []byte, _ bool) (int, error) {
	if len(p.replies) == 0 {
		return 0, unix.EAGAIN
	}
	n := copy(b, p.replies[0])
	p.replies = p.replies[1:]
	return n, nil
}

func (p *pretence) grow(int, int) error { return nil }
func (p *pretence) buffers() (int, int) { return math.MaxInt32, math.MaxInt32 }
func (p *pretence) close() error        { return nil }
