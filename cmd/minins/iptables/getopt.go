//go:build linux

package iptables

import "strings"

// An argument says what an option takes behind it.
type argument int

const (
	none     argument = iota
	required          // the next word, or what is joined on
	optional          // only what is joined on: --list=INPUT, -LINPUT
)

// An option is one that getopt_long(3) knows. The options of the command line
// itself have a short form; those of extensions have the rest.
type option struct {
	long  string
	short byte
	arg   argument

	main     string // of an extension: the option that this is another name for
	invert   bool   // may have a ! before it
	must     bool   // has to be given
	excludes string // another option that it cannot go with
	pair     bool   // takes a second word
}

// key is the name of the option without regard to aliases.
func (o *option) key() string {
	if o.main != "" {
		return o.main
	}
	return o.long
}

// base are the options of every command line.
var base = []option{
	{long: "append", short: 'A', arg: required}, {long: "delete", short: 'D', arg: required},
	{long: "check", short: 'C', arg: required}, {long: "insert", short: 'I', arg: required},
	{long: "replace", short: 'R', arg: required}, {long: "list", short: 'L', arg: optional},
	{long: "list-rules", short: 'S', arg: optional}, {long: "flush", short: 'F', arg: optional},
	{long: "zero", short: 'Z', arg: optional}, {long: "new-chain", short: 'N', arg: required},
	{long: "delete-chain", short: 'X', arg: optional}, {long: "rename-chain", short: 'E', arg: required},
	{long: "policy", short: 'P', arg: required}, {long: "source", short: 's', arg: required},
	{long: "destination", short: 'd', arg: required}, {long: "src", short: 's', arg: required},
	{long: "dst", short: 'd', arg: required}, {long: "protocol", short: 'p', arg: required},
	{long: "in-interface", short: 'i', arg: required}, {long: "jump", short: 'j', arg: required},
	{long: "table", short: 't', arg: required}, {long: "match", short: 'm', arg: required},
	{long: "numeric", short: 'n'}, {long: "out-interface", short: 'o', arg: required},
	{long: "verbose", short: 'v'}, {long: "wait", short: 'w', arg: optional},
	{long: "wait-interval", short: 'W', arg: optional}, {long: "exact", short: 'x'},
	{long: "fragments", short: 'f'}, {long: "version", short: 'V'}, {long: "help", short: 'h', arg: optional},
	{long: "line-numbers", short: '0'}, {long: "modprobe", short: 'M', arg: required},
	{long: "set-counters", short: 'c', arg: required}, {long: "goto", short: 'g', arg: required},
	{long: "ipv4", short: '4'}, {long: "ipv6", short: '6'},
}

// A scanner walks over a command line as getopt_long(3) does with "-" at the
// beginning of its option string: words that are no options come in order.
type scanner struct {
	args    []string
	next    int    // index of the next word
	cluster string // what is left of a word of short options
}

// A word is one thing that the scanner found.
type word struct {
	opt   *option // nil: not an option, or not one that is known
	by    *loaded // the extension that it is of; nil is the command line's own
	text  string  // the word itself
	arg   string
	fault fault
}

type fault int

const (
	fine    fault = iota
	unknown       // no such option
	lacking       // its argument is missing
	literal       // not an option at all
)

// scan returns the next option or word; ok is false at the end.
func (s *scanner) scan(exts []*loaded) (w word, ok bool) {
	if s.cluster != "" {
		return s.short(), true
	}
	if s.next >= len(s.args) {
		return word{}, false
	}
	text := s.args[s.next]
	switch {
	case text == "--":
		s.next++
		return word{}, false
	case strings.HasPrefix(text, "--"):
		s.next++
		return s.long(text, exts), true
	case len(text) > 1 && text[0] == '-':
		s.next++
		s.cluster = text[1:]
		return s.short(), true
	}
	s.next++
	return word{text: text, arg: text, fault: literal}, true
}

// short takes one letter off the cluster.
func (s *scanner) short() word {
	whole := s.args[s.next-1]
	letter := s.cluster[0]
	s.cluster = s.cluster[1:]
	w := word{text: whole}
	for i := range base {
		if base[i].short == letter && letter != '0' {
			w.opt = &base[i]
			break
		}
	}
	if w.opt == nil {
		w.fault = unknown
		return w
	}
	if w.opt.arg != none && s.cluster != "" {
		w.arg, s.cluster = s.cluster, ""
		return w
	}
	return s.argument(w)
}

// argument takes the next word if the option needs one.
func (s *scanner) argument(w word) word {
	if w.opt.arg != required {
		return w
	}
	if s.next >= len(s.args) {
		w.fault = lacking
		return w
	}
	w.arg = s.args[s.next]
	s.next++
	return w
}

// long finds a long option by its name or the beginning of it.
func (s *scanner) long(text string, exts []*loaded) word {
	name, value, joined := strings.Cut(text[2:], "=")
	w := word{text: text, fault: unknown}
	var found option
	exact, ambiguous := false, false
	try := func(o *option, by *loaded) {
		switch {
		case exact || !strings.HasPrefix(o.long, name):
		case o.long == name:
			w.opt, w.by, exact = o, by, true
		case w.opt == nil:
			w.opt, w.by, found = o, by, *o
		case by != w.by || o.arg != found.arg || o.short != found.short || o.short == 0 && o.key() != found.key():
			ambiguous = true
		}
	}
	for i := range base {
		try(&base[i], nil)
	}
	for i := len(exts) - 1; i >= 0; i-- {
		for j := range exts[i].module.options {
			try(&exts[i].module.options[j], exts[i])
		}
	}
	if w.opt == nil || ambiguous && !exact || joined && w.opt.arg == none {
		w.opt, w.by = nil, nil
		return w
	}
	w.fault = fine
	if joined {
		w.arg = value
		return w
	}
	return s.argument(w)
}

// more reports whether the next word is an argument rather than an option, for
// options that take what is there.
func (s *scanner) more() bool {
	return s.cluster == "" && s.next < len(s.args) &&
		!strings.HasPrefix(s.args[s.next], "-") && !strings.HasPrefix(s.args[s.next], "!")
}

// take returns the next word.
func (s *scanner) take() string {
	s.next++
	return s.args[s.next-1]
}
