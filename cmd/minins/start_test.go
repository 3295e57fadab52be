//go:build linux && (amd64 || arm64)

package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
)

// started is minins with start in it.
func started(t *testing.T) (file string) {
	t.Helper()
	testns.Tool(t, "sh")
	file = filepath.Join(t.TempDir(), "minins")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-ldflags", "-E main.start", "-o", file, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// Where standard output is closed, to print is an error as any other; what prints nothing
// succeeds.
func TestClosedOutput(t *testing.T) {
	file := started(t)
	for _, tt := range []struct {
		words, stderr string
		code          int
	}{
		{"explain ip link", "explain: standard output: write /dev/stdout: bad file descriptor\n", 1},
		{"graph", "graph: standard output: write /dev/stdout: bad file descriptor\n", 1},
		{"ping -V", "ping: write error\n", 1},
		{"unshare sh -c 'echo hello 2>/dev/null'", "", 1}, // so it is for the program that minins becomes
		{"ip link set lo up", "", 0},
	} {
		cmd := exec.Command("sh", "-c", file+" "+tt.words+" >&-")
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != tt.code || string(out) != tt.stderr {
			t.Errorf("%s: %v, want exit %d; stderr %q, want %q", tt.words, err, tt.code, out, tt.stderr)
		}
	}
	// What is written to a file is not concerned.
	if out, err := exec.Command("sh", "-c", file+" graph --dot -o "+t.TempDir()+"/a.dot >&-").CombinedOutput(); err != nil {
		t.Errorf("to a file: %v\n%s", err, out)
	}
}

// Signals that are ignored or blocked are so in the program that takes minins'
// place, and in one that it starts.
func TestInheritsSignals(t *testing.T) {
	file := started(t)
	ignored := []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGPIPE, unix.SIGTERM, unix.SIGUSR1, unix.SIGTSTP, 40, 64}
	masked := []unix.Signal{unix.SIGTERM, unix.SIGUSR2, unix.SIGCHLD, 37}
	trap := "trap ''"
	for _, s := range ignored {
		trap += " " + strconv.Itoa(int(s))
	}
	status := "/proc/self/status"
	for _, words := range []string{"unshare cat", "unshare -Ur --fork cat", "nsenter cat", "unshare -Ur --fork " + file + " nsenter cat"} {
		runtime.LockOSThread()
		var mask, before unix.Sigset_t
		mask.Val[0] = set(masked)
		if err := unix.PthreadSigmask(unix.SIG_BLOCK, &mask, &before); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("sh", "-c", trap+"; exec "+file+" "+words+" "+status).CombinedOutput()
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil); err != nil {
			t.Fatal(err)
		}
		runtime.UnlockOSThread()
		if err != nil && strings.Contains(words, "-U") && strings.Contains(string(out), "not permitted") {
			t.Logf("no user namespaces here: %s", out)
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", words, err, out)
		}
		if got := field(string(out), "SigIgn"); got&set(ignored) != set(ignored) {
			t.Errorf("%s: %#x are ignored, want %#x", words, got, set(ignored))
		}
		if got := field(string(out), "SigBlk"); got&set(masked) != set(masked) {
			t.Errorf("%s: %#x are blocked, want %#x", words, got, set(masked))
		}
	}
}

// set has the bit of each signal.
func set(signals []unix.Signal) (bits uint64) {
	for _, s := range signals {
		bits |= 1 << (s - 1)
	}
	return bits
}

func field(status, name string) uint64 {
	m := regexp.MustCompile(name + `:\s*([0-9a-f]+)`).FindStringSubmatch(status)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseUint(m[1], 16, 64)
	return n
}
