//go:build linux

package ps

import (
	"bufio"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A column shows one property of a process. The last one of a table is as
// long as it likes.
type column struct {
	header string
	width  int
	right  bool // aligned
	text   func(p *process) string
}

// columns are those of the format.
func (o *options) columns(sys *system) []column {
	now := time.Now()
	pid := column{"PID", sys.pidWidth, true, func(p *process) string { return strconv.Itoa(p.pid) }}
	tty := column{"TTY", 8, false, func(p *process) string { return sys.ttyName(p.tty) }}
	stat := column{"STAT", 4, false, (*process).stat}
	clock := column{"TIME", 8, true, func(p *process) string { return cpuTime(p.ticks / hz) }}
	minutes := column{"TIME", 6, true, func(p *process) string { return cpuMinutes(p.ticks / hz) }}
	started := func(p *process) string { return startText(time.Unix(sys.boot+int64(p.start/hz), 0), now) }
	user := func(p *process) string { return sys.user(p.euid, 8) }

	switch o.format {
	case formatFull:
		return []column{
			{"UID", 8, false, user},
			pid,
			{"PPID", sys.pidWidth, true, func(p *process) string { return strconv.Itoa(p.ppid) }},
			{"C", 2, true, func(p *process) string { return strconv.FormatUint(min(p.share(sys, 100), 99), 10) }},
			{"STIME", 5, true, started},
			tty, clock,
			{"CMD", 0, false, (*process).command},
		}
	case formatUser:
		return []column{
			{"USER", 8, false, user},
			pid,
			{"%CPU", 4, true, func(p *process) string { return percent(p.share(sys, 1000)) }},
			{"%MEM", 4, true, func(p *process) string { return percent(min(p.resident*1000/max(sys.memory, 1), 999)) }},
			{"VSZ", 6, true, func(p *process) string { return strconv.FormatUint(p.size, 10) }},
			{"RSS", 5, true, func(p *process) string { return strconv.FormatUint(p.resident, 10) }},
			tty, stat,
			{"START", 5, true, started},
			minutes,
			{"COMMAND", 0, false, (*process).command},
		}
	case formatBSD:
		return []column{pid, tty, stat, minutes, {"COMMAND", 0, false, (*process).command}}
	}
	return []column{pid, tty, clock, {"CMD", 0, false, (*process).name}}
}

func (p *process) name() string { return p.comm }

// command is the arguments, or the name in brackets of what has none: kernel
// threads and zombies.
func (p *process) command() string {
	switch {
	case p.args != "":
		return p.args
	case p.state == 'Z':
		return "[" + p.comm + "] <defunct>"
	}
	return "[" + p.comm + "]"
}

// stat is the state and what else is special.
func (p *process) stat() string {
	s := string(p.state)
	for _, flag := range []struct {
		on     bool
		letter string
	}{
		{p.nice < 0, "<"},
		{p.nice > 0, "N"},
		{p.locked > 0, "L"},
		{p.session == p.pid, "s"},
		{p.threads > 1, "l"},
		{p.pgrp == p.tpgid, "+"},
	} {
		if flag.on {
			s += flag.letter
		}
	}
	return s
}

// share is the part of its life that the process was running, of whole.
func (p *process) share(sys *system, whole uint64) uint64 {
	if sys.uptime <= p.start {
		return 0
	}
	return p.ticks * whole / (sys.uptime - p.start)
}

// percent shows tenths of a percent; from 100 on there is no room for them.
func percent(tenths uint64) string {
	if tenths > 999 {
		return strconv.FormatUint(tenths/10, 10)
	}
	return fmt.Sprintf("%d.%d", tenths/10, tenths%10)
}

// cpuTime is [DD-]HH:MM:SS.
func cpuTime(s uint64) string {
	text := fmt.Sprintf("%02d:%02d:%02d", s/3600%24, s/60%60, s%60)
	if days := s / 86400; days > 0 {
		return fmt.Sprintf("%02d-%s", days, text)
	}
	return text
}

// cpuMinutes is MMM:SS.
func cpuMinutes(s uint64) string { return fmt.Sprintf("%3d:%02d", s/60, s%60) }

// startText is the time of today, the day of this year, or the year.
func startText(t, now time.Time) string {
	switch {
	case t.Year() != now.Year():
		return t.Format("2006")
	case t.YearDay() != now.YearDay():
		return t.Format("Jan02")
	}
	return t.Format("15:04")
}

// A table is how the columns are written.
type table struct {
	columns []column
	limit   int  // characters in a line
	utf8    bool // what may be shown
}

func (t *table) write(w *bufio.Writer, procs []*process) {
	limit := t.lineLimit()
	w.WriteString(t.line(math.MaxInt, func(c *column) string { return c.header }))
	for _, p := range procs {
		w.WriteString(t.line(limit, func(c *column) string { return c.text(p) }))
	}
}

// lineLimit is the length at which lines are cut. A terminal too narrow for
// all columns wraps them: lines then fill as many of its rows as they need.
func (t *table) lineLimit() int {
	const last = 3 // what the last column has at least
	need := last
	for _, c := range t.columns[:len(t.columns)-1] {
		need += c.width + 1
	}
	if t.limit >= need {
		return t.limit
	}
	return (need + t.limit - 1) / t.limit * t.limit
}

// line sets the columns. One that is too long pushes the next ones to the
// right, until their blanks have made up for it.
func (t *table) line(limit int, text func(*column) string) string {
	var b strings.Builder
	due, at := 0, 0 // where this column should begin, and where it does
	pad := func(to int) {
		if to > at {
			b.WriteString(strings.Repeat(" ", to-at))
			at = to
		}
	}
	last := len(t.columns) - 1
	for i := range t.columns {
		c := &t.columns[i]
		cell := text(c)
		if i == last {
			cell = t.printable(cell, limit-max(due, at))
		}
		size := utf8.RuneCountInString(cell)
		if c.right {
			pad(due + c.width - size)
		} else {
			pad(due)
		}
		b.WriteString(cell)
		at += size
		due += c.width
		if i < last {
			pad(due)
			b.WriteByte(' ')
			due, at = due+1, at+1
		}
	}
	return b.String() + "\n"
}

// printable replaces what must not reach a terminal, and cuts the text to
// that many characters.
func (t *table) printable(s string, limit int) string {
	var b strings.Builder
	for n := 0; s != "" && n < limit; n++ {
		r, size := utf8.DecodeRuneInString(s)
		if !t.utf8 && r >= utf8.RuneSelf {
			r, size = utf8.RuneError, 1
		}
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteByte('?')
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case t.utf8:
			b.WriteByte('?')
		default:
			b.WriteByte('.')
		}
		s = s[size:]
	}
	return b.String()
}
