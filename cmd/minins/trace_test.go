//go:build linux

package main

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// traced are commands of which every byte is to be named, in both directions; each
// runs in the namespace "red".
const traced = `
ip link add v0 type veth peer name v1
ip link add br0 type bridge
ip link set v0 master br0 up
ip link set v1 up
ip link set br0 up
ip link add mv0 link v1 type macvlan mode bridge
ip link add vx0 type vxlan id 7 dstport 4789 remote 10.0.0.9 dev v1
ip tuntap add tap0 mode tap
ip addr add 10.0.0.1/24 dev v1
ip addr add fd00::1/64 dev v1 nodad
ip route add 10.1.0.0/16 via 10.0.0.2
ip route add 10.2.0.0/16 nexthop via 10.0.0.2 weight 2 nexthop via 10.0.0.3
ip -6 route add fd01::/64 via fd00::2
ip nexthop add id 7 via 10.0.0.2 dev v1
ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev v1
ip rule add from 10.0.0.9 table 7
ip -d -s -s link
ip -d addr
ip -d route show table all
ip -6 -d route show table all
ip route get 10.1.0.1
ip -d -s neigh
ip rule
ip -6 rule
ip nexthop
ip netns
ip netns list-id
bridge -d link
bridge -d fdb
bridge link set dev v0 hairpin on
bridge fdb add 02:00:00:00:00:09 dev v0 master static
iptables -t nat -A POSTROUTING -s 10.0.0.0/24 -j MASQUERADE
iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.0.0.2:80
iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -m comment --comment words -j ACCEPT
iptables -t nat -vnL
iptables -S
ip6tables -A INPUT -p tcp -j REJECT
ip6tables-save
nft add table inet t
nft add set inet t s { type ipv4_addr; flags interval, timeout; }
nft add element inet t s { 10.0.0.0/8 timeout 1h }
nft add map inet t m { type inet_service : verdict; }
nft add chain inet t c { type filter hook input priority 0; policy accept; }
nft add rule inet t c ip saddr @s counter limit rate 3/second log prefix "x" ct state new meta mark set 7 accept
nft add rule inet t c tcp dport vmap { 80 : drop, 443 : accept }
nft add rule inet t c quota 10 mbytes fib saddr type local reject with icmpx admin-prohibited
nft add counter inet t n
nft -a list ruleset
nft reset counters
route
route -n
arp -n
route add -net 10.3.0.0/16 gw 10.0.0.2
arp -s 10.0.0.7 02:00:00:00:00:07
minins gc
minins ns
minins graph
minins doctor --no-probe red red
ip addr del 10.0.0.1/24 dev v1
nft flush ruleset
ip link del v0
`

// nameless is how items look that nobody has described.
var nameless = regexp.MustCompile(`[^"]*(attribute \d+|not described|trailing bytes|not a whole message|truncated)[^"]*`)

// play runs the commands, each in red, as the environment says.
func play(t *testing.T, ran func(line, stderr string, code int)) {
	t.Helper()
	if err := nsfs.Create("red"); err != nil {
		t.Fatal(err)
	}
	red, err := nsfs.Open("red")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(red.Close(), nsfs.Delete("red")); err != nil {
			t.Error(err)
		}
	}()
	for line := range strings.Lines(strings.TrimSpace(traced)) {
		line = strings.TrimSpace(line)
		if err := red.Do(func() error {
			_, stderr, code := minins(t, testns.Words(line)...)
			ran(line, stderr, code)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTraceNames(t *testing.T) {
	t.Setenv("MININS_TRACE", "json")
	messages, items := 0, 0
	play(t, func(line, trace string, code int) {
		if code != 0 && !strings.HasPrefix(line, "minins doctor") { // which finds that lo is down
			t.Errorf("%s: status %d: %.500s", line, code, trace)
		}
		if !strings.Contains(trace, `"netns":"red"`) && !strings.Contains(line, "tuntap") && line != "ip netns" && line != "minins ns" {
			t.Errorf("%s has no trace of red: %.300s", line, trace)
		}
		if unknown := nameless.FindAllString(trace, -1); unknown != nil {
			t.Errorf("%s %q", line, unknown)
		}
		messages += strings.Count(trace, `"direction":`)
		items += strings.Count(trace, `"offset":`)
	})
	t.Logf("%d messages, %d items, all with names", messages, items)
	if messages < 200 {
		t.Errorf("%d messages", messages)
	}
}
