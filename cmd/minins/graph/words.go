//go:build linux

package graph

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/minins/minins/nsfs"
)

// A list is of lines or of words. To add to it by a call takes less code than append.
type list []string

func (t *list) add(s string) { *t = append(*t, s) }

func (t *list) addAll(s list) { *t = append(*t, s...) }

// cut is the first lines, and how many more there are.
func (t list) cut(most int, what string) list {
	if len(t) <= most {
		return t
	}
	return append(t[:most-1:most-1], "… "+number(len(t)-most+1)+" more "+what)
}

func number(n int) string { return strconv.Itoa(n) }

// Numbers of lines that are written: what there is more of is only counted.
const (
	mostLines = 20 // in a text or a node
	mostInBox = 4
)

// What is said of a link beside its name.
const (
	sayKind = 1 << iota
	sayLower
	sayAddrs // all; else three
	sayPeer
	sayMaster
	sayPorts // those that are not drawn
	sayAll   = sayKind | sayLower | sayAddrs | sayPeer
)

// say is a link in words: its name, what it is and where it leads.
func (l *link) say(what int) list {
	words := list{l.name}
	if l.kind != "" && l.kind != "veth" && what&sayKind != 0 {
		words.add(l.kind)
	}
	if l.lower != nil && what&sayLower != 0 {
		on := "on " + l.lower.name
		if l.lower.space != l.space {
			on += " of " + l.lower.space.name
		}
		words.add(on)
	}
	most := 3
	if what&sayAddrs != 0 {
		most = len(l.addrs)
	}
	words.addAll(l.addrs.cut(most, "addresses"))
	if l.down != "" {
		words.add(l.down)
	}
	if l.master != nil && what&sayMaster != 0 {
		words.add("in " + l.master.name)
	}
	if what&sayPorts != 0 {
		var ports list
		for _, p := range l.ports {
			if !p.drawn {
				ports.add(strings.Join(p.say(sayKind|sayLower), " "))
			}
		}
		if ports != nil {
			words.add("with " + strings.Join(ports.cut(mostInBox, "ports"), ", "))
		}
	}
	switch {
	case what&sayPeer == 0:
	case l.peer != nil:
		to := "── " + l.peer.name
		if l.peer.space != l.space {
			to = "── " + l.peer.place()
		}
		if l.peer.master != nil {
			to += " in " + l.peer.master.name
		}
		words.add(to)
		words.addAll(l.peer.addrs)
	case l.away:
		words.add("── elsewhere")
	}
	return words
}

// place is the link and where it is.
func (l *link) place() string { return l.space.name + ":" + l.name }

// parent is the link that a link is shown below.
func (l *link) parent() *link {
	if l.master != nil {
		return l.master
	}
	if l.lower != nil && l.lower.space == l.space {
		return l.lower
	}
	return nil
}

// first says whether a link is that end of a cable that is drawn first.
func (l *link) first() bool { return l.peer != nil && natural(l.id) < natural(l.peer.id) }

// facts are the routes, the rules and what else there is to say of a namespace. Those of
// ways out of the picture may be drawn there.
func (s *space) facts(most int, out bool) list {
	var routes, all list
	for _, r := range s.routes {
		switch {
		case r.out && out:
		case len(s.links) == 1 && most == mostInBox:
			routes.add(r.words())
		default:
			routes.add(r.full())
		}
	}
	all.addAll(routes.cut(most, "routes"))
	all.addAll(s.policies.cut(most, "rules of routing"))
	if !out {
		all.addAll(s.ruleLines(most))
	}
	switch {
	case s.blind != "":
		all.add("not all is to be seen: " + s.blind)
	case len(s.links) == 0:
		all.add("no links but lo")
	}
	return all
}

// Beginnings of the lines of rules.
const (
	natIn  = "NAT in: "
	natOut = "NAT out: "
)

func (s *space) ruleLines(most int) list {
	var all list
	for _, r := range s.rules {
		line := natOut + r.words
		if r.in {
			line = natIn + r.words
		}
		if r.owner != "" {
			line += " (" + r.owner + ")"
		}
		all.add(line)
	}
	return all.cut(most, "rules")
}

// natural is a key to sort text by in which numbers are compared as such: veth2 is before
// veth10. Each is behind its length, and before how it was written.
func natural(s string) string {
	key := ""
	for s != "" {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		if n == 0 {
			key += s[:1]
			s = s[1:]
			continue
		}
		digits := strings.TrimLeft(s[:n], "0")
		key += "0" + string(rune(len(digits))) + digits + string(rune(n))
		s = s[n:]
	}
	return key
}

// sortBy sorts pointers by a text of each. Sorting strings takes no code of its own.
func sortBy[E any](all []E, text func(e E) string) {
	keys := make([]string, len(all))
	for i, e := range all {
		keys[i] = natural(text(e)) + "\x00" + string(rune(firstIndex+i))
	}
	slices.Sort(keys)
	was := slices.Clone(all)
	for i, key := range keys {
		r, _ := utf8.DecodeLastRuneInString(key)
		all[i] = was[r-firstIndex]
	}
}

const firstIndex = 0x10000 // no rune that UTF-8 has not

// clean has text without what no picture should get.
func clean(s string) string { return nsfs.Printable(s) }

// wide are the letters that take two columns: those of East Asia, and faces.
var wide = [...][2]rune{
	{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
}

// width is how many columns text takes.
func width(s string) int {
	n := 0
	for _, r := range s {
		n += columns(r)
	}
	return n
}

func columns(r rune) int {
	for _, w := range wide {
		if r >= w[0] && r <= w[1] {
			return 2
		}
	}
	return 1
}

// shortened is text that takes at most so many columns: the middle goes, since names
// differ at their ends.
func shortened(s string, most int) string {
	all := width(s)
	if all <= most {
		return s
	}
	head, before := -1, 0
	for i, r := range s {
		n := columns(r)
		if head < 0 && before+n > (most-1)/2 {
			head = i
		}
		if all-before <= most-1-(most-1)/2 {
			return s[:head] + "…" + s[i:]
		}
		before += n
	}
	return s[:head] + "…"
}

// How text is escaped.
const (
	forXML = iota
	forDOT
	forMermaid
)

// escape has text without what has a meaning in a language.
func escape(s string, language int) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case language == forMermaid && !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= 0x80 || strings.ContainsRune(" -_.,:/()", r)):
			b.WriteString("#" + number(int(r)) + ";") // whatever it may mean
		case language == forDOT && (r == '"' || r == '\\'):
			b.WriteString(`\` + string(r))
		case language != forMermaid && strings.ContainsRune(`&<>"`, r): // the head of entities in DOT, too
			b.WriteString("&#" + number(int(r)) + ";")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
