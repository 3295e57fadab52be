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
func setOption(w *words, word string, value any, why string) {
	switch p := value.(type) {
	case *onOff:
		p.V, p.Ok = bit(w.either(exitFailed, word, notOffOn)), true
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
	case *nl.Opt[int32]:
		*p = nl.Some(w.int(why))
	case *choice8:
		p.V, p.Ok = uint8(w.choice(word, why)), true
	case *choice32:
		p.V, p.Ok = w.choice(word, why), true
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
const bridgeWords grammar = `
	forward_delay* TIME  how long a port listens before it forwards
	hello_time* TIME  between two messages of the spanning tree
	max_age* TIME  how long such a message counts
	ageing_time* TIME  how long an address is remembered
	stp_state* NUMBER  1: with a spanning tree
	priority* NUMBER  the smallest is the root of the tree
	vlan_filtering* BOOL  by VLAN
	vlan_protocol* { 802.1Q | 802.1ad }  of VLAN tags
	group_fwd_mask* MASK  which link-local groups to forward
	group_address* LLADDR  to which the tree's messages go
	fdb_flush*  forget the addresses
	vlan_default_pvid* ID  the VLAN of what has no tag
	vlan_stats_enabled* BOOL  count by VLAN
	vlan_stats_per_port* BOOL  and by port
	mcast_router* NUMBER  0: no router of multicast, 1: look for one, 2: always
	mcast_snooping* BOOL  multicast only to who wants it
	mcast_vlan_snooping BOOL  by VLAN
	mcast_query_use_ifaddr* BOOL  ask with the bridge's address
	no_linklocal_learn BOOL  do not learn from link-local groups
	mcast_querier* BOOL  ask who wants multicast
	mcast_hash_elasticity* NUMBER
	mcast_hash_max* NUMBER  how many groups
	mcast_last_member_count* NUMBER  how often to ask when one leaves
	mcast_startup_query_count* NUMBER  how often to ask in the beginning
	mcast_last_member_interval* TIME  between those
	mcast_membership_interval* TIME  how long a member counts
	mcast_querier_interval* TIME  how long another querier counts
	mcast_query_interval* TIME  between two questions
	mcast_query_response_interval* TIME  how long to wait for answers
	mcast_startup_query_interval* TIME  between those in the beginning
	mcast_stats_enabled* BOOL  count multicast
	mcast_igmp_version* NUMBER  2 or 3
	mcast_mld_version* NUMBER  1 or 2
	nf_call_iptables* BOOL  what it forwards goes through iptables
	nf_call_ip6tables* BOOL  through ip6tables
	nf_call_arptables* BOOL  through arptables
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

// portWords are the options of a bridge's port.
// Those that are on or off are switches.
const portWords grammar = `
	fdb_flush*  forget the addresses behind it
	state* NUMBER  0: disabled, 1: listening, 2: learning, 3: forwarding, 4: blocking
	priority* NUMBER  the smallest of several is used
	cost* NUMBER  of the way through it
	hairpin* SWITCH  send back by the port that it came by
	guard* SWITCH  ignore the spanning tree's messages
	root_block* SWITCH  never the way to the root
	fastleave* SWITCH  no questions when a member leaves
	learning* SWITCH  learn addresses
	flood* SWITCH  send what is for unknown addresses
	mcast_flood* SWITCH  send multicast that nobody asked for
	mcast_router* NUMBER  0: no router of multicast, 1: look for one, 2: always
	mcast_fast_leave* SWITCH  the same
	bcast_flood* SWITCH  send broadcast
	mcast_to_unicast* SWITCH  multicast to each member alone
	proxy_arp* SWITCH  answer ARP for others
	proxy_arp_wifi* SWITCH  the same, as access points need it
	neigh_suppress* SWITCH  answer ARP from the neighbour table
	group_fwd_mask* MASK  which link-local groups to forward
	vlan_tunnel* SWITCH  map VLANs to tunnels
	isolated* SWITCH  not to other isolated ports
	locked* SWITCH  only for addresses that it knows
	backup_port* DEV  where to send when this one has no carrier
	nobackup_port*  nowhere
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
			w.master(&r.backup)
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
