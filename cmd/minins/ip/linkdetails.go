//go:build linux

package ip

import (
	"fmt"
	"strings"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// showDetails renders what -d adds.
func (v *view) showDetails(l *rtnl.Link, x extent) {
	v.optUint("promiscuity", " promiscuity %d ", l.Promiscuity)
	v.optUint("allmulti", " allmulti %d ", l.AllMulti)
	v.optUint("min_mtu", "minmtu %d ", l.MinMTU)
	v.optUint("max_mtu", "maxmtu %d ", l.MaxMTU)
	v.showKind(l)
	if x == ofLink && l.Inet6 != nil && l.Inet6.AddrGenMode.Ok {
		v.str("inet6_addr_gen_mode", "addrgenmode %s ", addrGenMode(l.Inet6.AddrGenMode.V))
	}
	for _, n := range []struct {
		key, format string
		v           uint32
	}{
		{"num_tx_queues", "numtxqueues %d ", l.NumTxQueues},
		{"num_rx_queues", "numrxqueues %d ", l.NumRxQueues},
		{"gso_max_size", "gso_max_size %d ", l.GSOMaxSize},
		{"gso_max_segs", "gso_max_segs %d ", l.GSOMaxSegs},
		{"tso_max_size", "tso_max_size %d ", l.TSOMaxSize},
		{"tso_max_segs", "tso_max_segs %d ", l.TSOMaxSegs},
		{"gro_max_size", "gro_max_size %d ", l.GROMaxSize},
	} {
		if n.v != 0 {
			v.uint(n.key, n.format, uint64(n.v))
		}
	}
	if l.PhysPortName != "" {
		v.str("phys_port_name", "portname %s ", l.PhysPortName)
	}
	if l.PhysPortID != nil {
		v.str("phys_port_id", "portid %s ", hexBytes(l.PhysPortID))
	}
	if l.PhysSwitchID != nil {
		v.str("phys_switch_id", "switchid %s ", hexBytes(l.PhysSwitchID))
	}
	if l.ParentBus != "" {
		v.str("parentbus", "parentbus %s ", l.ParentBus)
	}
	if l.ParentDev != "" {
		v.str("parentdev", "parentdev %s ", l.ParentDev)
	}
}

func addrGenMode(m rtnl.AddrGenMode) string {
	names := addrGenModes()
	if int(m) < len(names) {
		return names[m]
	}
	return fmt.Sprintf("%#.2x", uint8(m))
}

func addrGenModes() []string { return []string{"eui64", "none", "stable_secret", "random"} }

// optUint is an integer that may be absent.
func (v *view) optUint(key, format string, n nl.Opt[uint32]) { optInt(v, key, format, n) }

func optInt[T ~uint8 | ~uint16 | ~uint32 | ~uint64](v *view, key, format string, n nl.Opt[T]) {
	if n.Ok {
		v.uint(key, format, uint64(n.V))
	}
}

// showKind renders IFLA_LINKINFO: the kind, and the master's kind.
func (v *view) showKind(l *rtnl.Link) {
	i := &l.Info
	if i.Kind == "" && i.SlaveKind == "" {
		return
	}
	v.object("linkinfo")
	if i.Kind != "" {
		v.line()
		v.str("info_kind", "    %s ", i.Kind)
		if i.Bridge != nil {
			v.object("info_data")
			v.showBridge(i.Bridge)
			v.end()
		}
	}
	if i.SlaveKind != "" {
		v.line()
		v.str("info_slave_kind", "    %s_slave ", i.SlaveKind)
		if i.Port != nil {
			v.object("info_slave_data")
			v.showPort(i.Port)
			v.end()
		}
	}
	v.end()
}

// showBridge renders a bridge's settings and state.
func (v *view) showBridge(b *rtnl.Bridge) {
	optInt(v, "forward_delay", "forward_delay %d ", b.ForwardDelay)
	optInt(v, "hello_time", "hello_time %d ", b.HelloTime)
	optInt(v, "max_age", "max_age %d ", b.MaxAge)
	optInt(v, "ageing_time", "ageing_time %d ", b.AgeingTime)
	optInt(v, "stp_state", "stp_state %d ", b.STPState)
	optInt(v, "priority", "priority %d ", b.Priority)
	optInt(v, "vlan_filtering", "vlan_filtering %d ", b.VLANFiltering)
	if b.VLANProtocol != 0 {
		v.str("vlan_protocol", "vlan_protocol %s ", vlanProtocol(b.VLANProtocol))
	}
	v.str("bridge_id", "bridge_id %s ", bridgeID(b.BridgeID))
	v.str("root_id", "designated_root %s ", bridgeID(b.RootID))
	optInt(v, "root_port", "root_port %d ", b.RootPort)
	optInt(v, "root_path_cost", "root_path_cost %d ", b.RootPathCost)
	optInt(v, "topology_change", "topology_change %d ", b.TopologyChange)
	optInt(v, "topology_change_detected", "topology_change_detected %d ", b.TopologyChangeDetected)
	v.timer("hello_timer", b.HelloTimer)
	v.timer("tcn_timer", b.TCNTimer)
	v.timer("topology_change_timer", b.TopologyChangeTimer)
	v.timer("gc_timer", b.GCTimer)
	optInt(v, "vlan_default_pvid", "vlan_default_pvid %d ", b.VLANDefaultPVID)
	optInt(v, "vlan_stats_enabled", "vlan_stats_enabled %d ", b.VLANStats)
	optInt(v, "vlan_stats_per_port", "vlan_stats_per_port %d ", b.VLANStatsPerPort)
	if b.GroupFwdMask.Ok {
		v.str("group_fwd_mask", "group_fwd_mask %s ", cHex(uint64(b.GroupFwdMask.V)))
	}
	if b.GroupAddr.Len() > 0 {
		v.str("group_addr", "group_address %s ", b.GroupAddr.String())
	}
	optInt(v, "mcast_snooping", "mcast_snooping %d ", b.McastSnooping)
	if b.BoolOpts.Ok {
		v.uint("no_linklocal_learn", "no_linklocal_learn %d ", uint64(b.BoolOpts.V.Value&1))
		v.uint("mcast_vlan_snooping", "mcast_vlan_snooping %d ", uint64(b.BoolOpts.V.Value>>1&1))
	}
	optInt(v, "mcast_router", "mcast_router %d ", b.McastRouter)
	optInt(v, "mcast_query_use_ifaddr", "mcast_query_use_ifaddr %d ", b.McastQueryUseIfAddr)
	optInt(v, "mcast_querier", "mcast_querier %d ", b.McastQuerier)
	optInt(v, "mcast_hash_elasticity", "mcast_hash_elasticity %d ", b.McastHashElasticity)
	optInt(v, "mcast_hash_max", "mcast_hash_max %d ", b.McastHashMax)
	optInt(v, "mcast_last_member_cnt", "mcast_last_member_count %d ", b.McastLastMemberCount)
	optInt(v, "mcast_startup_query_cnt", "mcast_startup_query_count %d ", b.McastStartupCount)
	optInt(v, "mcast_last_member_intvl", "mcast_last_member_interval %d ", b.McastLastMemberIntvl)
	optInt(v, "mcast_membership_intvl", "mcast_membership_interval %d ", b.McastMembershipIntvl)
	optInt(v, "mcast_querier_intvl", "mcast_querier_interval %d ", b.McastQuerierIntvl)
	optInt(v, "mcast_query_intvl", "mcast_query_interval %d ", b.McastQueryIntvl)
	optInt(v, "mcast_query_response_intvl", "mcast_query_response_interval %d ", b.McastQueryRespIntvl)
	optInt(v, "mcast_startup_query_intvl", "mcast_startup_query_interval %d ", b.McastStartupIntvl)
	optInt(v, "mcast_stats_enabled", "mcast_stats_enabled %d ", b.McastStats)
	optInt(v, "mcast_igmp_version", "mcast_igmp_version %d ", b.McastIGMPVersion)
	optInt(v, "mcast_mld_version", "mcast_mld_version %d ", b.McastMLDVersion)
	optInt(v, "nf_call_iptables", "nf_call_iptables %d ", b.NFCallIPTables)
	optInt(v, "nf_call_ip6tables", "nf_call_ip6tables %d ", b.NFCallIP6Tables)
	optInt(v, "nf_call_arptables", "nf_call_arptables %d ", b.NFCallARPTables)
}

func vlanProtocol(p uint16) string {
	switch p {
	case 0x8100:
		return "802.1Q"
	case 0x88a8:
		return "802.1ad"
	}
	return fmt.Sprintf("[%d]", p)
}

// timer is a time in hundredths of a second.
func (v *view) timer(key string, t nl.Opt[uint64]) {
	if t.Ok {
		v.float(key, key+" %7.2f ", float64(t.V)/ticksPerSecond)
	}
}

// bridgeID is a priority and a MAC address, the latter without leading zeros.
func bridgeID(id rtnl.BridgeID) string {
	a := id.Addr
	return fmt.Sprintf("%04x.%x:%x:%x:%x:%x:%x", id.Priority, a[0], a[1], a[2], a[3], a[4], a[5])
}

func portStates() []string {
	return []string{"disabled", "listening", "learning", "forwarding", "blocking"}
}

// showPort renders a bridge port's settings and state.
func (v *view) showPort(p *rtnl.BridgePort) {
	if p.State.Ok {
		if names := portStates(); int(p.State.V) < len(names) {
			v.str("state", "state %s ", names[p.State.V])
		} else {
			v.uint("state_index", "state (%d) ", uint64(p.State.V))
		}
	}
	optInt(v, "priority", "priority %d ", p.Priority)
	optInt(v, "cost", "cost %d ", p.Cost)
	v.portFlag("hairpin", "hairpin", p.Hairpin)
	v.portFlag("guard", "guard", p.Guard)
	v.portFlag("root_block", "root_block", p.Protect)
	v.portFlag("fastleave", "fastleave", p.FastLeave)
	v.portFlag("learning", "learning", p.Learning)
	v.portFlag("flood", "flood", p.Flood)
	if p.ID.Ok {
		v.str("id", "port_id %s ", cHex(uint64(p.ID.V)))
	}
	if p.No.Ok {
		v.str("no", "port_no %s ", cHex(uint64(p.No.V)))
	}
	optInt(v, "designated_port", "designated_port %d ", p.DesignatedPort)
	optInt(v, "designated_cost", "designated_cost %d ", p.DesignatedCost)
	v.str("bridge_id", "designated_bridge %s ", bridgeID(p.BridgeID))
	v.str("root_id", "designated_root %s ", bridgeID(p.RootID))
	v.timer("hold_timer", p.HoldTimer)
	v.timer("message_age_timer", p.MessageAgeTimer)
	v.timer("forward_delay_timer", p.ForwardDelayTimer)
	optInt(v, "topology_change_ack", "topology_change_ack %d ", p.TopologyChangeAck)
	optInt(v, "config_pending", "config_pending %d ", p.ConfigPending)
	v.portFlag("proxy_arp", "proxy_arp", p.ProxyARP)
	v.portFlag("proxy_arp_wifi", "proxy_arp_wifi", p.ProxyARPWifi)
	optInt(v, "multicast_router", "mcast_router %d ", p.McastRouter)
	if v.json == nil { // in JSON it is "fastleave", above
		v.portFlag("", "mcast_fast_leave", p.FastLeave)
	}
	v.portFlag("mcast_flood", "mcast_flood", p.McastFlood)
	v.portFlag("bcast_flood", "bcast_flood", p.BcastFlood)
	v.portFlag("mcast_to_unicast", "mcast_to_unicast", p.McastToUcast)
	v.portFlag("neigh_suppress", "neigh_suppress", p.NeighSuppress)
	if m := p.GroupFwdMask; m.Ok {
		v.str("group_fwd_mask", "group_fwd_mask %s ", cHex(uint64(m.V)))
		v.str("group_fwd_mask_str", "group_fwd_mask_str %s ", groupFwdMask(m.V))
	}
	v.portFlag("vlan_tunnel", "vlan_tunnel", p.VLANTunnel)
	v.portFlag("isolated", "isolated", p.Isolated)
	v.portFlag("locked", "locked", p.Locked)
	if p.BackupPort.Ok {
		v.str("backup_port", "backup_port %s ", v.linkName(p.BackupPort.V))
	}
}

func (v *view) portFlag(key, word string, f nl.Opt[uint8]) {
	if f.Ok {
		v.onOff(key, word+" %s ", f.V != 0)
	}
}

// groupFwdMask names the link-local protocols that a port forwards.
func groupFwdMask(m uint16) string {
	var names []string
	for _, n := range []numbered{{1 << 0, "stp"}, {1 << 2, "lacp"}, {1 << 14, "lldp"}} {
		if bit := uint16(n.id); m&bit != 0 {
			names = append(names, n.name)
			m &^= bit
		}
	}
	if m != 0 || names == nil {
		names = append(names, fmt.Sprintf("0x%x", m))
	}
	return strings.Join(names, ",")
}

// showXDP renders the eBPF program that is attached: in short in the first
// line, in full after the alias.
func (v *view) showXDP(l *rtnl.Link, x extent, full bool) {
	if l.XDP.Attached == 0 || v.json != nil {
		return
	}
	word := []string{"xdp", "xdp", "xdpgeneric", "xdpoffload", "xdpmulti"}[min(l.XDP.Attached, 4)]
	switch {
	case !full && x == ofLink:
		v.text("%s ", word)
	case !full:
		v.text("%s/id:%d ", word, l.XDP.ProgID)
	default:
		v.line()
		v.text("    prog/%s id %d ", word, l.XDP.ProgID)
	}
}
