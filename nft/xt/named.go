//go:build linux

package xt

import "github.com/minins/minins/nl"

// describeRaw names the members of structs that have no type here and are
// decoded as a [*Raw], so that they can be explained.
func describeRaw(c *nl.Coder, k Kind) {
	if k == TargetKind {
		if c.Case("LOG/0") { // struct xt_log_info of linux/netfilter/xt_LOG.h
			octets(c, "level", "logflags")
			nl.MStr(c, "prefix", make([]byte, 30))
		}
		if c.Case("TCPMSS/0") { // struct xt_tcpmss_info of linux/netfilter/xt_TCPMSS.h
			nl.M16(c, "mss", new(uint16))
			pad(c, 2)
		}
		return
	}
	if c.Case("iprange/1") { // struct xt_iprange_mtinfo of linux/netfilter/xt_iprange.h
		for _, name := range [...]string{"src_min", "src_max", "dst_min", "dst_max"} {
			nl.MInet(c, name, new([16]byte))
		}
		octets(c, "flags")
		c.Skip("(pad)", 3) // to the alignment of a u32
		pad(c, 68)
	}
	if c.Case("mac/0") { // struct xt_mac_info of linux/netfilter/xt_mac.h
		nl.MBytes(c, "srcaddr", make([]byte, 6))
		c.Skip("(pad)", 2)
		nl.M32(c, "invert", new(uint32))
		pad(c, 12)
	}
}

func octets(c *nl.Coder, names ...string) {
	for _, name := range names {
		nl.M8(c, name, new(uint8))
	}
}
