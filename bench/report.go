//go:build linux

package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A table is lines of cells that are aligned when written: the first two
// columns to the left, the others to the right.
type table [][]string

func (t table) write(w io.Writer) {
	var widths []int
	for _, line := range t {
		for i, cell := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range t {
		var b strings.Builder
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < 2 {
				b.WriteString("  " + cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// busy is the load average from which on others disturb the measurement.
const busy = 0.7

// report writes all figures for people.
func (r Result) report(w io.Writer) {
	fmt.Fprintf(w, "%s\n%s, %s, %s\n", r.Command, r.Date.Format("2006-01-02"), r.Machine, minutes(r.Seconds))
	if r.Machine.Load > busy {
		fmt.Fprintf(w, "The machine was busy when this began, load average %.1f: the figures are not to be relied upon.\n", r.Machine.Load)
	}
	for _, v := range r.Versions {
		fmt.Fprintf(w, "  %s: %s\n", v.Name, v.Version)
	}
	fmt.Fprintln(w)
	for _, c := range contestants {
		if slices.ContainsFunc(r.Series, func(s Series) bool { return s.Contestant == c.name }) {
			fmt.Fprintf(w, "  %s: %s\n", c.name, c.is)
		}
	}
	fmt.Fprintln(w, "\nMedians of all rounds, per operation; × C: wall and CPU time beside C's of the same round.")
	for _, load := range workloads() {
		for _, n := range r.sizes(load.name) {
			fmt.Fprintf(w, "\n%s %d: %s\n", load.name, n, load.what(n))
			r.table(load.name, n).write(w)
		}
	}
	r.bars(w)
	if len(r.Failures) > 0 {
		fmt.Fprintln(w, "\nFailed, and left out from there on:")
	}
	for _, f := range r.Failures {
		fmt.Fprintf(w, "  %s\n", f)
	}
}

func (r Result) table(workload string, n int) table {
	t := table{{"phase", "contestant", "wall", "CPU", "wall × C", "(min … max)", "CPU × C", "allocs", "p50", "p99", "max RSS", "rounds"}}
	for _, phase := range r.phases(workload) {
		c, _ := r.find(workload, n, phase, limit)
		for i, s := range r.field(workload, n, phase) {
			name := ""
			if i == 0 {
				name = phase
			}
			line := []string{name, s.Contestant, s.cell(wallPerOp, duration), s.cell(cpuPerOp, duration), "", "", ""}
			if ratio, ok := s.over(c, wallPerOp); ok {
				line[4], line[5] = times(ratio.Median), fmt.Sprintf("(%s … %s)", times(ratio.Min), times(ratio.Max))
			}
			if ratio, ok := s.over(c, cpuPerOp); ok {
				line[6] = times(ratio.Median)
			}
			t = append(t, append(line, s.cell(allocsPerOp, plain), s.cell(value("p50_ns"), duration),
				s.cell(value("p99_ns"), duration), s.cell(rss, megabytes), strconv.Itoa(len(s.Samples))))
		}
	}
	return t.withoutEmpty()
}

// withoutEmpty leaves the columns out that have nothing but a heading.
func (t table) withoutEmpty() table {
	out := make(table, len(t))
	for col := range t[0] {
		used := false
		for _, line := range t[1:] {
			used = used || line[col] != ""
		}
		if used {
			for i := range t {
				out[i] = append(out[i], t[i][col])
			}
		}
	}
	return out
}

// cell shows the median of a figure, or nothing if it was not measured.
func (s Series) cell(m metric, show func(float64) string) string {
	spread, ok := s.of(m)
	if !ok {
		return ""
	}
	return show(spread.Median)
}

func (r Result) bars(w io.Writer) {
	fmt.Fprintln(w, "\nBars:")
	var t table
	for _, v := range r.Verdicts {
		word := "kept"
		if !v.Kept {
			word = "MISSED"
		}
		t = append(t, []string{word, v.String()})
	}
	_, missing := judge(r, bars)
	elsewhere := 0
	for _, m := range missing {
		if !slices.Contains(r.sizes(m.Workload), m.N) {
			elsewhere++
			continue
		}
		t = append(t, []string{"NOT MEASURED", m.String()})
	}
	t.write(w)
	if elsewhere > 0 {
		fmt.Fprintf(w, "  %d more are about workloads or sizes that were not run\n", elsewhere)
	}
}

// duration shows nanoseconds with three digits.
func duration(ns float64) string {
	for _, unit := range []struct {
		name string
		ns   float64
	}{{"s", 1e9}, {"ms", 1e6}, {"µs", 1e3}} {
		if ns >= 0.9995*unit.ns {
			return digits(ns/unit.ns) + " " + unit.name
		}
	}
	return digits(ns) + " ns"
}

func megabytes(bytes float64) string { return digits(bytes/1e6) + " MB" }

// times shows a ratio with two digits behind the point, as far as that says something.
func times(x float64) string {
	if x < 10 {
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
	return digits(x)
}

// plain shows a number; what is nothing but for a few in thousands is 0.
func plain(x float64) string {
	if x != 0 && x < 0.01 {
		return strconv.FormatFloat(x, 'f', 4, 64)
	}
	return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 2, 64), ".00")
}

// digits shows three significant digits.
func digits(x float64) string {
	switch {
	case x == 0:
		return "0"
	case math.Abs(x) >= 99.95:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case math.Abs(x) >= 9.995:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

func minutes(seconds float64) string {
	return fmt.Sprintf("took %d:%02d min", int(seconds)/60, int(seconds)%60)
}
