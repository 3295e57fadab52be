//go:build linux

package ip

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const bondWords grammar = `
	mode* MODE  balance-rr, active-backup, balance-xor, broadcast, 802.3ad, balance-tlb or balance-alb
	active_slave* DEV  the port to use
	clear_active_slave*
	miimon* MILLISECONDS  how often to look at carrier; 0: never
	updelay* MILLISECONDS  how long after that a port is used
	downdelay* MILLISECONDS  and not used
	peer_notify_delay* MILLISECONDS
	use_carrier* BOOL
	arp_interval* MILLISECONDS
	arp_ip_target* ADDRESS[,ADDRESS]...  whom to ask, so as to know that a port works
	arp_validate* WHICH  none, active, backup, all, filter ...
	arp_all_targets* WHICH  any or all
	primary* DEV  the port to use if it works
	primary_reselect* WHEN  always, better or failure
	fail_over_mac* WHICH  none, active or follow
	xmit_hash_policy* POLICY  layer2, layer2+3, layer3+4 ...
	resend_igmp* COUNT
	num_grat_arp*|num_unsol_na* COUNT
	all_slaves_active* BOOL
	min_links* COUNT  with fewer ports it has no carrier
	lp_interval* SECONDS
	packets_per_slave* COUNT
	lacp_rate* RATE  slow or fast
	lacp_active { on | off }  speak first
	ad_select* WHAT  stable, bandwidth or count
	ad_user_port_key* NUMBER
	ad_actor_sys_prio* NUMBER
	ad_actor_system* LLADDR
	tlb_dynamic_lb* BOOL
	arp_missed_max COUNT
	help*`

const bondPortWords grammar = `
	queue_id* NUMBER
	prio NUMBER  the largest is used first
	help*`

// bondChoices are the names of values, from 0 on, behind the option that they are of.
const bondChoices = `
mode balance-rr active-backup balance-xor broadcast 802.3ad balance-tlb balance-alb
arp_validate none active backup all filter filter_active filter_backup
arp_all_targets any all
primary_reselect always better failure
fail_over_mac none active follow
xmit_hash_policy layer2 layer3+4 layer2+3 encap2+3 encap3+4 vlan+srcmac
lacp_active off on
lacp_rate slow fast
ad_select stable bandwidth count
state ACTIVE BACKUP
mii_status UP GOING_DOWN DOWN GOING_BACK`

// choicesOf are the names of an option's values.
func choicesOf(word string) []string {
	_, names, _ := strings.Cut(bondChoices, "\n"+word+" ")
	names, _, _ = strings.Cut(names, "\n")
	return strings.Fields(names)
}

// Options whose values have names.
type (
	choice8  nl.Opt[uint8]
	choice32 nl.Opt[uint32]
)

// bond visits the options of a bond, in the order in which they are shown.
func (x *visitor) bond(b *rtnl.Bond) {
	x.visit("mode active_slave miimon updelay downdelay peer_notify_delay use_carrier arp_interval arp_missed_max",
		(*choice8)(&b.Mode), (*index)(&b.ActiveSlave), &b.Miimon, &b.UpDelay, &b.DownDelay, &b.PeerNotifDelay, &b.UseCarrier,
		&b.ARPInterval, &b.MissedMax)
	if x.show != nil {
		x.show.showTargets(b)
	}
	x.visit("arp_validate arp_all_targets primary primary_reselect fail_over_mac xmit_hash_policy resend_igmp "+
		"num_grat_arp:num_peer_notif all_slaves_active min_links lp_interval packets_per_slave lacp_active:ad_lacp_active "+
		"lacp_rate:ad_lacp_rate ad_select",
		(*choice32)(&b.ARPValidate), (*choice32)(&b.ARPAllTargets), (*index)(&b.Primary), (*choice8)(&b.PrimaryReselect),
		(*choice8)(&b.FailOverMAC), (*choice8)(&b.XmitHashPolicy), &b.ResendIGMP, &b.NumPeerNotif, &b.AllSlavesActive,
		&b.MinLinks, &b.LPInterval, &b.PacketsPerSlave, (*choice8)(&b.LACPActive), (*choice8)(&b.LACPRate), (*choice8)(&b.ADSelect))
	if i := &b.ADInfo; x.show != nil && i.Aggregator.Ok {
		x.show.object("ad_info")
		x.visit("ad_aggregator:aggregator ad_num_ports:num_ports ad_actor_key:actor_key ad_partner_key:partner_key "+
			"ad_partner_mac:partner_mac", &i.Aggregator, &i.NumPorts, &i.ActorKey, &i.PartnerKey, &i.PartnerMAC)
		x.show.end()
	}
	x.visit("ad_actor_sys_prio ad_user_port_key ad_actor_system tlb_dynamic_lb",
		&b.ActorSysPrio, &b.UserPortKey, &b.ActorSystem, &b.TLBDynamicLB)
}

// bondPort visits what a bond says of one of its ports.
func (x *visitor) bondPort(p *rtnl.BondPort) {
	actor := lacpState{V: uint16(p.ActorPortState.V), Ok: p.ActorPortState.Ok}
	x.visit("state mii_status link_failure_count perm_hwaddr queue_id prio ad_aggregator_id ad_actor_oper_port_state "+
		"ad_partner_oper_port_state",
		(*choice8)(&p.State), (*choice8)(&p.MIIStatus), &p.LinkFailureCount, &p.PermHWAddr, &p.QueueID, &p.Prio,
		&p.AggregatorID, &actor, (*lacpState)(&p.PartnerPortState))
}

// A lacpState is what one end of an 802.3ad link says of itself, as a number and in words.
type lacpState nl.Opt[uint16]

const lacpStates = "active short_timeout aggregating in_sync collecting distributing defaulted expired"

func (v *view) showLACPState(word string, state *lacpState) {
	if !state.Ok {
		return
	}
	v.uint(word, word+" %d ", uint64(state.V))
	var names []string
	for i, name := range strings.Fields(lacpStates) {
		if state.V>>i&1 != 0 {
			names = append(names, name)
		}
	}
	v.list(word+"_str", names)
	v.write(word + "_str <" + strings.Join(names, ",") + "> ")
}

func (v *view) showTargets(b *rtnl.Bond) {
	if b.ARPIPTarget == nil {
		return
	}
	v.array("arp_ip_target")
	before := "arp_ip_target "
	for _, a := range b.ARPIPTarget {
		v.write(before)
		v.str("", "%s", v.address(a))
		before = ","
	}
	v.endArray()
	v.write(" ")
}

// parseBond reads the words after "type bond".
func parseBond(w *words, r *linkRequest) {
	b := new(rtnl.Bond)
	r.link.Info.Bond = b
	for w.next() {
		key := bondWords.find(w.cur)
		set := visitor{set: w, word: key, why: "invalid " + key}
		switch key {
		case "", "help":
			w.fail(unknownOption("bond: unknown command", "bond", w, bondWords.words()))
		case "clear_active_slave":
			b.ActiveSlave = nl.Some(uint32(0))
		case "active_slave":
			w.bondPort(&b.ActiveSlave)
		case "primary":
			w.bondPort(&b.Primary)
		case "arp_ip_target":
			for _, s := range strings.Split(w.arg(), ",") {
				a, ok := parseAddr(s, unix.AF_INET)
				if !ok {
					w.refuse(say("Error: an IP address is expected rather than \"%s\"", s), addressHint(unix.AF_INET, s))
				}
				b.ARPIPTarget = append(b.ARPIPTarget, a)
			}
		case "ad_actor_system":
			w.lladdr(&b.ActorSystem)
		case "num_grat_arp":
			set.why += "|num_unsol_na"
			fallthrough
		default:
			set.bond(b)
		}
	}
}

// bondPort is an argument that is a link, whose number goes into the request.
func (w *words) bondPort(to *nl.Opt[uint32]) {
	name := w.arg()
	to.Ok = true
	if w.err == nil && w.s != nil {
		w.fail(w.s.index(name, &to.V))
	}
}

// parseBondPort reads the words after "type bond_slave".
func parseBondPort(w *words, r *linkRequest) {
	p := new(rtnl.BondPort)
	r.link.Info.BondPort = p
	for w.next() {
		set := visitor{set: w, word: bondPortWords.find(w.cur)}
		if set.word == "" || set.word == "help" {
			w.fail(unknownOption("bond_slave: unknown option", "bond_slave", w, bondPortWords.words()))
		}
		set.why = set.word + " is invalid"
		set.bondPort(p)
	}
}

// choice is an argument that is the name of one of an option's values, or its number.
func (w *words) choice(word, why string) uint32 {
	names := choicesOf(word)
	s := w.arg()
	n := slices.Index(names, s)
	if i, ok := integer(s); ok && i >= 0 && int(i) < len(names) {
		n = int(i)
	}
	if n < 0 {
		w.wrong(s, why, meant(s, names))
	}
	return uint32(n)
}

func (v *view) showChoice(word, key string, n uint32, ok bool) {
	name := "UNKNOWN"
	if names := choicesOf(word); int(n) < len(names) {
		name = names[n]
	}
	switch {
	case !ok:
	case n == 0 && key == "arp_validate" && v.json != nil:
		v.null(key, "")
	default:
		v.str(key, word+" %s ", name)
	}
}
