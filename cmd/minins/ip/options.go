//go:build linux

package ip

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/rtnl"
)

// Options are the words before the object.
type options struct {
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
	version bool        // -V
}

// parseOptions reads the words that begin with a dash, one or two, and leaves
// the rest. Each may be abbreviated; the first one in iproute2's order wins.
func parseOptions(args []string) (o options, rest []string, err error) {
	o.color, o.loops = "never", 10
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

func (o *options) take(w *words) {
	switch {
	case w.short("-loops"):
		n, _ := number(w.arg(), 31) // iproute2 takes rubbish for 0 as well
		o.loops = int(n)
	case w.short("-family"):
		if w.peek() == "" || w.peek() == "help" {
			w.fail(usage("ip"))
			return
		}
		o.family = familyArg(w)
	case w.is("-4"):
		o.family = unix.AF_INET
	case w.is("-6"):
		o.family = unix.AF_INET6
	case w.is("-0"):
		o.family = unix.AF_PACKET
	case w.is("-M"):
		o.family = unix.AF_MPLS
	case w.is("-B"):
		o.family = unix.AF_BRIDGE
	case w.short("-human", "-human-readable"):
		o.human = true
	case w.short("-iec"):
		o.iec = true
	case w.short("-stats", "-statistics"):
		o.stats++
	case w.short("-details"):
		o.details++
	case w.short("-resolve"):
		o.resolve = true
	case w.short("-oneline"):
		o.oneline = true
	case w.short("-timestamp", "-tshort"):
		// for "ip monitor"
	case w.short("-Version"):
		o.version = true
	case w.short("-force"):
		o.force = true
	case w.short("-batch"):
		o.batch = w.arg()
	case w.short("-brief"):
		o.brief = true
	case w.short("-json"):
		o.json = true
	case w.short("-pretty"):
		o.pretty = true
	case w.short("-rcvbuf"):
		s := w.arg()
		if _, ok := number(s, 32); !ok && w.err == nil {
			w.fail(&failure{code: exitUsage, text: fmt.Sprintf("Invalid rcvbuf size '%s'", s)})
		}
	case o.takeColor(w.cur):
	case w.short("-help"):
		w.fail(usage("ip"))
	case w.short("-netns"):
		if w.peek() == "" { // iproute2 has no check, and the C library's word for it
			w.fail(&failure{code: exitUsage, text: `Cannot open network namespace "(null)": No such file or directory`,
				hint: "-n wants the name of a network namespace"})
			return
		}
		o.netns = w.arg()
	case w.short("-Numeric"):
		o.numeric = true
	case w.short("-all"):
		o.all = true
	default:
		f := &failure{code: exitUsage, text: fmt.Sprintf("Option \"%s\" is unknown, try \"ip -help\".", w.cur)}
		if near := nearest(w.cur, optionNames()); near != "" {
			f.hint = fmt.Sprintf("did you mean %q?", near)
		}
		w.fail(f)
	}
}

// takeColor reads -c and -c=WHEN.
func (o *options) takeColor(word string) bool {
	name, when, given := strings.Cut(word, "=")
	if !abbreviates(name, "-color") {
		return false
	}
	switch {
	case !given:
		o.color = "always"
	case when == "always" || when == "auto" || when == "never":
		o.color = when
	default:
		return false
	}
	return true
}

func optionNames() []string {
	return []string{"-family", "-human", "-statistics", "-details", "-resolve", "-oneline", "-timestamp", "-Version",
		"-force", "-batch", "-brief", "-json", "-pretty", "-color", "-help", "-netns", "-Numeric", "-all"}
}

func familyArg(w *words) rtnl.Family {
	switch w.arg() {
	case "inet":
		return unix.AF_INET
	case "inet6":
		return unix.AF_INET6
	case "link":
		return unix.AF_PACKET
	case "mpls":
		return unix.AF_MPLS
	case "bridge":
		return unix.AF_BRIDGE
	}
	w.fail(wrong(w.cur, "invalid protocol family"))
	return 0
}

// familyName is what the text of addresses and gateways begins with.
func familyName(f rtnl.Family) string {
	switch f {
	case unix.AF_INET:
		return "inet"
	case unix.AF_INET6:
		return "inet6"
	case unix.AF_PACKET:
		return "link"
	case unix.AF_MPLS:
		return "mpls"
	case unix.AF_BRIDGE:
		return "bridge"
	}
	return "???"
}
