//go:build linux

package iptables

import (
	"bufio"
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

func TestMain(m *testing.M) { testns.Main(m) }

// call runs an applet in process; dial opens its sockets.
func call(dial func(*nl.Protocol, string) (*nl.Conn, error), hints bool, args ...string) testns.Result {
	var stdout, stderr bytes.Buffer
	c := &applet.Cmd{
		Name: args[0], Args: args[1:], Stdin: strings.NewReader(""), Stdout: bufio.NewWriter(&stdout), Stderr: &stderr,
		Getenv: func(string) string { return "" }, Hints: hints, Dial: dial,
	}
	run := Run
	if strings.HasSuffix(c.Name, "-save") {
		run = Save
	}
	if strings.HasSuffix(c.Name, "-translate") {
		run = Translate
	}
	code := run(c)
	c.Stdout.Flush()
	return testns.Result{Args: args, Stdout: stdout.String(), Stderr: stderr.String(), Code: code}
}

// ours runs our applet in a namespace.
func ours(ns *testns.NS, args ...string) testns.Result {
	return call(func(p *nl.Protocol, _ string) (*nl.Conn, error) {
		return nl.Dial(p, nl.Config{NetNS: ns.FD()})
	}, false, args...)
}

// offline runs an applet that must not get as far as to open a socket.
func offline(t *testing.T, hints bool, args ...string) testns.Result {
	t.Helper()
	return call(func(*nl.Protocol, string) (*nl.Conn, error) {
		t.Fatalf("%s: opens a socket", strings.Join(args, " "))
		return nil, nil
	}, hints, args...)
}

var (
	dated   = regexp.MustCompile(`on \w{3} \w{3} +\d+ [\d:]+ \d{4}`)
	protRow = regexp.MustCompile(`(?m)^((?:\d+ +)?(?: *\d+[KMGT]? +\d+[KMGT]? )?\S* {0,10}?[ !])(\d+) +(--|-f|!f) `)
)

// masked takes out of a text of the real tool's what differs by design: dates,
// and the protocol numbers that 1.8.9 alone prints with -n.
func maskedText(s string) string {
	s = dated.ReplaceAllString(s, "on DATE")
	return protRow.ReplaceAllStringFunc(s, func(row string) string {
		m := protRow.FindStringSubmatch(row)
		var num uint64
		num, _ = number(m[2], 8)
		name := (&naming{numeric: true}).protocol(uint8(num))
		return m[1] + name + strings.Repeat(" ", max(0, 4-len(name))) + " " + m[3] + " "
	})
}

// compare fails the test unless two results are the same.
func compare(t *testing.T, what string, got, want testns.Result) {
	t.Helper()
	if got.Code != want.Code {
		t.Errorf("%s: exit status %d, the real tool's %d", what, got.Code, want.Code)
	}
	for _, x := range [][3]string{{"stdout", got.Stdout, want.Stdout}, {"stderr", got.Stderr, want.Stderr}} {
		if g, w := maskedText(x[1]), maskedText(x[2]); g != w {
			t.Errorf("%s: %s (-real +ours)\n%s", what, x[0], testns.Diff(w, g))
		}
	}
}
