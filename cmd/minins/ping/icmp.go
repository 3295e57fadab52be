//go:build linux

package ping

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// six is added to the types of ICMPv6 where both kinds are in one table.
const six = 0x80

// icmpErrors puts ICMP errors into words (RFC 792, 1122, 1812, 4443).
var icmpErrors = [...]struct {
	typ   byte
	what  string   // for all codes
	codes []string // after it, for each
	other string   // instead of these, before the number of another code
}{
	{3, "", []string{
		"Destination Net Unreachable", "Destination Host Unreachable", "Destination Protocol Unreachable",
		"Destination Port Unreachable", "Frag needed and DF set", "Source Route Failed", "Destination Net Unknown",
		"Destination Host Unknown", "Source Host Isolated", "Destination Net Prohibited", "Destination Host Prohibited",
		"Destination Net Unreachable for Type of Service", "Destination Host Unreachable for Type of Service",
		"Packet filtered", "Precedence Violation", "Precedence Cutoff",
	}, "Dest Unreachable, Bad Code: "},
	{sourceQuench4, "Source Quench", nil, ""},
	{redirect4, "", []string{
		"Redirect Network", "Redirect Host", "Redirect Type of Service and Network", "Redirect Type of Service and Host",
	}, "Redirect, Bad Code: "},
	{11, "", []string{"Time to live exceeded", "Frag reassembly time exceeded"}, "Time exceeded, Bad Code: "},
	{12, "Parameter problem: pointer = ", nil, ""},
	{six + 1, "Destination unreachable: ", []string{
		"No route", "Administratively prohibited", "Beyond scope of source address", "Address unreachable", "Port unreachable",
	}, "Unknown code "},
	{six + 2, "Packet too big: mtu=", nil, ""},
	{six + 3, "Time exceeded: ", []string{"Hop limit", "Defragmentation failure"}, "code "},
	{six + 4, "Parameter problem: ", []string{"Wrong header field", "Unknown header", "Unknown option"}, "code "},
}

// errorText puts an ICMP error into words. info is the next hop's MTU or its
// address, or the pointer, as of struct sock_extended_err.
func (s *session) errorText(typ, code byte, info uint32) string {
	number, codeNumber := strconv.Itoa(int(info)), strconv.Itoa(int(code))
	for i := range icmpErrors {
		e := &icmpErrors[i]
		if e.typ != typ {
			continue
		}
		text := e.what
		if int(code) < len(e.codes) {
			text += e.codes[code]
		} else if e.other != "" {
			text += e.other + codeNumber
		}
		switch {
		case typ == 3 && code == 4:
			text += " (mtu = " + number + ")"
		case typ == redirect4:
			text += "(New nexthop: " + s.name(netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, info)))) + ")"
		case typ == 12, typ == six+2:
			text += number
		case typ == six+4:
			text += " at " + number
		}
		if typ == six+2 && code != 0 {
			text += ", code=" + codeNumber
		}
		return text
	}
	if typ >= six {
		return "unknown icmp type: " + strconv.Itoa(int(typ-six))
	}
	return "Bad ICMP type: " + strconv.Itoa(int(typ))
}
