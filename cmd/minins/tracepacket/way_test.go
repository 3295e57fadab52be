//go:build linux

package tracepacket_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// TestPath compares what a packet meets with what nft monitor trace has seen of it in
// each namespace meanwhile, and looks for what the monitor does not know.
func TestPath(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	stage(t)
	masquerade := "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 ! -d 192.168.15.0/24 -j MASQUERADE"
	for _, tt := range []struct {
		name, before, after string // commands
		args                string
		status              int
		met                 map[string]int // at least so many steps in a place
		want                []string       // in this order
	}{
		{
			name: "masquerade", args: "-n red -p icmp --dst 8.8.8.8", met: map[string]int{"": 2},
			want: []string{
				"there: icmp echo-request 192.168.15.1 > 8.8.8.8 id ", "  red: made here\n    out by veth-red\n", "  host: in by veth-red-br, a port of bridge v-net-0\n",
				"  host: in by v-net-0\n", "    postrouting ip nat POSTROUTING: ip saddr 192.168.15.0/24 ip daddr != 192.168.15.0/24 counter masquerade (accept)\n",
				masquerade + "\n", "    NAT: source 192.168.15.1 becomes 192.168.1.10\n    out by eth0\n", "  wan: in by wan0\n", "    delivered\n",
				"back: icmp echo-reply 8.8.8.8 > 192.168.1.10 id ", "  wan: made here\n", "  host: in by eth0\n", "    NAT: destination 192.168.1.10 becomes 192.168.15.1\n",
				"  host: sent by the bridge\n", "    out by veth-red-br\n", "  red: in by veth-red\n", "    delivered\n", "delivered in namespace wan; the answer came back\n",
			},
		},
		{
			name: "dnat", args: "-n wan -p tcp --dst 192.168.1.10:80", status: 3, met: map[string]int{"": 2},
			want: []string{
				"there: tcp 192.168.1.1:", " > 192.168.1.10:80 syn\n", "  host: in by eth0\n",
				"    prerouting  ip nat PREROUTING: tcp dport 80 counter dnat to 192.168.15.2:80 (accept)\n",
				"iptables -t nat -A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80\n",
				"    NAT: destination 192.168.1.10:80 becomes 192.168.15.2:80\n", "  blue: in by veth-blue\n", "    delivered\n",
				"back: tcp 192.168.15.2:80 > 192.168.1.1:", " rst ack\n", "  blue: made here\n", "    NAT: source 192.168.15.2:80 becomes 192.168.1.10:80\n",
				"  wan: in by wan0\n", "delivered in namespace blue; refused: RST from 192.168.15.2:80 in namespace blue came back\n",
			},
		},
		{
			name: "zone", before: "nft 'table ip z { chain p { type filter hook prerouting priority -300; ct zone set 5; }; }'", after: "nft delete table ip z",
			args: "-n red -p icmp --dst 8.8.8.8", met: map[string]int{"": 2},
			want: []string{"    prerouting  ip z p: ct zone set 5 (continue)\n", "back: ", "    prerouting  ip z p: ct zone set 5 (continue)\n", "delivered in namespace wan; the answer came back\n"},
		},
		{
			name: "policy", before: "iptables -P FORWARD DROP", after: "iptables -P FORWARD ACCEPT",
			args: "-n wan -p tcp --dst 192.168.1.10:80", status: 1, met: map[string]int{"": 2},
			want: []string{"    forward     ip filter FORWARD: policy drop\n", "dropped by policy of chain ip filter FORWARD in namespace host\n"},
		},
		{
			name: "rule", before: "iptables -I FORWARD -p icmp -j DROP", after: "iptables -F FORWARD",
			args: "-n red --dst 8.8.8.8", status: 1, met: map[string]int{"": 2},
			want: []string{
				"iptables -A FORWARD -p icmp -j DROP\n",
				"dropped by rule \"meta l4proto icmp counter drop\" (iptables -A FORWARD -p icmp -j DROP) of chain ip filter FORWARD in namespace host\n",
			},
		},
		{
			name: "another table", args: "-n wan -p tcp --dst 192.168.1.10:80", status: 1, met: map[string]int{"": 5},
			before: `nft 'table inet x { chain c { type filter hook forward priority 10; tcp dport { 80, 81 } jump d; }
				chain d { ip saddr 1.2.3.4 accept; meta mark set 5; jump e; counter reject with tcp reset; }
				chain e { tcp dport 81 drop; tcp dport 80 return; }; }'`,
			after: "nft delete table inet x",
			want: []string{
				"    forward     inet x c: tcp dport { 80, 81 } jump d (jump d)\n", "    forward     inet x d: meta mark set 0x00000005 (continue)\n",
				"    forward     inet x e: tcp dport 80 return (return)\n", "back: tcp 192.168.15.2:80 > 192.168.1.1:", " rst ack\n", "  host: made here\n",
				"dropped by rule \"meta l4proto tcp counter reject with tcp reset\" of chain inet x d in namespace host; refused: RST from 192.168.15.2:80 in namespace host came back\n",
			},
		},
		{
			name: "at the source", before: in("red", "nft 'table ip x { chain o { type filter hook output priority 0; ip protocol icmp drop; }; }'"),
			after: in("red", "nft flush ruleset"), args: "-n red --dst 8.8.8.8", status: 1, met: map[string]int{"red": 1},
			want: []string{"  red: made here\n    output      ip x o: ip protocol icmp drop (drop)\n", "dropped by rule \"ip protocol icmp drop\" of chain ip x o in namespace red\n"},
		},
		{
			name: "the answer", before: in("blue", "nft 'table ip x { chain o { type filter hook output priority 0; policy drop; }; }'"),
			after: in("blue", "nft flush ruleset"), args: "-n red --dst 192.168.15.2", status: 1, met: map[string]int{"blue": 1},
			want: []string{"delivered in namespace blue; the answer was dropped by policy of chain ip x o in namespace blue\n"},
		},
		{
			name: "bridged", before: "iptables -I FORWARD -p udp -j ACCEPT", after: "iptables -F FORWARD",
			args: "-n red -p udp --dst 192.168.15.2:53", status: 3, met: map[string]int{"": 2},
			want: []string{
				"there: udp 192.168.15.1:", " > 192.168.15.2:53\n", "  host: in by veth-red-br, a port of bridge v-net-0\n",
				"    br_netfilter: the frame goes through the hooks of ip as well\n", "    out by veth-blue-br\n", "  blue: in by veth-blue\n",
				"error: icmp destination-unreachable code 3 192.168.15.2 > 192.168.15.1\n", "delivered in namespace blue; refused: ICMP port unreachable from 192.168.15.2 in namespace blue came back\n",
			},
		},
		{
			name: "bridge table", args: "-n red --dst 192.168.15.2", status: 1, met: map[string]int{"": 1},
			before: "nft 'table bridge x { chain f { type filter hook forward priority 0; ip protocol icmp counter drop; }; }'", after: "nft delete table bridge x",
			want: []string{"    forward     bridge x f: ip protocol icmp counter drop (drop)\n", "of chain bridge x f in namespace host\n"},
		},
		{
			name: "bridge tables accept", args: "-n red --dst 192.168.15.2", met: map[string]int{"": 6},
			before: "nft 'table bridge x { chain p { type filter hook prerouting priority -5; ip protocol icmp accept; }; " +
				"chain f { type filter hook forward priority 0; ip protocol icmp accept; }; chain o { type filter hook postrouting priority 5; ip protocol icmp accept; }; }'",
			after: "nft delete table bridge x",
			want: []string{
				"    prerouting  bridge x p: ip protocol icmp accept (accept)\n", "    forward     bridge x f: ip protocol icmp accept (accept)\n",
				"    postrouting bridge x o: ip protocol icmp accept (accept)\n", "    out by veth-blue-br\n", "the answer came back\n",
			},
		},
		{
			name: "a firewall says so", args: "-n wan -p tcp --dst 192.168.1.10:80", status: 1, met: map[string]int{"": 2},
			before: "iptables -A FORWARD -p tcp -j REJECT", after: "iptables -F FORWARD",
			want: []string{"dropped by rule \"", " of chain ip filter FORWARD in namespace host; refused: ICMP port unreachable from 192.168.1.10 in namespace host came back\n"},
		},
		{
			name: "frames alone", before: "sysctl -q -w net.bridge.bridge-nf-call-iptables=0", after: "sysctl -q -w net.bridge.bridge-nf-call-iptables=1",
			args: "-n red --dst 192.168.15.2", want: []string{"  host: in by veth-red-br, a port of bridge v-net-0\n    out by veth-blue-br\n  blue: in by veth-blue\n", "the answer came back\n"},
		},
		{
			name: "ip6", before: "ip6tables -t nat -A POSTROUTING -o eth0 -j MASQUERADE", after: "ip6tables -t nat -F",
			args: "-n red --dst fd08::8", met: map[string]int{"": 1},
			want: []string{
				"there: icmpv6 echo-request fd15::1 > fd08::8 id ", "ip6tables -t nat -A POSTROUTING -o eth0 -j MASQUERADE\n", "    NAT: source fd15::1 becomes fd01::10\n",
				"back: icmpv6 echo-reply fd08::8 > fd01::10 id ", "    NAT: destination fd01::10 becomes fd15::1\n", "delivered in namespace wan; the answer came back\n",
			},
		},
		{
			name: "ip6 tcp", args: "-n wan -p tcp --dst [fd15::2]:80 --sport 4711", status: 3, before: "ip -n wan -6 route add fd15::/64 via fd01::10", after: "ip -n wan -6 route del fd15::/64",
			want: []string{"there: tcp [fd01::1]:4711 > [fd15::2]:80 syn\n", "back: tcp [fd15::2]:80 > [fd01::1]:4711 rst ack\n", "refused: RST from [fd15::2]:80 in namespace blue came back\n"},
		},
		{
			name: "no port in common", args: "-n red -p udp --dst 8.8.8.8:53", status: 3, met: map[string]int{"": 1},
			before: "iptables -t nat -I POSTROUTING -p udp -j MASQUERADE --to-ports 2000-2999 --random", after: "iptables -t nat -D POSTROUTING 1",
			want: []string{"    NAT: source 192.168.15.1:", "becomes 192.168.1.10:2", "error: icmp destination-unreachable code 3 8.8.8.8 > 192.168.1.10\n", "refused: ICMP port unreachable from 8.8.8.8 in namespace wan came back\n"},
		},
		{
			name: "macvlan", args: "-n wan --dst 192.168.1.77", after: "ip -n blue link del mv0",
			before: "ip link add mv0 link eth0 netns blue type macvlan mode bridge; ip -n blue addr add 192.168.1.77/24 dev mv0; ip -n blue link set mv0 up; ip netns exec wan ping -qc1 -W5 192.168.1.77",
			want: []string{
				"  wan: made here\n    out by wan0\n  blue: in by mv0\n    delivered\nback: ", "  blue: made here\n    out by mv0\n  wan: in by wan0\n    delivered\n", "the answer came back\n",
			},
		},
		{
			name: "own address", args: "-n red --dst 192.168.15.1", want: []string{"  red: made here\n    out by lo\n  red: in by lo\n    delivered\n", "the answer came back\n"},
		},
		{
			name: "a link is down", args: "-n red --dst 192.168.15.2 --timeout 0.3", status: 1, before: "ip link set veth-blue-br down", after: "ip link set veth-blue-br up",
			want: []string{"not seen again in namespace host behind hook ", " of the bridge ("},
		},
		{
			name: "no forwarding", args: "-n red --dst 8.8.8.8 --timeout 0.3", status: 1, before: "sysctl -q -w net.ipv4.ip_forward=0", after: "sysctl -q -w net.ipv4.ip_forward=1",
			want: []string{"behind hook prerouting: it was not for an address there, and net.ipv4.ip_forward is 0 ("},
		},
		{
			name: "not looked at", args: "-n red --dst 8.8.8.8 --timeout 0.3 --in blue",
			want: []string{"sent out of namespace red by veth-red, to where minins does not look; the answer came back\n"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.before != "" {
				shell(t, tt.before)
				defer shell(t, tt.after)
			}
			before := rulesets(t)
			end := monitors(t)
			status, got, stderr := run(strings.Fields(tt.args)...)
			heard := end()
			if status != tt.status || stderr != "" {
				t.Errorf("status %d %q", status, stderr)
			}
			rest := got
			for _, want := range tt.want {
				_, behind, ok := strings.Cut(rest, want)
				if !ok {
					t.Errorf("no %q in, or not in this order:\n%s", want, got)
					break
				}
				rest = behind
			}
			if rest != "" && !t.Failed() && !strings.Contains(tt.want[len(tt.want)-1], " (") {
				t.Errorf("more at the end: %q", rest)
			}
			if _, back, _ := strings.Cut(got, "\nback: "); strings.Contains(back, "conntrack: new") {
				t.Errorf("an answer is of no new connection:\n%s", got)
			}
			met := byPlace(got)
			for _, place := range places {
				if len(tt.want) > 0 && strings.Contains(tt.args, "--in") {
					break // the monitors see more
				}
				real := steps(sorted(heard[place]), theirs)
				if real != met[place] || strings.Count(real, "\n") < tt.met[place] {
					t.Errorf("in %q (-monitor +ours)\n%s\n%s\nin all: %s", place, testns.Diff(real, met[place]), got, heard[place])
				}
			}
			if after := rulesets(t); after != before {
				t.Errorf("left behind:\n%s", testns.Diff(before, after))
			}
		})
	}
}

// TestTwo has two at once.
func TestTwo(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	stage(t)
	alone := map[string]string{}
	lines := []string{"-n red --dst 8.8.8.8", "-n wan -p tcp --dst 192.168.1.10:80"}
	numbers := regexp.MustCompile(`id \d+|:[3-6]\d{4}`)
	trace := func(line string) string {
		status, out, stderr := run(strings.Fields(line)...)
		if want := map[bool]int{true: 3}[strings.Contains(line, "tcp")]; status != want || stderr != "" { // nothing listens
			t.Errorf("%s: %d %s", line, status, stderr)
		}
		return numbers.ReplaceAllString(out, "N")
	}
	for _, line := range lines {
		alone[line] = trace(line)
	}
	for range 5 {
		var wg sync.WaitGroup
		for _, line := range lines {
			wg.Go(func() {
				if got := trace(line); got != alone[line] {
					t.Errorf("%s: (-alone +beside others)\n%s\n%s", line, testns.Diff(alone[line], got), got)
				}
			})
		}
		wg.Wait()
	}
}
