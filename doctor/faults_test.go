//go:build linux

package doctor_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/minins/minins/doctor"
	"github.com/minins/minins/internal/testns"
)

// A fault is one that is injected into a stage, and what is to be said of it.
type fault struct {
	name     string
	base     string
	inject   string // commands on the host
	listen   string // "blue tcp 0.0.0.0:80", joined by ;
	question string
	want     string // the finding
	then     string // what is found after its remedy, if that does not mend all; joined by spaces

	passes bool // small packets pass all the same
	manual bool // no command mends it
}

var faults = []fault{
	// Links.
	{name: "link down", inject: "ip -n red link set veth-red down", question: "red blue", want: "link/down"},
	{name: "far link down", inject: "ip -n blue link set veth-blue down", question: "red blue", want: "link/down", then: "route/missing"},
	{name: "port down", inject: "ip link set veth-blue-br down", question: "red blue", want: "link/down"},
	{name: "bridge down", inject: "ip link set v0 down", question: "red blue", want: "link/down"},
	{name: "lo down", inject: "ip -n red link set lo down", question: "red red", want: "link/lo-down"},
	{name: "lo down, and nothing else", base: "ip netns add new", question: "new new", want: "link/lo-down"},
	{name: "lo down, and nothing else, IPv6", base: "ip netns add new", question: "-6 new new", want: "link/lo-down"},
	{name: "lo down, own address", inject: "ip -n red link set lo down", question: "red red/192.168.15.1", want: "link/lo-down"},
	{name: "link down, IPv6", inject: "ip -n blue link set veth-blue down", question: "-6 red blue/fd15::2", want: "link/down", then: "addr/missing route/missing-back"},
	{name: "uplink down", inject: "ip -n out link set eth0 down", question: "red out", want: "link/down"},
	{name: "bridge without ports", base: "ip link add v0 type bridge; ip link set v0 up; ip addr add 10.9.0.1/24 dev v0; ip netns add red; ip link add veth-red netns red type veth peer name veth-red-br; ip link set veth-red-br up; ip -n red link set veth-red up; ip -n red addr add 10.9.0.2/24 dev veth-red",
		question: "host red", want: "bridge/no-port"},

	// Addresses.
	{name: "no address", inject: "ip -n blue addr flush dev veth-blue; ip -n blue -6 addr flush dev veth-blue", question: "red blue", want: "addr/missing"},
	{name: "no address of its own", inject: "ip -n red addr flush dev veth-red", question: "red blue", want: "addr/missing"},
	{name: "not that address", inject: "ip -n blue addr del 192.168.15.2/24 dev veth-blue", question: "red blue/192.168.15.2", want: "addr/missing"},
	{name: "wrong prefix, too long", inject: "ip -n red addr del 192.168.15.1/24 dev veth-red; ip -n red addr add 192.168.15.1/32 dev veth-red", question: "red blue", want: "addr/prefix"},
	{name: "wrong prefix of the other", inject: "ip -n blue addr del 192.168.15.2/24 dev veth-blue; ip -n blue addr add 192.168.15.2/32 dev veth-blue", question: "red blue", want: "addr/prefix"},
	{name: "wrong prefix, too short", base: routed, inject: "ip -n left addr del 10.1.0.2/24 dev eth0; ip -n left addr add 10.1.0.2/8 dev eth0", question: "left right", want: "addr/prefix", then: "route/missing"},
	{name: "wrong prefix, IPv6", inject: "ip -n blue addr del fd15::2/64 dev veth-blue; ip -n blue addr add fd15::2/128 dev veth-blue nodad; ip -n blue -6 route del default", question: "-6 red blue", want: "addr/prefix"},
	{name: "wrong network", inject: "ip -n blue addr del 192.168.15.2/24 dev veth-blue; ip -n blue addr add 192.168.51.2/24 dev veth-blue; ip -n red route flush default", question: "red blue", want: "addr/network"},
	{name: "duplicate address", inject: third + "ip -n green addr add 192.168.15.2/24 dev veth-green", question: "red blue/192.168.15.2", want: "addr/duplicate", then: "neigh/stale", passes: true},
	{name: "the same address", inject: "ip -n blue addr flush dev veth-blue; ip -n blue addr add 192.168.15.1/24 dev veth-blue", question: "blue red/192.168.15.1", want: "addr/duplicate", then: "addr/missing", passes: true},
	{name: "address on the port", inject: "ip addr del 192.168.15.5/24 dev v0; ip addr add 192.168.15.5/24 dev veth-red-br", question: "red host/192.168.15.5", want: "addr/on-port", then: "neigh/stale"},
	{name: "IPv6 switched off", inject: "ip netns exec blue sysctl -qw net.ipv6.conf.veth-blue.disable_ipv6=1", question: "red blue/fd15::2", want: "addr/ipv6-disabled", then: "addr/missing route/missing-back"},
	{name: "duplicate address detection", inject: third + "ip -n green addr add fd15::2/64 dev veth-green nodad; ip netns exec blue sysctl -qw net.ipv6.conf.veth-blue.accept_dad=1; ip -n blue addr del fd15::2/64 dev veth-blue; ip -n blue addr add fd15::2/64 dev veth-blue; for i in $(seq 60); do ip -n blue addr show dadfailed | grep -q fd15 && break; sleep 0.1; done", question: "red blue/fd15::2", want: "addr/duplicate", then: "addr/dad-failed neigh/stale", passes: true},
	{name: "address tentative", inject: "ip netns exec blue sysctl -qw net.ipv6.conf.veth-blue.dad_transmits=50; ip netns exec blue sysctl -qw net.ipv6.conf.veth-blue.accept_dad=1; ip -n blue addr del fd15::2/64 dev veth-blue; ip -n blue addr add fd15::2/64 dev veth-blue", question: "red blue/fd15::2", want: "addr/tentative"},
	{name: "address elsewhere", inject: "true", question: "red blue/192.168.1.3", want: "addr/elsewhere", passes: true, manual: true},

	// Namespaces.
	{name: "stale name", inject: "ip netns add old; umount /run/netns/old", question: "red old", want: "ns/stale", manual: true},
	{name: "no such namespace", question: "red green", want: "ns/missing", manual: true},
	{name: "wrong namespace", inject: "ip netns add bleu; ip -n blue link set veth-blue netns bleu", question: "red blue", want: "ns/empty", then: "addr/missing"},

	// Neighbours.
	{name: "permanent neighbour", inject: "ip -n red neigh replace 192.168.15.2 lladdr 02:00:00:00:00:99 dev veth-red nud permanent", question: "red blue", want: "neigh/permanent"},
	{name: "stale neighbour", inject: "ip -n red neigh replace 192.168.15.2 lladdr 02:00:00:00:00:99 dev veth-red nud reachable", question: "red blue", want: "neigh/stale"},
	{name: "neighbour of the answer", inject: "ip -n blue neigh replace 192.168.15.1 lladdr 02:00:00:00:00:99 dev veth-blue nud permanent", question: "red blue", want: "neigh/permanent"},
	{name: "ARP off", inject: "ip -n blue link set veth-blue arp off", question: "red blue", want: "neigh/noarp"},
	{name: "ARP ignored", inject: "ip netns exec blue sysctl -qw net.ipv4.conf.all.arp_ignore=8", question: "red blue", want: "neigh/arp-ignore"},
	{name: "permanent neighbour, IPv6", inject: "ip -n red neigh replace fd15::2 lladdr 02:00:00:00:00:99 dev veth-red nud permanent", question: "-6 red blue/fd15::2", want: "neigh/permanent"},

	// Bridges.
	{name: "not a port", inject: "ip link set veth-blue-br nomaster", question: "red blue", want: "bridge/no-port"},
	{name: "port of another bridge", inject: "ip link add v1 type bridge; ip link set v1 up; ip link set veth-blue-br master v1", question: "red blue", want: "bridge/other"},
	{name: "port blocking, by STP", inject: twoBridges + "case $(bridge link | grep 'state blocking') in *c1a*) ip link del c2a;; *) ip link del c1a;; esac", question: "red blue", want: "bridge/port-state"},
	{name: "port learning, by STP", inject: "ip link set v0 type bridge stp_state 1; ip link set veth-blue-br down; ip link set veth-blue-br up", question: "red blue", want: "bridge/port-state"},
	{name: "isolated ports", inject: "bridge link set dev veth-blue-br isolated on; bridge link set dev veth-red-br isolated on", question: "red blue", want: "bridge/isolated"},
	{name: "locked port", inject: "bridge fdb del $(ip netns exec red cat /sys/class/net/veth-red/address) dev veth-red-br master 2>/dev/null || :; bridge link set dev veth-red-br learning off locked on; ip link set v0 type bridge fdb_flush", question: "red blue", want: "bridge/locked"},
	{name: "no broadcasts", inject: "ip -n red neigh flush all; bridge link set dev veth-blue-br bcast_flood off", question: "red blue", want: "bridge/flood"},

	// Routes.
	{name: "link-local address tentative at the router", base: routed, inject: "ip -n rt link set right down; ip netns exec rt sysctl -qw net.ipv6.conf.right.accept_dad=1 net.ipv6.conf.right.dad_transmits=10 net.ipv6.conf.right.keep_addr_on_down=1; ip -n rt addr add fd12::1/64 dev right nodad; ip -n rt link set right up", question: "-6 left right", want: "addr/tentative"},
	{name: "no route", inject: "ip -n red route del default", question: "red out", want: "route/missing"},
	{name: "no route, IPv6", base: routed, inject: "ip -n left -6 route del default", question: "-6 left right", want: "route/missing"},
	{name: "no route back", base: routed, inject: "ip -n right route del default", question: "left right", want: "route/missing-back"},
	{name: "no route back, IPv6", base: routed, inject: "ip -n right -6 route del default", question: "-6 left right", want: "route/missing-back"},
	{name: "no route back to the other side", inject: "ip -n red route del default; ip -n out route add 192.168.15.0/24 via 192.168.1.1", question: "out red", want: "route/missing-back"},
	{name: "gateway is nobody", inject: "ip -n red route replace default via 192.168.15.99", question: "red out", want: "route/gateway"},
	{name: "gateway has no address", inject: "ip addr del 192.168.15.5/24 dev v0", question: "red out", want: "addr/missing"},
	{name: "blackhole", inject: "ip -n red route add blackhole 192.168.1.0/24", question: "red out", want: "route/blackhole"},
	{name: "blackhole at the router", base: routed, inject: "ip -n rt route add blackhole 10.2.0.2/32", question: "left right", want: "route/blackhole"},
	{name: "unreachable", base: routed, inject: "ip -n rt route add unreachable 10.2.0.2/32", question: "left right", want: "route/unreachable"},
	{name: "prohibit", base: routed, inject: "ip -n rt route add prohibit 10.2.0.2/32", question: "left right", want: "route/prohibit"},
	{name: "blackhole for the answer", base: routed, inject: "ip -n right route add blackhole 10.1.0.0/24", question: "left right", want: "route/blackhole"},
	{name: "blackhole, IPv6", base: routed, inject: "ip -n rt route add blackhole fd12::2/128", question: "-6 left right", want: "route/blackhole"},
	{name: "rule of routing", base: routed, inject: "ip -n left rule add to 10.2.0.0/16 blackhole priority 100", question: "left right", want: "route/policy"},
	{name: "rule of the host's", inject: "ip rule add to 192.168.1.0/24 prohibit", question: "red out", want: "route/policy"},
	{name: "rule for a source that is only chosen", base: routed, inject: "ip -n left rule add from 10.1.0.2 prohibit", question: "left right", want: "route/policy"},
	{name: "rule at the router", base: routed, inject: "ip -n rt rule add from 10.1.0.0/24 iif left unreachable", question: "left right", want: "route/policy"},
	{name: "rule for the answer", base: routed, inject: "ip -n right rule add from 10.2.0.2 blackhole", question: "left right", want: "route/policy"},
	{name: "rule at the router, IPv6", base: routed, inject: "ip -n rt -6 rule add to fd12::/64 prohibit", question: "-6 left right", want: "route/policy"},
	{name: "rule for ICMP", base: routed, inject: "ip -n rt rule add ipproto icmp prohibit", question: "left right", want: "route/policy"},
	{name: "main table that no rule leads to", base: routed, inject: "ip -n rt rule del priority 32766", question: "left right", want: "route/policy"},
	{name: "blackhole in another table", base: routed, inject: "ip -n left rule add from 10.1.0.2 table 7; ip -n left route add blackhole default table 7", question: "left right", want: "route/blackhole"},
	{name: "prohibit in another table, at the router", base: routed, inject: "ip -n rt rule add iif left table 7; ip -n rt route add prohibit 10.2.0.0/16 table 7", question: "left right", want: "route/prohibit"},
	{name: "table of all but what has a mark, closed", base: routed, inject: wireguard + "ip -n left route replace blackhole default table 51820", question: "left right", want: "route/blackhole"},
	{name: "blackhole behind what is thrown to it", base: routed, inject: "ip -n rt rule add to 10.2.0.0/16 table 7; ip -n rt route add throw 10.2.0.0/16 table 7; ip -n rt rule add to 10.2.0.0/16 table 8 priority 32766; ip -n rt rule del table main; ip -n rt rule add table main priority 32767; ip -n rt route add blackhole 10.2.0.0/24 table 8", question: "left right", want: "route/blackhole"},
	{name: "blackhole for a mark", base: routed, inject: "ip netns exec left iptables -t mangle -A OUTPUT -d 10.2.0.2 -j MARK --set-mark 7; ip -n left rule add fwmark 7 table 7; ip -n left route add blackhole default table 7", question: "left right", want: "route/blackhole"},
	{name: "rule for a mark of nft", base: routed, inject: "ip netns exec rt nft 'table ip m { chain p { type filter hook prerouting priority -150; iifname left meta mark set meta mark or 0x11; }; }'; ip -n rt rule add fwmark 0x10/0xf0 unreachable", question: "left right", want: "route/policy"},
	{name: "rule for a mark of iptables-legacy", base: routed, inject: "ip netns exec rt iptables-legacy -t mangle -A PREROUTING -i left -j MARK --set-mark 7; ip -n rt rule add fwmark 7 prohibit", question: "left right", want: "route/policy"},
	{name: "rule for a mark that may be there", base: routed, inject: "ip netns exec rt nft 'table ip m { chain p { type filter hook prerouting priority -150; meta length > 10 meta mark set 7; }; }'; ip -n rt rule add fwmark 7 prohibit", question: "left right", want: "route/policy"},
	{name: "sent away from who has it", inject: "ip -n red addr add 172.16.0.1/32 dev lo; ip route add default via 192.168.1.3", question: "blue 172.16.0.1", want: "route/missing"},
	{name: "sent back and forth", inject: "ip -n red addr add 172.16.0.1/32 dev lo; ip route add default via 192.168.1.3; ip -n out route add default via 192.168.1.1", question: "out 172.16.0.1", want: "route/missing"},
	{name: "sent in circles, past who has it", inject: "ip netns exec out sysctl -qw net.ipv4.ip_forward=1; ip -n red addr add 172.16.0.1/32 dev lo; ip route add default via 192.168.1.3; ip -n out route add default via 192.168.1.1", question: "blue 172.16.0.1", want: "route/missing"},
	{name: "answer sent away", inject: "ip -n red addr add 172.16.0.1/32 dev lo; ip route add default via 192.168.1.3; ip -n out route add default via 192.168.1.1", question: "red/172.16.0.1 out", want: "route/missing-back"},
	{name: "gateway that knows no more", inject: "ip route add default via 192.168.1.3", question: "red 9.9.9.9", want: "route/missing", manual: true},
	{name: "source that it has not", question: "red/192.168.15.9 blue", want: "addr/missing"},
	{name: "forwarding off", inject: "sysctl -qw net.ipv4.ip_forward=0", question: "red out", want: "route/forward-off"},
	{name: "forwarding off at the router", base: routed, inject: "ip netns exec rt sysctl -qw net.ipv4.ip_forward=0", question: "left right", want: "route/forward-off"},
	{name: "forwarding off for a link", base: routed, inject: "ip netns exec rt sysctl -qw net.ipv4.conf.left.forwarding=0", question: "left right", want: "route/forward-off"},
	{name: "forwarding off, a rule knows the way", base: routed, inject: "ip -n rt route del 10.2.0.0/24; ip -n rt route add 10.2.0.0/24 dev right table 7; ip -n rt rule add from 10.1.0.0/24 table 7; ip netns exec rt sysctl -qw net.ipv4.ip_forward=0", question: "left right", want: "route/forward-off"},
	{name: "forwarding off, and no route", base: routed, inject: "ip -n rt route del 10.2.0.0/24; ip netns exec rt sysctl -qw net.ipv4.ip_forward=0", question: "left right", want: "route/missing", manual: true},
	{name: "forwarding off, IPv6", base: routed, inject: "ip netns exec rt sysctl -qw net.ipv6.conf.all.forwarding=0", question: "-6 left right", want: "route/forward-off"},
	{name: "rp_filter", base: routed, inject: second + "ip netns exec rt sysctl -qw net.ipv4.conf.left.rp_filter=1; ip -n rt route add 10.1.0.2/32 via 10.3.0.2 dev left2", question: "left right", want: "route/rp-filter"},
	{name: "rp_filter, no route to the source", base: routed, inject: "ip -n left addr add 10.8.0.1/32 dev lo; ip netns exec rt sysctl -qw net.ipv4.conf.all.rp_filter=1", question: "left/10.8.0.1 right", want: "route/rp-filter", then: "route/missing-back"},
	{name: "loop", base: routed, inject: "ip -n rt route add 10.9.0.0/24 via 10.2.0.2; ip netns exec right sysctl -qw net.ipv4.ip_forward=1", question: "left 10.9.0.9", want: "route/loop", manual: true},

	// Rules.
	{name: "FORWARD policy", inject: "iptables -P FORWARD DROP", question: "red out", want: "filter/policy"},
	{name: "br_netfilter with a policy", inject: "iptables -P FORWARD DROP", question: "red blue", want: "bridge/netfilter"},
	{name: "FORWARD policy, only one way is let through", inject: "iptables -P FORWARD DROP; iptables -A FORWARD -i v0 -j ACCEPT", question: "red out", want: "filter/policy"},
	{name: "INPUT drops", inject: "ip netns exec blue iptables -A INPUT -p icmp -j DROP", question: "red blue", want: "filter/drop"},
	{name: "INPUT rejects", inject: "ip netns exec blue iptables -A INPUT -s 192.168.15.0/24 -j REJECT", question: "red blue", want: "filter/reject"},
	{name: "OUTPUT drops", inject: "ip netns exec red iptables -A OUTPUT -d 192.168.15.2 -j DROP", question: "red blue", want: "filter/drop"},
	{name: "the answer is dropped", inject: "ip netns exec blue iptables -A OUTPUT -p icmp --icmp-type echo-reply -j DROP", question: "red blue", want: "filter/drop"},
	{name: "port dropped", listen: "blue tcp 0.0.0.0:80", inject: "ip netns exec blue iptables -A INPUT -p tcp --dport 80 -j DROP", question: "red blue:80", want: "filter/drop"},
	{name: "port in a set", listen: "blue tcp 0.0.0.0:80", inject: "ip netns exec blue nft 'table inet f { chain in { type filter hook input priority 0; tcp dport { 22, 80-90 } drop; }; }'", question: "red blue:80", want: "filter/drop"},
	{name: "verdict map of two values with intervals", base: routed, inject: "ip netns exec rt nft 'table ip f { map m { type ipv4_addr . inet_proto : verdict; flags interval; elements = { 10.1.0.0/25 . 1-6 : drop, 10.1.0.128/25 . 1-17 : accept }; }; chain f { type filter hook forward priority 0; ip saddr . meta l4proto vmap @m; }; }'", question: "left right", want: "filter/drop"},
	{name: "blackhole as next hop", base: routed, inject: "ip -n rt nexthop add id 9 blackhole; ip -n rt route add 10.2.0.2/32 nhid 9", question: "left right", want: "route/blackhole"},
	{name: "blackhole as next hop, IPv6", base: routed, inject: "ip -n rt -6 nexthop add id 9 blackhole; ip -n rt -6 route add fd12::2/128 nhid 9", question: "-6 left right", want: "route/blackhole"},
	{name: "a route to other tables", base: routed, inject: "ip -n rt route add throw 10.2.0.2/32", question: "left right", want: "route/missing"},
	{name: "a route to other tables, IPv6", base: routed, inject: "ip -n rt route add throw fd12::2/128", question: "-6 left right", want: "route/missing"},
	{name: "policy behind what is not known", base: routed, inject: "ip netns exec rt iptables -P FORWARD DROP; ip netns exec rt iptables -A FORWARD -m length --length 0:20 -j ACCEPT", question: "left right", want: "filter/maybe"},
	{name: "verdict map of chance", base: routed, inject: "ip netns exec rt nft 'table ip f { chain f { type filter hook forward priority 0; numgen inc mod 2 vmap { 0 : drop, 1 : drop }; }; }'", question: "left right", want: "filter/maybe"},
	{name: "inet table at ingress", base: routed, inject: "ip netns exec rt nft 'table inet f { chain in { type filter hook ingress device \"left\" priority 0; icmp type echo-request drop; }; }'", question: "left right", want: "filter/netdev"},
	{name: "policy of an inet table at ingress", base: routed, inject: "ip netns exec rt nft 'table inet f { chain in { type filter hook ingress device \"left\" priority 0; policy drop; }; }'", question: "left right", want: "filter/netdev"},
	{name: "a macvlan and the link below", base: "ip netns add a; ip link add u type veth peer name v; ip link set u up; ip link set v up; ip link add link u name mv netns a type macvlan mode bridge; ip -n a link set mv up; ip -n a addr add 10.9.0.1/24 dev mv; ip addr add 10.9.0.9/24 dev u", question: "host a", want: "route/wrong-link", manual: true},
	{name: "verdict map", inject: "ip netns exec blue nft 'table ip f { chain bad { drop; }; chain in { type filter hook input priority 0; ip saddr vmap { 192.168.15.1 : jump bad, 192.168.15.5 : accept }; }; }'", question: "red blue", want: "filter/drop"},
	{name: "chain of the user's", inject: "iptables -N DENY; iptables -A DENY -j DROP; iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT; iptables -A FORWARD -i v0 -o up0 -j DENY", question: "red out", want: "filter/drop"},
	{name: "nft in another table", inject: "iptables -A FORWARD -j ACCEPT; nft 'table inet fw { chain f { type filter hook forward priority 10; ip saddr 192.168.15.0/24 drop; }; }'", question: "red out", want: "filter/other-table"},
	{name: "shadowed rule", inject: "nft 'table ip fw { chain f { type filter hook forward priority 0; ip saddr 192.168.15.0/24 ip daddr 192.168.1.0/24 drop; ip saddr 192.168.15.1 accept; }; }'", question: "red out", want: "filter/shadowed"},
	{name: "legacy rule", inject: "iptables-legacy -A FORWARD -s 192.168.15.0/24 -o up0 -j DROP", question: "red out", want: "filter/legacy"},
	{name: "legacy policy", inject: "ip netns exec blue iptables-legacy -P INPUT DROP", question: "red blue", want: "filter/legacy"},
	{name: "legacy chain and match", listen: "blue tcp 0.0.0.0:80", inject: "ip netns exec blue iptables-legacy -N X; ip netns exec blue iptables-legacy -A X -p tcp --dport 80 -j REJECT; ip netns exec blue iptables-legacy -A INPUT -j X", question: "red blue:80", want: "filter/legacy"},
	{name: "legacy rule, IPv6", inject: "ip netns exec blue ip6tables-legacy -A INPUT -s fd15::/64 -p icmpv6 --icmpv6-type echo-request -j DROP", question: "-6 red blue/fd15::2", want: "filter/legacy"},
	{name: "bridge table", inject: "nft 'table bridge b { chain f { type filter hook forward priority 0; ether type ip drop; }; }'", question: "red blue", want: "filter/bridge"},
	{name: "bridge table, policy", inject: "nft 'table bridge b { chain f { type filter hook forward priority 0; policy drop; }; }'", question: "red blue", want: "filter/bridge"},
	{name: "netdev table", inject: "ip netns exec blue nft 'table netdev n { chain i { type filter hook ingress device veth-blue priority 0; ip saddr 192.168.15.1 drop; }; }'", question: "red blue", want: "filter/netdev"},
	{name: "IPv6 rule", inject: "ip netns exec blue ip6tables -A INPUT -p icmpv6 --icmpv6-type echo-request -j DROP", question: "-6 red blue/fd15::2", want: "filter/drop"},
	{name: "a rule that is not understood", inject: "ip netns exec blue nft 'table ip f { chain in { type filter hook input priority 0; meta length > 10 icmp type echo-request drop; }; }'", question: "red blue", want: "filter/maybe"},
	{name: "a rule for both ways that is not understood", base: routed, inject: "ip netns exec rt nft 'table ip f { chain f { type filter hook forward priority 0; meta length > 10 drop; }; }'", question: "left right", want: "filter/maybe"},
	{name: "link-local, dropped", inject: linkLocal + "ip netns exec blue ip6tables -A INPUT -s fe80::/10 -p icmpv6 --icmpv6-type echo-request -j DROP", question: "red fe80::b2", want: "filter/drop"},
	{name: "link-local, tentative", inject: "ip netns exec red sysctl -qw net.ipv6.conf.veth-red.dad_transmits=50 net.ipv6.conf.veth-red.accept_dad=1; " + linkLocal + "ip -n red addr del fd15::1/64 dev veth-red; ip -n red addr del fe80::a1/64 dev veth-red; ip -n red addr add fe80::a1/64 dev veth-red", question: "red fe80::b2", want: "addr/tentative"},
	{name: "link-local, nobody", inject: linkLocal, question: "red fe80::b3%veth-red", want: "addr/nobody", manual: true},
	{name: "link-local, not there", inject: linkLocal, question: "red blue/fe80::b3", want: "addr/missing"},
	{name: "pings ignored", inject: "ip netns exec blue sysctl -qw net.ipv4.icmp_echo_ignore_all=1", question: "red blue", want: "icmp/ignored"},

	// NAT and ports.
	{name: "no masquerade", inject: "iptables -t nat -F", question: "red out", want: "nat/masquerade-missing"},
	{name: "masquerade of another network", inject: "iptables -t nat -F; iptables -t nat -A POSTROUTING -s 192.168.16.0/24 -o up0 -j MASQUERADE", question: "red out", want: "nat/masquerade-missing"},
	{name: "masquerade by another link", inject: "iptables -t nat -F; iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -o eth7 -j MASQUERADE", question: "red out", want: "nat/masquerade-missing"},
	{name: "masquerade of bridged traffic", inject: "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE", question: "red blue", want: "nat/masquerade-bridged", passes: true},
	{name: "masquerade of bridged traffic by none", inject: "ip addr flush dev v0; iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE", question: "red blue", want: "nat/no-address"},
	{name: "DNAT without -p", inject: "iptables -t nat -A PREROUTING -j DNAT --to-destination 192.168.15.2", question: "red out", want: "nat/dnat-all", passes: true},
	{name: "DNAT to another", inject: "iptables -t nat -A PREROUTING -d 192.168.1.3 -p icmp -j DNAT --to-destination 192.168.15.2", question: "red out", want: "nat/diverted", passes: true},
	{name: "no DNAT", listen: "blue tcp 0.0.0.0:80", question: "out 192.168.1.1:80", want: "nat/no-dnat"},
	{name: "DNAT of another protocol", listen: "blue tcp 0.0.0.0:80", inject: "iptables -t nat -A PREROUTING -p udp --dport 80 -j DNAT --to-destination 192.168.15.2:80", question: "out 192.168.1.1:80", want: "nat/no-dnat"},
	{name: "DNAT, but FORWARD", listen: "blue tcp 0.0.0.0:80", inject: "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80; iptables -P FORWARD DROP", question: "out 192.168.1.1:8080", want: "filter/policy"},
	{name: "DNAT to no one", inject: "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.77:80", question: "out 192.168.1.1:8080", want: "nat/target", manual: true},
	{name: "published, but not for the host", listen: "blue tcp 0.0.0.0:80", inject: "iptables -t nat -A PREROUTING -i up0 -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80", question: "host 192.168.1.1:8080", want: "nat/no-dnat"},
	{name: "published, but not for the host's loopback address", listen: "blue tcp 0.0.0.0:80", inject: "iptables -t nat -A PREROUTING -d 192.168.1.1 -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80", question: "host 127.0.0.1:8080", want: "nat/no-dnat"},
	{name: "published by iptables-legacy, but not for the host", listen: "blue tcp 0.0.0.0:80", inject: "iptables-legacy -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80", question: "host host/192.168.1.1:8080", want: "nat/no-dnat"},
	{name: "published, but not for the host, IPv6", listen: "blue tcp [::]:80", inject: "ip6tables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination [fd15::2]:80", question: "host [fd01::1]:8080", want: "nat/no-dnat"},
	{name: "published by UDP, but not for the host", listen: "blue udp 0.0.0.0:53", inject: "iptables -t nat -A PREROUTING -p udp --dport 5353 -j DNAT --to-destination 192.168.15.2:53", question: "-u host 192.168.1.1:5353", want: "nat/no-dnat"},
	{name: "published to another port of its own", listen: "host tcp 0.0.0.0:3128", inject: "iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 3128", question: "host 192.168.1.1:80", want: "nat/no-dnat"},
	{name: "not published, for the host", listen: "blue tcp 0.0.0.0:80", question: "host 127.0.0.1:80", want: "nat/no-dnat"},
	{name: "published for the host's loopback address, which packets do not leave from", listen: "blue tcp 0.0.0.0:80", inject: "iptables -t nat -A OUTPUT -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80", question: "host 127.0.0.1:8080", want: "route/localnet", then: "nat/hairpin"},
	{name: "hairpin", listen: "blue tcp 0.0.0.0:80", inject: noBridgeNF + "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80", question: "red 192.168.15.5:8080", want: "nat/hairpin"},
	{name: "hairpin to itself", listen: "red tcp 0.0.0.0:80", inject: noBridgeNF + "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.1:80", question: "red 192.168.15.5:8080", want: "nat/hairpin"},
	{name: "hairpin mode", listen: "red tcp 0.0.0.0:80", inject: "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.1:80; iptables -t nat -A POSTROUTING -d 192.168.15.1 -j MASQUERADE", question: "red 192.168.15.5:8080", want: "bridge/hairpin"},
	{name: "port closed", question: "red blue:81", want: "port/closed", manual: true},
	{name: "UDP port closed", question: "-u red blue:53", want: "port/closed", manual: true},
	{name: "port of lo alone", listen: "blue tcp 127.0.0.1:80", question: "red blue:80", want: "port/other-address", manual: true},

	// MTU.
	{name: "MTU of the other end", inject: "ip -n blue link set veth-blue mtu 1300", question: "red blue", want: "mtu/mismatch", passes: true},
	{name: "MTU of a port", inject: "ip link set veth-blue-br mtu 1300; ip link set v0 mtu 1500", question: "red blue", want: "mtu/mismatch", passes: true},
	{name: "MTU too small for IPv6", inject: "ip -n blue link set veth-blue mtu 1000; ip -n blue link set veth-blue mtu 1000", question: "red blue/fd15::2", want: "mtu/ipv6", then: "addr/missing route/missing-back"},
}

const (
	// The rules of wg-quick.
	wireguard = `ip -n left rule add not fwmark 51820 table 51820; ip -n left rule add table main suppress_prefixlength 0; ip -n left route add default via 10.1.0.1 table 51820; `
	// Link-local addresses that one can spell.
	linkLocal = `for n in red blue; do ip -n $n addr flush dev veth-$n scope link; done; ip -n red addr add fe80::a1/64 dev veth-red nodad; ip -n blue addr add fe80::b2/64 dev veth-blue nodad; `
	// A third one on the bridge.
	third = `ip netns add green; ip link add veth-green netns green type veth peer name veth-green-br; ip link set veth-green-br master v0 up; ip -n green link set veth-green up; `
	// Another cable between left and rt.
	second = `ip link add eth1 netns left type veth peer name left2 netns rt; ip -n left link set eth1 up; ip -n rt link set left2 up; ip -n rt addr add 10.3.0.1/24 dev left2; ip -n left addr add 10.3.0.2/24 dev eth1; `
	// blue on a second bridge, with two cables to the first, of which one is blocked.
	twoBridges = `ip link add v1 type bridge stp_state 1; ip link set v0 type bridge stp_state 1 forward_delay 200; ip link set v1 type bridge forward_delay 200; ip link set v1 up; ip link set veth-blue-br master v1; for c in c1 c2; do ip link add ${c}a type veth peer name ${c}b; ip link set ${c}a master v0 up; ip link set ${c}b master v1 up; done; for i in $(seq 60); do bridge link | grep -q "state blocking" && ! bridge link | grep -q -e learning -e listening && break; sleep 0.1; done; `
	// As where the module br_netfilter is not loaded.
	noBridgeNF = `sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0; `
)

// TestFaults injects one fault after another. Each must be named, be one, and be gone
// after the commands that are said to mend it were run.
func TestFaults(t *testing.T) {
	t.Parallel()
	faults := append(faults[:len(faults):len(faults)], matters...)
	for i := range faults {
		if !testns.Some(i, 4, 60) {
			continue
		}
		f := &faults[i]
		t.Run(strings.ReplaceAll(f.name, ",", ""), func(t *testing.T) {
			t.Parallel()
			base := f.base
			if base == "" {
				base = tutorial
			}
			s := play(t, base)
			for _, l := range strings.Split(f.listen, ";") {
				if name, what, ok := strings.Cut(l, " "); ok {
					s.listen(name, what)
				}
			}
			if f.inject != "" {
				s.sh(f.inject)
				s.settle()
			}
			r := s.asks(f.question, true)
			if !strings.Contains(" "+f.want+" ", " "+r.id()+" ") || r.id() == "" {
				t.Fatalf("%s: got %q, want %s\n%s", f.question, r.id(), f.want, r)
			}
			if r.reply != nil && r.reply.Reached != f.passes {
				t.Errorf("the probe says %q: is it a fault?\n%s", r.reply.What, r)
			}
			s.mendAll(f, r)
		})
	}
}

// mendAll runs what is said to mend each finding, until nothing is found.
func (s *stage) mendAll(f *fault, r result) {
	s.t.Helper()
	then := strings.Fields(f.then)
	for range 6 {
		if len(r.Findings) == 0 || f.manual {
			break
		}
		finding := r.Fault()
		if finding == nil {
			finding = r.Findings[0]
		}
		for i, other := range r.Findings[1:] {
			if slices.Equal(other.Remedy, r.Findings[i].Remedy) && len(other.Remedy) > 0 {
				s.t.Errorf("one remedy twice\n%s", r)
			}
		}
		if len(finding.Remedy) == 0 {
			s.t.Fatalf("no remedy\n%s", r)
		}
		s.mend(finding)
		s.settle()
		before := r
		r = s.ask(f.question)
		for tries := 0; r.status == doctor.Unknown && tries < 4; tries++ { // each waits for half a second
			r = s.ask(f.question)
		}
		if f := r.Fault(); f != nil && f.ID == before.id() {
			continue // a second rule, or link
		}
		if r.status != doctor.Reachable && (len(then) == 0 || r.id() != then[0]) {
			s.t.Fatalf("after the remedy of\n%s\nstill\n%s", before, r)
		}
		if len(then) > 0 && r.status != doctor.Reachable {
			then = then[1:]
		}
	}
	if !f.manual && (r.status != doctor.Reachable || len(r.Findings) > 0) {
		s.t.Errorf("not mended:\n%s", r)
	}
}
