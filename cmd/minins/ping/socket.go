//go:build linux

package ping

import (
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

// A sockopt is one setsockopt(2) with an integer.
type sockopt struct {
	level, name, value int
	failure            string // what to say before the error; "" to go on without
}

func (s socket) set(list ...sockopt) error {
	for _, o := range list {
		if err := unix.SetsockoptInt(s.fd, o.level, o.name, o.value); err != nil && o.failure != "" {
			return iputils.FailErrno(2, err, "%s", o.failure)
		}
	}
	return nil
}

// setCommon sets what both families have. overhead is what a packet costs
// beside its data for each 512 bytes, a rough guess.
func (s socket) setCommon(o *options, overhead int) error {
	packet := o.size + headerLen
	packet += (packet + 511) / 512 * overhead
	sndbuf := o.sndbuf
	if sndbuf == 0 {
		sndbuf = packet
	}
	list := []sockopt{
		{unix.SOL_SOCKET, unix.SO_SNDBUF, sndbuf, ""},
		{unix.SOL_SOCKET, unix.SO_RCVBUF, max(packet*o.preload, 65536), ""},
	}
	if o.debug {
		list = append(list, sockopt{unix.SOL_SOCKET, unix.SO_DEBUG, 1, ""})
	}
	if o.dontRoute {
		list = append(list, sockopt{unix.SOL_SOCKET, unix.SO_DONTROUTE, 1, ""})
	}
	if !o.latency { // the time at which the kernel got the packet, not we
		list = append(list, sockopt{unix.SOL_SOCKET, unix.SO_TIMESTAMP, 1, ""})
	}
	// A device that stalls must not hold us for longer than the interval.
	wait := unix.NsecToTimeval(int64(min(time.Second, time.Duration(max(o.interval, minInterval))*time.Millisecond)))
	if err := unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait); err != nil {
		return iputils.FailErrno(2, err, "setsockopt(SO_SNDTIMEO)")
	}
	return s.set(list...)
}

// set4 sets what IPv4 has.
func (s socket) set4(o *options, multicast bool) error {
	list := []sockopt{{unix.IPPROTO_IP, unix.IP_RECVERR, 1, "setsockopt(IP_RECVERR)"}}
	if s.raw {
		// A bit for each type that is not wanted. Errors come by IP_RECVERR.
		wanted := 1<<echoReply4 | 1<<redirect4 | 1<<sourceQuench4
		list = append(list, sockopt{unix.SOL_RAW, unix.ICMP_FILTER, ^wanted, "setsockopt(ICMP_FILTER)"})
	} else {
		list = append(list, sockopt{unix.IPPROTO_IP, unix.IP_RECVTTL, 1, "setsockopt(IP_RECVTTL)"},
			sockopt{unix.IPPROTO_IP, unix.IP_RETOPTS, 1, "setsockopt(IP_RETOPTS)"})
	}
	if pmtu := o.discoveryOf(multicast); pmtu >= 0 {
		list = append(list, sockopt{unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, pmtu, "IP_MTU_DISCOVER"})
	}
	if o.tos != 0 {
		list = append(list, sockopt{unix.IPPROTO_IP, unix.IP_TOS, o.tos, "setsockopt"})
	}
	if o.broadcast {
		list = append(list, sockopt{unix.SOL_SOCKET, unix.SO_BROADCAST, 1, "cannot set broadcasting"})
	}
	if o.noLoop {
		list = append(list, sockopt{unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 0, "cannot disable multicast loopback"})
	}
	if o.ttl >= 0 {
		list = append(list,
			sockopt{unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, o.ttl, "cannot set multicast time-to-live"},
			sockopt{unix.IPPROTO_IP, unix.IP_TTL, o.ttl, "cannot set unicast time-to-live"})
	}
	if err := s.setOptions(o); err != nil {
		return err
	}
	return s.set(list...)
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

// set6 sets what IPv6 has.
func (s socket) set6(o *options, multicast bool) error {
	list := []sockopt{
		{unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1, "IPV6_RECVERR"},
		{unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, 1, "cannot receive hop limit"},
	}
	if s.raw {
		filter := unix.ICMPv6Filter{}
		for i := range filter.Data {
			filter.Data[i] = ^uint32(0)
		}
		filter.Data[echoReply6/32] &^= 1 << (echoReply6 % 32)
		if err := unix.SetsockoptICMPv6Filter(s.fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, &filter); err != nil {
			return iputils.FailErrno(2, err, "setsockopt(ICMP6_FILTER)")
		}
	}
	if pmtu := o.discoveryOf(multicast); pmtu >= 0 {
		list = append(list, sockopt{unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, pmtu, "IPV6_MTU_DISCOVER"})
	}
	if o.tos != 0 {
		list = append(list, sockopt{unix.IPPROTO_IPV6, unix.IPV6_TCLASS, o.tos, "setsockopt"})
	}
	if o.noLoop {
		list = append(list, sockopt{unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, 0, "cannot disable multicast loopback"})
	}
	if o.ttl >= 0 {
		list = append(list,
			sockopt{unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, o.ttl, "cannot set multicast hop limit"},
			sockopt{unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, o.ttl, "cannot set unicast hop limit"})
	}
	return s.set(list...)
}

// discoveryOf is the path MTU discovery to ask for; the numbers are the same
// in both families. What many hosts answer must not be in fragments.
func (o *options) discoveryOf(multicast bool) int {
	if multicast && o.pmtu < 0 {
		return unix.IP_PMTUDISC_DO
	}
	return o.pmtu
}
