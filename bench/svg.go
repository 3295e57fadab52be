//go:build linux

package main

import (
	"fmt"
	"html"
	"strings"
)

// An svg is a picture that is being drawn. Its text is placed by anchors, so
// that it is where it belongs in whatever font it is shown.
type svg struct {
	b             strings.Builder
	width, height float64
}

const (
	ink   = "#222222"
	pale  = "#666666"
	faint = "#e2e2e2"
)

func (s *svg) rect(x, y, w, h float64, colour string) {
	fmt.Fprintf(&s.b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x, y, w, h, colour)
}

func (s *svg) line(x1, y1, x2, y2 float64, colour string, width float64) {
	fmt.Fprintf(&s.b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%g"/>`+"\n", x1, y1, x2, y2, colour, width)
}

func (s *svg) dot(x, y float64, colour string) {
	fmt.Fprintf(&s.b, `<circle cx="%.1f" cy="%.1f" r="3.2" fill="%s"/>`+"\n", x, y, colour)
}

// path draws a line through points; dashes may be "".
func (s *svg) path(points [][2]float64, colour, dashes string) {
	var d []string
	for _, p := range points {
		d = append(d, fmt.Sprintf("%.1f,%.1f", p[0], p[1]))
	}
	fmt.Fprintf(&s.b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`+"\n",
		strings.Join(d, " "), colour, dashes)
}

// A lettering is how text looks, and which end of it stands at its place:
// "start", "middle" or "end".
type lettering struct {
	anchor string
	size   float64
	colour string
	bold   bool
}

// text writes with the middle of the letters' height at y.
func (s *svg) text(x, y float64, l lettering, text string) {
	weight := ""
	if l.bold {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(&s.b, `<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%g" fill="%s"%s>%s</text>`+"\n",
		x, y+l.size*0.35, l.anchor, l.size, l.colour, weight, html.EscapeString(text))
}

// upright writes upwards, centred on y.
func (s *svg) upright(x, y float64, l lettering, text string) {
	fmt.Fprintf(&s.b, `<text transform="translate(%.1f %.1f) rotate(-90)" text-anchor="middle" font-size="%g" fill="%s">%s</text>`+"\n",
		x, y, l.size, l.colour, html.EscapeString(text))
}

// String is the file.
func (s *svg) String() string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f"`+
		` font-family="Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif">`+"\n"+
		`<rect width="100%%" height="100%%" fill="white"/>`+"\n%s</svg>\n", s.width, s.height, s.width, s.height, s.b.String())
}
