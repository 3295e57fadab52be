//go:build linux

package rtnl

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

const brportNeighForwardGrat = 45 // IFLA_BRPORT_NEIGH_FORWARD_GRAT

// BridgePort is what a link has as a port of a bridge: IFLA_BRPORT_* of
// linux/if_link.h. Switches are 0 or 1; timers are in hundredths of a second.
type BridgePort struct {
	_ [0]func() // it is not compared, which would be much code

	State             nl.Opt[PortState]
	Priority          nl.Opt[uint16]
	Cost              nl.Opt[uint32]
	Hairpin           nl.Opt[uint8] // IFLA_BRPORT_MODE
	Guard             nl.Opt[uint8]
	Protect           nl.Opt[uint8] // root block
	FastLeave         nl.Opt[uint8]
	Learning          nl.Opt[uint8]
	Flood             nl.Opt[uint8] // of unknown unicasts
	ProxyARP          nl.Opt[uint8]
	LearningSync      nl.Opt[uint8]
	ProxyARPWifi      nl.Opt[uint8]
	McastRouter       nl.Opt[uint8]
	McastFlood        nl.Opt[uint8]
	McastToUcast      nl.Opt[uint8]
	VLANTunnel        nl.Opt[uint8]
	BcastFlood        nl.Opt[uint8]
	GroupFwdMask      nl.Opt[uint16]
	NeighSuppress     nl.Opt[uint8]
	Isolated          nl.Opt[uint8]
	BackupPort        nl.Opt[uint32]
	EHTHostsLimit     nl.Opt[uint32]
	Locked            nl.Opt[uint8]
	MAB               nl.Opt[uint8]
	McastMaxGroups    nl.Opt[uint32]
	NeighVLANSuppress nl.Opt[uint8]
	BackupNHID        nl.Opt[uint32]
	NeighForwardGrat  nl.Opt[uint8] // gratuitous ARP passes neigh_suppress; Linux 7.1
	Flush             bool          // in requests: forget the addresses learned here

	// Read only.
	RootID, BridgeID  BridgeID
	DesignatedPort    nl.Opt[uint16]
	DesignatedCost    nl.Opt[uint16]
	ID                nl.Opt[uint16]
	No                nl.Opt[uint16]
	TopologyChangeAck nl.Opt[uint8]
	ConfigPending     nl.Opt[uint8]
	MessageAgeTimer   nl.Opt[uint64]
	ForwardDelayTimer nl.Opt[uint64]
	HoldTimer         nl.Opt[uint64]
	MRPRingOpen       nl.Opt[uint8]
	MRPInOpen         nl.Opt[uint8]
	EHTHosts          nl.Opt[uint32]
	McastGroups       nl.Opt[uint32]
}

func (p *BridgePort) fields(c *nl.Coder) {
	nl.OptU8(c, unix.IFLA_BRPORT_STATE, "IFLA_BRPORT_STATE", &p.State)
	nl.OptU16(c, unix.IFLA_BRPORT_PRIORITY, "IFLA_BRPORT_PRIORITY", &p.Priority)
	nl.OptU32(c, unix.IFLA_BRPORT_COST, "IFLA_BRPORT_COST", &p.Cost)
	nl.OptU8(c, unix.IFLA_BRPORT_MODE, "IFLA_BRPORT_MODE", &p.Hairpin)
	nl.OptU8(c, unix.IFLA_BRPORT_GUARD, "IFLA_BRPORT_GUARD", &p.Guard)
	nl.OptU8(c, unix.IFLA_BRPORT_PROTECT, "IFLA_BRPORT_PROTECT", &p.Protect)
	nl.OptU8(c, unix.IFLA_BRPORT_FAST_LEAVE, "IFLA_BRPORT_FAST_LEAVE", &p.FastLeave)
	nl.OptU8(c, unix.IFLA_BRPORT_LEARNING, "IFLA_BRPORT_LEARNING", &p.Learning)
	nl.OptU8(c, unix.IFLA_BRPORT_UNICAST_FLOOD, "IFLA_BRPORT_UNICAST_FLOOD", &p.Flood)
	nl.OptU8(c, unix.IFLA_BRPORT_PROXYARP, "IFLA_BRPORT_PROXYARP", &p.ProxyARP)
	nl.OptU8(c, unix.IFLA_BRPORT_LEARNING_SYNC, "IFLA_BRPORT_LEARNING_SYNC", &p.LearningSync)
	nl.OptU8(c, unix.IFLA_BRPORT_PROXYARP_WIFI, "IFLA_BRPORT_PROXYARP_WIFI", &p.ProxyARPWifi)
	nl.OptU8(c, unix.IFLA_BRPORT_MULTICAST_ROUTER, "IFLA_BRPORT_MULTICAST_ROUTER", &p.McastRouter)
	nl.OptU8(c, unix.IFLA_BRPORT_MCAST_FLOOD, "IFLA_BRPORT_MCAST_FLOOD", &p.McastFlood)
	nl.OptU8(c, unix.IFLA_BRPORT_MCAST_TO_UCAST, "IFLA_BRPORT_MCAST_TO_UCAST", &p.McastToUcast)
	nl.OptU8(c, unix.IFLA_BRPORT_VLAN_TUNNEL, "IFLA_BRPORT_VLAN_TUNNEL", &p.VLANTunnel)
	nl.OptU8(c, unix.IFLA_BRPORT_BCAST_FLOOD, "IFLA_BRPORT_BCAST_FLOOD", &p.BcastFlood)
	nl.OptU16(c, unix.IFLA_BRPORT_GROUP_FWD_MASK, "IFLA_BRPORT_GROUP_FWD_MASK", &p.GroupFwdMask)
	nl.OptU8(c, unix.IFLA_BRPORT_NEIGH_SUPPRESS, "IFLA_BRPORT_NEIGH_SUPPRESS", &p.NeighSuppress)
	nl.OptU8(c, unix.IFLA_BRPORT_ISOLATED, "IFLA_BRPORT_ISOLATED", &p.Isolated)
	nl.OptU32(c, unix.IFLA_BRPORT_BACKUP_PORT, "IFLA_BRPORT_BACKUP_PORT", &p.BackupPort)
	nl.OptU32(c, unix.IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT, "IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT", &p.EHTHostsLimit)
	nl.OptU8(c, unix.IFLA_BRPORT_LOCKED, "IFLA_BRPORT_LOCKED", &p.Locked)
	nl.OptU8(c, unix.IFLA_BRPORT_MAB, "IFLA_BRPORT_MAB", &p.MAB)
	nl.OptU32(c, unix.IFLA_BRPORT_MCAST_MAX_GROUPS, "IFLA_BRPORT_MCAST_MAX_GROUPS", &p.McastMaxGroups)
	nl.OptU8(c, unix.IFLA_BRPORT_NEIGH_VLAN_SUPPRESS, "IFLA_BRPORT_NEIGH_VLAN_SUPPRESS", &p.NeighVLANSuppress)
	nl.OptU32(c, unix.IFLA_BRPORT_BACKUP_NHID, "IFLA_BRPORT_BACKUP_NHID", &p.BackupNHID)
	nl.OptU8(c, brportNeighForwardGrat, "IFLA_BRPORT_NEIGH_FORWARD_GRAT", &p.NeighForwardGrat)
	nl.Flag(c, unix.IFLA_BRPORT_FLUSH, "IFLA_BRPORT_FLUSH", &p.Flush)
	p.state(c)
}

// state codes what can only be read.
func (p *BridgePort) state(c *nl.Coder) {
	p.RootID.fields(c, unix.IFLA_BRPORT_ROOT_ID, "IFLA_BRPORT_ROOT_ID")
	p.BridgeID.fields(c, unix.IFLA_BRPORT_BRIDGE_ID, "IFLA_BRPORT_BRIDGE_ID")
	nl.OptU16(c, unix.IFLA_BRPORT_DESIGNATED_PORT, "IFLA_BRPORT_DESIGNATED_PORT", &p.DesignatedPort)
	nl.OptU16(c, unix.IFLA_BRPORT_DESIGNATED_COST, "IFLA_BRPORT_DESIGNATED_COST", &p.DesignatedCost)
	nl.OptU16(c, unix.IFLA_BRPORT_ID, "IFLA_BRPORT_ID", &p.ID)
	nl.OptU16(c, unix.IFLA_BRPORT_NO, "IFLA_BRPORT_NO", &p.No)
	nl.OptU8(c, unix.IFLA_BRPORT_TOPOLOGY_CHANGE_ACK, "IFLA_BRPORT_TOPOLOGY_CHANGE_ACK", &p.TopologyChangeAck)
	nl.OptU8(c, unix.IFLA_BRPORT_CONFIG_PENDING, "IFLA_BRPORT_CONFIG_PENDING", &p.ConfigPending)
	nl.OptU64(c, unix.IFLA_BRPORT_MESSAGE_AGE_TIMER, "IFLA_BRPORT_MESSAGE_AGE_TIMER", &p.MessageAgeTimer)
	nl.OptU64(c, unix.IFLA_BRPORT_FORWARD_DELAY_TIMER, "IFLA_BRPORT_FORWARD_DELAY_TIMER", &p.ForwardDelayTimer)
	nl.OptU64(c, unix.IFLA_BRPORT_HOLD_TIMER, "IFLA_BRPORT_HOLD_TIMER", &p.HoldTimer)
	nl.OptU8(c, unix.IFLA_BRPORT_MRP_RING_OPEN, "IFLA_BRPORT_MRP_RING_OPEN", &p.MRPRingOpen)
	nl.OptU8(c, unix.IFLA_BRPORT_MRP_IN_OPEN, "IFLA_BRPORT_MRP_IN_OPEN", &p.MRPInOpen)
	nl.OptU32(c, unix.IFLA_BRPORT_MCAST_EHT_HOSTS_CNT, "IFLA_BRPORT_MCAST_EHT_HOSTS_CNT", &p.EHTHosts)
	nl.OptU32(c, unix.IFLA_BRPORT_MCAST_N_GROUPS, "IFLA_BRPORT_MCAST_N_GROUPS", &p.McastGroups)
	nl.Pad(c, unix.IFLA_BRPORT_PAD, "IFLA_BRPORT_PAD")
}

// protInfo codes IFLA_PROTINFO, in which AF_BRIDGE has the port. What AF_INET6
// has there is also in IFLA_AF_SPEC, and is left to Other.
func (l *Link) protInfo(c *nl.Coder) {
	if c.Decoding() && l.Family != unix.AF_BRIDGE {
		return
	}
	if !c.NestIf(unix.IFLA_PROTINFO, "IFLA_PROTINFO", l.Port != nil) {
		return
	}
	make1(&l.Port).fields(c)
	c.End()
}
