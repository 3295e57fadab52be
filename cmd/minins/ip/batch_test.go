//go:build linux

package ip

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
)

func TestBatchLine(t *testing.T) {
	long := strings.Repeat("x", 100000)
	l := lineReader{r: bufio.NewReader(strings.NewReader("link add  'a b' \"c d\" # no\n\naddr \\\n show\n\"\"a 'b'c\\ d\nx\\ # no\n" +
		long + " y\n#\\\nlast"))}
	for _, want := range []string{"link|add|a b|c d/1", "/2", "addr|show/4", "|a|b|c\\|d/5", "x\\/6", long + "|y/7", "/8", "last/9"} {
		args, err := l.next()
		if got := fmt.Sprintf("%s/%d", strings.Join(args, "|"), l.line); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if _, err := l.next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

// A directory is no file of commands, whatever names it.
func TestBatchOfDirectory(t *testing.T) {
	ns := testns.New(t)
	dir := t.TempDir()
	got := ours(t, ns, "", false, "-batch", dir)
	if want := "Cannot read \"" + dir + "\": Is a directory\n"; got.Stderr != want || got.Code != exitFailed {
		t.Errorf("exit status %d, %q, want %q", got.Code, got.Stderr, want)
	}
}

// batches are scripts that are run by the real ip and by ours, with -force and
// without. All begin where batchStage ends.
var batches = []string{
	// A refused line in the middle: what is behind it is not done without -force.
	"route add 10.1.0.0/16 via 192.168.7.2\nroute add 10.2.0.0/16 via 10.99.0.1\nroute add 10.3.0.0/16 via 192.168.7.2\n",
	"route add 10.1.0.0/16 dev v0\nroute add 10.1.0.0/16 dev v0\nroute del 10.1.0.0/16\nroute del 10.1.0.0/16\nroute add 10.4.0.0/16 dev v0\n",
	"addr add 10.5.0.1/24 dev v0\naddr add 10.5.0.1/24 dev v0\naddr add 10.5.0.2/24 dev v0\naddr del 10.5.0.9/24 dev v0\n",
	"neigh add 192.168.7.9 lladdr 02:00:00:00:00:09 dev v0\nneigh add 192.168.7.9 lladdr 02:00:00:00:00:09 dev v0\nneigh del 192.168.7.10 dev v0\n",
	"route add 10.1.0.0/16 dev v0\nneigh replace 192.168.7.9 lladdr 02:00:00:00:00:0a dev v0\nroute add 10.1.0.0/16 dev v0\n" +
		"neigh del 192.168.7.10 dev v0\nroute add 10.2.0.0/16 dev v0\n",
	"route add 10.1.0.0/16 dev v0\nroute show\nroute add 10.1.0.0/16 dev v0\nroute show 10.1.0.0/16\nroute get 10.1.0.1\nroute add 10.6.0.0/16 dev v0\n",
	"route del 10.1.0.0/16\nroute get 192.168.7.2\nlink show nosuch\nroute del 10.1.0.0/16\nlink show v0\n",
	// Dumps that fail, and some that do so only outside a batch.
	"route show table 99\nroute add 10.1.0.0/16 dev v0\nroute flush table 99\nroute add 10.2.0.0/16 dev v0\n-6 route\nneigh show dev nosuch\n" +
		"route add 10.3.0.0/16 dev v0\nnexthop bucket list id 9\nroute add 10.4.0.0/16 dev v0\nlink show type nosuch\nroute show dev nosuch\nroute show\n",
	// Mistakes behind refusals, in their order.
	"route del 10.1.0.0/16\nroute add 10.1.0.0/16 dev nosuch\nroute del 10.2.0.0/16\nfoo\nroute add 10.1.0.0/16 dev v0\n",
	"route del 10.1.0.0/16\nroute add 10.1.0.0/16 metric x\nroute add 10.1.0.0/16 dev v0\n",
	"route del 10.1.0.0/16\nroute add 10.1.0.0/16 via x\nroute add 10.1.0.0/16 dev v0\n",
	"route del 10.1.0.0/16\nroute\n",
	"route del 10.1.0.0/16\nroute foo\n",
	"route del 10.1.0.0/16\naddr del 10.9.9.9 dev v0\nroute del 10.1.0.0/16\n",
	"route del 10.1.0.0/16\nnetns list\nroute del 10.1.0.0/16\nnetns exec red false\nnetns add red\nroute add 10.1.0.0/16 dev v0\n",
	"route del 10.1.0.0/16\nlink show 'lo\n",
	// Links that come and go: what is known of a name must not outlive it.
	"link add d0 type veth peer name d1\nlink set d0 up\nroute add 10.1.0.0/16 dev d0\nlink del d0\nlink add d0 type veth peer name d1\nlink set d0 up\n" +
		"route add 10.2.0.0/16 dev d0\naddr add 10.7.0.1/24 dev d0\naddr show to 10.7.0.1\n",
	"link add d0 type veth peer name d1\nlink set d0 up\nlink set d0 name d2\nroute add 10.1.0.0/16 dev d0\nroute add 10.1.0.0/16 dev d2\n",
	"link set d2 name d3\nroute add 10.1.0.0/16 dev v0\nlink set v0 down\nlink set v0 name d2\nlink set d2 up\nroute add 10.2.0.0/16 dev d2\nroute show\n",
	"link add d0 type veth peer name d1 netns red\nlink add d0 type veth peer name d2 netns red\nlink add d3 type veth peer name d4 netns red\n",
	"link add b0 type bridge\nlink set v0 master b0\nlink add b0 type bridge\naddr add 10.8.0.1/24 dev b0\nlink del b0\naddr add 10.8.0.1/24 dev b0\n",
	// Words and lines.
	"# nothing\n\n  route   add\t10.1.0.0/16 dev v0 # a comment\nroute del \\\n 10.1.0.0/16\nroute del 10.1.0.0/16 \\\n\nroute del 10.1.0.0/16 \\\n dev v0\n",
	"route del '10.1.0.0/16'\nroute del \"10.1.0.0/16\" \nlink set v0 alias 'a \"b\" c'\nlink set v0 alias \"\"\nroute del ''\n",
	"route del 10.1.0.0/16\nroute show \\",
	"route del 10.1.0.0/16\nroute show \\\n",
	"route del 10.1.0.0/16 \\# a\nroute del 10.2.0.0/16",
	"route del 10.1.0.0/16\r\nroute show\r\n",
	"route del 10.1.0.0/16\x00dev nosuch\nroute show\n",
	"route del " + strings.Repeat("x ", 600) + "\nroute show\n",
	"route del " + strings.Repeat("\\\n", 300) + "10.1.0.0/16\nroute show\n",
	"",
	"\n#",
}

// batchStage makes what the batches begin with.
func batchStage(t *testing.T) *testns.NS {
	t.Helper()
	clearNetns(t)
	if err := nsfs.Create("red"); err != nil {
		t.Fatal(err)
	}
	ns := testns.New(t)
	ns.Sysctl(t, "net/ipv6/conf/all/disable_ipv6", 1) // what the kernel does for it, it does later
	ns.Sysctl(t, "net/ipv6/conf/default/disable_ipv6", 1)
	ns.Up(t, "lo")
	for _, c := range []string{"link add v0 type veth peer name v1", "link set v1 up", "addr add 192.168.7.1/24 dev v0", "link set v0 up"} {
		ns.Run(t, append([]string{"ip"}, strings.Fields(c)...)...).Must(t)
	}
	return ns
}

// TestBatches compares batches with the real ip's: output, errors, exit
// status, and what they leave behind.
func TestBatches(t *testing.T) {
	testns.Tool(t, "ip")
	t.Cleanup(func() { clearNetns(t) })
	for i, script := range batches {
		for _, options := range []string{"-b -", "-force -b -"} {
			ns := batchStage(t)
			want := testns.Cmd{NS: ns, Args: append([]string{"ip"}, strings.Fields(options)...), Stdin: script}.Run(t)
			wantState := sorted(settled(state(t, ns)))
			ns = batchStage(t)
			got := ours(t, ns, script, false, strings.Fields(options)...)
			gotState := sorted(settled(state(t, ns)))
			what := fmt.Sprintf("batch %d with %s, %.100q", i, options, script)
			if got.Code != want.Code || got.Stderr != want.Stderr {
				t.Errorf("%s:\ngot  %d %q\nwant %d %q", what, got.Code, got.Stderr, want.Code, want.Stderr)
			}
			if g, w := settled(got.Stdout), settled(want.Stdout); g != w {
				t.Errorf("%s:\ngot  %q\nwant %q", what, g, w)
			}
			if gotState != wantState {
				t.Errorf("%s: the state at the end is\n%s\nwant\n%s", what, gotState, wantState)
			}
		}
	}
}

// settled hides what takes its time, and what differs from run to run.
func settled(s string) string {
	s = masked(s)
	for _, m := range unsettled {
		s = m.re.ReplaceAllString(s, m.to)
	}
	for _, word := range []string{" linkdown", "NO-CARRIER,", ",LOWER_UP", ",M-DOWN", " state UP", " state DOWN", " state LOWERLAYERDOWN"} {
		s = strings.ReplaceAll(s, word, "")
	}
	return s
}

// TestBatchFile runs a batch from a file with more lines than a datagram has,
// some of them refused, each of which has to be named.
func TestBatchFile(t *testing.T) {
	testns.Tool(t, "ip")
	var script strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&script, "route add 10.0.%d.%d/32 via 192.168.7.2\n", i/256, i%256)
		if i%500 == 7 {
			fmt.Fprintf(&script, "route add 10.0.%d.%d/32 via 192.168.7.2\n", i/256, i%256)
		}
	}
	file := filepath.Join(t.TempDir(), "routes")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { clearNetns(t) })
	for _, options := range [][]string{{"-b", file}, {"-force", "-b", file}} {
		ns := batchStage(t)
		want := ns.Run(t, append([]string{"ip"}, options...)...)
		routes := ns.Run(t, "ip", "route").Must(t)
		ns = batchStage(t)
		got := ours(t, ns, "", false, options...)
		if got.Code != want.Code || got.Stderr != want.Stderr || strings.Count(got.Stderr, "Command failed") == 0 {
			t.Errorf("%q: got %d %q\nwant %d %q", options, got.Code, got.Stderr, want.Code, want.Stderr)
		}
		if got := ns.Run(t, "ip", "route").Must(t); got != routes {
			t.Errorf("%q: %d bytes of routes, want %d", options, len(got), len(routes))
		}
	}
}

// TestBatchPlaces has one line refused, at the first and the last place of
// flights and between them: without -force nothing behind it is done, and with it
// all is. So it is where each request is sent and waited for on its own, as it is
// with a trace.
func TestBatchPlaces(t *testing.T) {
	testns.Tool(t, "ip")
	t.Cleanup(func() { clearNetns(t) })
	ns := batchStage(t)
	const lines = 3000
	for _, refused := range []int{0, 1, 62, 63, 64, 65, 200, 319, 320, 1343, 1344, 2000, 2367, 2368, lines - 2, lines - 1} {
		var script strings.Builder
		for i := range lines {
			gateway := "192.168.7.2"
			if i == refused {
				gateway = "172.16.0.1" // on no network here
			}
			fmt.Fprintf(&script, "route add 10.0.%d.%d/32 via %s\n", i/256, i%256, gateway)
		}
		for _, options := range [][]string{{"-b", "-"}, {"-force", "-b", "-"}} {
			run := func(do func() testns.Result) (testns.Result, string) {
				got := do()
				routes := ns.Run(t, "ip", "route").Must(t)
				ns.Run(t, "ip", "route", "flush", "proto", "boot").Must(t)
				return got, routes
			}
			want, wantRoutes := run(func() testns.Result {
				return testns.Cmd{NS: ns, Args: append([]string{"ip"}, options...), Stdin: script.String()}.Run(t)
			})
			if !strings.HasSuffix(want.Stderr, fmt.Sprintf("Command failed -:%d\n", refused+1)) {
				t.Fatalf("line %d is not refused: %q", refused+1, want.Stderr)
			}
			for _, traced := range []bool{false, true} {
				got, routes := run(func() testns.Result {
					var stderr strings.Builder
					c := &applet.Cmd{Name: "ip", Args: options, Stdin: strings.NewReader(script.String()), Stdout: bufio.NewWriter(io.Discard), Stderr: &stderr,
						Getenv: func(string) string { return "" }, IsApplet: func(string) bool { return false },
						Dial: func(p *nl.Protocol, name string) (*nl.Conn, error) {
							conn, err := dialIn(ns)(p, name)
							if err == nil && traced {
								conn.Trace(func(bool, []byte) {})
							}
							return conn, err
						}}
					return testns.Result{Code: Run(c), Stderr: stderr.String()}
				})
				if got.Code != want.Code || got.Stderr != want.Stderr {
					t.Errorf("line %d, %q, traced %t: got %d %q\nwant %d %q", refused+1, options, traced, got.Code, got.Stderr, want.Code, want.Stderr)
				}
				if routes != wantRoutes {
					t.Errorf("line %d, %q, traced %t: %d routes, want %d", refused+1, options, traced, strings.Count(routes, "\n"), strings.Count(wantRoutes, "\n"))
				}
			}
		}
	}
}

// TestBatchKilled kills batches in the middle: what is done is what the first
// lines say, without a gap.
func TestBatchKilled(t *testing.T) {
	testns.Tool(t, "ip")
	t.Cleanup(func() { clearNetns(t) })
	var script strings.Builder
	const lines = 100000
	for i := range lines {
		fmt.Fprintf(&script, "route add 10.%d.%d.%d/32 dev v0\n", i/65536, i/256%256, i%256)
	}
	file := filepath.Join(t.TempDir(), "routes")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, options := range [][]string{{"-b", file}, {"-force", "-b", file}} {
		done := 0
		for wait := 0.04; (done == 0 || done == lines) && wait < 10; wait *= 1.5 {
			ns := batchStage(t)
			testns.Cmd{NS: ns, Env: []string{appletEnv + "=1"},
				Args: append([]string{"timeout", "-s", "KILL", fmt.Sprint(wait), self}, options...)}.Run(t)
			routes := strings.Split(ns.Run(t, "ip", "route", "show", "proto", "boot").Must(t), "\n")
			done = len(routes) - 1
			for i, route := range routes[:done] {
				if want := fmt.Sprintf("10.%d.%d.%d ", i/65536, i/256%256, i%256); !strings.HasPrefix(route, want) {
					t.Fatalf("%q, killed after %g s: route %d of %d is %q", options, wait, i, done, route)
				}
			}
		}
		if done == 0 || done == lines {
			t.Errorf("%q: it was never killed in the middle", options)
		}
	}
}

// TestBatchWaits checks that a line is carried out before the next one is there:
// who writes them may look at what the last one did.
func TestBatchWaits(t *testing.T) {
	for _, options := range [][]string{{"-b", "-"}, {"-force", "-b", "-"}} {
		ns := testns.New(t)
		ns.Up(t, "lo")
		in, to, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c := &applet.Cmd{Name: "ip", Args: options, Stdin: in, Stdout: bufio.NewWriter(io.Discard), Stderr: io.Discard,
			Getenv: func(string) string { return "" }, Dial: dialIn(ns), IsApplet: func(string) bool { return false }}
		ended := make(chan int)
		go func() { ended <- Run(c) }()
		for _, route := range []string{"10.1.0.0/16", "10.2.0.0/16"} {
			if _, err := to.WriteString("route add " + route + " dev lo\nroute"); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(10 * time.Second); !strings.Contains(ns.Run(t, "ip", "route").Must(t), route); {
				if time.Now().After(end) {
					t.Fatalf("%q waits for more than a line", options)
				}
			}
			if _, err := to.WriteString(" show\n"); err != nil {
				t.Fatal(err)
			}
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		if code := <-ended; code != 0 {
			t.Errorf("%q: exit status %d", options, code)
		}
		in.Close()
	}
}
