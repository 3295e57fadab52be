//go:build linux

// Package bench is the command "minins bench": it measures, on the host that
// it runs on, what namespaces, links, routes, containers and rules cost.
//
// Each measurement is a process of its own in new namespaces, which die with
// it: nothing of the host is touched, and nothing can be left behind. See [Child].
package bench

import (
	"os"
	"os/signal"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/getopt"
)

const usage = `Usage: minins bench [OPTION...] [WORKLOAD...]

Measures what the kernel of this host takes for the work of minins. Each
measurement is made in namespaces of its own; those of the host are not touched.

Workloads (all, if none is named):
  namespaces   create, one by one; release, all by one unmount
  links        create veth pairs; delete one by one; delete all as a group
  routes       add, replace, delete, each for IPv4 and IPv6
  containers   namespace, veth to a bridge, address, default route: up, down
  rules        load and list rules of nf_tables

Options:
  -n, --number N      objects of each workload; containers at most 1000
  -r, --rounds N      rounds, of which the median counts (5)
  -t, --time SECONDS  begin no round after that, and end what takes longer (60)
  -j, --json          print JSON
  -p, --pretty        print it with line breaks
      --vs            the same work by ip, busybox, nft and iptables, if in PATH
  -h, --help          print this

The time of an operation is that of its phase, divided by the operations. CPU is
the time of the processes, without what the kernel does in the background.
`

var optionTable = []getopt.Option{
	{Short: 'n', Long: "number", Arg: getopt.Required},
	{Short: 'r', Long: "rounds", Arg: getopt.Required},
	{Short: 't', Long: "time", Arg: getopt.Required},
	{Short: 'j', Long: "json"},
	{Short: 'p', Long: "pretty"},
	{Short: 'v', Long: "vs"},
	{Short: 'h', Long: "help"},
}

type options struct {
	number, rounds, seconds int
	json, pretty, vs, help  bool
	works                   []*workload
}

func (o *options) set(opt *getopt.Option, as, arg string, _ bool) error {
	number := func(v *int, most int) error {
		n, err := strconv.Atoi(arg)
		if err != nil || n < 1 || n > most {
			return getopt.Error("option '" + as + "': \"" + arg + "\" is not a number from 1 to " + strconv.Itoa(most))
		}
		*v = n
		return nil
	}
	switch opt.Short {
	case 'n':
		return number(&o.number, 1000000)
	case 'r':
		return number(&o.rounds, 1000)
	case 't':
		return number(&o.seconds, 1000000)
	case 'j':
		o.json = true
	case 'p':
		o.json, o.pretty = true, true
	case 'v':
		o.vs = true
	case 'h':
		o.help = true
	}
	return nil
}

func (o *options) parse(args []string) error {
	words, err := getopt.Parse(optionTable, args, false, o.set)
	if err != nil {
		return err
	}
	for _, word := range words {
		w := findWorkload(word)
		if w == nil {
			return getopt.Error("there is no workload \"" + word + "\"; expected namespaces, links, routes, containers or rules")
		}
		o.works = append(o.works, w)
	}
	if words == nil {
		for i := range workloads {
			o.works = append(o.works, &workloads[i])
		}
	}
	return nil
}

// Run is the applet.
func Run(c *applet.Cmd) int {
	o := options{rounds: 5, seconds: 60}
	if err := o.parse(c.Args); err != nil {
		c.Errorf("minins bench: %v\nTry 'minins bench --help' for more information.", err)
		return 2
	}
	if o.help {
		c.Printf("%s", usage)
		return 0
	}
	if c.Explains("clone(CLONE_NEWNET|CLONE_NEWNS|SIGCHLD)", "a child for each measurement, in namespaces of its own") {
		return 0
	}
	s := newSession(c, &o)
	signal.Notify(s.signals, unix.SIGINT, unix.SIGTERM)
	s.rounds()
	signal.Stop(s.signals)
	s.clear()
	s.report(facts())
	if s.stopped != 0 {
		return 128 + int(s.stopped)
	}
	return min(len(s.notes), 1)
}

// A session is all measurements that were asked for.
type session struct {
	c       *applet.Cmd
	o       *options
	series  []series
	notes   []string // what went wrong
	absent  []string // tools that are not there
	signals chan os.Signal
	stopped unix.Signal // 0: it was not
	newUser bool        // a user namespace is needed

	start       time.Time
	terminal    bool
	done, total int
	now         string
}

// A series is all runs of a workload by a tool.
type series struct {
	w      *workload
	t      *tool
	n      int
	failed bool
	phases []samples
}

// samples are those of one phase, in ns per operation.
type samples struct {
	ops               int
	wall, cpu, single []float64
}

func newSession(c *applet.Cmd, o *options) *session {
	s := &session{c: c, o: o, signals: make(chan os.Signal, 1), start: time.Now()}
	if f, ok := c.Stderr.(*os.File); ok {
		_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
		s.terminal = err == nil
	}
	all := tools[:]
	if !o.vs {
		all = all[:1]
	}
	for i := range all {
		t := &all[i]
		if why := absent(t, c.Getenv("PATH")); why != "" {
			s.absent = append(s.absent, t.name+": "+why)
			continue
		}
		for _, w := range o.works {
			if t.manner != mine && findScript(t, w) == nil {
				continue
			}
			n := w.n
			if o.number != 0 {
				n = o.number
			}
			s.series = append(s.series, series{w: w, t: t, n: min(n, w.most, t.most), phases: make([]samples, len(w.phases))})
		}
	}
	s.total = len(s.series) * o.rounds
	return s
}

// rounds runs all, round by round, until the time is over.
func (s *session) rounds() {
	for round := range s.o.rounds {
		for i := range s.series {
			e := &s.series[i]
			if e.failed || s.stopped != 0 || s.left() <= 0 && round > 0 {
				continue
			}
			s.now = e.w.name + " by " + e.t.name + ", round " + strconv.Itoa(round+1)
			why := "no time was left of -t " + strconv.Itoa(s.o.seconds)
			if s.left() > 0 {
				why = s.run(e)
			}
			if s.stopped == 0 && why != "" && !(s.left() <= 0 && round > 0) {
				e.failed = true
				s.notes = append(s.notes, e.w.name+" by "+e.t.name+": "+why)
			}
			s.done++
		}
	}
}

// left is what is left of the time.
func (s *session) left() time.Duration {
	return time.Duration(s.o.seconds)*time.Second - time.Since(s.start)
}
