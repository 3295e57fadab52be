//go:build linux

package ping

import "fmt"

// errorText4 puts an ICMP error (RFC 792, 1122, 1812) into words. info is the
// next hop's MTU or the pointer, as of struct sock_extended_err.
func errorText4(typ, code byte, info uint32) string {
	switch typ {
	case 3:
		return unreachable4(code, info)
	case sourceQuench4:
		return "Source Quench"
	case 11:
		switch code {
		case 0:
			return "Time to live exceeded"
		case 1:
			return "Frag reassembly time exceeded"
		}
		return fmt.Sprintf("Time exceeded, Bad Code: %d", code)
	case 12:
		return fmt.Sprintf("Parameter problem: pointer = %d", info)
	}
	return fmt.Sprintf("Bad ICMP type: %d", typ)
}

func unreachable4(code byte, mtu uint32) string {
	switch code {
	case 0:
		return "Destination Net Unreachable"
	case 1:
		return "Destination Host Unreachable"
	case 2:
		return "Destination Protocol Unreachable"
	case 3:
		return "Destination Port Unreachable"
	case 4:
		return fmt.Sprintf("Frag needed and DF set (mtu = %d)", mtu)
	case 5:
		return "Source Route Failed"
	case 6:
		return "Destination Net Unknown"
	case 7:
		return "Destination Host Unknown"
	case 8:
		return "Source Host Isolated"
	case 9:
		return "Destination Net Prohibited"
	case 10:
		return "Destination Host Prohibited"
	case 11:
		return "Destination Net Unreachable for Type of Service"
	case 12:
		return "Destination Host Unreachable for Type of Service"
	case 13:
		return "Packet filtered"
	case 14:
		return "Precedence Violation"
	case 15:
		return "Precedence Cutoff"
	}
	return fmt.Sprintf("Dest Unreachable, Bad Code: %d", code)
}

// redirectText is what an ICMP redirect to that gateway says.
func redirectText(code byte, gateway string) string {
	what := fmt.Sprintf("Redirect, Bad Code: %d", code)
	switch code {
	case 0:
		what = "Redirect Network"
	case 1:
		what = "Redirect Host"
	case 2:
		what = "Redirect Type of Service and Network"
	case 3:
		what = "Redirect Type of Service and Host"
	}
	return what + "(New nexthop: " + gateway + ")"
}

// errorText6 puts an ICMPv6 error (RFC 4443) into words.
func errorText6(typ, code byte, info uint32) string {
	switch typ {
	case 1:
		return "Destination unreachable: " + unreachable6(code)
	case 2:
		text := fmt.Sprintf("Packet too big: mtu=%d", info)
		if code != 0 {
			text += fmt.Sprintf(", code=%d", code)
		}
		return text
	case 3:
		switch code {
		case 0:
			return "Time exceeded: Hop limit"
		case 1:
			return "Time exceeded: Defragmentation failure"
		}
		return fmt.Sprintf("Time exceeded: code %d", code)
	case 4:
		what := fmt.Sprintf("code %d", code)
		switch code {
		case 0:
			what = "Wrong header field"
		case 1:
			what = "Unknown header"
		case 2:
			what = "Unknown option"
		}
		return fmt.Sprintf("Parameter problem: %s at %d", what, info)
	}
	return fmt.Sprintf("unknown icmp type: %d", typ)
}

func unreachable6(code byte) string {
	switch code {
	case 0:
		return "No route"
	case 1:
		return "Administratively prohibited"
	case 2:
		return "Beyond scope of source address"
	case 3:
		return "Address unreachable"
	case 4:
		return "Port unreachable"
	}
	return fmt.Sprintf("Unknown code %d", code)
}
