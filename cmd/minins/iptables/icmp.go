//go:build linux

package iptables

import (
	"strconv"
	"strings"

	"github.com/minins/minins/nft/xt"
)

// icmp is the match icmp or icmp6: a type, and perhaps a code.
type icmp struct{ xt.ICMP }

var (
	icmpOptions  = []option{{long: "icmp-type", arg: required, must: true, invert: true}}
	icmp6Options = []option{{long: "icmpv6-type", arg: required, must: true, invert: true}}
)

// An icmpName is a type, or a code of it, by its name.
type icmpName struct {
	name string
	typ  uint8
	code [2]uint8 // from, to
}

var icmpNames = []icmpName{
	{"any", 255, [2]uint8{0, 255}},
	{"echo-reply", 0, [2]uint8{0, 255}}, {"pong", 0, [2]uint8{0, 255}},
	{"destination-unreachable", 3, [2]uint8{0, 255}},
	{"network-unreachable", 3, [2]uint8{0, 0}}, {"host-unreachable", 3, [2]uint8{1, 1}},
	{"protocol-unreachable", 3, [2]uint8{2, 2}}, {"port-unreachable", 3, [2]uint8{3, 3}},
	{"fragmentation-needed", 3, [2]uint8{4, 4}}, {"source-route-failed", 3, [2]uint8{5, 5}},
	{"network-unknown", 3, [2]uint8{6, 6}}, {"host-unknown", 3, [2]uint8{7, 7}},
	{"network-prohibited", 3, [2]uint8{9, 9}}, {"host-prohibited", 3, [2]uint8{10, 10}},
	{"TOS-network-unreachable", 3, [2]uint8{11, 11}}, {"TOS-host-unreachable", 3, [2]uint8{12, 12}},
	{"communication-prohibited", 3, [2]uint8{13, 13}}, {"host-precedence-violation", 3, [2]uint8{14, 14}},
	{"precedence-cutoff", 3, [2]uint8{15, 15}},
	{"source-quench", 4, [2]uint8{0, 255}},
	{"redirect", 5, [2]uint8{0, 255}}, {"network-redirect", 5, [2]uint8{0, 0}}, {"host-redirect", 5, [2]uint8{1, 1}},
	{"TOS-network-redirect", 5, [2]uint8{2, 2}}, {"TOS-host-redirect", 5, [2]uint8{3, 3}},
	{"echo-request", 8, [2]uint8{0, 255}}, {"ping", 8, [2]uint8{0, 255}},
	{"router-advertisement", 9, [2]uint8{0, 255}}, {"router-solicitation", 10, [2]uint8{0, 255}},
	{"time-exceeded", 11, [2]uint8{0, 255}}, {"ttl-exceeded", 11, [2]uint8{0, 255}},
	{"ttl-zero-during-transit", 11, [2]uint8{0, 0}}, {"ttl-zero-during-reassembly", 11, [2]uint8{1, 1}},
	{"parameter-problem", 12, [2]uint8{0, 255}}, {"ip-header-bad", 12, [2]uint8{0, 0}},
	{"required-option-missing", 12, [2]uint8{1, 1}},
	{"timestamp-request", 13, [2]uint8{0, 255}}, {"timestamp-reply", 14, [2]uint8{0, 255}},
	{"address-mask-request", 17, [2]uint8{0, 255}}, {"address-mask-reply", 18, [2]uint8{0, 255}},
}

var icmp6Names = []icmpName{
	{"destination-unreachable", 1, [2]uint8{0, 255}},
	{"no-route", 1, [2]uint8{0, 0}}, {"communication-prohibited", 1, [2]uint8{1, 1}},
	{"beyond-scope", 1, [2]uint8{2, 2}}, {"address-unreachable", 1, [2]uint8{3, 3}},
	{"port-unreachable", 1, [2]uint8{4, 4}}, {"failed-policy", 1, [2]uint8{5, 5}}, {"reject-route", 1, [2]uint8{6, 6}},
	{"packet-too-big", 2, [2]uint8{0, 255}},
	{"time-exceeded", 3, [2]uint8{0, 255}}, {"ttl-exceeded", 3, [2]uint8{0, 255}},
	{"ttl-zero-during-transit", 3, [2]uint8{0, 0}}, {"ttl-zero-during-reassembly", 3, [2]uint8{1, 1}},
	{"parameter-problem", 4, [2]uint8{0, 255}}, {"bad-header", 4, [2]uint8{0, 0}},
	{"unknown-header-type", 4, [2]uint8{1, 1}}, {"unknown-option", 4, [2]uint8{2, 2}},
	{"echo-request", 128, [2]uint8{0, 255}}, {"ping", 128, [2]uint8{0, 255}},
	{"echo-reply", 129, [2]uint8{0, 255}}, {"pong", 129, [2]uint8{0, 255}},
	{"mld-listener-query", 130, [2]uint8{0, 255}}, {"mld-listener-report", 131, [2]uint8{0, 255}},
	{"mld-listener-done", 132, [2]uint8{0, 255}}, {"mld-listener-reduction", 132, [2]uint8{0, 255}},
	{"router-solicitation", 133, [2]uint8{0, 255}}, {"router-advertisement", 134, [2]uint8{0, 255}},
	{"neighbour-solicitation", 135, [2]uint8{0, 255}}, {"neighbor-solicitation", 135, [2]uint8{0, 255}},
	{"neighbour-advertisement", 136, [2]uint8{0, 255}}, {"neighbor-advertisement", 136, [2]uint8{0, 255}},
	{"redirect", 137, [2]uint8{0, 255}},
}

func (m *icmp) name() string { return m.Name() }

func (m *icmp) names() []icmpName {
	if m.IPv6 {
		return icmp6Names
	}
	return icmpNames
}

func (m *icmp) set(s *setting) error {
	if s.inv {
		m.Inv = 1
	}
	label := "ICMP"
	if m.IPv6 {
		label = "ICMPv6"
	}
	var found *icmpName
	names := m.names()
	for i := range names {
		n := &names[i]
		if len(n.name) < len(s.arg) || !strings.EqualFold(n.name[:len(s.arg)], s.arg) {
			continue
		}
		if found != nil {
			return wrong("Ambiguous " + label + " type `" + s.arg + "': `" + found.name + "' or `" + n.name + "'?")
		}
		found = n
	}
	if found != nil {
		m.Type, m.Code = found.typ, found.code
		return nil
	}
	typ, code, hasCode := strings.Cut(s.arg, "/")
	n, err := number(typ, 8)
	if err != nil {
		return wrong("Unknown " + label + " type `" + s.arg + "'").
			hinted("a type is a number, TYPE/CODE, or a name such as echo-request, echo-reply, destination-unreachable or time-exceeded")
	}
	m.Type, m.Code = uint8(n), [2]uint8{0, 255}
	if hasCode {
		if n, err = number(code, 8); err != nil {
			return wrong("Unknown " + label + " code `" + s.arg + "'")
		}
		m.Code = [2]uint8{uint8(n), uint8(n)}
	}
	return nil
}

func (m *icmp) save() string {
	option := "icmp-type"
	if m.IPv6 {
		option = "icmpv6-type"
	}
	text := not(m.Inv != 0) + " --" + option + " "
	if m.Type == 255 && !m.IPv6 {
		return text + "any"
	}
	text += strconv.Itoa(int(m.Type))
	if m.Code != [2]uint8{0, 255} {
		text += "/" + strconv.Itoa(int(m.Code[0]))
	}
	return text
}

func (m *icmp) list(n *naming) string {
	text := " icmp"
	if m.IPv6 {
		text = " ipv6-icmp"
	}
	if !n.numeric {
		for _, x := range m.names() {
			if x.typ == m.Type && x.code == m.Code {
				return text + " " + bang(m.Inv != 0) + x.name
			}
		}
	}
	text += not(m.Inv != 0) + "type " + strconv.Itoa(int(m.Type))
	switch {
	case m.Code[0] == m.Code[1]:
		text += " code " + strconv.Itoa(int(m.Code[0]))
	case m.Code != [2]uint8{0, 255}:
		text += " codes " + strconv.Itoa(int(m.Code[0])) + "-" + strconv.Itoa(int(m.Code[1]))
	}
	return text
}
