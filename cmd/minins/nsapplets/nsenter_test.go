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
