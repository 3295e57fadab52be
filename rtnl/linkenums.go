//go:build linux

package rtnl

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// LinkFlags are a link's IFF_* bits of linux/if.h.
type LinkFlags uint32

func (f LinkFlags) String() string { return nl.FlagNames(uint32(f), linkFlagNames[:]) }

// Flags that x/sys lacks, from linux/if.h.
const (
	iffLowerUp = 1 << 16 // IFF_LOWER_UP
	iffDormant = 1 << 17 // IFF_DORMANT
	iffEcho    = 1 << 18 // IFF_ECHO
)

var linkFlagNames = [...]nl.FlagName{
	{Bits: unix.IFF_UP, Name: "IFF_UP"},
	{Bits: unix.IFF_BROADCAST, Name: "IFF_BROADCAST"},
	{Bits: unix.IFF_DEBUG, Name: "IFF_DEBUG"},
	{Bits: unix.IFF_LOOPBACK, Name: "IFF_LOOPBACK"},
	{Bits: unix.IFF_POINTOPOINT, Name: "IFF_POINTOPOINT"},
	{Bits: unix.IFF_NOTRAILERS, Name: "IFF_NOTRAILERS"},
	{Bits: unix.IFF_RUNNING, Name: "IFF_RUNNING"},
	{Bits: unix.IFF_NOARP, Name: "IFF_NOARP"},
	{Bits: unix.IFF_PROMISC, Name: "IFF_PROMISC"},
	{Bits: unix.IFF_ALLMULTI, Name: "IFF_ALLMULTI"},
	{Bits: unix.IFF_MASTER, Name: "IFF_MASTER"},
	{Bits: unix.IFF_SLAVE, Name: "IFF_SLAVE"},
	{Bits: unix.IFF_MULTICAST, Name: "IFF_MULTICAST"},
	{Bits: unix.IFF_PORTSEL, Name: "IFF_PORTSEL"},
	{Bits: unix.IFF_AUTOMEDIA, Name: "IFF_AUTOMEDIA"},
	{Bits: unix.IFF_DYNAMIC, Name: "IFF_DYNAMIC"},
	{Bits: iffLowerUp, Name: "IFF_LOWER_UP"},
	{Bits: iffDormant, Name: "IFF_DORMANT"},
	{Bits: iffEcho, Name: "IFF_ECHO"},
}

// OperState is the state of RFC 2863, IF_OPER_* of linux/if.h.
type OperState uint8

// The states.
const (
	OperUnknown OperState = iota
	OperNotPresent
	OperDown
	OperLowerLayerDown
	OperTesting
	OperDormant
	OperUp
)

func (s OperState) String() string {
	if int(s) < len(operStateNames) {
		return operStateNames[s]
	}
	return "IF_OPER_" + strconv.Itoa(int(s))
}

var operStateNames = [...]string{
	"IF_OPER_UNKNOWN", "IF_OPER_NOTPRESENT", "IF_OPER_DOWN", "IF_OPER_LOWERLAYERDOWN",
	"IF_OPER_TESTING", "IF_OPER_DORMANT", "IF_OPER_UP",
}

// PortState is the state of a bridge port, BR_STATE_* of linux/if_bridge.h.
type PortState uint8

// The states of a bridge port.
const (
	PortDisabled PortState = iota
	PortListening
	PortLearning
	PortForwarding
	PortBlocking
)

func (s PortState) String() string {
	if int(s) < len(portStateNames) {
		return portStateNames[s]
	}
	return "BR_STATE_" + strconv.Itoa(int(s))
}

var portStateNames = [...]string{
	"BR_STATE_DISABLED", "BR_STATE_LISTENING", "BR_STATE_LEARNING", "BR_STATE_FORWARDING", "BR_STATE_BLOCKING",
}

// AddrGenMode is how link-local addresses are made, IN6_ADDR_GEN_MODE_* of
// linux/if_link.h.
type AddrGenMode uint8

func (m AddrGenMode) String() string {
	if int(m) < len(addrGenModeNames) {
		return addrGenModeNames[m]
	}
	return "IN6_ADDR_GEN_MODE_" + strconv.Itoa(int(m))
}

var addrGenModeNames = [...]string{
	"IN6_ADDR_GEN_MODE_EUI64", "IN6_ADDR_GEN_MODE_NONE", "IN6_ADDR_GEN_MODE_STABLE_PRIVACY", "IN6_ADDR_GEN_MODE_RANDOM",
}

// Inet6Flags are IF_* bits of the kernel's net/if_inet6.h.
type Inet6Flags uint32

func (f Inet6Flags) String() string { return nl.FlagNames(uint32(f), inet6FlagNames[:]) }

var inet6FlagNames = [...]nl.FlagName{
	{Bits: 0x10, Name: "IF_RS_SENT"},
	{Bits: 0x20, Name: "IF_RA_RCVD"},
	{Bits: 0x40, Name: "IF_RA_MANAGED"},
	{Bits: 0x80, Name: "IF_RA_OTHERCONF"},
	{Bits: 0x80000000, Name: "IF_READY"},
}

// LinkEvent is why a message was sent, IFLA_EVENT_*.
type LinkEvent uint32

func (e LinkEvent) String() string {
	if int(e) < len(linkEventNames) {
		return linkEventNames[e]
	}
	return "IFLA_EVENT_" + strconv.FormatUint(uint64(e), 10)
}

var linkEventNames = [...]string{
	"IFLA_EVENT_NONE", "IFLA_EVENT_REBOOT", "IFLA_EVENT_FEATURES", "IFLA_EVENT_BONDING_FAILOVER",
	"IFLA_EVENT_NOTIFY_PEERS", "IFLA_EVENT_IGMP_RESEND", "IFLA_EVENT_BONDING_OPTIONS",
}

// ExtMask says what a dump of links is to include, RTEXT_FILTER_* of
// linux/rtnetlink.h.
type ExtMask uint32

// Bits of an ExtMask.
const (
	ExtVF          ExtMask = 1 << 0 // RTEXT_FILTER_VF
	ExtBrVLAN      ExtMask = 1 << 1 // RTEXT_FILTER_BRVLAN
	ExtBrVLANShort ExtMask = 1 << 2 // RTEXT_FILTER_BRVLAN_COMPRESSED
	ExtSkipStats   ExtMask = 1 << 3 // RTEXT_FILTER_SKIP_STATS: without IPv6's counters, a quarter
	ExtMRP         ExtMask = 1 << 4 // RTEXT_FILTER_MRP
	ExtCFMConfig   ExtMask = 1 << 5 // RTEXT_FILTER_CFM_CONFIG
	ExtCFMStatus   ExtMask = 1 << 6 // RTEXT_FILTER_CFM_STATUS
	ExtMST         ExtMask = 1 << 7 // RTEXT_FILTER_MST
)

func (m ExtMask) String() string { return nl.FlagNames(uint32(m), extMaskNames[:]) }

var extMaskNames = [...]nl.FlagName{
	{Bits: 1 << 0, Name: "RTEXT_FILTER_VF"},
	{Bits: 1 << 1, Name: "RTEXT_FILTER_BRVLAN"},
	{Bits: 1 << 2, Name: "RTEXT_FILTER_BRVLAN_COMPRESSED"},
	{Bits: 1 << 3, Name: "RTEXT_FILTER_SKIP_STATS"},
	{Bits: 1 << 4, Name: "RTEXT_FILTER_MRP"},
	{Bits: 1 << 5, Name: "RTEXT_FILTER_CFM_CONFIG"},
	{Bits: 1 << 6, Name: "RTEXT_FILTER_CFM_STATUS"},
	{Bits: 1 << 7, Name: "RTEXT_FILTER_MST"},
}
