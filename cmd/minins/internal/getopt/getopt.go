//go:build linux

// Package getopt is getopt_long(3) of the C library, with the texts of its
// errors: what the applets share that stand in for C programs.
package getopt

import "strings"

// An Argument is whether an option has one, as in struct option of getopt.h.
type Argument byte

// The kinds of options.
const (
	None     Argument = iota
	Required          // --name=ARG, --name ARG, -nARG, -n ARG
	Optional          // --name=ARG only
	Attached          // --name=ARG or -nARG
)

// An Option is one row of a command's table. Their order shows in the error
// about an abbreviation that is ambiguous.
type Option struct {
	Short byte   // 0: none
	Long  string // "": none
	Arg   Argument
}

// An Error is about the words, not about what they ask for.
type Error string

func (e Error) Error() string { return string(e) }

// A Func gets an option, how it was written ("-n" or "--net") and its
// argument, if one was given.
type Func func(o *Option, as, arg string, given bool) error

// Parse calls f with each option of args and returns the other words. Options
// may follow those, until "--", unless the first of them is to stop it. Long
// options may be abbreviated; a table without them has none of getopt_long,
// only getopt. What is wrong with the words is an [Error]; f's error is
// returned as it is.
func Parse(table []Option, args []string, stop bool, f Func) (rest []string, err error) {
	p := parser{table: table, args: args, f: f}
	for len(p.args) > 0 {
		word := p.args[0]
		p.args = p.args[1:]
		switch {
		case word == "--":
			return append(rest, p.args...), nil
		case len(word) < 2 || word[0] != '-':
			rest = append(rest, word)
			if stop {
				return append(rest, p.args...), nil
			}
		case strings.HasPrefix(word, "--") && p.hasLong():
			err = p.long(word)
		default:
			err = p.short(word[1:])
		}
		if err != nil {
			return nil, err
		}
	}
	return rest, nil
}

type parser struct {
	table []Option
	args  []string // those that are left
	f     Func
}

func (p *parser) hasLong() bool {
	for i := range p.table {
		if p.table[i].Long != "" {
			return true
		}
	}
	return false
}

// next takes the next word as an argument.
func (p *parser) next(missing string) (string, error) {
	if len(p.args) == 0 {
		return "", Error(missing)
	}
	arg := p.args[0]
	p.args = p.args[1:]
	return arg, nil
}

func (p *parser) long(word string) (err error) {
	name, arg, given := strings.Cut(word[2:], "=")
	var o *Option
	possible := ""
	n := 0
	for i := range p.table {
		row := &p.table[i]
		if row.Long == name && name != "" {
			o, n = row, 1
			break
		}
		if row.Long != "" && strings.HasPrefix(row.Long, name) {
			o = row
			n++
			possible += " '--" + row.Long + "'"
		}
	}
	if n == 0 {
		return Error("unrecognized option '--" + name + "'")
	}
	if n > 1 {
		return Error("option '--" + name + "' is ambiguous; possibilities:" + possible)
	}
	as := "--" + o.Long
	if given && o.Arg == None {
		return Error("option '" + as + "' doesn't allow an argument")
	}
	if !given && o.Arg == Required {
		if arg, err = p.next("option '" + as + "' requires an argument"); err != nil {
			return err
		}
		given = true
	}
	return p.f(o, as, arg, given)
}

// short goes through the letters behind a dash.
func (p *parser) short(letters string) (err error) {
	for letters != "" {
		letter := letters[:1]
		letters = letters[1:]
		var o *Option
		for i := range p.table {
			if p.table[i].Short == letter[0] {
				o = &p.table[i]
				break
			}
		}
		if o == nil {
			return Error("invalid option -- '" + letter + "'")
		}
		arg, given := "", false
		if o.Arg == Attached || o.Arg == Required {
			arg, given, letters = letters, letters != "", ""
		}
		if o.Arg == Required && !given {
			if arg, err = p.next("option requires an argument -- '" + letter + "'"); err != nil {
				return err
			}
			given = true
		}
		if err := p.f(o, "-"+letter, arg, given); err != nil {
			return err
		}
	}
	return nil
}
