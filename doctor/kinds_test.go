//go:build linux

package doctor_test

import (
	"strings"
	"testing"

	"github.com/minins/minins/doctor"
	"github.com/minins/minins/internal/testns"
)

// A lab has links of kinds that kernels may lack. Its question has the answer yes, or where
// fault is set, no.
type lab struct {
	name, kinds, question string

	fault  string // what is to be said, or "-" for nothing
	unseen bool   // something is not followed, which is said
	steps  string // see [stage.batch]
}

const (
	// pair are the namespaces a and b with a cable, eth0 at both ends.
	pair = `
		namespaces: a b
		host: link add eth0 netns a type veth peer name eth0 netns b
		a: link set lo up
		a: link set eth0 up
		b: link set lo up
		b: link set eth0 up
	`
	addresses = `
		a: addr add 10.0.0.1/24 dev L
		b: addr add 10.0.0.2/24 dev L
	`
	// access has a and b on ports of a bridge that filters by VLAN, in the namespace sw.
	access = `
		namespaces: sw a b
		sw: link add br0 type bridge vlan_filtering 1
		sw: link set br0 up
		host: link add eth0 netns a type veth peer name a netns sw
		host: link add eth0 netns b type veth peer name b netns sw
		sw: link set dev a master br0 up
		sw: link set dev b master br0 up
		a: link set eth0 up
		b: link set eth0 up
		a: addr add 10.0.0.1/24 dev eth0
		b: addr add 10.0.0.2/24 dev eth0
	`
	// shared has a and b on one dummy, by links of a kind.
	shared = `
		namespaces: a b
		host: link add p type dummy
		host: link set p up
		host: link add link p name eth0 netns a type KIND
		host: link add link p name eth0 netns b type KIND
		a: link set eth0 up
		b: link set eth0 up
		a: addr add 10.0.0.1/24 dev eth0
		b: addr add 10.0.0.2/24 dev eth0
	`
	// vrfRouter has left and right on a router with the VRF red.
	vrfRouter = `
		namespaces: left rt right
		host: link add eth0 netns left type veth peer name left netns rt
		host: link add eth0 netns right type veth peer name right netns rt
		left: link set eth0 up
		right: link set eth0 up
		rt: link add red type vrf table 10
		rt: link set red up
		rt: link set left up
		rt: link set right up
		rt: addr add 10.1.0.1/24 dev left
		rt: addr add 10.2.0.1/24 dev right
		left: addr add 10.1.0.2/24 dev eth0
		right: addr add 10.2.0.2/24 dev eth0
		left: route add default via 10.1.0.1
		right: route add default via 10.2.0.1
		rt sysctl: net/ipv4/ip_forward=1
	`
)

var labs = []lab{
	{name: "vlan", kinds: "vlan", question: "a b", steps: pair + `
		a: link add link eth0 name v5 up type vlan id 5
		b: link add link eth0 name v5 up type vlan id 5` + on("v5")},
	{name: "vlan, another number", kinds: "vlan", question: "a 10.0.0.2", fault: "route/wrong-link", steps: pair + `
		a: link add link eth0 name v5 up type vlan id 5
		b: link add link eth0 name v5 up type vlan id 6` + on("v5")},
	{name: "vlan of a bridge", kinds: "vlan filtering", question: "a b", steps: pair + `
		b: link add br0 up type bridge vlan_filtering 1
		b: link set eth0 master br0
		b bridge: vlan add vid 5 dev eth0
		b bridge: vlan add vid 5 dev br0 self
		a: link add link eth0 name v5 up type vlan id 5
		b: link add link br0 name v5 up type vlan id 5` + on("v5")},
	{name: "access ports", kinds: "filtering", question: "a b", steps: access + `
		sw bridge: vlan add vid 10 dev a pvid untagged
		sw bridge: vlan add vid 10 dev b pvid untagged`},
	{name: "access ports of two VLANs", kinds: "filtering", question: "a 10.0.0.2", fault: "-", steps: access + `
		sw bridge: vlan add vid 10 dev a pvid untagged
		sw bridge: vlan del vid 1 dev a
		sw bridge: vlan add vid 20 dev b pvid untagged
		sw bridge: vlan del vid 1 dev b`},
	{name: "bond", kinds: "bond", question: "a b", steps: pair + `
		host: link add eth1 netns a type veth peer name eth1 netns b
		a: link set eth0 down
		b: link set eth0 down
		a: link add bond0 type bond mode active-backup miimon 50
		b: link add bond0 type bond mode active-backup miimon 50
		a: link set eth0 master bond0
		a: link set eth1 master bond0
		b: link set eth0 master bond0
		b: link set eth1 master bond0
		a: link set bond0 up
		b: link set bond0 up` + on("bond0")},
	{name: "dummy", kinds: "dummy", question: "a 10.9.0.1", steps: pair + on("eth0") + `
		b: link add d0 up type dummy
		b: addr add 10.9.0.1/32 dev d0
		a: route add 10.9.0.1 via 10.0.0.2`},
	{name: "ipvlan", kinds: "ipvlan dummy", question: "a b", steps: strings.ReplaceAll(shared, "KIND", "ipvlan mode l2")},
	{name: "ipvlan, routed", kinds: "ipvlan dummy", question: "a b", steps: strings.ReplaceAll(shared, "KIND", "ipvlan mode l3")},
	{name: "ipvlan, routed, seen by netfilter", kinds: "ipvlan dummy", question: "a b", steps: strings.ReplaceAll(shared, "KIND", "ipvlan mode l3s")},
	{name: "macvlan", kinds: "macvlan dummy", question: "a b", steps: strings.ReplaceAll(shared, "KIND", "macvlan mode bridge")},
	{name: "router in a VRF", kinds: "vrf", question: "left right", unseen: true, steps: `
		` + vrfRouter + `
		rt: link set left master red
		rt: link set right master red`},
	{name: "address in a VRF", kinds: "vrf", question: "left 10.1.0.1", unseen: true, steps: vrfRouter + `
		rt: link set left master red`},
	{name: "from a VRF", kinds: "vrf", question: "rt 10.2.0.2", fault: "-", unseen: true, steps: vrfRouter + `
		rt: link set right master red`},
	{name: "VRF beside", kinds: "vrf", question: "left right", steps: vrfRouter},
	{name: "geneve", kinds: "geneve", question: "a b", steps: pair + strings.ReplaceAll(on("eth0"), "10.0.0", "10.9.0") + `
		a: link add g0 up type geneve id 5 remote 10.9.0.2
		b: link add g0 up type geneve id 5 remote 10.9.0.1` + on("g0")},
}

// on has addresses on the links called name in a and b.
func on(name string) string { return strings.ReplaceAll(addresses, "dev L", "dev "+name) }

// TestLabs has no false accusation of what not every kernel has.
func TestLabs(t *testing.T) {
	t.Parallel()
	for i := range labs {
		if !testns.Some(i, 1, 3) {
			continue
		}
		l := &labs[i]
		t.Run(strings.ReplaceAll(l.name, ",", ""), func(t *testing.T) {
			t.Parallel()
			for _, kind := range strings.Fields(l.kinds) {
				if kind == "filtering" {
					needsFiltering(t)
				} else {
					testns.NeedsKind(t, kind)
				}
			}
			s := play(t, l.steps)
			r := s.asks(l.question, true)
			if r.reply == nil || r.reply.Reached != (l.fault == "") {
				t.Fatalf("the lab is not what it is to be\n%s", r)
			}
			if r.Fault() == nil {
				r.status = r.Settle(r.reply)
			}
			switch {
			case l.fault == "" && (r.status != doctor.Reachable || r.id() != ""), len(r.Unseen) > 0 != l.unseen,
				l.fault != "" && r.id() != strings.TrimPrefix(l.fault, "-"):
				t.Errorf("%s: %q is said, %d, and not %q\n%s\n%q", l.question, r.id(), r.status, l.fault, r, r.Unseen)
			}
		})
	}
}

// needsFiltering skips the test where bridges know no VLANs: they have no such file then.
func needsFiltering(t *testing.T) {
	t.Helper()
	s := play(t, "")
	s.host.Run(t, "ip", "link", "add", "br0", "type", "bridge").Must(t)
	if r := s.host.Run(t, "bridge", "-d", "vlan"); r.Code != 0 {
		testns.Lacks(t, "CONFIG_BRIDGE_VLAN_FILTERING")
	}
}
