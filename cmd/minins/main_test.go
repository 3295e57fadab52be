//go:build linux

package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
)

// The test binary is minins itself when it is called with this set.
const asMinins = "MININS_TEST_AS_MININS"

func TestMain(m *testing.M) {
	if os.Getenv(asMinins) != "" {
		os.Exit(run(os.Args))
	}
	testns.Main(m)
}

// minins runs the binary under the name argv[0].
func minins(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = args
	cmd.Env = append(os.Environ(), asMinins+"=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !asExit(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func asExit(err error, exit **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError)
	*exit = e
	return ok
}

func TestDispatch(t *testing.T) {
	for _, tt := range []struct {
		args           []string
		stdout, stderr string // the beginnings
		code           int
	}{
		{[]string{"ip", "-V"}, "ip utility, ", "", 0},
		{[]string{"/sbin/ip", "-V"}, "ip utility, ", "", 0},
		{[]string{"minins", "ip", "-V"}, "ip utility, ", "", 0},
		{[]string{"minins", "--trace", "minins", "ip", "-V"}, "ip utility, ", "", 0},
		{[]string{"minins", "--trace"}, "", "minins: --trace: expected a command behind it, such as \"ip link\"; \"minins help\" lists all\n", 2},
		{[]string{"minins", "--pcap", "nosuch.pcapng"}, "", "minins: --pcap: expected a command behind it, ", 2},
		{[]string{"bridge", "-V"}, "bridge utility, 6.1.0\n", "", 0},
		{[]string{"iptables", "--version"}, "iptables v1.8.9 (nf_tables)\n", "", 0},
		{[]string{"minins", "iptables", "--version"}, "iptables v1.8.9 (nf_tables)\n", "", 0},
		{[]string{"iptables-nft", "--version"}, "iptables v1.8.9 (nf_tables)\n", "", 0},
		{[]string{"ip6tables-nft-save", "--version"}, "ip6tables-save v1.8.9 (nf_tables)\n", "", 0},
		{[]string{"xtables-nft-multi", "iptables", "--version"}, "iptables v1.8.9 (nf_tables)\n", "", 0},
		{[]string{"nft", "--version"}, "nftables v1.0.6 (Lester Gooch #5)\n", "", 0},
		{[]string{"minins"}, "minins: Linux network namespaces", "", 0},
		{[]string{"minins", "help"}, "minins: Linux network namespaces", "", 0},
		{[]string{"minins", "help", "graph"}, "minins graph: ", "", 0},
		{[]string{"minins", "help", "nosuch"}, "", "minins: there is no command \"nosuch\"", 1},
		{[]string{"minins", "--trace=", "ip"}, "", "minins: --trace= needs a format: text, sent, bytes or json\n", 2},
		{[]string{"minins", "--help"}, "minins: Linux network namespaces", "", 0},
		{[]string{"minins", "--version"}, "minins ", "", 0},
		{[]string{"minins-linux-amd64", "version"}, "minins ", "", 0},
		{[]string{"minins", "nosuch"}, "", "minins: there is no command \"nosuch\"; \"minins help\" lists all\n", 1},
		{[]string{"minins", "explain"}, "", "Usage: minins explain", 2},
		{[]string{"minins", "explain", "nosuch"}, "", "minins explain: there is no command \"nosuch\"", 2},
		{[]string{"minins", "explain", "explain", "ip"}, "", "minins explain: there is no command \"explain\"", 2},
		{[]string{"minins", "explain", "rootless-child", "ip"}, "", "minins explain: there is no command \"rootless-child\"", 2},
		{[]string{"minins", "install"}, "", "Usage: minins install DIR", 2},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			stdout, stderr, code := minins(t, tt.args...)
			if code != tt.code || !strings.HasPrefix(stdout, tt.stdout) || !strings.HasPrefix(stderr, tt.stderr) ||
				(tt.stdout == "") != (stdout == "") || (tt.stderr == "") != (stderr == "") {
				t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}

// A full disk or a closed pipe is not passed over in silence.
func TestOutputFails(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		testns.Skip(t, "no /dev/full: "+err.Error())
	}
	defer full.Close()
	if _, errs, code := minins(t, "ip", "netns", "add", "full"); code != 0 {
		t.Fatal(errs)
	}
	defer minins(t, "ip", "netns", "del", "full")
	const done = "14 00 00 00 03 00 02 00 01 00 00 00 00 00 00 00 00 00 00 00\n" // NLMSG_DONE
	const noSpace = ": standard output: write /dev/stdout: no space left on device\n"
	for _, tt := range []struct {
		line, stderr string
		code         int
	}{
		{"minins help", "help" + noSpace, 1},
		{"ip -V", "ip" + noSpace, 1},
		{"route -n", "route" + noSpace, 0},
		{"arp -n -v", "arp" + noSpace, 0},
		{"ping -V", "ping: write error\n", 1},
		{"arping -V", "arping: write error\n", 1},
		{"minins explain ip link", "explain" + noSpace, 1},
		{"minins graph", "graph" + noSpace, 1},
		{"minins ns watch", "ns" + noSpace, 1}, // which write before they end: said once all the same
		{"ip -all netns exec true", "ip" + noSpace, 1},
		{"minins decode -", "decode" + noSpace, 1},
	} {
		cmd := exec.Command("/proc/self/exe")
		cmd.Args = strings.Fields(tt.line)
		cmd.Env = append(os.Environ(), asMinins+"=1")
		cmd.Stdout, cmd.Stdin = full, strings.NewReader(done)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != tt.code || errs.String() != tt.stderr {
			t.Errorf("%s: %v, want exit %d; stderr %q, want %q", tt.line, err, tt.code, errs.String(), tt.stderr)
		}
	}
}

// A terminal is as before when ^C has ended what draws on all of it.
func TestTerminalIsAsBefore(t *testing.T) {
	ptmx, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		testns.Skip(t, "no terminals: "+err.Error())
	}
	defer ptmx.Close()
	fd := int(ptmx.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		testns.Skip(t, "no terminals: "+err.Error())
	}
	defer tty.Close()
	before, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{"minins", "graph", "--watch"}
	cmd.Env = append(os.Environ(), asMinins+"=1", "TERM=xterm")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	var out string
	for b := make([]byte, 1<<16); !strings.Contains(out, "\x1b[J"); {
		n, err := ptmx.Read(b)
		if err != nil {
			t.Fatalf("%v\n%q", err, out)
		}
		out += string(b[:n])
	}
	if _, err := ptmx.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	after, termErr := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	tty.Close()
	rest, _ := io.ReadAll(ptmx) // to the end, which is EIO
	if !strings.HasPrefix(out, "\x1b[?1049h\x1b[H# ") || !strings.HasSuffix(string(rest), "\x1b[?1049l") {
		t.Errorf("it has said %q, and at the end %q", out, rest)
	}
	if err != nil || termErr != nil || *after != *before {
		t.Errorf("%v, %v: the terminal was %+v, is %+v", err, termErr, before, after)
	}
}

// TestPcapOfNothing is a file without packets, and none of a command that is missing.
func TestPcapOfNothing(t *testing.T) {
	name := t.TempDir() + "/x"
	if _, _, code := minins(t, "minins", "--pcap", name); code != 2 {
		t.Errorf("status %d", code)
	}
	if _, err := os.Stat(name); err == nil {
		t.Error("it has made a file")
	}
	if _, _, code := minins(t, "minins", "--pcap", name, "version"); code != 0 {
		t.Errorf("version: status %d", code)
	}
	if got := testns.Run(t, "capinfos", "-c", "-M", "-T", "-r", name).Must(t); got != name+"\t0\n" {
		t.Errorf("capinfos: %q", got)
	}
}

func TestHelpListsAll(t *testing.T) {
	stdout, _, _ := minins(t, "minins", "help")
	for _, a := range applets() {
		if listed := strings.Contains(stdout, "\n  "+a.Name+" "); listed != (a.Summary != "") {
			t.Errorf("%s: listed is %v", a.Name, listed)
		}
		if got, ok := find(a.Name); !ok || got.Name != a.Name {
			t.Errorf("%s is not found", a.Name)
		}
	}
}

func TestInstall(t *testing.T) {
	dir := t.TempDir()
	stdout, stderr, code := minins(t, "minins", "install", dir)
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d, %q, %q", code, stdout, stderr)
	}
	if got, want := len(list(t, dir)), len(links()); got != want {
		t.Errorf("%d links, want %d", got, want)
	}
	// The links work, and a second time nothing is left to do.
	cmd := exec.Command(filepath.Join(dir, "ip"), "-V")
	cmd.Env = append(os.Environ(), asMinins+"=1")
	if out, err := cmd.Output(); err != nil || !strings.HasPrefix(string(out), "ip utility, ") {
		t.Errorf("through the link: %q, %v", out, err)
	}
	if stdout, _, code := minins(t, "minins", "install", dir); code != 0 || !strings.Contains(stdout, " 0 of them new") {
		t.Errorf("again: exit %d, %q", code, stdout)
	}
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, code := minins(t, "minins", "uninstall", dir); code != 0 {
		t.Errorf("uninstall: exit %d", code)
	}
	if got := list(t, dir); len(got) != 1 || got[0] != "other" {
		t.Errorf("after uninstall: %q, want other alone", got)
	}
}

// Whatever stands in the way is kept, and nothing is made beside it.
func TestInstallRefuses(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"file":         func(p string) error { return os.WriteFile(p, []byte("mine"), 0o755) },
		"foreign link": func(p string) error { return os.Symlink("/bin/true", p) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := make(filepath.Join(dir, "ping")); err != nil {
				t.Fatal(err)
			}
			_, stderr, code := minins(t, "minins", "install", dir)
			if code != 1 || !strings.Contains(stderr, filepath.Join(dir, "ping")) {
				t.Errorf("exit %d, %q", code, stderr)
			}
			if got := list(t, dir); len(got) != 1 {
				t.Errorf("now there are %q, want ping alone", got)
			}
		})
	}
	if _, stderr, code := minins(t, "minins", "install", "/nonexistent"); code != 2 || !strings.Contains(stderr, "/nonexistent is not a directory") {
		t.Errorf("no directory: exit %d, %q", code, stderr)
	}
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Explaining needs no privilege, sends nothing, changes nothing and names all.
func TestExplain(t *testing.T) {
	for _, line := range []string{
		"ip netns add red",
		"ip netns del red",
		"ip netns exec red ip link",
		"ip link add veth-red type veth peer name veth-blue",
		"ip link add v-net-0 type bridge",
		"ip link set veth-red-br master v-net-0",
		"ip link set veth-red up",
		"ip link del veth-red",
		"ip addr add 192.168.15.1/24 dev veth-red",
		"ip route add default via 192.168.15.5",
		"ip route get 8.8.8.8",
		"ip link",
		"ip -n red addr",
		"ip neigh",
		"iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE",
		"iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80",
		"iptables -nvL -t nat",
		"ip6tables -A FORWARD -p tcp -j REJECT",
		"route",
		"arp",
		"ping 192.168.15.2",
		"unshare --net true",
		"--rootless ip link",
		"--rootless=red ip link",
		"lab stop red",
	} {
		t.Run(line, func(t *testing.T) {
			args := strings.Fields(line)
			var out, errs bytes.Buffer
			c := &applet.Cmd{
				Name: "explain", Args: args, Stdin: strings.NewReader(""), Stdout: bufio.NewWriter(&out), Stderr: &errs,
				Getenv: os.Getenv, IsApplet: func(name string) bool { _, ok := find(name); return ok },
			}
			code := explainCommand(c)
			if err := c.Stdout.Flush(); err != nil {
				t.Fatal(err)
			}
			text := out.String()
			if code != 0 || errs.Len() != 0 {
				t.Errorf("exit %d, stderr %q", code, errs.String())
			}
			if strings.Contains(text, "not described") || strings.Count(text, "\n") < 4 {
				t.Errorf("got\n%s", text)
			}
		})
	}
}

// A batch is read from standard input, and each of its lines explained.
func TestExplainBatch(t *testing.T) {
	var out, errs bytes.Buffer
	c := &applet.Cmd{
		Name: "explain", Args: []string{"ip", "-force", "-batch", "-"}, Stdout: bufio.NewWriter(&out), Stderr: &errs, Getenv: os.Getenv,
		Stdin:    strings.NewReader("route add 10.7.0.0/16 via 10.0.0.2\nfoo\naddr add 10.8.0.1/16 dev v0\n"),
		IsApplet: func(name string) bool { _, ok := find(name); return ok },
	}
	code := explainCommand(c)
	if err := c.Stdout.Flush(); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{"nlmsg_type = RTM_NEWROUTE", "RTA_DST = 10.7.0.0", "nlmsg_type = RTM_NEWADDR", "IFA_LOCAL = 10.8.0.1"} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q is not there once in\n%s", want, text)
		}
	}
	if code != 1 || !strings.HasSuffix(errs.String(), "Command failed -:2\n") {
		t.Errorf("exit %d, stderr %q", code, errs.String())
	}
}

// Explaining opens no socket of any kind, not even to see what a zone is, which
// address is reachable, or what a name server knows.
func TestExplainOpensNoSocket(t *testing.T) {
	strace := testns.Tool(t, "strace")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	sockets := func(line string) string {
		cmd := exec.Command(strace, append([]string{"-f", "-o", log, "-e", "trace=socket,connect,sendto,sendmsg", self}, strings.Fields(line)...)...)
		cmd.Env = append(os.Environ(), asMinins+"=1")
		out, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); err != nil && !asExit(err, &exit) {
			t.Fatal(err)
		}
		text, err := os.ReadFile(log)
		if err != nil || !strings.Contains(string(text), "+++ exited") {
			t.Fatalf("%s: no trace: %v, %s", line, err, out)
		}
		var calls []string
		for call := range strings.Lines(string(text)) {
			if strings.Contains(call, ") ") {
				calls = append(calls, call)
			}
		}
		return strings.Join(calls, "")
	}
	if got := sockets("arp -n"); !strings.Contains(got, "socket(AF_NETLINK") {
		t.Fatalf("arp -n: its socket is not seen: %q", got)
	}
	for _, line := range []string{
		"ping fe80::1%lo", "ping -I lo fe80::1%nosuch", "ping localhost", "ping host.invalid", "arping -I lo localhost", "arping host.invalid",
		"arp -d host.invalid", "arp -d fe80::1%lo", "arp", "route add -host host.invalid", "route add -host localhost lo", "route",
		"iptables -A INPUT -s host.invalid", "ip -r route get 8.8.8.8", "ip netns list-id", "ip netns add red",
	} {
		if got := sockets("explain " + line); got != "" {
			t.Errorf("explain %s: %s", line, got)
		}
	}
}
