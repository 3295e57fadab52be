//go:build linux

package tutorial

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minins/minins/internal/oracle"
	"github.com/minins/minins/internal/testns"
)

// A capture is one command, and what the real tools did.
type capture struct {
	Cmd    string
	RC     int
	Stdout string
	Stderr string
	Note   string
}

// captures is what iproute2 6.1.0, iptables-nft 1.8.9, net-tools 2.10 and
// iputils 20221126 did on Linux 6.18, one command after the other in a fresh
// network namespace, with the set-up in between.
//
//go:embed testdata/cli-tutorial.json
var captures []byte

// setUp is what was done after a command of the captures, without being one of
// them: fixed hardware addresses, and the outside world before it is needed.
var setUp = map[string][]string{
	"ip link add veth-red type veth peer name veth-blue": {
		"ip link set veth-red address 02:00:00:00:00:01",
		"ip link set veth-blue address 02:00:00:00:00:02",
	},
	"ip link add v-net-0 type bridge": {
		"ip link set v-net-0 address 02:00:00:00:00:aa",
	},
	"ip link add veth-red type veth peer name veth-red-br": {
		"ip link set veth-red address 02:00:00:00:01:01",
		"ip link set veth-red-br address 02:00:00:00:02:01",
	},
	"ip link add veth-blue type veth peer name veth-blue-br": {
		"ip link set veth-blue address 02:00:00:00:01:02",
		"ip link set veth-blue-br address 02:00:00:00:02:02",
	},
	"ip netns exec blue ping -c1 192.168.1.1": wan,
}

// better are the captures where minins does, on purpose, not what the tools
// do: the text of the captures that differs, and what it is.
var better = map[string]struct{ captured, ours, reason string }{
	"ip link show veth-blue-br": {"noop state DOWN", "noop master v-net-0 state DOWN",
		"a link keeps its master when the kernel refuses the new one; ip's request detaches it"},
}

// broken is the tutorial's line that no iptables takes. minins says what the
// tools say of it, and then explains, whoever reads it.
const broken = "iptables -t nat -A PREROUTING –dport 80 –to-destination 192.168.15.2:80 -j DNAT"

var explanation = regexp.MustCompile(`(?m)^minins: .*\n`)

// inPipe are the captures of what a shell did, and the command of ours that
// they are about. What the pipe drops, the mask drops.
var inPipe = map[string]string{
	`iptables-save -t nat | grep -v "^#"`: "iptables-save -t nat",
}

// changes are the commands that change something if they succeed. All others
// may be repeated.
var changes = regexp.MustCompile(`( add | set | del |^iptables .*-[ADF] |^iptables .*-F$|\bping )`)

func (c capture) changes() bool { return c.RC == 0 && changes.MatchString(c.Cmd) }

// table is all captures that are covered.
func table(t *testing.T) []capture {
	t.Helper()
	var all []capture
	if err := json.Unmarshal(captures, &all); err != nil {
		t.Fatal(err)
	}
	for i, c := range all {
		if cmd, ok := inPipe[c.Cmd]; ok {
			all[i].Cmd = cmd
		}
	}
	return all
}

// afterwards does the set-up that follows a command.
func (c capture) afterwards(t *testing.T, s *Stage, real bool) {
	t.Helper()
	if c.RC != 0 && c.Cmd != "ip netns exec blue ping -c1 192.168.1.1" {
		return // a mistake, repeated
	}
	for _, line := range setUp[c.Cmd] {
		r := run(t, s, line, real)
		if r.Code != 0 || r.Stdout != "" || r.Stderr != "" {
			t.Fatalf("%s: %+v", line, r)
		}
		if line == "ip netns add wan" {
			if err := s.Forward("1"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func run(t *testing.T, s *Stage, line string, real bool) Result {
	t.Helper()
	r, err := s.Run(Command{Args: strings.Fields(line), Until: Endless, Real: real})
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return r
}

// show is a result in one piece, masked.
func show(cmd string, code int, stdout, stderr string) string {
	if cmd == broken {
		stderr = explanation.ReplaceAllString(stderr, "")
	}
	return fmt.Sprintf("exit status %d\n%s\nstandard error:\n%s", code, oracle.Mask(cmd, stdout), stderr)
}

func (r Result) show(cmd string) string { return show(cmd, r.Code, r.Stdout, r.Stderr) }

// A bridge without ports loses its carrier some time after it is up.
var noCarrier = regexp.MustCompile(`<NO-CARRIER,([^>]*)>(.*) state DOWN`)

func settled(text string) string { return noCarrier.ReplaceAllString(text, "<$1>$2 state UP") }

// sameSoon runs a command until it prints what is wanted. The kernel takes a
// moment from an address to its tentative link-local one, and from a carrier
// to "state UP"; a command that changes something is run only once.
func sameSoon(t *testing.T, c capture, got func() Result, want func() string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		g, w := settled(got().show(c.Cmd)), settled(want())
		if g == w {
			return
		}
		if c.changes() || time.Now().After(end) {
			t.Errorf("$ %s\n--- want\n%s\n+++ got\n%s", c.Cmd, w, g)
			return
		}
	}
}

// TestCaptures runs what the real tools were captured doing, in the same order,
// and compares exit status, output and errors byte for byte.
func TestCaptures(t *testing.T) {
	t.Parallel()
	s := newStage(t, Config{Minins: build(t)})
	compared := 0
	for _, c := range table(t) {
		want := show(c.Cmd, oracle.ExitStatus(c.Cmd, c.RC, c.Stdout), c.Stdout, c.Stderr)
		if b, ok := better[c.Cmd]; ok {
			t.Logf("%s: %s", c.Cmd, b.reason)
			want = strings.Replace(want, b.captured, b.ours, 1)
		}
		sameSoon(t, c, func() Result { return run(t, s, c.Cmd, false) }, func() string { return want })
		c.afterwards(t, s, false)
		compared++
	}
	t.Logf("%d commands compared", compared)
}

// TestCapturesByRealTools does the same with the installed tools, and so
// proves the set-up, the masks and the captures.
func TestCapturesByRealTools(t *testing.T) {
	t.Parallel()
	needRealTools(t)
	s := newStage(t, Config{Real: true})
	for _, c := range table(t) {
		want := show(c.Cmd, c.RC, c.Stdout, c.Stderr)
		sameSoon(t, c, func() Result { return run(t, s, c.Cmd, true) }, func() string { return want })
		c.afterwards(t, s, true)
	}
}

// further are commands that the captures do not have, to be run by both sides
// after one that they have.
var further = map[string][]string{
	"iptables -nvL -t nat": {
		"iptables -t nat -C POSTROUTING -s 192.168.15.0/24 -j MASQUERADE",
		"iptables -t nat -C PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80",
		"iptables -t nat -C PREROUTING -p tcp --dport 81 -j DNAT --to-destination 192.168.15.2:80",
		"iptables -t nat -S POSTROUTING 1",
		"iptables -t nat -L PREROUTING -n -v -x --line-numbers",
		"ip -j link",
		"ip -j route",
		"ip neigh show dev v-net-0",
		"arp -a",
	},
}

// TestSideBySide runs the commands on one stage that has both: what changes
// something is done by one side, all else by both in turn, and both must say
// the same of what they see, whoever made it.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	needRealTools(t)
	testns.Tool(t, "nft")
	minins := build(t)
	rulesets := map[bool]string{}
	for _, realWrites := range []bool{true, false} {
		name := map[bool]string{true: "real tools write", false: "minins writes"}[realWrites]
		t.Run(name, func(t *testing.T) {
			s := newStage(t, Config{Minins: minins, Real: true})
			for _, c := range table(t) {
				sideBySide(t, s, c, realWrites)
				c.afterwards(t, s, realWrites)
				for _, cmd := range further[c.Cmd] {
					sideBySide(t, s, capture{Cmd: cmd}, realWrites)
					rulesets[realWrites] = run(t, s, "nft -s list ruleset", true).show("nft")
				}
			}
		})
	}
	if rulesets[true] != rulesets[false] {
		t.Errorf("nft list ruleset\n--- written by iptables\n%s\n+++ written by minins\n%s", rulesets[true], rulesets[false])
	}
}

func sideBySide(t *testing.T, s *Stage, c capture, realWrites bool) {
	t.Helper()
	if c.changes() && !strings.Contains(c.Cmd, "ping ") {
		r := run(t, s, c.Cmd, realWrites)
		if got, want := r.show(c.Cmd), show(c.Cmd, 0, "", ""); got != want {
			t.Errorf("$ %s\n--- want\n%s\n+++ got\n%s", c.Cmd, want, got)
		}
		return
	}
	sameSoon(t, c, func() Result { return run(t, s, c.Cmd, false) }, func() string {
		r := run(t, s, c.Cmd, true)
		r.Code = oracle.ExitStatus(c.Cmd, r.Code, r.Stdout)
		return r.show(c.Cmd)
	})
}

// built is minins as it is delivered: the linker takes seconds, so it is built once.
var built = sync.OnceValues(func() (binary []byte, err error) {
	dir, err := os.MkdirTemp("", "minins-tutorial")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := testns.Build(dir+"/minins", "../../cmd/minins"); err != nil {
		return nil, err
	}
	return os.ReadFile(dir + "/minins")
})

// build writes it to a file that goes with the test.
func build(t *testing.T) string {
	t.Helper()
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "minins")
	if err := os.WriteFile(file, binary, 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}
