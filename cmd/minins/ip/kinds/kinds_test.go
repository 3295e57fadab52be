//go:build linux

// Package kinds plays scripts about kinds of links with the real ip and bridge, and with ours, in
// two namespaces: the same output, errors, exit status and state of the kernel. They are about
// what the kernels of Debian have and some others lack, and short, so that make kernels can run
// them all on an emulated processor.
package kinds

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/ip"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

func TestMain(m *testing.M) { testns.Main(m) }

// masks hide what two runs never print alike: times, and addresses that the kernel makes up.
var masks = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`_timer +[0-9.]+`), "_timer T"},
	{regexp.MustCompile(`_timer":[0-9.]+`), `_timer":T`},
	{regexp.MustCompile(`used [0-9]+/[0-9]+`), "used T"},
	{regexp.MustCompile(`permaddr [0-9a-f:]+`), "permaddr A"},
	{regexp.MustCompile(`"permaddr":"[0-9a-f:]+"`), `"permaddr":"A"`},
}

func masked(s string) string {
	for _, m := range masks {
		s = m.re.ReplaceAllString(s, m.to)
	}
	return s
}

// A script is a file in testdata: a command a line. A line that begins with a "+" is played by the
// real tool in any case, and one with a "=" at the end, to see what came of it all. "#" is a comment,
// "needs" names the kinds of links that are needed, "wait" waits for carrier to settle.
type script struct {
	name  string
	kinds []string
	lines []string
	ends  []string
}

func read(t *testing.T, file string) (s script) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	s.name = strings.TrimSuffix(file, ".script")
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if kinds, ok := strings.CutPrefix(line, "needs "); ok {
			s.kinds = strings.Fields(kinds)
		} else if end, ok := strings.CutPrefix(line, "= "); ok {
			s.ends = append(s.ends, end)
		} else if line != "" && line[0] != '#' {
			s.lines = append(s.lines, line)
		}
	}
	return s
}

// play runs a script in a fresh namespace, and returns what each command did and what the real
// tools see then.
func (s *script) play(t *testing.T, run func(ns *testns.NS, args []string) testns.Result) (results []testns.Result, end string) {
	t.Helper()
	ns := testns.New(t)
	ns.Up(t, "lo")
	for _, which := range []string{"all", "default"} { // addresses would come with time
		ns.Sysctl(t, "net/ipv6/conf/"+which+"/disable_ipv6", 1)
	}
	for _, line := range s.lines {
		if real, ok := strings.CutPrefix(line, "+ "); ok {
			ns.Run(t, testns.Words(real)...).Must(t)
		} else if line == "wait" {
			time.Sleep(1100 * time.Millisecond)
		} else {
			results = append(results, run(ns, testns.Words(line)))
		}
	}
	for _, line := range append(s.ends, "ip -d addr", "ip route show table all") {
		r := ns.Run(t, strings.Fields(line)...)
		end += "$ " + line + "\n" + r.Stdout + r.Stderr
	}
	return results, masked(end)
}

// ours runs a command of minins in the process.
func ours(t *testing.T, ns *testns.NS, args []string) testns.Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	dial := func(p *nl.Protocol, name string) (*nl.Conn, error) {
		if name == "" {
			return nl.Dial(p, nl.Config{NetNS: ns.FD()})
		}
		other, err := nsfs.Open(name)
		if err != nil {
			return nil, err
		}
		defer other.Close()
		return nl.Dial(p, nl.Config{NetNS: other.Fd()})
	}
	c := &applet.Cmd{Name: args[0], Args: args[1:], Stdin: strings.NewReader(""), Stdout: bufio.NewWriter(&stdout), Stderr: &stderr,
		Getenv: func(string) string { return "" }, Dial: dial, IsApplet: func(string) bool { return false }}
	run := map[string]func(*applet.Cmd) int{"ip": ip.Run, "bridge": ip.RunBridge}[args[0]]
	code := run(c)
	if err := c.Stdout.Flush(); err != nil {
		t.Fatal(err)
	}
	return testns.Result{Args: args, Stdout: stdout.String(), Stderr: stderr.String(), Code: code}
}

// TestScripts plays each script in testdata with the real tools and with ours.
func TestScripts(t *testing.T) {
	testns.Tool(t, "ip")
	files, err := fs.Glob(os.DirFS("testdata"), "*.script")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, file := range files {
		s := read(t, file)
		t.Run(s.name, func(t *testing.T) {
			for _, kind := range s.kinds {
				if kind == "filtering" {
					needsFiltering(t)
				} else {
					testns.NeedsKind(t, kind)
				}
			}
			want, wantEnd := s.play(t, func(ns *testns.NS, args []string) testns.Result { return ns.Run(t, args...) })
			got, gotEnd := s.play(t, func(ns *testns.NS, args []string) testns.Result { return ours(t, ns, args) })
			for i, w := range want {
				compare(t, got[i], w)
			}
			if gotEnd != wantEnd {
				t.Errorf("the state at the end (-real +ours)\n%s", testns.Diff(wantEnd, gotEnd))
			}
		})
	}
}

// needsFiltering skips the test where bridges know no VLANs: then a bridge tells no protocol of them.
func needsFiltering(t *testing.T) {
	t.Helper()
	c, err := rtnl.Dial(nl.Config{NetNS: testns.New(t).FD()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.AddLink(t.Context(), &rtnl.Link{Name: "br0", Info: rtnl.LinkInfo{Kind: "bridge"}}); err != nil {
		t.Fatal(err)
	}
	l, err := c.GetLink(t.Context(), "br0")
	if err != nil {
		t.Fatal(err)
	}
	if l.Info.Bridge.VLANProtocol == 0 {
		testns.Lacks(t, "CONFIG_BRIDGE_VLAN_FILTERING")
	}
}

// hashed are the lists in the order of a hash that each namespace has another of.
var hashed = regexp.MustCompile(`^(bridge( -\w+)* fdb|ip( -\w+)* neigh)`)

func compare(t *testing.T, got, want testns.Result) {
	t.Helper()
	line := strings.Join(want.Args, " ")
	if got.Code != want.Code {
		t.Errorf("%s: exit status %d, want %d\n%s%s", line, got.Code, want.Code, got.Stderr, want.Stderr)
	}
	if strings.Contains(want.Stdout+want.Stderr, "Usage:") {
		if strings.Contains(got.Stdout, "Usage:") != strings.Contains(want.Stdout, "Usage:") || !strings.Contains(got.Stdout+got.Stderr, "Usage:") {
			t.Errorf("%s: no usage in %q or %q", line, got.Stdout, got.Stderr)
		}
		// What is said before it is the same.
		g, _, _ := strings.Cut(got.Stderr, "Usage:")
		w, _, _ := strings.Cut(want.Stderr, "Usage:")
		if g != w {
			t.Errorf("%s: stderr\ngot  %q\nwant %q", line, g, w)
		}
		return
	}
	g, w := masked(got.Stdout), masked(want.Stdout)
	if hashed.MatchString(line) {
		g, w = sorted(g), sorted(w)
	}
	if g != w {
		t.Errorf("%s: stdout (-real +ours)\n%s", line, difference(w, g))
	}
	if g, w := masked(got.Stderr), masked(want.Stderr); g != w {
		t.Errorf("%s: stderr\ngot  %q\nwant %q", line, g, w)
	}
}

// difference is the lines that only one of two texts has; an object of JSON is one, too.
func difference(want, got string) string {
	split := strings.NewReplacer(`},{`, "},\n{", `,"linkinfo"`, ",\n\"linkinfo\"", `}},`, "}},\n", `\`, "\n")
	if d := testns.Diff(split.Replace(want), split.Replace(got)); d != "" {
		return d
	}
	return "got  " + strconv.Quote(got) + "\nwant " + strconv.Quote(want) // in another order, or a blank
}

func sorted(s string) string {
	lines := strings.SplitAfter(s, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}
