//go:build linux

package rtnl

import (
	"github.com/minins/minins/nl"
)

// A NetConf is what /proc/sys/net/ipv4/conf/NAME and the like hold for a link:
// struct netconfmsg and NETCONFA_* of linux/netconf.h, the body of
// RTM_NEWNETCONF, RTM_DELNETCONF and RTM_GETNETCONF.
type NetConf struct {
	Family Family

	Index          nl.Opt[int32] // of the link, or NetConfAll or NetConfDefault
	Forwarding     nl.Opt[uint32]
	RPFilter       nl.Opt[uint32] // 0 off, 1 strict, 2 loose
	MCForwarding   nl.Opt[uint32]
	ProxyNeigh     nl.Opt[uint32]
	IgnoreLinkDown nl.Opt[uint32]
	Input          nl.Opt[uint32] // MPLS
	Other          []byte         // attributes that are not modelled, as they came
}

// Indexes of settings that are not of one link, from linux/netconf.h.
const (
	NetConfAll     = -1 // NETCONFA_IFINDEX_ALL
	NetConfDefault = -2 // NETCONFA_IFINDEX_DEFAULT
)

// Attributes of linux/netconf.h, which x/sys lacks.
const (
	netconfIndex           = 1 // NETCONFA_IFINDEX
	netconfForwarding      = 2 // NETCONFA_FORWARDING
	netconfRPFilter        = 3 // NETCONFA_RP_FILTER
	netconfMCForwarding    = 4 // NETCONFA_MC_FORWARDING
	netconfProxyNeigh      = 5 // NETCONFA_PROXY_NEIGH
	netconfIgnoreLinkDown  = 6 // NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN
	netconfInput           = 7 // NETCONFA_INPUT
	netconfBCForwarding    = 8 // NETCONFA_BC_FORWARDING
	netconfForceForwarding = 9 // NETCONFA_FORCE_FORWARDING
)

// Fields is the one description of struct netconfmsg and NETCONFA_*.
func (n *NetConf) Fields(c *nl.Coder) {
	if c.Decoding() {
		*n = NetConf{}
	}
	nl.M8(c, "ncm_family", &n.Family)
	c.Skip("(pad)", 3)
	nl.OptU32(c, netconfIndex, "NETCONFA_IFINDEX", &n.Index)
	nl.OptU32(c, netconfForwarding, "NETCONFA_FORWARDING", &n.Forwarding)
	nl.OptU32(c, netconfRPFilter, "NETCONFA_RP_FILTER", &n.RPFilter)
	nl.OptU32(c, netconfMCForwarding, "NETCONFA_MC_FORWARDING", &n.MCForwarding)
	nl.OptU32(c, netconfProxyNeigh, "NETCONFA_PROXY_NEIGH", &n.ProxyNeigh)
	nl.OptU32(c, netconfIgnoreLinkDown, "NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN", &n.IgnoreLinkDown)
	nl.OptU32(c, netconfInput, "NETCONFA_INPUT", &n.Input)
	c.Name(netconfBCForwarding, "NETCONFA_BC_FORWARDING", nl.KindBytes)
	c.Name(netconfForceForwarding, "NETCONFA_FORCE_FORWARDING", nl.KindBytes)
	c.Rest(&n.Other)
}
