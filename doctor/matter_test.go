//go:build linux

package doctor_test

// Faults that are not of one packet alone: what is asked before one is sent, and what is
// remembered of it.
var matters = []fault{
	// ARP and neighbour discovery.
	{name: "ARP dropped", inject: "ip netns exec blue nft 'table arp f { chain in { type filter hook input priority 0; arp operation request arp saddr ip 192.168.15.1 drop; }; }'", question: "red blue", want: "neigh/filtered"},
	{name: "the answer of ARP dropped", inject: "ip netns exec red nft 'table arp f { chain in { type filter hook input priority 0; arp operation reply drop; }; }'", question: "red blue", want: "neigh/filtered"},
	{name: "ARP dropped by arptables", inject: "ip netns exec blue arptables -A OUTPUT -s 192.168.15.2 -j DROP", question: "red blue", want: "neigh/filtered"},
	{name: "ARP, policy of arptables", inject: "ip netns exec blue arptables -P INPUT DROP", question: "red blue", want: "neigh/filtered"},
	{name: "ARP dropped at a bridge", inject: "nft 'table bridge b { chain f { type filter hook forward priority 0; ether type arp drop; }; }'", question: "red blue", want: "neigh/filtered"},
	{name: "ARP dropped by ebtables", inject: "ebtables -A FORWARD -p ARP -j DROP", question: "red blue", want: "neigh/filtered"},
	{name: "ARP dropped at a link", inject: "ip netns exec blue nft 'table netdev n { chain i { type filter hook ingress device veth-blue priority 0; meta protocol arp drop; }; }'", question: "red blue", want: "neigh/filtered"},
	{name: "ARP of the router dropped", base: routed, inject: "ip netns exec right nft 'table arp f { chain in { type filter hook input priority 0; policy drop; }; }'", question: "left right", want: "neigh/filtered"},
	{name: "neighbour discovery dropped", inject: "ip netns exec blue ip6tables -A INPUT -p icmpv6 --icmpv6-type neighbour-solicitation -j DROP", question: "-6 red blue/fd15::2", want: "neigh/filtered"},
	{name: "advertisements dropped", inject: "ip netns exec blue nft 'table inet f { chain out { type filter hook output priority 0; icmpv6 type nd-neighbor-advert drop; }; }'", question: "-6 red blue/fd15::2", want: "neigh/filtered"},
	{name: "advertisements dropped by the bridge's chains of IP", inject: "ip6tables -A FORWARD -p icmpv6 --icmpv6-type neighbour-advertisement -j DROP", question: "-6 red blue/fd15::2", want: "neigh/filtered"},
	{name: "INPUT policy, IPv6", inject: "ip netns exec blue ip6tables -P INPUT DROP", question: "-6 red blue/fd15::2", want: "neigh/filtered", then: "filter/policy"},
	{name: "OUTPUT policy, IPv6", inject: "ip netns exec red ip6tables -P OUTPUT DROP", question: "-6 red blue/fd15::2", want: "filter/policy", then: "neigh/filtered"},
	{name: "input policy of inet", inject: "ip netns exec blue nft 'table inet f { chain in { type filter hook input priority 0; policy drop; ct state established,related accept; }; }'", question: "-6 red blue/fd15::2", want: "neigh/filtered", then: "filter/policy"},
	{name: "rule of inet that drops all", inject: "ip netns exec blue nft 'table inet f { chain in { type filter hook input priority 0; ct state established accept; meta l4proto icmpv6 icmpv6 type echo-request accept; counter drop; }; }'", question: "-6 red blue/fd15::2", want: "neigh/filtered"},
	{name: "legacy policy, IPv6", inject: "ip netns exec blue ip6tables-legacy -P INPUT DROP", question: "-6 red blue/fd15::2", want: "neigh/filtered", then: "filter/legacy"},

	// Settings of a link whose name has a dot.
	{name: "forwarding off, a dot", base: routed, inject: dotted("rt", "left") + "ip netns exec rt sysctl -qw net/ipv4/conf/left.5/forwarding=0", question: "left right", want: "route/forward-off"},
	{name: "ARP ignored, a dot", inject: dotted("blue", "veth-blue") + "ip netns exec blue sysctl -qw net.ipv4.conf.veth-blue/5.arp_ignore=8", question: "red blue", want: "neigh/arp-ignore"},

	// Link-layer addresses.
	{name: "one MAC", inject: "ip -n blue link set veth-blue address " + macOf("red"), question: "red blue", want: "link/same-address"},
	{name: "one MAC, that of the bridge", inject: "ip link set v0 address " + macOf("red"), question: "red out", want: "link/same-address"},
	{name: "one MAC, of a third", inject: third + "ip -n green addr add 192.168.15.9/24 dev veth-green; ip -n green link set veth-green address " + macOf("blue") + "; ip -n blue neigh replace 192.168.15.1 lladdr " + macOf("red") + " dev veth-blue nud permanent; ip -n red neigh replace 192.168.15.2 lladdr " + macOf("blue") + " dev veth-red nud permanent; ip netns exec blue sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ip netns exec green ping -qc1 192.168.15.5 >/dev/null", question: "red blue", want: "link/same-address"},

	// NAT of sources and destinations.
	{name: "SNAT to nobody", inject: "iptables -t nat -F; iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -o up0 -j SNAT --to-source 192.168.1.77", question: "red out", want: "nat/source"},
	{name: "SNAT to no network", inject: "iptables -t nat -F; iptables -t nat -A POSTROUTING -o up0 -j SNAT --to-source 10.99.0.1", question: "red out", want: "nat/source"},
	{name: "SNAT to who is asked", inject: "iptables -t nat -I POSTROUTING -o up0 -j SNAT --to-source 192.168.1.3", question: "red out", want: "nat/source"},
	{name: "SNAT to an address of another link", inject: "nft 'table ip n { chain p { type nat hook postrouting priority 90; oifname up0 snat to 192.168.15.5; }; }'", question: "red out", want: "nat/source"},
	{name: "SNAT to another's address", inject: "ip netns add dmz; ip link add eth0 netns dmz type veth peer name eth1 netns out; ip -n dmz link set eth0 up; ip -n out link set eth1 up; ip -n dmz addr add 10.7.0.2/24 dev eth0; ip -n out addr add 10.7.0.1/24 dev eth1; iptables -t nat -I POSTROUTING -o up0 -j SNAT --to-source 10.7.0.2", question: "red out", want: "nat/source"},
	{name: "SNAT to nobody, IPv6", inject: "ip6tables -t nat -A POSTROUTING -o up0 -j SNAT --to-source fd01::77", question: "-6 red out", want: "nat/source"},
	{name: "SNAT at the router", base: routed, inject: "ip netns exec rt iptables -t nat -A POSTROUTING -o right -j SNAT --to-source 10.2.0.9", question: "left right", want: "nat/source"},
	{name: "SNAT by iptables-legacy", inject: "iptables -t nat -F; iptables-legacy -t nat -A POSTROUTING -o up0 -j SNAT --to-source 192.168.1.77", question: "red out", want: "nat/source"},
	{name: "DNAT to nobody, beside who listens", listen: "blue tcp 0.0.0.0:80", inject: "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.77:80", question: "out 192.168.1.1:8080", want: "nat/target"},
	{name: "DNAT to where no route leads", listen: "blue tcp 0.0.0.0:80", inject: "nft 'table ip n { chain p { type nat hook prerouting priority -100; tcp dport 8080 dnat to 10.77.0.1:80; }; }'", question: "out 192.168.1.1:8080", want: "nat/target"},
	{name: "DNAT to who does not listen", listen: "blue tcp 0.0.0.0:80", inject: "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.1:80", question: "out 192.168.1.1:8080", want: "nat/target"},

	{name: "DNAT to who is, but no route leads there", listen: "blue tcp 0.0.0.0:80", inject: "ip -n blue addr add 10.77.0.1/32 dev lo; iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 10.77.0.1:80", question: "out 192.168.1.1:8080", want: "route/missing", manual: true},

	// Connection tracking.
	{name: "notrack, and NAT", inject: "iptables -t raw -A PREROUTING -s 192.168.15.0/24 -j CT --notrack", question: "red out", want: "filter/notrack"},
	{name: "notrack, and DNAT", listen: "blue tcp 0.0.0.0:80", inject: "iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80; nft 'table inet r { chain p { type filter hook prerouting priority raw; tcp dport 8080 notrack; }; }'", question: "out 192.168.1.1:8080", want: "filter/notrack"},
	{name: "notrack, and states", inject: "ip netns exec red nft 'table inet f { chain o { type filter hook output priority -300; ip protocol icmp notrack; }; chain i { type filter hook input priority 0; policy drop; ct state established accept; }; }'", question: "red blue", want: "filter/notrack"},
	{name: "notrack of the answer", inject: "iptables -t raw -A PREROUTING -i up0 -p icmp -j NOTRACK", question: "red out", want: "filter/notrack"},
	{name: "notrack by iptables-legacy", inject: "iptables-legacy -t raw -A PREROUTING -s 192.168.15.0/24 -j NOTRACK", question: "red out", want: "filter/notrack"},
	{name: "notrack, and a policy", inject: "iptables -t raw -A PREROUTING -s 192.168.15.0/24 -j CT --notrack; iptables -P FORWARD DROP", question: "red out", want: "filter/policy", then: "filter/notrack"},
}

// macOf is the link-layer address of the link of red, blue …, for a shell.
func macOf(n string) string {
	return "$(ip -n " + n + " -br link show veth-" + n + " | awk '{print $3}')"
}

// dotted has a link of a namespace be called with .5 behind its name.
func dotted(n, link string) string {
	n = "ip -n " + n + " link set "
	return n + link + " down; " + n + link + " name " + link + ".5; " + n + link + ".5 up; "
}

// What looks like one of matters, and does no harm.
var harmless = []setUp{
	{name: "ARP of others dropped", more: "ip netns exec blue nft 'table arp f { chain in { type filter hook input priority 0; arp saddr ip 192.168.15.9 drop; arp operation reply arp daddr ip 192.168.15.9 drop; }; chain out { type filter hook output priority 0; policy drop; arp operation { request, reply } accept; }; }'; ip netns exec red arptables -A INPUT -s 192.168.15.9 -j DROP; ip netns exec red arptables -A OUTPUT --opcode 3 -j DROP", question: "red blue"},
	{name: "ARP dropped, neighbours permanent", more: "ip netns exec blue nft 'table arp f { chain in { type filter hook input priority 0; policy drop; }; chain out { type filter hook output priority 0; policy drop; }; }'; ip -n red neigh replace 192.168.15.2 lladdr " + macOf("blue") + " dev veth-red nud permanent; ip -n blue neigh replace 192.168.15.1 lladdr " + macOf("red") + " dev veth-blue nud permanent", question: "red blue"},
	{name: "who was asked need not ask", more: "ip netns exec blue nft 'table arp f { chain out { type filter hook output priority 0; arp operation request drop; }; }'", question: "red blue"},
	{name: "a bridge that lets through ARP and pings", more: "nft 'table bridge b { chain f { type filter hook forward priority 0; policy drop; ether type arp accept; ip protocol icmp accept; meta l4proto != tcp ether type ip6 drop; }; }'", question: "red blue"},
	{name: "neighbour discovery let through", more: "ip netns exec blue nft 'table inet f { chain in { type filter hook input priority 0; policy drop; ct state invalid drop; ct state established,related accept; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, echo-request } accept; }; chain out { type filter hook output priority 0; policy drop; meta l4proto icmpv6 accept; }; }'", question: "-6 red blue/fd15::2"},
	{name: "neighbour discovery let through as untracked", more: "ip netns exec blue nft 'table ip6 f { chain in { type filter hook input priority 0; policy drop; ct state untracked accept; icmpv6 type echo-request accept; }; }'", question: "-6 red blue/fd15::2"},
	{name: "neighbour discovery of the router", base: routed, more: "ip netns exec right nft 'table inet f { chain in { type filter hook input priority 0; policy drop; ip6 saddr fe80::/10 icmpv6 type nd-neighbor-solicit accept; ip6 saddr fd12::1 icmpv6 type nd-neighbor-advert accept; icmpv6 type echo-request accept; }; }'", question: "-6 left right"},
	{name: "one MAC on a cable", base: routed, more: "ip -n rt link set left address $(ip -n left -br link show eth0 | awk '{print $3}')", question: "left right"},
	{name: "one MAC in one namespace", more: "ip link add r2 type veth peer name r2b netns red; ip link set r2 master v0 up; ip -n red link set r2b address " + macOf("red") + "; ip -n red link set r2b up; bridge link set dev r2 learning off", question: "red blue"},
	{name: "one MAC of a cable that is down", more: third + "ip -n green link set veth-green address " + macOf("red") + "; ip link set veth-green-br down", question: "red blue"},
	{name: "one MAC of a macvlan and what it stands on", more: "ip netns add mv; ip -n blue link add link veth-blue name mv netns mv type macvlan mode bridge; ip -n mv link set mv up; ip -n mv addr add 192.168.15.9/24 dev mv", question: "red blue"},
	{name: "SNAT to a second address", more: "ip addr add 192.168.1.77/32 dev up0; iptables -t nat -I POSTROUTING -o up0 -j SNAT --to-source 192.168.1.77", question: "red out"},
	{name: "SNAT to what is routed here", more: "ip -n out route add 203.0.113.0/24 via 192.168.1.1; iptables -t nat -I POSTROUTING -o up0 -j SNAT --to-source 203.0.113.7", question: "red out"},
	{name: "DNAT beside others that listen", listen: "blue tcp 0.0.0.0:80", more: "iptables -t nat -A PREROUTING -p tcp --dport 8081 -j DNAT --to-destination 192.168.15.77:80; iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.168.15.2:80", question: "out 192.168.1.1:8080"},
	{name: "a dot in the name of a link", base: routed, more: dotted("rt", "left") + "ip netns exec rt sysctl -qw net.ipv4.conf.left/5.rp_filter=1 net.ipv4.ip_forward=0 net.ipv4.conf.left/5.forwarding=1 net.ipv4.conf.right.forwarding=1", question: "left right"},
	{name: "notrack of others", more: "iptables -t raw -A PREROUTING -p udp --dport 53 -j CT --notrack; iptables -t raw -A OUTPUT -o lo -j NOTRACK; iptables-legacy -t raw -A PREROUTING -s 10.0.0.0/8 -j NOTRACK", question: "red out"},
	{name: "notrack without NAT and states", base: routed, more: "ip netns exec rt iptables -t raw -A PREROUTING -j NOTRACK; ip netns exec right nft 'table inet f { chain p { type filter hook prerouting priority -300; notrack; }; chain o { type filter hook output priority -300; notrack; }; chain i { type filter hook input priority 0; policy drop; meta l4proto { tcp, udp } drop; ct state { untracked, established } accept; }; }'", question: "left right"},
	{name: "notrack too late", more: "nft 'table ip r { chain p { type filter hook prerouting priority -150; notrack; }; }'", question: "red out"},
}
