//go:build linux

package iptables

import (
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/minins/minins/internal/ntop"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
)

// iprange is the match iprange: addresses from one to another.
type iprange struct {
	_ [0]func() // not to be compared: that would take code

	family nft.Family
	ends   [4]netip.Addr // source from, to, destination from, to
	flags  uint8
}

var iprangeOptions = []option{
	{long: "src-range", arg: required, invert: true}, {long: "dst-range", arg: required, invert: true},
}

// IPRANGE_* of linux/netfilter/xt_iprange.h.
const (
	rangeSrc    = 1 << 0
	rangeDst    = 1 << 1
	rangeSrcInv = 1 << 4
	rangeDstInv = 1 << 5
)

func (*iprange) name() string { return "iprange" }

func (m *iprange) set(s *setting) error {
	first, last, isRange := strings.Cut(s.arg, "-")
	if !isRange {
		last = first
	}
	from, ok1 := parseAddr(m.family, first)
	to, ok2 := parseAddr(m.family, last)
	if !ok1 || !ok2 {
		return wrong(`iprange: Bad value for "--` + s.option + `" option: "` + s.arg + `"`)
	}
	at, flag, inv := 0, uint8(rangeSrc), uint8(rangeSrcInv)
	if s.option == "dst-range" {
		at, flag, inv = 2, rangeDst, rangeDstInv
	}
	m.ends[at], m.ends[at+1] = from, to
	m.flags |= flag
	if s.inv {
		m.flags |= inv
	}
	return nil
}

// warning is what iptables says of a range that holds nothing.
func (m *iprange) warning() string {
	for i := 0; i < 4; i += 2 {
		if m.ends[i].IsValid() && m.ends[i+1].Less(m.ends[i]) {
			return "xt_iprange: range " + m.text(i) + " is reversed and will never match"
		}
	}
	return ""
}

func (m *iprange) save() string {
	text := ""
	if m.flags&rangeSrc != 0 {
		text = not(m.flags&rangeSrcInv != 0) + " --src-range " + m.text(0)
	}
	if m.flags&rangeDst != 0 {
		text += not(m.flags&rangeDstInv != 0) + " --dst-range " + m.text(2)
	}
	return text
}

func (m *iprange) list(*naming) string {
	text := ""
	if m.flags&rangeSrc != 0 {
		text = " source IP range" + not(m.flags&rangeSrcInv != 0) + " " + m.text(0)
	}
	if m.flags&rangeDst != 0 {
		text += " destination IP range" + not(m.flags&rangeDstInv != 0) + " " + m.text(2)
	}
	return text
}

// text is the range from ends[i] on.
func (m *iprange) text(i int) string {
	return ntop.Text(m.ends[i]) + "-" + ntop.Text(m.ends[i+1])
}

// info is struct xt_iprange_mtinfo.
func (m *iprange) info() xt.Info {
	var b []byte
	for _, a := range m.ends {
		i := xt.InetFrom(a)
		b = append(b, i[:]...)
	}
	b = append(b, m.flags, 0, 0, 0, 0, 0, 0, 0)
	return &xt.Raw{Extension: "iprange", Revision: 1, Data: b}
}

func iprangeFrom(f nft.Family, b []byte) (extension, bool) {
	if len(b) < 65 {
		return nil, false
	}
	m := &iprange{family: f, flags: b[64]}
	for i := range m.ends {
		m.ends[i] = inet(f, xt.Inet(b[16*i:]))
	}
	return m, true
}

// mac is the match mac: the Ethernet source address.
type mac struct {
	addr [6]byte
	inv  bool
}

var macOptions = []option{{long: "mac-source", arg: required, must: true, invert: true}}

func (*mac) name() string { return "mac" }

func (m *mac) set(s *setting) error {
	m.inv = s.inv
	parts := strings.Split(s.arg, ":")
	for i, part := range parts {
		if len(parts) != len(m.addr) || len(part) == 0 || len(part) > 2 {
			return wrong("Invalid MAC address specified.")
		}
		n := 0
		for _, c := range strings.ToLower(part) {
			digit := strings.IndexRune("0123456789abcdef", c)
			if digit < 0 {
				return wrong("Invalid MAC address specified.")
			}
			n = 16*n + digit
		}
		m.addr[i] = byte(n)
	}
	return nil
}

func (m *mac) text() string { return nl.HardwareAddrFrom(m.addr[:]).String() }

func (m *mac) save() string { return not(m.inv) + " --mac-source " + m.text() }

func (m *mac) list(*naming) string { return " MAC" + not(m.inv) + " " + m.text() }

// info is struct xt_mac_info of linux/netfilter/xt_mac.h.
func (m *mac) info() xt.Info {
	b := append(m.addr[:], 0, 0)
	invert := uint32(0)
	if m.inv {
		invert = 1
	}
	b = binary.NativeEndian.AppendUint32(b, invert)
	return &xt.Raw{Extension: "mac", Data: append(b, 0, 0, 0, 0)}
}

func macFrom(b []byte) (extension, bool) {
	if len(b) < 12 {
		return nil, false
	}
	return &mac{addr: [6]byte(b), inv: binary.NativeEndian.Uint32(b[8:]) != 0}, true
}
