//go:build linux

package ip

import (
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/rtnl"
)

// A prefix is an address with a length, as typed: the bits beyond the length
// are kept, and so is whether a length was given at all.
type prefix struct {
	_ [0]func() // not to be compared: that would take code

	family rtnl.Family
	addr   netip.Addr // invalid for "default", "any" and "all"
	bits   int
	given  bool // with "/bits"
}

// set is the prefix in the form of package rtnl; invalid without address.
func (p *prefix) set() netip.Prefix {
	if !p.addr.IsValid() {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(p.addr, p.bits)
}

// contains reports whether a is in the prefix; all is, if it has no address.
func (p *prefix) contains(a netip.Addr) bool {
	if p.family == 0 && !p.addr.IsValid() {
		return true
	}
	if familyOf(a) != p.family {
		return false
	}
	if !p.addr.IsValid() {
		return true
	}
	return netip.PrefixFrom(p.addr, p.bits).Masked().Contains(a)
}

// hostBits is the length of an address of family f in bits.
func hostBits(f rtnl.Family) int {
	switch f {
	case unix.AF_INET:
		return 32
	case unix.AF_INET6:
		return 128
	}
	return 0
}

func familyOf(a netip.Addr) rtnl.Family {
	switch {
	case a.Is4():
		return unix.AF_INET
	case a.IsValid():
		return unix.AF_INET6
	}
	return 0
}

func isDefault(s string) bool { return s == "default" || s == "any" || s == "all" }

// parseAddr reads an address of family f, or of any if that is 0. IPv4 may be
// cut short: 10.1 is 10.1.0.0.
func parseAddr(s string, f rtnl.Family) (netip.Addr, bool) {
	if strings.Contains(s, ":") {
		a, err := netip.ParseAddr(s)
		return a, err == nil && a.Zone() == "" && f != unix.AF_INET
	}
	var b [4]byte
	for i := 0; f != unix.AF_INET6 && i < len(b); i++ {
		end := strings.IndexByte(s, '.')
		last := end < 0
		if last {
			end = len(s)
		}
		n, ok := number(s[:end], 8)
		if !ok {
			break
		}
		if b[i] = byte(n); last {
			return netip.AddrFrom4(b), true
		}
		s = s[end+1:]
	}
	return netip.Addr{}, false
}

// parsePrefix reads ADDRESS[/BITS] or ADDRESS/NETMASK.
func parsePrefix(s string, f rtnl.Family) (prefix, bool) {
	if isDefault(s) {
		return prefix{family: f}, true
	}
	text, mask, given := strings.Cut(s, "/")
	a, ok := parseAddr(text, f)
	if !ok {
		return prefix{}, false
	}
	p := prefix{family: familyOf(a), addr: a, bits: a.BitLen(), given: given}
	if given {
		p.bits, ok = maskBits(mask)
	}
	return p, ok && p.bits <= a.BitLen()
}

func maskBits(s string) (int, bool) {
	if !strings.Contains(s, ".") {
		n, ok := number(s, 31)
		return int(n), ok
	}
	a, ok := parseAddr(s, unix.AF_INET)
	if !ok {
		return 0, false
	}
	b := a.As4()
	m := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n := bits.LeadingZeros32(^m)
	return n, m<<n == 0
}

// expected is what a word of the wrong form gets.
func expected(f rtnl.Family, what, got string) error {
	kind := "any valid"
	if f != 0 {
		kind = familyName(f)
	}
	text := say("Error: %s %s is expected rather than \"%s\".", kind, what, got)
	return &failure{code: exitFailed, text: text, hint: addressHint(f, got), exits: true}
}

// addressHint says what is wrong with an address.
func addressHint(f rtnl.Family, s string) string {
	text, mask, given := strings.Cut(s, "/")
	if a, ok := parseAddr(text, 0); ok {
		switch {
		case f != 0 && familyOf(a) != f:
			return say("%s is an %s address", text, familyName(familyOf(a)))
		case given:
			return fmt.Sprintf("the length of a prefix of %s is 0 to %d, not %q", text, a.BitLen(), mask)
		}
	}
	for _, part := range strings.Split(text, ".") {
		if n, err := strconv.Atoi(part); err == nil && n > 255 && !strings.Contains(text, ":") {
			return fmt.Sprintf("%d is more than the 255 that a part of an address can be", n)
		}
	}
	if strings.Contains(s, ".") || strings.Contains(s, ":") {
		return ""
	}
	return say("%q is neither an address nor a keyword here", s)
}

// prefix is an argument that is a prefix of family f; where that is 0, the
// prefix settles it.
func (w *words) prefix(to *prefix, f *rtnl.Family) {
	w.arg()
	w.asPrefix(to, f)
}

// asPrefix reads the present word as a prefix.
func (w *words) asPrefix(to *prefix, f *rtnl.Family) {
	if w.refuseInet(*f, "prefix") {
		return
	}
	p, ok := parsePrefix(w.cur, *f)
	if !ok {
		w.fail(expected(*f, "prefix", w.cur))
	}
	if *to = p; *f == 0 {
		*f = p.family
	}
}

// refuseInet is true if there is a mistake already, or makes one of the present
// word, where links alone are in question.
func (w *words) refuseInet(f rtnl.Family, what string) bool {
	if w.err == nil && f == unix.AF_PACKET {
		text := say("Error: \"%s\" may be inet %s, but it is not allowed in this context.", w.cur, what)
		w.fail(&failure{code: exitFailed, text: text, exits: true})
	}
	return w.err != nil
}

// addr is an argument that is an address, with f as in prefix. "default",
// "any" and "all" are the unspecified address.
func (w *words) addr(to *netip.Addr, f *rtnl.Family) {
	w.arg()
	w.asAddr(to, f)
}

// asAddr reads the present word as an address.
func (w *words) asAddr(to *netip.Addr, f *rtnl.Family) {
	if w.refuseInet(*f, "address") {
		return
	}
	s := w.cur
	a, ok := parseAddr(s, *f)
	switch {
	case ok:
	case !isDefault(s):
		w.fail(expected(*f, "address", s))
	case *f == unix.AF_INET:
		a = netip.IPv4Unspecified()
	case *f == unix.AF_INET6:
		a = netip.IPv6Unspecified()
	}
	if *to = a; *f == 0 {
		*f = familyOf(a)
	}
}
