//go:build linux

package rtnl

import (
	"strconv"

	"github.com/minins/minins/nl"
)

// A NetConf is what /proc/sys/net/ipv4/conf/NAME and the like hold for a link:
// struct netconfmsg and NETCONFA_* of linux/netconf.h, the body of
// RTM_NEWNETCONF, RTM_DELNETCONF and RTM_GETNETCONF.
type NetConf struct {
	Family   Family
	Index    nl.Opt[int32]              // of the link, or NetConfAll or NetConfDefault
	Settings [netConfEnd]nl.Opt[uint32] // by their number; 0 is off, of most
	Other    []byte                     // attributes that are not modelled, as they came
}

// Indexes of settings that are not of one link, from linux/netconf.h.
const (
	NetConfAll     = -1 // NETCONFA_IFINDEX_ALL
	NetConfDefault = -2 // NETCONFA_IFINDEX_DEFAULT
)

// A NetConfSetting is NETCONFA_* of linux/netconf.h.
type NetConfSetting uint16

// The settings, in the kernel's order.
const (
	netConfIndex      NetConfSetting = 1 // NETCONFA_IFINDEX
	NetConfForwarding NetConfSetting = 2 // NETCONFA_FORWARDING
	NetConfRPFilter   NetConfSetting = 3 // NETCONFA_RP_FILTER: 1 is strict, 2 loose
	netConfInput      NetConfSetting = 7 // NETCONFA_INPUT, the last that iproute2 6.1 knows
	netConfEnd                       = netConfInput + 1
)

// String is the kernel's name.
func (s NetConfSetting) String() string {
	if int(s) < len(netConfNames) {
		return netConfNames[s]
	}
	return "NETCONFA_" + strconv.Itoa(int(s))
}

var netConfNames = [...]string{"NETCONFA_UNSPEC", "NETCONFA_IFINDEX", "NETCONFA_FORWARDING", "NETCONFA_RP_FILTER",
	"NETCONFA_MC_FORWARDING", "NETCONFA_PROXY_NEIGH", "NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN", "NETCONFA_INPUT",
	"NETCONFA_BC_FORWARDING", "NETCONFA_FORCE_FORWARDING"}

// Fields is the one description of struct netconfmsg and NETCONFA_*.
func (n *NetConf) Fields(c *nl.Coder) {
	if c.Decoding() {
		*n = NetConf{}
	}
	nl.M8(c, "ncm_family", &n.Family)
	c.Skip("(pad)", 3)
	nl.OptU32(c, uint16(netConfIndex), "NETCONFA_IFINDEX", &n.Index)
	for i := NetConfForwarding; i < netConfEnd; i++ {
		nl.OptU32(c, uint16(i), i.String(), &n.Settings[i])
	}
	for i := netConfEnd; int(i) < len(netConfNames); i++ {
		c.Name(uint16(i), i.String(), nl.KindBytes)
	}
	c.Rest(&n.Other)
}
