//go:build linux

package main

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// colours of the contestants: C and minins stand out, nobody changes colour
// from one plot to another.
var colours = map[string]color.RGBA{
	limit:               {0x22, 0x22, 0x22, 0xff},
	subject:             {0x00, 0x72, 0xb2, 0xff},
	"vishvananda":       {0xd5, 0x5e, 0x00, 0xff},
	"vishvananda-tuned": {0xf0, 0xa8, 0x6b, 0xff},
	"jsimonetti":        {0xcc, 0x79, 0xa7, 0xff},
	"google":            {0xcc, 0x79, 0xa7, 0xff},
	"execute":           {0x8c, 0x6b, 0xb1, 0xff},
	"ip-batch":          {0x00, 0x9e, 0x73, 0xff},
	"ip":                {0x7f, 0xb8, 0x3b, 0xff},
	"busybox":           {0xb8, 0xa0, 0x00, 0xff},
	"nft":               {0x00, 0x9e, 0x73, 0xff},
	"iptables":          {0x7f, 0xb8, 0x3b, 0xff},
	"sh":                {0x99, 0x99, 0x99, 0xff},
}

var (
	grid = color.Gray{0xe4}
	ink  = color.Gray{0x22}
	pale = color.Gray{0x66}
)

// draw writes the plots of all workloads.
func (r Result) draw(dir string) error {
	for _, w := range workloads() {
		sizes := r.sizes(w.name)
		if len(sizes) == 0 {
			continue
		}
		if err := r.save(filepath.Join(dir, w.name+"-ratio.svg"), r.ratios(w, r.fullest(w.name))); err != nil {
			return err
		}
		if len(sizes) < 2 {
			continue
		}
		if err := r.save(filepath.Join(dir, w.name+"-growth.svg"), r.growth(w)); err != nil {
			return err
		}
	}
	return nil
}

// A drawing paints itself on a canvas of its size.
type drawing struct {
	width, height vg.Length
	paint         func(draw.Canvas)
}

// margin is around a drawing; below is room for where the figures are from.
const (
	margin = 12 * vg.Millimeter / 3
	footer = 18
)

func (r Result) save(path string, d drawing) error {
	svg := vgsvg.New(d.width, d.height)
	c := draw.New(svg)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	inner := draw.Crop(c, margin, -margin, margin, -margin)
	inner.FillText(style(8, pale), vg.Point{X: inner.Min.X, Y: inner.Min.Y},
		fmt.Sprintf("%s, %s", r.Machine, r.Date.Format("2006-01-02")))
	d.paint(draw.Crop(inner, 0, 0, footer, 0))
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := svg.WriteTo(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// fullest is the size that most contestants did, and the largest of those.
func (r Result) fullest(workload string) int {
	phase := r.phases(workload)[0]
	return slices.MaxFunc(r.sizes(workload), func(a, b int) int {
		if d := len(r.field(workload, a, phase)) - len(r.field(workload, b, phase)); d != 0 {
			return d
		}
		return a - b
	})
}

// newPlot returns an empty plot in the style of all.
func newPlot(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.TextStyle = bold(11)
	p.Title.Padding = 6
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle = style(10, ink)
		a.Tick.Label.Font = sans(10, false)
		a.Tick.Label.Color = ink
		a.Label.Padding = 4
		a.LineStyle.Color, a.Tick.LineStyle.Color = pale, pale
		a.LineStyle.Width, a.Tick.LineStyle.Width = 0.6, 0.6
	}
	return p
}

func sans(points float64, strong bool) font.Font {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(points)}
	if strong {
		f.Weight = 3 // bold
	}
	return f
}

func style(points float64, c color.Color) draw.TextStyle {
	return draw.TextStyle{Color: c, Font: sans(points, false), Handler: plot.DefaultTextHandler}
}

func bold(points float64) draw.TextStyle {
	s := style(points, ink)
	s.Font = sans(points, true)
	return s
}

// decades puts a labelled tick at each power of ten between the limits of a
// logarithmic axis, and small ones between.
func decades(from, to float64, label func(float64) string) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for e := math.Floor(math.Log10(from)); e <= math.Ceil(math.Log10(to)); e++ {
		for m := 1.0; m < 10; m++ {
			v := m * math.Pow(10, e)
			if v < from*0.999 || v > to*1.001 {
				continue
			}
			t := plot.Tick{Value: v}
			if m == 1 {
				t.Label = label(v)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// thousands shows a number of objects.
func thousands(n float64) string {
	s := fmt.Sprintf("%.0f", n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// axisDuration shows a power of ten of nanoseconds.
func axisDuration(ns float64) string {
	return strings.Replace(strings.Replace(duration(ns), ".00", "", 1), ".0 ", " ", 1)
}
