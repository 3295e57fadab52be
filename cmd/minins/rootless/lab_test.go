//go:build linux

package rootless_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
)

// holder is the process that holds a lab.
func (u *user) holder(lab string) int {
	u.t.Helper()
	var pid int
	out := u.minins("lab").Must(u.t)
	for line := range strings.Lines(out) {
		if _, err := fmt.Sscanf(line, lab+": held by process %d,", &pid); err == nil {
			return pid
		}
	}
	u.t.Fatalf("no holder of %s: %q", lab, out)
	return 0
}

// TestLab makes a lab, joins it, lists it and ends it.
func TestLab(t *testing.T) {
	u := newUser(t)
	like(t, u.minins("lab"), 0, "", "")
	like(t, u.minins("lab", "stop", "red"), 1, "", "minins lab: lab \"red\": there is no lab of that name; \"minins lab\" lists all\n")
	like(t, u.minins("lab", "start"), 2, "", "Usage: minins --rootless")
	like(t, u.minins("lab", "stop"), 2, "", "Usage: minins --rootless")
	for _, name := range []string{"", "a/b", "..", "-x", strings.Repeat("x", 256)} {
		like(t, u.minins("--rootless="+name, "ip"), 1, "", fmt.Sprintf("minins --rootless: lab %q: as a name for a lab", name))
	}
	like(t, u.minins("--rootless=red", "ip", "netns", "add", "a"), 0, "", "")
	like(t, u.minins("--rootless=blue", "ip", "netns", "add", "b"), 0, "", "")
	like(t, u.minins("--rootless=red", "ip", "netns"), 0, "a\n", "")
	like(t, u.minins("--rootless=blue", "ip", "netns"), 0, "b\n", "")
	like(t, u.minins("--rootless=red", "nosuch"), 127, "", "minins --rootless: nosuch: No such file or directory\n")
	like(t, u.minins("--rootless=red", "/etc"), 126, "", "minins --rootless: /etc: Permission denied\n")
	like(t, u.minins("--rootless=red", "sh", "-c", "exit 7"), 7, "", "")
	like(t, u.minins("--rootless=red", "sh", "-c", "ip netns add c; ip netns exec a id -u; ls -l /proc/self/fd | grep -c minins"), 1, "0\n0\n", "")
	red, blue := u.holder("red"), u.holder("blue")
	like(t, u.minins("lab", "list"), 0, fmt.Sprintf("blue: held by process %d, other processes: 0\nred: held by process %d, other processes: 0\n", blue, red), "")
	like(t, u.minins("lab", "stop", "red", "blue"), 0, "", "")
	if alive(red) || alive(blue) {
		t.Errorf("holders %d, %d live", red, blue)
	}
	like(t, u.minins("lab", "stop", "red"), 1, "", "minins lab: lab \"red\": there is no")
}

// TestExplain has nothing happen to labs.
func TestExplain(t *testing.T) {
	u := newUser(t)
	u.minins("explain", "--rootless=red", "ip", "netns", "add", "a").Must(t)
	u.minins("explain", "--rootless", "sh", "-c", "echo done >&2").Must(t)
	like(t, u.minins("lab"), 0, "", "")
	like(t, u.minins("--rootless=red", "ip", "netns", "add", "a"), 0, "", "")
	u.minins("explain", "lab", "stop", "red").Must(t)
	like(t, u.minins("--rootless=red", "ip", "netns"), 0, "a\n", "")
	like(t, u.minins("lab", "stop", "red"), 0, "", "")
}

// TestHolder looks at the process that holds a lab: it has nothing of who made it.
func TestHolder(t *testing.T) {
	u := newUser(t)
	cmd := u.command("--rootless=held", "sleep", "60")
	cmd.Dir = t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	testns.Eventually(t, "the lab is there", func() bool { return strings.Contains(u.minins("lab").Stdout, "other processes: 1\n") })
	pid := u.holder("held")
	dir := fmt.Sprintf("/proc/%d/", pid)
	if cwd, err := os.Readlink(dir + "cwd"); err != nil || cwd != "/" {
		t.Errorf("cwd %q, %v", cwd, err)
	}
	if sid, err := unix.Getsid(pid); err != nil || sid != pid {
		t.Errorf("session %d, %v, want its own", sid, err)
	}
	if env, err := os.ReadFile(dir + "environ"); err != nil || len(env) > 0 {
		t.Errorf("environment %q, %v", env, err)
	}
	fds, err := filepath.Glob(dir + "fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		to, err := os.Readlink(fd)
		if strings.HasPrefix(to, "anon_inode:") {
			continue // its own: of the runtime, and to see whether the file is removed
		}
		if err != nil || to != "/dev/null" && to != u.run+"/minins/held" {
			t.Errorf("%s -> %s, %v", fd, to, err)
		}
	}
	// One that is killed is reaped, although the one who made it still runs.
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	testns.Eventually(t, "the holder is gone", func() bool { return !alive(pid) })
	like(t, u.minins("lab"), 0, "held: ended, as what held it was killed\n", "")
	like(t, u.minins("--rootless=held", "ip", "netns"), 0, "", "minins: lab \"held\" had ended without \"minins lab stop\"; it is made anew, and empty\n")
	like(t, u.minins("--rootless=held", "ip", "netns"), 0, "", "")
	pid = u.holder("held")
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	testns.Eventually(t, "the next holder is gone", func() bool { return !alive(pid) })
	like(t, u.minins("lab", "stop", "held"), 0, "", "")
	like(t, u.minins("lab"), 0, "", "")
	// One whose file is removed ends, as nobody can find it any more.
	u.minins("--rootless=held", "true").Must(t)
	pid = u.holder("held")
	if err := os.Chmod(u.run+"/minins/held", 0o640); err != nil { // which is no reason
		t.Fatal(err)
	}
	u.minins("--rootless=held", "true").Must(t)
	if err := os.RemoveAll(u.run + "/minins"); err != nil {
		t.Fatal(err)
	}
	testns.Eventually(t, "the holder without a file ends", func() bool { return !alive(pid) })
}

// TestStale has files of labs with process IDs that are of others by now, and with none.
func TestStale(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	if err := os.Mkdir(u.run+"/minins", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"other": strconv.Itoa(os.Getpid()) + " 4026531837", "none": "99999999 1", "words": "no process", "long": strings.Repeat("1", 1000),
	} {
		if err := os.WriteFile(u.run+"/minins/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		like(t, u.minins("--rootless="+name, "ip", "netns"), 0, "", "minins: lab \""+name+"\" had ended")
		like(t, u.minins("--rootless="+name, "ip", "netns"), 0, "", "")
	}
	// One that is held by who is no holder.
	f, err := os.Create(u.run + "/minins/far")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"99999999 1", strconv.Itoa(os.Getpid()) + " 1"} {
		if err := os.WriteFile(f.Name(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		like(t, u.minins("--rootless=far", "ip"), 1, "", "minins --rootless: lab \"far\": the process that holds it cannot be seen from here")
	}
	if err := f.Truncate(0); err != nil {
		t.Fatal(err)
	}
	like(t, u.minins("--rootless=far", "ip"), 1, "", "minins --rootless: lab \"far\": it is being made, but does not get ready")
	f.Close()
	like(t, u.minins("lab", "stop", "far"), 0, "", "")
	// A link is not followed.
	if err := os.Symlink("/etc/passwd", u.run+"/minins/link"); err != nil {
		t.Fatal(err)
	}
	like(t, u.minins("--rootless=link", "ip"), 1, "", "minins --rootless: lab \"link\": Too many levels of symbolic links\n")
	if err := os.Remove(u.run + "/minins/link"); err != nil {
		t.Fatal(err)
	}
}

// TestDirectory has places for labs that cannot be trusted.
func TestDirectory(t *testing.T) {
	u := newUser(t)
	dir := u.run + "/minins"
	const said = ": labs are kept there, and it is not a directory of yours alone (mode 0700)"
	refused := func() {
		t.Helper()
		for _, line := range []string{"--rootless=red ip", "lab", "lab stop red"} {
			got := u.minins(strings.Fields(line)...)
			if got.Code != 1 || !strings.Contains(got.Stderr, dir+said) {
				t.Errorf("%s: %+v", line, got)
			}
		}
	}
	for _, mode := range []os.FileMode{0o755, 0o770, 0o777} {
		if err := os.Mkdir(dir, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		refused()
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(t.TempDir(), dir); err != nil {
		t.Fatal(err)
	}
	refused()
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused()
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	// Without XDG_RUNTIME_DIR, with one of others and with one that is no path:
	// /tmp, the sticky directory of all.
	for _, run := range []string{"", "/", "relative", "/nosuch"} {
		if os.Geteuid() == 0 {
			break // root's are in /run
		}
		v := *u
		v.env = append(append([]string{}, u.env...), "XDG_RUNTIME_DIR="+run)
		tmp := fmt.Sprintf("/tmp/minins-%d", os.Geteuid())
		name := "minins-test-" + strconv.Itoa(os.Getpid())
		like(t, v.minins("--rootless="+name, "test", "-f", tmp+"/"+name), 0, "", "")
		like(t, v.minins("lab", "stop", name), 0, "", "")
		if _, err := os.Stat(tmp + "/" + name); err == nil {
			t.Errorf("%s/%s is left", tmp, name)
		}
	}
}

// TestFirst has many commands be the first of a lab at once: one makes it, all join it.
func TestFirst(t *testing.T) {
	u := newUser(t)
	for range 5 {
		const n = 20
		var all sync.WaitGroup
		nets := make([]string, n)
		for i := range n {
			all.Add(1)
			go func() {
				defer all.Done()
				out, err := u.command("--rootless=race", "sh", "-c", "readlink /proc/self/ns/net; ip netns add n"+strconv.Itoa(i)).CombinedOutput()
				if err != nil {
					t.Errorf("%v: %s", err, out)
				}
				nets[i] = string(out)
			}()
		}
		all.Wait()
		for _, net := range nets {
			if net != nets[0] {
				t.Errorf("%q, %q", net, nets[0])
			}
		}
		if got := strings.Fields(u.minins("--rootless=race", "ip", "netns").Must(t)); len(got) != n {
			t.Errorf("%d names, want %d: %q", len(got), n, got)
		}
		u.minins("lab", "stop", "race").Must(t)
	}
	// First ones, joins, lists and stops in any order: each does what it says or says why not.
	var all sync.WaitGroup
	for i := range 40 {
		all.Add(1)
		go func() {
			defer all.Done()
			args := [][]string{{"--rootless=mix", "true"}, {"lab"}, {"lab", "stop", "mix"}, {"--rootless=mix", "ip", "link"}}[i%4]
			out, err := u.command(args...).CombinedOutput()
			if err != nil && !strings.Contains(string(out), "there is no lab of that name") && signalOf(err) == 0 && !killedByStop(err) {
				t.Errorf("%q: %v: %s", args, err, out)
			}
		}()
	}
	all.Wait()
	u.minins("--rootless=mix", "true").Must(t)
}

// killedByStop has the command have ended by a signal of "lab stop", as a number.
func killedByStop(err error) bool {
	exit, ok := err.(*exec.ExitError)
	return ok && exit.ExitCode() > 128
}

// TestStop ends what runs in a lab: what heeds SIGTERM and what does not, what is
// stopped, what is in user namespaces below it, and daemons.
func TestStop(t *testing.T) {
	u := newUser(t)
	u.minins("--rootless=stop", "sh", "-c", `
		sleep 60 >/dev/null 2>&1 &
		sleep 60 >/dev/null 2>&1 & sleep 0.1; kill -STOP $!
		setsid sh -c 'trap "" TERM; while :; do sleep 1; done' >/dev/null 2>&1 &
		minins --rootless minins --rootless sleep 60 >/dev/null 2>&1 &
		minins --rootless=inner sleep 60 >/dev/null 2>&1 &
		sleep 0.3`).Must(t)
	outside := exec.Command("sleep", "60")
	if err := outside.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = outside.Process.Kill()
		_ = outside.Wait()
	}()
	other := u.command("--rootless=other", "sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	testns.Eventually(t, "another lab", func() bool {
		return strings.Contains(u.minins("lab").Stdout, "other: held") && strings.Contains(u.minins("lab").Stdout, "other processes: 1\n")
	})
	start := time.Now()
	u.minins("lab", "stop", "stop").Must(t)
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("stop took %v", took)
	}
	got := u.minins("lab").Must(t)
	if strings.Contains(got, "stop") || !strings.Contains(got, "other processes: 1\n") {
		t.Errorf("left: %q", got)
	}
	if !alive(outside.Process.Pid) || !alive(other.Process.Pid) {
		t.Error("a process outside has been killed")
	}
	u.minins("lab", "stop", "other").Must(t)
	if got := signalOf(other.Wait()); got != unix.SIGTERM {
		t.Errorf("the command in the other lab died of %v, want SIGTERM", got)
	}
	for _, file := range mustGlob(t, "/proc/[0-9]*/cmdline") {
		if b, _ := os.ReadFile(file); strings.Contains(string(b), testns.Binary()) || string(b) == "rootless-holder\x00stop\x00" {
			t.Errorf("%s is left: %q", file, b)
		}
	}
}

func mustGlob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestKilledMaker kills the process that makes a lab at any time: then there is a lab,
// or none, or one that the next command makes anew, and nothing else.
func TestKilledMaker(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	made := 0
	for i := range 60 {
		cmd := u.command("--rootless=killed", "sleep", "60")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 300 * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it says "killed"
		got := u.minins("--rootless=killed", "sh", "-c", "ip netns; ip netns add x")
		if got.Code != 0 || got.Stdout != "" {
			t.Fatalf("%d: %+v", i, got)
		}
		if got.Stderr == "" {
			made++
		}
		u.minins("lab", "stop", "killed").Must(t)
	}
	t.Logf("%d of 60 left no trace of an end", made)
	testns.Eventually(t, "all processes end", func() bool {
		for _, file := range mustGlob(t, "/proc/[0-9]*/cmdline") {
			if b, _ := os.ReadFile(file); string(b) == "rootless-holder\x00killed\x00" || strings.Contains(string(b), "--rootless=killed") {
				return false
			}
		}
		return true
	})
}
