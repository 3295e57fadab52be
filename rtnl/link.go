//go:build linux

package rtnl

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// A Link is a network device: struct ifinfomsg and IFLA_* of linux/if_link.h,
// the body of RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK and RTM_SETLINK.
type Link struct {
	Family Family // AF_UNSPEC, or AF_BRIDGE for a bridge port's own view
	Type   ARPHRD
	Index  uint32 // in a request that creates: the index to have, 0 for any
	Flags  LinkFlags
	Change LinkFlags // in requests: which of Flags to set and clear

	Name       string
	AltName    string // in requests: instead of Name, and of any length up to 127
	Addr       nl.HardwareAddr
	Broadcast  nl.HardwareAddr
	PermAddr   nl.HardwareAddr
	MTU        uint32
	MinMTU     nl.Opt[uint32]
	MaxMTU     nl.Opt[uint32] // Some(0): no limit
	Parent     nl.Opt[uint32] // IFLA_LINK: the device below, or a veth's peer, in the namespace ParentNSID
	Master     nl.Opt[uint32] // index of the bridge; in requests Some(0) leaves it
	Group      nl.Opt[uint32] // a number of the user's choice
	TxQLen     nl.Opt[uint32] // packets
	Alias      nl.Opt[string] // in requests Some("") removes it
	AltNames   []string       // IFLA_PROP_LIST > IFLA_ALT_IFNAME
	OperState  OperState
	LinkMode   nl.Opt[uint8] // IF_LINK_MODE_*: 1 is up only when user space says so
	QDisc      string        // queueing discipline
	Carrier    nl.Opt[uint8] // 1 with a signal on the wire
	Info       LinkInfo      // the kind, and what is of that kind alone
	Inet       *Inet         // IPv4 settings
	Inet6      *Inet6        // IPv6 settings
	Port       *BridgePort   // AF_BRIDGE's IFLA_PROTINFO
	PortMode   *PortMode     // AF_BRIDGE's IFLA_AF_SPEC
	XDP        XDP
	Stats      nl.Opt[LinkStats]   // IFLA_STATS64
	Stats32    nl.Opt[LinkStats32] // IFLA_STATS, the lower 32 bits
	Map        nl.Opt[LinkMap]
	ProtoDown  nl.Opt[uint8]
	DownReason ProtoDown // IFLA_PROTO_DOWN_REASON

	// Where the link is, and where it goes.
	ParentNSID  nl.Opt[int32]  // IFLA_LINK_NETNSID: namespace of Parent
	TargetNSID  nl.Opt[int32]  // IFLA_TARGET_NETNSID: see linux/if_link.h; it moves existing links
	NetNSFD     nl.Opt[uint32] // in requests: descriptor of the namespace to be in
	NetNSPID    nl.Opt[uint32] // in requests: a process in the namespace to be in
	NewNSID     nl.Opt[int32]  // in RTM_DELLINK events: the namespace that it went to
	NewIndex    uint32         // with NetNSFD or NetNSPID: the index to have there
	NSImmutable nl.Opt[uint8]  // 1 if it cannot go to another (Linux 6.15)

	// What the driver says of itself.
	NumTxQueues    uint32 // settable when created: 1 makes veths several times faster
	NumRxQueues    uint32
	Promiscuity    nl.Opt[uint32] // how many want all packets
	AllMulti       nl.Opt[uint32] // how many want all multicasts
	GSOMaxSegs     uint32
	GSOMaxSize     uint32
	GROMaxSize     uint32
	GSOIPv4MaxSize uint32
	GROIPv4MaxSize uint32
	TSOMaxSize     uint32
	TSOMaxSegs     uint32
	CarrierChanges nl.Opt[uint32]
	CarrierUp      nl.Opt[uint32]
	CarrierDown    nl.Opt[uint32]
	Horizon        nl.Opt[uint32] // IFLA_MAX_PACING_OFFLOAD_HORIZON, ns
	Headroom       nl.Opt[uint16]
	Tailroom       nl.Opt[uint16]
	NumVF          uint32
	ParentDev      string // "0000:00:1f.6"
	ParentBus      string // "pci"
	PhysPortName   string
	PhysPortID     []byte
	PhysSwitchID   []byte
	DevlinkPort    []byte // attributes DEVLINK_ATTR_*
	DPLLPin        []byte // attributes DPLL_A_PIN_*
	Event          nl.Opt[LinkEvent]

	ExtMask ExtMask // in RTM_GETLINK: what to include and what to leave out

	Other []byte // attributes that are not modelled, as they came

	spare spare
}

// LinkInfo is IFLA_LINKINFO: a link's kind, and what is of that kind alone.
type LinkInfo struct {
	Kind      string // "veth", "bridge" …; hardware has none
	Peer      *Link  // veth, in the request that creates it: the other end
	Bridge    *Bridge
	MACVLAN   *MACVLAN // also of kind "macvtap"
	VXLAN     *VXLAN
	VLAN      *VLAN
	VRF       *VRF
	IPVLAN    *IPVLAN // also of kind "ipvtap"
	Bond      *Bond
	Geneve    *Geneve
	Tun       *Tun   // read only
	Data      []byte // of another kind, and what is not modelled, as it came
	SlaveKind string // kind of the master: "bridge"
	Port      *BridgePort
	BondPort  *BondPort
	PortTable uint32 // read only: the table of the VRF that it is a port of
	SlaveData []byte // of another kind, and what is not modelled, as it came
	XStats    []byte
}

// XDP is IFLA_XDP: the eBPF programs that see packets first.
type XDP struct {
	Attached uint8 // XDP_ATTACHED_*: 0 none, 1 driver, 2 generic, 3 hardware, 4 several
	ProgID   uint32
	DrvID    uint32
	SkbID    uint32
	HwID     uint32
	Flags    uint32
}

// ProtoDown is IFLA_PROTO_DOWN_REASON, bits of the user's choice. In requests, Mask
// says which of them to set and clear.
type ProtoDown struct{ Mask, Value uint32 }

// Attributes that x/sys lacks, from linux/if_link.h and linux/veth.h.
const (
	iflaHorizon     = 66 // IFLA_MAX_PACING_OFFLOAD_HORIZON
	iflaNSImmutable = 67 // IFLA_NETNS_IMMUTABLE
	iflaHeadroom    = 68 // IFLA_HEADROOM
	iflaTailroom    = 69 // IFLA_TAILROOM
	vethInfoPeer    = 1  // VETH_INFO_PEER
)

// Fields is the one description of struct ifinfomsg and IFLA_*.
func (l *Link) Fields(c *nl.Coder) {
	l.reset(c)
	nl.M8(c, "ifi_family", &l.Family)
	c.Skip("(pad)", 1)
	nl.M16(c, "ifi_type", &l.Type)
	nl.M32(c, "ifi_index", &l.Index)
	nl.M32(c, "ifi_flags", &l.Flags)
	nl.M32(c, "ifi_change", &l.Change)

	nl.Str(c, unix.IFLA_IFNAME, "IFLA_IFNAME", &l.Name)
	nl.HWAddr(c, unix.IFLA_ADDRESS, "IFLA_ADDRESS", &l.Addr)
	nl.HWAddr(c, unix.IFLA_BROADCAST, "IFLA_BROADCAST", &l.Broadcast)
	nl.U32(c, unix.IFLA_MTU, "IFLA_MTU", &l.MTU)
	nl.OptU32(c, unix.IFLA_MIN_MTU, "IFLA_MIN_MTU", &l.MinMTU)
	nl.OptU32(c, unix.IFLA_MAX_MTU, "IFLA_MAX_MTU", &l.MaxMTU)
	nl.OptU32(c, unix.IFLA_LINK, "IFLA_LINK", &l.Parent)
	nl.OptU32(c, unix.IFLA_MASTER, "IFLA_MASTER", &l.Master)
	nl.OptU32(c, unix.IFLA_GROUP, "IFLA_GROUP", &l.Group)
	nl.OptU32(c, unix.IFLA_TXQLEN, "IFLA_TXQLEN", &l.TxQLen)
	nl.U8(c, unix.IFLA_OPERSTATE, "IFLA_OPERSTATE", &l.OperState)
	nl.OptU8(c, unix.IFLA_LINKMODE, "IFLA_LINKMODE", &l.LinkMode)
	nl.Str(c, unix.IFLA_QDISC, "IFLA_QDISC", &l.QDisc)
	l.Info.fields(c)
	l.afSpec(c)
	l.protInfo(c)
	if c.NestIf(unix.IFLA_XDP, "IFLA_XDP", l.XDP != XDP{}) {
		l.XDP.fields(c)
		c.End()
	}
	l.stats(c)
	l.driver(c)
	if c.Done() { // the rest is there for few links
		return
	}
	l.names(c)
	l.place(c)
	l.port(c)
	nl.U32(c, unix.IFLA_EXT_MASK, "IFLA_EXT_MASK", &l.ExtMask)
	nameOnly(c)
	c.Rest(&l.Other)
}

// names codes what else a link is called, and its hardware's own address.
func (l *Link) names(c *nl.Coder) {
	nl.Str(c, unix.IFLA_ALT_IFNAME, "IFLA_ALT_IFNAME", &l.AltName)
	nl.OptStr(c, unix.IFLA_IFALIAS, "IFLA_IFALIAS", &l.Alias)
	if c.NestIf(unix.IFLA_PROP_LIST, "IFLA_PROP_LIST", l.AltNames != nil) {
		nl.Strs(c, unix.IFLA_ALT_IFNAME, "IFLA_ALT_IFNAME", &l.AltNames)
		c.End()
	}
	nl.HWAddr(c, unix.IFLA_PERM_ADDRESS, "IFLA_PERM_ADDRESS", &l.PermAddr)
}

// place codes the namespaces that a link is in, was in, or goes to.
func (l *Link) place(c *nl.Coder) {
	nl.OptU32(c, unix.IFLA_LINK_NETNSID, "IFLA_LINK_NETNSID", &l.ParentNSID)
	nl.OptU32(c, unix.IFLA_TARGET_NETNSID, "IFLA_TARGET_NETNSID", &l.TargetNSID)
	nl.OptU32(c, unix.IFLA_NET_NS_FD, "IFLA_NET_NS_FD", &l.NetNSFD)
	nl.OptU32(c, unix.IFLA_NET_NS_PID, "IFLA_NET_NS_PID", &l.NetNSPID)
	nl.OptU32(c, unix.IFLA_NEW_NETNSID, "IFLA_NEW_NETNSID", &l.NewNSID)
	nl.U32(c, unix.IFLA_NEW_IFINDEX, "IFLA_NEW_IFINDEX", &l.NewIndex)
}

// driver codes what the driver says of itself, for every link.
func (l *Link) driver(c *nl.Coder) {
	nl.OptU8(c, unix.IFLA_CARRIER, "IFLA_CARRIER", &l.Carrier)
	nl.U32(c, unix.IFLA_NUM_TX_QUEUES, "IFLA_NUM_TX_QUEUES", &l.NumTxQueues)
	nl.U32(c, unix.IFLA_NUM_RX_QUEUES, "IFLA_NUM_RX_QUEUES", &l.NumRxQueues)
	nl.OptU32(c, unix.IFLA_PROMISCUITY, "IFLA_PROMISCUITY", &l.Promiscuity)
	nl.OptU32(c, unix.IFLA_ALLMULTI, "IFLA_ALLMULTI", &l.AllMulti)
	nl.U32(c, unix.IFLA_GSO_MAX_SEGS, "IFLA_GSO_MAX_SEGS", &l.GSOMaxSegs)
	nl.U32(c, unix.IFLA_GSO_MAX_SIZE, "IFLA_GSO_MAX_SIZE", &l.GSOMaxSize)
	nl.U32(c, unix.IFLA_GRO_MAX_SIZE, "IFLA_GRO_MAX_SIZE", &l.GROMaxSize)
	nl.U32(c, unix.IFLA_GSO_IPV4_MAX_SIZE, "IFLA_GSO_IPV4_MAX_SIZE", &l.GSOIPv4MaxSize)
	nl.U32(c, unix.IFLA_GRO_IPV4_MAX_SIZE, "IFLA_GRO_IPV4_MAX_SIZE", &l.GROIPv4MaxSize)
	nl.U32(c, unix.IFLA_TSO_MAX_SIZE, "IFLA_TSO_MAX_SIZE", &l.TSOMaxSize)
	nl.U32(c, unix.IFLA_TSO_MAX_SEGS, "IFLA_TSO_MAX_SEGS", &l.TSOMaxSegs)
	nl.OptU32(c, unix.IFLA_CARRIER_CHANGES, "IFLA_CARRIER_CHANGES", &l.CarrierChanges)
	nl.OptU32(c, unix.IFLA_CARRIER_UP_COUNT, "IFLA_CARRIER_UP_COUNT", &l.CarrierUp)
	nl.OptU32(c, unix.IFLA_CARRIER_DOWN_COUNT, "IFLA_CARRIER_DOWN_COUNT", &l.CarrierDown)
	nl.OptU32(c, iflaHorizon, "IFLA_MAX_PACING_OFFLOAD_HORIZON", &l.Horizon)
	nl.OptU16(c, iflaHeadroom, "IFLA_HEADROOM", &l.Headroom)
	nl.OptU16(c, iflaTailroom, "IFLA_TAILROOM", &l.Tailroom)
	nl.OptU8(c, unix.IFLA_PROTO_DOWN, "IFLA_PROTO_DOWN", &l.ProtoDown)
	nl.OptU8(c, iflaNSImmutable, "IFLA_NETNS_IMMUTABLE", &l.NSImmutable)
	raw(c, unix.IFLA_DEVLINK_PORT, "IFLA_DEVLINK_PORT", &l.DevlinkPort)
	raw(c, unix.IFLA_DPLL_PIN, "IFLA_DPLL_PIN", &l.DPLLPin)
}

// port codes what hardware with ports says of them, and a few events.
func (l *Link) port(c *nl.Coder) {
	nl.U32(c, unix.IFLA_NUM_VF, "IFLA_NUM_VF", &l.NumVF)
	nl.Str(c, unix.IFLA_PARENT_DEV_NAME, "IFLA_PARENT_DEV_NAME", &l.ParentDev)
	nl.Str(c, unix.IFLA_PARENT_DEV_BUS_NAME, "IFLA_PARENT_DEV_BUS_NAME", &l.ParentBus)
	nl.Str(c, unix.IFLA_PHYS_PORT_NAME, "IFLA_PHYS_PORT_NAME", &l.PhysPortName)
	nl.Bytes(c, unix.IFLA_PHYS_PORT_ID, "IFLA_PHYS_PORT_ID", &l.PhysPortID)
	nl.Bytes(c, unix.IFLA_PHYS_SWITCH_ID, "IFLA_PHYS_SWITCH_ID", &l.PhysSwitchID)
	nl.OptU32(c, unix.IFLA_EVENT, "IFLA_EVENT", &l.Event)
	if c.NestIf(unix.IFLA_PROTO_DOWN_REASON, "IFLA_PROTO_DOWN_REASON", l.DownReason != ProtoDown{}) {
		nl.U32(c, unix.IFLA_PROTO_DOWN_REASON_MASK, "IFLA_PROTO_DOWN_REASON_MASK", &l.DownReason.Mask)
		nl.ReqU32(c, unix.IFLA_PROTO_DOWN_REASON_VALUE, "IFLA_PROTO_DOWN_REASON_VALUE", &l.DownReason.Value)
		c.End()
	}
}

// nameOnly names what is not modelled.
func nameOnly(c *nl.Coder) {
	c.Name(unix.IFLA_COST, "IFLA_COST", nl.KindBytes)
	c.Name(unix.IFLA_PRIORITY, "IFLA_PRIORITY", nl.KindBytes)
	c.Name(unix.IFLA_WIRELESS, "IFLA_WIRELESS", nl.KindBytes)
	c.Name(unix.IFLA_WEIGHT, "IFLA_WEIGHT", nl.KindBytes)
	c.Name(unix.IFLA_VFINFO_LIST, "IFLA_VFINFO_LIST", nl.KindBytes)
	c.Name(unix.IFLA_VF_PORTS, "IFLA_VF_PORTS", nl.KindBytes)
	c.Name(unix.IFLA_PORT_SELF, "IFLA_PORT_SELF", nl.KindBytes)
	nl.Pad(c, unix.IFLA_PAD, "IFLA_PAD")
}

func (x *XDP) fields(c *nl.Coder) {
	nl.U8(c, unix.IFLA_XDP_ATTACHED, "IFLA_XDP_ATTACHED", &x.Attached)
	nl.U32(c, unix.IFLA_XDP_PROG_ID, "IFLA_XDP_PROG_ID", &x.ProgID)
	nl.U32(c, unix.IFLA_XDP_DRV_PROG_ID, "IFLA_XDP_DRV_PROG_ID", &x.DrvID)
	nl.U32(c, unix.IFLA_XDP_SKB_PROG_ID, "IFLA_XDP_SKB_PROG_ID", &x.SkbID)
	nl.U32(c, unix.IFLA_XDP_HW_PROG_ID, "IFLA_XDP_HW_PROG_ID", &x.HwID)
	nl.U32(c, unix.IFLA_XDP_FLAGS, "IFLA_XDP_FLAGS", &x.Flags)
	c.Name(unix.IFLA_XDP_FD, "IFLA_XDP_FD", nl.KindBytes)
	c.Name(unix.IFLA_XDP_EXPECTED_FD, "IFLA_XDP_EXPECTED_FD", nl.KindBytes)
}

// raw codes a nest whose attributes are kept as they came.
func raw(c *nl.Coder, typ uint16, name string, p *[]byte) {
	if c.NestIf(typ, name, *p != nil) {
		c.Rest(p)
		c.End()
	}
}
