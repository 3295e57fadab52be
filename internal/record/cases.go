//go:build linux

package main

// A group is commands that follow one another in a network namespace of their own, "kf-a".
// There are "kf-b" and "kf-c" beside it.
type group struct {
	dir   string // of the fixtures, below the module's
	proto string // what is recorded: route or netfilter
	steps []step
}

const (
	route     = "NETLINK_ROUTE"
	netfilter = "NETLINK_NETFILTER"
)

// A step is a command. One with a name is recorded.
type step struct {
	name string
	argv string // its words are what is between blanks; "- WHAT" is not of a tool but talk(WHAT)
	exit int    // the status that it ends with
}

// do is commands that are not recorded.
func do(argv ...string) (steps []step) {
	for _, a := range argv {
		steps = append(steps, step{argv: a})
	}
	return steps
}

func join(parts ...[]step) (steps []step) {
	for _, p := range parts {
		steps = append(steps, p...)
	}
	return steps
}

// groups are all cases, under the names that they have in testdata.
var groups = []group{
	{"rtnl/testdata", route, []step{
		{"ip-link-add-veth", "ip link add veth-red type veth peer name veth-blue", 0},
		{"ip-link-set-netns", "ip link set veth-red netns kf-b", 0},
		{"ip-link-set-netns2", "ip link set veth-blue netns kf-c", 0},
		{"ip-n-addr-add", "ip -n kf-b addr add 192.168.16.1/24 dev veth-red", 0},
		{"ip-n-link-up", "ip -n kf-b link set veth-red up", 0},
		{"ip-link-add-bridge", "ip link add v-net-0 type bridge", 0},
		{"ip-link-set-dev-up", "ip link set dev v-net-0 up", 0},
		{"ip-link-add-veth2", "ip link add veth-r type veth peer name veth-r-br", 0},
		{"ip-link-set-master", "ip link set veth-r-br master v-net-0", 0},
		{"ip-link-set-nomaster", "ip link set veth-r-br nomaster", 0},
		{"ip-addr-add-bridge", "ip addr add 192.168.15.5/24 dev v-net-0", 0},
		{"ip-addr-add-brd", "ip addr add 192.168.17.5/24 brd + dev v-net-0 label v-net-0:x", 0},
		{"ip-route-add-via", "ip route add 192.168.1.0/24 via 192.168.15.2", 0},
		{"ip-route-add-default", "ip route add default via 192.168.15.2", 0},
		{"ip-route-show", "ip route", 0},
		{"ip-route-get", "ip route get 1.1.1.1", 0},
		{"ip-route-unreach", "ip route add 10.0.0.0/8 via 172.31.0.1", 2},
		{"ip-route-dup", "ip route add default via 192.168.15.2", 2},
		{"ip-addr-dup", "ip addr add 192.168.15.5/24 dev v-net-0", 2},
		{"ip-addr-nodev", "ip addr add 192.168.15.5/24 dev nope0", 1},
		{"ip-link-dup", "ip link add v-net-0 type bridge", 2},
		{"ip-link-unknown-kind", "ip link add d0 type nosuch", 2},
		{"ip-link-show", "ip link", 0},
		{"ip-link-show-one", "ip link show dev v-net-0", 0},
		{"ip-addr-show", "ip a", 0},
		{"", "ip neigh add 192.168.15.2 lladdr 02:00:00:00:00:02 dev v-net-0", 0},
		{"ip-neigh-show", "ip neigh", 0},
		{"ip-link-del", "ip link del veth-r", 0},
		{"ip-n-link-del", "ip -n kf-b link del veth-red", 0},
		{"ip-netns-list", "ip netns", 0},
		{"ip-netns-set", "ip netns set kf-c 9", 2},
		{"ip-link-add-netns-peer", "ip link add kfy0 type veth peer name kfy1 netns kf-c", 0},
		{"ip-link-add-netns", "ip link add kfy2 netns kf-b type bridge", 0},
	}},
	{"rtnl/testdata", route, join(do("ip link add v0 type veth peer name v1"), []step{
		{"ip-link-add-macvlan", "ip link add m5 link v0 type macvlan mode source macaddr set 02:00:00:00:00:01 02:00:00:00:00:02 bcqueuelen 7", 0},
		{"ip-link-add-vxlan", "ip link add x1 type vxlan id 6 remote 10.0.0.9 local 10.0.0.1 dev v0 dstport 4789 ttl 64 tos 0x10 df set srcport 1000 2000", 0},
		{"ip-link-add-vxlan6", "ip link add x2 type vxlan id 7 group ff05::1 dev v0 dstport 4789 ttl inherit flowlabel 0x12 gbp", 0},
		{"ip-link-add-vlan", "ip link add link v0 name v0.5 type vlan protocol 802.1ad id 5 gvrp on reorder_hdr off ingress-qos-map 1:2 3:4 egress-qos-map 5:6", 0},
		{"ip-link-show-kinds", "ip -d link show", 0},
	})},
	{"rtnl/testdata", route, join(do(
		"ip link add va type veth peer name vb",
		"ip link set vb up",
		"ip link set va up",
		"ip addr add 10.0.0.1/24 dev va",
		"ip addr add fd00::1/64 dev va nodad"), []step{
		{"ip-nexthop-add", "ip nexthop add id 1 via 10.0.0.9 dev va protocol static", 0},
		{"ip-nexthop-add-6", "ip -6 nexthop add id 2 via fd00::9 dev va onlink", 0},
		{"ip-nexthop-blackhole", "ip nexthop add id 3 blackhole", 0},
		{"", "ip nexthop add id 4 via 10.0.0.4 dev va", 0},
		{"ip-nexthop-group", "ip nexthop add id 10 group 1,5/4", 0},
		{"ip-nexthop-resilient", "ip nexthop add id 11 group 1/4 type resilient buckets 4 idle_timer 60 unbalanced_timer 300", 0},
		{"ip-nexthop-list", "ip nexthop list", 0},
		{"ip-nexthop-bucket", "ip nexthop bucket list id 11", 0},
		{"ip-nexthop-bucket-get", "ip nexthop bucket get id 11 index 0", 0},
		{"ip-rule-add", "ip rule add not from 10.0.0.0/8 to 10.1.0.0/16 tos 0x10 fwmark 5/0xff iif lo oif va uidrange 1000-1999 ipproto tcp sport 1000-2000 dport 80 tun_id 7 table 1000 suppress_prefixlength 0 suppress_ifgroup 5 realms 3/5 protocol static pref 100", 0},
		{"ip-rule-goto", "ip rule add from 1.2.3.4 goto 32766 pref 0", 0},
		{"ip-rule-6", "ip -6 rule add from fd00::/64 l3mdev pref 10", 0},
		{"ip-rule-show", "ip rule show", 0},
		{"ip-rule-del", "ip rule del pref 100", 0},
		{"", "ip link add b0 type bridge vlan_filtering 1 mcast_vlan_snooping 1 mcast_snooping 1", 0},
		{"", "ip link set va master b0", 0},
		{"", "bridge vlan add vid 5-7 dev va", 0},
		{"bridge-vlan-set", "bridge vlan set vid 5-7 dev va state 3 mcast_router 2", 0},
	})},
	{"nft/testdata", netfilter, []step{
		{"ipt-nat-masq-saddr", "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE", 0},
		{"ipt-nat-dnat-dport", "iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80", 0},
		{"ipt-nat-masq-o", "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE", 0},
		{"ipt-nat-masq-notd", "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 ! -d 192.168.15.0/24 -j MASQUERADE", 0},
		{"ipt-nat-masq-noto", "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 ! -o v-net-0 -j MASQUERADE", 0},
		{"ipt-nat-masq-toports", "iptables -t nat -A POSTROUTING -p tcp -s 192.168.15.0/24 -j MASQUERADE --to-ports 1024-2048", 0},
		{"ipt-nat-masq-random", "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE --random", 0},
		{"ipt-nat-dnat-i", "iptables -t nat -A PREROUTING -i eth0 -p tcp --dport 8080:8090 -j DNAT --to-destination 192.168.15.2", 0},
		{"ipt-nat-dnat-udp", "iptables -t nat -A PREROUTING -p udp --dport 53 -j DNAT --to-destination 192.168.15.2:53", 0},
		{"ipt-nat-dnat-d", "iptables -t nat -A PREROUTING -d 10.0.0.1 -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2-192.168.15.4:8000-8010", 0},
		{"ipt-nat-output-dnat", "iptables -t nat -A OUTPUT -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80", 0},
		{"ipt-nat-snat", "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -o eth0 -j SNAT --to-source 10.0.0.1", 0},
		{"ipt-nat-redirect", "iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080", 0},
		{"ipt-nat-comment", "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -m comment --comment minins:lab -j MASQUERADE", 0},
		{"ipt-nat-ifwild", "iptables -t nat -A POSTROUTING -o eth+ -j MASQUERADE", 0},
		{"ipt-nat-insert", "iptables -t nat -I POSTROUTING 2 -s 192.168.16.0/20 -j MASQUERADE", 0},
		{"ipt-filter-fwd-accept", "iptables -A FORWARD -i v-net-0 -j ACCEPT", 0},
		{"ipt-filter-fwd-ctstate", "iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", 0},
		{"ipt-filter-policy", "iptables -P FORWARD DROP", 0},
		{"ipt-filter-drop", "iptables -A INPUT -p icmp --icmp-type echo-request -j DROP", 0},
		{"ipt-filter-reject", "iptables -A FORWARD -s 10.1.0.0/16 -j REJECT --reject-with icmp-port-unreachable", 0},
		{"ipt-newchain", "iptables -t nat -N MININS", 0},
		{"ipt-jump", "iptables -t nat -A POSTROUTING -j MININS", 0},
		{"ipt-list-nat", "iptables -nvL -t nat", 0},
		{"ipt-S-nat", "iptables -t nat -S", 0},
		{"ipt-check-yes", "iptables -t nat -C POSTROUTING -s 192.168.15.0/24 -j MASQUERADE", 0},
		{"ipt-check-no", "iptables -t nat -C POSTROUTING -s 192.168.99.0/24 -j MASQUERADE", 1},
		{"ipt-delete-spec", "iptables -t nat -D POSTROUTING -s 192.168.15.0/24 -j MASQUERADE", 0},
		{"ipt-delete-num", "iptables -t nat -D PREROUTING 1", 0},
		{"ipt-flush-chain", "iptables -t nat -F PREROUTING", 0},
		{"ipt-zero", "iptables -t nat -Z", 0},
		{"ipt-delchain-busy", "iptables -t nat -X MININS", 4},
		{"ipt-filter-misc", "iptables -A INPUT -p udp -m multiport --dports 53,67:68 -m addrtype --dst-type LOCAL -m mark --mark 0x1/0xff -m limit --limit 5/min -j LOG --log-prefix x", 0},
		{"ipt-mangle-mark", "iptables -t mangle -A PREROUTING -p tcp ! --syn -m state --state NEW -j MARK --set-mark 0x7", 0},
		{"ip6t-nat-masq", "ip6tables -t nat -A POSTROUTING -s fd00:15::/64 -j MASQUERADE", 0},
		{"ip6t-nat-dnat", "ip6tables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination [fd00:15::2]:8080", 0},
		{"ip6t-nat-snat", "ip6tables -t nat -A POSTROUTING -o eth0 -j SNAT --to-source 2001:db8::1", 0},
		{"ip6t-nat-redirect", "ip6tables -t nat -A PREROUTING -p tcp --dport 81 -j REDIRECT --to-ports 8080", 0},
		{"ip6t-nat-masq-toports", "ip6tables -t nat -A POSTROUTING -p tcp -o eth0 -j MASQUERADE --to-ports 1024-2048", 0},
		{"ip6t-list", "ip6tables -t nat -S", 0},
		{"ip6t-filter-reject", "ip6tables -A FORWARD -d fd00:16::/48 -j REJECT --reject-with icmp6-adm-prohibited", 0},
		{"ip6t-filter-icmp", "ip6tables -A INPUT -p icmpv6 --icmpv6-type echo-request -j DROP", 0},
		{"ip6t-filter-ctstate", "ip6tables -A INPUT -m conntrack --ctstate NEW,ESTABLISHED -m comment --comment six -j ACCEPT", 0},
	}},
	{"nft/testdata", netfilter, []step{
		{"nft-native-nat", "nft add table ip nat; add chain ip nat POSTROUTING { type nat hook postrouting priority 100; policy accept; };" +
			" add chain ip nat PREROUTING { type nat hook prerouting priority -100; policy accept; };" +
			" add rule ip nat POSTROUTING ip saddr 192.168.15.0/24 counter masquerade;" +
			" add rule ip nat PREROUTING tcp dport 80 counter dnat to 192.168.15.2:80", 0},
	}},
	{"nft/testdata", netfilter, join(do("nft add table ip kf; add chain ip kf c; add chain ip kf u"), []step{
		{"nft-set-interval", "nft add set ip kf iv { type ipv4_addr; flags interval; auto-merge; elements = { 10.0.0.0/8, 192.168.15.1-192.168.15.9 }; }", 0},
		{"nft-set-concat", "nft add set ip kf cc { type ipv4_addr . inet_service; elements = { 192.168.15.2 . 80 }; }", 0},
		{"nft-set-concat-interval", "nft add set ip kf ci { type ipv4_addr . inet_service; flags interval; elements = { 192.168.15.0/24 . 80-90 }; }", 0},
		{"nft-set-timeout", `nft add set ip kf to { type ipv4_addr; flags dynamic,timeout; timeout 1m; size 128; elements = { 10.9.9.9 timeout 30s comment "el" }; }`, 0},
		{"nft-map-nat", "nft add map ip kf dn { type inet_service : ipv4_addr . inet_service; elements = { 80 : 192.168.15.2 . 8080 }; }", 0},
		{"nft-vmap-anon", "nft add rule ip kf c ip protocol vmap { tcp : jump u, udp : drop }", 0},
		{"nft-vmap-named", "nft add map ip kf vm { type ipv4_addr : verdict; elements = { 10.0.0.1 : goto u, 10.0.0.2 : accept }; }", 0},
		{"nft-jump-anon-chain", "nft add rule ip kf c ip saddr 10.0.0.1 jump { counter; drop; }", 0},
		{"nft-set-counter", "nft add set ip kf sc { type ipv4_addr; counter; elements = { 1.2.3.4 } ; }", 0},
		{"nft-meter-update", "nft add rule ip kf c update @to { ip saddr timeout 5s limit rate 1/second } counter", 0},
		{"nft-named-counter", "nft add counter ip kf c1", 0},
		{"nft-named-counter-ref", "nft add rule ip kf c counter name c1", 0},
		{"nft-anon-set", "nft add rule ip kf c tcp dport { 80, 443 } accept", 0},
		{"nft-rule-comment", `nft add rule ip kf c ip saddr 10.0.0.1 counter accept comment "hello"`, 0},
		{"nft-table-comment", `nft add table ip kf2 { comment "tc"; }`, 0},
		{"nft-ct-state", "nft add rule ip kf c ct state established,related accept", 0},
		{"nft-nftrace", "nft add rule ip kf c ip saddr 10.0.0.1 meta nftrace set 1", 0},
		{"nft-fib-local", "nft add rule ip kf c fib daddr type local counter", 0},
		{"nft-reject", "nft add rule ip kf c reject with icmp type host-unreachable", 0},
		{"nft-log", `nft add rule ip kf c log prefix "x: " level info`, 0},
		{"nft-limit", "nft add rule ip kf c limit rate 10/second burst 5 packets accept", 0},
		{"nft-list-ruleset", "nft list ruleset", 0},
		{"nft-delete-rule", "nft delete rule ip kf c handle 9999", 1},
		{"nft-echo-handle", "nft -ea add rule ip kf c counter drop", 0},
		{"nft-reset-counters", "nft reset counters table ip kf", 0},
		{"nft-flush-ruleset", "nft flush ruleset", 0},
	})},
	{"rtnl/testdata", route, join(do(
		"ip link add kfv1 type veth peer name kfv0", // kfv0 has ifindex 2
		"ip addr add 192.168.15.1/24 dev kfv0",
		"ip link set kfv0 up"), []step{
		{"rtnl-errors", "- rtnl-errors", 0},
	})},
	{"rtnl/testdata", route, join(do("ip link add kfv0 type veth peer name kfv1 netns kf-b"), []step{
		{"rtnl-netnsid", "- rtnl-netnsid", 0},
	})},
	{"nft/testdata", netfilter, []step{{"nft-batch-semantics", "- nft-batch-semantics", 0}}},
	{"nft/testdata", netfilter, []step{{"nft-limits", "- nft-limits", 0}}},
	{"nft/testdata", netfilter, join(do(
		"ip link add kfv0 type veth peer name eth0 netns kf-b",
		"ip link add kfv1 type veth peer name eth0 netns kf-c",
		"ip addr add 192.168.15.1/24 dev kfv0",
		"ip addr add 10.77.0.1/24 dev kfv1",
		"ip link set kfv0 up",
		"ip link set kfv1 up",
		"ip -n kf-b addr add 192.168.15.2/24 dev eth0",
		"ip -n kf-b link set eth0 up",
		"ip -n kf-b route add default via 192.168.15.1",
		"ip -n kf-c addr add 10.77.0.2/24 dev eth0",
		"ip -n kf-c link set eth0 up",
		"sysctl -qw net.ipv4.ip_forward=1",
		"nft add table ip mtrace; add chain ip mtrace pre { type filter hook prerouting priority -350; }; add rule ip mtrace pre ip protocol icmp meta nftrace set 1",
		"iptables -A FORWARD -i kfv0 -j ACCEPT",
		"iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE"), []step{
		{"nftrace-icmp-masq", "- trace", 0},
		{"conntrack/ctnetlink-dump", "- conntrack", 0},
	})},
}
