//go:build linux

package iptables

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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
			if _, err := encode(f, false, &one); err != nil {
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
var lookalikes = map[rune]string{
	'\u2010': "a hyphen", '\u2011': "a non-breaking hyphen", '\u2012': "a figure dash", '\u2013': "an en dash",
	'\u2014': "an em dash", '\u2015': "a horizontal bar", '\u2212': "a minus sign", '\u00ad': "a soft hyphen",
	'\ufe58': "a small em dash", '\ufe63': "a small hyphen", '\uff0d': "a wide hyphen",
}

// hyphens puts hyphens for what looks like them in front of options.
func (r *repairer) hyphens(args []string) []string {
	args = slices.Clone(args)
	var names []string
	var which rune
	for i, a := range args {
		c, _ := utf8.DecodeRuneInString(a)
		if lookalikes[c] == "" {
			continue
		}
		name := strings.TrimLeftFunc(a, func(c rune) bool { return c == '-' || lookalikes[c] != "" })
		args[i] = "--" + name
		if isCluster(name) {
			args[i] = "-" + name
		}
		names, which = append(names, a), c
	}
	if names != nil {
		begin := "begin"
		if len(names) == 1 {
			begin = "begins"
		}
		r.fault(strings.Join(names, " and ") + " " + begin + " with " + lookalikes[which] + fmt.Sprintf(" (U+%04X)", which) + ", as printed pages have it, and not with two hyphens")
	}
	return args
}

// isCluster reports whether a word is letters of short options, as in -nvL.
func isCluster(word string) bool {
	for _, c := range word {
		if !slices.ContainsFunc(base, func(o option) bool { return rune(o.short) == c && c != '0' }) {
			return false
		}
	}
	return len(word) < 4
}

// A group is an option with its ! and its arguments.
type group struct {
	words  []string
	opt    *option
	module string // of an extension's option
	target bool   // of a target's
}

// rearrange puts the options into the order that iptables wants, and adds -p,
// -m and -j where only one can be meant. It returns nil if it does not
// understand the line.
func (r *repairer) rearrange(args []string) []string {
	groups := r.split(args)
	if groups == nil {
		return nil
	}
	l := layout{repairer: r, groups: groups}
	l.find()
	if l.command < 0 || strings.IndexByte("ACDIR", groups[l.command].opt.short) < 0 {
		return flatten(groups)
	}
	return l.arrange()
}

func flatten(groups []group) (args []string) {
	for _, g := range groups {
		args = append(args, g.words...)
	}
	return args
}

// split divides the words into options with their arguments.
func (r *repairer) split(args []string) (groups []group) {
	every := r.everyModule()
	s := scanner{args: args}
	bang := false
	for {
		start := s.next
		w, ok := s.scan(every)
		if s.cluster != "" { // -nvL and the like: nothing to repair
			return nil
		}
		switch {
		case !ok && s.next < len(args) || w.fault == lacking:
			return nil
		case !ok:
			return groups
		case w.fault == literal && w.text == "!" && !bang:
			bang = true
			continue
		case w.opt == nil:
			return nil
		}
		g := group{words: slices.Clone(args[start:s.next]), opt: w.opt}
		if w.by != nil {
			g.module, g.target = w.by.module.name, w.by.module.target
		} else if long := r.oneHyphen(w, every); long != nil {
			g = group{words: []string{"--" + long.long}, opt: long}
			if s.next == start+1 && s.more() {
				g.words = append(g.words, s.take())
			}
			g.module = r.owner(long.long, every)
		}
		if w.arg == "!" && s.more() { // -s ! 10.0.0.1
			g.words[len(g.words)-1] = s.take()
			bang = true
			r.fault("the ! goes before the option: ! " + strings.Join(g.words, " "))
		}
		takes := map[byte]int{'I': 1, 'D': 1, 'R': 1, 'c': 1}[g.opt.short]
		if g.opt.pair {
			takes = 1
		}
		for ; takes > 0 && s.more(); takes-- {
			g.words = append(g.words, s.take())
		}
		if bang {
			g.words = append([]string{"!"}, g.words...)
			bang = false
		}
		groups = append(groups, g)
	}
}

// everyModule is all extensions as if they were loaded.
func (r *repairer) everyModule() (all []*loaded) {
	list := modules()
	for _, m := range slices.Backward(list) { // the scanner takes the last one first
		if m.family == nft.Unspec || m.family == r.family {
			all = append(all, &loaded{module: m})
		}
	}
	return all
}

// oneHyphen recognizes -dport, which getopt takes for -d port.
func (r *repairer) oneHyphen(w word, every []*loaded) *option {
	name, ok := strings.CutPrefix(w.text, "-")
	if !ok || len(name) < 3 || strings.HasPrefix(name, "-") || w.arg != name[1:] {
		return nil
	}
	for _, l := range every {
		for i := range l.module.options {
			if o := &l.module.options[i]; o.long == name {
				r.fault("-" + name + " has to be --" + name + ", with two hyphens")
				return o
			}
		}
	}
	return nil
}

// owner is the first module with an option of that name.
func (r *repairer) owner(long string, every []*loaded) string {
	for _, l := range slices.Backward(every) {
		for _, o := range l.module.options {
			if o.long == long {
				return l.module.name
			}
		}
	}
	return ""
}
