//go:build linux

package ip

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// Options are the words before the object.
type options struct {
	_ [0]func() // not to be compared: that would take code

	bridge  bool        // they are those of "bridge"
	family  rtnl.Family // -4 -6 -0 -f
	netns   string      // -n
	batch   string      // -b
	color   string      // "always", "auto" or "never"
	details int         // -d
	stats   int         // -s
	loops   int         // -l: rounds of a flush
	oneline bool        // -o
	brief   bool        // -br
	json    bool        // -j
	pretty  bool        // -p
	resolve bool        // -r
	human   bool        // -h: sizes in K, M, G
	iec     bool        // -iec: of 1024
	numeric bool        // -N
	all     bool        // -a
	force   bool        // -force
	echo    bool        // -echo
	version bool        // -V
	stamp   int         // -t, -ts
	rcvbuf  int         // -rcvbuf: bytes; 0: not given
	ranges  bool        // -compressvlans
}

// Bits of options.stamp.
const (
	longStamp  = 1
	shortStamp = 2
)

// parseOptions reads the words that begin with a dash, one or two, and leaves
// the rest. Each may be abbreviated; the first one in iproute2's order wins.
func parseOptions(args []string) (o options, rest []string, err error) {
	return parseOptionsOf(false, args)
}

func parseOptionsOf(bridge bool, args []string) (o options, rest []string, err error) {
	o.bridge, o.color, o.loops = bridge, "never", 10
	w := &words{rest: args}
	for strings.HasPrefix(w.peek(), "-") {
		w.next()
		if w.cur == "--" {
			break
		}
		if strings.HasPrefix(w.cur, "--") {
			w.cur = w.cur[1:]
		}
		o.take(w)
		if w.err != nil || o.version {
			break
		}
	}
	return o, w.rest, w.err
}

// optionWords are all but -color, which may have a value behind it.
const optionWords grammar = `
	-loops* COUNT  how often to try again when all is to be flushed; 10
	-family* { inet | inet6 | link | bridge | mpls }  addresses, routes, neighbours of this family
	-4  the same as -family inet
	-6  the same as -family inet6
	-0  the same as -family link
	-M
	-B
	-human*|-human-readable*  sizes with units
	-iec*  units of 1024
	-statistics*|-stats*  with counters; twice: with all of them
	-details*  with all that is known
	-resolve*  names in place of addresses
	-oneline*  an object on a line, with \ where lines end
	-timestamp*  with monitor: the time of each event on a line before it
	-tshort*  the same in short, on the line
	-Version*  the version
	-force*  with -batch: go on behind a failure
	-batch* FILE  the commands in the file, one a line; - is standard input
	-brief*  a short line for each link
	-json*  JSON
	-pretty*  JSON that is easy to read
	-rcvbuf* BYTES
	-help*
	-echo  show what the kernel has made of what was asked for
	-netns* NETNS  in the network namespace
	-Numeric*  numbers in place of names
	-all*  of netns exec and delete: all namespaces`

// bridgeOptionWords are those of "bridge".
const bridgeOptionWords grammar = `
	-help*
	-Version*
	-statistics*|-stats*
	-details*
	-oneline*
	-timestamp*
	-family*
	-4
	-6
	-netns*
	-color*
	-compressvlans*
	-force*
	-json*
	-pretty*
	-batch*`

func (o *options) take(w *words) {
	known, named, help, tool := optionWords, families, "ip -help", "ip"
	if o.bridge {
		known, named, help, tool = bridgeOptionWords, families[:2], "bridge help", "bridge tool"
	}
	key := known.find(w.cur)
	if len(w.rest) == 0 && keywords("-loops -batch -rcvbuf").find(key) != "" {
		w.fail(usage(tool))
	}
	switch key {
	case "-loops":
		n, _ := number(w.arg(), 31) // iproute2 takes rubbish for 0 as well
		o.loops = int(n)
	case "-family":
		if w.peek() == "" || w.peek() == "help" {
			w.fail(usage(tool))
		} else {
			o.family = familyArg(w, named)
		}
	case "-4":
		o.family = unix.AF_INET
	case "-6":
		o.family = unix.AF_INET6
	case "-0":
		o.family = unix.AF_PACKET
	case "-M":
		o.family = unix.AF_MPLS
	case "-B":
		o.family = unix.AF_BRIDGE
	case "-human":
		o.human = true
	case "-iec":
		o.iec = true
	case "-statistics":
		o.stats++
	case "-details":
		o.details++
	case "-resolve":
		o.resolve = true
	case "-oneline":
		o.oneline = true
	case "-timestamp":
		o.stamp |= longStamp
	case "-tshort":
		o.stamp |= shortStamp
	case "-Version":
		o.version = true
	case "-force":
		o.force = true
	case "-echo":
		o.echo = true
	case "-batch":
		w.text(&o.batch)
	case "-brief":
		o.brief = true
	case "-json":
		o.json = true
	case "-pretty":
		o.pretty = true
	case "-rcvbuf":
		s := w.arg()
		n, ok := number(s, 32)
		o.rcvbuf = int(n)
		if !ok {
			w.fail(fail(exitUsage, say("Invalid rcvbuf size '%s'", s), ""))
		}
	case "-compressvlans":
		o.ranges = true
	case "-help":
		w.fail(usage(tool))
	case "-netns":
		if w.peek() == "" { // iproute2 has no check: it opens what the C library calls (null), or the directory
			err := fail(exitUsage, `Cannot open network namespace "(null)": No such file or directory`, "")
			if len(w.rest) > 0 {
				_, why := nsfs.Open("")
				err.text = asNetns(why).Iproute2()
			}
			err.hint = "-n wants the name of a network namespace"
			w.fail(err)
		}
		w.text(&o.netns)
	case "-Numeric":
		o.numeric = true
	case "-all":
		o.all = true
	default:
		if !o.takeColor(w.cur) {
			w.fail(fail(exitUsage, say("Option \"%s\" is unknown, try \"%s\".", w.cur, help),
				meant(w.cur, append(known.words(), "-color"))))
		}
	}
}

// takeColor reads -c and -c=WHEN.
func (o *options) takeColor(word string) bool {
	name, when, given := strings.Cut(word, "=")
	if !given {
		when = "always"
	}
	if !abbreviates(name, "-color") || when != "always" && when != "auto" && when != "never" {
		return false
	}
	o.color = when
	return true
}

// families are those that have a name, which the text of addresses and
// gateways begins with.
var families = []numbered{{unix.AF_INET, "inet"}, {unix.AF_INET6, "inet6"}, {unix.AF_PACKET, "link"}, {unix.AF_MPLS, "mpls"},
	{unix.AF_BRIDGE, "bridge"}}

func familyArg(w *words, named []numbered) rtnl.Family {
	s := w.arg()
	for _, f := range named {
		if f.name == s {
			return rtnl.Family(f.id)
		}
	}
	w.wrong(s, "invalid protocol family", "")
	return 0
}

func familyName(f rtnl.Family) string { return nameIn(families, uint32(f), "???") }

// nameIn is the name of a number in a table, or other.
func nameIn(table []numbered, id uint32, other string) string {
	for _, n := range table {
		if n.id == id {
			return n.name
		}
	}
	return other
}
