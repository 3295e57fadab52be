//go:build linux

package ip

import (
	"encoding/binary"
	"fmt"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

func nativeLittle() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// A setter reads the argument of an option.
type setter struct {
	name string
	take func(w *words)
}

// u8, u16, u32 and u64 make setters of integers, invalid ones being the
// mistake "invalid NAME".

func u8(name string, p *nl.Opt[uint8]) setter {
	return setter{name, func(w *words) { *p = nl.Some(uint8(w.uint(8, "invalid "+name))) }}
}

func u16(name string, p *nl.Opt[uint16]) setter {
	return setter{name, func(w *words) { *p = nl.Some(uint16(w.uint(16, "invalid "+name))) }}
}

func u32(name string, p *nl.Opt[uint32]) setter {
	return setter{name, func(w *words) { *p = nl.Some(uint32(w.uint(32, "invalid "+name))) }}
}

func u64(name string, p *nl.Opt[uint64]) setter {
	return setter{name, func(w *words) { *p = nl.Some(w.uint(64, "invalid "+name)) }}
}

// boolOpt makes a setter of one bit of struct br_boolopt_multi.
func boolOpt(name string, n int, p *nl.Opt[rtnl.BoolOpts]) setter {
	return setter{name, func(w *words) {
		on := uint32(w.uint(8, "invalid "+name))
		p.Ok = true
		p.V.Mask |= 1 << n
		p.V.Value &^= 1 << n
		if on != 0 {
			p.V.Value |= 1 << n
		}
	}}
}

// bridgeSetters are the options of a bridge, in the order in which
// abbreviations are tried.
func bridgeSetters(b *rtnl.Bridge) []setter {
	return []setter{
		u32("forward_delay", &b.ForwardDelay), u32("hello_time", &b.HelloTime), u32("max_age", &b.MaxAge),
		u32("ageing_time", &b.AgeingTime), u32("stp_state", &b.STPState), u16("priority", &b.Priority),
		u8("vlan_filtering", &b.VLANFiltering),
		{"vlan_protocol", func(w *words) { b.VLANProtocol = vlanProtocolArg(w) }},
		u16("group_fwd_mask", &b.GroupFwdMask),
		{"group_address", func(w *words) { b.GroupAddr = w.lladdr() }},
		{"fdb_flush", func(*words) { b.FDBFlush = true }},
		u16("vlan_default_pvid", &b.VLANDefaultPVID), u8("vlan_stats_enabled", &b.VLANStats),
		u8("vlan_stats_per_port", &b.VLANStatsPerPort),
		u8("mcast_router", &b.McastRouter), u8("mcast_snooping", &b.McastSnooping),
		boolOpt("mcast_vlan_snooping", 1, &b.BoolOpts), u8("mcast_query_use_ifaddr", &b.McastQueryUseIfAddr),
		boolOpt("no_linklocal_learn", 0, &b.BoolOpts),
		u8("mcast_querier", &b.McastQuerier), u32("mcast_hash_elasticity", &b.McastHashElasticity),
		u32("mcast_hash_max", &b.McastHashMax), u32("mcast_last_member_count", &b.McastLastMemberCount),
		u32("mcast_startup_query_count", &b.McastStartupCount), u64("mcast_last_member_interval", &b.McastLastMemberIntvl),
		u64("mcast_membership_interval", &b.McastMembershipIntvl), u64("mcast_querier_interval", &b.McastQuerierIntvl),
		u64("mcast_query_interval", &b.McastQueryIntvl), u64("mcast_query_response_interval", &b.McastQueryRespIntvl),
		u64("mcast_startup_query_interval", &b.McastStartupIntvl), u8("mcast_stats_enabled", &b.McastStats),
		u8("mcast_igmp_version", &b.McastIGMPVersion), u8("mcast_mld_version", &b.McastMLDVersion),
		u8("nf_call_iptables", &b.NFCallIPTables), u8("nf_call_ip6tables", &b.NFCallIP6Tables),
		u8("nf_call_arptables", &b.NFCallARPTables),
	}
}

func vlanProtocolArg(w *words) uint16 {
	switch w.arg() {
	case "802.1q", "802.1Q":
		return 0x8100
	case "802.1ad":
		return 0x88a8
	}
	w.fail(wrong(w.cur, "invalid vlan_protocol"))
	return 0
}

// parseBridge reads the words after "type bridge".
func parseBridge(w *words) (*rtnl.Bridge, error) {
	b := new(rtnl.Bridge)
	setters := bridgeSetters(b)
	for w.next() {
		if !take(setters, w, true) {
			return nil, unknownOption("bridge: unknown command", "bridge", w, setters)
		}
	}
	return b, w.err
}

// take lets the setter that the word names read its argument.
func take(setters []setter, w *words, short bool) bool {
	for _, s := range setters {
		if w.is(s.name) || short && w.short(s.name) {
			s.take(w)
			return true
		}
	}
	return false
}

func unknownOption(what, topic string, w *words, setters []setter) error {
	if w.short("help") {
		return &failure{code: exitFailed, usage: topic}
	}
	names := make([]string, len(setters))
	for i, s := range setters {
		names[i] = s.name
	}
	f := &failure{code: exitFailed, text: fmt.Sprintf("%s \"%s\"?", what, w.cur), after: topic}
	if near := nearest(w.cur, names); near != "" {
		f.hint = fmt.Sprintf("did you mean %q?", near)
	}
	return f
}

// portSetters are the options of a bridge's port.
func portSetters(p *rtnl.BridgePort, backup *string) []setter {
	onOff := func(name string, v *nl.Opt[uint8]) setter {
		return setter{name, func(w *words) {
			*v = nl.Some(bit(w.onOff(name)))
			if f, ok := w.err.(*failure); ok {
				f.code = exitUsage
			}
		}}
	}
	return []setter{
		{"fdb_flush", func(*words) { p.Flush = true }},
		{"state", func(w *words) { p.State = nl.Some(rtnl.PortState(w.uint(8, "state is invalid"))) }},
		{"priority", func(w *words) { p.Priority = nl.Some(uint16(w.uint(16, "priority is invalid"))) }},
		{"cost", func(w *words) { p.Cost = nl.Some(uint32(w.uint(32, "cost is invalid"))) }},
		onOff("hairpin", &p.Hairpin), onOff("guard", &p.Guard), onOff("root_block", &p.Protect), onOff("fastleave", &p.FastLeave),
		onOff("learning", &p.Learning), onOff("flood", &p.Flood), onOff("mcast_flood", &p.McastFlood),
		onOff("bcast_flood", &p.BcastFlood), onOff("mcast_to_unicast", &p.McastToUcast), onOff("proxy_arp", &p.ProxyARP),
		onOff("proxy_arp_wifi", &p.ProxyARPWifi),
		{"mcast_router", func(w *words) { p.McastRouter = nl.Some(uint8(w.uint(8, "invalid mcast_router"))) }},
		onOff("mcast_fast_leave", &p.FastLeave), onOff("neigh_suppress", &p.NeighSuppress),
		{"group_fwd_mask", func(w *words) { p.GroupFwdMask = nl.Some(uint16(w.uint(16, "invalid group_fwd_mask"))) }},
		onOff("vlan_tunnel", &p.VLANTunnel), onOff("isolated", &p.Isolated), onOff("locked", &p.Locked),
		{"backup_port", func(w *words) { *backup = w.arg() }},
		{"nobackup_port", func(*words) { p.BackupPort = nl.Some(uint32(0)) }},
	}
}

// parsePort reads the words after "type bridge_slave".
func (r *linkRequest) parsePort(w *words) error {
	p := new(rtnl.BridgePort)
	setters := portSetters(p, &r.backup)
	for w.next() {
		if !take(setters, w, false) {
			return unknownOption("bridge_slave: unknown option", "bridge_slave", w, setters)
		}
	}
	r.link.Info.Port = p
	return w.err
}
