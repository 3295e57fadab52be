//go:build linux

package main

import "fmt"

const (
	rowHeight  = 22.0
	namesWidth = 140.0 // left of the bars
	barsWidth  = 460.0
	timesWidth = 150.0 // right of them
)

// ratios draws what the contestants of a workload take as bars beside C,
// phase by phase, on a logarithmic scale.
func (r Result) ratios(w workload, n int) string {
	least, most, rows := 1.0, 2.0, 0
	phases := r.phases(w.name)
	for _, phase := range phases {
		c, _ := r.find(w.name, n, phase, limit)
		for _, s := range r.field(w.name, n, phase) {
			if ratio, ok := s.over(c, wallPerOp); ok {
				least, most, rows = min(least, ratio.Median), max(most, ratio.Median), rows+1
			}
		}
		rows++
	}
	s := &svg{width: margin + namesWidth + barsWidth + timesWidth + margin}
	top := s.heading(thousands(n)+" "+w.title, w.detail, "wall time of an operation beside the C limit, medians: a shorter bar is better")
	bottom := top + rowHeight*float64(rows)
	s.height = bottom + 84
	x := logScale{least, most, margin + namesWidth, margin + namesWidth + barsWidth}
	end := s.width - margin

	s.text(end, top+rowHeight/2, lettering{"end", 11, pale, false}, "per operation")
	for _, tick := range x.ticks() {
		s.line(x.at(tick), top, x.at(tick), bottom, faint, 1)
		s.text(x.at(tick), bottom+14, lettering{"middle", 11, pale, false}, fmt.Sprintf("%g×", tick))
	}
	s.text(x.from, bottom+34, noteText, "times C, logarithmic scale")

	y := top + rowHeight/2
	for _, phase := range phases {
		s.text(margin, y, lettering{"start", 13, ink, true}, phase)
		y += rowHeight
		c, _ := r.find(w.name, n, phase, limit)
		for _, series := range r.field(w.name, n, phase) {
			ratio, ok := series.over(c, wallPerOp)
			if !ok {
				continue // nothing of C's to compare with: the table has the figures
			}
			name := series.Contestant
			s.text(x.from-10, y, lettering{"end", 12, ink, name == subject}, name)
			from, to := x.at(min(1, ratio.Median)), x.at(max(1, ratio.Median))
			s.rect(from, y-7.5, max(to-from, 2), 15, colours[name])
			s.text(max(to, x.at(1)+2)+6, y, lettering{"start", 12, ink, name == subject}, times(ratio.Median)+"×")
			s.text(end, y, lettering{"end", 12, pale, false}, series.cell(wallPerOp, duration))
			y += rowHeight
		}
	}
	s.line(x.at(1), top, x.at(1), bottom, ink, 1.2)
	r.note(s)
	return s.String()
}
