//go:build linux

package graph

import (
	"slices"
	"strings"
)

// A layout is where everything of a picture is, in pixels.
//
// The caller's namespace is a frame around all others. Its bridges, and what else of it
// cables lead to, are bars; other namespaces are boxes above and below the bar that they
// hang on. What hangs on such a box is below it, and the box as wide as that: so cables
// go straight down. A bar, the boxes at it and what is below them are a group. Groups
// stand beside one another in shelves.
//
// All is in rows, and the rest of the cables goes between rows, and beside them, where
// no box is.
type layout struct {
	_ [0]func()

	p      *picture
	home   *space // nil if it is not in the picture
	head   list   // lines below the name of the frame
	out    list   // the rules that are written at the way out
	all    items
	groups items // roots
	rest   slots // one end of each cable that is not straight

	cols, limit int     // of this attempt: boxes in a row of a group, width of a shelf
	items       items   // all, and the further pieces of bars
	wires       [][]int // for rest: x, y, x, y …
	rows        int
	pieces      int // of bars, beyond the first
	w, h        int
	frame       box
}

// A box is a rectangle.
type box struct{ x, y, w, h int }

// An item is a namespace or a bar.
type item struct {
	_ [0]func()

	space  *space // of a bar: nil
	link   *link  // of a bar
	lines  list
	bars   links // bridges in a namespace
	slots  slots
	in     slots // to the item that it hangs on
	out    slots // to those that hang on it, and elsewhere
	kids   items
	hangs  bool  // somewhere, or is a root
	up     bool  // it is above what it hangs on
	piece  *item // of a bar of several pieces: the next one
	need   int   // width for what is in it
	span   int   // width with all that hangs on it
	extras int   // width of cables that go elsewhere
	row    int
	box
}

// A slot is an end of a cable at an item.
type slot struct {
	_ [0]func()

	item  *item
	link  *link
	other *slot
	lines list
	w     int // of it and the other end, if the cable is straight
	x     int // of its middle
	tied  bool
	extra bool // not straight
}

// To add by a call takes less code than append.
type (
	items []*item
	slots []*slot
)

func (t *items) add(i *item) { *t = append(*t, i) }
func (t *slots) add(s *slot) { *t = append(*t, s) }

// Sizes, in pixels.
const (
	charWidth  = 29 // a quarter of a pixel, of text of 12 pixels in a font of one width
	lineHeight = 16
	margin     = 24 // around the frame, and in it
	gap        = 18 // between items
	cableLen   = 40
	labelLen   = 22 // of the name of a port, beside a bar
	trackLen   = 10 // between cables side by side
	barHeight  = 30
	titleLen   = 26
	leastBox   = 96
	leastFrame = 420
	outside    = 62 // below the frame
)

func textWidth(s string) int  { return (width(s)*charWidth + 3) / 4 }
func titleWidth(s string) int { return width(s) * 10 }

func (t list) width() int {
	w := 0
	for _, l := range t {
		w = max(w, textWidth(l))
	}
	return w
}

// arrange puts everything in its place: such that it is about as wide as a slide.
func arrange(p *picture) *layout {
	p.fresh()
	l := &layout{p: p}
	if len(p.spaces) > 0 && p.spaces[0].home {
		l.home = p.spaces[0]
	}
	l.collect()
	l.hang()
	l.measure()
	best, cols, limit := -1, 0, 0
	for l.cols = 1; l.cols <= 16; l.cols++ {
		for l.limit = 700; l.limit <= 5000; l.limit += l.limit / 4 {
			l.place()
			off := l.w*9 - l.h*16 // 16:9 is best; too high is worse than too wide
			if off < 0 {
				off *= -2
			}
			off = off/16 + (l.w+l.h)/2 + l.pieces*60
			if best < 0 || off < best {
				best, cols, limit = off, l.cols, l.limit
			}
		}
	}
	l.cols, l.limit = cols, limit
	l.place()
	return l
}

// bar is that of a link of the frame: of the bridge, if it is a port of one.
func (l *layout) bar(d *link) *item {
	for d.master != nil {
		d = d.master
	}
	if d.item == nil {
		d.item = &item{link: d}
		l.all.add(d.item)
	}
	return d.item
}

// collect makes items and slots.
func (l *layout) collect() {
	for _, s := range l.p.spaces {
		if s == l.home {
			for _, d := range s.links {
				if d.isBridge() {
					l.bar(d)
				}
			}
		} else {
			s.item = &item{space: s}
		}
	}
	for _, s := range l.p.spaces {
		for _, d := range s.links {
			if d.first() {
				l.join(d, d.peer)
			}
			if d.lower != nil && d.lower.space != s {
				l.join(d.lower, d)
			}
		}
	}
	for _, s := range l.p.spaces {
		if s != l.home {
			l.all.add(s.item)
		}
	}
}

// join makes the slots of both ends, unless they are in the same item.
func (l *layout) join(a, b *link) {
	if a.space == b.space && (a.space != l.home || a.master == b.master) {
		return
	}
	x, y := l.slot(a), l.slot(b)
	x.other, y.other = y, x
}

func (l *layout) slot(d *link) *slot {
	s := &slot{item: d.space.item, link: d}
	if s.item == nil {
		s.item = l.bar(d)
	}
	d.drawn = true
	s.item.slots.add(s)
	return s
}

// hang finds what hangs on what: bars first, then on each what is next to it. Where no
// bar is near, it is the namespace with the most cables.
func (l *layout) hang() {
	for _, i := range l.all {
		if i.link != nil {
			i.hangs = true
			l.groups.add(i)
		}
	}
	queue := append(items(nil), l.groups...)
	for {
		for ; len(queue) > 0; queue = queue[1:] {
			i := queue[0]
			for _, s := range i.slots {
				if k := s.other.item; !k.hangs {
					k.hangs = true
					i.kids.add(k)
				}
			}
			sortBy(i.kids, func(k *item) string { return k.space.id })
			for _, k := range i.kids {
				queue.add(k)
				for _, s := range k.slots {
					if s.other.item == i {
						k.in.add(s)
						i.out.add(s.other)
						s.tied, s.other.tied = true, true
					}
				}
			}
		}
		var most *item
		for _, i := range l.all {
			if !i.hangs && (most == nil || len(i.slots) > len(most.slots)) {
				most = i
			}
		}
		if most == nil {
			break
		}
		most.hangs = true
		l.groups.add(most)
		queue.add(most)
	}
	for _, i := range l.all {
		for _, s := range i.slots {
			if !s.tied {
				s.extra = true
				i.out.add(s)
				if s.other.extra { // the other end is known already
					l.rest.add(s)
				}
			}
		}
	}
}

// measure writes what is in items and at slots, and finds out how large that is.
func (l *layout) measure() {
	for _, i := range l.all {
		for _, s := range i.slots {
			switch {
			case i.space != nil:
				s.lines = s.link.chip(s.tied && slices.Contains(i.in, s))
			case s.link != i.link:
				s.lines = list{strings.TrimSpace(s.link.name + " " + s.link.down)}
			}
			s.w = s.lines.width() + 26
		}
	}
	for _, i := range l.all {
		for _, s := range i.in { // what is straight needs the same room at both ends
			s.w = max(s.w, s.other.w)
			s.other.w = s.w
		}
	}
	for _, i := range l.all {
		for _, s := range i.out {
			if s.extra {
				i.extras += s.w
			}
		}
		if i.link != nil {
			i.lines, i.h = list{i.link.barText()}, barHeight
			i.need = i.lines.width() + 32
			continue
		}
		for _, d := range i.space.links {
			if d.isBridge() {
				i.bars.add(d)
				i.need = max(i.need, textWidth(d.barText())+40)
			}
		}
		i.lines = i.space.others(mostInBox)
		i.lines.addAll(i.space.facts(mostInBox, false))
		i.lines.shorten(44)
		i.need = max(i.need, i.lines.width()+28, titleWidth(shortened(i.space.name, 30))+28, leastBox, total(i.in)+14, i.extras+14)
		i.h = titleLen + len(i.lines)*lineHeight + len(i.bars)*(barHeight-2) + chipHeight(i.in) + chipHeight(i.out) + 12
	}
	if l.home != nil {
		l.head = l.home.others(2 * mostInBox)
		l.head.addAll(l.home.facts(2*mostInBox, l.p.ups != nil))
		if l.p.ups != nil {
			l.out = l.home.ruleLines(2 * mostInBox)
		}
	}
	if len(l.p.spaces) == 1 {
		l.head.add("no other namespaces")
	}
	for _, s := range l.p.stale {
		l.head.add("stale name " + s)
	}
	l.head.shorten(90)
	l.out.shorten(90)
}

// others are the links that are written in words: no cable leads there.
func (s *space) others(most int) list {
	var all list
	for _, d := range s.links {
		isUp := s.home && d.item == nil && d.parent() == nil && (d.kind == "" || d.away)
		twice := d.peer != nil && d.peer.space == s && !d.first()
		if !d.drawn && d.item == nil && !d.isBridge() && d.master == nil && !isUp && !twice {
			all.add(strings.Join(d.say(sayAll), " "))
		}
	}
	return all.cut(most, "links")
}

func (t list) shorten(most int) {
	for i, s := range t {
		t[i] = shortened(s, most)
	}
}

// barText is what is written on the bar of a bridge, or the like.
func (l *link) barText() string {
	what := sayKind | sayLower | sayPorts
	if l.kind == "bridge" {
		what = sayPorts
	}
	return strings.Join(l.say(what), "  ")
}

// chip is what is written at the end of a cable.
func (l *link) chip(in bool) list {
	what := sayKind
	if in {
		what |= sayMaster
	}
	return l.say(what)
}

func total(slots []*slot) int {
	w := 0
	for _, s := range slots {
		w += s.w
	}
	return w
}

// chipHeight is the room for the highest of some slots.
func chipHeight(slots []*slot) int {
	h := 0
	for _, s := range slots {
		h = max(h, s.height()+2)
	}
	return h
}

func (s *slot) height() int { return len(s.lines)*15 + 8 }
