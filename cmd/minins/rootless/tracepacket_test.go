//go:build linux

package rootless_test

import (
	"strings"
	"testing"
)

// TestTracePacket has an ordinary user trace a packet through a network of its own.
func TestTracePacket(t *testing.T) {
	u := newUser(t)
	u.env = append(u.env, bare) // all that is called is minins
	r := u.minins("--rootless", "/bin/sh", "-ec", `
		ip link set lo up
		for n in red blue; do
			ip netns add $n
			ip link add veth-$n type veth peer name eth0 netns $n
			ip link set veth-$n up
			ip -n $n link set eth0 up
		done
		ip addr add 10.1.0.1/24 dev veth-red
		ip addr add 10.2.0.1/24 dev veth-blue
		ip -n red addr add 10.1.0.2/24 dev eth0
		ip -n blue addr add 10.2.0.2/24 dev eth0
		ip -n red route add default via 10.1.0.1
		echo 1 >/proc/sys/net/ipv4/ip_forward
		iptables -t nat -A POSTROUTING -s 10.1.0.0/24 -j MASQUERADE
		minins trace-packet -n red --dst 10.2.0.2
		nft list tables`)
	if r.Code != 0 || r.Stderr != "" {
		t.Fatalf("%d %s%s", r.Code, r.Stdout, r.Stderr)
	}
	rest := r.Stdout
	for _, want := range []string{
		"there: icmp echo-request 10.1.0.2 > 10.2.0.2 id ", "  red: made here\n    out by eth0\n  host: in by veth-red\n",
		"iptables -t nat -A POSTROUTING -s 10.1.0.0/24 -j MASQUERADE\n", "    NAT: source 10.1.0.2 becomes 10.2.0.1\n    out by veth-blue\n", "  blue: in by eth0\n    delivered\n",
		"back: icmp echo-reply 10.2.0.2 > 10.2.0.1 id ", "    NAT: destination 10.2.0.1 becomes 10.1.0.2\n", "delivered in namespace blue; the answer came back\ntable ip nat\n",
	} {
		_, behind, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("no %q in, or not in this order:\n%s", want, r.Stdout)
		}
		rest = behind
	}
	if rest != "" {
		t.Errorf("more at the end: %q", rest)
	}
}
