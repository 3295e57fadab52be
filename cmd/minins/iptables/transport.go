//go:build linux

package iptables

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/minins/minins/nft/xt"
)

// transport is the match tcp or udp: ports, and of TCP flags and an option.
// UDP's info has the same ports and the same bits.
type transport struct {
	_ [0]func() // not to be compared: that would take code

	tcp bool
	xt.TCP
	ported [2]bool // --sport, --dport were given
}

// Bits of xt.TCP.Inv, XT_TCP_INV_* of linux/netfilter/xt_tcpudp.h.
const (
	invSrcPort = 1 << iota
	invDstPort
	invFlags
	invOption
)

var tcpOptions = []option{
	{long: "source-port", arg: required}, {long: "sport", arg: required, main: "source-port"},
	{long: "destination-port", arg: required}, {long: "dport", arg: required, main: "destination-port"},
	{long: "syn"}, {long: "tcp-flags", arg: required, pair: true}, {long: "tcp-option", arg: required},
}

var udpOptions = []option{
	{long: "source-port", arg: required, invert: true}, {long: "sport", arg: required, main: "source-port", invert: true},
	{long: "destination-port", arg: required, invert: true}, {long: "dport", arg: required, main: "destination-port", invert: true},
}

var tcpFlags = []struct {
	name string
	bits uint8
}{{"FIN", 1}, {"SYN", 2}, {"RST", 4}, {"PSH", 8}, {"ACK", 16}, {"URG", 32}, {"ALL", 0x3f}, {"NONE", 0}}

func (t *transport) name() string {
	if t.tcp {
		return "tcp"
	}
	return "udp"
}

func newTransport(tcp bool) *transport {
	t := &transport{tcp: tcp}
	t.SrcPorts[1], t.DstPorts[1] = 0xffff, 0xffff
	return t
}

func (t *transport) set(s *setting) (err error) {
	invert := func(bit uint8) {
		if s.inv {
			t.Inv |= bit
		}
	}
	switch s.option {
	case "source-port":
		if t.ported[0] {
			return wrong("Only one `--source-port' allowed")
		}
		t.ported[0] = true
		invert(invSrcPort)
		t.SrcPorts, err = portRange(s.arg, t.name())
	case "destination-port":
		if t.ported[1] {
			return wrong("Only one `--destination-port' allowed")
		}
		t.ported[1] = true
		invert(invDstPort)
		t.DstPorts, err = portRange(s.arg, t.name())
	case "syn", "tcp-flags":
		if t.FlagMask != 0 {
			return wrong("Only one of `--syn' or `--tcp-flags'  allowed")
		}
		invert(invFlags)
		mask, cmp := "FIN,SYN,RST,ACK", "SYN"
		if s.option == "tcp-flags" {
			mask, cmp, _ = strings.Cut(s.arg, " ")
		}
		if t.FlagMask, err = parseFlags(mask); err == nil {
			t.FlagCmp, err = parseFlags(cmp)
		}
	case "tcp-option":
		n, convErr := number(s.arg, 8)
		if t.Option != 0 {
			return wrong("Only one `--tcp-option' allowed")
		}
		if convErr != nil || n == 0 {
			return wrong(`Bad TCP option "` + s.arg + `"`)
		}
		t.Option = uint8(n)
		invert(invOption)
	}
	return err
}

// portRange reads "80", "http", "80:90", ":90" or "80:".
func portRange(s, proto string) (ports [2]uint16, err error) {
	first, last, isRange := strings.Cut(s, ":")
	if !isRange {
		last = first
	}
	ports = [2]uint16{0, 0xffff}
	for i, word := range []string{first, last} {
		if isRange && word == "" {
			continue
		}
		n, ok := parsePort(word, proto)
		if !ok {
			return ports, wrong("invalid port/service `" + word + "' specified").
				hinted("a port is a number up to 65535, or the name of a service in /etc/services, of protocol " + proto)
		}
		ports[i] = n
	}
	if ports[0] > ports[1] {
		return ports, wrong("invalid portrange (min > max)")
	}
	return ports, nil
}

func parseFlags(list string) (bits uint8, err error) {
	for name := range strings.SplitSeq(list, ",") {
		ok := false
		for _, f := range tcpFlags {
			if strings.EqualFold(f.name, name) {
				bits |= f.bits
				ok = true
			}
		}
		if !ok {
			return 0, wrong("Unknown TCP flag `" + name + "'")
		}
	}
	return bits, nil
}

func flagNames(bits uint8) string {
	if bits == 0 {
		return "NONE"
	}
	var names []string
	for _, f := range tcpFlags[:6] {
		if bits&f.bits != 0 {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ",")
}

// anyPort reports whether a range says nothing.
func anyPort(ports [2]uint16, inv bool) bool { return ports == [2]uint16{0, 0xffff} && !inv }

func (t *transport) save() string {
	text := savePorts("sport", t.SrcPorts, t.Inv&invSrcPort != 0) + savePorts("dport", t.DstPorts, t.Inv&invDstPort != 0)
	if t.Option != 0 || t.Inv&invOption != 0 {
		text += not(t.Inv&invOption != 0) + " --tcp-option " + strconv.Itoa(int(t.Option))
	}
	if t.FlagMask != 0 || t.Inv&invFlags != 0 {
		text += not(t.Inv&invFlags != 0) + " --tcp-flags " + flagNames(t.FlagMask) + " " + flagNames(t.FlagCmp)
	}
	return text
}

func savePorts(option string, ports [2]uint16, inv bool) string {
	switch {
	case anyPort(ports, inv):
		return ""
	case ports[0] == ports[1]:
		return not(inv) + " --" + option + " " + strconv.Itoa(int(ports[0]))
	}
	return not(inv) + " --" + option + " " + strconv.Itoa(int(ports[0])) + ":" + strconv.Itoa(int(ports[1]))
}

// bang is how -L inverts a value.
func bang(inv bool) string {
	if inv {
		return "!"
	}
	return ""
}

func (t *transport) list(n *naming) string {
	text := " " + t.name() + t.listPorts(n, "spt", t.SrcPorts, t.Inv&invSrcPort != 0) +
		t.listPorts(n, "dpt", t.DstPorts, t.Inv&invDstPort != 0)
	if t.Option != 0 || t.Inv&invOption != 0 {
		text += " option=" + bang(t.Inv&invOption != 0) + strconv.Itoa(int(t.Option))
	}
	if t.FlagMask != 0 || t.Inv&invFlags != 0 {
		inv := bang(t.Inv&invFlags != 0)
		if n.numeric {
			text += fmt.Sprintf(" flags:%s0x%02X/0x%02X", inv, t.FlagMask, t.FlagCmp)
		} else {
			text += " flags:" + inv + flagNames(t.FlagMask) + "/" + flagNames(t.FlagCmp)
		}
	}
	return text
}

func (t *transport) listPorts(n *naming, word string, ports [2]uint16, inv bool) string {
	switch {
	case anyPort(ports, inv):
		return ""
	case ports[0] == ports[1]:
		return " " + word + ":" + bang(inv) + n.port(ports[0], t.name())
	}
	return " " + word + "s:" + bang(inv) + n.port(ports[0], t.name()) + ":" + n.port(ports[1], t.name())
}
