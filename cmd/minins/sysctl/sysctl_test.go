//go:build linux

package sysctl

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
)

func TestMain(m *testing.M) { testns.Main(m) }

// A result is what a command did.
type result struct {
	stdout, stderr string
	code           int
}

func theirs(t *testing.T, ns *testns.NS, stdin string, args ...string) result {
	t.Helper()
	r := testns.Cmd{NS: ns, Args: append([]string{"sysctl"}, args...), Stdin: stdin}.Run(t)
	return result{r.Stdout, r.Stderr, r.Code}
}

// ours runs the command in a namespace.
func ours(t *testing.T, ns *testns.NS, stdin string, explain func(call, why string), args ...string) (r result) {
	t.Helper()
	var out, errs bytes.Buffer
	c := &applet.Cmd{Name: "sysctl", Args: args, Stdin: strings.NewReader(stdin), Stdout: bufio.NewWriter(&out), Stderr: &errs, Explain: explain}
	ns.Do(t, func() { r.code = Run(c) })
	c.Stdout.Flush()
	r.stdout, r.stderr = out.String(), errs.String()
	return r
}

const conf = `# a comment
; another one
bad line

net.ipv4.ip_forward = 1
   net.ipv4.conf.lo.forwarding=0  
net/ipv4/conf/lo/rp_filter	=	2
-net.ipv4.nosuch = 3
net.ipv4.nosuch2 = 3
net.ipv4.ip_local_port_range = 1001	60000
net.ipv4.conf.lo.log_martians = a b
-net.ipv4.conf.lo.log_martians = a b
=3
net.ipv4.ip_default_ttl = 63`

// lines are commands whose output, errors and exit status are those of procps, and what
// they leave in the namespace. FILE is conf.
const lines = `
net.ipv4.ip_forward
net/ipv4/ip_forward
/net/ipv4/ip_forward
.net.ipv4.ip_forward
-n net.ipv4.ip_forward
-w net.ipv4.ip_forward=1
net.ipv4.ip_forward=0
net/ipv4/ip_forward=1
net.ipv4.ip_forward = 1
'net.ipv4.ip_forward = 0'
-w net.ipv4.ip_forward
-w net.ipv4.ip_forward net.ipv4.conf.all.forwarding=1
-w
-q -w net.ipv4.ip_forward=1
-qw net.ipv4.ip_forward=0 net.ipv4.conf.lo.rp_filter=1
-n -w net.ipv4.ip_forward=1
-b -w net.ipv4.ip_forward=0
-N -w net.ipv4.ip_forward=1
-N net.ipv4.ip_forward
-n -N net.ipv4.ip_forward
-b net.ipv4.ip_forward
-N -q net.ipv4.ip_forward
net.ipv4.nosuch
net.ipv4.nosuch net.ipv4.nosuch2 net.ipv4.ip_forward
-e net.ipv4.nosuch
-e net.ipv4.nosuch=1
net.ipv4.nosuch=1
-q net.ipv4.nosuch
-- -net.ipv4.nosuch=1
-- -net.ipv4.ip_forward=0
net.ipv4.ip_forward=abc
-e net.ipv4.ip_forward=abc
net.ipv4.ip_forward=
net.ipv4.ip_local_port_range
'net.ipv4.ip_local_port_range=1000	2001'
'net.ipv4.ip_local_port_range=1000 2000'
-n net.ipv4.ip_local_port_range
-b net.ipv4.ip_local_port_range
net.ipv4.route.flush
net.ipv4.route.flush=1
net.ipv4.ip_local_reserved_ports
net.ipv4.ip_local_reserved_ports=8080,9148
-n net.ipv4.ip_local_reserved_ports
net.ipv4.conf.eth0/1.rp_filter
net.ipv4.conf.eth0/1.rp_filter=2
net/ipv4/conf/eth0.1/rp_filter
net/ipv4/conf/eth0.1/rp_filter=1
net.ipv4.conf.eth0.1.rp_filter
net.ipv4.conf.eth0.1.rp_filter=1
net.ipv4.conf.*.forwarding=1
net.ipv4.conf
-n net.ipv4.conf.lo
-N net.ipv4.neigh
-b net.ipv4.neigh.lo
--deprecated net.ipv4.neigh.lo
net.ipv6.conf.lo
net.ipv6.conf.lo.stable_secret
/
=1
''
'#net.ipv4.ip_forward=1'
--dry-run -w net.ipv4.ip_forward=1
-q --dry-run net.ipv4.ip_forward=1
-p FILE
-pFILE
-f FILE
--load=FILE
-q -p FILE
-e -p FILE
-n -p FILE
-N -p FILE
-b -p FILE
--dry-run -p FILE
-p /nosuch
-p /nosuch FILE
-p -
-V
-o net.ipv4.ip_forward
-x
`

func TestDifferential(t *testing.T) {
	if v := testns.Run(t, "sysctl", "-V").Must(t); v != "sysctl from procps-ng 4.0.2\n" {
		testns.Skip(t, "another procps: "+v)
	}
	file := filepath.Join(t.TempDir(), "x.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	a, b := testns.New(t), testns.New(t)
	for _, ns := range []*testns.NS{a, b} {
		ns.Run(t, "ip", "link", "add", "eth0.1", "type", "bridge").Must(t)
	}
	for _, line := range strings.Split(strings.Trim(lines, "\n"), "\n") {
		args := testns.Words(strings.ReplaceAll(line, "FILE", file))
		const stdin = "net.ipv4.ip_forward=0\n"
		want := theirs(t, a, stdin, args...)
		got := ours(t, b, stdin, nil, args...)
		if got != want {
			t.Errorf("sysctl %s\ngot  %d, %q, %q\nwant %d, %q, %q", line, got.code, got.stdout, got.stderr, want.code, want.stdout, want.stderr)
		}
		state := func(ns *testns.NS) string { return theirs(t, ns, "", "net.ipv4", "net.ipv6").stdout }
		if got, want := state(b), state(a); got != want {
			t.Fatalf("after sysctl %s: %s", line, testns.Diff(want, got))
		}
	}
}

// TestOwnWords has what procps does not say, or says with a status of 0.
func TestOwnWords(t *testing.T) {
	ns := testns.New(t)
	dir := t.TempDir()
	for _, c := range []struct {
		line, stderr string
	}{
		{"-r forward -a", "sysctl: option '-r' is not there; type: sysctl -a | grep -E PATTERN, sysctl -p FILE...\nTry `sysctl --help' for more information.\n"},
		{"--system", "sysctl: option '--system' is not there; type: sysctl -a | grep -E PATTERN, sysctl -p FILE...\nTry `sysctl --help' for more information.\n"},
		{"-z net.ipv4.ip_forward=1", "sysctl: invalid option -- 'z'\nTry `sysctl --help' for more information.\n"},
		{"", "sysctl: no variables specified\nTry `sysctl --help' for more information.\n"},
		{"net.ipv4=1", "sysctl: setting key \"net.ipv4\": Is a directory\n"},
		{"net.ipv4.tcp_available_congestion_control=x", "sysctl: setting key \"net.ipv4.tcp_available_congestion_control\": Operation not permitted\n"},
		{"net..ipv4.nosuch", "sysctl: cannot stat /proc/sys/net//ipv4/nosuch: No such file or directory\n"},
		{"-w -- -net.ipv4.ip_forward", "sysctl: command line(0): invalid syntax, continuing...\n"},
		{"net/../../version=1", "sysctl: Path is not under /proc/sys/: /proc/sys/net/../../version\n"},
		{"-p " + dir, "sysctl: cannot open \"" + dir + "\": Is a directory\n"},
	} {
		if got := ours(t, ns, "", nil, strings.Fields(c.line)...); got != (result{"", c.stderr, 1}) {
			t.Errorf("sysctl %s: got %d, %q, %q", c.line, got.code, got.stdout, got.stderr)
		}
	}
	if got := ours(t, ns, "", nil, "-h"); got.code != 0 || got.stdout != usage {
		t.Errorf("got %d, %q", got.code, got.stdout)
	}
}

// TestAll compares lists of everything. Settings that change by themselves differ.
func TestAll(t *testing.T) {
	ns := testns.New(t)
	for _, args := range [][]string{{"-a", "-N"}, {"-A", "-N"}, {"-X", "-N", "--deprecated"}} {
		want := theirs(t, ns, "", args...)
		if got := ours(t, ns, "", nil, args...); got != want {
			t.Errorf("%q: got %d, want %d: %s", args, got.code, want.code, testns.Diff(want.stdout, got.stdout))
		}
	}
}

func TestExplain(t *testing.T) {
	ns := testns.New(t)
	for line, want := range map[string]string{
		"net.ipv4.ip_forward":   `openat("/proc/sys/net/ipv4/ip_forward", O_RDONLY), read()`,
		"net.ipv4.ip_forward=1": `openat("/proc/sys/net/ipv4/ip_forward", O_WRONLY|O_TRUNC), write("1\n")`,
	} {
		var calls []string
		got := ours(t, ns, "", func(call, _ string) { calls = append(calls, call) }, line)
		if got != (result{}) || len(calls) != 1 || calls[0] != want {
			t.Errorf("%s: %+v, %q", line, got, calls)
		}
	}
}
