//go:build linux

package iptables

import (
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"golang.org/x/sys/unix"
)

// A module is a kind of extension: what -m or -j can name.
type module struct {
	name    string
	target  bool
	family  nft.Family // Unspec is both
	options []option
	make    func(family nft.Family) extension
	own     bool // checks by itself which options go together, in its own words
}

// findModule finds a match or a target by its name.
func findModule(name string, target bool, family nft.Family) (module, bool) {
	for _, m := range modules() {
		if m.name == name && m.target == target && (m.family == nft.Unspec || family == nft.Unspec || m.family == family) {
			return m, true
		}
	}
	return module{}, false
}

// protocolModule is the match that -p loads when an option needs it.
func protocolModule(p protocol, family nft.Family) (module, bool) {
	switch p.num {
	case unix.IPPROTO_TCP:
		return findModule("tcp", false, family)
	case unix.IPPROTO_UDP:
		return findModule("udp", false, family)
	case unix.IPPROTO_ICMP:
		return findModule("icmp", false, family)
	case unix.IPPROTO_ICMPV6:
		return findModule("icmp6", false, family)
	}
	return module{}, false
}

func modules() []module {
	return []module{
		{name: "tcp", options: tcpOptions, make: func(nft.Family) extension { return newTransport(true) }, own: true},
		{name: "udp", options: udpOptions, make: func(nft.Family) extension { return newTransport(false) }},
		{name: "icmp", family: nft.IPv4, options: icmpOptions, make: func(nft.Family) extension { return new(icmp) }},
		{name: "icmp6", family: nft.IPv6, options: icmp6Options, make: func(nft.Family) extension { return &icmp{xt.ICMP{IPv6: true}} }},
		{name: "comment", options: commentOptions, make: func(nft.Family) extension { return new(comment) }},
		{name: "conntrack", options: conntrackOptions, make: func(f nft.Family) extension { return newConntrack(f, false) }},
		{name: "state", options: stateOptions, make: func(f nft.Family) extension { return newConntrack(f, true) }},
		{name: "mark", options: markOptions, make: func(nft.Family) extension { return &mark{} }},
		{name: "addrtype", options: addrtypeOptions, make: func(nft.Family) extension { return &addrtype{} }},
		{name: "multiport", options: multiportOptions, make: func(nft.Family) extension { return &multiport{} }},
		{name: "limit", options: limitOptions, make: func(nft.Family) extension { return &limit{unit: 3600, rate: 3, burst: 5} }},
		{name: "iprange", options: iprangeOptions, make: func(f nft.Family) extension { return &iprange{family: f} }},
		{name: "mac", options: macOptions, make: func(nft.Family) extension { return &mac{} }},

		{name: "MASQUERADE", target: true, options: masqueradeOptions, make: func(f nft.Family) extension { return &nat{kind: "MASQUERADE", family: f} }},
		{name: "REDIRECT", target: true, options: redirectOptions, make: func(f nft.Family) extension { return &nat{kind: "REDIRECT", family: f} }},
		{name: "SNAT", target: true, options: snatOptions, make: func(f nft.Family) extension { return &nat{kind: "SNAT", family: f} }},
		{name: "DNAT", target: true, options: dnatOptions, make: func(f nft.Family) extension { return &nat{kind: "DNAT", family: f} }},
		{name: "REJECT", target: true, options: rejectOptions, make: newReject},
		{name: "LOG", target: true, options: logOptions, make: func(nft.Family) extension { return &logTarget{level: 4} }},
		{name: "MARK", target: true, options: setMarkOptions, make: func(nft.Family) extension { return &setMark{} }},
	}
}
