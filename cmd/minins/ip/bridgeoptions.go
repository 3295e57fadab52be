//go:build linux

package ip

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// An option is a setting of a bridge or of a port of one, or a part of its
// state. The type of the value tells how it is read and shown.
type option struct {
	word  string // on the command line and in the text
	key   string // in JSON, where that is another
	value any    // a pointer into the message
}

// Values that are shown in a way of their own.
type (
	onOff   nl.Opt[uint8]  // a switch: "on" or "off"
	hex     nl.Opt[uint16] // a number in hex
	fwdMask nl.Opt[uint16] // in hex, and in words
	timer   nl.Opt[uint64] // hundredths of a second
	index   nl.Opt[uint32] // of a link
)

// A visitor is what is done with options: all are shown, or the one that a
// word names is shown under that name, or set.
type visitor struct {
	show *view
	set  *words
	word string
	why  string // said of a wrong number
}

// visit does so.
func (x *visitor) visit(list []option) {
	for i := range list {
		o := &list[i]
		switch {
		case x.word != "" && o.word != x.word:
		case x.set != nil:
			setOption(x.set, o.value, x.why)
		case x.word != "":
			x.show.showOption(&option{word: o.word, value: o.value})
		default:
			x.show.showOption(o)
		}
	}
}

// bridge visits the options of a bridge, in the order in which they are shown.
func (x *visitor) bridge(b *rtnl.Bridge) {
	x.visit([]option{
		{"forward_delay", "", &b.ForwardDelay},
		{"hello_time", "", &b.HelloTime},
		{"max_age", "", &b.MaxAge},
		{"ageing_time", "", &b.AgeingTime},
		{"stp_state", "", &b.STPState},
		{"priority", "", &b.Priority},
		{"vlan_filtering", "", &b.VLANFiltering},
		{"vlan_protocol", "", &b.VLANProtocol},
		{"bridge_id", "", &b.BridgeID},
		{"designated_root", "root_id", &b.RootID},
		{"root_port", "", &b.RootPort},
		{"root_path_cost", "", &b.RootPathCost},
		{"topology_change", "", &b.TopologyChange},
		{"topology_change_detected", "", &b.TopologyChangeDetected},
		{"hello_timer", "", (*timer)(&b.HelloTimer)},
		{"tcn_timer", "", (*timer)(&b.TCNTimer)},
		{"topology_change_timer", "", (*timer)(&b.TopologyChangeTimer)},
		{"gc_timer", "", (*timer)(&b.GCTimer)},
		{"vlan_default_pvid", "", &b.VLANDefaultPVID},
		{"vlan_stats_enabled", "", &b.VLANStats},
		{"vlan_stats_per_port", "", &b.VLANStatsPerPort},
		{"group_fwd_mask", "", (*hex)(&b.GroupFwdMask)},
		{"group_address", "group_addr", &b.GroupAddr},
		{"mcast_snooping", "", &b.McastSnooping},
		{"", "", &b.BoolOpts},
		{"mcast_router", "", &b.McastRouter},
		{"mcast_query_use_ifaddr", "", &b.McastQueryUseIfAddr},
		{"mcast_querier", "", &b.McastQuerier},
		{"mcast_hash_elasticity", "", &b.McastHashElasticity},
		{"mcast_hash_max", "", &b.McastHashMax},
		{"mcast_last_member_count", "mcast_last_member_cnt", &b.McastLastMemberCount},
		{"mcast_startup_query_count", "mcast_startup_query_cnt", &b.McastStartupCount},
		{"mcast_last_member_interval", "mcast_last_member_intvl", &b.McastLastMemberIntvl},
		{"mcast_membership_interval", "mcast_membership_intvl", &b.McastMembershipIntvl},
		{"mcast_querier_interval", "mcast_querier_intvl", &b.McastQuerierIntvl},
		{"mcast_query_interval", "mcast_query_intvl", &b.McastQueryIntvl},
		{"mcast_query_response_interval", "mcast_query_response_intvl", &b.McastQueryRespIntvl},
		{"mcast_startup_query_interval", "mcast_startup_query_intvl", &b.McastStartupIntvl},
		{"mcast_stats_enabled", "", &b.McastStats},
		{"mcast_igmp_version", "", &b.McastIGMPVersion},
		{"mcast_mld_version", "", &b.McastMLDVersion},
		{"nf_call_iptables", "", &b.NFCallIPTables},
		{"nf_call_ip6tables", "", &b.NFCallIP6Tables},
		{"nf_call_arptables", "", &b.NFCallARPTables},
	})
}

// port visits the options of a bridge's port, in the order in which they are shown.
func (x *visitor) port(p *rtnl.BridgePort) {
	x.visit([]option{
		{"state", "", &p.State},
		{"priority", "", &p.Priority},
		{"cost", "", &p.Cost},
		{"hairpin", "", (*onOff)(&p.Hairpin)},
		{"guard", "", (*onOff)(&p.Guard)},
		{"root_block", "", (*onOff)(&p.Protect)},
		{"fastleave", "", (*onOff)(&p.FastLeave)},
		{"learning", "", (*onOff)(&p.Learning)},
		{"flood", "", (*onOff)(&p.Flood)},
		{"port_id", "id", (*hex)(&p.ID)},
		{"port_no", "no", (*hex)(&p.No)},
		{"designated_port", "", &p.DesignatedPort},
		{"designated_cost", "", &p.DesignatedCost},
		{"designated_bridge", "bridge_id", &p.BridgeID},
		{"designated_root", "root_id", &p.RootID},
		{"hold_timer", "", (*timer)(&p.HoldTimer)},
		{"message_age_timer", "", (*timer)(&p.MessageAgeTimer)},
		{"forward_delay_timer", "", (*timer)(&p.ForwardDelayTimer)},
		{"topology_change_ack", "", &p.TopologyChangeAck},
		{"config_pending", "", &p.ConfigPending},
		{"proxy_arp", "", (*onOff)(&p.ProxyARP)},
		{"proxy_arp_wifi", "", (*onOff)(&p.ProxyARPWifi)},
		{"mcast_router", "multicast_router", &p.McastRouter},
		{"mcast_fast_leave", inText, (*onOff)(&p.FastLeave)}, // in JSON it is "fastleave", above
		{"mcast_flood", "", (*onOff)(&p.McastFlood)},
		{"bcast_flood", "", (*onOff)(&p.BcastFlood)},
		{"mcast_to_unicast", "", (*onOff)(&p.McastToUcast)},
		{"neigh_suppress", "", (*onOff)(&p.NeighSuppress)},
		{"group_fwd_mask", "", (*fwdMask)(&p.GroupFwdMask)},
		{"vlan_tunnel", "", (*onOff)(&p.VLANTunnel)},
		{"isolated", "", (*onOff)(&p.Isolated)},
		{"locked", "", (*onOff)(&p.Locked)},
		{"backup_port", "", (*index)(&p.BackupPort)},
	})
}

// inText is the key of what is left out of JSON.
const inText = "-"

// showOption renders one option, if it is there.
func (v *view) showOption(o *option) {
	key, text := o.key, o.word+" "
	switch {
	case key == "":
		key = o.word
	case key == inText && v.json != nil:
		return
	}
	var n nl.Opt[uint64]
	word := ""
	switch p := o.value.(type) {
	case *nl.Opt[uint8]:
		n.V, n.Ok = uint64(p.V), p.Ok
	case *nl.Opt[uint16]:
		n.V, n.Ok = uint64(p.V), p.Ok
	case *nl.Opt[uint32]:
		n.V, n.Ok = uint64(p.V), p.Ok
	case *nl.Opt[uint64]:
		n = *p
	case *onOff:
		if p.Ok {
			v.onOff(key, text+"%s ", p.V != 0)
		}
	case *hex:
		word = hexOf(p.V, p.Ok)
	case *fwdMask:
		word = hexOf(p.V, p.Ok)
	case *timer:
		if p.Ok {
			v.float(key, text+"%7.2f ", float64(p.V)/ticksPerSecond)
		}
	case *index:
		if p.Ok {
			word = v.linkName(p.V)
		}
	case *rtnl.BridgeID:
		word = bridgeID(p)
	case *nl.HardwareAddr:
		word = p.String()
	case *uint16: // vlan_protocol
		word = vlanProtocol(*p)
	case *nl.Opt[rtnl.PortState]:
		v.showPortState(p)
	case *nl.Opt[rtnl.BoolOpts]:
		v.showBit(p, "no_linklocal_learn", noLinkLocalLearn)
		v.showBit(p, "mcast_vlan_snooping", mcastVLANSnooping)
	}
	v.number(n.Ok, key, text+"%d ", n.V)
	v.word(key, text+"%s ", word)
	if p, ok := o.value.(*fwdMask); ok && p.Ok {
		v.str("group_fwd_mask_str", "group_fwd_mask_str %s ", groupFwdMask(p.V))
	}
}

// hexOf is a number in hex, or "".
func hexOf(n uint16, ok bool) string {
	if !ok {
		return ""
	}
	return cHex(uint64(n))
}

// Bits of struct br_boolopt_multi, 1<<BR_BOOLOPT_*.
const (
	noLinkLocalLearn  = 1 << 0
	mcastVLANSnooping = 1 << 1
)

func (v *view) showBit(p *nl.Opt[rtnl.BoolOpts], key string, bit uint32) {
	n := uint64(0)
	if p.V.Value&bit != 0 {
		n = 1
	}
	v.number(p.Ok, key, key+" %d ", n)
}

func (v *view) showPortState(p *nl.Opt[rtnl.PortState]) {
	switch {
	case !p.Ok:
	case int(p.V) < len(portStates):
		v.str("state", "state %s ", portStates[p.V])
	default:
		v.uint("state_index", "state (%d) ", uint64(p.V))
	}
}

var portStates = []string{"disabled", "listening", "learning", "forwarding", "blocking"}

func vlanProtocol(p uint16) string {
	switch p {
	case 0:
		return ""
	case 0x8100:
		return "802.1Q"
	case 0x88a8:
		return "802.1ad"
	}
	return fmt.Sprintf("[%d]", p)
}

// bridgeID is a priority and a MAC address, the latter without leading zeros.
func bridgeID(id *rtnl.BridgeID) string {
	s := fmt.Sprintf("%04x.", id.Priority)
	for i, b := range id.Addr {
		if i > 0 {
			s += ":"
		}
		s += strconv.FormatUint(uint64(b), 16)
	}
	return s
}

// groupFwdMask names the link-local protocols that a port forwards.
func groupFwdMask(m uint16) string {
	names, rest := bitNames(groupFwdBits, uint32(m))
	if rest != 0 || names == nil {
		names = append(names, fmt.Sprintf("0x%x", rest))
	}
	return strings.Join(names, ",")
}

var groupFwdBits = []numbered{{1 << 0, "stp"}, {1 << 2, "lacp"}, {1 << 14, "lldp"}}

// bitNames names the bits of a number; rest are those that have no name.
func bitNames(table []numbered, n uint32) (names []string, rest uint32) {
	for _, b := range table {
		if n&b.id != 0 {
			names = append(names, b.name)
			n &^= b.id
		}
	}
	return names, n
}
