//go:build linux

package bench

import "strconv"

// A jsonText grows a JSON text.
type jsonText struct {
	b      []byte
	pretty bool
	depth  int
}

// item begins the next value of an object or, without a key, of an array.
func (j *jsonText) item(key string) {
	if c := j.b[len(j.b)-1]; c != '{' && c != '[' {
		j.b = append(j.b, ',')
	}
	j.line()
	if key != "" {
		j.quote(key)
		j.b = append(j.b, ':')
	}
}

func (j *jsonText) line() {
	for i := 0; j.pretty && i <= 4*j.depth; i++ {
		j.b = append(j.b, "\n "[min(i, 1)])
	}
}

func (j *jsonText) open(bracket byte) {
	j.b = append(j.b, bracket)
	j.depth++
}

func (j *jsonText) close(bracket byte) {
	j.depth--
	j.line()
	j.b = append(j.b, bracket)
}

func (j *jsonText) string(key, v string) {
	j.item(key)
	j.quote(v)
}

func (j *jsonText) number(key string, v float64) {
	j.item(key)
	j.b = strconv.AppendFloat(j.b, v, 'f', -1, 64)
}

// quote writes a string; what is not UTF-8 becomes U+FFFD.
func (j *jsonText) quote(s string) {
	j.b = append(j.b, '"')
	for _, r := range s {
		switch {
		case r < ' ':
			j.b = append(j.b, `\u00`...)
			j.b = append(j.b, "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
			continue
		case r == '"' || r == '\\':
			j.b = append(j.b, '\\')
		}
		j.b = append(j.b, string(r)...)
	}
	j.b = append(j.b, '"')
}

// json prints everything; all times are in ns.
func (s *session) json(host []fact) {
	j := &jsonText{pretty: s.o.pretty}
	j.open('{')
	j.item("host")
	j.open('{')
	for _, f := range host {
		j.string(f.key, f.value)
	}
	j.close('}')
	j.item("results")
	j.open('[')
	for i := range s.series {
		e := &s.series[i]
		for k := range e.phases {
			if len(e.phases[k].wall) > 0 {
				j.phase(e, k)
			}
		}
	}
	j.close(']')
	j.list("not_compared", s.absent)
	j.list("not_measured", s.notes)
	j.close('}')
	s.c.Printf("%s\n", j.b)
}

func (j *jsonText) phase(e *series, i int) {
	p := &e.phases[i]
	j.item("")
	j.open('{')
	j.string("workload", e.w.name)
	j.string("phase", e.w.phases[i])
	j.string("tool", e.t.name)
	j.number("operations", float64(p.ops))
	j.numbers("wall_ns", p.wall)
	j.number("wall_median_ns", median(p.wall))
	j.numbers("cpu_ns", p.cpu)
	j.number("cpu_median_ns", median(p.cpu))
	if v := p.single; len(v) > 0 {
		j.numbers("single_ns", v)
		j.number("p50_ns", percentile(v, 50))
		j.number("p90_ns", percentile(v, 90))
		j.number("p99_ns", percentile(v, 99))
	}
	j.close('}')
}

// numbers are on one line.
func (j *jsonText) numbers(key string, v []float64) {
	j.item(key)
	was := j.pretty
	j.pretty = false
	j.open('[')
	for _, x := range v {
		j.number("", x)
	}
	j.close(']')
	j.pretty = was
}

func (j *jsonText) list(key string, lines []string) {
	j.item(key)
	j.open('[')
	for _, line := range lines {
		j.string("", line)
	}
	j.close(']')
}
