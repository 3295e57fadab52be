//go:build linux

package iptables

import (
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// A module is a kind of extension: what -m or -j can name.
type module struct {
	name    string
	target  bool
	own     bool       // checks by itself which options go together, in its own words
	family  nft.Family // Unspec is both
	options []option
	bare    string // what is wrong if no option is given that says what to do
}

var modules = [...]module{
	{name: "tcp", options: tcpOptions, own: true},
	{name: "udp", options: udpOptions},
	{name: "icmp", family: nft.IPv4, options: icmpOptions},
	{name: "icmp6", family: nft.IPv6, options: icmp6Options},
	{name: "comment", options: commentOptions},
	{name: "conntrack", options: conntrackOptions, bare: "conntrack: At least one option is required"},
	{name: "state", options: stateOptions},
	{name: "mark", options: markOptions},
	{name: "addrtype", options: addrtypeOptions, bare: "addrtype: you must specify --src-type or --dst-type"},
	{name: "multiport", options: multiportOptions, bare: "multiport expection an option"},
	{name: "limit", options: limitOptions},
	{name: "iprange", options: iprangeOptions, bare: "iprange match: You must specify `--src-range' or `--dst-range'"},
	{name: "mac", options: macOptions},
	{name: "connmark", options: markOptions},
	{name: "length", options: lengthOptions},
	{name: "physdev", options: physdevOptions, bare: "PHYSDEV: no physdev option specified"},
	{name: "pkttype", options: pkttypeOptions},
	{name: "statistic", options: statisticOptions},
	{name: "tcpmss", options: tcpmssMatchOptions},

	{name: "MASQUERADE", target: true, options: masqueradeOptions},
	{name: "REDIRECT", target: true, options: redirectOptions},
	{name: "SNAT", target: true, options: snatOptions},
	{name: "DNAT", target: true, options: dnatOptions},
	{name: "NETMAP", target: true, options: netmapOptions},
	{name: "REJECT", target: true, options: rejectOptions},
	{name: "LOG", target: true, options: logOptions},
	{name: "NFLOG", target: true, options: nflogOptions},
	{name: "TRACE", target: true},
	{name: "TCPMSS", target: true, options: tcpmssOptions, bare: "TCPMSS target: At least one parameter is required"},
	{name: "CONNMARK", target: true, options: connmarkTargetOptions, bare: "CONNMARK target: No operation specified"},
	{name: "CT", target: true, options: ctTargetOptions},
	{name: "NOTRACK", target: true},
	{name: "MARK", target: true, options: setMarkOptions, bare: "MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required"},
}

// make makes the extension as it is before its options are set.
func (m *module) make(f nft.Family) extension {
	switch m.name {
	case "tcp", "udp":
		return newTransport(m.name == "tcp")
	case "icmp", "icmp6":
		return &icmp{xt.ICMP{IPv6: m.name == "icmp6"}}
	case "comment":
		return new(comment)
	case "conntrack", "state":
		return newConntrack(f, m.name == "state")
	case "mark", "connmark":
		return &mark{connection: m.name == "connmark"}
	case "NOTRACK":
		p := newPlain("CT")
		p.put16(0, ctNotrack|ctAlias)
		return p
	case "addrtype":
		return new(addrtype)
	case "multiport":
		return new(multiport)
	case "limit":
		return &limit{unit: 3600, rate: 3, burst: 5}
	case "iprange":
		return &iprange{family: f}
	case "mac":
		return new(mac)
	case "REJECT":
		return newReject(f)
	case "LOG":
		return &logTarget{level: 4}
	case "NFLOG", "TRACE":
		return &nflog{kind: m.name, log: nft.Log{Group: nl.Some[uint16](0)}}
	case "TCPMSS":
		return &tcpmss{family: f}
	case "MARK":
		return new(setMark)
	}
	if p := newPlain(m.name); p != nil {
		if m.name == "CONNMARK" {
			p.put32(8, 0xffffffff) // nfmask
		}
		return p
	}
	return &nat{kind: m.name, family: f}
}

// fits reports whether there is such a module for a family.
func (m *module) fits(f nft.Family) bool {
	return m.family == nft.Unspec || f == nft.Unspec || m.family == f
}

// findModule finds a match or a target by its name, or returns nil.
func findModule(name string, target bool, f nft.Family) *module {
	for i := range modules {
		if m := &modules[i]; m.name == name && m.target == target && m.fits(f) {
			return m
		}
	}
	return nil
}

// protocolModule is the match that -p loads when an option needs it, or nil.
func protocolModule(p protocol, f nft.Family) *module {
	if int(p.num) < len(protocolMatches) {
		return findModule(protocolMatches[p.num], false, f)
	}
	return nil
}

// protocolMatches are the protocols with a match of their own.
var protocolMatches = [...]string{
	unix.IPPROTO_TCP: "tcp", unix.IPPROTO_UDP: "udp", unix.IPPROTO_ICMP: "icmp", unix.IPPROTO_ICMPV6: "icmp6",
}
