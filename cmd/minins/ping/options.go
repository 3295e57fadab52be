//go:build linux

package ping

import (
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/minins/minins/cmd/minins/internal/iputils"
	"github.com/minins/minins/cmd/minins/internal/resolve"
	"golang.org/x/sys/unix"
)

// letters are the options of iputils 20221126 in the words of getopt(3).
const letters = "h?" + "4bRT:" + "6F:N:" + "aABc:CdDe:fi:I:l:Lm:M:nOp:qQ:rs:S:t:UvVw:W:"

const (
	minInterval = 10      // ms between packets of a flood that nobody answers
	minUser     = 2       // ms between packets for those who are not root
	maxSeq      = 1 << 16 // sequence numbers before they come again
	timeLen     = 16      // bytes of the time at the start of the data
)

// options are the command line. Times are in milliseconds, like iputils'.
type options struct {
	family      resolve.Family
	adaptive    bool // -A
	audible     bool // -a
	broadcast   bool // -b
	sticky      bool // -B, or -I ADDRESS
	debug       bool // -d
	stamps      bool // -D
	flood       bool // -f
	numeric     bool // -n
	outstanding bool // -O
	quiet       bool // -q
	dontRoute   bool // -r
	noLoop      bool // -L
	latency     bool // -U
	verbose     bool // -v
	version     bool // -V

	count    int64 // 0: no end
	interval int
	spaced   bool // -i was given
	device   string
	source4  netip.Addr
	source6  netip.Addr
	preload  int
	mark     int64 // -1: none
	pmtu     int   // -1: the kernel's choice
	pattern  []byte
	options  []byte // of IPv4: -R, -T
	ident    int    // -e; -1: any
	connect  bool   // -C
	tos      int
	size     int
	sndbuf   int
	ttl      int // -1: the kernel's choice
	deadline int // seconds, 0: none
	linger   int

	target   string
	warnings []string
}

// parse reads the command line of the user uid. Its errors are *iputils.Failure;
// the warnings come before them.
func parse(args []string, uid int) (*options, error) {
	o := &options{interval: 1000, preload: 1, mark: -1, ident: -1, pmtu: -1, size: 56, ttl: -1, linger: 10000}
	rest, err := iputils.Getopt(args, letters, func(opt byte, value string) error {
		return o.option(opt, value, uid)
	})
	switch {
	case err != nil:
		return o, err
	case o.version:
		return o, nil
	case len(rest) == 0:
		return o, iputils.FailErrno(1, unix.EDESTADDRREQ, "usage error")
	case len(rest) > 1:
		return o, iputils.Fail(2, "hops on the way (%s) are not supported by minins", strings.Join(rest[:len(rest)-1], " "))
	}
	o.target = rest[0]
	return o, nil
}

func (o *options) option(opt byte, value string, uid int) (err error) {
	switch opt {
	case '4', '6':
		family := resolve.IPv4
		if opt == '6' {
			family = resolve.IPv6
		}
		if o.family != resolve.Any && o.family != family {
			return iputils.Fail(2, "only one -4 or -6 option may be specified")
		}
		o.family = family
	case 'A':
		o.adaptive = true
	case 'a':
		o.audible = true
	case 'b':
		o.broadcast = true
	case 'B':
		o.sticky = true
	case 'd':
		o.debug = true
	case 'D':
		o.stamps = true
	case 'f':
		o.flood, o.numeric = true, true
	case 'n':
		o.numeric = true
	case 'O':
		o.outstanding = true
	case 'q':
		o.quiet = true
	case 'r':
		o.dontRoute = true
	case 'L':
		o.noLoop = true
	case 'U':
		o.latency = true
	case 'v':
		o.verbose = true
	case 'V':
		o.version = true
	case 'c':
		o.count, err = iputils.Int(value, 1, math.MaxInt64)
	case 'i':
		if o.interval, err = o.milliseconds(value, "bad timing interval", math.Inf(-1)); o.interval < 0 {
			o.interval = 0
		}
		o.spaced = true
	case 'I':
		return o.from(value)
	case 'l':
		if err = o.number(&o.preload, value, 1, maxSeq); err == nil && uid != 0 && o.preload > 3 {
			return iputils.Fail(2, "cannot set preload to value greater than 3: %d", o.preload)
		}
	case 'm':
		o.mark, err = iputils.Int(value, 0, math.MaxUint32)
	case 'M':
		return o.discovery(value)
	case 'p':
		o.pattern, err = parsePattern(value)
	case 'Q':
		o.tos, err = parseTOS(value)
	case 's':
		err = o.number(&o.size, value, 0, math.MaxInt32)
	case 'S':
		err = o.number(&o.sndbuf, value, 1, math.MaxInt32)
	case 't':
		err = o.number(&o.ttl, value, 0, 255)
	case 'w':
		err = o.number(&o.deadline, value, 0, math.MaxInt32)
	case 'W':
		o.linger, err = o.milliseconds(value, "bad linger time", 0)
	case 'C':
		o.connect = true
	case 'e':
		err = o.number(&o.ident, value, 0, math.MaxUint16)
	case 'R', 'T':
		if o.options != nil && (o.options[0] == optNop) != (opt == 'R') {
			return iputils.Fail(2, "only one of -T or -R may be used")
		}
		if opt == 'R' {
			o.options = routeOption()
		} else {
			o.options, err = timesOption(value)
		}
	case 'F', 'N':
		return iputils.Fail(2, "option -%c is not supported by minins", opt)
	default: // -h, -?
		return iputils.Misuse("")
	}
	return err
}

func (o *options) number(p *int, value string, low, high int64) error {
	n, err := iputils.Int(value, low, high)
	*p = int(n)
	return err
}

func (o *options) milliseconds(value, what string, low float64) (int, error) {
	seconds, warning, err := iputils.Float(value, what)
	if warning != "" {
		o.warnings = append(o.warnings, warning, "this will become fatal error in the future")
	}
	if err != nil {
		return 0, err
	}
	if seconds < low || seconds > math.MaxInt32/1000 {
		return 0, iputils.Fail(2, "%s: %s", what, value)
	}
	return int(max(seconds, -1) * 1000), nil
}

// from reads the value of -I: an address, or the name of a device.
func (o *options) from(value string) error {
	if strings.Contains(value, ":") {
		text, device, scoped := strings.Cut(value, "%")
		a, err := netip.ParseAddr(text)
		if err != nil {
			return iputils.Fail(2, "invalid source address: %s", value)
		}
		if scoped {
			o.device = device
		}
		o.source6, o.sticky = a, true
		return nil
	}
	if a, err := netip.ParseAddr(value); err == nil {
		o.source4, o.sticky = a, true
		return nil
	}
	o.device = value
	return nil
}

func (o *options) discovery(value string) error {
	switch value {
	case "do":
		o.pmtu = unix.IP_PMTUDISC_DO
	case "dont":
		o.pmtu = unix.IP_PMTUDISC_DONT
	case "want":
		o.pmtu = unix.IP_PMTUDISC_WANT
	default:
		return iputils.Fail(2, "invalid -M argument: %s", value)
	}
	return nil
}

// parsePattern reads up to 16 bytes in hex; a digit alone at the end is a byte.
func parsePattern(s string) ([]byte, error) {
	pattern := []byte{}
	rest := strings.TrimLeft(s, "0123456789abcdefABCDEF")
	for ; s != "" && rest == "" && len(pattern) < 16; s = s[min(2, len(s)):] {
		b, err := strconv.ParseUint(s[:min(2, len(s))], 16, 8)
		if err != nil {
			rest = s
		}
		pattern = append(pattern, byte(b))
	}
	if rest != "" {
		return nil, iputils.Fail(2, "patterns must be specified as hex digits: %s", rest)
	}
	return pattern, nil
}

// parseTOS reads the type of service, decimal or, after 0x, hex.
func parseTOS(s string) (int, error) {
	digits, base := s, 10
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		digits, base = s[2:], 16
	}
	tos, err := strconv.ParseInt(digits, base, 32)
	if err != nil && digits != "" {
		return 0, iputils.Fail(2, "bad TOS value: %s", s)
	}
	if tos > 255 {
		return 0, iputils.Fail(2, "the decimal value of TOS bits must be in range 0-255: %d", tos)
	}
	return int(tos), nil
}
