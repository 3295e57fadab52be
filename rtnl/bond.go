//go:build linux

package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// Bond is what a link of kind "bond" has of its own: IFLA_BOND_* of linux/if_link.h, in the
// terms of the kernel's Documentation/networking/bonding.rst. Times are in milliseconds, if
// nothing else is said.
//
// Equivalent to: `ip link add $name type bond mode active-backup miimon 100`
type Bond struct {
	Mode            nl.Opt[uint8]  // BOND_MODE_*: 0 balance-rr, 1 active-backup, 2 balance-xor, 3 broadcast, 4 802.3ad, 5 balance-tlb, 6 balance-alb
	ActiveSlave     nl.Opt[uint32] // index of the port in use; Some(0): none
	Miimon          nl.Opt[uint32] // between two looks at carrier; 0: carrier is not looked at
	UpDelay         nl.Opt[uint32] // a multiple of Miimon
	DownDelay       nl.Opt[uint32] // a multiple of Miimon
	PeerNotifDelay  nl.Opt[uint32] // between two gratuitous ARPs
	UseCarrier      nl.Opt[uint8]
	ARPInterval     nl.Opt[uint32] // between two ARP requests to ARPIPTarget; 0: none
	MissedMax       nl.Opt[uint8]  // how many intervals may pass without an answer
	ARPIPTarget     []netip.Addr   // of IPv4, up to 16
	ARPValidate     nl.Opt[uint32] // 0 none, 1 active, 2 backup, 3 all
	ARPAllTargets   nl.Opt[uint32] // 0 any, 1 all
	Primary         nl.Opt[uint32] // index of the port that is used if it is up
	PrimaryReselect nl.Opt[uint8]  // 0 always, 1 better, 2 failure
	FailOverMAC     nl.Opt[uint8]  // 0 none, 1 active, 2 follow
	XmitHashPolicy  nl.Opt[uint8]  // 0 layer2, 1 layer3+4, 2 layer2+3, 3 encap2+3, 4 encap3+4, 5 vlan+srcmac
	ResendIGMP      nl.Opt[uint32]
	NumPeerNotif    nl.Opt[uint8]
	AllSlavesActive nl.Opt[uint8]
	MinLinks        nl.Opt[uint32]
	LPInterval      nl.Opt[uint32] // seconds
	PacketsPerSlave nl.Opt[uint32]
	LACPActive      nl.Opt[uint8] // of 802.3ad, as what follows; 1: it speaks first
	LACPRate        nl.Opt[uint8] // 0 slow, 1 fast
	ADSelect        nl.Opt[uint8] // 0 stable, 1 bandwidth, 2 count
	CoupledControl  nl.Opt[uint8] // Linux 6.9
	ADInfo          ADInfo        // read only
	ActorSysPrio    nl.Opt[uint16]
	UserPortKey     nl.Opt[uint16]
	ActorSystem     nl.HardwareAddr
	TLBDynamicLB    nl.Opt[uint8]
}

// ADInfo is IFLA_BOND_AD_INFO: what an 802.3ad bond has agreed on.
type ADInfo struct {
	Aggregator nl.Opt[uint16]
	NumPorts   nl.Opt[uint16]
	ActorKey   nl.Opt[uint16]
	PartnerKey nl.Opt[uint16]
	PartnerMAC nl.HardwareAddr
}

// BondPort is what a bond says of one of its ports: IFLA_BOND_SLAVE_*.
//
// Equivalent to: `ip link set $name type bond_slave queue_id 2`
type BondPort struct {
	State            nl.Opt[uint8] // 0 active, 1 backup
	MIIStatus        nl.Opt[uint8] // 0 up, 1 going down, 2 down, 3 going up
	LinkFailureCount nl.Opt[uint32]
	PermHWAddr       nl.HardwareAddr // its own address, that the bond has replaced
	QueueID          nl.Opt[uint16]
	Prio             nl.Opt[int32]  // Linux 6.0
	AggregatorID     nl.Opt[uint16] // of 802.3ad, as what follows
	ActorPortState   nl.Opt[uint8]  // LACP_STATE_*, as the next
	PartnerPortState nl.Opt[uint16]
	ActorPortPrio    nl.Opt[uint16] // Linux 6.18
}

const iflaBondSlaveActorPortPrio = 10 // IFLA_BOND_SLAVE_ACTOR_PORT_PRIO

func (b *Bond) fields(c *nl.Coder) {
	if b == nil {
		return
	}
	nl.OptU8(c, unix.IFLA_BOND_MODE, "IFLA_BOND_MODE", &b.Mode)
	nl.OptU32(c, unix.IFLA_BOND_ACTIVE_SLAVE, "IFLA_BOND_ACTIVE_SLAVE", &b.ActiveSlave)
	nl.OptU32(c, unix.IFLA_BOND_MIIMON, "IFLA_BOND_MIIMON", &b.Miimon)
	nl.OptU32(c, unix.IFLA_BOND_UPDELAY, "IFLA_BOND_UPDELAY", &b.UpDelay)
	nl.OptU32(c, unix.IFLA_BOND_DOWNDELAY, "IFLA_BOND_DOWNDELAY", &b.DownDelay)
	nl.OptU8(c, unix.IFLA_BOND_USE_CARRIER, "IFLA_BOND_USE_CARRIER", &b.UseCarrier)
	nl.OptU32(c, unix.IFLA_BOND_ARP_INTERVAL, "IFLA_BOND_ARP_INTERVAL", &b.ARPInterval)
	nl.OptU32(c, unix.IFLA_BOND_ARP_VALIDATE, "IFLA_BOND_ARP_VALIDATE", &b.ARPValidate)
	nl.OptU32(c, unix.IFLA_BOND_ARP_ALL_TARGETS, "IFLA_BOND_ARP_ALL_TARGETS", &b.ARPAllTargets)
	nl.OptU32(c, unix.IFLA_BOND_PRIMARY, "IFLA_BOND_PRIMARY", &b.Primary)
	nl.OptU8(c, unix.IFLA_BOND_PRIMARY_RESELECT, "IFLA_BOND_PRIMARY_RESELECT", &b.PrimaryReselect)
	nl.OptU8(c, unix.IFLA_BOND_FAIL_OVER_MAC, "IFLA_BOND_FAIL_OVER_MAC", &b.FailOverMAC)
	nl.OptU8(c, unix.IFLA_BOND_XMIT_HASH_POLICY, "IFLA_BOND_XMIT_HASH_POLICY", &b.XmitHashPolicy)
	nl.OptU32(c, unix.IFLA_BOND_RESEND_IGMP, "IFLA_BOND_RESEND_IGMP", &b.ResendIGMP)
	nl.OptU8(c, unix.IFLA_BOND_NUM_PEER_NOTIF, "IFLA_BOND_NUM_PEER_NOTIF", &b.NumPeerNotif)
	nl.OptU8(c, unix.IFLA_BOND_ALL_SLAVES_ACTIVE, "IFLA_BOND_ALL_SLAVES_ACTIVE", &b.AllSlavesActive)
	nl.OptU32(c, unix.IFLA_BOND_MIN_LINKS, "IFLA_BOND_MIN_LINKS", &b.MinLinks)
	nl.OptU32(c, unix.IFLA_BOND_LP_INTERVAL, "IFLA_BOND_LP_INTERVAL", &b.LPInterval)
	nl.OptU32(c, unix.IFLA_BOND_PACKETS_PER_SLAVE, "IFLA_BOND_PACKETS_PER_SLAVE", &b.PacketsPerSlave)
	nl.OptU8(c, unix.IFLA_BOND_AD_LACP_RATE, "IFLA_BOND_AD_LACP_RATE", &b.LACPRate)
	nl.OptU8(c, unix.IFLA_BOND_AD_SELECT, "IFLA_BOND_AD_SELECT", &b.ADSelect)
	nl.OptU16(c, unix.IFLA_BOND_AD_ACTOR_SYS_PRIO, "IFLA_BOND_AD_ACTOR_SYS_PRIO", &b.ActorSysPrio)
	nl.OptU16(c, unix.IFLA_BOND_AD_USER_PORT_KEY, "IFLA_BOND_AD_USER_PORT_KEY", &b.UserPortKey)
	nl.HWAddr(c, unix.IFLA_BOND_AD_ACTOR_SYSTEM, "IFLA_BOND_AD_ACTOR_SYSTEM", &b.ActorSystem)
	nl.OptU8(c, unix.IFLA_BOND_TLB_DYNAMIC_LB, "IFLA_BOND_TLB_DYNAMIC_LB", &b.TLBDynamicLB)
	nl.OptU32(c, unix.IFLA_BOND_PEER_NOTIF_DELAY, "IFLA_BOND_PEER_NOTIF_DELAY", &b.PeerNotifDelay)
	nl.OptU8(c, unix.IFLA_BOND_AD_LACP_ACTIVE, "IFLA_BOND_AD_LACP_ACTIVE", &b.LACPActive)
	nl.OptU8(c, unix.IFLA_BOND_MISSED_MAX, "IFLA_BOND_MISSED_MAX", &b.MissedMax)
	nl.OptU8(c, unix.IFLA_BOND_COUPLED_CONTROL, "IFLA_BOND_COUPLED_CONTROL", &b.CoupledControl)
	c.Name(33, "IFLA_BOND_BROADCAST_NEIGH", nl.KindInt) // of Linux 6.17 and 7, which x/sys does not have
	c.Name(34, "IFLA_BOND_LACP_STRICT", nl.KindInt)
	b.targets(c)
	if c.Nest(unix.IFLA_BOND_AD_INFO, "IFLA_BOND_AD_INFO") {
		i := &b.ADInfo
		nl.OptU16(c, unix.IFLA_BOND_AD_INFO_AGGREGATOR, "IFLA_BOND_AD_INFO_AGGREGATOR", &i.Aggregator)
		nl.OptU16(c, unix.IFLA_BOND_AD_INFO_NUM_PORTS, "IFLA_BOND_AD_INFO_NUM_PORTS", &i.NumPorts)
		nl.OptU16(c, unix.IFLA_BOND_AD_INFO_ACTOR_KEY, "IFLA_BOND_AD_INFO_ACTOR_KEY", &i.ActorKey)
		nl.OptU16(c, unix.IFLA_BOND_AD_INFO_PARTNER_KEY, "IFLA_BOND_AD_INFO_PARTNER_KEY", &i.PartnerKey)
		nl.HWAddr(c, unix.IFLA_BOND_AD_INFO_PARTNER_MAC, "IFLA_BOND_AD_INFO_PARTNER_MAC", &i.PartnerMAC)
		c.End()
	}
}

// targets codes addresses whose attributes are numbered from 0.
func (b *Bond) targets(c *nl.Coder) {
	if !c.NestIf(unix.IFLA_BOND_ARP_IP_TARGET, "IFLA_BOND_ARP_IP_TARGET", b.ARPIPTarget != nil) {
		return
	}
	for i := range uint16(16) { // BOND_MAX_ARP_TARGETS
		var a netip.Addr
		if int(i) < len(b.ARPIPTarget) {
			a = b.ARPIPTarget[i]
		}
		if nl.IP(c, i, "(target)", &a); c.Decoding() && a.IsValid() {
			b.ARPIPTarget = append(b.ARPIPTarget, a)
		}
	}
	c.EndEmpty()
}

func (b *BondPort) fields(c *nl.Coder) {
	if b == nil {
		return
	}
	nl.OptU8(c, unix.IFLA_BOND_SLAVE_STATE, "IFLA_BOND_SLAVE_STATE", &b.State)
	nl.OptU8(c, unix.IFLA_BOND_SLAVE_MII_STATUS, "IFLA_BOND_SLAVE_MII_STATUS", &b.MIIStatus)
	nl.OptU32(c, unix.IFLA_BOND_SLAVE_LINK_FAILURE_COUNT, "IFLA_BOND_SLAVE_LINK_FAILURE_COUNT", &b.LinkFailureCount)
	nl.HWAddr(c, unix.IFLA_BOND_SLAVE_PERM_HWADDR, "IFLA_BOND_SLAVE_PERM_HWADDR", &b.PermHWAddr)
	nl.OptU16(c, unix.IFLA_BOND_SLAVE_QUEUE_ID, "IFLA_BOND_SLAVE_QUEUE_ID", &b.QueueID)
	nl.OptU16(c, unix.IFLA_BOND_SLAVE_AD_AGGREGATOR_ID, "IFLA_BOND_SLAVE_AD_AGGREGATOR_ID", &b.AggregatorID)
	nl.OptU8(c, unix.IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE, "IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE", &b.ActorPortState)
	nl.OptU16(c, unix.IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE, "IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE", &b.PartnerPortState)
	nl.OptU32(c, unix.IFLA_BOND_SLAVE_PRIO, "IFLA_BOND_SLAVE_PRIO", &b.Prio)
	nl.OptU16(c, iflaBondSlaveActorPortPrio, "IFLA_BOND_SLAVE_ACTOR_PORT_PRIO", &b.ActorPortPrio)
}
