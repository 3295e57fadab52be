//go:build linux

package nl

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/minins/minins/internal/testns"
	"golang.org/x/sys/unix"
)

func dialRoute(t *testing.T) *Conn {
	c, err := Dial(&Protocol{Family: unix.NETLINK_ROUTE, Name: "NETLINK_ROUTE", Type: func(uint16) (string, Message) { return "", nil }}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func fillNoops(c *Conn, n, asks int) *Batch {
	b := c.Batch()
	for i := range n {
		b.Add(unix.NLMSG_NOOP, 0, nil)
		if i == asks {
			b.AskAck()
		}
	}
	return b
}

// TestTripwireEnterFails: what was not taken by io_uring_enter does not count.
func TestTripwireEnterFails(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := dialRoute(t)
	s := c.t.(*socket)
	fillNoops(c, 100, -1)
	if sent, _ := s.sendApart(&c.batch, 0, 100); sent != 100 {
		testns.Skip(t, fmt.Sprintf("no tripwire here, which takes Linux 6.5 and io_uring: %d of 100 requests were sent", sent))
	}
	w := s.tripwire
	b := fillNoops(c, 1, 0)
	_ = c.send(b.Request(0)) // an answer waits: the poll completes within arm
	w.arm(s.fd)
	w.arm(s.fd)
	buf := make([]byte, 64)
	_, _ = unix.Read(s.fd, buf)
	ring := w.ring
	w.ring = ^uintptr(0) // EBADF, as EAGAIN would be
	if w.arm(s.fd) {
		t.Error("armed, though io_uring_enter failed")
	}
	w.ring = ring
	fillNoops(c, 200, 10)
	if got, _ := s.sendApart(&c.batch, 0, 200); got > 11 {
		t.Errorf("request 10 is answered: %d were sent", got)
	}
}

// TestTripwireGrows: after a failure there are no more polls in the kernel than before.
func TestTripwireGrows(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := dialRoute(t)
	s := c.t.(*socket)
	fillNoops(c, 100, 3)
	if sent, _ := s.sendApart(&c.batch, 0, 100); sent == 0 {
		testns.Skip(t, "no tripwire here: Linux 6.5 and io_uring")
	}
	w := s.tripwire
	buf := make([]byte, 256)
	for n := 1; n > 0; {
		n, _ = unix.Read(s.fd, buf)
	}
	ring := w.ring
	w.ring = ^uintptr(0)
	w.arm(s.fd)
	w.ring = ring
	fillNoops(c, 100, -1)
	for range 1000 {
		s.sendApart(&c.batch, 0, 100)
	}
	if n := *w.inRing(sqTail) - *w.inRing(cqTail); n > 2 {
		t.Errorf("%d polls in the kernel", n)
	}
}

// TestTripwireWrap: refusals count where the sequence number begins anew.
func TestTripwireWrap(t *testing.T) {
	c := dialRoute(t)
	c.seq = math.MaxUint32 - 50
	b := c.Batch()
	b.Apart = true
	for i := range 200 {
		typ := uint16(unix.NLMSG_NOOP)
		if i == 100 {
			typ = 1000 // EOPNOTSUPP
		}
		b.Add(typ, 0, nil)
	}
	n := 0
	_, err := b.SendEach(context.Background(), func(int, error) { n++ })
	if n != 1 || b.Sent() != 101 {
		t.Errorf("%d refusals, %d sent, %v", n, b.Sent(), err)
	}
}
