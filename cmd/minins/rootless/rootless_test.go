//go:build linux

package rootless_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
)

// TestRun has commands in namespaces of their own: what they find, and what comes of
// how they end.
func TestRun(t *testing.T) {
	u := newUser(t)
	const lo = "1: lo: <LOOPBACK> mtu 65536 qdisc noop state DOWN mode DEFAULT group default qlen 1000\n" +
		"    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
	for _, c := range []struct {
		line           string
		code           int
		stdout, stderr string
	}{
		{"ip link", 0, lo, ""},
		{"sh -c id|-u;id|-g", 0, "0\n0\n", ""},
		{"sh -c ls|/sys/class/net", 0, "lo\n", ""},
		{"sh -c ls|/run/netns", 2, "", "ls: cannot access '/run/netns'"},
		{"sh -c ip|netns|add|red&&ip|netns", 0, "red\n", ""},
		{"sh -c PATH=/run/bin;ip|netns|add|red&&ip|netns|exec|red|ip|link", 0, lo, ""},
		{"sh -c echo|$PATH", 0, "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/run/bin\n", ""},
		{"sh -c /run/bin/iptables|-t|nat|-A|POSTROUTING|-j|MASQUERADE&&/run/bin/iptables-save|-t|nat|>/dev/null", 0, "", ""},
		{"sh -c exit|7", 7, "", ""},
		{"sh -c read|x;echo|$x", 0, "typed\n", ""},
		{"sh -c echo|$1|$2 sh a b", 0, "a b\n", ""},
		{"ip", 255, "", "Usage: ip "},
		{"ip link set nosuch up", 1, "", "Cannot find device"},
		{"nosuch", 127, "", "minins --rootless: nosuch: No such file or directory\n"},
		{"/etc", 126, "", "minins --rootless: /etc: Permission denied\n"},
		{"minins version", 0, version(t, u), ""},
		{"minins --rootless ip link", 0, lo, ""},
		{"minins --rootless minins --rootless sh -c ip|netns|add|x;ip|netns", 0, "x\n", ""},
		{"sh -c minins|--rootless=in|ip|netns|add|x;minins|--rootless=in|ip|netns;minins|lab|stop|in;ls|/run/minins", 2, "x\n", "ls: cannot access '/run/minins'"},
		{"--help", 0, usage, ""},
		{"-x", 2, "", "minins --rootless: \"-x\" cannot be a command\nUsage: "},
	} {
		args := []string{"--rootless"}
		for word := range strings.FieldsSeq(c.line) {
			args = append(args, strings.ReplaceAll(word, "|", " "))
		}
		cmd := u.command(args...)
		cmd.Stdin = strings.NewReader("typed\n")
		like(t, result(t, cmd), c.code, c.stdout, c.stderr)
	}
	u.env = append(u.env, "SHELL=/bin/sh")
	cmd := u.command("--rootless")
	cmd.Stdin = strings.NewReader("echo $0; id -u; exit 3\n")
	like(t, result(t, cmd), 3, "sh\n0\n", "")
}

const usage = `Usage: minins --rootless [COMMAND [ARGUMENTS]]
       minins --rootless=LAB [COMMAND [ARGUMENTS]]
       minins lab [list]
       minins lab stop LAB ...

COMMAND, a command of minins or any other, runs in a network of its own, in which
it is root, and for which nobody has to be. Without COMMAND it is a shell.
A LAB is made by the first command that names it, and joined by the next ones.
`

func version(t *testing.T, u *user) string { return u.minins("version").Must(t) }

// TestHostRun has what is in the host's /run in the new one too, but not the names
// of namespaces, and a copy of minins where it has no name any more.
func TestHostRun(t *testing.T) {
	u := newUser(t)
	host, err := os.ReadDir("/run")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range host {
		if f.Name() == "netns" || f.Name() == "minins" {
			continue
		}
		if f.Type().IsRegular() && unix.Access("/run/"+f.Name(), unix.R_OK) != nil {
			continue
		}
		got := u.minins("--rootless", "sh", "-c", "stat -c %i -L /run/"+f.Name()).Stdout
		var st unix.Stat_t
		if err := unix.Stat("/run/"+f.Name(), &st); err == nil && got != fmt.Sprintln(st.Ino) {
			t.Errorf("/run/%s: inode %q, want %d", f.Name(), got, st.Ino)
		}
	}
	gone := filepath.Join(t.TempDir(), "gone")
	b, err := os.ReadFile(testns.Binary())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gone, b, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := u.command("--rootless", "sh", "-c", "rm "+gone+"; PATH=/run/bin; minins --rootless sh -c 'minins --rootless ip netns'")
	cmd.Path = gone
	// The first minins is a link to what is then gone, so that nothing can be found.
	like(t, result(t, cmd), 127, "", "sh: 1: minins: not found\n")
	f, err := os.Open(testns.Binary())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.WriteFile(gone, b, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd = u.command("--rootless", "/run/bin/ip", "link")
	cmd.Path = "/bin/sh"
	cmd.Args = append([]string{"sh", "-c", `exec 3<"$0"; rm "$0"; exec /proc/self/fd/3 "$@"`, gone}, cmd.Args[1:]...)
	if got := result(t, cmd); got.Code != 0 || !strings.HasPrefix(got.Stdout, "1: lo:") {
		t.Errorf("a binary without a name: %+v", got)
	}
}

// TestFiles hands on descriptors, the working directory, signals that are ignored and limits.
func TestFiles(t *testing.T) {
	u := newUser(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, flag := range []string{"--rootless", "--rootless=files", "--rootless=files"} {
		cmd := u.command(flag, "/bin/sh", "-c", "pwd; ulimit -n; ulimit -Hn; grep SigIgn /proc/self/status; echo to 3 >&3")
		cmd.Dir = t.TempDir()
		cmd.ExtraFiles = []*os.File{w}
		want := cmd.Dir + "\n" + result(t, shell(u, "ulimit -Sn 1000; ulimit -n; ulimit -Hn; trap '' HUP USR1; grep SigIgn /proc/self/status")).Stdout
		cmd.Path = "/bin/sh"
		cmd.Args = append([]string{"sh", "-c", `ulimit -Sn 1000; trap '' HUP USR1; exec "$0" "$@"`}, append([]string{testns.Binary()}, cmd.Args[1:]...)...)
		like(t, result(t, cmd), 0, want, "")
		buf := make([]byte, 100)
		if n, err := r.Read(buf); err != nil || string(buf[:n]) != "to 3\n" {
			t.Errorf("descriptor 3: %q, %v", buf[:n], err)
		}
	}
	w.Close()
	// The holder has kept none of them.
	if n, err := r.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the pipe is still open: %d, %v", n, err)
	}
}

func shell(u *user, script string) *exec.Cmd {
	cmd := u.command()
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", script}
	return cmd
}

// TestSignals passes signals on, and dies of what killed the command.
func TestSignals(t *testing.T) {
	u := newUser(t)
	// Where hangups are ignored, as by nohup, the commands would ignore them too.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, unix.SIGHUP)
	defer signal.Stop(hangups)
	for _, flag := range []string{"--rootless", "--rootless=signals"} {
		for _, s := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGKILL} {
			cmd := u.command(flag, "sh", "-c", "echo $$; exec sleep 60")
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var pid int
			if _, err := fmt.Fscan(out, &pid); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond) // for minins to have come from the start to the wait
			if err := cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			if got := signalOf(cmd.Wait()); got != s {
				t.Errorf("%s, %v: died of %v", flag, s, got)
			}
			testns.Eventually(t, "the command ends", func() bool { return !alive(pid) })
		}
		for _, s := range []syscall.Signal{unix.SIGUSR1, unix.SIGQUIT, unix.SIGUSR2, 40} {
			cmd := u.command(flag, "bash", "-c", fmt.Sprintf("trap 'echo got; exit 9' %d; echo ready; while :; do sleep 0.05; done", s))
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var word string
			if _, err := fmt.Fscan(out, &word); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			_, err = fmt.Fscan(out, &word)
			if werr := cmd.Wait(); err != nil || word != "got" || cmd.ProcessState.ExitCode() != 9 {
				t.Errorf("%s, %v: %q, %v, %v", flag, s, word, err, werr)
			}
		}
	}
}

// TestCapture has an ordinary user capture in a network of its own, and in a namespace
// there: whoever is root there may.
func TestCapture(t *testing.T) {
	u := newUser(t)
	const script = `set -e
ip link set lo up; ip netns add red; ip -n red link set lo up
minins capture -a -c 4 icmp >lines 2>said & sleep 0.5
ping -q -c 1 127.0.0.1 >/dev/null; ip netns exec red ping -q -c 1 127.0.0.1 >/dev/null
wait; sed 's/^[0-9:.]* //; s/id [0-9]*/id N/' lines; cat said`
	cmd := u.command("--rootless", "sh", "-c", script)
	cmd.Dir = t.TempDir()
	r := result(t, cmd)
	want := ""
	for _, address := range []string{"lo In  IP 127.0.0.1 > 127.0.0.1", "red:lo In  IP 127.0.0.1 > 127.0.0.1"} {
		want += address + ": ICMP echo request, id N, seq 1, length 64\n" + address + ": ICMP echo reply, id N, seq 1, length 64\n"
	}
	want += "minins capture: 2 links of 2 namespaces; ^C ends it\nminins capture: 4 packets captured, 0 dropped\n"
	if r.Code != 0 || r.Stdout != want || r.Stderr != "" {
		t.Errorf("%d %q\n%s", r.Code, r.Stderr, testns.Diff(want, r.Stdout))
	}
}
