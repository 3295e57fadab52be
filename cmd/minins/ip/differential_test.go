//go:build linux

package ip

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// masks hide what differs from run to run: link-local addresses, which follow
// from random MACs, random MACs themselves, timers and lifetimes.
var masks = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`fe80::[0-9a-f:]+`), "LINKLOCAL"},
	{regexp.MustCompile(`ff02::1:ff[0-9a-f:]+`), "SOLICITED"},
	{regexp.MustCompile(`33:33:ff:[0-9a-f:]{8}`), "SOLICITED-MAC"},
	{regexp.MustCompile(`[0-9a-f]{4}\.[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}`), "BRIDGE-ID"},
	{regexp.MustCompile(`[0-9a-f]{2}(:[0-9a-f]{2}){5}\b`), "MAC"},
	{regexp.MustCompile(`_timer +[0-9.]+`), "_timer T"},
	{regexp.MustCompile(`_time [0-9.]+`), "_time T"},
	{regexp.MustCompile(`_time":[ ]?[0-9.]+,`), `_time":T,`},
	{regexp.MustCompile(`_timer":[ ]?[0-9.]+`), `_timer":T`},
	{regexp.MustCompile(`(valid_lft|preferred_lft|expires) [0-9]+sec`), "$1 N"},
	{regexp.MustCompile(`("(valid_life_time|preferred_life_time|expires)"): ?[0-9]{1,6}\b`), "$1:N"},
	{regexp.MustCompile(` users [0-9]+`), " users N"},
	{regexp.MustCompile(`used [0-9]+/[0-9]+/[0-9]+`), "used T"},
	{regexp.MustCompile(`"(used|confirmed|updated)": ?[0-9]+`), `"$1":T`},
	{regexp.MustCompile(`(?m)^(SOLICITED|ff02::16) .*\n`), ""}, // they come with time
	{regexp.MustCompile(` age [0-9]sec`), ""},
	{regexp.MustCompile(` tentative`), ""},
	{regexp.MustCompile(`"tentative": ?true,\s*`), ""},
	{regexp.MustCompile(`(?m)^ +[0-9]+ +[0-9]+( +[0-9]+)+ $`), "COUNTERS"},
	{regexp.MustCompile(`\\ +[0-9]+ +[0-9]+( +[0-9]+)+ `), `\COUNTERS`},
	{regexp.MustCompile(`"(bytes|packets|multicast|dropped)": ?[0-9]+`), `"$1":N`},
}

func masked(s string) string {
	for _, m := range masks {
		s = m.re.ReplaceAllString(s, m.to)
	}
	return s
}

// Carrier, and what follows from it, settles within a second.
var unsettled = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`"(NO-CARRIER|LOWER_UP|M-DOWN)",?|,"(LOWER_UP|M-DOWN|linkdown)"|"linkdown"`), ""},
	{regexp.MustCompile(`"operstate":"[A-Z]+"`), `"operstate":"S"`},
	{regexp.MustCompile(`,?\{"family":"inet6","local":"LINKLOCAL"[^}]*\}`), ""},
	{regexp.MustCompile(`\{[^{}]*"LINKLOCAL[^{}]*\},?`), ""},
	{regexp.MustCompile(`"(id|no)":"0x[0-9a-f]+"|"designated_port":[0-9]+`), "PORT"},
	{regexp.MustCompile(`"state":"[a-z]+"`), "STATE"},
}

// A localRoute of IPv6 follows from an address some time after it was added.
var localRoute = regexp.MustCompile(`\{"type":"local","dst":"[0-9a-f:]*:[0-9a-f:]*"[^{}]*\},?`)

// state is what the real ip sees of a namespace, an object a line, in
// alphabetical order: that of IPv6 routes is the one in which links got their
// carrier.
func state(t testing.TB, ns *testns.NS) string {
	t.Helper()
	var b strings.Builder
	for _, c := range []string{"-d -j addr", "-d -j link", "-j route show table all", "-j -6 route show table all", "-j neigh show nud permanent",
		"-j rule", "-6 -j rule", "-j nexthop", "netns"} {
		b.WriteString(ns.Run(t, append([]string{"ip"}, strings.Fields(c)...)...).Stdout)
	}
	text := localRoute.ReplaceAllString(b.String(), "")
	b.Reset()
	b.WriteString(text)
	names, err := nsfs.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b.WriteString(ns.Run(t, "ip", "-n", name, "-d", "-j", "addr").Stdout)
		b.WriteString(ns.Run(t, "ip", "-n", name, "-j", "route").Stdout)
	}
	return sorted(b.String())
}

// play runs a script in a fresh namespace and returns what each command did
// and the state at the end. A line that begins with "+" is run by the real ip
// in any case; one with "#" is a comment,
// and one with "touch" makes a name that is stale.
func play(t *testing.T, script string, run func(ns *testns.NS, args []string) testns.Result) (results []testns.Result, end string) {
	t.Helper()
	clearNetns(t)
	ns := testns.New(t)
	ns.Up(t, "lo")
	ns.Sysctl(t, "net/ipv6/conf/default/accept_dad", 0) // it takes up to two seconds
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if real, ok := strings.CutPrefix(line, "+ "); ok {
			ns.Run(t, append([]string{"ip"}, testns.Words(real)...)...).Must(t)
		} else if name, ok := strings.CutPrefix(line, "touch "); ok { // a name without a namespace
			if err := os.WriteFile(nsfs.Path(name), nil, 0o444); err != nil {
				t.Fatal(err)
			}
		} else if line == "wait" { // for carrier to settle
			carrier(t, ns)
		} else if line != "" && line[0] != '#' {
			results = append(results, run(ns, testns.Words(line)))
		}
	}
	end = masked(state(t, ns))
	for _, m := range unsettled {
		end = m.re.ReplaceAllString(end, m.to)
	}
	return results, end
}

// changing is a link that has its cable, which the kernel has not told all of yet, or one whose other end goes with its
// namespace.
var changing = regexp.MustCompile(`LOWER_UP.* state (DOWN|LOWERLAYERDOWN)|link-netnsid unknown`)

// carrier waits until links have carrier, and what follows from it: the kernel tells of it up to a second later. And
// until links have gone.
func carrier(t testing.TB, ns *testns.NS) {
	t.Helper()
	names, err := nsfs.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "") {
		args := []string{"ip", "-n", name, "link"}
		if name == "" {
			args = slices.Delete(args, 1, 3)
		}
		for end := time.Now().Add(3 * time.Second); changing.MatchString(ns.Run(t, args...).Stdout) && time.Now().Before(end); { // a name may be stale
			time.Sleep(20 * time.Millisecond)
		}
	}
	time.Sleep(100 * time.Millisecond) // addresses and routes of IPv6
}

// named says that a script has names of namespaces, which the suite has once: it is played alone.
var named = regexp.MustCompile("netns|nsid|touch |exec ")

// clearNetns removes the named namespaces that a script has left.
func clearNetns(t testing.TB) {
	t.Helper()
	names, err := nsfs.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := nsfs.Delete(name); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDifferential plays the scripts in testdata with the real ip and with
// ours: the same output, errors, exit status and kernel state. Where ip prints
// a usage text, only the exit status counts.
func TestDifferential(t *testing.T) {
	testns.Tool(t, "ip")
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int32
	t.Cleanup(func() {
		if n.Load() < 1000 && !testing.Short() && flag.Lookup("test.run").Value.String() == "" {
			t.Errorf("%d commands were compared, want at least 1000", n.Load())
		}
	})
	for i, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".script")
		if !ok || testing.Short() && i%3 != 0 {
			continue // with the race detector: what is compared is compared without
		}
		text, err := os.ReadFile("testdata/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			if named.Match(text) {
				t.Cleanup(func() { clearNetns(t) })
			} else {
				t.Parallel()
			}
			want, wantState := play(t, string(text), func(ns *testns.NS, args []string) testns.Result {
				return ns.Run(t, append([]string{"ip"}, args...)...)
			})
			got, gotState := play(t, string(text), func(ns *testns.NS, args []string) testns.Result {
				if line := strings.Join(args, " "); strings.Contains(line, "exec") || strings.Contains(line, "tuntap") {
					return child(t, ns, args...)
				}
				return ours(t, ns, "", false, args...)
			})
			for i, w := range want {
				compare(t, got[i], w)
			}
			if gotState != wantState {
				t.Errorf("the state at the end (-real +ours)\n%s", testns.Diff(wantState, gotState))
			}
			n.Add(int32(len(want)))
		})
	}
}

// sorted has the lines, or the objects of JSON, in alphabetical order.
func sorted(s string) string {
	s = strings.NewReplacer("},{", "}\n{", "[{", "[\n{", "}]", "}\n]").Replace(s)
	lines := strings.Split(s, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func compare(t *testing.T, got, want testns.Result) {
	t.Helper()
	line := strings.Join(want.Args, " ")
	if got.Code != want.Code {
		t.Errorf("%s: exit status %d, want %d", line, got.Code, want.Code)
	}
	if strings.Contains(want.Stdout+want.Stderr, "Usage:") {
		if strings.Contains(got.Stdout, "Usage:") != strings.Contains(want.Stdout, "Usage:") || !strings.Contains(got.Stdout+got.Stderr, "Usage:") {
			t.Errorf("%s: no usage in %q or %q", line, got.Stdout, got.Stderr)
		}
		return
	}
	g, w := masked(got.Stdout), masked(want.Stdout)
	// Neighbours are in the order of a hash that is another one for each
	// namespace, IPv6 routes in that in which links got their carrier.
	if regexp.MustCompile(` n(eigh)?\b|-6 .*route|table all`).MatchString(line) {
		g, w = sorted(g), sorted(w)
	}
	if g != w {
		t.Errorf("%s: stdout\ngot  %q\nwant %q", line, g, w)
	}
	if g, w := masked(got.Stderr), masked(want.Stderr); g != w {
		t.Errorf("%s: stderr\ngot  %q\nwant %q", line, g, w)
	}
}
