//go:build linux

// Package doctor is the command "minins doctor": why one end cannot reach another.
package doctor

import (
	"errors"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/getopt"
	"github.com/minins/minins/cmd/minins/internal/jsonout"
	"github.com/minins/minins/doctor"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/survey"
)

// exitUsage is the exit status if the words are wrong, or nothing could be read. The
// others are those of [doctor.Examination.Settle].
const exitUsage = 2

const usage = `Usage: minins doctor [-6jv] [-p tcp|udp|icmp] [--no-probe] FROM TO

  FROM, TO        NAME, NAME/ADDRESS or ADDRESS; NAME is a network namespace, and
                  "." or "host" the one that you are in; TO may end in :PORT,
                  behind an address of IPv6 in brackets: [ADDRESS]:PORT;
                  a link-local ADDRESS may end in %LINK of FROM

  -6              IPv6, where names stand for addresses
  -p, --protocol  tcp if there is a port, icmp if not
      --no-probe  send nothing
  -j, --json      an object a line
  -v, --verbose   also show the way that was walked

Exit status: 0 if TO can be reached, 1 if a fault was found, 2 for usage or if nothing
could be read, 3 if TO cannot be reached and no fault was found
`

var optionTable = []getopt.Option{
	{Short: '6'},
	{Short: 'p', Long: "protocol", Arg: getopt.Required},
	{Short: 'n', Long: "no-probe"},
	{Short: 'j', Long: "json"},
	{Short: 'v', Long: "verbose"},
	{Short: 'h', Long: "help"},
}

// patience is how long to wait for the answer to a probe.
const patience = time.Second

// A session is one call of the command.
type session struct {
	_ [0]func() // not to be compared: that would take code

	c                            *applet.Cmd
	q                            doctor.Question
	json, verbose, noProbe, help bool
}

// Run is the command. For its status see usage; inIptables has words for rules.
func Run(c *applet.Cmd, inIptables func(*nft.Rule) (string, bool)) int {
	s := &session{c: c}
	s.q.Words = inIptables
	words, err := getopt.Parse(optionTable, c.Args, false, s.set)
	switch {
	case err != nil:
	case s.help:
		c.Printf("%s", usage)
		return 0
	case len(words) != 2:
		err = getopt.Error("expected two ends, as in 'minins doctor red blue'")
	default:
		s.q.From, s.q.To = words[0], words[1]
		var status int
		if status, err = s.run(); err == nil {
			return status
		}
	}
	if errno := unix.Errno(0); errors.As(err, &errno) { // the words are not to blame
		c.Failed(err, "CAP_NET_ADMIN and CAP_SYS_ADMIN")
		return exitUsage
	}
	c.Errorf("minins doctor: %s\nTry 'minins doctor --help' for more information.", nsfs.Printable(err.Error()))
	return exitUsage
}

var protocols = map[string]uint8{"tcp": unix.IPPROTO_TCP, "udp": unix.IPPROTO_UDP, "icmp": unix.IPPROTO_ICMP}

func (s *session) set(o *getopt.Option, _, value string, _ bool) error {
	switch o.Short {
	case '6':
		s.q.IPv6 = true
	case 'p':
		if s.q.Proto = protocols[value]; s.q.Proto == 0 {
			return getopt.Error("-p '" + value + "': expected tcp, udp or icmp")
		}
	case 'n':
		s.noProbe = true
	case 'j':
		s.json = true
	case 'v':
		s.verbose = true
	case 'h':
		s.help = true
	}
	return nil
}

// run examines, and probes if the walk finds nothing.
func (s *session) run() (status int, err error) {
	if s.explained() {
		return 0, nil
	}
	ctx := s.c.Context()
	picture, err := survey.Take(ctx, survey.Options{Processes: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, picture.Close()) }()
	host := &doctor.Kernel{Context: ctx}
	defer func() { err = errors.Join(err, host.Close()) }()
	x, err := doctor.Examine(picture, host, &s.q)
	if err != nil {
		return 0, err
	}
	s.way(x)
	var reply *doctor.Reply
	if x.Stops() == nil && x.Dest.IsValid() && !s.noProbe {
		defer abandonable()()
		if reply, err = doctor.Probe(x, patience); err != nil {
			return 0, err
		}
	}
	status = x.Settle(reply)
	for _, f := range x.Findings {
		s.finding(f)
	}
	s.end(x, reply, status)
	return status, nil
}

// abandonable has a signal end the process without leaving anything in the kernel, until
// what it returns is called.
func abandonable() (end func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	ended := make(chan struct{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case s := <-signals:
			doctor.Abandon()
			signal.Stop(signals)
			if n, ok := s.(unix.Signal); ok {
				_ = unix.Kill(os.Getpid(), n) // as if it had not been caught
			}
		case <-ended:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(ended)
		<-gone
	}
}

// explained tells what would be done, if that is all that is asked for.
func (s *session) explained() bool {
	if s.c.Explain == nil {
		return false
	}
	for _, pair := range [...][2]string{
		{"RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETRULE, RTM_GETNEIGH", "a picture of each namespace, which is entered to open a socket"},
		{"RTM_GETNSID, RTM_NEWNSID in a new namespace", "which ends belong to one cable"},
		{"RTM_GETROUTE with RTA_DST, RTA_SRC, RTA_IIF and RTA_MARK", "the way, asked for in each namespace on it, there and back"},
		{`openat("/proc/sys/net/ipv4/conf/DEV/forwarding") and such`, "whether each passes packets on, and drops what comes by a way that it would not answer"},
		{"NFT_MSG_GETCHAIN, NFT_MSG_GETRULE, NFT_MSG_GETSET, NFT_MSG_GETSETELEM", "the rules in each, which are tried on the packet"},
		{`openat("/proc/thread-self/net/ip_tables_names"), getsockopt(IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES)`, "those of iptables-legacy, if it has tables"},
		{`mkdirat("/sys/kernel/tracing/instances/minins-doctor-PID"), sendto()`, "if nothing is wrong so far: a packet, and why the kernel drops it"},
	} {
		s.c.Explains(pair[0], pair[1])
	}
	return true
}

// way tells what is examined.
func (s *session) way(x *doctor.Examination) {
	if s.json || x.From == nil || !x.Dest.IsValid() {
		return
	}
	if s.verbose {
		for _, step := range x.Steps {
			s.c.Printf("  %s\n", step)
		}
		for _, text := range x.Unseen {
			s.c.Printf("  not seen: %s\n", text)
		}
	}
}

func (s *session) finding(f *doctor.Finding) {
	if !s.json {
		s.c.Printf("%s %s: %s\n    read: %s\n", f.Level.String(), f.ID, f.What, f.Evidence)
		for _, command := range f.Remedy {
			s.c.Printf("    mend: %s\n", command)
		}
		return
	}
	w := s.object("level", f.Level.String(), "id", f.ID, "what", f.What, "evidence", f.Evidence)
	w.Open("remedy", '[')
	for _, command := range f.Remedy {
		w.String("", command)
	}
	w.Close(']')
	s.close(w)
}

// object begins a line of JSON with pairs of a key and a text.
func (s *session) object(pairs ...string) *jsonout.Writer {
	w := &jsonout.Writer{Out: s.c.Stdout}
	w.Open("", '{')
	for ; len(pairs) > 0; pairs = pairs[2:] {
		w.String(pairs[0], pairs[1])
	}
	return w
}

func (s *session) close(w *jsonout.Writer) {
	w.Close('}')
	s.c.Printf("\n")
}

// end says what came of it.
func (s *session) end(x *doctor.Examination, reply *doctor.Reply, status int) {
	verdict := [...]string{0: "can reach", doctor.Faulty: "cannot reach", doctor.Unknown: "cannot reach"}[status]
	more := ""
	if status == doctor.Faulty && x.Stops() == nil && (reply == nil || reply.Reached) {
		verdict, more = "can reach", ", but only with small packets"
	}
	probe := "not sent"
	if reply != nil {
		probe = reply.What
	}
	if s.json {
		s.close(s.object("verdict", verdict+more, "probe", probe))
		return
	}
	if reply != nil {
		for _, why := range reply.Drops {
			if !reply.Reached {
				s.c.Printf("    the kernel dropped a packet: %s\n", why)
			}
		}
	}
	if x.From != nil && x.Dest.IsValid() {
		if status == doctor.Unknown {
			more = ", and nothing is wrong that can be seen from here"
		}
		s.c.Printf("%s %s %s%s (probe: %s)\n", nsfs.Printable(s.q.From), verdict, nsfs.Printable(s.q.To), more, probe)
	}
}
