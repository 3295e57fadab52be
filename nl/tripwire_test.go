//go:build linux

package nl

import (
	"math/bits"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
)

// TestTripwire sends requests that do nothing, of which one is answered: those
// behind it are not sent, wherever it is, and again and again.
func TestTripwire(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := Dial(&Protocol{Family: unix.NETLINK_ROUTE, Name: "NETLINK_ROUTE", Type: func(uint16) (string, Message) { return "", nil }}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := c.t.(*socket)
	fill := func(n, asks int) *pieces {
		b := c.Batch()
		for i := range n {
			b.Add(unix.NLMSG_NOOP, 0, nil)
			if i == asks {
				b.AskAck()
			}
		}
		return &c.batch
	}
	if sent, _ := s.sendApart(fill(100, -1), 0, 100); sent != 100 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if bits.UintSize == 64 {
			testns.Skip(t, "no io_uring that stops sendmmsg: that takes Linux 6.5")
		}
		return
	}
	for _, asks := range []int{0, 1, 500, 1022, 1023, 63, -1} {
		want := asks + 1
		if asks < 0 {
			want = tripMost
		}
		s.tripwire.most = tripMost // it may have been less: a slow machine has it send fewer
		got, silent := s.sendApart(fill(1100, asks), 0, 1100)
		if got != want {
			t.Errorf("request %d is answered: %d were sent", asks, got)
		}
		if silent != (asks < 0) {
			t.Errorf("request %d is answered: silent = %t", asks, silent)
		}
		answers := 0
		for {
			if _, err := c.receive(t.Context(), false); err != nil {
				break
			}
			answers++
		}
		if want := min(asks+1, 1); answers != want {
			t.Errorf("request %d is answered: %d answers", asks, answers)
		}
	}

	// From the middle, fewer than pay, and what is too large.
	p := fill(1100, 1000)
	s.tripwire.most = tripMost
	if got, _ := s.sendApart(p, 900, 1100); got != 101 {
		t.Errorf("from request 900 up to 1000, which is answered: %d were sent", got)
	}
	if got, _ := s.sendApart(p, 0, 100); got != 0 {
		t.Errorf("while an answer waits: %d were sent", got)
	}
	if _, err := c.receive(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.sendApart(p, 0, tripLeast-1); got != 0 {
		t.Errorf("%d were sent of few", got)
	}
	s.tripwire.most = tripMost
	if got, _ := s.sendApart(p, 0, 100); got != 100 {
		t.Errorf("after that %d were sent, want 100", got)
	}

	other := make(chan int)
	go func() {
		runtime.LockOSThread()
		sent, _ := s.sendApart(p, 0, 100)
		other <- sent
	}()
	if got := <-other; got != 0 {
		t.Errorf("%d were sent by another thread", got)
	}
	before := testns.FDs()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if after := testns.FDs(); len(after) != len(before)-2 {
		t.Errorf("closed, it leaves %q of %q", after, before)
	}
	if got, _ := s.sendApart(p, 0, 100); got != 0 {
		t.Errorf("%d were sent by a closed socket", got)
	}

	before = testns.FDs()
	if newTripwire(-1) != nil {
		t.Error("there is one of no socket")
	}
	if after := testns.FDs(); len(after) != len(before) {
		t.Errorf("it leaves %q of %q", after, before)
	}
}

// TestTripwireThread has the thread that made a tripwire end: then it stops
// nothing, and must not be used.
func TestTripwireThread(t *testing.T) {
	c, err := Dial(&Protocol{Family: unix.NETLINK_ROUTE, Name: "NETLINK_ROUTE", Type: func(uint16) (string, Message) { return "", nil }}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := c.t.(*socket)
	made := make(chan struct{})
	go func() {
		runtime.LockOSThread() // and it ends locked
		s.tried, s.tripwire = true, newTripwire(s.fd)
		close(made)
	}()
	<-made
	w := s.tripwire
	if w == nil {
		testns.Skip(t, "no io_uring that stops sendmmsg")
	}
	for unix.Tgkill(unix.Getpid(), w.thread, 0) == nil {
		runtime.Gosched()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w.thread = unix.Gettid() // as if the number was given out again
	if w.arm(s.fd) {
		t.Error("it is armed, though its thread has ended")
	}
}
