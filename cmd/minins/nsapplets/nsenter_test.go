//go:build linux

package nsapplets_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNsenter enters the namespaces of a process that our unshare made.
func TestNsenter(t *testing.T) {
	cmd := exec.Command("/proc/self/exe", "-pfnui", "--mount-proc", "--kill-child", "sleep", "60")
	cmd.Args[0] = "unshare"
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // and --kill-child its child
		_ = cmd.Wait()
	}()
	pid := sleeper(t, cmd.Process.Pid)
	for _, line := range []string{
		"-t PID -p -m ps -eo comm", "-t PID -n cat /proc/thread-self/net/dev", "-t PID -n -u -i true",
		"-t PID true", "-t PID -n nosuch", "-t PID -n /tmp", "-t PID -p -m sh -c exit|5", "-t PID -p -m sh -c kill|-9|$$",
		"-t PID -p -m -F sh -c exit|5", "--net=/proc/PID/ns/net cat /proc/thread-self/net/dev", "-n/proc/PID/ns/net cat /proc/thread-self/net/dev",
		"-t PID -m=x true", "--target PID --net readlink /proc/self/ns/net",
		"-n/etc/passwd true", "-m/proc/PID/ns/net true", "-u/proc/PID/ns/net true", "-n -t", "--net", "-a true", "-t x true", "-t 12x -n true",
		"-n true", "-t 0 -n true", "-t 999999999 -n true", "-n/nosuch true", "--nosuch", "-z", "--target", "--no-fork=x",
	} {
		args := []string{"nsenter"}
		for word := range strings.FieldsSeq(line) {
			args = append(args, strings.ReplaceAll(strings.ReplaceAll(word, "|", " "), "PID", fmt.Sprint(pid)))
		}
		same(t, args...)
	}
	// The tool enters also what it is in already, which not everybody may.
	if got := ours(t, nil, "nsenter", "-t", fmt.Sprint(pid), "-a", "ps", "-eo", "comm").Must(t); got != "COMMAND\nsleep\nps\n" {
		t.Errorf("-a: got %q", got)
	}
}

// TestNsenterUser enters a user namespace, and others that only who is in it may enter.
func TestNsenterUser(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("echo script $0 $1; exit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"-Ur", "-U"} { // with a root, and without
		cmd := exec.Command("/proc/self/exe", user+"pfnui", "--mount-proc", "--kill-child", "sleep", "60")
		cmd.Args[0] = "unshare"
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = cmd.Process.Kill() // and --kill-child its child
			_ = cmd.Wait()
		}()
		pid := sleeper(t, cmd.Process.Pid)
		for _, line := range []string{
			"-t PID -U id -u", "-t PID -U -n cat /proc/thread-self/net/dev", "-t PID --user -p -m ps -eo comm",
			"-t PID -U -p -m ps -eo comm", "-t PID -U -p -m sh -c exit|5", "-t PID -U -p -m sh -c kill|-9|$$",
			"-t PID -U sh -c exit|6", "-t PID -U sh -c kill|-TERM|$$", "-t PID -U sh -c kill|-SEGV|$$",
			"--preserve-credentials -t PID -U grep Cap /proc/self/status", "--preserve-credentials -t PID -U -n -m -p id -u",
			"--preserve-credentials -t PID -U -n readlink /proc/self/ns/net", "-t PID -U readlink /proc/self/ns/user",
			"-t PID -U nosuch", "-t PID -U /tmp", "-t PID -U /etc/passwd", "-t PID -U -p -m -n nosuch", "-U/proc/self/ns/user true", "-U/nosuch true", "-U/etc/passwd true",
			"-t PID -U " + script + " x", "-t PID -U grep -E Sig|Shd /proc/self/status", "-t PID -U grep files /proc/self/limits",
			"-t PID -U -m pwd", "-t PID -U pwd",
		} {
			args := []string{"nsenter"}
			for word := range strings.FieldsSeq(line) {
				args = append(args, strings.ReplaceAll(strings.ReplaceAll(word, "|", " "), "PID", fmt.Sprint(pid)))
			}
			same(t, args...)
		}
		if user == "-Ur" {
			if got := ours(t, []string{"PATH=/nosuch"}, "nsenter", "-t", fmt.Sprint(pid), "--preserve-credentials", "-U", "-p", "-m", "built-in", "x"); got.Code != 7 || !strings.HasSuffix(got.Stdout, " [\"x\"]\n") {
				t.Errorf("an applet: %+v", got)
			}
			var before []string
			for _, f := range []string{"0", "many"} { // words of any number and length
				n := map[string]int{"0": 0, "many": 20000}[f]
				words := append([]string{"nsenter", "-t", fmt.Sprint(pid), "--preserve-credentials", "-U", "sh", "-c", "echo $#", "sh"}, make([]string, n)...)
				before = append(before, ours(t, nil, words...).Must(t))
			}
			if got := strings.Join(before, ""); got != "0\n20000\n" {
				t.Errorf("words: %q", got)
			}
		}
	}
	got := ours(t, []string{"EXPLAIN=1"}, "nsenter", "-t", "12", "-U", "-p", "/bin/ps").Must(t)
	if want := `openat(AT_FDCWD, "/proc/12/ns/user", O_RDONLY|O_CLOEXEC)
openat(AT_FDCWD, "/proc/12/ns/pid", O_RDONLY|O_CLOEXEC)
clone(SIGCHLD)
setns(fd, 0)
setns(fd, 0)
setgroups(0, NULL)
setgid(0)
setuid(0)
clone(CLONE_PARENT|SIGCHLD)
execve("/bin/ps", ["/bin/ps"], environ)
`; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// sleeper waits for a descendant of pid to have become "sleep".
func sleeper(t *testing.T, pid int) int {
	t.Helper()
	for range 500 {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/comm", pid, pid))
		if string(b) == "sleep\n" {
			return pid
		}
		child := 0
		for _, f := range glob(t, fmt.Sprintf("/proc/%d/task/*/children", pid)) { // any thread may have forked
			b, _ := os.ReadFile(f)
			if n, _ := fmt.Sscan(string(b), &child); n == 1 {
				break
			}
		}
		if child != 0 {
			pid = child
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d: no sleep", pid)
	return 0
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
}
