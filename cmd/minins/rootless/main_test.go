//go:build linux

package rootless_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/internal/tutorial"
)

func TestMain(m *testing.M) {
	tutorial.Main()
	if os.Getenv("MININS_FILTER") != "" {
		os.Exit(filtered())
	}
	testns.Ordinary(m, "..")
}

// A user is one with labs of its own.
type user struct {
	t   *testing.T
	run string // XDG_RUNTIME_DIR
	env []string
}

// newUser ends all labs of the user with the test, and looks whether that was all.
func newUser(t *testing.T) *user {
	t.Helper()
	u := &user{t: t, run: t.TempDir()}
	u.env = append(os.Environ(), "XDG_RUNTIME_DIR="+u.run, "LC_ALL=C", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
	t.Cleanup(func() {
		labs, err := filepath.Glob(u.run + "/minins/*")
		if err != nil {
			t.Error(err)
		}
		for _, lab := range labs {
			u.minins("lab", "stop", filepath.Base(lab)).Must(t)
		}
		if left, err := os.ReadDir(u.run); err != nil || len(left) > 0 {
			t.Errorf("%v is left: %v", left, err)
		}
	})
	return u
}

// command is a call of minins.
func (u *user) command(args ...string) *exec.Cmd {
	cmd := exec.Command(testns.Binary(), args...)
	cmd.Env = u.env
	return cmd
}

// minins runs minins.
func (u *user) minins(args ...string) testns.Result {
	u.t.Helper()
	return result(u.t, u.command(args...))
}

func result(t *testing.T, cmd *exec.Cmd) testns.Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) || !timer.Stop() {
		t.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, &stdout, &stderr)
	}
	return testns.Result{Args: cmd.Args, Stdout: stdout.String(), Stderr: stderr.String(), Code: cmd.ProcessState.ExitCode()}
}

// like fails the test unless a result is as wanted; the text of standard error is
// to begin like that.
func like(t *testing.T, r testns.Result, code int, stdout, stderr string) {
	t.Helper()
	if r.Code != code || r.Stdout != stdout || !strings.HasPrefix(r.Stderr, stderr) || (stderr == "") != (r.Stderr == "") {
		t.Errorf("%s:\ngot  %d %q %q\nwant %d %q %q", strings.Join(r.Args[1:], " "), r.Code, r.Stdout, r.Stderr, code, stdout, stderr)
	}
}

// alive reports whether a process has not ended.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(b), ") Z ")
}

func signalOf(err error) syscall.Signal {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.Sys().(syscall.WaitStatus).Signal()
	}
	return 0
}
