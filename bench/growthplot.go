//go:build linux

package main

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const legendWidth = 120

// growth draws how the cost of an operation changes with the number of
// objects: a panel for each phase, a line for each contestant.
func (r Result) growth(w workload) drawing {
	legend := plot.NewLegend()
	legend.TextStyle = style(10, ink)
	legend.Left, legend.Top, legend.ThumbnailWidth, legend.Padding = true, true, 22, 4
	legend.YPosition = draw.PosCenter
	known := map[string]bool{}
	least, most := math.Inf(1), 0.0
	var panels []*plot.Plot
	sizes := r.sizes(w.name)
	for _, phase := range r.phases(w.name) {
		p := newPlot(phase)
		p.X.Label.Text = "number of objects"
		p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
		p.Add(gridPlotter{})
		for _, c := range contestants {
			var points plotter.XYs
			for _, n := range sizes {
				s, _ := r.find(w.name, n, phase, c.name)
				if wall, ok := s.of(wallPerOp); ok {
					points = append(points, plotter.XY{X: float64(n), Y: wall.Median})
					least, most = min(least, wall.Median), max(most, wall.Median)
				}
			}
			if len(points) == 0 {
				continue
			}
			line := &plotter.Line{XYs: points, LineStyle: draw.LineStyle{Color: colours[c.name], Width: 1.6}}
			dots := &plotter.Scatter{XYs: points, GlyphStyle: draw.GlyphStyle{Color: colours[c.name], Radius: 2.6, Shape: draw.CircleGlyph{}}}
			if c.name == limit {
				line.Dashes = []vg.Length{4, 2}
			}
			p.Add(line, dots)
			if !known[c.name] {
				known[c.name] = true
				legend.Add(c.name, line, dots)
			}
		}
		panels = append(panels, p)
	}
	for i, p := range panels {
		p.X.Min, p.X.Max = float64(sizes[0])/1.3, float64(sizes[len(sizes)-1])*1.3
		p.X.Tick.Marker = decades(p.X.Min, p.X.Max, thousands)
		p.Y.Min, p.Y.Max = math.Pow(10, math.Floor(math.Log10(least))), math.Pow(10, math.Ceil(math.Log10(most)))
		p.Y.Tick.Marker = decades(p.Y.Min, p.Y.Max, axisDuration)
		if i == 0 {
			p.Y.Label.Text = "wall time per operation"
		}
	}
	title := fmt.Sprintf("%s: what one costs, by how many there are", w.title)
	return drawing{vg.Length(max(2, len(panels)))*240 + legendWidth + 40, 380, func(c draw.Canvas) {
		heading := bold(12)
		heading.XAlign, heading.YAlign = draw.XLeft, draw.YTop
		c.FillText(heading, vg.Point{X: c.Min.X, Y: c.Max.Y}, title)
		body := draw.Crop(c, 0, 0, 0, -26)
		legend.Draw(draw.Crop(body, body.Size().X-legendWidth, 0, 0, -28))
		tiles := draw.Tiles{Rows: 1, Cols: len(panels), PadX: 14}
		for i, canvas := range plot.Align([][]*plot.Plot{panels}, tiles, draw.Crop(body, 0, -legendWidth-14, 0, 0))[0] {
			panels[i].Draw(canvas)
		}
	}}
}

// gridPlotter draws a line at each labelled tick.
type gridPlotter struct{}

// Plot implements plot.Plotter.
func (gridPlotter) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	line := draw.LineStyle{Color: grid, Width: 0.8}
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if t.Label != "" {
			c.StrokeLine2(line, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if t.Label != "" {
			c.StrokeLine2(line, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}
