//go:build linux

package ip

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

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

// visit does so, with pointers into the message. Their types tell how the values
// are read and shown. words are those on the command line and in the text, each
// with a colon and the key in JSON if that is another.
func (x *visitor) visit(words string, values ...any) {
	for _, p := range values {
		var word string
		word, words, _ = strings.Cut(words, " ")
		word, key, _ := strings.Cut(word, ":")
		if key == "" {
			key = word
		}
		switch {
		case x.word != "" && word != x.word:
		case x.set != nil:
			setOption(x.set, word, p, x.why)
		case x.word != "":
			x.show.showOption(word, word, p)
		default:
			x.show.showOption(word, key, p)
		}
	}
}

// bridge visits the options of a bridge, in the order in which they are shown.
func (x *visitor) bridge(b *rtnl.Bridge) {
	x.visit("forward_delay hello_time max_age ageing_time stp_state priority vlan_filtering vlan_protocol bridge_id "+
		"designated_root:root_id root_port root_path_cost topology_change topology_change_detected hello_timer "+
		"tcn_timer topology_change_timer gc_timer vlan_default_pvid vlan_stats_enabled vlan_stats_per_port "+
		"group_fwd_mask group_address:group_addr mcast_snooping _ mcast_router mcast_query_use_ifaddr mcast_querier "+
		"mcast_hash_elasticity mcast_hash_max mcast_last_member_count:mcast_last_member_cnt "+
		"mcast_startup_query_count:mcast_startup_query_cnt mcast_last_member_interval:mcast_last_member_intvl "+
		"mcast_membership_interval:mcast_membership_intvl mcast_querier_interval:mcast_querier_intvl "+
		"mcast_query_interval:mcast_query_intvl mcast_query_response_interval:mcast_query_response_intvl "+
		"mcast_startup_query_interval:mcast_startup_query_intvl mcast_stats_enabled mcast_igmp_version "+
		"mcast_mld_version nf_call_iptables nf_call_ip6tables nf_call_arptables",
		&b.ForwardDelay, &b.HelloTime, &b.MaxAge, &b.AgeingTime, &b.STPState, &b.Priority, &b.VLANFiltering, &b.VLANProtocol,
		&b.BridgeID, &b.RootID, &b.RootPort, &b.RootPathCost, &b.TopologyChange, &b.TopologyChangeDetected,
		(*timer)(&b.HelloTimer), (*timer)(&b.TCNTimer), (*timer)(&b.TopologyChangeTimer), (*timer)(&b.GCTimer),
		&b.VLANDefaultPVID, &b.VLANStats, &b.VLANStatsPerPort, (*hex)(&b.GroupFwdMask), &b.GroupAddr, &b.McastSnooping,
		&b.BoolOpts, &b.McastRouter, &b.McastQueryUseIfAddr, &b.McastQuerier, &b.McastHashElasticity, &b.McastHashMax,
		&b.McastLastMemberCount, &b.McastStartupCount, &b.McastLastMemberIntvl, &b.McastMembershipIntvl, &b.McastQuerierIntvl,
		&b.McastQueryIntvl, &b.McastQueryRespIntvl, &b.McastStartupIntvl, &b.McastStats, &b.McastIGMPVersion,
		&b.McastMLDVersion, &b.NFCallIPTables, &b.NFCallIP6Tables, &b.NFCallARPTables)
}

// port visits the options of a bridge's port, in the order in which they are shown.
func (x *visitor) port(p *rtnl.BridgePort) {
	x.visit("state priority cost hairpin guard root_block fastleave learning flood port_id:id port_no:no designated_port "+
		"designated_cost designated_bridge:bridge_id designated_root:root_id hold_timer message_age_timer "+
		"forward_delay_timer topology_change_ack config_pending proxy_arp proxy_arp_wifi mcast_router:multicast_router "+
		"mcast_fast_leave:- mcast_flood bcast_flood mcast_to_unicast neigh_suppress group_fwd_mask vlan_tunnel isolated "+
		"locked backup_port",
		&p.State, &p.Priority, &p.Cost, (*onOff)(&p.Hairpin), (*onOff)(&p.Guard), (*onOff)(&p.Protect), (*onOff)(&p.FastLeave),
		(*onOff)(&p.Learning), (*onOff)(&p.Flood), (*hex)(&p.ID), (*hex)(&p.No), &p.DesignatedPort, &p.DesignatedCost,
		&p.BridgeID, &p.RootID, (*timer)(&p.HoldTimer), (*timer)(&p.MessageAgeTimer), (*timer)(&p.ForwardDelayTimer),
		&p.TopologyChangeAck, &p.ConfigPending, (*onOff)(&p.ProxyARP), (*onOff)(&p.ProxyARPWifi), &p.McastRouter,
		(*onOff)(&p.FastLeave), (*onOff)(&p.McastFlood), (*onOff)(&p.BcastFlood), (*onOff)(&p.McastToUcast),
		(*onOff)(&p.NeighSuppress), (*fwdMask)(&p.GroupFwdMask), (*onOff)(&p.VLANTunnel), (*onOff)(&p.Isolated),
		(*onOff)(&p.Locked), (*index)(&p.BackupPort))
}

// inText is the key of what is left out of JSON, and there is as another word.
const inText = "-"

// showOption renders one option, if it is there.
func (v *view) showOption(word, key string, value any) {
	text := word + " "
	if key == inText && v.json != nil {
		return
	}
	var n nl.Opt[uint64]
	named := ""
	switch p := value.(type) {
	case *nl.Opt[uint8]:
		n.V, n.Ok = uint64(p.V), p.Ok
	case *nl.Opt[uint16]:
		n.V, n.Ok = uint64(p.V), p.Ok
	case *nl.Opt[uint32]:
		n.V, n.Ok = uint64(p.V), p.Ok
	case *nl.Opt[uint64]:
		n = *p
	case *nl.Opt[int32]:
		if p.Ok {
			v.int(key, text+"%d ", int64(p.V))
		}
	case *choice8:
		v.showChoice(word, key, uint32(p.V), p.Ok)
	case *choice32:
		v.showChoice(word, key, p.V, p.Ok)
	case *lacpState:
		v.showLACPState(word, p)
	case *onOff:
		if p.Ok {
			v.onOff(key, text+"%s ", p.V != 0)
		}
	case *hex:
		named = hexOf(p.V, p.Ok)
	case *fwdMask:
		named = hexOf(p.V, p.Ok)
	case *timer:
		if p.Ok {
			v.float(key, text+"%7s ", float64(p.V)/ticksPerSecond)
		}
	case *index:
		if p.Ok {
			named = v.linkName(p.V)
		}
	case *rtnl.BridgeID:
		named = bridgeID(p)
	case *nl.HardwareAddr:
		named = p.String()
	case *uint16: // vlan_protocol
		named = vlanProtocol(*p)
	case *nl.Opt[rtnl.PortState]:
		v.showPortState(p)
	case *nl.Opt[rtnl.BoolOpts]:
		v.showBit(p, "no_linklocal_learn", noLinkLocalLearn)
		v.showBit(p, "mcast_vlan_snooping", mcastVLANSnooping)
	}
	v.number(n.Ok, key, text+"%d ", n.V)
	v.word(key, text+"%s ", named)
	if p, ok := value.(*fwdMask); ok && p.Ok {
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
