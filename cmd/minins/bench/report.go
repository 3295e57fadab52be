//go:build linux

package bench

import (
	"strconv"
	"strings"
)

// report prints what was measured.
func (s *session) report(host []fact) {
	for i := range s.series {
		for k := range s.series[i].phases {
			p := &s.series[i].phases[k]
			sort(p.wall)
			sort(p.cpu)
			sort(p.single)
		}
	}
	if s.o.json {
		s.json(host)
		return
	}
	for _, f := range host {
		s.c.Printf("%-32s%s\n", f.key, f.value)
	}
	for _, w := range s.o.works {
		s.c.Printf("\n%-22s%7s%10s%10s%10s%10s%9s\n", w.name, "ops", "median", "min", "max", "CPU", s.heading())
		for i, phase := range w.phases {
			s.phase(w, i, phase)
		}
		for i := range s.series {
			if e := &s.series[i]; e.w == w && len(e.phases[0].single) > 0 {
				s.histogram(w.phases[0], e.phases[0].single)
			}
		}
	}
	s.list("\nnot compared:", s.absent)
	s.list("\nnot measured:", s.notes)
	if s.stopped != 0 {
		s.list("\ninterrupted: these are the rounds until then", nil)
	}
}

func (s *session) heading() string {
	if s.o.vs {
		return "ratio"
	}
	return ""
}

func (s *session) list(title string, lines []string) {
	if lines != nil || s.stopped != 0 && title[1] == 'i' {
		s.c.Printf("%s\n", title)
	}
	for _, line := range lines {
		s.c.Printf("  %s\n", line)
	}
}

// phase prints the lines of a phase, one for each tool.
func (s *session) phase(w *workload, i int, name string) {
	base := 0.0
	for k := range s.series {
		e := &s.series[k]
		if e.w != w || len(e.phases[i].wall) == 0 {
			continue
		}
		p := &e.phases[i]
		ratio := ""
		m := median(p.wall)
		label := "  " + name
		if e.t.manner == mine {
			base = m
		} else {
			label = "    " + e.t.name
			if base > 0 {
				ratio = strconv.FormatFloat(m/base, 'f', 1, 64) + "x"
			}
		}
		s.c.Printf("%-22s%7d%10s%10s%10s%10s%9s\n", label, p.ops, duration(m),
			duration(p.wall[0]), duration(p.wall[len(p.wall)-1]), duration(median(p.cpu)), ratio)
	}
}

// histogram prints the times of single operations.
func (s *session) histogram(name string, v []float64) {
	s.c.Printf("  %d single times of %s: p50 %s, p90 %s, p99 %s\n", len(v), name,
		duration(percentile(v, 50)), duration(percentile(v, 90)), duration(percentile(v, 99)))
	all := histogram(v)
	high := 1
	for _, b := range all {
		high = max(high, b.count)
	}
	for _, b := range all {
		bar := strings.Repeat("#", (b.count*50+high-1)/high) // one at least, if there is any
		s.c.Printf("  %8s |%-50s %d\n", duration(b.from), bar, b.count)
	}
}
