//go:build linux

package iptables

import "strings"

// An argument says what an option takes behind it.
type argument uint8

const (
	none     argument = iota
	required          // the next word, or what is joined on
	optional          // only what is joined on: --list=INPUT, -LINPUT
)

// An option is one that getopt_long(3) knows. The options of the command line
// itself have a short form; those of extensions have the rest.
type option struct {
	_ [0]func() // not to be compared: that would take code

	long  string
	short byte
	arg   argument

	// Of an extension:
	invert   bool   // may have a ! before it
	must     bool   // has to be given
	pair     bool   // takes a second word
	main     string // the option that this is another name for
	excludes string // other options that it cannot go with
	needs    string // another option that it has to go with
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
	own     []option // those of the command line
	args    []string
	next    int    // index of the next word
	cluster string // what is left of a word of short options
	word           // what was found last
}

// A word is one thing that the scanner found.
type word struct {
	_ [0]func() // not to be compared: that would take code

	opt   *option // nil: not an option, or not one that is known
	by    *loaded // the extension that it is of; nil is the command line's own
	text  string  // the word itself
	arg   string
	fault fault
}

type fault uint8

const (
	fine    fault = iota
	unknown       // no such option
	lacking       // its argument is missing
	literal       // not an option at all
)

// scan finds the next option or word; it is false at the end.
func (s *scanner) scan(exts []*loaded) bool {
	s.word = word{}
	if s.cluster != "" {
		s.short()
		return true
	}
	if s.next >= len(s.args) {
		return false
	}
	text := s.take()
	switch {
	case text == "--":
		return false
	case strings.HasPrefix(text, "--"):
		s.long(text, exts)
	case len(text) > 1 && text[0] == '-':
		s.cluster = text[1:]
		s.short()
	default:
		s.word = word{text: text, arg: text, fault: literal}
	}
	return true
}

// mistake is what getopt_long(3) itself prints of an option, or "" if it is right.
func (w *word) mistake() string {
	switch {
	case w.fault == lacking:
		return "option requires an argument -- '" + string(rune(w.opt.short)) + "'"
	case w.fault == unknown && strings.HasPrefix(w.text, "--"):
		return "unrecognized option '" + w.text + "'"
	case w.fault == unknown:
		return "invalid option -- '" + w.arg + "'"
	}
	return ""
}

// short takes one letter off the cluster.
func (s *scanner) short() {
	s.word = word{text: s.args[s.next-1], opt: shortOption(s.own, s.cluster[0])}
	letter := s.cluster[:1]
	s.cluster = s.cluster[1:]
	switch {
	case s.opt == nil:
		s.arg, s.fault = letter, unknown
	case s.opt.arg != none && s.cluster != "":
		s.arg, s.cluster = s.cluster, ""
	default:
		s.argument()
	}
}

// shortOption finds an option by its letter, or returns nil.
func shortOption(options []option, letter byte) *option {
	for i := range options {
		if options[i].short == letter && letter != '0' {
			return &options[i]
		}
	}
	return nil
}

// argument takes the next word if the option needs one.
func (s *scanner) argument() {
	switch {
	case s.opt.arg != required:
	case s.next >= len(s.args):
		s.fault = lacking
	default:
		s.arg = s.take()
	}
}

// long finds a long option by its name or the beginning of it.
func (s *scanner) long(text string, exts []*loaded) {
	name, value, joined := strings.Cut(text[2:], "=")
	s.word = word{text: text}
	ambiguous := s.find(name, s.own, nil)
	for i := len(exts) - 1; i >= 0; i-- {
		ambiguous = s.find(name, exts[i].options, exts[i]) || ambiguous
	}
	switch {
	case s.opt == nil || ambiguous && s.opt.long != name || joined && s.opt.arg == none:
		s.word = word{text: text, fault: unknown}
	case joined:
		s.arg = value
	default:
		s.argument()
	}
}

// find looks for a long option among options. It reports whether the name
// begins another one than was found before, too.
func (s *scanner) find(name string, options []option, by *loaded) (ambiguous bool) {
	for i := range options {
		o := &options[i]
		switch {
		case !strings.HasPrefix(o.long, name) || s.opt != nil && s.opt.long == name:
		case s.opt == nil || o.long == name:
			s.opt, s.by = o, by
		case by != s.by || o.arg != s.opt.arg || o.short != s.opt.short || o.short == 0 && o.key() != s.opt.key():
			ambiguous = true
		}
	}
	return ambiguous
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
