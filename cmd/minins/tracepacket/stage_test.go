//go:build linux

package tracepacket_test

import (
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// places are the namespaces of the stage: that of the suite is the host, as in the tutorial.
var places = []string{"", "red", "blue", "wan"}

// stage is the tutorial's: red and blue on a bridge of the host, and the world behind
// eth0, with IPv6 beside it.
func stage(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		for _, line := range []string{
			"nft flush ruleset", "ip link del v-net-0", "ip link del eth0", "ip link del veth-red-br", "ip link del veth-blue-br", "ip netns del red", "ip netns del blue", "ip netns del wan",
			"sysctl -q -w net.ipv4.ip_forward=0", "sysctl -q -w net.ipv6.conf.all.forwarding=0",
		} {
			shell(t, line)
		}
		if left := testns.Run(t, "ip", "-o", "link"); strings.Count(left.Stdout, "\n") != 1 {
			t.Errorf("left: %s", left.Stdout)
		}
	})
	shell(t, `set -e
		ip link set lo up
		ip netns add wan
		ip link add eth0 type veth peer name wan0 netns wan
		ip -n wan link set lo up
		ip -n wan addr add 8.8.8.8/32 dev lo
		ip -n wan addr add fd08::8/128 dev lo
		ip -n wan addr add 192.168.1.1/24 dev wan0
		ip -n wan addr add fd01::1/64 dev wan0 nodad
		ip -n wan link set wan0 up
		ip addr add 192.168.1.10/24 dev eth0
		ip addr add fd01::10/64 dev eth0 nodad
		ip link set eth0 up
		ip route add default via 192.168.1.1
		ip -6 route add default via fd01::1
		ip link add v-net-0 type bridge
		ip link set v-net-0 up
		ip addr add 192.168.15.5/24 dev v-net-0
		ip addr add fd15::5/64 dev v-net-0 nodad
		i=1
		for n in red blue; do
			ip netns add $n
			ip link add veth-$n-br type veth peer name veth-$n netns $n
			ip link set veth-$n-br master v-net-0 up
			ip -n $n addr add 192.168.15.$i/24 dev veth-$n
			ip -n $n addr add fd15::$i/64 dev veth-$n nodad
			ip -n $n link set veth-$n up
			ip -n $n link set lo up
			ip -n $n route add default via 192.168.15.5
			ip -n $n -6 route add default via fd15::5
			i=2
		done
		sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
		iptables -t nat -A POSTROUTING -s 192.168.15.0/24 ! -d 192.168.15.0/24 -j MASQUERADE
		iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80`)
	for _, line := range []string{ // the first packet of a cable may have to wait for it
		"ip netns exec red ping -c1 -W5 8.8.8.8", "ip netns exec blue ping -c1 -W5 8.8.8.8", "ip netns exec red ping -c1 -W5 192.168.15.2",
	} {
		testns.Cmd{Args: testns.Words(line)}.Run(t).Must(t)
	}
}

func shell(t testing.TB, script string) {
	t.Helper()
	r := testns.Cmd{Args: []string{"/bin/sh", "-c", script}}.Run(t)
	if r.Code != 0 {
		t.Errorf("%s: %d %s%s", script, r.Code, r.Stdout, r.Stderr)
	}
}

// in is a command in one of the places.
func in(place, line string) string {
	if place == "" {
		return line
	}
	return "ip netns exec " + place + " " + line
}

// rulesets are all tables of all places, in words.
func rulesets(t *testing.T) (text string) {
	t.Helper()
	for _, place := range places {
		r := testns.Cmd{Args: testns.Words(in(place, "nft list ruleset"))}.Run(t)
		text += place + ":\n" + counted.ReplaceAllString(r.Must(t), "counter")
	}
	return text
}
