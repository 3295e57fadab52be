//go:build linux

package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/ip"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

// The test binary is minins where minins calls itself.
func TestMain(m *testing.M) {
	run := map[string]func(*applet.Cmd) int{"bench": Run, ChildName: Child, "ip": ip.Run}
	args := os.Args
	if len(args) > 1 && args[0] == "minins" {
		args = args[1:]
	}
	f := run[args[0]]
	if f == nil {
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0") // each child would sleep for a second
		testns.Main(m)
	}
	c := &applet.Cmd{
		Name: args[0], Args: args[1:], Stdin: os.Stdin, Stdout: bufio.NewWriter(os.Stdout), Stderr: os.Stderr, Getenv: os.Getenv,
		Dial: func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Dial(p, nl.Config{}) },
	}
	status := f(c)
	c.Stdout.Flush()
	os.Exit(status)
}

// bench runs the applet as a process of its own.
func bench(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{"minins", "bench"}, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestMistakes(t *testing.T) {
	const try = "\nTry 'minins bench --help' for more information.\n"
	for args, want := range map[string]string{
		"rules flies":    "there is no workload 'flies'; expected namespaces, links, routes, containers or rules",
		"-n x":           "option '-n': 'x' is not a number from 1 to 1000000",
		"-n 0":           "option '-n': '0' is not a number from 1 to 1000000",
		"--rounds=99e9":  "option '--rounds': '99e9' is not a number from 1 to 1000000",
		"rules -t":       "option requires an argument -- 't'",
		"--time":         "option '--time' requires an argument",
		"--versus rules": "unrecognized option '--versus'",
		"-x":             "invalid option -- 'x'",
	} {
		stdout, stderr, code := bench(t, strings.Fields(args)...)
		if code != 2 || stdout != "" || stderr != "minins bench: "+want+try {
			t.Errorf("%s: exit %d, %q, %q", args, code, stdout, stderr)
		}
	}
	for _, arg := range []string{"-h", "--help"} {
		if stdout, stderr, code := bench(t, arg, "rules"); code != 0 || stdout != usage || stderr != "" {
			t.Errorf("%s: exit %d, %q, %q", arg, code, stdout, stderr)
		}
	}
}

func TestExplained(t *testing.T) {
	var calls []string
	var out bytes.Buffer
	c := &applet.Cmd{
		Stdout: bufio.NewWriter(&out), Stderr: &out, Getenv: os.Getenv,
		Explain: func(call, _ string) { calls = append(calls, call) },
	}
	if code := Run(c); code != 0 || out.Len() != 0 || len(calls) != 1 {
		t.Errorf("exit %d, %q, %q", code, out.String(), calls)
	}
}

// masked is the tables of a report with times and ratios as T and X, without
// the facts and the histograms.
func masked(report string) string {
	_, tables, _ := strings.Cut(report, "\n\n")
	tables = regexp.MustCompile(` +[0-9.]+ (ns|µs|ms|s)\b`).ReplaceAllString(tables, " T")
	tables = regexp.MustCompile(` +[0-9.]+x`).ReplaceAllString(tables, " X")
	return regexp.MustCompile(`(?m)^ +T? \|.*\n`).ReplaceAllString(tables, "")
}

const golden = `namespaces                ops    median       min       max       CPU
  create                    7 T T T T
  release                   7 T T T T
  each create: p50 T, p90 T, p99 T

links                     ops    median       min       max       CPU
  create                    7 T T T T
  delete one                5 T T T T
  delete all                2 T T T T

routes                    ops    median       min       max       CPU
  add IPv4                  7 T T T T
  replace IPv4              7 T T T T
  delete IPv4               7 T T T T
  add IPv6                  7 T T T T
  replace IPv6              7 T T T T
  delete IPv6               7 T T T T

containers                ops    median       min       max       CPU
  up                        7 T T T T
  down                      7 T T T T
  each up: p50 T, p90 T, p99 T

rules                     ops    median       min       max       CPU
  load                      7 T T T T
  list                      7 T T T T
`

func TestAll(t *testing.T) {
	before := mounts(t)
	stdout, stderr, code := bench(t, "-n", "7", "-r", "2")
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d, %s%s", code, stdout, stderr)
	}
	if got := masked(stdout); got != golden {
		t.Errorf("got\n%s\nwant\n%s", got, golden)
	}
	for line := range strings.Lines(stdout) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if after := mounts(t); after != before {
		t.Errorf("mounts are left: %s", after)
	}
}

func mounts(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestJSON(t *testing.T) {
	stdout, stderr, code := bench(t, "-jn1", "-r3", "links", "containers")
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d, %s%s", code, stdout, stderr)
	}
	var got map[string]any // and no structs: a test may be linked without their fields
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	host, _ := got["host"].(map[string]any)
	results, _ := got["results"].([]any)
	notes, _ := got["notes"].([]any)
	number := func(r map[string]any, name string) float64 {
		n, _ := r[name].(float64)
		return n
	}
	var phases []string
	histograms := 0
	for _, result := range results {
		r, _ := result.(map[string]any)
		if buckets, ok := r["histogram"].([]any); ok {
			count := 0.0
			histograms++
			for _, b := range buckets {
				bucket, _ := b.(map[string]any)
				count += number(bucket, "count")
			}
			if number(r, "p50_ns") <= 0 || count != 3 {
				t.Errorf("%v", r)
			}
			continue
		}
		phases = append(phases, fmt.Sprint(r["workload"], " ", r["phase"]))
		least, middle, most := number(r, "min_ns"), number(r, "median_ns"), number(r, "max_ns")
		if r["tool"] != "minins" || number(r, "operations") != 1 || number(r, "rounds") != 3 || least <= 0 || middle < least || most < middle {
			t.Errorf("%v", r)
		}
	}
	if got, want := strings.Join(phases, ", "), "links create, links delete all, containers up, containers down"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if histograms != 1 || len(host) != len(facts()) || notes == nil {
		t.Errorf("got %s", stdout)
	}
}

func TestVersus(t *testing.T) {
	for _, tool := range []string{"ip", "nft", "iptables-restore"} {
		testns.Tool(t, tool)
	}
	stdout, stderr, code := bench(t, "--vs", "-n3", "-r1")
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d, %s%s", code, stdout, stderr)
	}
	got := masked(stdout)
	for _, want := range []string{
		"  create                    3 T T T T\n    ip -batch               3 T T T T X\n    ip                      3 T T T T X\n",
		"  up                        3 T T T T\n    ip -batch               3 T T T T X\n    ip                      3 T T T T X\n",
		"  load                      3 T T T T\n    nft -f                  3 T T T T X\n    iptables-restore        3 T T T T X\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no\n%s\nin\n%s", want, got)
		}
	}
}

// Tools that are not there, are minins, or fail, are named.
func TestVersusMissing(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, dir+"/ip"); err != nil {
		t.Fatal(err)
	}
	const failing = "#!/bin/sh\necho it is broken >&2\nexit 3\n"
	if err := os.WriteFile(dir+"/nft", []byte(failing), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	stdout, stderr, code := bench(t, "--vs", "-n2", "-r1", "rules")
	if code != 1 || stderr != "" {
		t.Errorf("exit %d, %s", code, stderr)
	}
	const want = `not compared: ip -batch: DIR/ip is minins
not compared: ip: DIR/ip is minins
not compared: busybox ip: busybox is not in PATH
not compared: iptables-restore: iptables-restore is not in PATH
not measured: rules by nft -f: it is broken; nft -f -: wait status 768
`
	if got := strings.ReplaceAll(stdout, dir, "DIR"); !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// An ordinary user needs a user namespace, which may be one in another.
func TestUserNamespace(t *testing.T) {
	var out, errs bytes.Buffer
	s := &session{c: &applet.Cmd{Stderr: &errs}, newUser: true, start: time.Now()}
	s.seconds, s.rounds, s.number, s.works = 60, 1, 2, 1<<len(workloads)-1
	s.choose("")
	s.measure()
	if s.status != 0 || s.notes != nil || out.Len()+errs.Len() != 0 {
		t.Errorf("exit %d, %q, %s", s.status, s.notes, errs.String())
	}
	for i := range s.series {
		if s.series[i].phases[0].ops != 2 {
			t.Errorf("%+v", s.series[i])
		}
	}
}

func TestTimeIsOver(t *testing.T) {
	stdout, stderr, code := bench(t, "-t1", "-n1000000", "routes", "rules")
	const want = "not measured: routes by minins: it takes longer than -t leaves\n" +
		"not measured: rules by minins: it takes longer than -t leaves\n"
	if code != 1 || stderr != "" || !strings.HasSuffix(stdout, want) {
		t.Errorf("exit %d, %s, %s", code, stderr, stdout)
	}
	// Rounds that there is no time for are no failure.
	stdout, stderr, code = bench(t, "-t3", "-n1", "-r1000", "namespaces")
	if code != 0 || stderr != "" || strings.Contains(stdout, "not measured") {
		t.Errorf("exit %d, %s, %s", code, stderr, stdout)
	}
}

func TestSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{unix.SIGINT, unix.SIGTERM} {
		cmd := exec.Command("/proc/self/exe")
		cmd.Args = []string{"minins", "bench", "-n1000000", "namespaces", "routes"}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		before := mounts(t)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // the status is looked at
		if code := cmd.ProcessState.ExitCode(); code != 128+int(sig) || !strings.HasSuffix(out.String(), " by minins: "+unix.SignalName(sig)+"\n") {
			t.Errorf("%v: exit %d, %s", sig, code, out.String())
		}
		if after := mounts(t); after != before {
			t.Errorf("mounts are left: %s", after)
		}
	}
	if left := testns.Run(t, "ps", "-eo", "args").Stdout; strings.Contains(left, ChildName) {
		t.Errorf("a child is left:\n%s", left)
	}
}

func TestChildIsNotForPeople(t *testing.T) {
	var out, errs bytes.Buffer
	c := &applet.Cmd{Stdout: bufio.NewWriter(&out), Stderr: &errs}
	if code := Child(c); code != 2 || errs.String() != "it is for minins bench to call\n" {
		t.Errorf("exit %d, %q", code, errs.String())
	}
}
