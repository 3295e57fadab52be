//go:build linux

package ping

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// stats counts what was sent and what came back. Times are in microseconds.
type stats struct {
	sent, received, repeats, corrupt, errors int64

	acked uint16 // the highest sequence number answered
	pipe  int    // the most packets on their way at once
	seen  [maxSeq / 64]uint64

	timed               bool // the next five are set
	min, max, sum, sum2 int64
	smooth              int64 // 8 times the moving average
}

func (s *stats) wasSeen(seq uint16) bool { return s.seen[seq/64]&(1<<(seq%64)) != 0 }
func (s *stats) markSeen(seq uint16)     { s.seen[seq/64] |= 1 << (seq % 64) }
func (s *stats) forget(seq uint16)       { s.seen[seq/64] &^= 1 << (seq % 64) }

// acknowledge notes that the fate of a request is known.
func (s *stats) acknowledge(seq uint16) {
	behind := uint16(s.sent) - seq
	if behind > 0x7fff {
		return // not sent yet
	}
	s.pipe = max(s.pipe, int(behind)+1)
	if int16(seq-s.acked) > 0 || uint16(s.sent)-s.acked > 0x7fff {
		s.acked = seq
	}
}

// inFlight is the number of requests whose fate is not known.
func (s *stats) inFlight() int64 {
	if n := uint16(s.sent) - s.acked; n <= 0x7fff {
		return int64(n)
	}
	return s.sent - s.received - s.errors
}

func (s *stats) addTime(us int64) {
	if !s.timed || us < s.min {
		s.min, s.timed = us, true
	}
	s.max = max(s.max, us)
	s.sum += us
	s.sum2 += us * us
	if s.smooth == 0 {
		s.smooth = us * 8
	} else {
		s.smooth += us - s.smooth/8
	}
}

// average and deviation of the times.
func (s *stats) average() int64 { return s.sum / (s.received + s.repeats) }

func (s *stats) deviation() int64 {
	n := s.received + s.repeats
	variance := s.sum2/n - s.average()*s.average()
	if s.sum < math.MaxInt32 { // exact, as long as the square fits
		variance = (s.sum2 - s.sum*s.sum/n) / n
	}
	return int64(math.Sqrt(float64(max(variance, 0))))
}

// A summary is how a ping is summed up.
type summary struct {
	host    string
	elapsed time.Duration // from the start to the last request
	timed   bool          // the data had room for the time
	rate    bool          // show the rate: flood, adaptive, interval 0
}

// text is the end of the output.
func (s *stats) text(how summary) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n--- %s ping statistics ---\n%d packets transmitted, %d received", how.host, s.sent, s.received)
	for _, extra := range []struct {
		n    int64
		what string
	}{{s.repeats, "duplicates"}, {s.corrupt, "corrupted"}, {s.errors, "errors"}} {
		if extra.n > 0 {
			fmt.Fprintf(&b, ", +%d %s", extra.n, extra.what)
		}
	}
	if s.sent > 0 {
		loss := float64(float32(float64(s.sent-s.received) * 100 / float64(s.sent)))
		fmt.Fprintf(&b, ", %s%% packet loss, time %dms", strconv.FormatFloat(loss, 'g', 6, 64),
			(how.elapsed + time.Millisecond/2).Milliseconds())
	}
	b.WriteByte('\n')

	var parts []string
	if s.received > 0 && how.timed {
		parts = append(parts, fmt.Sprintf("rtt min/avg/max/mdev = %s/%s/%s/%s ms",
			thousandths(s.min), thousandths(s.average()), thousandths(s.max), thousandths(s.deviation())))
	}
	if s.pipe > 1 {
		parts = append(parts, fmt.Sprintf("pipe %d", s.pipe))
	}
	if s.received > 0 && s.sent > 1 && how.rate {
		parts = append(parts, fmt.Sprintf("ipg/ewma %s/%s ms",
			thousandths(how.elapsed.Microseconds()/(s.sent-1)), thousandths(s.smooth/8)))
	}
	return b.String() + strings.Join(parts, ", ") + "\n"
}

// status is the line that SIGQUIT asks for.
func (s *stats) status(timed bool) string {
	loss := int64(0)
	if s.sent > 0 {
		loss = (s.sent - s.received) * 100 / s.sent
	}
	text := fmt.Sprintf("\r%d/%d packets, %d%% loss", s.received, s.sent, loss)
	if s.received > 0 && timed {
		text += fmt.Sprintf(", min/avg/ewma/max = %s/%s/%s/%s ms",
			thousandths(s.min), thousandths(s.average()), thousandths(s.smooth/8), thousandths(s.max))
	}
	return text + "\n"
}

// thousandths shows microseconds as milliseconds: "0.054".
func thousandths(us int64) string { return fmt.Sprintf("%d.%03d", us/1000, us%1000) }

// timeText shows the time of one reply with the digits that matter.
func timeText(us int64) string {
	switch {
	case us >= 100000-50:
		return fmt.Sprintf("%d", (us+500)/1000)
	case us >= 10000-5:
		return fmt.Sprintf("%d.%01d", (us+50)/1000, (us+50)%1000/100)
	case us >= 1000:
		return fmt.Sprintf("%d.%02d", (us+5)/1000, (us+5)%1000/10)
	}
	return thousandths(us)
}
