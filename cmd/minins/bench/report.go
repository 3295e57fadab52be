//go:build linux

package bench

import (
	"fmt"
	"strings"

	"github.com/minins/minins/cmd/minins/internal/fraction"
)

// report prints what was measured, as a table or as JSON: what is in both is
// said once, with a format for each.
func (s *session) report() {
	s.put("", `{"host":{`)
	for _, f := range facts() {
		s.put("%-32s%s\n", "%q:%q,", f[0], clean(f[1]))
	}
	s.put("", `},"results":[`)
	for i := range workloads {
		if s.works>>i&1 != 0 {
			s.table(i, &workloads[i])
		}
	}
	s.put("", `],"notes":[`)
	for _, line := range s.notes {
		s.put("%s\n", "%q,", clean(line))
	}
	s.put("", "]}")
	if s.json {
		s.text = layout(s.text, s.pretty)
	}
	s.c.Printf("%s", s.text)
}

func (s *session) put(text, json string, args ...any) {
	if s.json {
		text = json
	}
	if text != "" {
		s.text = fmt.Appendf(s.text, text, args...)
	}
}

// time is a time in ns: in JSON, a number.
func (s *session) time(ns float64) string {
	if s.json {
		return fraction.Fixed(ns, 0)
	}
	return duration(ns)
}

// table is a workload: each phase, by each tool, and the single times.
func (s *session) table(number int, w *workload) {
	s.put("\n%-22s%7s%10s%10s%10s%10s\n", "", w.name, "ops", "median", "min", "max", "CPU")
	var times []float64
	for i, phase := range w.phases {
		base := 0.0
		for k := range s.series {
			e := &s.series[k]
			v := e.phases[i].values
			if e.workload != number || e.phases[i].ops == 0 {
				continue
			}
			sort(v[wall])
			sort(v[processor])
			m := median(v[wall])
			label, ratio := phase, ""
			if e.tool == 0 {
				base = m
				if i == 0 {
					times = v[single]
				}
			} else {
				label = "  " + tools[e.tool].name
				if base > 0 && !s.json {
					ratio = fmt.Sprintf("%8sx", fraction.Fixed(m/base, 1))
				}
			}
			s.put("  %-20[1]s%7d%10s%10s%10s%10s%s\n",
				`{"workload":%[8]q,"phase":%[9]q,"tool":%[10]q,"operations":%[2]d,"rounds":%[11]d,`+
					`"median_ns":%[3]s,"min_ns":%[4]s,"max_ns":%[5]s,"cpu_ns":%[6]s},`,
				label, e.phases[i].ops, s.time(m), s.time(v[wall][0]), s.time(v[wall][len(v[wall])-1]), s.time(median(v[processor])),
				ratio, w.name, phase, tools[e.tool].name, len(v[wall]))
		}
	}
	if len(times) > 0 {
		s.histogram(w, times)
	}
}

// histogram is the times of single operations of the first phase.
func (s *session) histogram(w *workload, v []float64) {
	sort(v)
	s.put("  each %[2]s: p50 %[3]s, p90 %[4]s, p99 %[5]s\n",
		`{"workload":%q,"phase":%q,"p50_ns":%s,"p90_ns":%s,"p99_ns":%s,"histogram":[`, w.name, w.phases[0],
		s.time(percentile(v, 50)), s.time(percentile(v, 90)), s.time(percentile(v, 99)))
	all := histogram(v)
	high := 1
	for _, b := range all {
		high = max(high, b.count)
	}
	for _, b := range all {
		bar := strings.Repeat("#", (b.count*50+high-1)/high) // one at least, if there is any
		s.put("  %8s |%-50s %d\n", `{"from_ns":%s,"count":%[3]d},`, s.time(b.from), bar, b.count)
	}
	s.put("", "]},")
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

// layout drops the commas behind the last of an object or array, and breaks
// JSON into lines, at least at its end.
func layout(text []byte, pretty bool) (b []byte) {
	depth, quoted := 0, false
	for i, c := range text {
		end := !quoted && (c == '}' || c == ']')
		if end {
			depth--
			if b[len(b)-1] == ',' {
				b = b[:len(b)-1]
			}
		}
		if pretty && !quoted && i > 0 && (end || strings.IndexByte(",{[", text[i-1]) >= 0) {
			b = fmt.Appendf(b, "\n%*s", 4*depth, "")
		}
		b = append(b, c)
		if c == '"' && text[i-1] != '\\' {
			quoted = !quoted
		} else if !quoted && (c == '{' || c == '[') {
			depth++
		}
	}
	return append(b, '\n')
}
