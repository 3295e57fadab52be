//go:build linux

package testns

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// path is where the real tools are, also for users whose PATH has no sbin.
const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// limit is how long a command may take.
const limit = 30 * time.Second

// Tool returns the path of a real tool ("ip", "nft"), or skips the test.
func Tool(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range strings.Split(os.Getenv("PATH")+":"+path, ":") {
		file := dir + "/" + name
		if st, err := os.Stat(file); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return file
		}
	}
	Skip(t, name+" is not installed")
	return ""
}

// ToolOf is Tool, and skips the test where the tool is of another version than the one whose bytes it
// is about ("v1.0.6"): others send other ones that mean the same.
func ToolOf(t testing.TB, name, version string) {
	t.Helper()
	if is := Run(t, Tool(t, name), "--version").Must(t); !strings.Contains(is, version) {
		Skip(t, fmt.Sprintf("compared with %s %s, and here is %s", name, version, strings.TrimSpace(is)))
	}
}

// A Result is what a command did.
type Result struct {
	Args           []string
	Stdout, Stderr string
	Code           int // exit status; -1 when a signal ended it
}

// Must fails the test unless the command exited with 0, and returns its
// standard output.
func (r Result) Must(t testing.TB) string {
	t.Helper()
	if r.Code != 0 {
		t.Fatalf("%s: exit status %d\n%s%s", strings.Join(r.Args, " "), r.Code, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

// Run runs a command in the suite's own namespaces. A name without a slash is
// a real tool: see [Tool]. The locale is C.
func Run(t testing.TB, args ...string) Result {
	t.Helper()
	return Cmd{Args: args}.Run(t)
}

// Run runs a command inside the namespace. /sys stays the suite's.
func (ns *NS) Run(t testing.TB, args ...string) Result {
	t.Helper()
	return Cmd{NS: ns, Args: args}.Run(t)
}

// A Cmd is a command to run, with all that may be said of it.
type Cmd struct {
	NS    *NS // nil: the suite's own
	Args  []string
	Stdin string
	Env   []string // "NAME=value", beside the suite's own
	Dir   string
}

// Run runs the command and waits for it. Only a command that cannot be
// started, or takes longer than 30 seconds, fails the test.
func (c Cmd) Run(t testing.TB) Result {
	t.Helper()
	name := c.Args[0]
	if !strings.Contains(name, "/") {
		name = Tool(t, name)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(name, c.Args[1:]...)
	cmd.Args[0] = c.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(c.Stdin), &stdout, &stderr
	cmd.Env = append(os.Environ(), "LC_ALL=C", "PATH="+os.Getenv("PATH")+":"+path)
	cmd.Env = append(cmd.Env, c.Env...)
	cmd.Dir = c.Dir
	cmd.WaitDelay = 10 * time.Second // a grandchild may keep the pipes open, and for a moment a process that is started beside it

	run := func() error { // a child inherits the namespaces of the thread that forks
		if err := cmd.Start(); err != nil {
			return err
		}
		timer := time.AfterFunc(limit, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		return cmd.Wait()
	}
	start := time.Now()
	var err error
	if c.NS != nil {
		err = c.NS.do(run)
	} else {
		err = run()
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", strings.Join(c.Args, " "), err)
	}
	if time.Since(start) >= limit {
		t.Fatalf("%s: still running after %v\n%s%s", strings.Join(c.Args, " "), limit, &stdout, &stderr)
	}
	return Result{Args: c.Args, Stdout: stdout.String(), Stderr: stderr.String(), Code: cmd.ProcessState.ExitCode()}
}
