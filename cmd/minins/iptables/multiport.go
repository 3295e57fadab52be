//go:build linux

package iptables

import (
	"strconv"
	"strings"

	"github.com/minins/minins/nft/xt"
	"golang.org/x/sys/unix"
)

// multiport is the match multiport: up to 15 ports and ranges.
type multiport struct {
	xt.Multiport
	proto uint8 // that names ports; known from -p only
}

var multiportOptions = []option{
	{long: "source-ports", arg: required, invert: true, excludes: "destination-ports ports"},
	{long: "sports", arg: required, invert: true, main: "source-ports"},
	{long: "destination-ports", arg: required, invert: true, excludes: "source-ports ports"},
	{long: "dports", arg: required, invert: true, main: "destination-ports"},
	{long: "ports", arg: required, invert: true, excludes: "source-ports destination-ports"},
}

func (*multiport) name() string { return "multiport" }

func (m *multiport) set(s *setting) error {
	switch {
	case s.proto.num == 0:
		return wrong("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'")
	case !s.proto.is(unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_UDPLITE, unix.IPPROTO_SCTP, unix.IPPROTO_DCCP):
		return wrong("multiport only works with TCP, UDP, UDPLITE, SCTP and DCCP")
	}
	switch s.option {
	case "destination-ports":
		m.Flags = 1
	case "ports":
		m.Flags = 2
	}
	if s.inv {
		m.Invert = 1
	}
	m.proto = s.proto.num
	m.Count = 0
	for one := range strings.SplitSeq(s.arg, ",") {
		first, last, isRange := strings.Cut(one, ":")
		if err := m.add(first, isRange); err != nil {
			return err
		}
		if isRange {
			if err := m.add(last, false); err != nil {
				return err
			}
			if m.Ports[m.Count-2] >= m.Ports[m.Count-1] {
				return wrong("invalid portrange specified")
			}
		}
	}
	return nil
}

func (m *multiport) add(port string, begins bool) error {
	if int(m.Count) == len(m.Ports) {
		return wrong("too many ports specified")
	}
	n, ok := parsePort(port, protocolName(m.proto))
	if !ok {
		return wrong("invalid port/service `" + port + "' specified")
	}
	m.Ports[m.Count] = n
	if begins {
		m.PFlags[m.Count] = 1
	}
	m.Count++
	return nil
}

// words are the ports with commas and colons.
func (m *multiport) words(name func(uint16) string) string {
	text := ""
	for i := 0; i < int(m.Count) && i < len(m.Ports); i++ {
		if i > 0 {
			text += ","
		}
		text += name(m.Ports[i])
		if m.PFlags[i] != 0 && i+1 < len(m.Ports) {
			i++
			text += ":" + name(m.Ports[i])
		}
	}
	return text
}

func (m *multiport) which() string { return []string{"sports", "dports", "ports"}[m.Flags%3] }

func (m *multiport) save() string {
	return not(m.Invert != 0) + " --" + m.which() + " " + m.words(func(p uint16) string { return strconv.Itoa(int(p)) })
}

func (m *multiport) list(n *naming) string {
	text := " multiport " + m.which() + " "
	if m.Invert != 0 {
		text += " !"
	}
	return text + m.words(func(p uint16) string { return n.port(p, protocolName(m.proto)) })
}
