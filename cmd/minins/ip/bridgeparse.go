//go:build linux

package ip

import (
	"encoding/binary"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

func nativeLittle() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// setOption reads the number that an option has as its argument; why is what
// is said of a wrong one.
func setOption(w *words, value any, why string) {
	switch p := value.(type) {
	case *onOff:
		p.V, p.Ok = bit(w.either(exitFailed, w.cur, notOffOn)), true
	case *nl.Opt[uint8]:
		p.V, p.Ok = uint8(w.uint(8, why)), true
	case *hex:
		p.V, p.Ok = uint16(w.uint(16, why)), true
	case *fwdMask:
		p.V, p.Ok = uint16(w.uint(16, why)), true
	case *nl.Opt[uint16]:
		p.V, p.Ok = uint16(w.uint(16, why)), true
	case *nl.Opt[uint32]:
		p.V, p.Ok = uint32(w.uint(32, why)), true
	case *nl.Opt[uint64]:
		p.V, p.Ok = w.uint(64, why), true
	case *nl.Opt[rtnl.PortState]:
		p.V, p.Ok = rtnl.PortState(w.uint(8, why)), true
	}
}

// setBit reads one bit of struct br_boolopt_multi.
func setBit(w *words, p *nl.Opt[rtnl.BoolOpts], bit uint32, why string) {
	p.Ok = true
	p.V.Mask |= bit
	p.V.Value &^= bit
	if w.uint(8, why) != 0 {
		p.V.Value |= bit
	}
}

// bridgeWords are the options of a bridge, in the order in which abbreviations
// are tried.
const bridgeWords keywords = "forward_delay* hello_time* max_age* ageing_time* stp_state* priority* vlan_filtering* vlan_protocol* " +
	"group_fwd_mask* group_address* fdb_flush* vlan_default_pvid* vlan_stats_enabled* vlan_stats_per_port* mcast_router* " +
	"mcast_snooping* mcast_vlan_snooping* mcast_query_use_ifaddr* no_linklocal_learn* mcast_querier* mcast_hash_elasticity* " +
	"mcast_hash_max* mcast_last_member_count* mcast_startup_query_count* mcast_last_member_interval* mcast_membership_interval* " +
	"mcast_querier_interval* mcast_query_interval* mcast_query_response_interval* mcast_startup_query_interval* " +
	"mcast_stats_enabled* mcast_igmp_version* mcast_mld_version* nf_call_iptables* nf_call_ip6tables* nf_call_arptables*"

// parseBridge reads the words after "type bridge".
func parseBridge(w *words) (*rtnl.Bridge, error) {
	b := new(rtnl.Bridge)
	for w.next() {
		key := bridgeWords.find(w.cur)
		why := "invalid " + key
		switch key {
		case "":
			return nil, unknownOption("bridge: unknown command", "bridge", w, bridgeWords.words())
		case "vlan_protocol":
			b.VLANProtocol = vlanProtocolArg(w, why)
		case "group_address":
			w.lladdr(&b.GroupAddr)
		case "fdb_flush":
			b.FDBFlush = true
		case "no_linklocal_learn":
			setBit(w, &b.BoolOpts, noLinkLocalLearn, why)
		case "mcast_vlan_snooping":
			setBit(w, &b.BoolOpts, mcastVLANSnooping, why)
		default:
			set := visitor{set: w, word: key, why: why}
			set.bridge(b)
		}
	}
	return b, w.err
}

func vlanProtocolArg(w *words, why string) uint16 {
	switch w.arg() {
	case "802.1q", "802.1Q":
		return 0x8100
	case "802.1ad":
		return 0x88a8
	}
	if n, ok := number(w.cur, 16); ok {
		return uint16(n)
	}
	w.wrong(w.cur, why, `it is "802.1Q" or "802.1ad"`)
	return 0
}

func unknownOption(what, topic string, w *words, known []string) error {
	if w.short("help") {
		return &failure{code: exitFailed, usage: topic}
	}
	return &failure{code: exitFailed, text: say("%s \"%s\"?", what, w.cur), after: topic, hint: meant(w.cur, known)}
}

// portWords are the options of a bridge's port, without the switches.
const portWords keywords = "fdb_flush state priority cost mcast_router group_fwd_mask backup_port nobackup_port"

// portSwitches are the options of a port that are on or off.
const portSwitches keywords = "hairpin guard root_block fastleave|mcast_fast_leave learning flood mcast_flood bcast_flood mcast_to_unicast " +
	"proxy_arp proxy_arp_wifi neigh_suppress vlan_tunnel isolated locked"

// parsePort reads the words after "type bridge_slave".
func (r *linkRequest) parsePort(w *words) error {
	p := new(rtnl.BridgePort)
	for w.next() {
		if key := portSwitches.find(w.cur); key != "" {
			set := visitor{set: w, word: key}
			set.port(p)
			continue
		}
		switch key := portWords.find(w.cur); key {
		case "":
			return unknownOption("bridge_slave: unknown option", "bridge_slave", w, (portWords + " " + portSwitches).words())
		case "fdb_flush":
			p.Flush = true
		case "state", "priority", "cost":
			set := visitor{set: w, word: key, why: key + " is invalid"}
			set.port(p)
		case "backup_port":
			w.text(&r.backup)
		case "nobackup_port":
			p.BackupPort = nl.Some(uint32(0))
		default:
			set := visitor{set: w, word: key, why: "invalid " + key}
			set.port(p)
		}
	}
	r.link.Info.Port = p
	return w.err
}
