//go:build linux

package rtnl

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

const brSTPMode = 50 // IFLA_BR_STP_MODE

// Bridge is what a link of kind "bridge" has of its own: IFLA_BR_* of
// linux/if_link.h. Times are in hundredths of a second.
type Bridge struct {
	ForwardDelay  nl.Opt[uint32]
	HelloTime     nl.Opt[uint32]
	MaxAge        nl.Opt[uint32]
	AgeingTime    nl.Opt[uint32]
	STPState      nl.Opt[uint32] // 0 off, 1 the kernel's, 2 a daemon's
	Priority      nl.Opt[uint16]
	VLANFiltering nl.Opt[uint8]
	VLANProtocol  uint16 // ETH_P_*, network order
	GroupFwdMask  nl.Opt[uint16]
	GroupAddr     nl.HardwareAddr
	FDBFlush      bool // in requests: forget all learned addresses

	McastRouter          nl.Opt[uint8]
	McastSnooping        nl.Opt[uint8]
	McastQueryUseIfAddr  nl.Opt[uint8]
	McastQuerier         nl.Opt[uint8]
	McastHashElasticity  nl.Opt[uint32]
	McastHashMax         nl.Opt[uint32]
	McastLastMemberCount nl.Opt[uint32]
	McastStartupCount    nl.Opt[uint32]
	McastLastMemberIntvl nl.Opt[uint64]
	McastMembershipIntvl nl.Opt[uint64]
	McastQuerierIntvl    nl.Opt[uint64]
	McastQueryIntvl      nl.Opt[uint64]
	McastQueryRespIntvl  nl.Opt[uint64]
	McastStartupIntvl    nl.Opt[uint64]
	McastStats           nl.Opt[uint8]
	McastIGMPVersion     nl.Opt[uint8]
	McastMLDVersion      nl.Opt[uint8]
	McastQuerierState    []byte // attributes BRIDGE_QUERIER_*

	NFCallIPTables   nl.Opt[uint8]
	NFCallIP6Tables  nl.Opt[uint8]
	NFCallARPTables  nl.Opt[uint8]
	VLANDefaultPVID  nl.Opt[uint16]
	VLANStats        nl.Opt[uint8]
	VLANStatsPerPort nl.Opt[uint8]
	BoolOpts         nl.Opt[BoolOpts]
	FDBMaxLearned    nl.Opt[uint32]
	STPMode          nl.Opt[uint32] // BR_STP_MODE_*, who decides on STP: 0 the kernel's helper, 1 a daemon, 2 the kernel; Linux 7.1

	// Read only.
	RootID, BridgeID       BridgeID
	RootPort               nl.Opt[uint16]
	RootPathCost           nl.Opt[uint32]
	TopologyChange         nl.Opt[uint8]
	TopologyChangeDetected nl.Opt[uint8]
	HelloTimer             nl.Opt[uint64]
	TCNTimer               nl.Opt[uint64]
	TopologyChangeTimer    nl.Opt[uint64]
	GCTimer                nl.Opt[uint64]
	FDBLearned             nl.Opt[uint32]
}

// BridgeID is struct ifla_bridge_id: a priority and a MAC address.
type BridgeID struct {
	Priority uint16
	Addr     [6]byte
}

// BoolOpts is struct br_boolopt_multi: bits 1<<BR_BOOLOPT_*, and which of them
// are meant.
type BoolOpts struct{ Value, Mask uint32 }

func (b *Bridge) fields(c *nl.Coder) {
	nl.OptU32(c, unix.IFLA_BR_FORWARD_DELAY, "IFLA_BR_FORWARD_DELAY", &b.ForwardDelay)
	nl.OptU32(c, unix.IFLA_BR_HELLO_TIME, "IFLA_BR_HELLO_TIME", &b.HelloTime)
	nl.OptU32(c, unix.IFLA_BR_MAX_AGE, "IFLA_BR_MAX_AGE", &b.MaxAge)
	nl.OptU32(c, unix.IFLA_BR_AGEING_TIME, "IFLA_BR_AGEING_TIME", &b.AgeingTime)
	nl.OptU32(c, unix.IFLA_BR_STP_STATE, "IFLA_BR_STP_STATE", &b.STPState)
	nl.OptU16(c, unix.IFLA_BR_PRIORITY, "IFLA_BR_PRIORITY", &b.Priority)
	nl.OptU8(c, unix.IFLA_BR_VLAN_FILTERING, "IFLA_BR_VLAN_FILTERING", &b.VLANFiltering)
	nl.BE16(c, unix.IFLA_BR_VLAN_PROTOCOL, "IFLA_BR_VLAN_PROTOCOL", &b.VLANProtocol)
	nl.OptU16(c, unix.IFLA_BR_GROUP_FWD_MASK, "IFLA_BR_GROUP_FWD_MASK", &b.GroupFwdMask)
	nl.HWAddr(c, unix.IFLA_BR_GROUP_ADDR, "IFLA_BR_GROUP_ADDR", &b.GroupAddr)
	nl.Flag(c, unix.IFLA_BR_FDB_FLUSH, "IFLA_BR_FDB_FLUSH", &b.FDBFlush)
	b.multicast(c)
	nl.OptU8(c, unix.IFLA_BR_NF_CALL_IPTABLES, "IFLA_BR_NF_CALL_IPTABLES", &b.NFCallIPTables)
	nl.OptU8(c, unix.IFLA_BR_NF_CALL_IP6TABLES, "IFLA_BR_NF_CALL_IP6TABLES", &b.NFCallIP6Tables)
	nl.OptU8(c, unix.IFLA_BR_NF_CALL_ARPTABLES, "IFLA_BR_NF_CALL_ARPTABLES", &b.NFCallARPTables)
	nl.OptU16(c, unix.IFLA_BR_VLAN_DEFAULT_PVID, "IFLA_BR_VLAN_DEFAULT_PVID", &b.VLANDefaultPVID)
	nl.OptU8(c, unix.IFLA_BR_VLAN_STATS_ENABLED, "IFLA_BR_VLAN_STATS_ENABLED", &b.VLANStats)
	nl.OptU8(c, unix.IFLA_BR_VLAN_STATS_PER_PORT, "IFLA_BR_VLAN_STATS_PER_PORT", &b.VLANStatsPerPort)
	if c.Struct(unix.IFLA_BR_MULTI_BOOLOPT, "IFLA_BR_MULTI_BOOLOPT", b.BoolOpts.Ok) {
		nl.M32(c, "optval", &b.BoolOpts.V.Value)
		nl.M32(c, "optmask", &b.BoolOpts.V.Mask)
		b.BoolOpts.Ok = true
		c.End()
	}
	nl.OptU32(c, unix.IFLA_BR_FDB_MAX_LEARNED, "IFLA_BR_FDB_MAX_LEARNED", &b.FDBMaxLearned)
	nl.OptU32(c, brSTPMode, "IFLA_BR_STP_MODE", &b.STPMode)
	b.state(c)
}

func (b *Bridge) multicast(c *nl.Coder) {
	nl.OptU8(c, unix.IFLA_BR_MCAST_ROUTER, "IFLA_BR_MCAST_ROUTER", &b.McastRouter)
	nl.OptU8(c, unix.IFLA_BR_MCAST_SNOOPING, "IFLA_BR_MCAST_SNOOPING", &b.McastSnooping)
	nl.OptU8(c, unix.IFLA_BR_MCAST_QUERY_USE_IFADDR, "IFLA_BR_MCAST_QUERY_USE_IFADDR", &b.McastQueryUseIfAddr)
	nl.OptU8(c, unix.IFLA_BR_MCAST_QUERIER, "IFLA_BR_MCAST_QUERIER", &b.McastQuerier)
	nl.OptU32(c, unix.IFLA_BR_MCAST_HASH_ELASTICITY, "IFLA_BR_MCAST_HASH_ELASTICITY", &b.McastHashElasticity)
	nl.OptU32(c, unix.IFLA_BR_MCAST_HASH_MAX, "IFLA_BR_MCAST_HASH_MAX", &b.McastHashMax)
	nl.OptU32(c, unix.IFLA_BR_MCAST_LAST_MEMBER_CNT, "IFLA_BR_MCAST_LAST_MEMBER_CNT", &b.McastLastMemberCount)
	nl.OptU32(c, unix.IFLA_BR_MCAST_STARTUP_QUERY_CNT, "IFLA_BR_MCAST_STARTUP_QUERY_CNT", &b.McastStartupCount)
	nl.OptU64(c, unix.IFLA_BR_MCAST_LAST_MEMBER_INTVL, "IFLA_BR_MCAST_LAST_MEMBER_INTVL", &b.McastLastMemberIntvl)
	nl.OptU64(c, unix.IFLA_BR_MCAST_MEMBERSHIP_INTVL, "IFLA_BR_MCAST_MEMBERSHIP_INTVL", &b.McastMembershipIntvl)
	nl.OptU64(c, unix.IFLA_BR_MCAST_QUERIER_INTVL, "IFLA_BR_MCAST_QUERIER_INTVL", &b.McastQuerierIntvl)
	nl.OptU64(c, unix.IFLA_BR_MCAST_QUERY_INTVL, "IFLA_BR_MCAST_QUERY_INTVL", &b.McastQueryIntvl)
	nl.OptU64(c, unix.IFLA_BR_MCAST_QUERY_RESPONSE_INTVL, "IFLA_BR_MCAST_QUERY_RESPONSE_INTVL", &b.McastQueryRespIntvl)
	nl.OptU64(c, unix.IFLA_BR_MCAST_STARTUP_QUERY_INTVL, "IFLA_BR_MCAST_STARTUP_QUERY_INTVL", &b.McastStartupIntvl)
	nl.OptU8(c, unix.IFLA_BR_MCAST_STATS_ENABLED, "IFLA_BR_MCAST_STATS_ENABLED", &b.McastStats)
	nl.OptU8(c, unix.IFLA_BR_MCAST_IGMP_VERSION, "IFLA_BR_MCAST_IGMP_VERSION", &b.McastIGMPVersion)
	nl.OptU8(c, unix.IFLA_BR_MCAST_MLD_VERSION, "IFLA_BR_MCAST_MLD_VERSION", &b.McastMLDVersion)
	nl.Bytes(c, unix.IFLA_BR_MCAST_QUERIER_STATE, "IFLA_BR_MCAST_QUERIER_STATE", &b.McastQuerierState)
}

// state codes what can only be read.
func (b *Bridge) state(c *nl.Coder) {
	b.RootID.fields(c, unix.IFLA_BR_ROOT_ID, "IFLA_BR_ROOT_ID")
	b.BridgeID.fields(c, unix.IFLA_BR_BRIDGE_ID, "IFLA_BR_BRIDGE_ID")
	nl.OptU16(c, unix.IFLA_BR_ROOT_PORT, "IFLA_BR_ROOT_PORT", &b.RootPort)
	nl.OptU32(c, unix.IFLA_BR_ROOT_PATH_COST, "IFLA_BR_ROOT_PATH_COST", &b.RootPathCost)
	nl.OptU8(c, unix.IFLA_BR_TOPOLOGY_CHANGE, "IFLA_BR_TOPOLOGY_CHANGE", &b.TopologyChange)
	nl.OptU8(c, unix.IFLA_BR_TOPOLOGY_CHANGE_DETECTED, "IFLA_BR_TOPOLOGY_CHANGE_DETECTED", &b.TopologyChangeDetected)
	nl.OptU64(c, unix.IFLA_BR_HELLO_TIMER, "IFLA_BR_HELLO_TIMER", &b.HelloTimer)
	nl.OptU64(c, unix.IFLA_BR_TCN_TIMER, "IFLA_BR_TCN_TIMER", &b.TCNTimer)
	nl.OptU64(c, unix.IFLA_BR_TOPOLOGY_CHANGE_TIMER, "IFLA_BR_TOPOLOGY_CHANGE_TIMER", &b.TopologyChangeTimer)
	nl.OptU64(c, unix.IFLA_BR_GC_TIMER, "IFLA_BR_GC_TIMER", &b.GCTimer)
	nl.OptU32(c, unix.IFLA_BR_FDB_N_LEARNED, "IFLA_BR_FDB_N_LEARNED", &b.FDBLearned)
	nl.Pad(c, unix.IFLA_BR_PAD, "IFLA_BR_PAD")
}

func (i *BridgeID) fields(c *nl.Coder, typ uint16, name string) {
	if c.Struct(typ, name, *i != BridgeID{}) {
		nl.MBE16(c, "prio", &i.Priority)
		nl.MBytes(c, "addr", i.Addr[:])
		c.End()
	}
}
