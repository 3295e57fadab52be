//go:build linux

package ping

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/minins/minins/cmd/minins/internal/fraction"
)

// stats counts what was sent and what came back. Times are in microseconds.
type stats struct {
	sent, received, repeats, errors int64

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
	text := fmt.Sprintf("\n--- %s ping statistics ---\n%d packets transmitted, %d received%s%s", how.host, s.sent, s.received,
		more(s.repeats, "duplicates"), more(s.errors, "errors"))
	if s.sent > 0 {
		loss := float64(float32(float64(s.sent-s.received) * 100 / float64(s.sent)))
		text += ", " + fraction.Short(loss) + "% packet loss, time " +
			strconv.FormatInt((how.elapsed+time.Millisecond/2).Milliseconds(), 10) + "ms"
	}
	separator := "\n"
	if s.received > 0 && how.timed {
		text += "\nrtt min/avg/max/mdev = " + thousandths(s.min, s.average(), s.max, s.deviation())
		separator = ", "
	}
	if s.pipe > 1 {
		text += separator + "pipe " + strconv.Itoa(s.pipe)
		separator = ", "
	}
	if s.received > 0 && s.sent > 1 && how.rate {
		text += separator + "ipg/ewma " + thousandths(how.elapsed.Microseconds()/(s.sent-1), s.smooth/8)
		separator = ", "
	}
	if separator == "\n" {
		text += separator
	}
	return text + "\n"
}

// more says that there was something beside packets.
func more(n int64, what string) string {
	if n == 0 {
		return ""
	}
	return ", +" + strconv.FormatInt(n, 10) + " " + what
}

// status is the line that SIGQUIT asks for.
func (s *stats) status(timed bool) string {
	loss := int64(0)
	if s.sent > 0 {
		loss = (s.sent - s.received) * 100 / s.sent
	}
	text := fmt.Sprintf("\r%d/%d packets, %d%% loss", s.received, s.sent, loss)
	if s.received > 0 && timed {
		text += ", min/avg/ewma/max = " + thousandths(s.min, s.average(), s.smooth/8, s.max)
	}
	return text + "\n"
}

// thousandths shows microseconds as milliseconds: "0.054/0.060 ms".
func thousandths(list ...int64) string {
	text := ""
	for i, us := range list {
		if i > 0 {
			text += "/"
		}
		text += timeText(us, 3)
	}
	return text + " ms"
}

// tripText shows the time of one reply with the digits that matter.
func tripText(us int64) string {
	switch {
	case us >= 100000-50:
		return timeText(us+500, 0)
	case us >= 10000-5:
		return timeText(us+50, 1)
	case us >= 1000:
		return timeText(us+5, 2)
	}
	return timeText(us, 3)
}

// timeText shows microseconds as milliseconds with that many digits after the
// point.
func timeText(us int64, digits int) string {
	text := strconv.FormatInt(us/1000, 10)
	if digits == 0 {
		return text
	}
	return text + "." + strconv.FormatInt(1000+us%1000, 10)[1:1+digits]
}
