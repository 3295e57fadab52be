//go:build linux

// Package ping is the ping command: ICMP echo requests and what comes back,
// in the words of iputils 20221126.
//
// Left out are source routes, flow labels and node information queries (hops,
// -F -N).
package ping

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/iputils"
	"github.com/minins/minins/cmd/minins/internal/lacks"
	"github.com/minins/minins/cmd/minins/internal/resolve"
	"github.com/minins/minins/internal/ntop"
)

// Run is the command. It returns 0 if there was a reply (with -w and -c: all
// replies), 1 if not, 2 if it could not ask.
//
// Equivalent to: `ping`
func Run(c *applet.Cmd) int {
	o, err := parse(c.Args, os.Getuid())
	for _, w := range o.warnings {
		c.Errorf("%s: %s", c.Name, w)
	}
	if err != nil {
		return iputils.Report(c, err, usage)
	}
	if o.version {
		c.Printf("%s", version)
		return 0
	}
	if c.Explain != nil {
		return explain(c, o)
	}
	status, err := run(c, o)
	if err != nil {
		status = iputils.Report(c, err, usage)
		if o.family == resolve.IPv6 || strings.Contains(o.target, ":") {
			c.Hint(lacks.IPv6())
		}
	}
	return status
}

// run opens the sockets, finds the destination and pings it.
func run(c *applet.Cmd, o *options) (int, error) {
	s4, s6, err := openSockets(o)
	if err != nil {
		return 0, err
	}
	if s4 != nil {
		defer unix.Close(s4.fd)
	}
	if s6 != nil {
		defer unix.Close(s6.fd)
	}
	if o.verbose {
		c.Errorf("%s: sock4.%s, sock6.%s, hints.ai_family: %s\n", c.Name, s4, s6, family(o.family))
	}
	host, err := resolve.LookupHost(o.target, o.family)
	if err != nil {
		return 0, iputils.Fail(2, "%s: %v", o.target, err)
	}
	dst := host.Addrs[0]
	if o.verbose {
		of := resolve.IPv4
		if dst.Is6() {
			of = resolve.IPv6
		}
		c.Printf("ai->ai_family: %s, ai->ai_canonname: '%s'\n", family(of), host.Canonical)
	}
	s := &session{c: c, o: o, socket: s4, dst: dst, host: host.Canonical}
	if dst.Is6() {
		s.socket, s.host = s6, o.target
	}
	// A number as the target: names for numbers are not asked for either.
	if _, ok := resolve.ParseAddr(o.target); ok {
		o.numeric = true
	}
	if err := s.prepare(); err != nil {
		return 0, err
	}
	s.header()
	if uid := os.Getuid(); uid != 0 && o.interval < minUser {
		return 0, iputils.Fail(2, "cannot flood; minimal interval allowed for user is %dms", minUser)
	}
	return s.loop()
}

// openSockets opens one for each family that is wanted. One of the two may be
// missing; then the other's family is the only one that is looked up.
func openSockets(o *options) (s4, s6 *socket, err error) {
	if o.family != resolve.IPv6 {
		s, err := openSocket(unix.AF_INET, unix.IPPROTO_ICMP, o.ident == 0)
		if err == nil {
			s4 = &s
		} else if o.family == resolve.IPv4 {
			return nil, nil, socketFailure(err)
		}
	}
	if o.family != resolve.IPv4 {
		s, err := openSocket(unix.AF_INET6, unix.IPPROTO_ICMPV6, o.ident == 0)
		if err == nil {
			s6 = &s
		} else if s4 == nil {
			return nil, nil, socketFailure(err)
		}
	}
	if s4 == nil {
		o.family = resolve.IPv6
	} else if s6 == nil {
		o.family = resolve.IPv4
	}
	return s4, s6, nil
}

func family(f resolve.Family) string {
	return [...]string{resolve.Any: "AF_UNSPEC", resolve.IPv4: "AF_INET", resolve.IPv6: "AF_INET6"}[f]
}

func socketFailure(err error) error {
	if err == unix.EPERM {
		return iputils.Fail(2, "socktype: SOCK_RAW\nping: socket: %s\nping: => missing cap_net_raw+p capability or setuid?",
			applet.Strerror(err))
	}
	return iputils.FailErrno(2, err, "socket")
}

// A session is one ping of one destination.
type session struct {
	c *applet.Cmd
	o *options
	*socket
	dst       netip.Addr
	source    netip.Addr
	host      string // the destination's name
	multicast bool   // many may answer
	id        uint16 // of a raw socket; otherwise the kernel chooses

	packet []byte        // the request
	to     unix.Sockaddr // dst
	start  time.Time
	stats  stats
	pace   pacer
	wake   waker
	late   bool // the time of arrival is ours: the clock went back

	lastRoute string // what -R showed last

	lastAddr netip.Addr // what name looked up last
	lastName string
}

// prepare finds the source address and sets the socket up.
func (s *session) prepare() error {
	o := s.o
	s.source = o.source4
	if s.dst.Is6() {
		s.source = o.source6
	}
	if o.device != "" && s.source.IsLinkLocalUnicast() && s.source.Is6() {
		s.source = s.source.WithZone(o.device)
	}
	if o.device != "" {
		if err := o.bindDevice(s.fd, s.dst); err != nil {
			return err
		}
	}
	if s.dst.Is6() && !s.raw && s.dst.Zone() == "" && (s.dst.IsLinkLocalUnicast() || s.dst.IsLinkLocalMulticast()) {
		s.warn("Warning: IPv6 link-local address on ICMP datagram socket may require ifname or scope-id => use: address%<ifname|scope-id>")
	}
	if !s.source.IsValid() {
		var err error
		s.source, err = o.probe(s.dst, func(w string) { s.c.Errorf("%s", w) })
		if err != nil {
			return err
		}
		if o.device != "" {
			if !onDevice(s.c, o.device, s.source.WithZone("")) {
				s.warn("Warning: source address might be selected on device other than: " + o.device)
			} else if s.source == s.dst && s.dst.Is4() {
				_ = unix.BindToDevice(s.fd, "") // our own address: replies come over lo
			}
		}
	}
	if s.dst.Is4() && s.dst.IsUnspecified() {
		s.dst = s.source
	}
	s.to = o.sockaddr(s.dst, 0)
	s.multicast = s.dst.IsMulticast() || o.broadcast && s.dst.Is4()
	if s.multicast && os.Getuid() != 0 {
		kind := "multicast"
		if s.dst.Is4() {
			kind = "broadcast"
		}
		if o.interval < 1000 {
			return iputils.Fail(2, "%s ping with too short interval: %d", kind, o.interval)
		}
		if o.pmtu >= 0 && o.pmtu != unix.IP_PMTUDISC_DO {
			return iputils.Fail(2, "%s ping does not fragment", kind)
		}
	}
	return s.setup()
}

func (s *session) setup() error {
	o := s.o
	if o.flood && !o.spaced {
		o.interval = 0
	}
	family, failure, overhead := uint16(unix.AF_INET), "bind", 20+16+64+160+o.room()
	if s.dst.Is6() {
		family, failure, overhead = unix.AF_INET6, "bind icmp socket", 40+16+64+160
	}
	if err := s.set(o, family, s.multicast, overhead); err != nil {
		return err
	}
	if o.sticky || o.ident > 0 && !s.raw { // the port of the kernel's own sockets is the identifier
		if err := unix.Bind(s.fd, o.sockaddr(s.source, max(o.ident, 0))); err != nil {
			return iputils.FailErrno(2, err, "%s", failure)
		}
	}
	if o.mark >= 0 {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_MARK, int(o.mark)); err != nil {
			s.warn(fmt.Sprintf("WARNING: failed to set mark: %d: %s", o.mark, applet.Strerror(err)))
		}
	}
	if s.raw {
		s.id = uint16(rand.Uint32())
	}
	if o.ident >= 0 {
		s.id = uint16(o.ident)
	}
	if o.connect {
		if err := unix.Connect(s.fd, s.to); err != nil {
			return iputils.FailErrno(2, err, "connect failed")
		}
	}
	s.packet = newPacket(o.size, o.pattern)
	return nil
}

// header is the first line.
func (s *session) header() {
	o := s.o
	var b strings.Builder
	if o.pattern != nil && !o.quiet {
		fmt.Fprintf(&b, "PATTERN: 0x%x\n", o.pattern)
	}
	if s.dst.Is4() {
		fmt.Fprintf(&b, "PING %s (%s) ", s.host, s.dst)
	} else {
		fmt.Fprintf(&b, "PING %s(%s) ", s.host, s.name(s.dst))
	}
	if o.device != "" || o.sticky {
		source := ntop.Text(s.source)
		if s.dst.Is6() {
			source = s.name(s.source)
		}
		fmt.Fprintf(&b, "from %s %s: ", source, o.device)
	}
	if s.dst.Is4() {
		fmt.Fprintf(&b, "%d(%d) bytes of data.\n", o.size, o.size+headerLen+20+o.room())
	} else {
		fmt.Fprintf(&b, "%d data bytes\n", o.size)
	}
	s.print(b.String())
}

// room is how much IPv4 options take.
func (o *options) room() int {
	if o.options == nil {
		return 0
	}
	return maxOptions
}

// timed reports whether the data has room for the time.
func (s *session) timed() bool { return s.o.size >= timeLen }

func (s *session) warn(text string) { s.c.Errorf("%s: %s", s.c.Name, text) }

// print writes and flushes: a person waits for it.
func (s *session) print(text string) {
	s.c.Printf("%s", text)
	s.c.Stdout.Flush()
}
