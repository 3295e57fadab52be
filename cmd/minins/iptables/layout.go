//go:build linux

package iptables

import (
	"slices"
	"strings"
)

// A layout is a command line whose options are put into their places: table,
// command, protocol, what the rule matches, each -m with its options, -j with
// its options, the rest.
type layout struct {
	*repairer
	groups               []*group
	command, proto, jump int      // where they stand in groups; -1 is nowhere
	matches              []string // the names behind -m
	missing              []*group // what has to be added
	jumpTo               string   // the -j that has to be added
}

// Places of a line. Each match has two, for its -m and for its options.
const (
	atTable = iota
	atCommand
	atProtocol
	atPlain
	atOwn // options of the protocol's match, which needs no -m
	atMatches
)

func (l *layout) atJump() int { return atMatches + 2*len(l.matches) }

func (l *layout) find() {
	l.command, l.proto, l.jump = -1, -1, -1
	for i, g := range l.groups {
		switch {
		case g.is("ACDIRLSFZNXEP"):
			l.command = i
		case g.is("p"):
			l.proto = i
		case g.is("jg"):
			l.jump = i
		}
	}
}

// arrange builds the line anew.
func (l *layout) arrange() []string {
	l.protocol()
	jump := l.target()
	l.match()
	for i, g := range l.groups {
		switch {
		case g.target():
			if i < l.jump {
				l.fault(g.name() + " is an option of the target: it has to come behind -j " + jump)
			}
			g.place = l.atJump() + 1
		case g.by != nil && g.place != 0: // of a match
		case g.by != nil:
			if l.proto > i {
				l.fault(g.name() + " has to come behind -p " + l.groups[l.proto].last())
			}
			g.place = atOwn
		case i == l.command:
			g.place = atCommand
		case i == l.proto:
			g.place = atProtocol
		case i == l.jump:
			g.place = l.atJump()
		case g.is("t"):
			g.place = atTable
		case g.is("m"):
			g.place = atMatches + 2*slices.Index(l.matches, g.last())
		case g.is("vwWM46"):
			g.place = l.atJump() + 2
		default:
			g.place = atPlain
		}
	}
	if l.jumpTo != "" {
		l.add(l.atJump(), "-j", l.jumpTo)
	}
	all := append(l.missing, l.groups...)
	var words []string
	for place := range l.atJump() + 3 {
		for _, g := range all {
			if g.place == place {
				words = append(words, g.words...)
			}
		}
	}
	return words
}

// add puts words into a place that the line has nothing for.
func (l *layout) add(place int, words ...string) {
	l.missing = append(l.missing, &group{words: words, place: place})
}

func isProtocolMatch(module string) bool { return slices.Contains(protocolMatches[:], module) }

// protocol adds -p if the line has options that need it.
func (l *layout) protocol() {
	if l.proto >= 0 {
		p := l.groups[l.proto].last()
		for _, g := range l.groups[:l.proto] {
			if g.target() && g.hasPort() {
				l.fault("-p " + p + " has to come before " + g.name())
			}
		}
		l.udp(p)
		return
	}
	for _, g := range l.groups {
		p := "tcp"
		var why string
		switch {
		case g.by == nil:
			continue
		case g.by.name == "tcp" && strings.HasSuffix(g.opt.key(), "-port"):
			why = " needs a protocol before it, as ports belong to one: -p tcp (or -p udp)"
		case isProtocolMatch(g.by.name):
			p = strings.Replace(g.by.name, "icmp6", "icmpv6", 1)
			why = " needs its protocol before it: -p " + p
		case g.by.name == "multiport" || g.by.target && g.hasPort():
			why = " has a port, which needs a protocol before it: -p tcp (or -p udp)"
		default:
			continue
		}
		l.fault(g.name() + why)
		l.add(atProtocol, "-p", p)
		l.udp(p)
		return
	}
}

// udp gives TCP's options, which UDP's look like, to UDP if that is protocol p.
func (l *layout) udp(p string) {
	if p != "udp" {
		return
	}
	for _, g := range l.groups {
		if g.by != nil && g.by.name == "tcp" {
			g.by = findModule("udp", false, l.family)
		}
	}
}

// hasPort reports whether a target's option gives a port.
func (g *group) hasPort() bool {
	switch g.opt.key() {
	case "to-ports":
		return true
	case "to-destination", "to-source":
		return strings.Count(g.last(), ":") == 1 || strings.Contains(g.last(), "]:")
	}
	return false
}

// target puts the name behind -j into capitals, or adds -j if options tell
// which, and returns the name.
func (l *layout) target() string {
	if l.jump >= 0 {
		words := l.groups[l.jump].words
		name := &words[len(words)-1]
		if up := strings.ToUpper(*name); *name != up && isTarget(up) {
			l.fault("targets are in capitals: -j " + up)
			*name = up
		}
		return *name
	}
	for _, g := range l.groups {
		if !g.target() {
			continue
		}
		switch g.opt.key() {
		case "to-destination", "to-source", "reject-with", "set-mark", "set-xmark", "log-prefix", "log-level":
			l.fault(g.name() + " is an option of target " + g.by.name + ": -j " + g.by.name + " is missing")
			l.jumpTo = g.by.name
			return g.by.name
		}
	}
	return ""
}

// match finds the places of matches' options, and adds the -m that are
// missing. The protocol's own match needs none.
func (l *layout) match() {
	for _, g := range l.groups {
		if g.is("m") {
			l.matches = append(l.matches, g.last())
		}
	}
	var seen []string
	for _, g := range l.groups {
		switch {
		case g.is("m"):
			seen = append(seen, g.last())
		case g.by != nil && !g.by.target:
			name := g.by.name
			i := slices.Index(l.matches, name)
			switch {
			case i < 0 && isProtocolMatch(name):
				continue
			case i < 0:
				l.fault(g.name() + " is an option of match " + name + ": -m " + name + " is missing")
				i = len(l.matches)
				l.add(atMatches+2*i, "-m", name)
				l.matches, seen = append(l.matches, name), append(seen, name)
			case !slices.Contains(seen, name):
				l.fault(g.name() + " has to come behind -m " + name)
			}
			g.place = atMatches + 2*i + 1
		}
	}
}
