//go:build linux

package ip

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
)

// appletEnv makes the test binary the applet itself, for commands that replace
// the process.
const appletEnv = "MININS_IP_TEST_APPLET"

func TestMain(m *testing.M) {
	if os.Getenv(appletEnv) != "" {
		c := &applet.Cmd{Name: "ip", Args: os.Args[1:], Stdin: os.Stdin, Stdout: bufio.NewWriter(os.Stdout), Stderr: os.Stderr,
			Getenv: os.Getenv, IsApplet: func(name string) bool { return name == "built-in" }, Dial: dialIn(nil)}
		if len(os.Args) > 0 && os.Args[0] == "built-in" {
			c.Printf("the built-in applet got %q\n", os.Args[1:])
			c.Stdout.Flush()
			os.Exit(9)
		}
		run := Run
		if len(c.Args) > 0 && c.Args[0] == "bridge" {
			run, c.Args = RunBridge, c.Args[1:]
		}
		code := run(c)
		c.Stdout.Flush()
		os.Exit(code)
	}
	testns.Main(m)
}

// dialIn opens sockets in a test's namespace, or in one that has a name.
func dialIn(ns *testns.NS) func(p *nl.Protocol, name string) (*nl.Conn, error) {
	return func(p *nl.Protocol, name string) (*nl.Conn, error) {
		if name != "" {
			n, err := nsfs.Open(name)
			if err != nil {
				return nil, err
			}
			defer n.Close()
			return nl.Dial(p, nl.Config{NetNS: n.Fd()})
		}
		if ns == nil {
			return nl.Dial(p, nl.Config{})
		}
		return nl.Dial(p, nl.Config{NetNS: ns.FD()})
	}
}

// ours runs the applet in the process, for one namespace.
func ours(t testing.TB, ns *testns.NS, stdin string, hints bool, args ...string) testns.Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := &applet.Cmd{Name: "ip", Args: args, Stdin: strings.NewReader(stdin), Stdout: bufio.NewWriter(&stdout), Stderr: &stderr,
		Getenv: func(string) string { return "" }, Dial: dialIn(ns), IsApplet: func(string) bool { return false }, Hints: hints}
	code := Run(c)
	if err := c.Stdout.Flush(); err != nil {
		t.Fatal(err)
	}
	return testns.Result{Args: append([]string{"ip"}, args...), Stdout: stdout.String(), Stderr: stderr.String(), Code: code}
}

// child runs the applet as a process.
func child(t testing.TB, ns *testns.NS, args ...string) testns.Result {
	t.Helper()
	return testns.Cmd{NS: ns, Args: append([]string{"/proc/self/exe"}, args...), Env: []string{appletEnv + "=1"}}.Run(t)
}
