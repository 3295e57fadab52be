//go:build linux

package doctor_test

import (
	"strings"
	"testing"

	"github.com/minins/minins/doctor"
	"github.com/minins/minins/internal/testns"
)

// A setUp is one in which nothing is wrong, though it may look so. may is a warning that
// is true.
type setUp struct {
	name, base, more, listen, question, may string

	unseen bool // something is not known, which is said
}

var healthy = []setUp{
	{name: "bridge", question: "red blue"},
	{name: "bridge, IPv6", question: "-6 red blue"},
	{name: "bridge, by address", question: "red 192.168.15.2"},
	{name: "gateway", question: "red host"},
	{name: "from the host", question: "host red"},
	{name: "masqueraded", question: "red out"},
	{name: "masqueraded, seen from a dot", question: "red 192.168.1.3"},
	{name: "routed by the host, IPv6", question: "-6 red out"},
	{name: "itself", question: "red red"},
	{name: "itself, IPv6", question: "-6 red red"},
	{name: "its own address", question: "red red/192.168.15.1"},
	{name: "the host itself", question: ". host"},
	{name: "port", listen: "blue tcp 0.0.0.0:80", question: "red blue:80"},
	{name: "port of any address", listen: "blue tcp [::]:80", question: "red blue:80"},
	{name: "port, IPv6", listen: "blue tcp [::]:80", question: "-6 red blue:80"},
	{name: "UDP port", listen: "blue udp 0.0.0.0:53", question: "-u red blue:53"},
	{name: "published", listen: "blue tcp 0.0.0.0:80", more: "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80", question: "out 192.168.1.1:8080"},
	{name: "published, policy drop", listen: "blue tcp 0.0.0.0:80", more: "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80; iptables -P FORWARD DROP; iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT; iptables -A FORWARD -p tcp -d 192.168.15.2 --dport 80 -j ACCEPT",
		question: "out 192.168.1.1:8080"},
	{name: "published, to a container beside it", listen: "blue tcp 0.0.0.0:80", more: "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80", question: "red 192.168.15.5:8080"},
	{name: "published, hairpin by masquerade", listen: "blue tcp 0.0.0.0:80", more: noBridgeNF + "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80; iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -d 192.168.15.2 -p tcp --dport 80 -j MASQUERADE",
		question: "red 192.168.15.5:8080"},
	{name: "published to itself", listen: "red tcp 0.0.0.0:80", more: "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.1:80; iptables -t nat -A POSTROUTING -s 192.168.15.1 -d 192.168.15.1 -j MASQUERADE; bridge link set dev veth-red-br hairpin on",
		question: "red 192.168.15.5:8080"},
	{name: "published on the host for itself", listen: "blue tcp 0.0.0.0:80", more: "iptables -t nat -A OUTPUT -p tcp -m addrtype --dst-type LOCAL --dport 8080 -j DNAT --to-destination 192.168.15.2:80", question: "host host/192.168.1.1:8080"},
	{name: "as Docker has it", listen: "blue tcp 0.0.0.0:80", more: `iptables -t nat -N DOCKER; iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER; iptables -t nat -A DOCKER -i v0 -j RETURN; iptables -t nat -A DOCKER ! -i v0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80
iptables -P FORWARD DROP; iptables -N DOCKER; iptables -N ISO; iptables -A FORWARD -j ISO; iptables -A FORWARD -o v0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; iptables -A FORWARD -o v0 -j DOCKER; iptables -A FORWARD -i v0 ! -o v0 -j ACCEPT; iptables -A FORWARD -i v0 -o v0 -j ACCEPT
iptables -A DOCKER -d 192.168.15.2/32 ! -i v0 -o v0 -p tcp -m tcp --dport 80 -j ACCEPT; iptables -A ISO -i v0 ! -o v0 -j RETURN; iptables -A ISO -j RETURN`, question: "out 192.168.1.1:8080"},
	{name: "redirected", listen: "host tcp 0.0.0.0:3128", more: "iptables -t nat -A PREROUTING -i v0 -p tcp --dport 80 -j REDIRECT --to-ports 3128", question: "red 192.168.15.5:80"},
	{name: "firewall with states", more: "ip netns exec blue nft 'table inet f { chain in { type filter hook input priority 0; policy drop; ct state established,related accept; iif lo accept; ip protocol icmp accept; meta l4proto ipv6-icmp accept; }; chain out { type filter hook output priority 0; policy drop; ct state { established, related } accept; }; }'", question: "red blue"},
	{name: "firewall of who asks", more: "ip netns exec red nft 'table inet f { chain in { type filter hook input priority 0; policy drop; ct state vmap { established : accept, related : accept, invalid : drop }; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; }; }'", question: "red blue"},
	{name: "firewall that drops others", more: "ip netns exec blue nft 'table ip f { set bad { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.15.100-192.168.15.200 } }; chain in { type filter hook input priority 0; ip saddr @bad drop; tcp dport != 80 drop; udp dport 53 drop; iifname \"eth*\" drop; ip daddr 192.168.15.3 drop; }; }'", question: "red blue"},
	{name: "map of two values with intervals", base: routed, more: "ip netns exec rt nft 'table ip f { map m { type ipv4_addr . inet_proto : verdict; flags interval; elements = { 10.1.0.0/25 . 1-6 : jump x, 10.1.0.128/25 . 1-17 : drop }; }; chain x { accept; }; chain f { type filter hook forward priority 0; policy drop; ct state established accept; ip saddr . meta l4proto vmap @m; }; }'", question: "left right"},
	{name: "map of chance", base: routed, more: "ip netns exec rt nft 'table ip f { chain x { ip daddr 10.9.0.1 accept; }; chain f { type filter hook forward priority 0; numgen inc mod 2 vmap { 0 : accept, 1 : accept }; drop; }; chain g { type filter hook forward priority 1; policy drop; numgen inc mod 2 vmap { 0 : jump x, 1 : jump x }; accept; }; }'", question: "left right"},
	{name: "map of chance, to what ports are sent on to", listen: "blue tcp 0.0.0.0:80", more: "nft 'table ip k { chain one { tcp dport 8080 dnat to 192.168.15.2:80; }; chain p { type nat hook prerouting priority -100; ip daddr 192.168.1.1 numgen random mod 2 vmap { 0 : goto one, 1 : goto one }; }; }'", question: "out 192.168.1.1:8080"},
	{name: "network for network", base: routed, more: "ip netns exec rt nft 'table ip n { chain p { type nat hook prerouting priority -100; ip daddr 10.77.0.0/24 dnat ip prefix to 10.2.0.0/24; }; chain q { type nat hook postrouting priority 100; ip saddr 10.1.0.0/24 snat ip prefix to 10.66.0.0/24; }; }'", question: "left 10.77.0.2"},
	{name: "network for network, by iptables", base: routed, more: "ip netns exec rt iptables -t nat -A PREROUTING -d 10.77.0.0/24 -j NETMAP --to 10.2.0.0/24; ip netns exec rt iptables -t nat -A POSTROUTING -s 10.1.0.0/24 -j NETMAP --to 10.66.0.0/24", question: "left 10.77.0.2"},
	{name: "network for network, by ip6tables", base: routed, more: "ip netns exec rt ip6tables -t nat -A PREROUTING -d fd77::/64 -j NETMAP --to fd12::/64", question: "left fd77::2"},
	{name: "legacy rules that ask for flags of TCP", base: routed, listen: "right tcp 0.0.0.0:80", more: "ip netns exec rt iptables-legacy -A FORWARD -i right -p tcp --syn -j DROP; ip netns exec rt iptables-legacy -A FORWARD -i left -p tcp ! --syn -j DROP; ip netns exec rt iptables-legacy -A FORWARD -p tcp --tcp-option 9 -j DROP; ip netns exec rt iptables -A FORWARD -p tcp --tcp-option 9 -j DROP", question: "left right:80"},
	{name: "limit of each address", base: routed, more: "ip netns exec rt nft 'table ip f { set d { type ipv4_addr; flags dynamic; size 65535; }; chain f { type filter hook forward priority 0; add @d { ip saddr limit rate over 100/second } drop; ip daddr @d drop; }; }'; ip netns exec left ping -c 1 -W 1 10.2.0.2", question: "left right"},
	{name: "limit", more: "ip netns exec blue nft 'table ip f { chain in { type filter hook input priority 0; policy drop; icmp type echo-request limit rate 100/second accept; }; }'", question: "red blue"},
	{name: "quarantine of marks", more: "iptables -A FORWARD -m mark --mark 7 -j DROP; iptables -A FORWARD -p tcp -m multiport --dports 25,587 -j DROP", question: "red out"},
	{name: "legacy rules that do no harm", more: "iptables-legacy -A FORWARD -s 10.0.0.0/8 -j DROP; iptables-legacy -A FORWARD -i eth0 -j DROP; iptables-legacy -A FORWARD -p tcp --dport 25 -j REJECT; iptables-legacy -P FORWARD ACCEPT", question: "red out"},
	{name: "legacy masquerade", more: "iptables -t nat -F; iptables-legacy -t nat -A POSTROUTING -s 192.168.15.0/24 ! -o v0 -j MASQUERADE", question: "red out"},
	{name: "bridge table that lets through", more: "nft 'table bridge b { chain f { type filter hook forward priority 0; policy drop; ether type { arp, ip, ip6 } accept; }; }'", question: "red blue"},
	{name: "routed", base: routed, question: "left right"},
	{name: "routed, IPv6", base: routed, question: "-6 left right"},
	{name: "the router", base: routed, question: "left rt"},
	{name: "the router's far side", base: routed, question: "left rt/10.2.0.1"},
	{name: "rp_filter is strict", base: routed, more: "ip netns exec rt sysctl -qw net.ipv4.conf.all.rp_filter=1; ip netns exec right sysctl -qw net.ipv4.conf.all.rp_filter=1", question: "left right"},
	{name: "rp_filter is loose, two ways", base: routed, more: second + "ip netns exec rt sysctl -qw net.ipv4.conf.all.rp_filter=2; ip -n rt route add 10.1.0.2/32 via 10.3.0.2 dev left2", question: "left right"},
	{name: "rules of routing", base: routed, more: "ip -n left rule add to 10.2.0.0/16 table 7; ip -n left route add default via 10.1.0.1 table 7; ip -n left route del default", question: "left right"},
	{name: "blackhole of others", base: routed, more: "ip -n rt route add blackhole 10.2.0.128/25; ip -n rt route add unreachable default metric 9999", question: "left right"},
	{name: "rules of routing, by a source that is only chosen", base: routed, more: "ip -n left route replace default via 10.1.0.77; ip -n left rule add from 10.1.0.2 table 7; ip -n left route add default via 10.1.0.1 table 7", question: "left right"},
	{name: "rules of routing, by the source of what is passed on", base: routed, more: "ip -n rt route add blackhole 10.2.0.2/32; ip -n rt rule add from 10.1.0.0/24 table 7; ip -n rt route add 10.2.0.0/24 dev right table 7", question: "left right"},
	{name: "rules of routing, IPv6, by a source that is only chosen", base: routed, more: "ip -n left -6 route del default; ip -n left -6 rule add from fd11::2 table 7; ip -n left -6 route add default via fd11::1 table 7", question: "-6 left right"},
	{name: "rules that refuse others", base: routed, more: "ip -n rt rule add from 10.9.0.0/16 prohibit; ip -n rt rule add not from 10.0.0.0/8 blackhole; ip -n rt rule add fwmark 7 unreachable; ip -n left rule add from 10.1.0.3 prohibit; ip -n rt rule add ipproto udp prohibit; ip -n rt rule add to 10.1.0.0/16 iif left prohibit", question: "left right"},
	{name: "table of all but what has a mark", base: routed, more: wireguard + "ip -n left route replace default via 10.1.0.77", question: "left right"},
	{name: "marks", base: routed, more: "ip -n rt route add blackhole 10.2.0.2/32; ip netns exec rt iptables -t mangle -A PREROUTING -i left -j MARK --set-mark 7; ip -n rt rule add fwmark 7 table 7; ip -n rt route add 10.2.0.0/24 dev right table 7", question: "left right"},
	{name: "marks of its own packets", base: routed, more: "ip -n left route replace default via 10.1.0.77; ip netns exec left nft 'table ip m { chain o { type route hook output priority -150; ip daddr 10.2.0.2 meta mark set 7; }; }'; ip -n left rule add fwmark 7 table 7; ip -n left route add default via 10.1.0.1 table 7", question: "left right"},
	{name: "marks that come too late", base: routed, more: "ip netns exec left nft 'table ip m { chain o { type filter hook output priority 0; meta mark set 7; }; }'; ip -n left rule add fwmark 7 prohibit", question: "left right"},
	{name: "marks that others do not see", base: routed, more: "ip netns exec left iptables -t mangle -A OUTPUT -j MARK --set-mark 7; ip -n rt rule add fwmark 7 prohibit", question: "left right"},
	{name: "marks of connections", base: routed, more: "ip -n rt route add blackhole 10.1.0.2/32; ip netns exec rt iptables -t mangle -A PREROUTING -i left -j CONNMARK --set-mark 0x70; ip netns exec rt iptables -t mangle -A PREROUTING -i right -m connmark --mark 0x70/0xf0 -j CONNMARK --restore-mark; ip -n rt rule add fwmark 0x70 table 7; ip -n rt route add 10.1.0.0/24 dev left table 7", question: "left right"},
	{name: "marks of connections, by nft", base: routed, more: "ip -n rt route add blackhole 10.1.0.2/32; ip netns exec rt nft 'table ip m { chain p { type filter hook prerouting priority -150; iifname left ct mark set 0x70; iifname right meta mark set ct mark; }; }'; ip -n rt rule add fwmark 0x70 table 7; ip -n rt route add 10.1.0.0/24 dev left table 7", question: "left right"},
	{name: "marks that may be there", base: routed, more: "ip netns exec rt nft 'table ip m { chain p { type filter hook prerouting priority -150; meta length > 10000 meta mark set 7; }; }'; ip -n rt rule add fwmark 7 prohibit", question: "left right", unseen: true},
	{name: "rp_filter is strict, and a rule knows the way", base: routed, more: second + "ip netns exec rt sysctl -qw net.ipv4.conf.left.rp_filter=1; ip -n rt route add 10.1.0.2/32 via 10.3.0.2 dev left2; ip -n rt rule add from 10.2.0.0/24 table 7; ip -n rt rule add from 10.1.0.1 table 7; ip -n rt route add 10.1.0.0/24 dev left table 7", question: "left right"},
	{name: "an address on lo", more: "ip -n red addr add 172.16.0.1/32 dev lo; ip route add 172.16.0.1 via 192.168.15.1; ip route add default via 192.168.1.3; ip -n out route add default via 192.168.1.1", question: "out 172.16.0.1"},
	{name: "link-local", more: linkLocal, question: "red fe80::b2"},
	{name: "link-local, with a zone", more: linkLocal + "ip -n red link add eth9 type veth peer name eth8; ip -n red link set eth9 up; ip -n red link set eth8 up", question: "red blue/fe80::b2%veth-red"},
	{name: "link-local, of its own", more: linkLocal, question: "red red/fe80::a1"},
	{name: "link-local, from and to", more: linkLocal, question: "red/fe80::a1 fe80::b2"},
	{name: "link-local, a port", listen: "blue tcp [::]:80", more: linkLocal, question: "red [fe80::b2%veth-red]:80"},
	{name: "link-local, everyone's the same", base: routed, more: "for l in left right; do ip -n rt addr add fe80::1/64 dev $l nodad; done; ip -n right addr add fe80::1/64 dev eth0 nodad; ip -n rt addr del fe80::1/64 dev right", question: "left fe80::1"},
	{name: "lo alone", base: "ip netns add new; ip -n new link set lo up", question: "new new"},
	{name: "published, also for the host's loopback address", listen: "blue tcp 0.0.0.0:80", more: "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80; iptables -t nat -A OUTPUT -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80; sysctl -qw net.ipv4.conf.v0.route_localnet=1; iptables -t nat -A POSTROUTING -s 127.0.0.0/8 -o v0 -j MASQUERADE", question: "host 127.0.0.1:8080"},
	{name: "limits, both ways", base: routed, more: "ip netns exec rt nft 'table ip f { chain f { type filter hook forward priority 0; icmp type { echo-request, echo-reply } limit rate over 100/second drop; }; }'", question: "left right"},
	{name: "multipath", base: routed, more: second + "ip -n left route replace default nexthop via 10.1.0.1 dev eth0 nexthop via 10.3.0.1 dev eth1", question: "left right"},
	{name: "masquerading router", base: routed, more: "ip -n right route del default; ip netns exec rt nft 'table ip n { chain p { type nat hook postrouting priority 100; oifname right masquerade; }; }'", question: "left right"},
	{name: "source NAT", base: routed, more: "ip -n right route del default; ip netns exec rt iptables -t nat -A POSTROUTING -o right -j SNAT --to-source 10.2.0.1", question: "left right"},
	{name: "prefixes of one address on a cable", base: `for n in a b; do ip netns add $n; done; ip link add x netns a type veth peer name y netns b; ip -n a link set x up; ip -n b link set y up; ip -n a addr add 10.0.0.1/32 dev x; ip -n b addr add 10.0.0.2/32 dev y; ip -n a route add 10.0.0.2 dev x; ip -n b link add br9 type bridge; ip -n b link set br9 up; ip -n b addr add 10.77.0.1/24 dev br9; ip -n b route add default via 10.77.0.9; ip -n b route add 10.0.0.1 dev y; ip -n b link add p1 type veth peer name p2; ip -n b link set p1 master br9 up; ip -n b link set p2 up; ip netns exec b sysctl -qw net.ipv4.neigh.y.proxy_delay=0; sleep 0.2`, question: "a b"},
	{name: "peer addresses", base: `for n in a b; do ip netns add $n; done; ip link add x netns a type veth peer name y netns b; ip -n a link set x up; ip -n b link set y up; ip -n a addr add 10.0.0.1 peer 10.0.0.2 dev x; ip -n b addr add 10.0.0.2 peer 10.0.0.1 dev y`, question: "a b"},
	{name: "link-local gateway", base: `for n in a b; do ip netns add $n; done; ip link add x netns a type veth peer name y netns b; ip -n a link set x up; ip -n b link set y up; ip -n a addr add 10.0.0.1/32 dev x; ip -n b addr add 10.0.0.254/32 dev y; ip -n a route add 169.254.1.1 dev x scope link; ip -n a route add default via 169.254.1.1 dev x; ip netns exec b sysctl -qw net.ipv4.conf.y.proxy_arp=1 net.ipv4.ip_forward=1 net.ipv4.neigh.y.proxy_delay=0; ip -n b link add br9 type bridge; ip -n b link set br9 up; ip -n b addr add 10.77.0.1/24 dev br9; ip -n b route add default via 10.77.0.9; ip -n b route add 10.0.0.1 dev y`, question: "a b"},
	{name: "macvlans", base: `ip link add p type bridge; ip link set p up; for n in a b; do ip netns add $n; done; i=1; for n in a b; do ip link add link p name mv netns $n type macvlan mode bridge; ip -n $n link set mv up; ip -n $n addr add 10.0.0.$i/24 dev mv; i=2; done; ip link add q type veth peer name r; ip link set q up master p; ip link set r up`, question: "a b"},
	{name: "two bridges with STP", more: twoBridges, question: "red blue"},
	{name: "bridge in a namespace of its own", base: `for n in sw a b; do ip netns add $n; done; ip -n sw link add br0 type bridge; ip -n sw link set br0 up; i=1; for n in a b; do ip link add eth0 netns $n type veth peer name $n netns sw; ip -n sw link set dev $n master br0 up; ip -n $n link set eth0 up; ip -n $n addr add 10.0.0.$i/24 dev eth0; i=2; done`, question: "a b"},
	{name: "isolated from others", more: "bridge link set dev veth-red-br isolated on", question: "red blue"},
	{name: "a stale name beside", more: "ip netns add old; umount /run/netns/old", question: "red blue"},
	{name: "links that are down beside", more: "ip -n red link add spare type veth peer name spare2; ip -n blue link add br9 type bridge", question: "red blue"},
	{name: "the same network twice, not connected", more: "ip netns add green; ip -n green link add br9 type bridge; ip -n green link set br9 up; ip -n green addr add 192.168.15.2/24 dev br9", question: "red blue"},
	{name: "smaller MTU on both ends", more: "ip -n red link set veth-red mtu 1400; ip link set veth-red-br mtu 1400; ip -n blue link set veth-blue mtu 1400; ip link set veth-blue-br mtu 1400", question: "red blue"},
	{name: "smaller MTU on a routed way", base: routed, more: "ip -n rt link set right mtu 1400; ip -n right link set eth0 mtu 1400", question: "left right"},
	{name: "permanent neighbours", more: "ip -n red neigh replace 192.168.15.2 lladdr $(ip netns exec blue cat /proc/net/dev >/dev/null; ip -n blue -br link show veth-blue | awk '{print $3}') dev veth-red nud permanent", question: "red blue"},
	{name: "masquerade of bridged traffic that does no harm", more: "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE", question: "red blue", may: "nat/masquerade-bridged"},
}

// TestHealthy has no false accusation.
func TestHealthy(t *testing.T) {
	t.Parallel()
	healthy := append(healthy[:len(healthy):len(healthy)], harmless...)
	for i := range healthy {
		if !testns.Some(i, 4, 60) {
			continue
		}
		h := &healthy[i]
		t.Run(strings.ReplaceAll(h.name, ",", ""), func(t *testing.T) {
			t.Parallel()
			base := h.base
			if base == "" {
				base = tutorial
			}
			s := play(t, base)
			if name, what, ok := strings.Cut(h.listen, " "); ok {
				s.listen(name, what)
			}
			if h.more != "" {
				s.sh(h.more)
				s.settle()
			}
			r := s.asks(h.question, true)
			if r.reply == nil || !r.reply.Reached {
				t.Fatalf("it is not healthy\n%s", r)
			}
			if r.Fault() == nil {
				r.status = r.Settle(r.reply)
			}
			if r.status != doctor.Reachable || r.id() != h.may || len(r.Unseen) > 0 != h.unseen {
				t.Errorf("%s: %q is said\n%s", h.question, r.id(), r)
			}
		})
	}
}
