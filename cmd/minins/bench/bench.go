//go:build linux

// Package bench is the command "minins bench": it measures, on the host that
// it runs on, what namespaces, links, routes, containers and rules cost.
//
// Each measurement is a process of its own in new namespaces, which die with
// it: nothing of the host is touched, and nothing can be left behind. See [Child].
package bench

import (
	"io"
	"os"
	"os/signal"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/getopt"
)

const usage = `Usage: minins bench [OPTION...] [WORKLOAD...]

Measures, in namespaces of its own, what the kernel of this host takes for (all of)
  namespaces   create, release
  links        veth pairs: create, delete a few one by one, the rest as a group
  routes       add, replace, delete, IPv4 and IPv6
  containers   namespace, veth to a bridge, address, route: up, down
  rules        of nf_tables: load, list

  -n, --number N      objects (containers: at most 1000)
  -r, --rounds N      of which the median counts (5)
  -t, --time SECONDS  for all (60)
  -j, --json; -p, --pretty
      --vs            also by ip, busybox, nft, iptables in PATH
`

var optionTable = []getopt.Option{
	{Short: 'n', Long: "number", Arg: getopt.Required},
	{Short: 'r', Long: "rounds", Arg: getopt.Required},
	{Short: 't', Long: "time", Arg: getopt.Required},
	{Short: 'j', Long: "json"},
	{Short: 'p', Long: "pretty"},
	{Long: "vs"},
	{Short: 'h', Long: "help"},
}

type options struct {
	_ [0]func() // not to be compared: that would take code

	number, rounds, seconds int
	json, pretty, vs, help  bool
	works                   uint // bits of places in the table
}

func (o *options) set(opt *getopt.Option, as, arg string, _ bool) error {
	to := &o.number
	switch opt.Short {
	case 'r':
		to = &o.rounds
	case 't':
		to = &o.seconds
	case 'p':
		o.pretty = true
		fallthrough
	case 'j':
		o.json = true
	case 'h':
		o.help = true
	case 0:
		o.vs = true
	}
	if opt.Arg == getopt.None {
		return nil
	}
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 || n > 1000000 {
		return getopt.Error("option '" + as + "': '" + arg + "' is not a number from 1 to 1000000")
	}
	*to = n
	return nil
}

func (o *options) parse(args []string) error {
	words, err := getopt.Parse(optionTable, args, false, o.set)
	for _, word := range words {
		known := o.works
		for i := range workloads {
			if workloads[i].name == word {
				known = 0
				o.works |= 1 << i
			}
		}
		if known == o.works {
			return getopt.Error("there is no workload '" + word + "'; expected namespaces, links, routes, containers or rules")
		}
	}
	if o.works == 0 {
		o.works = 1<<len(workloads) - 1
	}
	return err
}

// Run is the applet.
func Run(c *applet.Cmd) int {
	s := &session{c: c, options: options{rounds: 5, seconds: 60}, signals: make(chan os.Signal, 1), start: time.Now()}
	if err := s.parse(c.Args); err != nil {
		c.Errorf("minins bench: %v\nTry 'minins bench --help' for more information.", err)
		return 2
	}
	if s.help {
		c.Printf("%s", usage)
		return 0
	}
	if c.Explains("clone(CLONE_NEWNET|CLONE_NEWNS|SIGCHLD)", "for each measurement a child, in namespaces of its own") {
		return 0
	}
	if f, ok := c.Stderr.(*os.File); ok {
		_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
		s.terminal = err == nil
	}
	s.choose(c.Getenv("PATH"))
	signal.Notify(s.signals, unix.SIGINT, unix.SIGTERM)
	s.measure()
	signal.Stop(s.signals)
	if s.terminal {
		_, _ = io.WriteString(c.Stderr, erase) // nothing depends on it
	}
	s.report()
	return s.status
}
