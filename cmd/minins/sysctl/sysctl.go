//go:build linux

// Package sysctl is the sysctl command of procps 4.0.2: settings of the kernel, which
// are files in /proc/sys. Those below net are of the network namespace of who opens them.
//
// Refused are -r, since minins has no regular expressions, and grep does the same;
// --system, which reads folders that belong to a whole system, where -p is told which
// files; and, in files, patterns as names. What could not be done never ends with 0, as
// it does in procps where an option is unknown, or a setting can only be read.
package sysctl

import (
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/getopt"
)

const usage = `
Usage:
 sysctl [options] [variable[=value] ...]

Options are those of procps: -a -b -e -N -n -q -w, -p and -f with [FILE],
-A -X -d -h -o -x -V, --deprecated --dry-run; but not -r and --system.
`

const try = "\nTry `sysctl --help' for more information."

// Letters of options that have none, which nobody types.
const (
	dryRun     = 1
	deprecated = 2
	system     = 3
)

// Those of one meaning follow the one by whose letter it is known.
var optionTable = []getopt.Option{
	{Short: 'a', Long: "all"},
	{Short: 'A'},
	{Short: 'X'},
	{Short: deprecated, Long: "deprecated"},
	{Short: dryRun, Long: "dry-run"},
	{Short: 'b', Long: "binary"},
	{Short: 'e', Long: "ignore"},
	{Short: 'N', Long: "names"},
	{Short: 'n', Long: "values"},
	{Short: 'p', Long: "load", Arg: getopt.Attached},
	{Short: 'f', Arg: getopt.Attached},
	{Short: 'q', Long: "quiet"},
	{Short: 'w', Long: "write"},
	{Short: system, Long: "system"},
	{Short: 'r', Long: "pattern", Arg: getopt.Required},
	{Short: 'h', Long: "help"},
	{Short: 'd'},
	{Short: 'V', Long: "version"},
	{Short: 'o'},
	{Short: 'x'},
}

// A session is one call of the command.
type session struct {
	_ [0]func() // not to be compared: that would take code

	c     *applet.Cmd
	on    [128]bool // options, by their letters
	files []string  // of -pFILE
}

// Run is the command. It returns 0 if all was done.
//
// Equivalent to: `sysctl`
func Run(c *applet.Cmd) int {
	s := &session{c: c}
	words, err := getopt.Parse(optionTable, c.Args, false, s.option)
	switch {
	case err != nil:
		return s.fail("%s"+try, err.Error(), nil)
	case s.on['h'] || s.on['d']:
		c.Printf("%s", usage)
		return 0
	case s.on['V']:
		c.Printf("sysctl from procps-ng 4.0.2\n")
		return 0
	case s.on['a'] || s.on['A'] || s.on['X']:
		return s.folder(root)
	case s.on['p'] || s.on['f']:
		return s.load(append(s.files, words...))
	case len(words) == 0:
		return s.fail("no variables specified%s"+try, "", nil)
	case s.on['N'] && s.on['q']:
		return s.fail("options -N and -q cannot coexist%s"+try, "", nil)
	}
	status := 0
	for _, word := range words {
		if s.on['w'] || strings.Contains(word, "=") {
			status |= s.line("command line", 0, word)
		} else {
			status += s.read(word)
		}
	}
	return status & 255
}

// option notes one.
func (s *session) option(o *getopt.Option, as, value string, _ bool) error {
	switch o.Short {
	case 'r', system:
		return getopt.Error("option '" + as + "' is not there; type: sysctl -a | grep -E PATTERN, sysctl -p FILE...")
	case 'p', 'f':
		if value != "" {
			s.files = []string{value}
		}
	}
	s.on[o.Short] = true
	return nil
}

// fail says what is wrong, and why if err is not nil.
func (s *session) fail(format, what string, err error) int {
	if err != nil {
		format += ": " + applet.Strerror(err)
	}
	s.c.Errorf(s.c.Name+": "+format, what)
	return 1
}

// line does what a line of a file says, or a word, of which the number is 0: KEY=VALUE, or
// -KEY=VALUE, which may be forbidden.
func (s *session) line(where string, number int, text string) int {
	const spaces = " \t\n\v\f\r"
	text = strings.TrimLeft(text, spaces)
	if len(text) < 2 || text[0] == '#' || text[0] == ';' {
		if number == 0 {
			return 1
		}
		return 0
	}
	key, value, ok := strings.Cut(text, "=")
	key, lenient := strings.CutPrefix(key, "-")
	if !ok {
		s.fail("%s("+strconv.Itoa(number)+"): invalid syntax, continuing...", where, nil)
		if number == 0 {
			return 1
		}
		return 0
	}
	return s.write(pathOf(strings.TrimRight(key, spaces)), strings.Trim(value, spaces), lenient)
}

// load sets what files say.
func (s *session) load(files []string) (status int) {
	if len(files) == 0 {
		files = []string{"/etc/sysctl.conf"}
	}
	for _, file := range files {
		var b []byte
		var err error
		if file == "-" {
			b, err = io.ReadAll(s.c.Stdin)
		} else {
			b, err = os.ReadFile(file)
		}
		if err != nil {
			status = s.fail(`cannot open "%s"`, file, err)
		}
		text := string(b)
		for n := 1; len(text) > 0; n++ {
			var line string
			line, text, _ = strings.Cut(text, "\n")
			status |= s.line(file, n, line)
		}
	}
	return status
}
