//go:build linux

package tracepacket_test

import (
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// TestNeighbour has rules drop the question for a neighbour, or its answer, which the
// packet waits for: it meets no rule itself.
func TestNeighbour(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	stage(t)
	bridge := func(hook, rule string) string {
		return "nft 'table bridge x { chain c { type filter hook " + hook + " priority 0; " + rule + "; }; }'"
	}
	t.Cleanup(func() { shell(t, "ip link del d0") })
	const waits = "waits in namespace red for the neighbour behind veth-red: "
	for _, tt := range []struct {
		name, before, args string
		want               string // the end
	}{
		{"forward", bridge("forward", "policy drop"), "--dst 192.168.15.2", `    out by veth-red
neighbour: arp request 192.168.15.1 > 192.168.15.2
  host: in by veth-red-br, a port of bridge v-net-0
    forward     bridge x c: policy drop
` + waits + `arp request 192.168.15.1 > 192.168.15.2 was dropped by policy of chain bridge x c in namespace host
`},
		{"prerouting", bridge("prerouting", "ether type arp drop"), "--dst 192.168.15.5", waits +
			"arp request 192.168.15.1 > 192.168.15.5 was dropped by rule \"ether type arp drop\" of chain bridge x c in namespace host\n"},
		{"gateway", bridge("input", "policy drop"), "--dst 8.8.8.8", waits + "arp request 192.168.15.1 > 192.168.15.5 was dropped by policy of chain bridge x c in namespace host\n"},
		{"answer", bridge("output", "policy drop"), "--dst 192.168.15.5", `
neighbour: arp reply 192.168.15.5 > 192.168.15.1
  host: sent by the bridge
    output      bridge x c: policy drop
` + waits + "arp reply 192.168.15.5 > 192.168.15.1 was dropped by policy of chain bridge x c in namespace host\n"},
		{"arp", in("red", "nft 'table arp x { chain c { type filter hook output priority 0; arp operation request drop; }; }'"), "-p tcp --dst 192.168.15.2:80", `
neighbour: arp request 192.168.15.1 > 192.168.15.2
  red: made here
    output      arp x c: arp operation request drop (drop)
` + waits + "arp request 192.168.15.1 > 192.168.15.2 was dropped by rule \"arp operation request drop\" of chain arp x c in namespace red\n"},
		{"arp input", in("blue", "nft 'table arp x { chain c { type filter hook input priority 0; policy drop; }; }'"), "--dst 192.168.15.2", waits +
			"arp request 192.168.15.1 > 192.168.15.2 was dropped by policy of chain arp x c in namespace blue\n"},
		{"ip6", bridge("forward", "icmpv6 type nd-neighbor-solicit drop"), "--dst fd15::2", waits +
			"icmpv6 nd-neighbor-solicit code 0 fd15::1 > ff02::1:ff00:2 was dropped by rule \"icmpv6 type nd-neighbor-solicit drop\" of chain bridge x c in namespace host\n"},
		{"ip6 at home", in("blue", "nft 'table ip6 x { chain c { type filter hook input priority 0; policy drop; }; }'"), "--dst fd15::2", waits +
			"icmpv6 nd-neighbor-solicit code 0 fd15::1 > ff02::1:ff00:2 was dropped by policy of chain ip6 x c in namespace blue\n"},

		{"all copies", bridge("forward", "ether type arp drop"), "--dst 192.168.15.77", waits +
			"arp request 192.168.15.1 > 192.168.15.77 was dropped by rule \"ether type arp drop\" of chain bridge x c in namespace host\n"},

		// Those are no reason: nobody has the address, and the copy to blue may well be dropped.
		{"nobody", "ip link add d0 type veth peer name d1; ip link set d1 up; ip link set d0 master v-net-0 up; " + bridge("forward", "oifname veth-blue-br ether type arp drop"), "--dst 192.168.15.77", "never seen again behind link veth-red in namespace red ('minins doctor' looks for why)\n"},
		{"ingress", "nft 'table netdev x { chain c { type filter hook ingress device veth-red-br priority 0; policy drop; }; }'", "--dst 192.168.15.2",
			"never seen again behind link veth-red in namespace red: chain netdev x c at the ingress of veth-red-br in namespace host is not followed ('minins doctor' looks for why)\n"},
		{"elsewhere", in("blue", "nft 'table arp x { chain c { type filter hook input priority 0; policy drop; }; }'"), "--dst 192.168.15.77",
			"never seen again behind link veth-red in namespace red ('minins doctor' looks for why)\n"},
	} {
		shell(t, "for n in red blue; do ip -n $n neigh flush all; done; ip neigh flush all; "+tt.before)
		status, got, stderr := run(append(strings.Fields(tt.args), "-n", "red", "--timeout", "0.5")...)
		if status != 1 || stderr != "" || !strings.HasSuffix(got, tt.want) {
			t.Errorf("%s: %d %q\n%s", tt.name, status, stderr, got)
		}
		shell(t, "nft flush ruleset; ip netns exec red nft flush ruleset; ip netns exec blue nft flush ruleset")
	}
}
