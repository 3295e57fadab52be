//go:build linux

// Package nft is the applet nft: the language is in package lang of the library,
// options, files and the order of requests are here.
package nft

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/resolve"
	"github.com/minins/minins/nft/lang"
)

// patience is how long one call may take, with other programs changing the rules
// meanwhile: to list a set of a million intervals takes the kernel a minute.
const patience = 10 * time.Minute

// version is the nft whose words these are.
const version = "nftables v1.0.6 (Lester Gooch #5)"

// options are those of the command line.
type options struct {
	list     lang.Options
	file     string
	check    bool
	help     bool
	echo     bool
	json     bool
	missing  string // what an option asks for that minins has not
	services bool
	version  bool
	include  []string
	defines  []string
}

// An option is a letter and a word for it.
type option struct {
	short byte
	long  string
	arg   bool
	about string
	set   func(o *options, arg string)
}

var table = []option{
	{'h', "help", false, "Show this help", func(o *options, _ string) { o.help = true }},
	{'v', "version", false, "Show version information", func(o *options, _ string) { o.version = true }},
	{'V', "", false, "Show extended version information", func(o *options, _ string) { o.version = true }},
	{'f', "file", true, "Read input from <filename>", func(o *options, a string) { o.file = a }},
	{'D', "define", true, "Define variable, e.g. --define foo=1.2.3.4", func(o *options, a string) { o.defines = append(o.defines, a) }},
	{'I', "includepath", true, "Add <directory> to the paths searched for include files. Default is: /etc", func(o *options, a string) { o.include = append(o.include, a) }},
	{'c', "check", false, "Check commands validity without actually applying the changes.", func(o *options, _ string) { o.check = true }},
	{'a', "handle", false, "Output rule handle.", func(o *options, _ string) { o.list.Handles = true }},
	{'s', "stateless", false, "Omit stateful information of ruleset.", func(o *options, _ string) { o.list.Stateless = true }},
	{'t', "terse", false, "Omit contents of sets.", func(o *options, _ string) { o.list.Terse = true }},
	{'n', "numeric", false, "Print fully numerical output.", func(o *options, _ string) {
		o.list.Numeric, o.list.NumericPriority = true, true
	}},
	{'y', "numeric-priority", false, "Print chain priority numerically.", func(o *options, _ string) { o.list.NumericPriority = true }},
	{'p', "numeric-protocol", false, "Print layer 4 protocols numerically.", func(o *options, _ string) { o.list.NumericProto = true }},
	{'S', "service", false, "Translate ports to service names as described in /etc/services.", func(o *options, _ string) { o.services = true }},
	{'i', "interactive", false, "", missing("an interactive mode")},
	{'o', "optimize", false, "", missing("the optimizer")},
	{'N', "reversedns", false, "", missing("names of addresses")},
	{'u', "guid", false, "", missing("names of users in lists")},
	{'T', "numeric-time", false, "", missing("times as numbers")},
	{'e', "echo", false, "Echo what has been added, inserted or replaced.", func(o *options, _ string) { o.echo = true }},
	{'j', "json", false, "Format lists as JSON.", func(o *options, _ string) { o.json = true }},
	{'d', "debug", true, "", missing("levels of debugging; minins explain nft … shows each message")},
}

// missing is an option of nft that is known and not carried out.
func missing(what string) func(*options, string) {
	return func(o *options, _ string) { o.missing = what }
}

// Run is the applet nft.
func Run(c *applet.Cmd) int {
	o, words, err := parseOptions(c.Args)
	switch {
	case err != nil:
		c.Errorf("nft: %v", err)
		return 1
	case o.help:
		help(c)
		return 0
	case o.missing != "":
		c.Errorf("nft: minins does not have %s", o.missing)
		return 1
	case o.version:
		c.Printf("%s\n", version)
		return 0
	}
	name, text := "", strings.Join(words, " ")
	switch {
	case o.file == "-":
		b, err := io.ReadAll(c.Stdin)
		if err != nil {
			c.Errorf("nft: standard input: %v", err)
			return 1
		}
		name, text = "/dev/stdin", string(b)
	case o.file != "":
		b, err := os.ReadFile(o.file)
		if err != nil {
			c.Errorf("internal:0:0-0: Error: Could not open file \"%s\": %s\n\n", o.file, applet.Strerror(err))
			return 1
		}
		name, text = o.file, string(b)
	case len(words) == 0:
		c.Errorf("nft: no command specified")
		return 1
	}
	for i := len(o.defines) - 1; i >= 0; i-- {
		text = "define " + o.defines[i] + "; " + text
	}
	if o.services {
		o.list.Service = serviceName
	}
	what := ""
	switch {
	case !o.json:
	case o.echo:
		what = "an echo in JSON"
	case strings.HasPrefix(strings.TrimSpace(text), "{"):
		what = "commands in JSON"
	case strings.HasPrefix(strings.TrimSpace(text), "monitor"):
		what = "events in JSON"
	}
	if what != "" {
		c.Errorf("nft: minins does not have %s", what)
		return 1
	}
	r := &runner{c: c, o: o, source: source{name, text}}
	defer r.close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return r.run(ctx)
}

// serviceName is the name of a port of any protocol.
func serviceName(port uint16) string {
	for _, s := range resolve.Services() {
		if s.Port == port {
			return s.Name
		}
	}
	return ""
}

// parseOptions reads the options, and the words that are left.
func parseOptions(args []string) (o options, words []string, err error) {
	for len(args) > 0 {
		a := args[0]
		if a == "--" {
			return o, append(words, args[1:]...), nil
		}
		if len(a) < 2 || a[0] != '-' || len(words) > 0 {
			words, args = append(words, a), args[1:]
			continue
		}
		args = args[1:]
		if long, ok := strings.CutPrefix(a, "--"); ok {
			name, value, has := strings.Cut(long, "=")
			opt := findLong(name)
			if opt == nil {
				return o, nil, errors.New("unrecognized option '" + a + "'")
			}
			if opt.arg && !has {
				if len(args) == 0 {
					return o, nil, errors.New("option '" + a + "' requires an argument")
				}
				value, args = args[0], args[1:]
			}
			opt.set(&o, value)
			continue
		}
		for i := 1; i < len(a); i++ {
			opt := findShort(a[i])
			if opt == nil {
				return o, nil, errors.New("invalid option -- '" + a[i:i+1] + "'")
			}
			if !opt.arg {
				opt.set(&o, "")
				continue
			}
			value := a[i+1:]
			if value == "" {
				if len(args) == 0 {
					return o, nil, errors.New("option requires an argument -- '" + a[i:i+1] + "'")
				}
				value, args = args[0], args[1:]
			}
			opt.set(&o, value)
			break
		}
	}
	return o, words, nil
}

func findShort(c byte) *option {
	for i := range table {
		if table[i].short == c {
			return &table[i]
		}
	}
	return nil
}

func findLong(name string) (found *option) {
	for i := range table {
		switch {
		case table[i].long == name && name != "":
			return &table[i]
		case strings.HasPrefix(table[i].long, name):
			if found != nil {
				return nil
			}
			found = &table[i]
		}
	}
	return found
}

func help(c *applet.Cmd) {
	c.Printf("Usage: nft [ options ] [ cmds... ]\n\nOptions:\n")
	for _, o := range table {
		if o.about == "" {
			continue
		}
		words := "-" + string(o.short)
		if o.long != "" {
			words += ", --" + o.long
		}
		if o.arg {
			words += " <arg>"
		}
		c.Printf("  %s%s%s\n", words, strings.Repeat(" ", max(32-len(words), 1)), o.about)
	}
}
