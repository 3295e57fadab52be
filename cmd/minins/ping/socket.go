//go:build linux

package ping

import (
	"math"
	"strconv"
	"time"

	"github.com/minins/minins/cmd/minins/internal/iputils"
	"golang.org/x/sys/unix"
)

// A socket is one that sends ICMP of one family.
type socket struct {
	fd  int
	raw bool // gets everybody's packets, with the IP header if IPv4
}

// String is what -v says of it.
func (s *socket) String() string {
	switch {
	case s == nil:
		return "fd: -1 (socktype: 0)"
	case s.raw:
		return "fd: " + strconv.Itoa(s.fd) + " (socktype: SOCK_RAW)"
	}
	return "fd: " + strconv.Itoa(s.fd) + " (socktype: SOCK_DGRAM)"
}

// openSocket opens the kernel's own "ping" socket, which needs no privilege
// but a group within net.ipv4.ping_group_range, else a raw one, which needs
// CAP_NET_RAW, or if raw that one at once.
func openSocket(domain, proto int, raw bool) (socket, error) {
	fd, err := -1, error(unix.EACCES)
	if !raw {
		fd, err = unix.Socket(domain, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, proto)
	}
	switch {
	case err == nil:
		return socket{fd: fd}, nil
	case err == unix.EACCES, err == unix.EPROTONOSUPPORT, err == unix.EAFNOSUPPORT && domain == unix.AF_INET:
		fd, err = unix.Socket(domain, unix.SOCK_RAW|unix.SOCK_CLOEXEC, proto)
	}
	return socket{fd: fd, raw: true}, err
}

// What the value of a socket option follows from.
const (
	fromNothing = iota // 1
	fromRaw
	fromPing // the kernel's own sockets
	fromPMTU
	fromTOS
	fromBroadcast
	fromNoLoop
	fromTTL
	fromSndbuf
	fromRcvbuf
	fromDebug
	fromDontRoute
	fromTimes
	values
)

// sockopts are the options that are integers, in the order in which to set them.
var sockopts = [...]struct {
	family, level, name uint16
	from                byte
	failure             string // what to say before the error; "" to go on without
}{
	{unix.AF_INET, unix.IPPROTO_IP, unix.IP_RECVERR, fromNothing, "setsockopt(IP_RECVERR)"},
	{unix.AF_INET, unix.SOL_RAW, unix.ICMP_FILTER, fromRaw, "setsockopt(ICMP_FILTER)"},
	{unix.AF_INET, unix.IPPROTO_IP, unix.IP_RECVTTL, fromPing, "setsockopt(IP_RECVTTL)"},
	{unix.AF_INET, unix.IPPROTO_IP, unix.IP_RETOPTS, fromPing, "setsockopt(IP_RETOPTS)"},
	{unix.AF_INET, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, fromPMTU, "IP_MTU_DISCOVER"},
	{unix.AF_INET, unix.IPPROTO_IP, unix.IP_TOS, fromTOS, "setsockopt"},
	{unix.AF_INET, unix.SOL_SOCKET, unix.SO_BROADCAST, fromBroadcast, "cannot set broadcasting"},
	{unix.AF_INET, unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, fromNoLoop, "cannot disable multicast loopback"},
	{unix.AF_INET, unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, fromTTL, "cannot set multicast time-to-live"},
	{unix.AF_INET, unix.IPPROTO_IP, unix.IP_TTL, fromTTL, "cannot set unicast time-to-live"},
	{unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, fromNothing, "IPV6_RECVERR"},
	{unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, fromNothing, "cannot receive hop limit"},
	{unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, fromPMTU, "IPV6_MTU_DISCOVER"},
	{unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, fromTOS, "setsockopt"},
	{unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, fromNoLoop, "cannot disable multicast loopback"},
	{unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, fromTTL, "cannot set multicast hop limit"},
	{unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, fromTTL, "cannot set unicast hop limit"},
	{0, unix.SOL_SOCKET, unix.SO_SNDBUF, fromSndbuf, ""},
	{0, unix.SOL_SOCKET, unix.SO_RCVBUF, fromRcvbuf, ""},
	{0, unix.SOL_SOCKET, unix.SO_DEBUG, fromDebug, ""},
	{0, unix.SOL_SOCKET, unix.SO_DONTROUTE, fromDontRoute, ""},
	{0, unix.SOL_SOCKET, unix.SO_TIMESTAMP, fromTimes, ""},
}

// unset is the value of an option that stays as it is.
const unset = math.MinInt32

func when(set bool, value int) int {
	if set {
		return value
	}
	return unset
}

// set sets the options of a family. overhead is what a packet costs beside its
// data for each 512 bytes, a rough guess.
func (s socket) set(o *options, family uint16, multicast bool, overhead int) error {
	packet := o.size + headerLen
	packet += (packet + 511) / 512 * overhead
	sndbuf := o.sndbuf
	if sndbuf == 0 {
		sndbuf = packet
	}
	// A bit for each type that is not wanted. Errors come by IP_RECVERR.
	wanted := 1<<echoReply4 | 1<<redirect4 | 1<<sourceQuench4
	pmtu := o.discoveryOf(multicast)
	value := [values]int{
		fromNothing:   1,
		fromRaw:       when(s.raw, ^wanted),
		fromPing:      when(!s.raw, 1),
		fromPMTU:      when(pmtu >= 0, pmtu),
		fromTOS:       when(o.tos != 0, o.tos),
		fromBroadcast: when(o.broadcast, 1),
		fromNoLoop:    when(o.noLoop, 0),
		fromTTL:       when(o.ttl >= 0, o.ttl),
		fromSndbuf:    sndbuf,
		fromRcvbuf:    max(packet*o.preload, 65536),
		fromDebug:     when(o.debug, 1),
		fromDontRoute: when(o.dontRoute, 1),
		fromTimes:     when(!o.latency, 1), // the time at which the kernel got the packet, not we
	}
	for i := range sockopts {
		opt := &sockopts[i]
		v := value[opt.from]
		if v == unset || opt.family != 0 && opt.family != family {
			continue
		}
		err := unix.SetsockoptInt(s.fd, int(opt.level), int(opt.name), v)
		if err != nil && opt.failure != "" {
			return iputils.FailErrno(2, err, "%s", opt.failure)
		}
	}
	// A device that stalls must not hold us for longer than the interval.
	wait := unix.NsecToTimeval(int64(min(time.Second, time.Duration(max(o.interval, minInterval))*time.Millisecond)))
	if err := unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait); err != nil {
		return iputils.FailErrno(2, err, "setsockopt(SO_SNDTIMEO)")
	}
	if family == unix.AF_INET {
		return s.setOptions(o)
	}
	return s.filter6()
}

// setOptions has all packets carry the options of -R or -T.
func (s socket) setOptions(o *options) error {
	if o.options == nil {
		return nil
	}
	failure := "ts option"
	if o.options[0] == optNop {
		failure = "record route"
	}
	if err := unix.SetsockoptString(s.fd, unix.IPPROTO_IP, unix.IP_OPTIONS, string(o.options)); err != nil {
		return iputils.FailErrno(2, err, "%s", failure)
	}
	return nil
}

// filter6 has a raw socket get nothing but replies.
func (s socket) filter6() error {
	if !s.raw {
		return nil
	}
	filter := unix.ICMPv6Filter{}
	for i := range filter.Data {
		filter.Data[i] = ^uint32(0)
	}
	filter.Data[echoReply6/32] &^= 1 << (echoReply6 % 32)
	if err := unix.SetsockoptICMPv6Filter(s.fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, &filter); err != nil {
		return iputils.FailErrno(2, err, "setsockopt(ICMP6_FILTER)")
	}
	return nil
}

// discoveryOf is the path MTU discovery to ask for; the numbers are the same
// in both families. What many hosts answer must not be in fragments.
func (o *options) discoveryOf(multicast bool) int {
	if multicast && o.pmtu < 0 {
		return unix.IP_PMTUDISC_DO
	}
	return o.pmtu
}
