//go:build linux

// Package arping is the arping command: ARP requests and who answers them, in
// the words of iputils 20221126. Packets and sockets are those of
// mdlayher/arp and mdlayher/packet. arp's own Client is not used: it needs a
// device with an address, which one that tests an address has not got yet.
//
// Two things differ: times are true, where iputils adds half a millisecond;
// and -D also sees others that probe for the address at the same time.
package arping

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/mdlayher/packet"
	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/iputils"
	"github.com/minins/minins/cmd/minins/internal/lacks"
	"github.com/minins/minins/cmd/minins/internal/resolve"
	"golang.org/x/sys/unix"
)

// Run is the command. It returns 0 if there was an answer (with -D: none, with
// -c and -w: all), 1 if not, 2 if it could not ask.
//
// Equivalent to: `arping`
func Run(c *applet.Cmd) int {
	o, err := parse(c.Args)
	if err != nil {
		return iputils.Report(c, err, usage)
	}
	if o.version {
		c.Printf("%s", version)
		return 0
	}
	if c.Explain != nil {
		return explain(c, o)
	}
	status, err := run(c, o)
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		if !o.quiet {
			c.Printf("%s", refused.text)
		}
		return refused.status
	}
	if err != nil {
		return iputils.Report(c, err, usage)
	}
	return status
}

func run(c *applet.Cmd, o *options) (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil { // without the right, nothing else is looked at
		c.Hint(lacks.Packet(err))
		return 0, iputils.FailErrno(2, err, "socket")
	}
	unix.Close(fd)
	host, err := resolve.LookupHost(o.target, resolve.IPv4)
	if err == resolve.ErrTemporary && strings.Trim(o.target, "0123456789.") == "" {
		err = resolve.ErrNotFound // what only looks like a number
	}
	if err != nil {
		return 0, iputils.Fail(2, "%s: %v", o.target, err)
	}
	p := probe{dst: host.Addrs[0], dad: o.dad}
	link, err := o.findDevice(c, p.dst)
	if err != nil {
		return 0, err
	}
	p.mac = link.Addr.AppendTo(nil)
	p.src, err = o.findSource(link.Name, p.dst, func(w string) { c.Errorf("%s: %s", c.Name, w) })
	if err != nil {
		return 0, err
	}
	ifi := &net.Interface{Index: int(link.Index), Name: link.Name, HardwareAddr: p.mac}
	conn, err := packet.Listen(ifi, packet.Raw, unix.ETH_P_ARP, nil)
	if err != nil {
		return 0, iputils.Fail(2, "socket: %v", err)
	}
	defer func() { _ = conn.Close() }() // what fails there was said by a read or write
	s := &session{c: c, o: o, probe: p, conn: conn, to: broadcast()}
	s.print(fmt.Sprintf("ARPING %s from %s %s\n", p.dst, p.src, link.Name))
	if p.src.IsUnspecified() && !o.dad {
		return 0, iputils.Fail(2, "no source address in not-DAD mode")
	}
	return s.loop()
}

// A session is one call that is under way.
type session struct {
	c *applet.Cmd
	o *options
	probe
	conn *packet.Conn
	to   net.HardwareAddr // whom to ask
	last time.Time        // of the last request

	sent, broadcasts                  int
	received, gotBroadcasts, requests int
}

// An arrival is a frame, or the error that ends reading.
type arrival struct {
	frame frame
	at    time.Time
	err   error
}

// loop asks and listens until there is nothing more to wait for.
func (s *session) loop() (int, error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM)
	defer signal.Stop(signals)
	arrivals, stop := make(chan arrival), make(chan struct{})
	defer close(stop)
	go s.read(arrivals, stop)

	tick := newTimer(s.o.interval)
	defer tick.Stop()
	end := newTimer(s.o.timeout)
	defer end.Stop()
	started := time.Now()
	s.send()
	for slots := 1; ; { // slots counts intervals, whether sending worked or not
		select {
		case <-signals:
			return s.finish(), nil
		case <-tick.C:
			if slots++; s.o.count > 0 && slots > s.o.count {
				return s.finish(), nil
			}
			s.send()
			if s.o.timeout > 0 && time.Duration(slots-1)*s.o.interval >= s.o.timeout {
				return s.finish(), nil // both timers end now
			}
			tick.Reset(time.Until(started.Add(time.Duration(slots) * s.o.interval)))
		case <-end.C:
			// The last interval ends with the timeout: its request is sent.
			if due := int(s.o.timeout/max(s.o.interval, 1)) + 1; s.o.interval > 0 && slots < due && (s.o.count < 0 || slots < s.o.count) {
				s.send()
			}
			return s.finish(), nil
		case a := <-arrivals:
			if a.err != nil {
				return 0, a.err
			}
			if s.answeredBy(&a.frame) && s.take(&a.frame, a.at) {
				return s.finish(), nil
			}
		}
	}
}

// newTimer is one that never fires if d is 0.
func newTimer(d time.Duration) *time.Timer {
	t := time.NewTimer(d)
	if d == 0 {
		t.Stop()
	}
	return t
}

// read passes on what arrives until the socket is closed.
func (s *session) read(arrivals chan<- arrival, stop <-chan struct{}) {
	buf := make([]byte, 1514)
	for {
		n, _, err := s.conn.ReadFrom(buf)
		a := arrival{at: time.Now()}
		if err != nil {
			a.err = iputils.Fail(2, "recvfrom: %v", err)
			var errno unix.Errno
			if errors.As(err, &errno) {
				a.err = iputils.FailErrno(2, errno, "recvfrom")
			}
		} else {
			var ok bool
			if a.frame, ok = parseFrame(buf[:n]); !ok {
				continue
			}
		}
		select {
		case arrivals <- a:
		case <-stop:
			return
		}
		if err != nil {
			return
		}
	}
}

func (s *session) send() {
	f, err := s.request(s.to, s.o.advertise)
	if err == nil {
		var b []byte
		if b, err = f.pack(); err == nil {
			now := time.Now()
			if _, err = s.conn.WriteTo(b, &packet.Addr{HardwareAddr: s.to}); err == nil {
				s.last = now
			}
		}
	}
	if err != nil {
		s.c.Errorf("%s: sendto: %v", s.c.Name, err)
		return
	}
	s.sent++
	if s.to[0]&1 != 0 {
		s.broadcasts++
	}
}

// take counts and shows an answer, and reports whether it was the last one.
func (s *session) take(f *frame, at time.Time) bool {
	s.print(s.describe(f, at.Sub(s.last)))
	s.received++
	if s.o.timeout > 0 && s.received == s.o.count {
		return true
	}
	if f.to[0]&1 != 0 {
		s.gotBroadcasts++
	}
	if f.isRequest() {
		s.requests++
	}
	if s.o.first {
		return true
	}
	if !s.o.broadcast {
		s.to = f.SenderHardwareAddr
	}
	return false
}

// finish shows the counters and returns the exit status.
func (s *session) finish() int {
	text := fmt.Sprintf("Sent %d probes (%d broadcast(s))\nReceived %d response(s)", s.sent, s.broadcasts, s.received)
	switch {
	case s.requests > 0 && s.gotBroadcasts > 0:
		text += fmt.Sprintf(" (%d request(s), %d broadcast(s))", s.requests, s.gotBroadcasts)
	case s.requests > 0:
		text += fmt.Sprintf(" (%d request(s))", s.requests)
	case s.gotBroadcasts > 0:
		text += fmt.Sprintf(" (%d broadcast(s))", s.gotBroadcasts)
	}
	s.print(text + "\n")
	return s.o.status(s.received)
}

// status is the exit status after that many answers.
func (o *options) status(received int) int {
	failed := received == 0
	switch {
	case o.dad:
		failed = received > 0
	case o.unsolicited:
		failed = false
	case o.timeout > 0 && o.count > 0 && !o.first:
		failed = received < o.count
	}
	if failed {
		return 1
	}
	return 0
}

// print writes and flushes: a person waits for it.
func (s *session) print(text string) {
	if !s.o.quiet {
		s.c.Printf("%s", text)
		s.c.Stdout.Flush()
	}
}
