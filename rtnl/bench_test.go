//go:build linux

package rtnl

import (
	"net/netip"
	"testing"

	"github.com/minins/minins/nl"
)

func BenchmarkEncodeRoute(b *testing.B) {
	for _, p := range []string{"10.1.2.3/32", "fd00::1/128"} {
		b.Run(p, func(b *testing.B) {
			dst := netip.MustParsePrefix(p)
			r := &Route{Family: 2, Dst: dst, Gateway: dst.Addr(), OIF: 4, Table: 254, Protocol: 3, Type: 1}
			var c nl.Coder
			buf := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Append(buf, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodeRoute(b *testing.B) {
	dst := netip.MustParsePrefix("10.1.2.3/32")
	r := &Route{Family: 2, Dst: dst, Gateway: dst.Addr(), OIF: 4, Table: 254, Protocol: 3, Type: 1}
	var c nl.Coder
	buf, _ := c.Append(nil, r)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Decode(buf, r); err != nil {
			b.Fatal(err)
		}
	}
}
