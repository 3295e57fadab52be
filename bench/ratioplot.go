//go:build linux

package main

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A row of the bar chart is a contestant in a phase, or the phase's heading.
type row struct {
	heading    string
	contestant string
	ratio      float64
	label      string
}

const rowHeight = vg.Length(19)

// ratios draws what the contestants of a workload take as bars beside C,
// phase by phase.
func (r Result) ratios(w workload, n int) drawing {
	var rows []row
	most := 2.0
	least := 1.0
	for _, phase := range r.phases(w.name) {
		c, _ := r.find(w.name, n, phase, limit)
		rows = append(rows, row{heading: phase})
		for _, s := range r.field(w.name, n, phase) {
			ratio, ok := s.over(c, wallPerOp)
			if !ok {
				continue // nothing of C's to compare with: the table has the figures
			}
			wall, _ := s.of(wallPerOp)
			rows = append(rows, row{contestant: s.Contestant, ratio: ratio.Median,
				label: fmt.Sprintf("%s ×   %s", times(ratio.Median), duration(wall.Median))})
			most, least = max(most, ratio.Median), min(least, ratio.Median)
		}
	}
	p := newPlot(fmt.Sprintf("%s %s: wall time per operation beside C", thousands(float64(n)), w.title))
	p.X.Label.Text = "times the C limit, log scale: less is better"
	p.X.Scale = plot.LogScale{}
	p.X.Min = least * 0.95
	if least > 0.97 {
		p.X.Min = 1
	}
	p.X.Max = most * math.Pow(most/p.X.Min, 0.30) // room for what is written beside the bars
	p.X.Tick.Marker = decades(p.X.Min, p.X.Max, func(v float64) string { return fmt.Sprintf("%g ×", v) })
	p.Y.Min, p.Y.Max = -float64(len(rows)), 0
	p.Y.LineStyle.Width, p.Y.Tick.LineStyle.Width, p.Y.Tick.Length = 0, 0, 0
	var names plot.ConstantTicks
	for i, line := range rows {
		names = append(names, plot.Tick{Value: -float64(i) - 0.5, Label: line.contestant})
	}
	p.Y.Tick.Marker = names
	p.Add(rowPlotter(rows))
	return drawing{680, rowHeight*vg.Length(len(rows)) + 105, p.Draw}
}

type rowPlotter []row

// Plot implements plot.Plotter.
func (rows rowPlotter) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if t.Label != "" {
			c.StrokeLine2(draw.LineStyle{Color: grid, Width: 0.8}, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
	}
	for i, line := range rows {
		middle := y(-float64(i) - 0.5)
		if line.heading != "" {
			heading := bold(10)
			heading.YAlign = draw.YCenter
			c.FillText(heading, vg.Point{X: c.Min.X - 4, Y: middle - 2}, line.heading)
			continue
		}
		from, to := x(math.Min(1, line.ratio)), x(math.Max(1, line.ratio))
		half := rowHeight * 0.36
		c.SetColor(colours[line.contestant])
		c.Fill(vg.Rectangle{Min: vg.Point{X: from, Y: middle - half}, Max: vg.Point{X: max(to, from+1.5), Y: middle + half}}.Path())
		text := style(9.5, ink)
		text.YAlign = draw.YCenter
		c.FillText(text, vg.Point{X: to + 5, Y: middle}, line.label)
	}
	c.StrokeLine2(draw.LineStyle{Color: colours[limit], Width: 1.2}, x(1), c.Min.Y, x(1), c.Max.Y)
}
