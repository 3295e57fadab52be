//go:build linux

package arping

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// A place is two namespaces that are alike, for the real arping and for ours,
// each with a cable v0 to another one: 10.0.0.1 and .3 here, 10.0.0.2 there.
// v2 and v3 are a cable of their own, down.
type place struct{ ours, real *testns.NS }

func newPlace(t *testing.T) place {
	t.Helper()
	one := func() *testns.NS {
		here, there := testns.New(t), testns.New(t)
		batch := func(ns *testns.NS, text string) {
			testns.Cmd{NS: ns, Args: []string{"ip", "-batch", "-"}, Stdin: text}.Run(t).Must(t)
		}
		batch(here, "link set lo up\nlink add v2 type veth peer name v3\n"+
			"link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02 netns "+there.Path()+
			"\naddr add 10.0.0.1/24 dev v0\naddr add 10.0.0.3/24 dev v0\nlink set v0 up\n")
		batch(there, "addr add 10.0.0.2/24 dev v1\nlink set v1 up\n")
		batch(here, "route add blackhole 10.8.1.0/24\nroute add prohibit 10.8.2.0/24\nroute add unreachable 10.8.3.0/24\n")
		return here
	}
	return place{one(), one()}
}

// etc puts names in place of the host's, and a name server that is not there.
func etc(t *testing.T) {
	t.Helper()
	testns.Replace(t, map[string]string{
		"/etc/hosts":       "127.0.0.1 localhost\n10.0.0.2 two second\n10.0.0.1 one\nfd00::2 six\n",
		"/etc/resolv.conf": "nameserver 127.0.0.1\n",
	})
}

// TestDifferential runs the commands in testdata with the real arping and with
// ours: the same output, errors and exit status. Twenty run at a time, each in a
// place of its own: they wait most of the time.
func TestDifferential(t *testing.T) {
	t.Parallel()
	version := testns.Run(t, "arping", "-V").Must(t)
	if !strings.HasPrefix(version, "arping from iputils 20221126") {
		testns.Skip(t, "another arping is installed: "+version)
	}
	etc(t)
	text, err := os.ReadFile("testdata/arping.script")
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	var wait sync.WaitGroup
	for range 20 {
		p := newPlace(t)
		wait.Go(func() {
			for line := range lines {
				same(t, p, line)
			}
		})
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			n++
			lines <- line
		}
	}
	close(lines)
	wait.Wait()
	t.Logf("%d commands", n)
}

// same checks that ours and the real arping say the same. Both run at once. As
// the last request and the end are often due at the same moment, of several
// attempts one has to be alike.
func same(t *testing.T, p place, line string) {
	t.Helper()
	var ours, real testns.Result
	for range 4 {
		var wait sync.WaitGroup
		wait.Go(func() { p.ours.Do(t, func() { ours = command(testns.Words(line)[1:]...) }) })
		real = p.real.Run(t, testns.Words(line)...)
		wait.Wait()
		real.Stdout = took.ReplaceAllString(real.Stdout, "T")
		if ours.Code == real.Code && ours.Stdout == real.Stdout && ours.Stderr == real.Stderr {
			return
		}
		if !strings.Contains(line, " -w") {
			break
		}
	}
	t.Errorf("%s:\nours: %d %q %q\nreal: %d %q %q", line, ours.Code, ours.Stdout, ours.Stderr, real.Code, real.Stdout, real.Stderr)
}
