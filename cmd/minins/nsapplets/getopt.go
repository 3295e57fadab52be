//go:build linux

package nsapplets

import (
	"fmt"
	"strings"
)

// An argument is whether an option has one, as in struct option of getopt.h.
type argument int

const (
	none     argument = iota
	required          // --name=ARG, --name ARG, -nARG, -n ARG
	optional          // --name=ARG only
	attached          // --name=ARG or -nARG
)

// An option is one row of an applet's table.
type option struct {
	short byte // 0: none
	long  string
	arg   argument
	set   func(arg string, given bool) error // nil: minins does not have it
}

// getopt goes through the options in front of the program, as getopt_long with
// "+" does, abbreviations and the texts of its errors included. It returns the
// program and its arguments.
func getopt(table []option, args []string) ([]string, error) {
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		word := args[0]
		args = args[1:]
		var err error
		switch {
		case word == "--":
			return args, nil
		case strings.HasPrefix(word, "--"):
			args, err = long(table, word, args)
		default:
			args, err = short(table, word[1:], args)
		}
		if err != nil {
			return nil, err
		}
	}
	return args, nil
}

// A usageError is about the words, not about what they ask for.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

func long(table []option, word string, args []string) ([]string, error) {
	name, arg, given := strings.Cut(word[2:], "=")
	var found []option
	for _, o := range table {
		if o.long == name {
			found = []option{o}
			break
		}
		if strings.HasPrefix(o.long, name) {
			found = append(found, o)
		}
	}
	switch len(found) {
	case 0:
		return nil, usagef("unrecognized option '--%s'", name)
	case 1:
	default:
		s := fmt.Sprintf("option '--%s' is ambiguous; possibilities:", name)
		for _, o := range found {
			s += " '--" + o.long + "'"
		}
		return nil, usageError(s)
	}
	o := found[0]
	if given && o.arg == none {
		return nil, usagef("option '--%s' doesn't allow an argument", o.long)
	}
	if !given && o.arg == required {
		if len(args) == 0 {
			return nil, usagef("option '--%s' requires an argument", o.long)
		}
		arg, given, args = args[0], true, args[1:]
	}
	return args, o.call("--"+o.long, arg, given)
}

func short(table []option, letters string, args []string) ([]string, error) {
	for letters != "" {
		o, ok := option{}, false
		for _, o = range table {
			if ok = o.short == letters[0]; ok {
				break
			}
		}
		if !ok {
			return nil, usagef("invalid option -- '%c'", letters[0])
		}
		letters = letters[1:]
		arg, given := "", false
		switch {
		case o.arg == attached || o.arg == required && letters != "":
			arg, given, letters = letters, letters != "", ""
		case o.arg == required && len(args) == 0:
			return nil, usagef("option requires an argument -- '%c'", o.short)
		case o.arg == required:
			arg, given, args = args[0], true, args[1:]
		}
		if err := o.call("-"+string(rune(o.short)), arg, given); err != nil {
			return nil, err
		}
	}
	return args, nil
}

func (o option) call(as, arg string, given bool) error {
	if o.set == nil {
		return usagef("option '%s' is one that minins does not have", as)
	}
	return o.set(arg, given)
}
