//go:build linux && (amd64 || arm64)

package matrix

import "time"

// operations are what is spoiled. Each begins in an empty world and leaves one.
func operations() []operation {
	batch := []string{
		"ip link add v0 type veth peer name v1",
		"ip addr add 10.0.0.1/24 dev v0",
		"ip link set v0 up",
		"ip link set v1 up",
		"ip route add 10.1.0.0/16 via 10.0.0.2",
		"ip rule add from 10.1.0.0/16 table 100",
		"ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev v0",
	}
	var batchText string
	for _, line := range batch {
		batchText += line[len("ip "):] + "\n"
	}
	const ruleset = `table ip t {
	map m { type inet_service : ipv4_addr; elements = { 80 : 10.0.0.2 }; }
	chain c { type nat hook prerouting priority dstnat; tcp dport 80 dnat to 10.0.0.2:80; }
}
table inet f {
	set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }; }
	chain c { type filter hook input priority 0; ip saddr @s counter drop; }
}
`
	names := []string{"ip netns add red", "ip netns add blue"}
	noNames := []string{"ip netns del blue", "ip netns del red"}
	cable := append(names[:2:2], "ip link add veth-red netns red type veth peer name veth-blue netns blue")
	noCable := append([]string{"ip -n red link del veth-red"}, noNames...)
	bridge := append(names[:2:2], "ip link add br0 up type bridge")
	noBridge := append([]string{"ip link del br0"}, noNames...)

	return []operation{{
		name: "start", prelude: true,
		what: program{line: "minins version"},
	}, {
		name:  "first name",
		fresh: []string{"helper forget"},
		what:  program{line: "ip netns add red"},
		undo:  []string{"ip netns del red"},
	}, {
		name: "name", setup: names[1:], clean: noNames[:1],
		what: program{line: "ip netns add red"},
		undo: []string{"ip netns del red"},
	}, {
		name: "name attached", setup: names, clean: noNames,
		what: program{line: "helper attach green red"},
		undo: []string{"ip netns del green"},
	}, {
		name: "name deleted", setup: names, clean: noNames,
		what: program{line: "ip netns del red"},
		undo: []string{"ip netns add red"},
	}, {
		name: "names listed", setup: names, clean: noNames,
		what: program{line: "ip netns"},
	}, {
		name: "name deleted with a cable", settle: 20 * time.Millisecond, setup: cable, clean: []string{"ip netns del red", "ip netns del blue"},
		what: program{line: "ip netns del red"},
		undo: []string{"ip netns add red", "ip link add veth-red netns red type veth peer name veth-blue netns blue"},
	}, {
		name: "packet traced", setup: append(names[:2:2], "ip -n red link set lo up"), clean: noNames,
		what: program{line: "minins trace-packet -n red --in red --dst 127.0.0.1"}, loose: "each packet has an id of its own",
	}, {
		name: "setting",
		what: program{line: "sysctl -w net.ipv4.ip_forward=1"},
		undo: []string{"sysctl -w net.ipv4.ip_forward=0"},
	}, {
		name: "command in a namespace", setup: names, clean: noNames,
		what: program{line: "ip netns exec red ip link show lo"},
	}, {
		name: "command in all namespaces", setup: names, clean: noNames,
		what: program{line: "ip -all netns exec ip link show lo"}, loose: "ip goes on with the other namespaces, and exits with 0",
	}, {
		name: "cable", setup: names, clean: noNames,
		what: program{line: "ip link add veth-red netns red type veth peer name veth-blue netns blue"},
		undo: []string{"ip -n red link del veth-red"},
	}, {
		name: "cable inside", setup: names, clean: noNames,
		what: program{line: "ip -n red link add name eth0 alias mine type veth peer name veth0 netns blue"},
		undo: []string{"ip -n red link del eth0"},
	}, {
		name: "cable end moved", setup: append(names[:2:2], "ip link add x0 type veth peer name x1"), clean: append([]string{"ip link del x0"}, noNames...),
		what: program{line: "ip link set x1 netns red"},
		undo: []string{"ip -n red link set x1 netns /proc/self/ns/net"},
	}, {
		name: "cable deleted", setup: cable, clean: noCable,
		what: program{line: "ip -n red link del veth-red"},
		undo: cable[2:],
	}, {
		name: "address", setup: cable, clean: noCable,
		what: program{line: "ip -n red addr add 192.168.15.1/24 dev veth-red"},
		undo: []string{"ip -n red addr del 192.168.15.1/24 dev veth-red"},
	}, {
		name: "link up", setup: cable, clean: noCable,
		what: program{line: "ip -n red link set veth-red up"},
		undo: []string{"ip -n red link set veth-red down"},
	}, {
		name: "bridge",
		what: program{line: "ip link add br0 up type bridge"},
		undo: []string{"ip link del br0"},
	}, {
		name: "bridge port", setup: bridge, clean: noBridge,
		what: program{line: "ip link add veth-red-br master br0 up type veth peer name veth-red netns red"},
		undo: []string{"ip link del veth-red-br"},
	}, {
		name: "link set", setup: append(bridge[:3:3], "ip link add x0 type veth peer name x1"), clean: append([]string{"ip link del x0"}, noBridge...),
		what: program{line: "ip link set dev x0 name c alias mine mtu 1400 group 7 master br0 up"},
		undo: []string{"ip link set dev c down nomaster group 0 mtu 1500 alias '' name x0"},
	}, {
		name: "bridge port set", setup: append(bridge[:3:3], "ip link add x0 master br0 type veth peer name x1"), clean: append([]string{"ip link del x0"}, noBridge...),
		what: program{line: "bridge link set dev x0 hairpin on"},
		undo: []string{"bridge link set dev x0 hairpin off"},
	}, {
		name: "batch",
		what: program{line: "ip -batch -", stdin: batchText}, parts: batch,
		undo: []string{"ip rule del from 10.1.0.0/16 table 100", "ip link del v0"},
	}, {
		name: "links listed", setup: cable, clean: noCable,
		what:  program{line: "ip -n red link"},
		loose: "a name that cannot be read is shown as a number, as by ip",
	}, {
		name: "rule of iptables, the first",
		what: program{line: "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE"},
		undo: []string{"nft flush ruleset"},
	}, {
		name: "rule of iptables", setup: []string{"iptables -t nat -A PREROUTING -p tcp --dport 81 -j ACCEPT"}, clean: []string{"nft flush ruleset"},
		what: program{line: "iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80"},
		undo: []string{"iptables -t nat -D PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80"},
	}, {
		name: "ruleset",
		what: program{line: "nft -f -", stdin: ruleset},
		undo: []string{"nft flush ruleset"},
	}, {
		name: "ruleset listed", setup: []string{"nft add table ip t", "nft add chain ip t c"}, clean: []string{"nft flush ruleset"},
		what: program{line: "nft list ruleset"},
	}, {
		name: "unshare",
		what: program{line: "unshare --net --mount ip link show lo"},
	}}
}

// libraryOperations are what the package container does in one call.
func libraryOperations() []operation {
	bridge := []string{"ip link add br0 up type bridge", "ip addr add 10.1.0.1/16 dev br0", "ip addr add fd01::1/64 dev br0 nodad"}
	up := append(bridge[:3:3], "helper up")
	published := append(up[:4:4], "helper publish")
	return []operation{{
		name: "containers up", setup: bridge, clean: []string{"ip link del br0"},
		what: program{line: "helper up"}, parts: []string{"helper up 0", "helper up 1"},
		undo: []string{"helper down"},
	}, {
		name: "containers in a pool", setup: bridge, clean: []string{"ip link del br0"},
		what: program{line: "helper pooled"},
	}, {
		name: "containers down", forward: true, setup: up, clean: []string{"helper down", "ip link del br0"},
		what: program{line: "helper down"}, parts: []string{"helper down 0", "helper down 1"},
		undo: []string{"helper up"},
	}, {
		name: "ports published", setup: up, clean: []string{"helper down", "ip link del br0"},
		what: program{line: "helper publish"},
		undo: []string{"helper unpublish"},
	}, {
		name: "ports unpublished", forward: true, setup: published, clean: []string{"helper unpublish", "helper down", "ip link del br0"},
		what: program{line: "helper unpublish"},
		undo: []string{"helper publish"},
	}, {
		name: "clean-up", forward: true, setup: append(up[:4:4], "helper litter"), clean: []string{"minins gc --now", "helper down", "ip link del br0"},
		what: program{line: "minins gc --now"},
		undo: []string{"helper litter"},
	}}
}
