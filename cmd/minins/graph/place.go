//go:build linux

package graph

// place puts all items into rows, and the rows below one another.
func (l *layout) place() {
	l.items, l.rows, l.pieces = l.items[:0], 0, 0
	var shelves []items
	wide := max(leastFrame, titleWidth(l.name())+2*margin, l.head.width(), l.outsideWidth())
	x, bars := 0, false
	for _, g := range l.groups {
		g.spread(l.cols)
		isBar := g.link != nil
		if x == 0 || x+g.span > l.limit || bars && !isBar { // another shelf
			shelves = append(shelves, nil)
			x = 0
		}
		last := len(shelves) - 1
		shelves[last].add(g)
		wide = max(wide, x+g.span)
		x += g.span + 2*gap
		bars = isBar
	}
	for _, shelf := range shelves {
		x := 2*margin + (wide-across(shelf, 2*gap))/2 // in the middle
		deep := 0
		for _, g := range shelf {
			deep = max(deep, l.group(g, x, l.rows))
			x += g.span + 2*gap
		}
		l.rows += deep
	}
	l.stack(2*margin + wide)
}

// across is how wide items are beside one another.
func across(items []*item, space int) int {
	w := 0
	for n, i := range items {
		if n > 0 {
			w += space
		}
		w += i.span
	}
	return w
}

// room is what a row of items takes, and the cables of this one that go elsewhere.
func (i *item) room(row []*item) int {
	if len(row) > 0 && i.extras > 0 {
		return across(row, gap) + gap + i.extras
	}
	return across(row, gap) + i.extras
}

// spread finds out how wide an item is with all that hangs on it.
func (i *item) spread(cols int) {
	i.span = max(i.need, total(i.in))
	if i.link != nil {
		for _, row := range i.branches(cols) {
			i.span = max(i.span, i.room(row)+2*gap)
		}
		return
	}
	for _, k := range i.kids {
		k.spread(cols)
	}
	i.span = max(i.span, i.room(i.kids))
}

// branches are the rows of what hangs on a bar: above, below, above the next piece of it,
// and so on. What has something below it can only be in the last one.
func (i *item) branches(cols int) []items {
	var leaves, others items
	most := 0
	for _, k := range i.kids {
		k.spread(cols)
		if len(k.kids) > 0 {
			others.add(k)
		} else {
			leaves.add(k)
			most = max(most, k.span)
		}
	}
	for _, k := range leaves {
		k.span = most
	}
	n := max(1, (len(leaves)+cols-1)/cols)
	rows := make([]items, (n+1)/2*2)
	for r := range n {
		k := (len(leaves) + n - r - 1) / (n - r) // as many in each
		rows[r], leaves = leaves[:k:k], leaves[k:]
	}
	for _, k := range others {
		rows[len(rows)-1].add(k)
	}
	return rows
}

// group puts a root and all that hangs on it, and returns how many rows it takes.
func (l *layout) group(g *item, x, row int) int {
	if g.link == nil {
		return l.tree(g, x, row)
	}
	rows := g.branches(l.cols)
	piece := g
	deep := 0
	for r, kids := range rows {
		first, below := row+r/2*3, r&1 // three rows for each piece of the bar
		if below == 0 {
			if r > 0 {
				l.pieces++
				piece.piece = &item{link: g.link, lines: list{g.link.name}}
				piece = piece.piece
			}
			piece.box, piece.row, piece.piece = box{x: x, w: g.span, h: barHeight}, first+1, nil
			l.items.add(piece)
			deep = first + 2 - row
		}
		w := across(kids, gap)
		if r == len(rows)-1 {
			w = g.room(kids)
		}
		at := x + (g.span-w)/2
		for _, k := range kids {
			k.up = below == 0
			deep = max(deep, first+2*below-row+l.tree(k, at, first+2*below))
			for _, s := range k.in {
				s.other.item = piece
			}
			at += k.span + gap
		}
		if r == len(rows)-1 {
			g.putExtras(at, piece)
		}
	}
	return deep
}

// putExtras puts the ends of cables that are not straight beside one another.
func (i *item) putExtras(at int, piece *item) {
	for _, s := range i.out {
		if s.extra {
			s.item, s.x = piece, at+s.w/2
			at += s.w
		}
	}
}

// tree puts a box, and below it what hangs on it.
func (l *layout) tree(i *item, x, row int) (deep int) {
	l.items.add(i)
	i.row, i.w = row, i.need
	if len(i.kids) > 0 {
		i.w = i.span
	}
	i.x = x + (i.span-i.w)/2
	at := i.x + (i.w-total(i.in))/2
	for _, s := range i.in {
		s.x = at + s.w/2
		s.other.x = s.x
		at += s.w
	}
	at = i.x + (i.w-i.room(i.kids))/2
	for _, k := range i.kids {
		deep = max(deep, l.tree(k, at, row+1))
		at += k.span + gap
	}
	i.putExtras(at, i)
	return deep + 1
}

// A channel is the room between two rows.
type channel struct {
	_ [0]func()

	top, bottom bool // names of ports are at its sides
	used        bool // straight cables are in it
	tracks      int  // other cables in it
	start       int  // of these
	height      int  // of the row below it
}

// stack gives rows and channels their heights, and all items their places.
func (l *layout) stack(right int) {
	ways := make([]channel, l.rows+2)
	for _, i := range l.items {
		ways[i.row].height = max(ways[i.row].height, i.h)
		if len(i.in) > 0 {
			c := &ways[i.row]
			if i.up {
				c = &ways[i.row+1]
			}
			c.used = true
			if isBar := i.in[0].other.item.link != nil; isBar {
				c.top, c.bottom = c.top || !i.up, c.bottom || i.up
			}
		}
		if i.link != nil && i.extras > 0 {
			ways[i.row+1].top = true
		}
	}
	for _, s := range l.rest { // each has a track of its own
		a, b := s.channel(), s.other.channel()
		ways[a].tracks++
		if a != b {
			ways[b].tracks++
			right += trackLen
		}
	}
	l.frame = box{x: margin, y: margin, w: right}
	y := margin + 48 + len(l.head)*lineHeight
	above := false
	for n := range l.rows + 1 {
		c := &ways[n]
		if c.top {
			y += labelLen
		}
		c.start = y
		if c.tracks > 0 {
			y += trackLen * (c.tracks + 1)
		}
		switch {
		case c.used:
			y += cableLen
		case above && c.height > 0:
			y += gap
		}
		above = above || c.height > 0
		if c.bottom {
			y += labelLen
		}
		for _, i := range l.items {
			if i.row == n {
				i.y = y
				if i.up {
					i.y = y + c.height - i.h
				}
			}
		}
		y += c.height
	}
	l.frame.h = y + margin - l.frame.y
	for _, u := range l.p.ups {
		l.frame.h = max(l.frame.h, y+15*len(u.lines)+18-l.frame.y)
	}
	l.w = l.frame.w + 2*margin
	l.h = l.frame.y + l.frame.h + margin
	if l.p.ups != nil {
		l.h += outside + max(0, len(l.out)*lineHeight-40)
	}
	wide := l.outsideWidth()
	for _, u := range l.p.ups { // in the middle
		u.x += (l.w - wide) / 2
	}
	l.wire(ways)
}

// wire finds the ways of cables that are not straight: by a track between rows, and if
// need be down the right side and by another one.
func (l *layout) wire(ways []channel) {
	l.wires = l.wires[:0]
	aside := l.frame.x + l.frame.w - trackLen
	for _, s := range l.rest {
		a, b := &ways[s.channel()], &ways[s.other.channel()]
		a.start += trackLen
		x := s.x
		if a != b {
			x = aside
			aside -= trackLen
			b.start += trackLen
		}
		l.wires = append(l.wires, []int{s.x, s.edge(), s.x, a.start, x, a.start, x, b.start, s.other.x, b.start, s.other.x, s.other.edge()})
	}
}

// channel is the one that a cable which is not straight begins in.
func (s *slot) channel() int {
	if s.item.up {
		return s.item.row
	}
	return s.item.row + 1
}

// edge is where such a cable begins.
func (s *slot) edge() int {
	if s.item.up {
		return s.item.y
	}
	return s.item.y + s.item.h
}

// name is that of the frame.
func (l *layout) name() string {
	if l.home != nil {
		return shortened(l.home.name, 40)
	}
	return ""
}

// outsideWidth puts the ways out of the picture beside one another, and is how wide they are.
func (l *layout) outsideWidth() int {
	x := 0
	for i, u := range l.p.ups {
		u.lines = u.link.chip(false)
		u.pill = "outside"
		if u.to != nil {
			u.pill = shortened(u.to[0], 40)
		}
		u.w = max(u.lines.width()+26, textWidth(u.pill)+34)
		u.x = x + u.w/2
		x += u.w + gap
		if i == 0 {
			x += l.out.width()
		}
	}
	return x
}
