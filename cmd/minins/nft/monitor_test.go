//go:build linux

package nft

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
	"github.com/minins/minins/nl"
)

// changes are transactions, one in a line.
const changes = `add table ip t { comment "hey"; flags dormant; }; add chain ip t c { type filter hook input priority 0; policy drop; comment "x"; }; add chain ip t d
add set ip t s { type ipv4_addr; flags timeout; timeout 1h; comment "c"; size 100; }; add set ip t i { type ipv4_addr; flags interval; auto-merge; }
add map ip t m { typeof ip saddr : meta mark; }; add map ip t v { type inet_service : verdict; }; add set ip t ii { type ifname; flags interval; }
add counter ip t cnt { comment "c" ; packets 5 bytes 6; }; add quota ip t q { over 5 mbytes; }; add limit ip t l { rate 5/second; }
add element ip t s { 1.1.1.1, 2.2.2.2 timeout 5m comment "q" }; add element ip t i { 10.0.0.0/8, 11.0.0.1-11.0.0.5 }; add element ip t m { 1.1.1.1 : 5 }
add element ip t v { 22 : accept, 23 : jump d }; add element ip t ii { "eth*", "lo" }; add element ip t i { 255.0.0.0/8 }
add rule ip t c tcp dport { 22, 80 } counter accept comment "r"; insert rule ip t c ip saddr @s drop; add rule ip t c tcp dport vmap @v
add rule ip t d ip saddr . tcp dport { 1.1.1.1 . 5 } accept; add rule ip t d update @s { ip saddr }
create table ip w; create chain ip w c; add rule ip w c accept
chain ip t c { policy accept; }
rename chain ip t d e
table inet u { chain c { type nat hook postrouting priority srcnat + 5; masquerade; }; }
delete element ip t s { 1.1.1.1 }; delete element ip t i { 10.0.0.0/8 }
flush set ip t s
flush chain ip t c
delete quota ip t q; delete map ip t m; delete set ip t i
add table ip t
delete table inet u
flush ruleset
`

// heard runs a real monitor and, as one goroutine, ours, while act does something, and
// returns what each printed.
func heard(t *testing.T, ns *testns.NS, words, options []string, act func()) (theirs, mine string) {
	t.Helper()
	const settles = 300 * time.Millisecond
	cmds, err := lang.Parse("", "monitor "+strings.Join(words, " "), &names{})
	if err != nil {
		t.Fatal(err)
	}
	o, _, err := parseOptions(options)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := nft.Dial(nl.Config{NetNS: ns.FD()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	rs, err := read(t.Context(), conn, nft.Unspec, "", false)
	if err != nil {
		t.Fatal(err)
	}
	o.list.Device = func(index uint32) string { return map[uint32]string{1: "lo"}[index] }
	m := lang.NewMonitor(rs, o.list)
	listening, err := nft.Dial(nl.Config{NetNS: ns.FD()})
	if err != nil {
		t.Fatal(err)
	}
	events, err := listening.Events(cmds[0].Obj == "trace")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	dir := t.TempDir()
	done, over := make(chan string, 1), filepath.Join(dir, "over")
	go func() {
		line := strings.Join(slices.Concat([]string{"nft"}, options, []string{"monitor"}, words), " ")
		line += " & while test -d " + dir + " && ! test -e " + over + "; do sleep 0.05; done; sleep 0.3; kill $!"
		done <- testns.Cmd{NS: ns, Args: []string{"sh", "-c", line}}.Run(t).Stdout
	}()
	testns.Eventually(t, "both listen", func() bool { return len(listeners(t, ns)) == 2 })
	act()
	for err == nil {
		ctx, cancel := context.WithTimeout(t.Context(), settles)
		err = events.Receive(ctx, func(e *nft.Event) error {
			mine += shown(m, e, cmds[0])
			return nil
		})
		cancel()
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	testns.Eventually(t, "both have read all", func() bool { return slices.Equal(listeners(t, ns), []string{"0", "0"}) })
	if err := os.WriteFile(over, nil, 0o600); err != nil {
		t.Error(err)
	}
	return <-done, mine
}

// listeners are the bytes that wait at each socket of the namespace that has joined a group
// of nf_tables.
func listeners(t *testing.T, ns *testns.NS) []string {
	t.Helper()
	var sockets []byte
	var err error
	ns.Do(t, func() { sockets, err = os.ReadFile("/proc/thread-self/net/netlink") })
	if err != nil {
		t.Fatal(err)
	}
	return testns.Listeners(sockets, unix.NETLINK_NETFILTER)
}

// TestMonitor has a real monitor and ours hear the same changes.
func TestMonitor(t *testing.T) {
	testns.Tool(t, "nft")
	generation := regexp.MustCompile(`(?m)^# new generation \d+ by process \d+ \(nft\)\n`)
	for _, args := range [][]string{{}, {"-a"}, {"-s"}, {"new"}, {"destroy"}, {"new", "rules"}, {"tables"}, {"chains"}, {"sets"}, {"elements"}, {"ruleset"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			ns := testns.New(t)
			options, words := []string(nil), args
			if len(args) > 0 && args[0][0] == '-' {
				options, words = args, nil
			}
			theirs, mine := heard(t, ns, words, options, func() {
				for line := range strings.Lines(changes) {
					real(t, ns, line, "-f", "-").Must(t)
				}
			})
			if n := len(generation.FindAllString(mine, -1)); len(words) == 0 && n != strings.Count(changes, "\n") {
				t.Errorf("%d generations", n)
			}
			// After a batch with a chain that it cannot name nft leaves one out.
			want, got := generation.ReplaceAllString(theirs, ""), generation.ReplaceAllString(mine, "")
			expires := regexp.MustCompile(`expires \S+`)
			want, got = expires.ReplaceAllString(want, "expires T"), expires.ReplaceAllString(got, "expires T")
			if got != want || strings.Count(want, "\n") < 3 {
				t.Errorf("(-real +ours)\n%s", testns.Diff(want, got))
			}
		})
	}
}

// TestTrace has both show what packets meet.
func TestTrace(t *testing.T) {
	testns.Tool(t, "nft")
	ns := testns.New(t)
	testns.Cmd{NS: ns, Args: []string{"ip", "link", "set", "lo", "up"}}.Run(t).Must(t)
	real(t, ns, `table inet t {
	set s { type ipv4_addr; flags timeout; }
	chain d {
		ip saddr 127.0.0.1 return
	}
	chain c {
		type filter hook output priority 0; policy accept;
		meta nftrace set 1
		ip protocol icmp counter
		tcp dport { 22, 80 } drop
		udp dport 53 jump d
		add @s { ip saddr timeout 5s }
		continue
	}
	chain e {
		type filter hook input priority 0; policy drop;
		ip protocol icmp meta mark set 5 accept
		jump d
	}
}
`, "-f", "-").Must(t)
	theirs, mine := heard(t, ns, []string{"trace"}, nil, func() {
		for _, address := range []string{"127.0.0.1", "::1"} {
			testns.Cmd{NS: ns, Args: []string{"ping", "-c", "1", "-W", "0.1", address}}.Run(t)
		}
	})
	if theirs != mine || strings.Count(theirs, "\n") < 10 {
		t.Errorf("(-real +ours)\n%s", testns.Diff(theirs, mine))
	}
}

// TestEcho compares what -e prints.
func TestEcho(t *testing.T) {
	testns.Tool(t, "nft")
	a, b := testns.New(t), testns.New(t)
	process := regexp.MustCompile(`by process \d+ \(\S+\)`)
	for _, args := range [][]string{
		{"-e", "add table ip t; add chain ip t c { type filter hook input priority 0; }"}, {"-ea", "add rule ip t c tcp dport 22 accept"},
		{"-e", "insert rule ip t c tcp dport { 22, 80 } counter accept"}, {"-ea", "insert rule ip t c ip saddr . tcp dport { 1.1.1.1 . 5 } accept"},
		{"-ea", "replace rule ip t c handle 2 accept"}, {"-ea", "add rule ip t c position 2 drop"},
		{"-ae", "add set ip t s { type ipv4_addr; }; add counter ip t n; create table ip x"}, {"-e", "add element ip t s { 1.1.1.1 }"},
		{"-ce", "add table z"}, {"-e", "list tables"}, {"-e", "add rule ip t nosuch accept"}, {"-e", "flush ruleset"},
	} {
		want, got := real(t, a, "", args...), ours(b, "", args...)
		text := process.ReplaceAllString(got.Stdout, "by process P")
		if text != process.ReplaceAllString(want.Stdout, "by process P") || got.Code != want.Code {
			t.Errorf("nft %q: status %d (-real +ours)\n%s", args, got.Code, testns.Diff(want.Stdout, got.Stdout))
		}
	}
}
