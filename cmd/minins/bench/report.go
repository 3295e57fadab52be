//go:build linux

package bench

import (
	"fmt"
	"strings"
)

// report prints what was measured.
func (s *session) report() {
	for i := range s.series {
		for k := range s.series[i].phases {
			p := &s.series[i].phases[k]
			sort(p.wall)
			sort(p.cpu)
			sort(p.single)
		}
	}
	if s.json {
		b := jsonText(s)
		if s.pretty {
			b = indent(b)
		}
		s.c.Printf("%s\n", b)
		return
	}
	for _, f := range facts() {
		s.c.Printf("%-32s%s\n", f[0], f[1])
	}
	for i := range workloads {
		if s.works>>i&1 != 0 {
			s.table(i, &workloads[i])
		}
	}
	for _, line := range s.absent {
		s.c.Printf("not compared: %s\n", line)
	}
	for _, line := range s.failed {
		s.c.Printf("not measured: %s\n", line)
	}
	if s.stopped != "" {
		s.c.Printf("not finished: %s\n", s.stopped)
	}
}

// table prints a workload: each phase, by each tool, and the single times.
func (s *session) table(number int, w *workload) {
	s.c.Printf("\n%-22s%7s%10s%10s%10s%10s\n", w.name, "ops", "median", "min", "max", "CPU")
	for i, label := range w.phases {
		base := 0.0
		for k := range s.series {
			e := &s.series[k]
			p := &e.phases[i]
			if e.workload != number || len(p.wall) == 0 {
				continue
			}
			m := median(p.wall)
			ratio := ""
			if e.tool == 0 {
				base = m
			} else {
				label = "  " + tools[e.tool].name
				if base > 0 {
					ratio = fmt.Sprintf("%8.1fx", m/base)
				}
			}
			s.c.Printf("  %-20s%7d%10s%10s%10s%10s%s\n", label, p.ops,
				duration(m), duration(p.wall[0]), duration(p.wall[len(p.wall)-1]), duration(median(p.cpu)), ratio)
		}
	}
	for k := range s.series {
		if v := s.series[k].phases[0].single; s.series[k].workload == number && len(v) > 0 {
			s.histogram(w.phases[0], v)
		}
	}
}

// histogram prints the times of single operations.
func (s *session) histogram(name string, v []float64) {
	s.c.Printf("  each %s: p50 %s, p90 %s, p99 %s\n", name,
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

// jsonText is everything, on one line; all times are in ns.
func jsonText(s *session) []byte {
	b := []byte(`{"host":{`)
	for _, f := range facts() {
		b = fmt.Appendf(b, `%q:%q,`, f[0], clean(f[1]))
	}
	b = append(b[:len(b)-1], `},"results":[`...)
	comma := ""
	for i := range s.series {
		e := &s.series[i]
		w := &workloads[e.workload]
		for k, name := range w.phases {
			p := &e.phases[k]
			if len(p.wall) == 0 {
				continue
			}
			b = fmt.Appendf(b, `%s{"workload":%q,"phase":%q,"tool":%q,"operations":%d,"median":%.1f,"cpu_median":%.1f`,
				comma, w.name, name, tools[e.tool].name, p.ops, median(p.wall), median(p.cpu))
			comma = ","
			b = numbers(b, `,"wall":[`, p.wall)
			b = numbers(b, `,"cpu":[`, p.cpu)
			if v := p.single; len(v) > 0 {
				b = fmt.Appendf(b, `,"p50":%.0f,"p90":%.0f,"p99":%.0f`, percentile(v, 50), percentile(v, 90), percentile(v, 99))
				b = numbers(b, `,"single":[`, v)
			}
			b = append(b, '}')
		}
	}
	b = list(b, `],"not_compared":[`, s.absent)
	b = list(b, `],"not_measured":[`, s.failed)
	return append(b, "]}"...)
}

func numbers(b []byte, name string, v []float64) []byte {
	b = append(b, name...)
	for _, x := range v {
		b = fmt.Appendf(b, "%.1f,", x)
	}
	b[len(b)-1] = ']' // there is one at least
	return b
}

func list(b []byte, name string, lines []string) []byte {
	b = append(b, name...)
	for i, line := range lines {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%q", clean(line))
	}
	return b
}

// clean leaves what Go and JSON quote alike.
func clean(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

// indent breaks JSON into lines: arrays of numbers stay on theirs.
func indent(text []byte) (b []byte) {
	depth, quoted := 0, false
	line := func() { b = append(append(b, '\n'), strings.Repeat("    ", depth)...) }
	for i, c := range text {
		if c == '"' && text[i-1] != '\\' {
			quoted = !quoted
		}
		flat := quoted || c != '{' && c != '}' && !(c == ',' && (text[i+1] == '"' || text[i+1] == '{'))
		if c == '}' {
			depth--
			line()
		}
		b = append(b, c)
		if flat {
			continue
		}
		if c == '{' {
			depth++
		}
		if c != '}' {
			line()
		}
	}
	return b
}
