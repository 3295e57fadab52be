//go:build linux

package main

import (
	"math"
	"slices"
)

const (
	panelWidth  = 230.0
	panelHeight = 260.0
	panelGap    = 26.0
	axisWidth   = 76.0  // left of the first panel
	legendWidth = 140.0 // right of the last
)

// growth draws how the cost of an operation changes with the number of
// objects: a panel for each phase, a line for each contestant.
func (r Result) growth(w workload) string {
	phases, sizes := r.phases(w.name), r.sizes(w.name)
	least, most := math.Inf(1), 0.0
	var names []string
	for _, s := range r.Series {
		if wall, ok := s.of(wallPerOp); ok && s.Workload == w.name {
			least, most = min(least, wall.Median), max(most, wall.Median)
			if !slices.Contains(names, s.Contestant) {
				names = append(names, s.Contestant)
			}
		}
	}
	count := float64(len(phases))
	s := &svg{width: margin + axisWidth + count*(panelWidth+panelGap) + legendWidth + margin}
	top := 20 + s.heading("Cost per operation by number of "+w.title, w.detail, "wall time, medians, logarithmic scales: lower is better")
	bottom := top + panelHeight
	s.height = bottom + 84
	y := logScale{math.Pow(10, math.Floor(math.Log10(least))), math.Pow(10, math.Ceil(math.Log10(most))), bottom, top}
	small := lettering{"middle", 11, pale, false}

	s.upright(margin+10, (top+bottom)/2, small, "wall time per operation")
	for i, phase := range phases {
		left := margin + axisWidth + float64(i)*(panelWidth+panelGap)
		x := logScale{float64(sizes[0]), float64(sizes[len(sizes)-1]), left + 16, left + panelWidth - 16}
		s.text(left+panelWidth/2, top-14, lettering{"middle", 13, ink, true}, phase)
		for _, tick := range y.ticks() {
			s.line(left, y.at(tick), left+panelWidth, y.at(tick), faint, 1)
			if i == 0 {
				s.text(left-8, y.at(tick), lettering{"end", 11, pale, false}, round(tick))
			}
		}
		for _, n := range sizes {
			s.line(x.at(float64(n)), top, x.at(float64(n)), bottom, faint, 1)
			s.text(x.at(float64(n)), bottom+14, small, short(n))
		}
		s.text(left+panelWidth/2, bottom+34, small, "number of "+w.title)
		s.line(left, bottom, left+panelWidth, bottom, pale, 1)
		for _, c := range slices.Backward(contestants) { // C and minins on top
			r.curve(s, w, phase, c.name, x, y)
		}
	}
	at := top + 6
	for _, c := range contestants {
		if !slices.Contains(names, c.name) {
			continue
		}
		left := s.width - margin - legendWidth
		s.path([][2]float64{{left, at}, {left + 26, at}}, colours[c.name], dashes(c.name))
		s.dot(left+13, at, colours[c.name])
		s.text(left+34, at, lettering{"start", 12, ink, c.name == subject}, c.name)
		at += 22
	}
	r.note(s)
	return s.String()
}

// curve draws the line of a contestant in a panel.
func (r Result) curve(s *svg, w workload, phase, name string, x, y logScale) {
	var points [][2]float64
	for _, n := range r.sizes(w.name) {
		series, _ := r.find(w.name, n, phase, name)
		if wall, ok := series.of(wallPerOp); ok {
			points = append(points, [2]float64{x.at(float64(n)), y.at(wall.Median)})
		}
	}
	s.path(points, colours[name], dashes(name))
	for _, p := range points {
		s.dot(p[0], p[1], colours[name])
	}
}

func dashes(name string) string {
	if name == limit {
		return "5 4"
	}
	return "none"
}
