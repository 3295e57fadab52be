//go:build linux

package graph

import "strings"

// look is how a picture looks: by classes, for light and for dark.
const look = `text{font:12px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#1f2933;white-space:pre}
.m{text-anchor:middle}.name{font:bold 15px system-ui,"DejaVu Sans",sans-serif}
.paper{fill:#fff}.frame{fill:#f3f6f9;stroke:#b8c4d0;stroke-width:1.5}.box{fill:#fff;stroke:#8393a5;stroke-width:1.5}
.chip{fill:#e3eefa;stroke:#6f9fd0}.bar{fill:#2b6cb0}.bar.off{fill:#8a97a5}.onbar{fill:#fff}.spine{stroke:#2b6cb0;stroke-width:8;fill:none}
.wire,.stack,.way{stroke:#3f4f60;stroke-width:2;fill:none;stroke-linejoin:round}.stack{stroke:#7b5ea7;stroke-dasharray:2 3}
path.off,rect.off{stroke:#9aa7b4;stroke-dasharray:6 4}text.off,.soft{fill:#667380}
.port{font-size:11px;paint-order:stroke;stroke:#f3f6f9;stroke-width:5px;stroke-linejoin:round}
.way{stroke:#b45309}.head{fill:#b45309}.pill{fill:#fdf3e4;stroke:#d9a25c}.out{fill:#9a4508}.in{fill:#1a6b34}
@media(prefers-color-scheme:dark){text{fill:#e3e9ef}.paper{fill:#121212}.frame{fill:#172029;stroke:#3c4a58}.box{fill:#202b36;stroke:#6b7c8e}
.chip{fill:#21384f;stroke:#4f7cab}.bar{fill:#3b7dc4}.bar.off{fill:#5b6875}.onbar{fill:#fff}.spine{stroke:#3b7dc4}.wire{stroke:#a9b7c5}.stack{stroke:#b195dd}
path.off,rect.off{stroke:#64717e}text.off,.soft{fill:#93a1af}.port{stroke:#172029}
.way{stroke:#e0a458}.head{fill:#e0a458}.pill{fill:#3a2c17;stroke:#8f6a35}.out{fill:#eeb877}.in{fill:#7fd196}}
`

// A drawing is a picture as SVG, as far as it is written.
type drawing struct {
	_ [0]func()

	strings.Builder
	*layout
}

// f writes numbers at each # of format, and text, escaped, at each $.
func (d *drawing) f(format, text string, n ...int) {
	for i := range len(format) {
		switch format[i] {
		case '#':
			d.WriteString(number(n[0]))
			n = n[1:]
		case '$':
			d.WriteString(escape(text, forXML))
		default:
			d.WriteByte(format[i])
		}
	}
}

// drawSVG draws a picture as one file that needs no other.
func drawSVG(p *picture) string {
	d := &drawing{layout: arrange(p)}
	d.f("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"#\" height=\"#\" viewBox=\"0 0 # #\" role=\"img\">\n<title>Network namespaces</title><style>", "", d.w, d.h, d.w, d.h)
	d.WriteString(look)
	d.f("</style>\n<rect class=\"paper\" width=\"#\" height=\"#\"/>\n", "", d.w, d.h)
	if d.home != nil {
		d.drawHome()
	}
	for _, i := range d.items {
		for _, s := range i.in {
			d.wireOf(s, s.x, s.other.item.y, s.x, i.y)
			d.port(s.other, i.up)
		}
		if i.piece != nil {
			d.f("<path class=\"spine\" d=\"M# #V#\"/>\n", "", i.x+4, i.y+barHeight/2, i.piece.y+barHeight/2)
		}
	}
	for n, s := range d.rest {
		d.wireOf(s, d.wires[n]...)
	}
	for _, i := range d.items {
		if i.link != nil {
			d.bar(i.link, i.box, i.lines[0])
		} else {
			d.space(i)
		}
	}
	for _, s := range d.rest {
		d.port(s, false)
		d.port(s.other, false)
	}
	d.WriteString("</svg>\n")
	return d.String()
}

// open begins a group that says more where the mouse is.
func (d *drawing) open(title string) { d.f("<g><title>$</title>\n", title) }

func (d *drawing) close() { d.WriteString("</g>\n") }

// text writes lines of text below one another.
func (d *drawing) text(class string, x, y, step int, lines ...string) {
	for _, s := range lines {
		as := class
		if strings.HasPrefix(s, natIn) {
			as = "in"
		} else if strings.HasPrefix(s, natOut) {
			as = "out"
		}
		d.f("<text class=\""+as+"\" x=\"#\" y=\"#\">$</text>\n", s, x, y)
		y += step
	}
}

func (d *drawing) rect(class string, x, y, w, h, round int) {
	d.f("<rect class=\""+class+"\" x=\"#\" y=\"#\" width=\"#\" height=\"#\" rx=\"#\"/>\n", "", x, y, w, h, round)
}

// drawHome draws the frame, and the ways out of it.
func (d *drawing) drawHome() {
	f := &d.frame
	d.open(d.home.title())
	d.rect("frame", f.x, f.y, f.w, f.h, 14)
	d.text("name", f.x+16, f.y+24, 0, d.name())
	d.text("soft", f.x+16, f.y+44, lineHeight, d.head...)
	d.close()
	top := f.y + f.h + 8
	end := top + outside - 18
	for n, u := range d.p.ups {
		d.open(u.link.title())
		d.f("<path class=\"way\" d=\"M# #V#\"/><path class=\"head\" d=\"M# #l-5 -10h10z\"/>\n", "", u.x, top, end, u.x, end)
		if last := len(d.out) - 1; n == 0 && last >= 0 && !strings.HasPrefix(d.out[last], natOut) {
			d.f("<path class=\"head\" d=\"M# #l-5 10h10z\"/>\n", "", u.x, top)
		}
		d.chip(u.link, u.lines, u.x, top)
		w := textWidth(u.pill) + 24
		d.rect("pill", u.x-w/2, end, w, 26, 13)
		d.text("m", u.x, end+17, 0, u.pill)
		d.close()
		if n == 0 {
			d.open(strings.Join(d.home.ruleLines(mostLines), "\n"))
			d.text("", u.x+u.w/2+gap/2, top+18, lineHeight, d.out...)
			d.close()
		}
	}
}

// title is all that there is to know of a namespace.
func (s *space) title() string {
	return "network namespace " + s.heading() + "\n" + strings.Join(s.facts(mostLines, false), "\n")
}

// title is all that there is to know of a link.
func (l *link) title() string {
	text := strings.Join(l.say(sayAll), " ")
	for _, a := range l.every {
		text += "\n" + a
	}
	if l.mac != "" {
		text += "\nlink/ether " + l.mac
	}
	return text + "\nmtu " + number(l.mtu)
}

// off is the class of what is down.
func off(down string) string {
	if down == "" {
		return ""
	}
	return " off"
}

// wireOf draws a cable, or what stands on a device elsewhere, along points.
func (d *drawing) wireOf(s *slot, points ...int) {
	class := "wire"
	if s.link.peer != s.other.link {
		class = "stack"
	}
	d.open(s.link.place() + " - " + s.other.link.place())
	d.f("<path class=\""+class+off(s.link.down+s.other.link.down)+"\" d=\"M# #", "", points...)
	for n := 2; n < len(points); n += 2 {
		d.f("L# #", "", points[n:]...)
	}
	d.WriteString("\"/></g>\n")
}

// port writes the name of a port beside its bar.
func (d *drawing) port(s *slot, above bool) {
	y := s.item.y + barHeight + 17
	if above {
		y = s.item.y - 9
	}
	if s.item.link != nil {
		d.text("m port"+off(s.link.down), s.x, y, 0, s.lines...)
	}
}

// bar draws a bridge.
func (d *drawing) bar(l *link, b box, text string) {
	class, words := "bar", "m onbar"
	if !l.isBridge() {
		class, words = "chip", "m"
	}
	d.open(l.title())
	d.rect(class+off(l.down), b.x, b.y, b.w, b.h, 6)
	d.text(words, b.x+b.w/2, b.y+b.h/2+4, 0, text)
	d.close()
}

// space draws a box: chips at its edges, its name, what there is to say of it, and its
// bridges.
func (d *drawing) space(i *item) {
	d.open(i.space.title())
	class := "box"
	if len(i.space.links) == 0 {
		class = "box off"
	}
	d.rect(class, i.x, i.y, i.w, i.h, 10)
	upper, lower := i.in, i.out
	if i.up {
		upper, lower = lower, upper
	}
	y := i.y + chipHeight(upper)
	d.text("name", i.x+14, y+20, 0, shortened(i.space.name, 30))
	d.text("soft", i.x+14, y+titleLen+12, lineHeight, i.lines...)
	d.close()
	y += titleLen + len(i.lines)*lineHeight
	for _, b := range i.bars {
		for _, s := range lower {
			if s.link.master == b {
				d.f("<path class=\"wire"+off(s.link.down)+"\" d=\"M# #V#\"/>\n", "", s.x, y+12, i.y+i.h)
			}
		}
		d.bar(b, box{i.x + 12, y + 2, i.w - 24, barHeight - 8}, b.barText())
		y += barHeight - 2
	}
	for _, s := range upper {
		d.chip(s.link, s.lines, s.x, i.y-6+s.height())
	}
	for _, s := range lower {
		d.chip(s.link, s.lines, s.x, i.y+i.h+6)
	}
}

// chip draws the end of a cable at the edge of a box: x is its middle, foot its lower side.
func (d *drawing) chip(l *link, lines list, x, foot int) {
	w, h := lines.width()+16, 15*len(lines)+8
	d.open(l.title())
	d.rect("chip"+off(l.down), x-w/2, foot-h, w, h, 5)
	d.text("m"+off(l.down), x, foot-h+16, 15, lines...)
	d.close()
}
