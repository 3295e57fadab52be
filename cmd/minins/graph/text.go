//go:build linux

package graph

import (
	"strings"
	"unicode/utf8"

	"github.com/minins/minins/nsfs"
)

// A style is how text is drawn.
type style struct {
	ascii bool
	color bool
	width int // columns to keep to, where that is possible
}

// Colors are digits of the escape sequences of ip.
const (
	colorName = '6'
	colorAddr = '5'
	colorDown = '1'
	colorRule = '3'
)

// A line is one of a tree: those below it that are deeper are its branches.
type line struct {
	_ [0]func()

	depth int
	words list // which are not broken
	l     *link
}

// A sketch collects lines.
type sketch struct {
	_ [0]func()

	strings.Builder
	style

	lines []line
}

func (t *sketch) add(depth int, words list, l *link) {
	t.lines = append(t.lines, line{depth: depth, words: words, l: l})
}

// drawText draws a tree for each namespace.
func drawText(p *picture, st style) string {
	p.fresh()
	t := &sketch{style: st}
	for _, s := range p.spaces {
		t.add(0, strings.Split(s.heading(), " "), nil)
		for _, l := range s.links {
			if l.parent() == nil {
				t.link(1, l)
			}
		}
		for _, l := range s.links { // which are in a circle, as things moved while they were looked at
			t.link(1, l)
		}
		for _, fact := range s.facts(mostLines, false) {
			t.add(1, strings.Fields(fact), nil)
		}
		t.draw()
	}
	if p.stale != nil {
		t.add(0, list{"stale names"}, nil)
		for _, s := range p.stale {
			t.add(1, strings.Fields(s), nil)
		}
		t.draw()
	}
	return t.String()
}

func (t *sketch) link(depth int, l *link) {
	if l.drawn {
		return
	}
	l.drawn = true
	what := sayAll
	if l.lower == l.parent() {
		what &^= sayLower
	}
	t.add(depth, l.say(what), l)
	for _, other := range l.space.links {
		if other.parent() == l {
			t.link(depth+1, other)
		}
	}
}

// draw writes the lines, with their branches before them.
func (t *sketch) draw() {
	if t.Len() > 0 {
		t.WriteByte('\n')
	}
	for i := range t.lines {
		l := &t.lines[i]
		first, rest := t.branches(i)
		at := width(first)
		t.put(first, 0)
		for j, w := range l.words {
			if t.ascii {
				w = ascii(w)
			}
			switch {
			case j > 0 && at+1+width(w) > t.width && at > width(rest):
				t.WriteByte('\n')
				t.put(rest, 0)
				at = width(rest)
			case j > 0:
				t.WriteByte(' ')
				at++
			}
			t.put(w, l.color(j))
			at += width(w)
		}
		t.WriteByte('\n')
	}
	t.lines = nil
}

// color is that of a word of a line, or 0.
func (l *line) color(n int) byte {
	w := l.words[n]
	switch {
	case l.depth == 0 || n == 0 && l.l != nil:
		return colorName
	case l.l != nil && w == l.l.down:
		return colorDown
	case l.l != nil && strings.Contains(w, "/"):
		return colorAddr
	case strings.HasPrefix(natIn+natOut, w+" ") || n == 1 && (w == "in:" || w == "out:"):
		return colorRule
	}
	return 0
}

// branches is what is before a line, and before what does not fit it.
func (t *sketch) branches(i int) (first, rest string) {
	depth := t.lines[i].depth
	for d := 1; d <= depth; d++ {
		goesOn := false
		for _, l := range t.lines[i+1:] {
			if l.depth <= d {
				goesOn = l.depth == d
				break
			}
		}
		a, b := "   ", "   "
		switch {
		case d < depth && goesOn:
			a, b = "│  ", "│  "
		case d == depth && goesOn:
			a, b = "├─ ", "│  "
		case d == depth:
			a = "└─ "
		}
		first, rest = first+a, rest+b
	}
	if i+1 < len(t.lines) && t.lines[i+1].depth > depth {
		return first, rest + "│    "
	}
	return first, rest + "     "
}

func (t *sketch) put(text string, color byte) {
	if t.ascii {
		text = ascii(text)
	}
	if t.color && color != 0 {
		text = "\x1b[3" + string(rune(color)) + "m" + text + "\x1b[0m"
	}
	t.WriteString(text)
}

// ascii has text without what ASCII lacks.
func ascii(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r == '│':
			b.WriteByte('|')
		case r == '├' || r == '└':
			b.WriteByte('+')
		case r == '─':
			b.WriteByte('-')
		case r == '…':
			b.WriteString("...")
		default:
			b.WriteString(nsfs.Escaped(r))
		}
	}
	return b.String()
}
