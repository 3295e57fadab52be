//go:build linux

// Package capture is the command "minins capture": the packets of many links in many
// network namespaces in one file, or in lines of text, in the order of time.
//
// Each namespace has one packet socket, which is bound to no link: the kernel then
// puts the packets of all links into one ring, also of those that come later, and
// says of each packet which link it is of. A socket for each link would have to follow
// links that come and go, and miss what comes first. The socket is made here and not by
// mdlayher/packet, which has no ring.
package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/fraction"
	"github.com/minins/minins/cmd/minins/internal/getopt"
	"github.com/minins/minins/nsfs"
)

// Exit statuses.
const (
	exitFailed = 1 // a namespace or a link is not there, or the kernel refused
	exitUsage  = 2 // the words are wrong
)

const usage = `Usage: minins capture [-ap] [-n NS]... [-i LINK]... [-w FILE] [-c COUNT] [-s SNAPLEN] [--for SECONDS] [FILTER]

  -n, --netns NS          a namespace: a name or a path
  -a, --all               this one and all that have a name, also those that come later
  -i, --interface LINK    only links of that name
  -p, --promiscuous       take frames for others as well
  -w, --write FILE        write pcapng and no text; - is standard output
  -c, --count COUNT       end after so many packets
  -s, --snaplen SNAPLEN   bytes of each packet (262144)
      --for SECONDS       end after that time

FILTER: arp ip ip6 icmp icmp6 tcp udp inbound outbound
        [ip|ip6|arp] [src|dst] host A, net A/LEN; [tcp|udp] [src|dst] port N
        and or not ( )
`

var optionTable = []getopt.Option{
	{Short: 'n', Long: "netns", Arg: getopt.Required},
	{Short: 'a', Long: "all"},
	{Short: 'i', Long: "interface", Arg: getopt.Required},
	{Short: 'p', Long: "promiscuous"},
	{Short: 'w', Long: "write", Arg: getopt.Required},
	{Short: 'c', Long: "count", Arg: getopt.Required},
	{Short: 's', Long: "snaplen", Arg: getopt.Required},
	{Long: "for", Arg: getopt.Required},
	{Short: 'h', Long: "help"},
}

// maxSnaplen is that of tcpdump and Wireshark.
const maxSnaplen = 262144

// A session is one call of the command.
type session struct {
	_ [0]func() // not to be compared: that would take code

	c                      *applet.Cmd
	names                  []string // of namespaces
	links                  []string // none: all
	all, promiscuous, help bool
	count, snaplen         uint64 // count 0: no end
	limit                  int64  // in ns; 0: none
	filter                 *node

	sources []*source
	blocks  int // of the ring of each
	fds     []unix.PollFd
	slab    []captured // what packets are taken from
	chunk   []byte     // and their data
	output  output
	total   uint64
	closing sync.WaitGroup
	stop    int64    // what is later is not wanted; 0: not said yet
	watched error    // why namespaces that come and go are not heeded
	lacking []string // namespaces for which there was no descriptor
	told    int      // of how many of them that was said
}

// Run is the command. It returns 0, 1 if something is not there or was refused, and 2
// if the words are wrong.
func Run(c *applet.Cmd) int {
	s := &session{c: c, snaplen: maxSnaplen}
	words, err := getopt.Parse(optionTable, c.Args, false, s.set)
	if err == nil {
		s.filter, err = parse(words)
	}
	switch {
	case err != nil:
		c.Errorf("minins capture: %v\nTry 'minins capture --help' for more information.", err)
		return exitUsage
	case s.help:
		c.Printf("%s", usage)
		return 0
	case c.Explain != nil:
		s.explain()
		return 0
	}
	if err = s.run(); err != nil {
		if errors.Is(err, unix.EMFILE) {
			err = fmt.Errorf("%w; 'ulimit -n' allows more", err)
		}
		c.Failed(err, "CAP_NET_RAW, and CAP_SYS_ADMIN for other namespaces")
		return exitFailed
	}
	return 0
}

func (s *session) set(o *getopt.Option, as, arg string, _ bool) error {
	var err error
	wanted := ""
	switch o.Short {
	case 'n':
		s.names = append(s.names, arg)
	case 'a':
		s.all = true
	case 'i':
		if !slices.Contains(s.links, arg) {
			s.links = append(s.links, arg)
		}
	case 'p':
		s.promiscuous = true
	case 'w':
		s.output.name = arg
	case 'c':
		if s.count, err = strconv.ParseUint(arg, 10, 64); s.count == 0 {
			err = strconv.ErrRange
		}
		wanted = "a number of packets, 1 or more"
	case 's':
		if s.snaplen, err = strconv.ParseUint(arg, 10, 32); s.snaplen > maxSnaplen {
			err = strconv.ErrRange
		} else if s.snaplen == 0 {
			s.snaplen = maxSnaplen // as for tcpdump
		}
		wanted = "a number of bytes, at most 262144"
	case 'h':
		s.help = true
	default:
		var n float64
		if n, err = fraction.Parse(arg); !(n > 0 && n < 1e9) {
			err = strconv.ErrRange
		}
		s.limit = int64(n * 1e9)
		wanted = "seconds, more than 0 and less than 1000000000, such as 2 or 0.5"
	}
	if err != nil {
		return getopt.Error(as + " " + arg + ": expected " + wanted)
	}
	return nil
}

// hold is how long a packet is kept back until all that were before it have come:
// the kernel hands over a block of a ring after twice the time of one look.
const hold = int64(2*retire + 80*time.Millisecond)

// maxHeld is how many bytes are kept back at most: more packets are put out at once,
// and may be out of order.
const maxHeld = 1 << 27

func (s *session) run() error {
	defer s.close()
	if err := s.open(); err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer signal.Stop(signals)
	if err := s.begin(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	events := make(chan *nsfs.Event, 256)
	go s.watch(ctx, events)
	defer func() {
		cancel()
		for range events { // until watch has ended
		}
	}()
	for started := now(); ; {
		s.poll()
		at := now()
		if s.limit > 0 && s.stop == 0 && at-started >= s.limit {
			s.stop = started + s.limit
		}
		if len(signals) > 0 && s.stop == 0 {
			s.stop = at
		}
		before := len(s.sources)
		for len(events) > 0 {
			s.happened(<-events, at)
		}
		if more := s.sources[before:]; len(more) > 0 {
			s.warn("", s.start(more))
			s.announce(more)
		}
		s.warnLacking()
		s.drain(at)
		s.emit(at - hold)
		if s.output.err != nil || s.stop != 0 && s.stop <= at-hold || s.count > 0 && s.total == s.count {
			return s.end()
		}
	}
}

// now is the time in ns since 1970, which packets have as well.
func now() int64 { return time.Now().UnixNano() }

// begin opens the output, now that all that is captured has been opened.
func (s *session) begin() error {
	if err := s.output.open(s.c.Stdout, uint32(s.snaplen)); err != nil {
		return err
	}
	s.warnLacking()
	links, namespaces := s.announce(s.sources)
	s.c.Errorf("minins capture: %d %s of %d %s; ^C ends it", links, plural(links, "link"), namespaces, plural(namespaces, "namespace"))
	s.output.fail(s.output.b.Flush())
	return s.output.err
}

// plural is the word for so many.
func plural(n int, word string) string {
	if n != 1 {
		word += "s"
	}
	return word
}

// announce tells the output of the links of namespaces, and returns how many there are.
func (s *session) announce(sources []*source) (links, namespaces int) {
	for _, src := range sources {
		if src.err != nil {
			continue
		}
		namespaces++
		for _, l := range src.links {
			s.output.link(l)
			links++
		}
	}
	return links, namespaces
}

// emit puts out what was before a time, in order.
func (s *session) emit(until int64) {
	for s.count == 0 || s.total < s.count {
		var first *source
		held := 0
		for _, src := range s.sources {
			if held += src.queue.bytes; !src.queue.empty() && (first == nil || src.queue.first().ns < first.queue.first().ns) {
				first = src
			}
		}
		if first == nil || first.queue.first().ns > until && held < maxHeld {
			break
		}
		if c := first.queue.pop(); s.stop == 0 || c.ns <= s.stop {
			s.output.packet(c)
			c.link.count++
			s.total++
		}
	}
	s.output.fail(s.output.b.Flush())
}

// end writes what was counted. The drops of a namespace are those of all its links,
// and are said of each of them.
func (s *session) end() error {
	var dropped uint64
	for _, src := range s.sources {
		if src.err != nil {
			continue
		}
		if src.ring != nil {
			src.dropped = src.ring.dropped()
		}
		if src.dropped > 0 {
			s.c.Errorf("minins capture: %d %s dropped in %s: they came too fast", src.dropped, plural(int(src.dropped), "packet"), src)
		}
		dropped += src.dropped
		for _, l := range src.links {
			s.output.statistics(l)
		}
	}
	s.c.Errorf("minins capture: %d %s captured, %d dropped", s.total, plural(int(s.total), "packet"), dropped)
	return s.output.close()
}
