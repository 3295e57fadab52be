//go:build linux

package nettools

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// state is what the real ip sees of a namespace. Neighbours are in the order of
// a hash, IPv6 routes in that in which links got their carrier.
func state(t *testing.T, ns *testns.NS) string {
	t.Helper()
	four := testns.Cmd{NS: ns, Args: []string{"ip", "-batch", "-"}, Stdin: "route show table all\nneighbour show nud all\nneighbour show proxy\n"}
	text := four.Run(t).Must(t) + ns.Run(t, "ip", "-6", "route", "show", "table", "all").Must(t)
	return sorted(passing.ReplaceAllString(text, ""))
}

var (
	edits   = regexp.MustCompile(`^route.* (add|del|delete)\b|^arp .*-[a-zA-Z]*[sdf]\b|^arp.* --(set|delete|file)`)
	passing = regexp.MustCompile(`(?m)^(224|ff02|0\.0\.0\.0|127\.0\.0\.1 dev lo).* NOARP \n| expires \d+sec`) // they come with time, and with looking up names
)

// TestDifferential plays the scripts in testdata with the real tools and with
// ours: the same output, errors, exit status and kernel state. A line that
// begins with "+" is run as it is, in both namespaces.
func TestDifferential(t *testing.T) {
	etc(t)
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".script") {
			continue
		}
		script, err := os.ReadFile("testdata/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		t.Run(f.Name(), func(t *testing.T) {
			t.Parallel()
			play(t, string(script))
		})
	}
}

func play(t *testing.T, script string) {
	a, b := testns.New(t), testns.New(t)
	for _, ns := range []*testns.NS{a, b} {
		ns.Sysctl(t, "net/ipv6/conf/default/accept_dad", 0)
		ns.Sysctl(t, "net/ipv6/conf/default/router_solicitations", 0)
	}
	n := 0
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if rest, ok := strings.CutPrefix(line, "+ "); ok {
			setup(t, a, rest)
			setup(t, b, rest)
			continue
		}
		n++
		where := a // what only shows can be compared in one place
		if edits.MatchString(line) {
			where = b
		}
		got, want := run(t, a, line), where.Run(t, testns.Words(line)...)
		same(t, line, got, want)
		if where == b {
			if got, want := state(t, a), state(t, b); got != want {
				t.Fatalf("after %s: (-real +ours)\n%s", line, testns.Diff(want, got))
			}
		}
	}
	t.Logf("%d commands", n)
}

func sorted(text string) string {
	lines := strings.SplitAfter(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}
