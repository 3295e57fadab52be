//go:build linux

package ping

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"github.com/minins/minins/cmd/minins/internal/iputils"
)

// IP options, RFC 791: type, length, pointer to the next free byte, counted
// from 1, then what routers fill in.
const (
	optEnd   = 0
	optNop   = 1
	optRoute = 7    // addresses
	optTimes = 0x44 // overflow and kind in a byte, then times in ms since midnight

	timesOnly    = 0 // -T tsonly
	timesAddress = 1 // -T tsandaddr: each time with an address before it
	timesAsked   = 3 // -T tsprespec: from named hops, of which there are none here

	maxOptions = 40
)

// routeOption is what -R sends: room for nine addresses.
func routeOption() []byte {
	b := make([]byte, maxOptions)
	copy(b, []byte{optNop, optRoute, maxOptions - 1, 4})
	return b
}

// timesOption is what -T sends.
func timesOption(kind string) ([]byte, error) {
	b := make([]byte, maxOptions)
	copy(b, []byte{optTimes, maxOptions - 4, 5, timesAddress})
	switch kind {
	case "tsandaddr":
	case "tsonly":
		b[1], b[3] = maxOptions, timesOnly
	case "tsprespec":
		b[1], b[3] = 4, timesAsked
	default:
		return nil, iputils.Fail(2, "invalid timestamp type: %s", kind)
	}
	return b[:b[1]], nil
}

// ipOptions shows those of a reply.
func (s *session) ipOptions(b []byte) string {
	text := ""
	for len(b) > 0 && b[0] != optEnd {
		if b[0] == optNop {
			text += "\nNOP"
			b = b[1:]
			continue
		}
		if len(b) < 4 || int(b[1]) < 2 || int(b[1]) > len(b) {
			break
		}
		filled := b[:min(max(int(b[2])-1, 3), int(b[1]))] // as far as routers have filled it in
		switch b[0] {
		case optRoute:
			if filled = filled[3:]; len(filled) == 0 {
				break
			}
			if string(filled) == s.lastRoute {
				text += "\t(same route)"
				break
			}
			s.lastRoute = string(filled)
			text += "\nRR: "
			for ; len(filled) >= 4; filled = filled[4:] {
				text += s.hop(filled) + "\n"
			}
		case optTimes:
			text += s.times(filled[3:], b[3])
		default:
			text += "\nunknown option " + strconv.FormatUint(uint64(b[0]), 16)
		}
		b = b[b[1]:]
	}
	return text
}

// hop shows an address that a router left.
func (s *session) hop(b []byte) string { return "\t" + s.name(netip.AddrFrom4([4]byte(b))) }

// times shows what is in a timestamp option: the first time, and what the
// others are later.
func (s *session) times(b []byte, flags byte) string {
	if len(b) < 2 {
		return ""
	}
	var text strings.Builder
	text.WriteString("\nTS: ")
	first := 0
	for b = b[1:]; len(b) >= 4; b = b[4:] {
		if flags&0x0f != timesOnly {
			text.WriteString(s.hop(b))
			if b = b[4:]; len(b) < 4 {
				break
			}
		}
		at := int(binary.BigEndian.Uint32(b) & 0x7fffffff)
		text.WriteString("\t" + strconv.Itoa(at-first))
		if first == 0 {
			text.WriteString(" absolute")
		}
		if b[0]&0x80 != 0 {
			text.WriteString(" not-standard")
		}
		text.WriteByte('\n')
		first = at
	}
	if flags>>4 != 0 {
		text.WriteString("Unrecorded hops: " + strconv.Itoa(int(flags>>4)) + "\n")
	}
	return text.String()
}
