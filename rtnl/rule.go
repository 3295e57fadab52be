//go:build linux

package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// A Rule says which table a packet is looked up in: struct fib_rule_hdr and
// FRA_* of linux/fib_rules.h, the body of RTM_NEWRULE, RTM_DELRULE and
// RTM_GETRULE.
type Rule struct {
	Family Family
	TOS    uint8
	Table  uint32 // the header's table, or FRA_TABLE if it is more than 255
	Action RuleAction
	Flags  uint32 // FIB_RULE_*

	Dst, Src          netip.Prefix
	IIFName, OIFName  string
	Goto              nl.Opt[uint32] // priority of the rule to go on with
	Priority          nl.Opt[uint32] // replies leave out 0; a request without one is for any
	Mark              uint32
	Mask              nl.Opt[uint32]
	Flow              uint32
	TunID             uint64
	SuppressIfGroup   nl.Opt[int32]
	SuppressPrefixLen nl.Opt[int32]
	L3MDev            uint8
	UIDRange          nl.Opt[UIDRange]
	Protocol          RouteProtocol
	IPProto           uint8
	SPort, DPort      nl.Opt[PortRange]

	Other []byte // attributes that are not modelled, as they came
}

// UIDRange is struct fib_rule_uid_range: both ends belong to it.
type UIDRange struct{ Start, End uint32 }

// PortRange is struct fib_rule_port_range: both ends belong to it; host order.
type PortRange struct{ Start, End uint16 }

// Attributes that x/sys lacks, from linux/fib_rules.h.
const (
	fraDSCP          = 25 // FRA_DSCP
	fraFlowLabel     = 26 // FRA_FLOWLABEL
	fraFlowLabelMask = 27 // FRA_FLOWLABEL_MASK
	fraSPortMask     = 28 // FRA_SPORT_MASK
	fraDPortMask     = 29 // FRA_DPORT_MASK
	fraDSCPMask      = 30 // FRA_DSCP_MASK
)

// Fields is the one description of struct fib_rule_hdr and FRA_*.
func (r *Rule) Fields(c *nl.Coder) {
	if c.Decoding() {
		*r = Rule{}
	}
	dst, src := prefixLen(r.Dst), prefixLen(r.Src)
	table := routeTable8(r.Table)
	if r.Table > 0xff {
		table = unix.RT_TABLE_COMPAT
	}
	nl.M8(c, "family", &r.Family)
	nl.M8(c, "dst_len", &dst)
	nl.M8(c, "src_len", &src)
	nl.M8(c, "tos", &r.TOS)
	nl.M8(c, "table", &table)
	c.Skip("(res)", 2)
	nl.M8(c, "action", &r.Action)
	nl.M32(c, "flags", &r.Flags)

	prefix(c, unix.FRA_DST, "FRA_DST", &r.Dst, dst)
	prefix(c, unix.FRA_SRC, "FRA_SRC", &r.Src, src)
	wide := routeTable(r.Table)
	if c.Encoding() && r.Table <= 0xff {
		wide = 0
	}
	nl.U32(c, unix.FRA_TABLE, "FRA_TABLE", &wide)
	if c.Decoding() {
		if r.Table = uint32(wide); wide == 0 {
			r.Table = uint32(table)
		}
	}
	nl.Str(c, unix.FRA_IIFNAME, "FRA_IIFNAME", &r.IIFName)
	nl.Str(c, unix.FRA_OIFNAME, "FRA_OIFNAME", &r.OIFName)
	nl.OptU32(c, unix.FRA_GOTO, "FRA_GOTO", &r.Goto)
	nl.OptU32(c, unix.FRA_PRIORITY, "FRA_PRIORITY", &r.Priority)
	nl.U32(c, unix.FRA_FWMARK, "FRA_FWMARK", &r.Mark)
	nl.OptU32(c, unix.FRA_FWMASK, "FRA_FWMASK", &r.Mask)
	nl.U32(c, unix.FRA_FLOW, "FRA_FLOW", &r.Flow)
	nl.BE64(c, unix.FRA_TUN_ID, "FRA_TUN_ID", &r.TunID)
	nl.OptU32(c, unix.FRA_SUPPRESS_IFGROUP, "FRA_SUPPRESS_IFGROUP", &r.SuppressIfGroup)
	nl.OptU32(c, unix.FRA_SUPPRESS_PREFIXLEN, "FRA_SUPPRESS_PREFIXLEN", &r.SuppressPrefixLen)
	nl.U8(c, unix.FRA_L3MDEV, "FRA_L3MDEV", &r.L3MDev)
	if c.Struct(unix.FRA_UID_RANGE, "FRA_UID_RANGE", r.UIDRange.Ok) {
		nl.M32(c, "start", &r.UIDRange.V.Start)
		nl.M32(c, "end", &r.UIDRange.V.End)
		r.UIDRange.Ok = true
		c.End()
	}
	nl.U8(c, unix.FRA_PROTOCOL, "FRA_PROTOCOL", &r.Protocol)
	nl.U8(c, unix.FRA_IP_PROTO, "FRA_IP_PROTO", &r.IPProto)
	ports(c, unix.FRA_SPORT_RANGE, "FRA_SPORT_RANGE", &r.SPort)
	ports(c, unix.FRA_DPORT_RANGE, "FRA_DPORT_RANGE", &r.DPort)
	nl.Pad(c, unix.FRA_PAD, "FRA_PAD")
	c.Name(fraDSCP, "FRA_DSCP", nl.KindBytes)
	c.Name(fraFlowLabel, "FRA_FLOWLABEL", nl.KindBytes)
	c.Name(fraFlowLabelMask, "FRA_FLOWLABEL_MASK", nl.KindBytes)
	c.Name(fraSPortMask, "FRA_SPORT_MASK", nl.KindBytes)
	c.Name(fraDPortMask, "FRA_DPORT_MASK", nl.KindBytes)
	c.Name(fraDSCPMask, "FRA_DSCP_MASK", nl.KindBytes)
	c.Rest(&r.Other)
}

func ports(c *nl.Coder, typ uint16, name string, p *nl.Opt[PortRange]) {
	if c.Struct(typ, name, p.Ok) {
		nl.M16(c, "start", &p.V.Start)
		nl.M16(c, "end", &p.V.End)
		p.Ok = true
		c.End()
	}
}
