//go:build linux

package iptables

import (
	"slices"
	"strings"
)

// A layout is where the parts of a rule stand in a command line; -1 is nowhere.
type layout struct {
	*repairer
	groups               []group
	command, proto, jump int
}

func (l *layout) find() {
	l.command, l.proto, l.jump = -1, -1, -1
	for i, g := range l.groups {
		switch s := g.opt.short; {
		case strings.IndexByte("ACDIRLSFZNXEP", s) >= 0 && s != 0:
			l.command = i
		case s == 'p':
			l.proto = i
		case s == 'j' || s == 'g':
			l.jump = i
		}
	}
}

// last is the argument of a group.
func (g group) last() string { return g.words[len(g.words)-1] }

// arrange builds the line anew: table, command, protocol, what the rule
// matches, each -m with its options, -j with its options.
func (l *layout) arrange() []string {
	protocol := l.protocol()
	target := l.target()
	var table, command, plain, own, rest []string
	if slices.Contains(protocol, "udp") { // whose options look like TCP's
		for i := range l.groups {
			if l.groups[i].module == "tcp" {
				l.groups[i].module = "udp"
			}
		}
	}
	matches := l.matches()
	var targetOptions []string
	for i, g := range l.groups {
		switch {
		case g.target:
			if l.jump >= 0 && i < l.jump {
				l.fault(g.name() + " is an option of the target: it has to come behind -j " + target[len(target)-1])
			}
			targetOptions = append(targetOptions, g.words...)
		case g.module != "":
			if isProtocolMatch(g.module) && matches.find(g.module) < 0 {
				if l.proto > i {
					l.fault(g.name() + " has to come behind -p " + l.groups[l.proto].last())
				}
				own = append(own, g.words...)
			}
		case i == l.command:
			command = g.words
		case i == l.proto || i == l.jump:
		case g.opt.short == 't':
			table = g.words
		case g.opt.short == 'm':
		case strings.IndexByte("vwWM46", g.opt.short) >= 0:
			rest = append(rest, g.words...)
		default:
			plain = append(plain, g.words...)
		}
	}
	return slices.Concat(table, command, protocol, plain, own, matches.words(), target, targetOptions, rest)
}

// name is the option as given, without its arguments.
func (g group) name() string {
	for _, w := range g.words {
		if w != "!" {
			name, _, _ := strings.Cut(w, "=")
			return name
		}
	}
	return ""
}

func isProtocolMatch(module string) bool {
	return module == "tcp" || module == "udp" || module == "icmp" || module == "icmp6"
}

// protocol is -p, added if the line has options that need it.
func (l *layout) protocol() []string {
	if l.proto >= 0 {
		for _, g := range l.groups[:l.proto] {
			if g.target && g.hasPort() {
				l.fault("-p " + l.groups[l.proto].last() + " has to come before " + g.name())
			}
		}
		return l.groups[l.proto].words
	}
	for _, g := range l.groups {
		switch {
		case g.module == "tcp" && (g.opt.key() == "source-port" || g.opt.key() == "destination-port"):
			l.fault(g.name() + " needs a protocol before it, as ports belong to one: -p tcp (or -p udp)")
			return []string{"-p", "tcp"}
		case isProtocolMatch(g.module):
			p := strings.Replace(g.module, "icmp6", "icmpv6", 1)
			l.fault(g.name() + " needs its protocol before it: -p " + p)
			return []string{"-p", p}
		case g.module == "multiport", g.target && g.hasPort():
			l.fault(g.name() + " has a port, which needs a protocol before it: -p tcp (or -p udp)")
			return []string{"-p", "tcp"}
		}
	}
	return nil
}

// hasPort reports whether a target's option gives a port.
func (g group) hasPort() bool {
	switch g.opt.key() {
	case "to-ports":
		return true
	case "to-destination", "to-source":
		return strings.Count(g.last(), ":") == 1 || strings.Contains(g.last(), "]:")
	}
	return false
}

// target is -j, with its name in capitals, added if options tell which.
func (l *layout) target() []string {
	if l.jump >= 0 {
		words := slices.Clone(l.groups[l.jump].words)
		name := &words[len(words)-1]
		if up := strings.ToUpper(*name); *name != up && isTarget(up) {
			l.fault("targets are in capitals: -j " + up)
			*name = up
		}
		return words
	}
	for _, g := range l.groups {
		if !g.target {
			continue
		}
		switch g.opt.key() {
		case "to-destination", "to-source", "reject-with", "set-mark", "set-xmark", "log-prefix", "log-level":
			l.fault(g.name() + " is an option of target " + g.module + ": -j " + g.module + " is missing")
			return []string{"-j", g.module}
		}
	}
	return nil
}

// A matchList is the matches of a rule, each with its options.
type matchList []matchOptions

type matchOptions struct {
	name    string
	options []string
}

func (m matchList) words() (words []string) {
	for _, x := range m {
		words = append(append(words, "-m", x.name), x.options...)
	}
	return words
}

func (m matchList) find(name string) int {
	return slices.IndexFunc(m, func(x matchOptions) bool { return x.name == name })
}

// matches are the -m of the line, with those that are missing. The protocol's
// own match needs none.
func (l *layout) matches() (list matchList) {
	for _, g := range l.groups {
		if g.opt.short == 'm' {
			list = append(list, matchOptions{name: g.last()})
		}
	}
	seen := map[string]bool{}
	for _, g := range l.groups {
		if g.opt.short == 'm' {
			seen[g.last()] = true
		}
		if g.module == "" || g.target {
			continue
		}
		i := list.find(g.module)
		switch {
		case i < 0 && isProtocolMatch(g.module):
			continue
		case i < 0:
			l.fault(g.name() + " is an option of match " + g.module + ": -m " + g.module + " is missing")
			i = len(list)
			list = append(list, matchOptions{name: g.module})
			seen[g.module] = true
		case !seen[g.module]:
			l.fault(g.name() + " has to come behind -m " + g.module)
		}
		list[i].options = append(list[i].options, g.words...)
	}
	return list
}
