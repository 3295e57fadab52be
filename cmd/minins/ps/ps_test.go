//go:build linux

package ps

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
)

// asPs has the test binary be ps, for tests in other pid namespaces.
const asPs = "MININS_TEST_PS"

func TestMain(m *testing.M) {
	if os.Getenv(asPs) != "" {
		c := &applet.Cmd{
			Name: "ps", Args: os.Args[1:], Stdout: bufio.NewWriter(os.Stdout), Stderr: os.Stderr, Getenv: os.Getenv,
		}
		status := Run(c)
		c.Stdout.Flush()
		os.Exit(status)
	}
	testns.Main(m)
}

func TestParse(t *testing.T) {
	user, full := options{format: formatUser, bsd: true}, options{format: formatFull}
	aux, ef := user, full
	aux.bsdA, aux.bsdX, ef.all = true, true, true
	wide := aux
	wide.wide = 2
	tests := []struct {
		args string
		want options
		err  string
	}{
		{"", options{}, ""},
		{"aux", aux, ""},
		{"-aux", aux, ""},
		{"a u x", aux, ""},
		{"auxww", wide, ""},
		{"-ef", ef, ""},
		{"-A -f", ef, ""},
		{"u", user, ""},
		{"-f", full, ""},
		{"ax", options{format: formatBSD, bsd: true, bsdA: true, bsdX: true}, ""},
		{"-a -d", options{withTTY: true, noLeader: true}, ""},
		{"-p 1,2 -p3", options{pids: []int{1, 2, 3}}, ""},
		{"-z", options{}, "unsupported option -z: " + supported},
		{"auxf", options{}, "unsupported option f: " + supported},
		{"--forest", options{}, `unknown option "--forest": ` + supported},
		{"-", options{}, `unknown option "-": ` + supported},
		{"-f u", options{}, "conflicting format options: " + supported},
		{"-p x", options{}, "process ID list syntax error"},
		{"-p", options{}, "list of process IDs must follow -p"},
	}
	for _, test := range tests {
		o, err := parse(strings.Fields(test.args))
		switch {
		case err != nil && err.Error() != test.err, err == nil && test.err != "":
			t.Errorf("%q: error %v, want %q", test.args, err, test.err)
		case err == nil && fmt.Sprint(*o) != fmt.Sprint(test.want):
			t.Errorf("%q: got %+v, want %+v", test.args, *o, test.want)
		}
	}
}

func TestSelects(t *testing.T) {
	me := process{euid: 1000, tty: 5}
	procs := map[string]process{
		"shell":  {pid: 1, session: 1, euid: 1000, tty: 5},
		"job":    {pid: 2, session: 1, euid: 1000, tty: 5},
		"other":  {pid: 3, session: 9, euid: 1000, tty: 6},
		"daemon": {pid: 4, session: 4, euid: 1000},
		"root":   {pid: 5, session: 5, euid: 0, tty: 6},
		"kernel": {pid: 6, euid: 0},
	}
	names := []string{"shell", "job", "other", "daemon", "root", "kernel"}
	for args, want := range map[string]string{
		"":    "shell job",
		"u":   "shell job other",
		"x":   "shell job other daemon",
		"a":   "shell job other root",
		"ax":  "shell job other daemon root kernel",
		"-e":  "shell job other daemon root kernel",
		"-a":  "job other",
		"-d":  "job other kernel",
		"-p4": "daemon",
	} {
		o, err := parse(strings.Fields(args))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range names {
			if p := procs[name]; o.selects(&p, &me) {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("ps %s: got %v, want %s", args, got, want)
		}
	}
}

// fixture is a system that booted a day ago, and what runs on it.
func fixture() (*system, []*process) {
	sys := &system{
		boot: time.Now().Unix() - 86400, uptime: 86400 * hz, memory: 1000000, pidWidth: 5,
		users: map[uint32]string{0: "root", 100: "systemd-network"},
		ttys:  parseDrivers("serial /dev/ttyS 4 64-95 serial\nunknown /dev/tty 4 1-63 console\npty_slave /dev/pts 136 0-1048575 pty:slave\n"),
	}
	now := uint64(86400 * hz)
	return sys, []*process{
		{pid: 1, ppid: 0, session: 1, tpgid: -1, comm: "init", args: "/sbin/init", state: 'S', threads: 1, ticks: 86400, start: 0, size: 4000, resident: 2000, locked: 4},
		{pid: 2, tpgid: -1, comm: "kthreadd", state: 'S', threads: 1, nice: -20},
		{pid: 99, ppid: 1, pgrp: 99, session: 90, tpgid: 99, tty: 136<<8 | 1, euid: 100, comm: "big", args: "big \x1b[31m é \xff", state: 'R',
			nice: 5, threads: 3, ticks: 200, start: now - 100, size: 314589400, resident: 500000},
		{pid: 12345, ppid: 99, tpgid: -1, euid: 4000000000, tty: 4<<8 | 64, comm: "gone", state: 'Z', threads: 1, ticks: 360000 * 100, start: now - 10},
	}
}

func TestTable(t *testing.T) {
	sys, procs := fixture()
	now := time.Now()
	boot, hour := startText(time.Unix(sys.boot, 0), now), startText(now.Add(-time.Second), now)
	if len(boot) != 5 {
		boot = " " + boot // the year, on New Year's Day
	}
	tests := []struct {
		format format
		limit  int
		utf8   bool
		want   string
	}{
		{formatUnix, math.MaxInt, true, `  PID TTY          TIME CMD
    1 ?        00:14:24 init
    2 ?        00:00:00 kthreadd
   99 pts/1    00:00:02 big
12345 ttyS0    04-04:00:00 gone
`},
		{formatBSD, 40, true, `  PID TTY      STAT   TIME COMMAND
    1 ?        SLs   14:24 /sbin/init
    2 ?        S<     0:00 [kthreadd]
   99 pts/1    RNl+   0:02 big ?[31m é ?
12345 ttyS0    Z    6000:00 [gone] <defu
`},
		{formatBSD, math.MaxInt, false, `  PID TTY      STAT   TIME COMMAND
    1 ?        SLs   14:24 /sbin/init
    2 ?        S<     0:00 [kthreadd]
   99 pts/1    RNl+   0:02 big .[31m ?? ?
12345 ttyS0    Z    6000:00 [gone] <defunct>
`},
		{formatUser, 75, true, `USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
root         1  1.0  0.2   4000  2000 ?        SLs  BOOT.  14:24 /sbin/init
root         2  0.0  0.0      0     0 ?        S<   BOOT.   0:00 [kthreadd]
systemd+    99  200 50.0 314589400 500000 pts/1 RNl+ HOUR.   0:02 big ?[31m
4000000+ 12345 360000000 0.0  0     0 ttyS0    Z    HOUR. 6000:00 [gone] <d
`},
		{formatFull, 30, true, `UID        PID  PPID  C STIME TTY          TIME CMD
root         1     0  1 BOOT. ?        00:14:24 /sbin/init
root         2     0  0 BOOT. ?        00:00:00 [kthreadd]
systemd+    99     1 99 HOUR. pts/1    00:00:02 big ?[31m é 
4000000+ 12345    99 99 HOUR. ttyS0    04-04:00:00 [gone] <d
`},
	}
	for _, test := range tests {
		var b bytes.Buffer
		w := bufio.NewWriter(&b)
		o := options{format: test.format}
		out := table{o.columns(sys), test.limit, test.utf8}
		out.write(w, procs)
		w.Flush()
		want := strings.NewReplacer("BOOT.", boot, "HOUR.", hour).Replace(test.want)
		if got := b.String(); got != want {
			t.Errorf("format %d in %d characters:\n%s\nwant\n%s", test.format, test.limit, got, want)
		}
	}
}

func TestLineLimit(t *testing.T) { // as procps 4.0.2 does with COLUMNS
	sys, _ := fixture()
	tests := []struct {
		format      format
		limit, want int
	}{
		{formatUser, 67, 134}, {formatUser, 68, 68}, {formatUser, 10, 70}, {formatUser, 50, 100},
		{formatFull, 50, 100}, {formatFull, 51, 51}, {formatBSD, 20, 40}, {formatUnix, 20, 40}, {formatUnix, 40, 40},
		{formatUser, math.MaxInt, math.MaxInt},
	}
	for _, test := range tests {
		o := options{format: test.format}
		if got := (&table{columns: o.columns(sys), limit: test.limit}).lineLimit(); got != test.want {
			t.Errorf("format %d, limit %d: got %d, want %d", test.format, test.limit, got, test.want)
		}
	}
}

func TestStartText(t *testing.T) {
	at := func(s string) time.Time {
		when, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	now := at("2026-03-04 12:00:00")
	for start, want := range map[string]string{
		"2026-03-04 00:01:00": "00:01", "2026-03-03 23:59:00": "Mar03", "2025-12-31 23:59:00": "2025",
	} {
		if got := startText(at(start), now); got != want {
			t.Errorf("%s: got %s, want %s", start, got, want)
		}
	}
}

func TestParseStat(t *testing.T) {
	var p process
	const stat = "7 (a) (b) c) S 1 2 3 34817 5 4194560 1 2 3 4 10 20 1 2 20 -5 3 0 777 1000 200 18446744073709551615 1 1\n"
	if err := p.parseStat(stat); err != nil {
		t.Fatal(err)
	}
	want := process{
		pid: 7, ppid: 1, pgrp: 2, session: 3, tty: 34817, tpgid: 5, comm: "a) (b) c", state: 'S', nice: -5, threads: 3, ticks: 30, start: 777,
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got  %+v\nwant %+v", p, want)
	}
	for _, bad := range []string{"", "7 a S", "7 (a) S 1", strings.Replace(stat, "7", "x", 1), strings.Replace(stat, "777", "x", 1)} {
		if err := p.parseStat(bad); err != errStat {
			t.Errorf("%q: %v", bad, err)
		}
	}
	p.parseStatus([]byte("Name:\tx\nUid:\t1\t2\t3\t4\nVmSize:\t   123 kB\nVmLck:\t 4 kB\nVmRSS:\t 56 kB\n"))
	if p.euid != 2 || p.size != 123 || p.resident != 56 || p.locked != 4 {
		t.Errorf("got %+v", p)
	}
	if got := joinArgs([]byte("a\x00b\nc\x00\x00")); got != "a b c" {
		t.Errorf("joinArgs = %q", got)
	}
}

func TestTTYName(t *testing.T) {
	sys := &system{ttys: parseDrivers(`/dev/tty             /dev/tty        5       0 system:/dev/tty
/dev/console         /dev/console    5       1 system:console
serial               /dev/ttyS       4 64-111 serial
pty_slave            /dev/pts      136 0-1048575 pty:slave
unknown              /dev/tty        4 1-63 console
hvc                  /dev/hvc      229 0-15 system
`)}
	for device, want := range map[uint32]string{
		0: "?", 5 << 8: "tty", 5<<8 | 1: "console", 4<<8 | 64: "ttyS0", 4<<8 | 1: "tty1", 136 << 8: "pts/0",
		136<<8 | 0x100044: "pts/324", 229<<8 | 1: "hvc1", 9 << 8: "?", // minor 0x144, in two parts
	} {
		if got := sys.ttyName(device); got != want {
			t.Errorf("ttyName(%#x) = %s, want %s", device, got, want)
		}
	}
}

// self runs this binary as ps.
func self(t *testing.T, before []string, args ...string) testns.Result {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return testns.Cmd{Args: append(append(before, exe), args...), Env: []string{asPs + "=1"}}.Run(t)
}

// The processes of a pid namespace are those of its own /proc.
func TestPIDNamespace(t *testing.T) {
	out := self(t, []string{"unshare", "--pid", "--fork", "--mount-proc"}, "aux").Must(t)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("got\n%s", out)
	}
	if got, want := strings.Join(strings.Fields(lines[0]), " "), "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	exe, _ := os.Executable()
	f := strings.Fields(lines[1])
	if f[0] != "root" || f[1] != "1" || f[10] != exe || f[11] != "aux" {
		t.Errorf("got %q", lines[1])
	}
}

func TestNoProc(t *testing.T) {
	r := self(t, []string{"unshare", "--mount", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"}, "aux")
	if r.Code != 47 || r.Stdout != "" ||
		!strings.HasSuffix(r.Stderr, "Error, do this: mount -t proc proc /proc\n") { // the race detector misses /proc as well
		t.Errorf("got %+v", r)
	}
}

func TestNobody(t *testing.T) {
	r := self(t, nil, "-p", "2147483647")
	if r.Code != 1 || r.Stderr != "" || strings.Count(r.Stdout, "\n") != 1 {
		t.Errorf("got %+v", r)
	}
}

// shares are C of -f and %CPU of u, behind the columns before them.
var shares = map[byte]*regexp.Regexp{
	'f': regexp.MustCompile(`(?m)^(\S+ +\d+ +\d+)( +\d+)`),
	'u': regexp.MustCompile(`(?m)^(\S+ +\d+)( +[\d.]+)`),
}

// withoutShares has stars for the shares of the CPU, as wide as they are, and says what they are.
func withoutShares(t *testing.T, format byte, out string) (masked string, found []float64) {
	t.Helper()
	column := shares[format]
	if column == nil {
		return out, nil
	}
	masked = column.ReplaceAllStringFunc(out, func(line string) string {
		cells := column.FindStringSubmatch(line)
		share, err := strconv.ParseFloat(strings.TrimSpace(cells[2]), 64)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, share)
		return cells[1] + strings.Repeat("*", len(cells[2]))
	})
	if len(found) == 0 {
		t.Errorf("no shares in\n%s", out)
	}
	return masked, found
}

// asleep says whether a process of sleep waits.
func asleep(t *testing.T, pid string) bool {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(stat, []byte("(sleep) S "))
}

// TestLikeProcps shows processes that do nothing with ours and the real ps. The
// share of the CPU that their start took grows smaller all the time: the real one's
// is between that of ours before and that of ours after.
func TestLikeProcps(t *testing.T) {
	version := testns.Run(t, "ps", "--version").Must(t)
	if !strings.HasPrefix(version, "ps from procps-ng 4.0.2") {
		testns.Skip(t, "another ps is installed: "+version)
	}
	sleep, err := filepath.EvalSymlinks(testns.Tool(t, "sleep"))
	if err != nil {
		t.Fatal(err)
	}
	var pids []string
	for _, argv0 := range []string{"sleep", "a\tb\n\x1b[31mé\xff", strings.Repeat("long ", 40)} {
		cmd := exec.Command(sleep, "60")
		if argv0 == "sleep" { // that had work before
			cmd = exec.Command("sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exec "+sleep+" 60")
		}
		cmd.Args[0] = argv0
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // that it was killed
		})
		pid := strconv.Itoa(cmd.Process.Pid)
		testns.Eventually(t, "sleep sleeps", func() bool { return asleep(t, pid) }) // for the program's beginning shows
		pids = append(pids, pid)
	}
	list := strings.Join(pids, ",")
	for _, env := range [][]string{nil, {"COLUMNS=80"}, {"COLUMNS=50"}, {"LC_ALL=C.UTF-8"}} {
		for _, line := range []string{"-p LIST", "-f -p LIST", "u -p LIST", "w -p LIST", "uww -p LIST", "-fw -p LIST"} {
			args := strings.Fields(strings.Replace(line, "LIST", list, 1))
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			self := testns.Cmd{Args: append([]string{exe}, args...), Env: append([]string{asPs + "=1"}, env...)}
			ours := self.Run(t)
			real := testns.Cmd{Args: append([]string{"ps"}, args...), Env: env}.Run(t)
			later := self.Run(t)
			format := strings.TrimPrefix(line, "-")[0]
			got, before := withoutShares(t, format, ours.Stdout)
			want, share := withoutShares(t, format, real.Stdout)
			_, after := withoutShares(t, format, later.Stdout)
			if got != want || ours.Code != real.Code || len(before) != len(share) || len(after) != len(share) {
				t.Errorf("ps %s, %v:\n%d\n%s\nthe real one: %d\n%s", line, env, ours.Code, ours.Stdout, real.Code, real.Stdout)
				continue
			}
			for i, real := range share {
				if real > before[i] || real < after[i] {
					t.Errorf("ps %s, %v: a share of %g, and %g later, where the real one has %g", line, env, before[i], after[i], real)
				}
			}
		}
	}
}

func TestExplain(t *testing.T) {
	var calls []string
	c := &applet.Cmd{Name: "ps", Args: []string{"aux"}, Explain: func(call, why string) { calls = append(calls, call) }}
	if got := Run(c); got != 0 || len(calls) != 5 || calls[0] != `openat("/proc")` {
		t.Errorf("exit status %d, %q", got, calls)
	}
}
