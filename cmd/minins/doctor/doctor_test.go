//go:build linux

package doctor_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/doctor"
	"github.com/minins/minins/cmd/minins/iptables"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

func TestMain(m *testing.M) { testns.Main(m) }

// run is "minins doctor".
func run(explain *[]string, line string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	c := &applet.Cmd{Name: "doctor", Args: strings.Fields(line), Stdout: bufio.NewWriter(&out), Stderr: &err}
	if explain != nil {
		c.Explain = func(call, _ string) { *explain = append(*explain, call) }
	}
	status = doctor.Run(c, iptables.Words)
	c.Stdout.Flush()
	return status, out.String(), err.String()
}

// furnish is red and blue on a cable.
func furnish(t *testing.T) {
	t.Helper()
	for _, line := range strings.Split(`ip netns add red
ip netns add blue
ip netns exec red sysctl -qw net.ipv6.conf.default.accept_dad=0
ip link add veth0 netns red type veth peer name veth0 netns blue
ip -n red link set veth0 up
ip -n blue link set veth0 up
ip -n red link add veth1 type veth peer name veth2 netns blue
ip -n red addr add 10.0.0.1/24 dev veth0
ip -n red addr add fe80::a1/64 dev veth0
ip -n red addr add fd00::1/128 dev veth0
ip -n blue addr add fe80::b2/64 dev veth0 nodad
ip -n red -6 route add fd00::9 via fe80::b2 dev veth0
ip -n blue addr add 10.0.0.2/24 dev veth0`, "\n") {
		testns.Run(t, strings.Fields(line)...).Must(t)
	}
	t.Cleanup(func() { _ = nsfs.Delete("red"); _ = nsfs.Delete("blue") })
}

func TestRun(t *testing.T) {
	furnish(t)
	for _, c := range []struct {
		line   string
		status int
		out    string // what the output has
		err    string
	}{
		{"red blue", 0, "red can reach blue (probe: an answer after", ""},
		{"-v red blue", 0, "  red: ICMP from 10.0.0.1 to 10.0.0.2: dev veth0\n", ""},
		{"--no-probe red blue", 0, "red can reach blue (probe: not sent)", ""},
		{"red blue:80", 1, "fault port/closed: nothing listens on TCP port 80 in blue\n    read: /proc/net of blue\nred cannot reach blue:80 (probe: not sent)\n", ""},
		{"-p udp red blue:53", 1, "fault port/closed: nothing listens on UDP port 53 in blue", ""},
		{"red green", 1, "fault ns/missing: there is no namespace \"green\"\n    read: /run/netns/green is not there\n    mend: ip netns add green\n", ""},
		{"--help", 0, "Usage: minins doctor", ""},
		{"", 2, "", "minins doctor: expected two ends, as in 'minins doctor red blue'\nTry 'minins doctor --help' for more information.\n"},
		{"red", 2, "", "expected two ends"},
		{"-p sctp red blue", 2, "", "-p 'sctp': expected tcp, udp or icmp"},
		{"-p tcp red blue", 2, "", "\"blue\": expected a port, as in blue:80"},
		{"red:80 blue", 2, "", "\"red:80\": a port belongs to the other end"},
		{"red blue:http", 2, "", "\"blue:http\": expected a port from 1 to 65535 behind the colon"},
		{"red example.com", 2, "", "\"example.com\" is neither a namespace nor an address, and names of hosts are not looked up; expected NAME, ADDRESS or NAME/ADDRESS"},
		{"red 300.1.1.1:80", 2, "", "\"300.1.1.1\" is neither a namespace nor an address"},
		{"red localhost:80", 2, "", "\"localhost\" is neither a namespace nor an address"},
		{"red 224.0.0.1", 2, "", "\"224.0.0.1\" is a multicast address, which all have that have joined; expected that of one end"},
		{"red ff02::1%veth0", 2, "", "\"ff02::1\" is a multicast address"},
		{"red 255.255.255.255", 2, "", "\"255.255.255.255\" is a broadcast address, which all on a network have; expected that of one end"},
		{"red 10.0.0.255", 2, "", "\"10.0.0.255\" is a broadcast address"},
		{"red 0.0.0.0", 2, "", "\"0.0.0.0\" is the address of none"},
		{"red fe80::1", 2, "", "\"fe80::1\" may be on each link of red; expected one of fe80::1%veth0 fe80::1%veth1"},
		{"red fe80::1%eth7", 2, "", "red has no link \"eth7\"; expected one of fe80::1%veth0 fe80::1%veth1"},
		{"red fe80::1%veth0", 1, "fault addr/nobody: nobody on the network of red:veth0 has the address fe80::1", ""},
		{"-6 red/fe80::a1%veth0 fd00::9", 2, "", "\"fe80::a1\" is link-local, and blue passes nothing on from there; expected another address to ask from"},
		{"red blue/x", 2, "", "\"blue/x\": \"x\" is no address; expected NAME/ADDRESS"},
	} {
		status, stdout, stderr := run(nil, c.line)
		if status != c.status || !strings.Contains(stdout, c.out) || !strings.Contains(stderr, c.err) || c.err == "" && stderr != "" || c.out == "" && stdout != "" {
			t.Errorf("%s: status %d, want %d\n%s%s", c.line, status, c.status, stdout, stderr)
		}
	}
}

func TestJSON(t *testing.T) {
	furnish(t)
	if out, err := exec.Command("ip", "-n", "blue", "link", "set", "veth0", "down").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	status, stdout, stderr := run(nil, "-j red blue")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if status != 1 || stderr != "" || len(lines) != 2 {
		t.Fatalf("status %d: %s%s", status, stdout, stderr)
	}
	var finding, end map[string]any
	for i, into := range []*map[string]any{&finding, &end} {
		if err := json.Unmarshal([]byte(lines[i]), into); err != nil {
			t.Fatalf("%s: %v", lines[i], err)
		}
	}
	remedy, _ := finding["remedy"].([]any)
	if finding["level"] != "fault" || finding["id"] != "link/down" || len(remedy) != 1 || remedy[0] != "ip netns exec blue ip link set veth0 up" || end["verdict"] != "cannot reach" || end["probe"] != "not sent" {
		t.Errorf("got %s", stdout)
	}
}

// TestSmall is a way that long packets do not pass.
func TestSmall(t *testing.T) {
	furnish(t)
	testns.Run(t, strings.Fields("ip -n blue link set veth0 mtu 1300")...).Must(t)
	for _, c := range [...][2]string{
		{"red blue", "red can reach blue, but only with small packets (probe: an answer after "},
		{"--no-probe red blue", "red can reach blue, but only with small packets (probe: not sent)"},
		{"-j red blue", `{"verdict":"can reach, but only with small packets","probe":"an answer after `},
	} {
		if status, stdout, stderr := run(nil, c[0]); status != 1 || stderr != "" || !strings.Contains(stdout, c[1]) || !strings.Contains(stdout, "mtu/mismatch") {
			t.Errorf("%s: status %d\n%s%s", c[0], status, stdout, stderr)
		}
	}
	testns.Run(t, strings.Fields("ip -n blue xfrm policy add src 10.0.0.0/24 dst 10.0.0.0/24 dir in action block")...).Must(t)
	if status, stdout, _ := run(nil, "red blue"); status != 1 || !strings.Contains(stdout, "red cannot reach blue (probe: ") {
		t.Errorf("small packets do not pass either: status %d\n%s", status, stdout)
	}
}

// TestUnknown is a probe that nobody answers, with nothing wrong that can be seen: blue
// drops by a policy of IPsec, which no walk looks at.
func TestUnknown(t *testing.T) {
	furnish(t)
	testns.Run(t, strings.Fields("ip -n blue xfrm policy add src 10.0.0.0/24 dst 10.0.0.0/24 dir in action block")...).Must(t)
	status, stdout, _ := run(nil, "red blue")
	if status != 3 || !strings.Contains(stdout, "red cannot reach blue, and nothing is wrong that can be seen from here (probe: ") {
		t.Errorf("status %d\n%s", status, stdout)
	}
}

// TestWords has rules in the words of nft, and of iptables where it has some.
func TestWords(t *testing.T) {
	furnish(t)
	for line, want := range map[string]string{
		"iptables -A INPUT -p icmp -s 10.0.0.0/24 -j DROP": "handle 2: meta l4proto icmp ip saddr 10.0.0.0/24 counter drop (iptables -A INPUT -s 10.0.0.0/24 -p icmp -j DROP)\n",
		"iptables -P INPUT DROP":                           "chain INPUT: policy drop\n",
		"nft 'table ip x { chain y { type filter hook input priority 0; ip protocol icmp drop; }; }'":       "table ip x, chain y, handle 2: ip protocol icmp drop\n",
		"iptables-legacy -A INPUT -p icmp -j DROP":                                                          "iptables-legacy: table ip filter, chain INPUT, handle 1: meta l4proto icmp drop\n",
		"nft 'table arp x { chain y { type filter hook input priority 0; arp operation request drop; }; }'": "table arp x, chain y, handle 2: arp operation request drop\n",
	} {
		testns.Run(t, "ip", "netns", "exec", "blue", "sh", "-c", line).Must(t)
		if status, stdout, _ := run(nil, "red blue"); status != 1 || !strings.Contains(stdout, want) {
			t.Errorf("%s: status %d, want %q\n%s", line, status, want, stdout)
		}
		testns.Run(t, "ip", "netns", "exec", "blue", "sh", "-c", "nft flush ruleset; iptables-legacy -F").Must(t)
	}
}

func TestExplain(t *testing.T) {
	var calls []string
	status, stdout, stderr := run(&calls, "red blue")
	if status != 0 || stdout+stderr != "" || len(calls) < 5 || !strings.Contains(calls[0], "RTM_GETLINK") {
		t.Errorf("status %d, %q: %s%s", status, calls, stdout, stderr)
	}
}
