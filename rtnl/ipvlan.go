//go:build linux

package rtnl

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// IPVLAN is what a link of kind "ipvlan" or "ipvtap" has of its own: IFLA_IPVLAN_* of
// linux/if_link.h. Its Parent is the device that it shares, link-layer address and all. All
// that share a device have one mode and the same flags.
//
// Equivalent to: `ip link add link $parent name $name type ipvlan mode l3`
type IPVLAN struct {
	Mode  nl.Opt[uint16] // IPVLAN_MODE_*: 0 L2, by its own namespace; 1 L3, by routes of the parent's; 2 L3S, through its netfilter too
	Flags nl.Opt[uint16] // IPVLAN_F_*: 1 PRIVATE, those of one parent do not speak with each other, 2 VEPA, they do by way of the switch that it is at
}

func (i *IPVLAN) fields(c *nl.Coder) {
	if i == nil {
		return
	}
	nl.OptU16(c, unix.IFLA_IPVLAN_MODE, "IFLA_IPVLAN_MODE", &i.Mode)
	nl.OptU16(c, unix.IFLA_IPVLAN_FLAGS, "IFLA_IPVLAN_FLAGS", &i.Flags)
}
