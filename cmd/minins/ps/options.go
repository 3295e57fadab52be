//go:build linux

package ps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A format is a set of columns.
type format int

const (
	formatUnix format = iota // PID TTY TIME CMD
	formatBSD                // PID TTY STAT TIME COMMAND
	formatUser               // BSD's u
	formatFull               // -f
)

// options are what is to be shown. Every selection adds processes.
type options struct {
	format format
	bsd    bool // options without a dash: other defaults
	wide   int

	bsdA, bsdX bool // a, x
	all        bool // -e, -A
	withTTY    bool // -a: with a terminal, but no session leaders
	noLeader   bool // -d: no session leaders
	pids       []int
}

const supported = "minins' ps has a, u, w, x, -A, -a, -d, -e, -f, -p LIST and -w, as in: ps, ps aux, ps ax, ps -ef"

// parse reads the command line: words with a dash hold Unix options, those
// without one BSD options.
func parse(args []string) (*options, error) {
	o := &options{}
	for i := 0; i < len(args); i++ {
		word := args[i]
		if word == "-aux" || word == "-axu" { // what is meant is well known
			word = word[1:]
		}
		letters, unix := strings.CutPrefix(word, "-")
		if letters == "" || strings.HasPrefix(letters, "-") {
			return nil, fmt.Errorf("unknown option %q: %s", word, supported)
		}
		for j, letter := range letters {
			if unix && letter == 'p' {
				list := letters[j+1:]
				if list == "" && i+1 < len(args) {
					i++
					list = args[i]
				}
				if err := o.pidList(list); err != nil {
					return nil, err
				}
				break
			}
			if err := o.letter(letter, unix); err != nil {
				return nil, err
			}
		}
	}
	if o.bsd && o.format == formatUnix {
		o.format = formatBSD
	}
	return o, nil
}

func (o *options) letter(letter rune, unix bool) error {
	o.bsd = o.bsd || !unix
	switch {
	case letter == 'w':
		o.wide++
	case letter == 'a' && !unix:
		o.bsdA = true
	case letter == 'x' && !unix:
		o.bsdX = true
	case letter == 'u' && !unix:
		return o.setFormat(formatUser)
	case letter == 'f' && unix:
		return o.setFormat(formatFull)
	case (letter == 'e' || letter == 'A') && unix:
		o.all = true
	case letter == 'a' && unix:
		o.withTTY = true
	case letter == 'd' && unix:
		o.noLeader = true
	case unix:
		return fmt.Errorf("unsupported option -%c: %s", letter, supported)
	default:
		return fmt.Errorf("unsupported option %c: %s", letter, supported)
	}
	return nil
}

func (o *options) setFormat(f format) error {
	if o.format != formatUnix && o.format != f {
		return fmt.Errorf("conflicting format options: %s", supported)
	}
	o.format = f
	return nil
}

func (o *options) pidList(list string) error {
	words := strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' })
	if len(words) == 0 {
		return fmt.Errorf("list of process IDs must follow -p")
	}
	for _, word := range words {
		pid, err := strconv.ParseUint(word, 10, 31)
		if err != nil || pid == 0 {
			return fmt.Errorf("process ID list syntax error")
		}
		o.pids = append(o.pids, int(pid))
	}
	return nil
}

// selects reports whether the process is to be shown to me.
func (o *options) selects(p, me *process) bool {
	mine := p.euid == me.euid
	leader := p.session == p.pid
	switch {
	case o.all, o.bsdA && o.bsdX, slices.Contains(o.pids, p.pid):
		return true
	case o.withTTY && p.tty != 0 && !leader, o.noLeader && !leader,
		o.bsdA && p.tty != 0, o.bsdX && mine:
		return true
	case o.withTTY, o.noLeader, o.bsdA, o.bsdX, len(o.pids) > 0:
		return false
	case o.bsd:
		return mine && p.tty != 0
	}
	return mine && p.tty == me.tty
}
