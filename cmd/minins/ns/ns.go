//go:build linux

// Package ns is the command "minins ns": what is behind the names of network
// namespaces, who holds them, when they come and go, and how to be rid of those
// that stand for nothing. "ip netns" makes and deletes them.
package ns

import (
	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/getopt"
	"github.com/minins/minins/cmd/minins/internal/jsonout"
	"github.com/minins/minins/nsfs"
)

// Exit statuses.
const (
	exitFailed = 1 // a namespace is not there, or the kernel refused
	exitUsage  = 2 // the words are wrong
)

const usage = `Usage: minins ns [-jp] [list]                   names, and what they stand for
       minins ns [-jp] show NAME | PID | PATH   the same, and what holds it
       minins ns [-j] watch                     what is there, comes and goes
       minins ns [-n] repair                    remove the names that are stale

  -j, --json; -p, --pretty
  -n, --dry-run   say what would be removed
`

var optionTable = []getopt.Option{
	{Short: 'j', Long: "json"},
	{Short: 'p', Long: "pretty"},
	{Short: 'n', Long: "dry-run"},
	{Short: 'h', Long: "help"},
}

// A session is one call of the command.
type session struct {
	_ [0]func() // not to be compared: that would take code

	c            *applet.Cmd
	json         *jsonout.Writer // nil: text
	dryRun, help bool
}

// Run is the command. It returns 0, 1 if something is not there or was refused,
// and 2 if the words are wrong.
func Run(c *applet.Cmd) int {
	s := &session{c: c}
	words, err := getopt.Parse(optionTable, c.Args, false, s.set)
	if len(words) == 0 {
		words = []string{"list"}
	}
	var run func(word string) error
	count := 1
	switch words[0] {
	case "list":
		run = s.list
	case "show":
		run, count = s.show, 2
	case "watch":
		run = s.watch
	case "repair":
		run = s.repair
	}
	switch {
	case err != nil:
	case s.help:
		c.Printf("%s", usage)
		return 0
	case run == nil:
		err = getopt.Error("there is no '" + words[0] + "'; expected list, show, watch or repair")
	case len(words) < count:
		err = getopt.Error("'show' of what? Expected a name, a process number or a path")
	case len(words) > count:
		err = getopt.Error("'" + words[count] + "' is one word too many behind '" + words[0] + "'")
	default:
		if err := run(words[count-1]); err != nil {
			c.Errorf("minins ns: %s", nsfs.Printable(err.Error()))
			return exitFailed
		}
		return 0
	}
	c.Errorf("minins ns: %s\nTry 'minins ns --help' for more information.", nsfs.Printable(err.Error()))
	return exitUsage
}

func (s *session) set(o *getopt.Option, _, _ string, _ bool) error {
	switch o.Short {
	case 'n':
		s.dryRun = true
	case 'h':
		s.help = true
	default:
		if s.json == nil {
			s.json = &jsonout.Writer{Out: s.c.Stdout}
		}
		s.json.Pretty = s.json.Pretty || o.Short == 'p'
	}
	return nil
}

// explained tells what would be done, as pairs of a call and its reason, if that is
// all that is asked for. To look at names is a part of everything.
func (s *session) explained(more ...string) bool {
	for pairs := append([]string{
		`openat("/run/netns"), getdents64()`, "the names",
		"fstatfs(), ioctl(NS_GET_NSTYPE), name_to_handle_at()", "whether it is a network namespace, and its id",
		`openat("/proc/PID/task/TID/mountinfo")`, "if it is an empty file: whether it is a namespace in another mount namespace",
	}, more...); len(pairs) > 0; pairs = pairs[2:] {
		s.c.Explains(pairs[0], pairs[1])
	}
	return s.c.Explain != nil
}

// row writes a line, or an object that is not closed yet: pairs of a key and a
// value. A value of "" is left out of the object.
func (s *session) row(format string, pairs ...string) {
	if s.json != nil {
		s.json.Open("", '{')
	}
	var values []any
	for ; len(pairs) > 0; pairs = pairs[2:] {
		key, value := pairs[0], pairs[1]
		values = append(values, nsfs.Printable(value))
		switch {
		case s.json == nil || value == "":
		case key == "inode" || key == "id" || key == "pid" || key == "number":
			s.json.Value(key, value)
		default:
			s.json.String(key, value)
		}
	}
	if s.json == nil {
		s.c.Printf(format, values...)
	}
}

// open and close write the brackets that JSON has around rows.
func (s *session) open(key string) {
	if s.json != nil {
		s.json.Open(key, '[')
	}
}

func (s *session) close(brackets string) {
	if s.json != nil {
		for i := range len(brackets) {
			s.json.Close(brackets[i])
		}
	}
}
