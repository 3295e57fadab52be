//go:build linux

package ping

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/iputils"
)

// A pacer says when to send. It is a token bucket in milliseconds: being late
// once does not delay what follows, and preload packets may go at once.
type pacer struct {
	interval, preload int
	last              time.Time
	tokens            int
}

// wait returns the milliseconds to wait, or 0 to send now.
func (p *pacer) wait(now time.Time, inFlight int64) int {
	if p.last.IsZero() {
		p.last, p.tokens = now, p.interval*(p.preload-1)
		return 0
	}
	n := int(now.Sub(p.last).Milliseconds())
	if p.interval == 0 && n < minInterval && inFlight >= int64(p.preload) {
		return minInterval - n
	}
	n = min(n+p.tokens, p.interval*p.preload)
	if n < p.interval {
		return p.interval - n
	}
	p.last, p.tokens = now, n-p.interval
	return 0
}

// loop sends and receives until there is nothing to wait for, and returns the
// exit status.
func (s *session) loop() (int, error) {
	var err error
	if s.wake, err = newWaker(); err != nil {
		return 0, iputils.FailErrno(2, err, "eventfd")
	}
	defer s.wake.close()
	s.pace = pacer{interval: s.o.interval, preload: s.o.preload}
	s.start = time.Now()
	var end time.Time // when to stop waiting; zero: never
	if s.o.deadline > 0 {
		end = s.start.Add(time.Duration(s.o.deadline) * time.Second)
	}
	for !s.finished() {
		if s.wake.statusWanted() {
			s.c.Stdout.Flush()
			fmt.Fprint(s.c.Stderr, s.stats.status(s.timed()))
		}
		if s.o.deadline > 0 && !time.Now().Before(end) { // a request that is due at that moment is not sent
			break
		}
		next := s.send()
		if next <= 0 {
			continue
		}
		if s.allSent() && s.o.deadline == 0 && end.IsZero() {
			if wait := s.lingering(); wait > 0 {
				end = time.Now().Add(wait)
			}
		}
		if !end.IsZero() {
			left := time.Until(end)
			if left <= 0 {
				s.receive(0) // what came while we were not running
				break
			}
			next = min(next, int(left.Milliseconds())+1)
		}
		s.receive(next)
	}
	o := s.o
	s.print(s.stats.text(summary{
		host:    s.host,
		elapsed: s.pace.last.Sub(s.start),
		timed:   s.timed(),
		rate:    s.pace.interval == 0 || o.flood || o.adaptive,
	}))
	if s.stats.received == 0 || o.deadline > 0 && s.stats.received < o.count {
		return 1, nil
	}
	return 0, nil
}

// finished reports whether what was asked for is done.
func (s *session) finished() bool {
	return s.wake.interrupted() ||
		s.o.count > 0 && s.stats.received+s.stats.errors >= s.o.count ||
		s.o.deadline > 0 && s.stats.errors > 0
}

func (s *session) allSent() bool { return s.o.count > 0 && s.stats.sent >= s.o.count }

// lingering is how long to wait for the last replies: two round trips, or the
// time of -W if there was none yet. 0 is for ever.
func (s *session) lingering() time.Duration {
	if s.stats.received == 0 {
		return time.Duration(s.o.linger) * time.Millisecond
	}
	return max(2*time.Duration(s.stats.max)*time.Microsecond, time.Duration(s.pace.interval)*time.Millisecond)
}

// send sends a request if it is time, and returns the milliseconds to the
// next one.
func (s *session) send() int {
	if s.wake.interrupted() || s.allSent() && s.o.deadline == 0 {
		return 1000
	}
	if wait := s.pace.wait(time.Now(), s.stats.inFlight()); wait > 0 {
		return wait
	}
	if s.o.outstanding && s.stats.sent > 0 && !s.stats.wasSeen(uint16(s.stats.sent)) {
		s.print(fmt.Sprintf("%sno answer yet for icmp_seq=%d\n", s.stamp(), s.stats.sent%maxSeq))
	}
	for {
		switch err := s.sendOne(); err {
		case nil:
			s.stats.sent++
			if s.o.flood && !s.o.quiet {
				s.print(".")
			}
			return s.pace.interval - s.pace.tokens
		case unix.EINTR:
			continue
		case unix.EAGAIN: // the socket's buffer is full
			s.pace.tokens += s.pace.interval
			return minInterval
		case unix.ENOBUFS, unix.ENOMEM: // the device's queue is full: nothing was sent
			s.pace.tokens = 0
			return min(max(s.pace.interval/2, minInterval), 500)
		default:
			// The kernel says more about it in the error queue, mostly.
			found := s.readError()
			if found == foreignError {
				continue
			}
			s.stats.sent++
			s.pace.tokens = 0
			if found == netError && !s.o.quiet {
				if s.o.flood {
					s.print("E")
				} else {
					s.warn("sendmsg: " + applet.Strerror(err))
				}
			}
			return max(s.pace.interval, minInterval)
		}
	}
}

func (s *session) sendOne() error {
	seq := uint16(s.stats.sent + 1)
	s.stats.forget(seq)
	e := echo{typ: echo4, id: s.id, seq: seq}
	if s.dst.Is6() {
		e.typ = echo6
	}
	e.put(s.packet, time.Now())
	return unix.Sendto(s.fd, s.packet, 0, s.to)
}

// adapt sets the interval to the round trip time (-A).
func (s *session) adapt(root bool) {
	if s.o.adaptive {
		s.pace.interval = int(s.stats.smooth/8+500) / 1000
		if !root {
			s.pace.interval = max(s.pace.interval, minUser)
		}
	}
}

// stamp is the time before a line (-D).
func (s *session) stamp() string {
	if !s.o.stamps {
		return ""
	}
	now := time.Now()
	return fmt.Sprintf("[%d.%06d] ", now.Unix(), now.Nanosecond()/1000)
}
