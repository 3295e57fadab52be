//go:build linux

// Package ntop writes addresses as inet_ntop(3) does.
package ntop

import "net/netip"

// Append appends an address as inet_ntop(3) writes it, which has the last four
// bytes of ::/96 in decimal, unless only two of them are there: ::1.2.3.4, but ::1.
func Append(b []byte, a netip.Addr) []byte {
	if n := a.As16(); a.Is6() && a.Zone() == "" && [12]byte(n[:]) == [12]byte{} && (n[12]|n[13]) != 0 {
		b, a = append(b, "::"...), netip.AddrFrom4([4]byte(n[12:]))
	}
	return a.AppendTo(b)
}

// Text is what [Append] appends.
func Text(a netip.Addr) string { return string(Append(nil, a)) }
