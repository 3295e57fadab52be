//go:build linux

package tracepacket_test

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/explain"
	"github.com/minins/minins/cmd/minins/iptables"
	"github.com/minins/minins/cmd/minins/tracepacket"
	"github.com/minins/minins/internal/testns"
)

// helper has the test binary be "minins trace-packet", to be killed.
const helper = "MININS_TRACE_PACKET"

func TestMain(m *testing.M) {
	if os.Getenv(helper) != "" {
		c := command(os.Args[1:]...)
		c.Stdout, c.Stderr = bufio.NewWriter(os.Stdout), os.Stderr
		status := tracepacket.Run(c, iptables.Words)
		c.Stdout.Flush()
		os.Exit(status)
	}
	testns.Main(m)
}

func command(args ...string) *applet.Cmd { return &applet.Cmd{Name: "trace-packet", Args: args} }

// run is "minins trace-packet".
func run(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	c := command(args...)
	c.Stdout, c.Stderr = bufio.NewWriter(&out), &err
	status = tracepacket.Run(c, iptables.Words)
	c.Stdout.Flush()
	return status, out.String(), err.String()
}

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

// monitors are real "nft monitor trace", one in each place.
func monitors(t *testing.T) (end func() map[string]string) {
	t.Helper()
	var all [4]*exec.Cmd
	var files [4]string
	for i, place := range places {
		words := testns.Words(in(place, "nft monitor trace"))
		all[i] = exec.Command(testns.Tool(t, words[0]), words[1:]...)
		out, err := os.Create(filepath.Join(t.TempDir(), "heard"))
		if err != nil {
			t.Fatal(err)
		}
		all[i].Stdout, files[i] = out, out.Name()
		if err := errors.Join(all[i].Start(), out.Close()); err != nil {
			t.Fatal(err)
		}
	}
	listening := regexp.MustCompile(`(?m)^\w+ 12 +\d+ +00000100 `) // NETLINK_NETFILTER, NFNLGRP_NFTRACE
	for _, place := range places {
		for n := 0; !listening.MatchString(testns.Cmd{Args: testns.Words(in(place, "cat /proc/net/netlink"))}.Run(t).Stdout); n++ {
			if n > 500 {
				t.Fatalf("no monitor in %q", place)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return func() map[string]string {
		heard := map[string]string{}
		for quiet := 0; quiet < 10; quiet++ {
			time.Sleep(20 * time.Millisecond)
			for i, place := range places {
				text, err := os.ReadFile(files[i])
				if err != nil {
					t.Fatal(err)
				}
				if string(text) != heard[place] {
					heard[place], quiet = string(text), 0
				}
			}
		}
		for i := range all {
			_ = all[i].Process.Kill()
			_ = all[i].Wait() // it was killed
		}
		return heard
	}
}

var (
	counted = regexp.MustCompile(`counter packets \d+ bytes \d+`)
	theirs  = regexp.MustCompile(`(?m)^trace id \w+ (\S+ \S+ \S+) (?:rule (.*) \(verdict (.*)\)|(policy \w+)) *$`)
	mine    = regexp.MustCompile(`(?m)^    (?:prerouting|input|forward|output|postrouting) +(\S+ \S+ \S+): (?:(.*) \((.*)\)|(policy \w+))$`)
	visit   = regexp.MustCompile(`(?m)^  (\w+): `)
)

// steps are the chains, rules and verdicts of a text, one in a line.
func steps(text string, re *regexp.Regexp) string {
	var b strings.Builder
	for _, m := range re.FindAllStringSubmatch(counted.ReplaceAllString(text, "counter"), -1) {
		if strings.Contains(m[1], " trace-packet-") {
			continue
		}
		b.WriteString(strings.Join(m[1:], "|") + "\n")
	}
	return b.String()
}

// sorted has packet by packet what a monitor heard: that a rule rejects one is told behind
// what becomes of the refusal.
func sorted(text string) string {
	var ids []string
	lines := map[string]string{}
	for line := range strings.Lines(text) {
		id := strings.Fields(line)[2]
		if lines[id] == "" {
			ids = append(ids, id)
		}
		lines[id] += line
	}
	text = ""
	for _, id := range ids {
		text += lines[id]
	}
	return text
}

// byPlace has what was met in each place, there and back.
func byPlace(text string) map[string]string {
	met := map[string]string{}
	at := visit.FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		name := text[m[2]:m[3]]
		if name == "host" {
			name = ""
		}
		met[name] += steps(text[m[1]:end], mine)
	}
	return met
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
			name: "dnat", args: "-n wan -p tcp --dst 192.168.1.10:80", met: map[string]int{"": 2},
			want: []string{
				"there: tcp 192.168.1.1:", " > 192.168.1.10:80 syn\n", "  host: in by eth0\n",
				"    prerouting  ip nat PREROUTING: tcp dport 80 counter dnat to 192.168.15.2:80 (accept)\n",
				"iptables -t nat -A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80\n",
				"    NAT: destination 192.168.1.10:80 becomes 192.168.15.2:80\n", "  blue: in by veth-blue\n", "    delivered\n",
				"back: tcp 192.168.15.2:80 > 192.168.1.1:", " rst ack\n", "  blue: made here\n", "    NAT: source 192.168.15.2:80 becomes 192.168.1.10:80\n",
				"  wan: in by wan0\n", "delivered in namespace blue; the answer came back\n",
			},
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
				"dropped by rule \"meta l4proto tcp counter reject with tcp reset\" of chain inet x d in namespace host; a refusal came back\n",
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
			args: "-n red -p udp --dst 192.168.15.2:53", status: 1, met: map[string]int{"": 2},
			want: []string{
				"there: udp 192.168.15.1:", " > 192.168.15.2:53\n", "  host: in by veth-red-br, a port of bridge v-net-0\n",
				"    br_netfilter: the frame goes through the hooks of ip as well\n", "    out by veth-blue-br\n", "  blue: in by veth-blue\n",
				"error: icmp destination-unreachable code 3 192.168.15.2 > 192.168.15.1\n", "delivered in namespace blue; an ICMP error came back\n",
			},
		},
		{
			name: "bridge table", args: "-n red --dst 192.168.15.2", status: 1, met: map[string]int{"": 1},
			before: "nft 'table bridge x { chain f { type filter hook forward priority 0; ip protocol icmp counter drop; }; }'", after: "nft delete table bridge x",
			want: []string{"    forward     bridge x f: ip protocol icmp counter drop (drop)\n", "of chain bridge x f in namespace host\n"},
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
			name: "ip6 tcp", args: "-n wan -p tcp --dst [fd15::2]:80 --sport 4711", before: "ip -n wan -6 route add fd15::/64 via fd01::10", after: "ip -n wan -6 route del fd15::/64",
			want: []string{"there: tcp [fd01::1]:4711 > [fd15::2]:80 syn\n", "back: tcp [fd15::2]:80 > [fd01::1]:4711 rst ack\n", "the answer came back\n"},
		},
		{
			name: "no port in common", args: "-n red -p udp --dst 8.8.8.8:53", status: 1, met: map[string]int{"": 1},
			before: "iptables -t nat -I POSTROUTING -p udp -j MASQUERADE --to-ports 2000-2999 --random", after: "iptables -t nat -D POSTROUTING 1",
			want: []string{"    NAT: source 192.168.15.1:", "becomes 192.168.1.10:2", "error: icmp destination-unreachable code 3 8.8.8.8 > 192.168.1.10\n", "an ICMP error came back\n"},
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
		if status != 0 || stderr != "" {
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

// TestWait follows a packet of somebody else, whose addresses NAT changes.
func TestWait(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	stage(t)
	for _, tt := range []struct {
		args, act string
		want      []string
	}{
		{"-n red --wait --dst 8.8.8.8 --timeout 20", in("red", "ping -q -c 500 -i 0.002 8.8.8.8"), []string{
			"there: icmp echo-request 192.168.15.1 > 8.8.8.8 id ", " seq 1\n", "    NAT: source 192.168.15.1 becomes 192.168.1.10\n", "  wan: in by wan0\n    delivered\n",
			"back: icmp echo-reply 8.8.8.8 > 192.168.1.10 id ", " seq 1\n", "  red: in by veth-red\n    delivered\n", "delivered in namespace wan; the answer came back\n",
		}},
		{"-n wan --wait -p tcp --dst 192.168.1.10:80 --timeout 20", in("wan", "bash -c 'echo >/dev/tcp/192.168.1.10/80 || true'"), []string{
			"there: tcp 192.168.1.1:", " > 192.168.1.10:80 syn\n", "    NAT: destination 192.168.1.10:80 becomes 192.168.15.2:80\n", "  blue: in by veth-blue\n    delivered\n",
			"back: tcp 192.168.15.2:80 > 192.168.1.1:", " rst ack\n", "    NAT: source 192.168.15.2:80 becomes 192.168.1.10:80\n", "delivered in namespace blue; the answer came back\n",
		}},
		{"-n red --wait -p udp --dst 8.8.8.8:53 --timeout 20", in("red", "bash -c 'echo >/dev/udp/8.8.8.8/53'"), []string{
			"there: udp 192.168.15.1:", " > 8.8.8.8:53\n", "    NAT: source 192.168.15.1:", "  wan: in by wan0\n    delivered\n",
			"error: icmp destination-unreachable code 3 8.8.8.8 > 192.168.1.10\n", "delivered in namespace wan; an ICMP error came back\n",
		}},
	} {
		before := rulesets(t)
		acted := make(chan struct{})
		go func() {
			defer close(acted)
			for range 200 { // until it waits
				r := testns.Cmd{Args: testns.Words("nft list tables")}.Run(t)
				if strings.Contains(r.Stdout, "trace-packet-") {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			time.Sleep(300 * time.Millisecond) // and elsewhere as well
			shell(t, tt.act)
		}()
		_, got, stderr := run(strings.Fields(tt.args)...)
		<-acted
		rest := got
		for _, want := range tt.want {
			_, behind, ok := strings.Cut(rest, want)
			if !ok {
				t.Errorf("%s: no %q in, or not in this order: %s\n%s", tt.args, want, stderr, got)
				break
			}
			rest = behind
		}
		if after := rulesets(t); after != before {
			t.Errorf("left behind:\n%s", testns.Diff(before, after))
		}
	}
	if status, out, stderr := run("-n", "red", "--wait", "--dst", "8.8.8.8", "--timeout", "0.1"); status != 1 || out != "" ||
		stderr != "minins trace-packet: namespace red: no such packet was seen\n" {
		t.Errorf("nobody comes: %d %q %q", status, out, stderr)
	}
}

// TestKilled ends it in the middle, and looks at what is left.
func TestKilled(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	stage(t)
	before := rulesets(t)
	for _, signal := range []unix.Signal{unix.SIGINT, unix.SIGKILL} {
		cmd := exec.Command("/proc/self/exe", "-n", "red", "--dst", "8.8.8.8", "--wait")
		cmd.Env = append(os.Environ(), helper+"=1")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		during := ""
		for range 500 {
			if during = rulesets(t); strings.Count(during, "table ip trace-packet-") == 4 && strings.Count(during, "table bridge trace-packet-") == 4 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || out.String() != "" || strings.Count(during, "flags owner") != 8 {
			t.Errorf("%v: %v %q %s", signal, err, out.String(), during)
		}
		if after := rulesets(t); after != before {
			t.Errorf("%v has left:\n%s", signal, testns.Diff(before, after))
		}
	}
}

// TestRefused has nothing done.
func TestRefused(t *testing.T) {
	before := testns.Run(t, "ip", "-o", "link").Stdout
	for _, tt := range []struct {
		args   string
		status int
		stderr string
	}{
		{"", 2, "where to? Expected --dst ADDR, and :PORT for tcp and udp"},
		{"--dst nosuch", 2, "--dst 'nosuch': expected an address, or one with a port, such as 192.168.1.10:80 or [fd00::1]:80; names are not looked up"},
		{"--dst 1.2.3.4:0", 2, "--dst '1.2.3.4:0': expected"},
		{"--dst 1.2.3.4:70000", 2, "--dst '1.2.3.4:70000': expected"},
		{"-p sctp --dst 1.2.3.4", 2, "-p 'sctp': expected icmp, tcp or udp"},
		{"-p tcp --dst 1.2.3.4", 2, "tcp needs a port: --dst 1.2.3.4:80"},
		{"-p udp --dst fd00::1", 2, "udp needs a port: --dst [fd00::1]:80"},
		{"--dst 1.2.3.4:80", 2, "icmp has no ports: leave it out, or say -p tcp or -p udp"},
		{"--dst 1.2.3.4 --sport 5", 2, "icmp has no ports"},
		{"--dst 224.0.0.1", 2, "--dst 224.0.0.1 is no address of one host"},
		{"--dst ::ffff:1.2.3.4", 2, "an IPv4 address is written as such: 1.2.3.4"},
		{"--dst 1.2.3.4 --src fd00::1", 2, "--src fd00::1 and --dst 1.2.3.4 are of two families"},
		{"--dst 1.2.3.4 --src x", 2, "--src 'x': expected an address"},
		{"--dst 1.2.3.4 --sport 0", 2, "--sport \"0\": expected a number from 1 to 65535"},
		{"--dst 1.2.3.4 --count 0", 2, "--count \"0\": expected a number from 1 to 1000000"},
		{"--dst 1.2.3.4 --timeout -1", 2, "--timeout '-1': expected seconds, such as 2 or 0.5"},
		{"--dst 1.2.3.4 --timeout nan", 2, "--timeout 'nan': expected seconds"},
		{"--dst 1.2.3.4 --wait --count 2", 2, "--wait waits for one packet"},
		{"--dst 1.2.3.4 more", 2, "'more' is one word too many"},
		{"-d 1.2.3.4", 2, "invalid option -- 'd'"},
		{"--nosuch", 2, "unrecognized option '--nosuch'"},
		{"-n nosuch --dst 1.2.3.4", 1, "there is no network namespace \"nosuch\": 'ip netns' lists their names"},
		{"--in nosuch --dst 1.2.3.4", 1, "there is no network namespace \"nosuch\""},
		{"--dst 1.2.3.4", 1, "namespace host: sendto: network is unreachable"},
		{"--dst 1.2.3.4 --src 4.3.2.1", 1, "namespace host: bind to 4.3.2.1 port 0: cannot assign requested address"},
		{"-p tcp --dst 1.2.3.4:80 --sport 5 --src 127.0.0.1", 1, "namespace host: connect: "},
		{"--dst fe80::1%nosuch", 1, "namespace host: fe80::1%nosuch: there is no link nosuch in namespace host"},
	} {
		status, out, stderr := run(strings.Fields(tt.args)...)
		if status != tt.status || out != "" || !strings.HasPrefix(stderr, "minins trace-packet: "+tt.stderr) ||
			strings.Contains(stderr, "Try 'minins trace-packet --help'") != (status == 2) {
			t.Errorf("%s: %d %q %q, want %d %q", tt.args, status, out, stderr, tt.status, tt.stderr)
		}
	}
	if status, out, stderr := run("--help"); status != 0 || !strings.HasPrefix(out, "Usage: minins trace-packet ") || stderr != "" {
		t.Errorf("--help: %d %q %q", status, out, stderr)
	}
	if after := testns.Run(t, "ip", "-o", "link").Stdout; after != before {
		t.Errorf("links:\n%s", testns.Diff(before, after))
	}
}

// TestExplain shows the transaction, and sends nothing: there is no namespace red.
func TestExplain(t *testing.T) {
	find := func(name string) (applet.Applet, bool) {
		return applet.Applet{Name: name, Summary: "x", Run: func(c *applet.Cmd) int { return tracepacket.Run(c, iptables.Words) }}, name == "trace-packet"
	}
	for line, want := range map[string][]string{
		"-n red --dst 8.8.8.8":               {"in network namespace red", "NFNLGRP_NFTRACE", "NFTA_TABLE_FLAGS = NFT_TABLE_F_OWNER", "NFT_META_NFTRACE", "NFPROTO_BRIDGE", "sendto(8.8.8.8, an echo request"},
		"-p tcp --dst [fd00::1]:80 --in red": {"NFPROTO_IPV6", "of --in", "setsockopt(TCP_QUEUE_SEQ, ", "connect([fd00::1]:80)"},
		"-p udp --dst 1.2.3.4:53":            {"NFT_DYNSET_OP_ADD", "sendto(1.2.3.4:53, 16 bytes that begin with "},
		"-p udp --dst 1.2.3.4:53 --wait":     {"NFT_META_NFTRACE", "recvmsg()"},
	} {
		var out, stderr bytes.Buffer
		c := command(append([]string{"trace-packet"}, strings.Fields(line)...)...)
		c.Stdout, c.Stderr = bufio.NewWriter(&out), &stderr
		status := explain.Run(c, find)
		c.Stdout.Flush()
		rest := out.String()
		for _, w := range want {
			_, behind, ok := strings.Cut(rest, w)
			if !ok {
				t.Errorf("%s: no %q in, or not in this order", line, w)
			}
			rest = behind
		}
		if status != 0 || stderr.Len() > 0 || strings.Count(out.String(), "\nsend ") < 3 {
			t.Errorf("%s: %d %s%s", line, status, stderr.String(), out.String())
		}
	}
}

// TestCount sends several, and looks at the time that it takes in namespaces.
func TestCount(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	stage(t)
	status, out, stderr := run("-n", "red", "--dst", "8.8.8.8", "--count", "3")
	if status != 0 || stderr != "" || strings.Count(out, "\n\nthere: ") != 2 {
		t.Errorf("%d %q\n%s", status, stderr, out)
	}
	for n := range 3 {
		if !strings.Contains(out, " seq "+strconv.Itoa(n+1)+"\n") {
			t.Errorf("no packet %d in\n%s", n+1, out)
		}
	}
}
