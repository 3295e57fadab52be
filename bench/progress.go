//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progress tells people what is going on: one line that changes on a
// terminal, else a line for each run.
type progress struct {
	w        io.Writer
	terminal bool
	total    int // runs to come, at most
	done     int
	start    time.Time
	now      string
}

func (p *progress) begin(workload string, n int, contestant string, round, rounds int) {
	p.done++
	p.now = fmt.Sprintf("%3d%%  %s  %s %d  round %d/%d  %s", 100*(p.done-1)/max(p.total, 1),
		time.Since(p.start).Round(time.Second), workload, n, round, rounds, contestant)
	if p.terminal {
		fmt.Fprintf(p.w, "\r\033[K%s", p.now)
	}
}

func (p *progress) end(phases []phase, err error) {
	if p.terminal {
		return
	}
	var words []string
	for _, ph := range phases {
		wall, _ := wallPerOp(ph.sample)
		words = append(words, ph.name+" "+duration(wall))
	}
	if err != nil {
		words = append(words, "left out: "+strings.TrimSpace(err.Error()))
	}
	fmt.Fprintf(p.w, "%s: %s\n", p.now, strings.Join(words, ", "))
}

// skip takes runs that will not be from those to come.
func (p *progress) skip(runs int) { p.total -= runs }

// say prints a line that stays.
func (p *progress) say(line string) {
	if p.terminal {
		fmt.Fprint(p.w, "\r\033[K")
	}
	fmt.Fprintln(p.w, line)
}
