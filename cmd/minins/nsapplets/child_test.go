//go:build linux

package nsapplets_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSignals has SIGTERM passed on, and the death of the parent with it.
func TestSignals(t *testing.T) {
	cmd := exec.Command("/proc/self/exe", "-f", "sleep", "60")
	cmd.Args[0] = "unshare"
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sleeper(t, cmd.Process.Pid)
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its status is the point
	if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signal() != unix.SIGTERM {
		t.Errorf("%v, want SIGTERM", cmd.ProcessState)
	}
}

// TestKillChild has the program die with unshare, also as the PID 1 that a
// [nsapplets.UnshareChild] became.
func TestKillChild(t *testing.T) {
	for _, line := range []string{"--kill-child", "-p --mount-proc --kill-child", "-r", "-rm", "-rpm --kill-child"} {
		cmd := exec.Command("/proc/self/exe", append(strings.Fields(line), "sleep", "60")...)
		cmd.Args[0] = "unshare"
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		child := sleeper(t, cmd.Process.Pid)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it says "killed"
		if !ends(child) {
			t.Errorf("unshare %s: the child lives", line)
		}
	}
}

func ends(pid int) bool {
	for range 500 {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(b), ") Z ") {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}
