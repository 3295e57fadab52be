//go:build linux

package ip

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// bridgeEnd is what the real tools see at the end of a script.
var bridgeEnd = []string{"bridge -d link", "bridge fdb", "ip -d link show type bridge_slave"}

// moment hides what a second changes: ages, carrier, and multicast addresses,
// which a device joins when it gets its carrier.
var moment = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`used [0-9]+/[0-9]+`), "used T"},
	{regexp.MustCompile(`"used":\s?[0-9]+,\s*"updated":\s?[0-9]+`), "AGES"},
	{regexp.MustCompile(`(?m)^(SOLICITED-MAC|33:33:|01:00:5e:).*\n`), ""},
	{regexp.MustCompile(`\{"mac":"(33:33|01:00:5e)[^}]*\},?`), ""},
	{regexp.MustCompile(`_timer +[0-9.]+`), ""},
}

func momentary(s string) string {
	for _, m := range moment {
		s = m.re.ReplaceAllString(s, m.to)
	}
	return s
}

// playBridge is play for "bridge"; a line that begins with a "+" is run by the
// real ip.
func playBridge(t *testing.T, script string, run func(ns *testns.NS, args []string) testns.Result) (results []testns.Result, end string) {
	t.Helper()
	clearNetns(t)
	t.Cleanup(func() { clearNetns(t) })
	ns := testns.New(t)
	ns.Up(t, "lo")
	ns.Sysctl(t, "net/ipv6/conf/all/disable_ipv6", 1) // fewer addresses that come with time
	ns.Sysctl(t, "net/ipv6/conf/default/disable_ipv6", 1)
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if real, ok := strings.CutPrefix(line, "+ "); ok {
			ns.Run(t, append([]string{"ip"}, testns.Words(real)...)...).Must(t)
		} else if line == "wait" { // for carrier to settle
			carrier(t, ns)
		} else if line != "" && line[0] != '#' {
			results = append(results, run(ns, testns.Words(line)))
		}
	}
	for _, line := range bridgeEnd {
		end += ns.Run(t, strings.Fields(line)...).Must(t)
	}
	return results, momentary(end)
}

// ourBridge runs the applet in the process.
func ourBridge(t testing.TB, ns *testns.NS, hints bool, args ...string) testns.Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := &applet.Cmd{Name: "bridge", Args: args, Stdin: strings.NewReader(""), Stdout: bufio.NewWriter(&stdout), Stderr: &stderr,
		Getenv: func(string) string { return "" }, Dial: dialIn(ns), IsApplet: func(string) bool { return false }, Hints: hints}
	code := RunBridge(c)
	if err := c.Stdout.Flush(); err != nil {
		t.Fatal(err)
	}
	return testns.Result{Args: append([]string{"bridge"}, args...), Stdout: stdout.String(), Stderr: stderr.String(), Code: code}
}

// TestBridgeDifferential plays testdata/bridge with the real bridge and with
// ours: the same output, errors, exit status and databases at the end.
func TestBridgeDifferential(t *testing.T) {
	testns.Tool(t, "bridge")
	text, err := os.ReadFile("testdata/bridge")
	if err != nil {
		t.Fatal(err)
	}
	want, wantEnd := playBridge(t, string(text), func(ns *testns.NS, args []string) testns.Result {
		return ns.Run(t, append([]string{"bridge"}, args...)...)
	})
	got, gotEnd := playBridge(t, string(text), func(ns *testns.NS, args []string) testns.Result {
		return ourBridge(t, ns, false, args...)
	})
	for i, w := range want {
		g := got[i]
		line := strings.Join(w.Args, " ")
		if g.Code != w.Code {
			t.Errorf("%s: exit status %d, want %d", line, g.Code, w.Code)
		}
		if strings.Contains(w.Stderr, "Usage:") {
			if g.Stdout != "" || !strings.Contains(g.Stderr, "Usage:") {
				t.Errorf("%s: no usage in %q", line, g.Stderr)
			}
			continue
		}
		// The order is that of a hash of the addresses, which each namespace has another of.
		if g, w := sorted(momentary(g.Stdout)), sorted(momentary(w.Stdout)); g != w {
			t.Errorf("%s: stdout\ngot  %q\nwant %q", line, g, w)
		}
		if g.Stderr != w.Stderr {
			t.Errorf("%s: stderr\ngot  %q\nwant %q", line, g.Stderr, w.Stderr)
		}
	}
	if g, w := sorted(gotEnd), sorted(wantEnd); g != w {
		t.Errorf("the state at the end (-real +ours)\n%s", testns.Diff(w, g))
	}
	if len(want) < 60 {
		t.Errorf("%d commands were compared, want at least 60", len(want))
	}
}

// TestShowVLANs renders attributes as a kernel with VLAN filtering sends them.
func TestShowVLANs(t *testing.T) {
	attr := func(flags, vid uint16) (b []byte) {
		for _, n := range []uint16{8, 2, flags, vid} {
			b = binary.NativeEndian.AppendUint16(b, n)
		}
		return b
	}
	l := &rtnl.Link{Name: "va", PortMode: &rtnl.PortMode{VLANs: slices.Concat(attr(6, 1), attr(8, 10), attr(16, 20), attr(0, 30))}}
	for vid, want := range map[uint64]string{
		0:  "va                1 PVID Egress Untagged\n                  10-20\n                  30\n",
		15: "va                10-20\n",
		9:  "",
	} {
		var out strings.Builder
		v := &view{printer: &printer{out: bufio.NewWriter(&out)}}
		v.showVLANs(l, vid)
		v.out.Flush()
		if out.String() != want {
			t.Errorf("vid %d: got %q, want %q", vid, out.String(), want)
		}
	}
}

// TestBridgeMonitor has the real bridge and ours watch the same events.
func TestBridgeMonitor(t *testing.T) {
	real := testns.Tool(t, "bridge")
	ns := testns.New(t)
	ns.Up(t, "lo")
	ns.Sysctl(t, "net/ipv6/conf/all/disable_ipv6", 1)
	ns.Sysctl(t, "net/ipv6/conf/default/disable_ipv6", 1)
	var all []*watcher
	lines := []string{"monitor", "monitor all", "monitor link", "-d mon li", "monitor fdb", "-t monitor fdb", "-s -o monitor", "-j monitor", "-c monitor link fdb"}
	for _, line := range lines {
		args := strings.Fields(line)
		all = append(all, watch(t, ns, append([]string{real}, args...)...), watch(t, ns, append([]string{"/proc/self/exe", "bridge"}, args...)...))
	}
	listening(t, all[0], len(all))
	for line := range strings.Lines(`link add br0 address 02:00:00:00:0b:00 type bridge
		link add va address 02:00:00:00:00:a0 type veth peer name vb address 02:00:00:00:00:b0
		link set va master br0
		link set va up
		link set vb up
		link set br0 up
		link set va type bridge_slave cost 9
		addr add 10.0.0.1/24 dev br0
		route add 10.5.0.0/16 via 10.0.0.9
		neigh add 10.0.0.3 lladdr 02:00:00:00:00:03 dev br0
		link set va nomaster
		link set va master br0
		link del va
		link del br0`) {
		ns.Run(t, append([]string{"ip"}, testns.Words(strings.TrimSpace(line))...)...).Must(t)
		if strings.Contains(line, "cost") {
			ns.Run(t, "bridge", "fdb", "add", "02:00:00:00:00:01", "dev", "va", "master", "static").Must(t)
			ns.Run(t, "bridge", "fdb", "del", "02:00:00:00:00:01", "dev", "va", "master").Must(t)
		}
	}
	quiet(t, all...)
	for i, line := range lines {
		want, got := maskedEvents(momentary(all[2*i].text(t))), maskedEvents(momentary(all[2*i+1].text(t)))
		// The real one goes on with the flags, and the name, that a link had first.
		want, got = strings.ReplaceAll(want, ",M-DOWN", ""), strings.ReplaceAll(got, ",M-DOWN", "")
		if n := strings.Count(want, "\n"); n < 3 {
			t.Errorf("%s: only %d lines", line, n)
		}
		if got != want {
			t.Errorf("%s: (-want +got)\n%s", line, testns.Diff(want, got))
		}
	}
}

// TestVLANMessages compares with what the real bridge sends, which a kernel whose
// bridges know no VLANs refuses. The type comes first; the device is number 4. Only
// the flag of nests is other.
func TestVLANMessages(t *testing.T) {
	for line, want := range map[string]string{
		"add vid 5 dev va pvid":                     "1300 07000000040000000000000000000000 0c001a80 0800020002000500",
		"add vid 5-9 dev va untagged master":        "1300 07000000040000000000000000000000 1c001a80 0600000001000000 080002000c000500 0800020014000900",
		"del vid 5 dev va self":                     "1100 07000000040000000000000000000000 14001a80 0600000002000000 0800020000000500",
		"set vid 5 dev va":                          "7000 0700000004000000 0c000180 0800010040000500",
		"set vid 5-7 dev va state 3 mcast_router 2": "7000 0700000004000000 24000180 0800010040000500 0600020007000000 0500030003000000 0500060002000000",
	} {
		var got string
		kernel := func(datagram []byte, reply func([]byte)) {
			h, body, _, _ := nl.Next(datagram)
			if h.Type != unix.RTM_GETLINK {
				got = fmt.Sprintf("%x%x", binary.LittleEndian.AppendUint16(nil, h.Type), body)
				reply(nl.ReplyAck(h))
				return
			}
			b, err := nl.Reply(h, unix.RTM_NEWLINK, 0, &rtnl.Link{Index: 4, Name: "va"})
			if err != nil {
				t.Error(err)
			}
			reply(b)
		}
		var stderr bytes.Buffer
		c := &applet.Cmd{Name: "bridge", Args: append([]string{"vlan"}, strings.Fields(line)...), Stdout: bufio.NewWriter(&stderr), Stderr: &stderr,
			Getenv: func(string) string { return "" },
			Dial:   func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Pretend(p, kernel), nil }}
		if code := RunBridge(c); code != 0 || stderr.Len() > 0 {
			t.Errorf("%s: exit status %d, %q", line, code, stderr.String())
		}
		if want = strings.ReplaceAll(want, " ", ""); got != want && nativeLittle() {
			t.Errorf("%s:\ngot  %s\nwant %s", line, got, want)
		}
	}
}
