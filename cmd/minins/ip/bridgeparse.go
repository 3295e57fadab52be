//go:build linux

package ip

import (
	"encoding/binary"
	"strings"

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
const bridgeWords grammar = `forward_delay* TIME  TIME is in hundredths of a second
hello_time* TIME
max_age* TIME
ageing_time* TIME
stp_state* NUMBER
priority* NUMBER
vlan_filtering* BOOL  BOOL is 0 or 1
vlan_protocol* { 802.1Q | 802.1ad }
group_fwd_mask* MASK
group_address* LLADDR
fdb_flush*
vlan_default_pvid* ID
vlan_stats_enabled* BOOL
vlan_stats_per_port* BOOL
mcast_router* NUMBER
mcast_snooping* BOOL
mcast_vlan_snooping* BOOL
mcast_query_use_ifaddr* BOOL
no_linklocal_learn* BOOL
mcast_querier* BOOL
mcast_hash_elasticity* NUMBER
mcast_hash_max* NUMBER
mcast_last_member_count* NUMBER
mcast_startup_query_count* NUMBER
mcast_last_member_interval* TIME
mcast_membership_interval* TIME
mcast_querier_interval* TIME
mcast_query_interval* TIME
mcast_query_response_interval* TIME
mcast_startup_query_interval* TIME
mcast_stats_enabled* BOOL
mcast_igmp_version* NUMBER
mcast_mld_version* NUMBER
nf_call_iptables* BOOL
nf_call_ip6tables* BOOL
nf_call_arptables* BOOL
help*`

// parseBridge reads the words after "type bridge".
func parseBridge(w *words) (*rtnl.Bridge, error) {
	b := new(rtnl.Bridge)
	for w.next() {
		key := bridgeWords.find(w.cur)
		why := "invalid " + key
		switch key {
		case "", "help":
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
	switch strings.ToLower(w.arg()) {
	case "802.1q":
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

// portWords are the options of a port.
const portWords grammar = `fdb_flush
state NUMBER
priority NUMBER
cost NUMBER
hairpin { on | off }
guard { on | off }
root_block { on | off }
fastleave|mcast_fast_leave { on | off }
learning { on | off }
flood { on | off }
mcast_flood { on | off }
bcast_flood { on | off }
mcast_to_unicast { on | off }
proxy_arp { on | off }
proxy_arp_wifi { on | off }
neigh_suppress { on | off }
vlan_tunnel { on | off }
isolated { on | off }
locked { on | off }
mcast_router NUMBER
group_fwd_mask MASK
backup_port DEV
nobackup_port
help*`

// parsePort reads the words after "type bridge_slave".
func (r *linkRequest) parsePort(w *words) error {
	p := new(rtnl.BridgePort)
	for w.next() {
		set := visitor{set: w, word: portWords.find(w.cur)}
		set.why = "invalid " + set.word
		switch set.word {
		case "", "help":
			return unknownOption("bridge_slave: unknown option", "bridge_slave", w, portWords.words())
		case "fdb_flush":
			p.Flush = true
		case "backup_port":
			w.text(&r.backup)
		case "nobackup_port":
			p.BackupPort = nl.Some(uint32(0))
		case "state", "priority", "cost":
			set.why = set.word + " is invalid"
			fallthrough
		default:
			set.port(p)
		}
	}
	r.link.Info.Port = p
	return w.err
}
