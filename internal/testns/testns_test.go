//go:build linux

package testns

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { Main(m) }

func TestInside(t *testing.T) {
	if got := os.Getuid(); got != 0 {
		t.Errorf("uid %d, want 0", got)
	}
	names, err := os.ReadDir("/run")
	if err != nil || len(names) != 0 {
		t.Errorf("/run holds %v (%v), want nothing", names, err)
	}
	if got, want := Run(t, "ip", "-o", "link").Must(t), "1: lo: <LOOPBACK> mtu 65536"; !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 1 {
		t.Errorf("ip link: got %q, want only lo, down", got)
	}
}

func TestNew(t *testing.T) {
	a, b := New(t), New(t)
	if a.Inode(t) == b.Inode(t) {
		t.Fatal("two namespaces are one")
	}
	var in string
	a.Do(t, func() { in, _ = os.Readlink("/proc/thread-self/ns/net") })
	if out, _ := os.Readlink(a.Path()); in != out || in == "" {
		t.Errorf("inside %q, path names %q", in, out)
	}
	a.Run(t, "ip", "link", "add", "br7", "type", "bridge").Must(t)
	a.Up(t, "br7")
	a.Sysctl(t, "net/ipv4/ip_forward", 1)
	if got := a.Run(t, "ip", "-o", "link", "show", "up").Must(t); !strings.Contains(got, "br7: <BROADCAST,MULTICAST,UP,LOWER_UP>") {
		t.Errorf("a has %q", got)
	}
	if got := b.Run(t, "ip", "link", "show", "br7"); got.Code != 1 || got.Stderr != "Device \"br7\" does not exist.\n" {
		t.Errorf("b: %+v", got)
	}
	if got := a.Run(t, "cat", "/proc/sys/net/ipv4/ip_forward").Must(t); got != "1\n" {
		t.Errorf("ip_forward = %q", got)
	}
}

func TestCmd(t *testing.T) {
	got := Cmd{Args: []string{"sh", "-c", "cat; pwd; echo $X >&2; exit 3"}, Stdin: "in\n", Env: []string{"X=y"}, Dir: "/"}.Run(t)
	if got.Stdout != "in\n/\n" || got.Stderr != "y\n" || got.Code != 3 {
		t.Errorf("got %+v", got)
	}
}

// TestLeaks makes each kind of leak and sees it found.
func TestLeaks(t *testing.T) {
	before := FDs()
	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	stop, ready := make(chan bool), make(chan error)
	go func() {
		runtime.LockOSThread()
		ready <- unix.Unshare(unix.CLONE_NEWNET)
		<-stop
	}()
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(Tool(t, "sleep"), "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	left := strings.Join(leaks(before), "\n")
	close(stop)
	f.Close()
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it says "killed"
	for _, want := range []string{"/dev/null", "thread in a foreign namespace", "testns.TestLeaks.func1", "a child process"} {
		if !strings.Contains(left, want) {
			t.Errorf("no %q among what was left:\n%s", want, left)
		}
	}
}

// TestSkip runs in a process of its own, as it must see Skip fail.
func TestSkip(t *testing.T) {
	if os.Getenv("TESTNS_SKIP") != "" {
		Skip(t, "for example")
	}
	for _, c := range []struct{ env, want string }{
		{"MININS_NO_SKIP=", "--- SKIP"},
		{"MININS_NO_SKIP=1", "--- FAIL"},
	} {
		got := Cmd{Args: []string{"/proc/self/exe", "-test.v", "-test.run=^TestSkip$"}, Env: []string{"TESTNS_SKIP=1", c.env}}.Run(t)
		if !strings.Contains(got.Stdout, c.want) || !strings.Contains(got.Stdout, "for example") {
			t.Errorf("%s: want %q in\n%s", c.env, c.want, got.Stdout)
		}
	}
}
