//go:build linux

package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// colours of the contestants: C and minins stand out, nobody changes colour
// from one plot to another, and no two in one plot are alike.
var colours = map[string]string{
	limit:               "#222222",
	subject:             "#0072b2",
	"vishvananda":       "#d55e00",
	"minins-rtnl":       "#7fb3d5",
	"vishvananda-tuned": "#f0a86b",
	"jsimonetti":        "#cc79a7",
	"google":            "#cc79a7",
	"execute":           "#8c6bb1",
	"ip-batch":          "#009e73",
	"ip":                "#7fb83b",
	"busybox":           "#b8a000",
	"nft":               "#009e73",
	"iptables":          "#7fb83b",
	"sh":                "#999999",
}

var (
	titleText = lettering{"start", 16, ink, true}
	noteText  = lettering{"start", 10, pale, false}
)

const margin = 20.0

// draw writes the plots of all workloads.
func (r Result) draw(dir string) error {
	for _, w := range workloads() {
		sizes := r.sizes(w.name)
		if len(sizes) == 0 {
			continue
		}
		plots := map[string]string{"-ratio.svg": r.ratios(w, r.fullest(w.name))}
		if len(sizes) > 1 {
			plots["-growth.svg"] = r.growth(w)
		}
		for ending, plot := range plots {
			if err := os.WriteFile(filepath.Join(dir, w.name+ending), []byte(plot), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// fullest is the size that most contestants did, not counting those that start
// a process for each operation, and the largest of those.
func (r Result) fullest(workload string) int {
	phase := r.phases(workload)[0]
	count := func(n int) int {
		field := r.field(workload, n, phase)
		return len(slices.DeleteFunc(field, func(s Series) bool { return entrantNamed(s.Contestant).forks }))
	}
	return slices.MaxFunc(r.sizes(workload), func(a, b int) int {
		if d := count(a) - count(b); d != 0 {
			return d
		}
		return a - b
	})
}

// note says under a plot what it was measured on.
func (r Result) note(s *svg) {
	s.text(margin, s.height-16, noteText, fmt.Sprintf("%s, %s", r.Machine, r.Date.Format("2006-01-02")))
}

// heading writes what a plot shows, and returns where the data may begin.
func (s *svg) heading(title, detail, shown string) (top float64) {
	s.text(margin, 26, titleText, title)
	y := 48.0
	for _, line := range []string{detail, shown} {
		if line != "" {
			s.text(margin, y, lettering{"start", 12, pale, false}, line)
			y += 18
		}
	}
	return y + 6
}

// A logScale maps values to places.
type logScale struct{ min, max, from, to float64 }

func (l logScale) at(v float64) float64 {
	return l.from + (l.to-l.from)*math.Log(v/l.min)/math.Log(l.max/l.min)
}

// ticks lists the powers of ten on the scale; between them also 2 and 5, if
// there is room for them.
func (l logScale) ticks() []float64 {
	steps := []float64{1}
	if l.max/l.min < 50 {
		steps = []float64{1, 2, 5}
	}
	var list []float64
	for e := math.Floor(math.Log10(l.min)); e <= math.Ceil(math.Log10(l.max)); e++ {
		for _, step := range steps {
			if v := step * math.Pow(10, e); v >= l.min*0.999 && v <= l.max*1.001 {
				list = append(list, v)
			}
		}
	}
	return list
}

// short shows a number of objects on an axis: 500k.
func short(n int) string {
	if n >= 1000 && n%1000 == 0 {
		return strconv.Itoa(n/1000) + "k"
	}
	return strconv.Itoa(n)
}

// thousands shows a number of objects.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// round shows a power of ten of nanoseconds.
func round(ns float64) string {
	s := duration(ns)
	s = strings.Replace(s, ".00 ", " ", 1)
	return strings.Replace(s, ".0 ", " ", 1)
}
