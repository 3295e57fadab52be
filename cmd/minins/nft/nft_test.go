//go:build linux

package nft

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
	"github.com/minins/minins/nl"
)

func TestMain(m *testing.M) { testns.Main(m) }

// ours runs our applet in a namespace, with a text on standard input.
func ours(ns *testns.NS, stdin string, args ...string) testns.Result {
	var stdout, stderr bytes.Buffer
	c := &applet.Cmd{
		Name: "nft", Args: args, Stdin: strings.NewReader(stdin), Stdout: bufio.NewWriter(&stdout), Stderr: &stderr,
		Getenv: func(string) string { return "" },
		Dial:   func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Dial(p, nl.Config{NetNS: ns.FD()}) },
	}
	code := Run(c)
	c.Stdout.Flush()
	return testns.Result{Args: args, Stdout: stdout.String(), Stderr: stderr.String(), Code: code}
}

// real runs nft, with a text on standard input.
func real(t *testing.T, ns *testns.NS, stdin string, args ...string) testns.Result {
	return testns.Cmd{NS: ns, Args: append([]string{"nft"}, args...), Stdin: stdin}.Run(t)
}

// A corpus is tables, of which each rule is a line of its own with two tabs before it.
type corpus struct {
	lines []string
	rules []int // lines
}

func readCorpus(t *testing.T, name string) (c corpus) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	c.lines = strings.Split(string(text), "\n")
	for i, line := range c.lines {
		if strings.HasPrefix(line, "\t\t") {
			c.rules = append(c.rules, i)
		}
	}
	return c
}

// with is the tables with one of the rules.
func (c corpus) with(rule int) string {
	var b strings.Builder
	b.WriteString("flush ruleset\n")
	for i, line := range c.lines {
		if i == rule || !slices.Contains(c.rules, i) {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// masks are what differs from run to run.
var masks = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`expires \S+`), "expires T"}, {regexp.MustCompile(`(__\w+?)\d+`), "${1}N"},
	{regexp.MustCompile(`handle \d+`), "handle H"}, {regexp.MustCompile(`(?m)^(\S+ \S+ \S+) \d+((?: \d+)*)$`), "$1 H"},
}

func masked(s string) string {
	for _, m := range masks {
		s = m.re.ReplaceAllString(s, m.to)
	}
	// The elements of a set without intervals are in no order.
	parts := strings.Split(s, "\n")
	for i := 0; i < len(parts); i++ {
		j := i
		for j < len(parts) && strings.HasPrefix(parts[j], "\telement ") {
			j++
		}
		slices.Sort(parts[i:j])
		i = max(i, j-1)
	}
	return strings.Join(parts, "\n")
}

var corpora = []string{"ip.nft", "inet.nft", "families.nft", "more.nft", "sets.nft", "firewalls.nft", "containers.nft", "wiki.nft"}

// TestRules has the real nft and ours load each rule: what the kernel then has, by the
// real nft's own account of the messages, is the same.
func TestRules(t *testing.T) {
	testns.Tool(t, "nft")
	total := 0
	for _, name := range corpora {
		c := readCorpus(t, name)
		total += len(c.rules)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theirs, mine := testns.New(t), testns.New(t)
			for i, rule := range c.rules {
				if !testns.Some(i, 3, 12) {
					continue
				}
				text, line := c.with(rule), strings.TrimSpace(c.lines[rule])
				real(t, theirs, text, "-f", "-").Must(t)
				if r := ours(mine, text, "-f", "-"); r.Code != 0 || r.Stdout+r.Stderr != "" {
					t.Errorf("%s: status %d\n%s%s", line, r.Code, r.Stdout, r.Stderr)
					continue
				}
				list := []string{"--debug=netlink", "-a", "list", "ruleset"} // expressions, then text
				want, got := masked(real(t, theirs, "", list...).Must(t)), masked(real(t, mine, "", list...).Must(t))
				if got != want {
					t.Errorf("%s (-real +ours)\n%s", line, testns.Diff(want, got))
				}
				if want, got := setsOf(t, theirs), setsOf(t, mine); want != got {
					t.Errorf("%s: sets (-real +ours)\n%s", line, testns.Diff(want, got))
				}
			}
		})
	}
	if total < 900 {
		t.Errorf("only %d rules", total)
	}
}

// setsOf is the sets of a namespace with all that the kernel says of them, by messages.
func setsOf(t *testing.T, ns *testns.NS) string {
	t.Helper()
	conn, err := nft.Dial(nl.Config{NetNS: ns.FD()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sets, err := conn.Sets(t.Context(), nft.Unspec, "")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var c nl.Coder
	for i := range sets {
		s := &sets[i]
		s.Handle, s.ResID, s.Name = 0, 0, masked(s.Name)
		body, err := c.Append(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(s.Table + " " + s.Name + " " + hex.EncodeToString(body) + "\n")
	}
	return b.String()
}

// TestLists has the real nft load a text: both list it in the same words, the real one
// can load what ours lists, and ours what either lists.
func TestLists(t *testing.T) {
	testns.Tool(t, "nft")
	for _, name := range corpora {
		t.Run(name, func(t *testing.T) {
			ns, again := testns.New(t), testns.New(t)
			text := strings.Join(readCorpus(t, name).lines, "\n")
			real(t, ns, text, "-f", "-").Must(t)
			for _, args := range [][]string{{"list", "ruleset"}, {"-a", "list", "ruleset"}, {"-s", "list", "ruleset"}, {"-y", "list", "ruleset"},
				{"-t", "list", "ruleset"}, {"list", "tables"}, {"list", "chains"}, {"list", "sets"}, {"list", "maps"}, {"list", "counters"}, {"list", "quotas"}} {
				want, got := real(t, ns, "", args...), ours(ns, "", args...)
				if got.Code != 0 || masked(got.Stdout) != masked(want.Must(t)) || got.Stderr != want.Stderr {
					t.Errorf("%v: status %d, %s (-real +ours)\n%s", args, got.Code, got.Stderr, testns.Diff(masked(want.Stdout), masked(got.Stdout)))
				}
			}
			listed, theirs := ours(ns, "", "list", "ruleset").Stdout, real(t, ns, "", "list", "ruleset").Must(t)
			real(t, again, listed, "-f", "-").Must(t)
			want := masked(real(t, again, "", "list", "ruleset").Must(t))
			for _, text := range []string{listed, theirs} {
				if r := ours(again, "flush ruleset\n"+text, "-f", "-"); r.Code != 0 {
					t.Fatalf("what is listed cannot be loaded: %s", r.Stderr)
				}
				if got := masked(real(t, again, "", "list", "ruleset").Must(t)); got != want {
					t.Errorf("loaded again it is another (-real +ours)\n%s", testns.Diff(want, got))
				}
			}
			// And so is a text that ours loads as a whole.
			if r := ours(again, "flush ruleset\n"+text, "-f", "-"); r.Code != 0 {
				t.Fatalf("%s", r.Stderr)
			}
			if want, got := setsOf(t, ns), setsOf(t, again); want != got {
				t.Errorf("sets (-real +ours)\n%s", testns.Diff(want, got))
			}
		})
	}
}

// TestJSON has the real nft load a text: what lang.ListJSON and nft -j make of it is the same.
func TestJSON(t *testing.T) {
	testns.Tool(t, "nft")
	for _, name := range corpora {
		t.Run(name, func(t *testing.T) {
			ns := testns.New(t)
			real(t, ns, strings.Join(readCorpus(t, name).lines, "\n"), "-f", "-").Must(t)
			conn, err := nft.Dial(nl.Config{NetNS: ns.FD()})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			rs, err := read(t.Context(), conn, nft.Unspec, "", true)
			if err != nil {
				t.Fatal(err)
			}
			objects := func(text string, masks *strings.Replacer) []string {
				var list map[string][]map[string]map[string]any // no struct: its fields have no names as linked for a release
				if err := json.Unmarshal([]byte(text), &list); err != nil {
					t.Fatalf("%v\n%.500s", err, text)
				}
				var all []string
				for _, o := range list["nftables"][1:] {
					for kind, members := range o {
						if kind == "table" || kind == "chain" {
							delete(members, "comment") // which 1.0.6 leaves out
							delete(members, "dev")
						}
						delete(members, "auto-merge")
						if kind == "map" { // a concatenation is one string in 1.0.6
							if to, ok := members["map"].([]any); ok {
								members["map"] = strings.Trim(strings.ReplaceAll(fmt.Sprint(to), " ", " . "), "[]")
							}
						}
						if flags, ok := members["flags"].([]any); ok && kind != "flowtable" {
							if i := slices.Index(flags, any("dynamic")); i >= 0 { // left out too
								flags = slices.Delete(flags, i, i+1)
							}
							if members["flags"] = flags; len(flags) == 0 {
								delete(members, "flags")
							}
						}
					}
					one, err := json.Marshal(o)
					if err != nil {
						t.Fatal(err)
					}
					one = regexp.MustCompile(`"(jump|goto) \{\\n.*?\}"`).ReplaceAll(one, []byte("null"))
					line := regexp.MustCompile(`"expires":\d+`).ReplaceAllString(string(one), `"expires":T`)
					all = append(all, masks.Replace(line))
				}
				return all
			}
			device := func(index uint32) string { return map[uint32]string{1: "lo"}[index] }
			// 1.0.6 cuts a word off, and has the text of a chain within a rule in place of an object.
			want := objects(real(t, ns, "", "-j", "list", "ruleset").Must(t), strings.NewReplacer(`"flags":"dorm"`, `"flags":"dormant"`))
			got := objects(lang.ListJSON(rs, lang.Options{Device: device}, lang.All, "", "{}"), strings.NewReplacer())
			if len(want) < 10 || len(got) != len(want) {
				t.Fatalf("%d objects, the real nft has %d", len(got), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("the real nft\n%s\nours\n%s", want[i], got[i])
				}
			}
		})
	}
}

// TestListsJSON compares what -j prints, but for the order of members.
func TestListsJSON(t *testing.T) {
	testns.Tool(t, "nft")
	ns := testns.New(t)
	real(t, ns, "add table ip t; add chain ip t c { type filter hook input priority 0; policy drop; }; add counter ip t n { packets 5 bytes 6; }; "+
		"add table inet u; add set ip t s { type ipv4_addr; elements = { 1.1.1.1 }; }; add rule ip t c tcp dport { 22, 80 } counter accept comment \"x\"", "-f", "-").Must(t)
	parsed := func(text string) (list map[string][]map[string]map[string]any) {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		return list
	}
	for line := range strings.Lines(`-j list tables
-j list ruleset
-j list ruleset inet
-j list chains
-j list counters
-j list quotas
-j list sets
-j list maps
-j list table ip t
--json list chain ip t c
-j -a list chain ip t c
-j -s list chain ip t c
-j -t list set ip t s
-j list set ip t s
-j list counter ip t n
-j list chain ip t nosuch
-j add table ip t
-j reset quotas
`) {
		args := strings.Fields(line)
		want, got := real(t, ns, "", args...), ours(ns, "", args...)
		if got.Code != want.Code || got.Stderr != want.Stderr || (got.Stdout == "") != (want.Stdout == "") {
			t.Errorf("%q: status %d, %s%s\nthe real nft: status %d, %s%s", args, got.Code, got.Stdout, got.Stderr, want.Code, want.Stdout, want.Stderr)
			continue
		}
		if got.Stdout != "" && !reflect.DeepEqual(parsed(got.Stdout), parsed(want.Stdout)) {
			t.Errorf("%q: the real nft\n%s\nours\n%s", args, want.Stdout, got.Stdout)
		}
	}
	for _, args := range [][]string{{"-je", "add table ip t"}, {"-j", "monitor"}, {"-j", "{}"}} {
		if r := ours(ns, "", args...); r.Code != 1 || !strings.Contains(r.Stderr, "does not have") || !strings.Contains(r.Stderr, "JSON") {
			t.Errorf("%q: status %d, %s", args, r.Code, r.Stderr)
		}
	}
}

// TestCommands runs command lines by both, one after the other: what they print, their
// exit status and what there is then are the same.
// optionsTable is a table in which the options of lists make a difference.
const optionsTable = `add table inet t
add set inet t s { type ct_state; elements = { new, established }; }
add map inet t p { type inet_service : verdict; flags interval; elements = { 22 : drop, 80-90 : accept }; }
add chain inet t c { type filter hook input priority filter + 5; policy drop; }
add rule inet t c ct state established,related counter accept
add rule inet t c ct state vmap { established : accept, invalid : drop }
add rule inet t c ct state @s
add rule inet t c ct status dnat,snat
add rule inet t c icmp type { echo-request, echo-reply }
add rule inet t c tcp flags & (syn|ack) == syn
add rule inet t c tcp flags { syn, ack }
add rule inet t c ip dscp set ef
add rule inet t c meta l4proto vmap { tcp : accept, udp : drop }
add rule inet t c tcp dport vmap @p
add rule inet t c tcp dport { 22, 80-90, 443 }
add rule inet t c udp sport 1000-2000
add rule inet t c ip saddr . tcp dport { 1.2.3.4 . 22 }
add rule inet t c meta skuid root
add rule inet t c meta day "Monday"
`

// TestListOptions lists in all ways, beside the real nft.
func TestListOptions(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	ns := testns.New(t)
	real(t, ns, optionsTable, "-f", "-").Must(t)
	for line := range strings.Lines("-n\n-nn\n-p\n-S\n-nS\n-y\n-a\n-s\n-t\n-ast\n-npyS\n--service --handle\n--numeric\n") {
		args := append(strings.Fields(line), "list", "ruleset")
		want, got := real(t, ns, "", args...), ours(ns, "", args...)
		if got.Code != want.Code || got.Stdout != want.Stdout || got.Stderr != want.Stderr {
			t.Errorf("%q: %s", args, testns.Diff(want.Stdout+want.Stderr, got.Stdout+got.Stderr))
		}
	}

	// Who looks after a table of iptables is said where its rules are shown.
	ns.Run(t, "iptables", "-A", "INPUT", "-m", "mac", "--mac-source", "02:00:00:00:00:01").Must(t)
	for line := range strings.Lines("list ruleset\nlist table ip filter\nlist chain ip filter INPUT\nlist chains\nlist sets\nlist counters\nlist tables\nlist maps\n") {
		args := strings.Fields(line)
		want, got := real(t, ns, "", args...).Stderr, ours(ns, "", args...).Stderr
		if got != want {
			t.Errorf("%q: %q, the real nft %q", args, got, want)
		}
	}
}

func TestCommands(t *testing.T) {
	testns.Tool(t, "nft")
	text, err := os.ReadFile("testdata/commands")
	if err != nil {
		t.Fatal(err)
	}
	theirs, mine := testns.New(t), testns.New(t)
	n := 0
	for line := range strings.Lines(string(text)) {
		args := words(line)
		n++
		want, got := real(t, theirs, "", args...), ours(mine, "", args...)
		if got.Code != want.Code {
			t.Errorf("nft %s: status %d, the real one's is %d", strings.TrimSpace(line), got.Code, want.Code)
		}
		if got.Stdout != want.Stdout || got.Stderr != want.Stderr {
			t.Errorf("nft %s: (-real +ours)\n%s", strings.TrimSpace(line), testns.Diff(want.Stdout+want.Stderr, got.Stdout+got.Stderr))
		}
		a, b := real(t, theirs, "", "-a", "list", "ruleset").Must(t), real(t, mine, "", "-a", "list", "ruleset").Must(t)
		if a != b {
			t.Fatalf("nft %s: there is then (-real +ours)\n%s", strings.TrimSpace(line), testns.Diff(a, b))
		}
	}
	if n < 100 {
		t.Errorf("only %d commands", n)
	}
}

// words splits a command line; single quotes keep blanks.
func words(line string) (list []string) {
	for i, part := range strings.Split(strings.TrimSpace(line), "'") {
		if i%2 == 1 {
			list = append(list, part)
		} else {
			list = append(list, strings.Fields(part)...)
		}
	}
	return list
}

// TestRefused checks that what is refused changes nothing, and that all that is wrong
// with a transaction is said.
func TestRefused(t *testing.T) {
	ns := testns.New(t)
	r := ours(ns, "add table ip t\nadd chain ip t c\nadd rule ip t nosuch accept\nadd rule ip t c accept\nadd rule ip u c accept\n", "-f", "-")
	if r.Code != 1 || strings.Count(r.Stderr, "Error: Could not process rule: No such file or directory") != 2 ||
		!strings.Contains(r.Stderr, "/dev/stdin:3:15-20: ") || !strings.Contains(r.Stderr, "/dev/stdin:5:13-13: ") {
		t.Errorf("status %d\n%s", r.Code, r.Stderr)
	}
	for _, text := range []string{"add table ip t; add rule ip t", "add table ip t; bogus", "add table ip t; add set ip t s { type ipv4_addr; elements = { 1.1.1.300 }; }"} {
		if r := ours(ns, "", text); r.Code != 1 || !strings.Contains(r.Stderr, "Error: ") {
			t.Errorf("%s: status %d, %s", text, r.Code, r.Stderr)
		}
	}
	if r := ours(ns, "", "-c", "add table ip t; add chain ip t c; add rule ip t c accept"); r.Code != 0 {
		t.Errorf("-c: %s", r.Stderr)
	}
	if r := ours(ns, "", "-c", "add rule ip t c accept"); r.Code != 1 {
		t.Errorf("-c: status %d", r.Code)
	}
	if r := ours(ns, "", "list", "ruleset"); r.Stdout != "" || r.Code != 0 {
		t.Errorf("there is now\n%s%s", r.Stdout, r.Stderr)
	}
	for _, o := range []string{"-i", "-o", "-N", "-u", "-T"} {
		if r := ours(ns, "", o, "list", "ruleset"); r.Code != 1 || !strings.HasPrefix(r.Stderr, "nft: minins does not have ") {
			t.Errorf("%s: status %d, %q", o, r.Code, r.Stderr)
		}
	}
}

// TestLargeSets has a thousand elements of some kinds, in no order: both list them in
// the same words, whoever loaded them.
func TestLargeSets(t *testing.T) {
	testns.Tool(t, "nft")
	const n = 1200 // more than one reading has, and no more than the real nft may send in one transaction
	rng := rand.New(rand.NewPCG(1, 2))
	theirs, mine := testns.New(t), testns.New(t)
	for _, set := range []struct {
		declaration string
		elem        func(i int) string
	}{
		{"set ranges { type ipv4_addr; flags interval", func(i int) string { return fmt.Sprintf("10.%d.%d.3-10.%d.%d.77", i/250, i%250, i/250, i%250) }},
		{"set prefixes { type ipv6_addr; flags interval", func(i int) string { return fmt.Sprintf("fd00:1:2:3:%x::/80", i) }},
		{"set ports { type inet_service", func(i int) string { return fmt.Sprint(i + 1) }},
		{"map verdicts { type ipv4_addr : verdict", func(i int) string { return fmt.Sprintf("10.0.%d.%d : drop", i/250, i%250) }},
		{"map targets { type inet_service : ipv4_addr . inet_service; flags interval", func(i int) string { return fmt.Sprintf("%d-%d : 10.1.%d.%d . 80", 10*i, 10*i+4, i/250, i%250) }},
	} {
		var b strings.Builder
		b.WriteString("add table ip t\nadd " + strings.Replace(set.declaration, " ", " ip t ", 1) + "; elements = { ")
		for k, i := range rng.Perm(n) {
			if k > 0 {
				b.WriteString(", ")
			}
			b.WriteString(set.elem(i))
		}
		b.WriteString(" }; }\n")
		real(t, theirs, b.String(), "-f", "-").Must(t)
		if r := ours(mine, b.String(), "-f", "-"); r.Code != 0 {
			t.Fatalf("status %d, %.500s", r.Code, r.Stderr)
		}
	}
	want := real(t, theirs, "", "list", "ruleset").Must(t)
	for _, got := range []string{ours(theirs, "", "list", "ruleset").Stdout, real(t, mine, "", "list", "ruleset").Must(t), ours(mine, "", "list", "ruleset").Stdout} {
		if got != want {
			t.Fatalf("(-want +got)\n%.2000s", testns.Diff(want, got))
		}
	}
}
