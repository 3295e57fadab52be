//go:build linux

package rtnl

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// VRF is what a link of kind "vrf" has of its own: IFLA_VRF_* of linux/if_link.h. Packets that
// come in by its ports, and those of sockets bound to it, are routed by its table alone, once a
// rule says so; the kernel adds that rule with the first VRF (FRA_L3MDEV).
//
// Equivalent to: `ip link add $name type vrf table 10`
type VRF struct {
	Table nl.Opt[uint32] // of its routes
}

func (v *VRF) fields(c *nl.Coder) {
	if v != nil {
		nl.OptU32(c, unix.IFLA_VRF_TABLE, "IFLA_VRF_TABLE", &v.Table)
	}
}
