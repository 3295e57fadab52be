//go:build linux

package nettools

import (
	"bufio"
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

func TestMain(m *testing.M) { testns.Main(m) }

// run runs one of our applets inside ns.
func run(t *testing.T, ns *testns.NS, line string) testns.Result {
	t.Helper()
	var out, errs bytes.Buffer
	words := testns.Words(line)
	c := &applet.Cmd{
		Name: words[0], Args: words[1:], Stdout: bufio.NewWriter(&out), Stderr: &errs, Getenv: os.Getenv,
		Dial: func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Dial(p, nl.Config{}) },
	}
	r := testns.Result{Args: words}
	applet := Arp
	if words[0] == "route" {
		applet = Route
	}
	ns.Do(t, func() { r.Code = applet(c) })
	c.Stdout.Flush()
	r.Stdout, r.Stderr = out.String(), errs.String()
	return r
}

// same compares what the real tool and ours did. The usage may name fewer
// kinds of addresses and hardware.
func same(t *testing.T, line string, ours, real testns.Result) {
	t.Helper()
	for _, r := range []*testns.Result{&ours, &real} {
		var kept []string
		for _, s := range strings.SplitAfter(r.Stderr, "\n") {
			if !strings.HasPrefix(s, "    ") || s[4] == ' ' {
				kept = append(kept, s)
			}
		}
		r.Stderr = strings.Join(kept, "")
	}
	if ours.Code != real.Code || ours.Stdout != real.Stdout || ours.Stderr != real.Stderr {
		t.Errorf("%s:\n ours %d\n%s%s real %d\n%s%s", line, ours.Code, ours.Stdout, ours.Stderr, real.Code, real.Stdout, real.Stderr)
	}
}

// setup runs commands, one a line, in ns.
func setup(t *testing.T, ns *testns.NS, commands string) {
	t.Helper()
	for line := range strings.Lines(commands) {
		if words := strings.Fields(line); len(words) > 0 {
			ns.Run(t, words...).Must(t)
		}
	}
}

// etc puts files with names in place of the host's, and no name server that
// could be waited for.
func etc(t *testing.T) {
	t.Helper()
	testns.Replace(t, map[string]string{
		"/etc/hosts":       "127.0.0.1 localhost\n192.168.15.5 gateway.of.the.red.ones gw\n192.168.15.2 blue # a comment\n10.5.5.5 five\n192.168.20.128 half\n2001:db8::5 sixth.of.the.red.ones sixth\n::2 six\n",
		"/etc/networks":    "default 0.0.0.0\nloopback 127.0.0.0\n\n# link\nlink-local 169.254.0.0\nten-four 10.4.0 four\nseven 10.7.0.0\n",
		"/etc/resolv.conf": "",
	})
}

// TestEmptyTable has the one difference: it is no error.
func TestEmptyTable(t *testing.T) {
	ns := testns.New(t)
	for _, line := range []string{"route", "route -n", "route -ee"} {
		real := ns.Run(t, strings.Fields(line)...)
		if real.Code != 1 {
			t.Errorf("%s: the real one exits with %d", line, real.Code)
		}
		real.Code = 0
		same(t, line, run(t, ns, line), real)
	}
	for _, line := range []string{"arp", "arp -n", "arp -a", "arp -v", "arp -n 10.0.0.1"} {
		same(t, line, run(t, ns, line), ns.Run(t, strings.Fields(line)...))
	}
}

// TestProxyOfAll has a proxy without a device. It has to be deleted: the kernel
// keeps it when the namespace ends, and shows it in a later one.
func TestProxyOfAll(t *testing.T) {
	ns := testns.New(t)
	setup(t, ns, "ip neighbour add proxy 192.168.15.9")
	defer setup(t, ns, "ip neighbour delete proxy 192.168.15.9")
	for _, line := range []string{"arp -n", "arp -an", "arp -n 192.168.15.9"} {
		same(t, line, run(t, ns, line), ns.Run(t, strings.Fields(line)...))
	}
}

// An ioctl asks for the right before it looks for a device or a route.
func TestWithoutRight(t *testing.T) {
	for line, want := range map[string]string{
		"arp -d 10.9.0.1":                          "255 SIOCDARP(dontpub): Operation not permitted\n",
		"arp -i nosuch -d 10.9.0.1":                "255 SIOCDARP(dontpub): Operation not permitted\n",
		"arp -i nosuch -d 10.9.0.1 pub":            "255 SIOCDARP(pub): Operation not permitted\n",
		"arp -s 10.9.0.1 02:00:00:00:00:01":        "255 SIOCSARP: Operation not permitted\n",
		"route add -net 10.9.0.0/16 dev nosuch":    "7 SIOCADDRT: Operation not permitted\n",
		"route del -net 10.9.0.0/16 dev nosuch":    "7 SIOCDELRT: Operation not permitted\n",
		"route add default gw 10.0.0.1 dev nosuch": "7 SIOCADDRT: Operation not permitted\n",
		"route add -net 10.9.0.0/16 gw 10.77.0.1":  "7 SIOCADDRT: Operation not permitted\n",
	} {
		words := strings.Fields(line)
		var errs bytes.Buffer
		c := &applet.Cmd{Name: words[0], Args: words[1:], Stdout: bufio.NewWriter(&bytes.Buffer{}), Stderr: &errs, Getenv: os.Getenv,
			Dial: func(p *nl.Protocol, _ string) (*nl.Conn, error) {
				return nl.Pretend(p, func(datagram []byte, reply func([]byte)) {
					h, _, _, _ := nl.Next(datagram)
					no := unix.EPERM
					switch h.Type {
					case unix.RTM_GETROUTE:
						no = unix.ENETUNREACH
					case unix.RTM_GETLINK:
						no = unix.ENODEV
					}
					reply(nl.ReplyError(h, no))
				}), nil
			}}
		run := Arp
		if words[0] == "route" {
			run = Route
		}
		if got := strconv.Itoa(run(c)) + " " + errs.String(); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}
