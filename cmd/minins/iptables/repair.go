//go:build linux

package iptables

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nft"
)

// repair looks for the usual mistakes in a command line that was refused. If
// the line without them is a good one, it says what they were and prints it:
// always if there are characters in it that only look like hyphens, since
// nobody sees what is wrong with them, else as a hint.
func repair(c *applet.Cmd, f nft.Family) {
	r := &repairer{family: f}
	args := r.hyphens(c.Args)
	pasted := len(r.faults) > 0
	if better := r.rearrange(args); better != nil {
		args = better
	}
	if slices.Equal(args, c.Args) {
		return
	}
	cmd, err := parse(f, args)
	if err != nil {
		return
	}
	if cmd.isRule() {
		for _, one := range cmd.rules() {
			if _, err := encode(f, false, one); err != nil {
				return
			}
		}
	}
	say := c.Hintf
	if pasted {
		say = func(format string, args ...any) { c.Errorf("minins: "+format, args...) }
	}
	for i, fault := range r.faults {
		if len(r.faults) > 1 {
			fault = strconv.Itoa(i+1) + ". " + fault
		}
		say("%s", fault)
	}
	say("this line works: %s", shellLine(c.Name, args))
}

// shellLine is a command line to be typed into a shell.
func shellLine(name string, args []string) string {
	line := name
	for _, a := range args {
		plain := a != "" && !strings.ContainsFunc(a, func(c rune) bool {
			return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_./:,+=@%[]", c)
		})
		if a != "!" && !plain {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		line += " " + a
	}
	return line
}

type repairer struct {
	family nft.Family
	faults []string
}

func (r *repairer) fault(text string) { r.faults = append(r.faults, text) }

// lookalikes are the characters that pages and word processors put for
// hyphens.
var lookalikes = [...]struct {
	char rune
	name string
}{
	{'\u2010', "a hyphen"}, {'\u2011', "a non-breaking hyphen"}, {'\u2012', "a figure dash"}, {'\u2013', "an en dash"},
	{'\u2014', "an em dash"}, {'\u2015', "a horizontal bar"}, {'\u2212', "a minus sign"}, {'\u00ad', "a soft hyphen"},
	{'\ufe58', "a small em dash"}, {'\ufe63', "a small hyphen"}, {'\uff0d', "a wide hyphen"},
}

// lookalike is the name of a character that looks like a hyphen, or "".
func lookalike(c rune) string {
	for i := range lookalikes {
		if lookalikes[i].char == c {
			return lookalikes[i].name
		}
	}
	return ""
}

// hyphens puts hyphens for what looks like them in front of options.
func (r *repairer) hyphens(args []string) []string {
	args = slices.Clone(args)
	names, begin := "", " begins with "
	var which rune
	for i, a := range args {
		c, _ := utf8.DecodeRuneInString(a)
		if lookalike(c) == "" {
			continue
		}
		name := strings.TrimLeftFunc(a, func(c rune) bool { return c == '-' || lookalike(c) != "" })
		args[i] = "--" + name
		if isCluster(name) {
			args[i] = "-" + name
		}
		if names != "" {
			names, begin = names+" and ", " begin with "
		}
		names, which = names+a, c
	}
	if names != "" {
		r.fault(names + begin + lookalike(which) + fmt.Sprintf(" (U+%04X)", which) + ", as printed pages have it, and not with two hyphens")
	}
	return args
}

// isCluster reports whether a word is letters of short options, as in -nvL.
func isCluster(word string) bool {
	for _, c := range word {
		if c > unicode.MaxASCII || shortOption(base, byte(c)) == nil {
			return false
		}
	}
	return len(word) < 4
}

// A group is an option with its ! and its arguments.
type group struct {
	words []string
	opt   *option
	by    *module // of an extension's option
	place int     // in the line
}

// is reports whether the option is one of those letters.
func (g *group) is(short string) bool {
	return g.opt.short != 0 && strings.IndexByte(short, g.opt.short) >= 0
}

// target reports whether the option is a target's.
func (g *group) target() bool { return g.by != nil && g.by.target }

// last is the argument.
func (g *group) last() string { return g.words[len(g.words)-1] }

// name is the option as given, without its arguments.
func (g *group) name() string {
	name := g.words[0]
	if name == "!" {
		name = g.words[1]
	}
	name, _, _ = strings.Cut(name, "=")
	return name
}

// rearrange puts the options into the order that iptables wants, and adds -p,
// -m and -j where only one can be meant. It returns nil if it does not
// understand the line.
func (r *repairer) rearrange(args []string) []string {
	l := layout{repairer: r, groups: r.split(args)}
	l.find()
	if l.command >= 0 && l.groups[l.command].is("ACDIR") {
		return l.arrange()
	}
	var words []string
	for _, g := range l.groups {
		words = append(words, g.words...)
	}
	return words
}

// split divides the words into options with their arguments.
func (r *repairer) split(args []string) (groups []*group) {
	every := r.everyModule()
	s := scanner{own: base, args: args}
	bang := false
	for {
		start := s.next
		ok := s.scan(every)
		switch {
		case s.cluster != "", !ok && s.next < len(args), s.fault == lacking:
			return nil // in a cluster (-nvL) there is nothing to repair
		case !ok:
			return groups
		case s.fault == literal && s.text == "!" && !bang:
			bang = true
			continue
		case s.opt == nil:
			return nil
		}
		g := &group{words: slices.Clone(args[start:s.next]), opt: s.opt}
		if s.by != nil {
			g.by = s.by.module
		} else if r.oneHyphen(&s, every, g) && s.next == start+1 && s.more() {
			g.words = append(g.words, s.take())
		}
		if s.arg == "!" && s.more() { // -s ! 10.0.0.1
			g.words[len(g.words)-1] = s.take()
			bang = true
			r.fault("the ! goes before the option: ! " + strings.Join(g.words, " "))
		}
		if (g.is("IDRc") || g.opt.pair) && s.more() {
			g.words = append(g.words, s.take())
		}
		if bang {
			g.words = append([]string{"!"}, g.words...)
			bang = false
		}
		groups = append(groups, g)
	}
}

// everyModule is all extensions as if they were loaded, the first one last, as
// the scanner takes the last one first.
func (r *repairer) everyModule() (all []*loaded) {
	for i := len(modules) - 1; i >= 0; i-- {
		if m := &modules[i]; m.fits(r.family) {
			all = append(all, &loaded{module: m})
		}
	}
	return all
}

// oneHyphen recognizes -dport, which getopt takes for -d port.
func (r *repairer) oneHyphen(s *scanner, every []*loaded, g *group) bool {
	name := strings.TrimPrefix(s.text, "-")
	if len(name) < 3 || name[0] == '-' || s.arg != name[1:] {
		return false
	}
	for i := len(every) - 1; i >= 0; i-- {
		for j := range every[i].options {
			if o := &every[i].options[j]; o.long == name {
				r.fault("-" + name + " has to be --" + name + ", with two hyphens")
				*g = group{words: []string{"--" + name}, opt: o, by: every[i].module}
				return true
			}
		}
	}
	return false
}
