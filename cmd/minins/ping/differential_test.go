//go:build linux

package ping

import (
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minins/minins/internal/testns"
)

// network is a namespace with cables to two others. Behind the first there is
// nothing but routes that refuse: 10.0.0.1 and fd00::1 here, .2 and ::2 there.
// Behind the second are the odd hosts.
func network(t *testing.T) *testns.NS {
	t.Helper()
	here, there, odd := testns.New(t), testns.New(t), testns.New(t)
	for _, ns := range []*testns.NS{here, there, odd} {
		ns.Up(t, "lo")
		ns.Sysctl(t, "net/ipv6/conf/default/accept_dad", 0)
		ns.Sysctl(t, "net/ipv4/conf/all/accept_redirects", 0)
		ns.Sysctl(t, "net/ipv4/icmp_ratemask", 0) // two at once are asking
		ns.Sysctl(t, "net/ipv6/icmp/ratelimit", 0)
	}
	there.Sysctl(t, "net/ipv4/ip_forward", 1)
	there.Sysctl(t, "net/ipv6/conf/all/forwarding", 1)
	for _, side := range []struct {
		ns    *testns.NS
		lines string
	}{
		{here, `link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02 netns ` + there.Path() + `
			link add v2 type veth peer name v3 netns ` + odd.Path()},
		{there, `addr add 10.0.0.2/24 dev v1
			addr add fd00::2/64 dev v1
			link set v1 up
			route add blackhole 10.9.1.0/24
			route add prohibit 10.9.2.0/24
			route add unreachable 10.9.3.0/24
			route add blackhole fd09:1::/64
			route add prohibit fd09:2::/64
			route add unreachable fd09:3::/64`},
		{odd, `addr add 10.2.0.2/24 dev v3
			addr add fd02::2/64 dev v3
			link set v3 up
			route add 10.0.0.0/8 via 10.2.0.1
			route add default via fd02::1`},
		{here, `addr add 10.0.0.1/24 dev v0
			addr add fd00::1/64 dev v0
			addr add ::9.0.0.1/128 dev v0
			addr add 10.2.0.1/24 dev v2
			addr add fd02::1/64 dev v2
			link set v0 up
			link set v2 up
			route add 10.9.0.0/16 via 10.0.0.2
			route add fd09::/16 via fd00::2
			route add blackhole 10.8.1.0/24
			route add prohibit 10.8.2.0/24
			route add unreachable 10.8.3.0/24
			route add blackhole fd08:1::/64
			route add prohibit fd08:2::/64
			route add unreachable fd08:3::/64
			route add 10.1.0.0/16 via 10.2.0.2
			route add fd01::/64 via fd02::2`},
	} {
		for line := range strings.Lines(side.lines) {
			side.ns.Run(t, append([]string{"ip"}, strings.Fields(line)...)...).Must(t)
		}
	}
	oddHosts(t, odd)
	time.Sleep(1100 * time.Millisecond) // until carrier, and what follows from it, has settled
	return here
}

// etc puts files with names in place of the host's, and a name server that is
// not there.
func etc(t *testing.T) {
	t.Helper()
	testns.Replace(t, map[string]string{
		"/etc/hosts":       "127.0.0.1 localhost\n10.0.0.2 two second\n10.0.0.1 one\nfd00::2 six\n10.0.0.2 both\nfd00::2 both\n",
		"/etc/resolv.conf": "nameserver 127.0.0.1\n",
	})
}

// hurried is what depends on who is faster: the dots of a flood, and how many
// packets were on their way at once.
var hurried = regexp.MustCompile(`[.\x08 E]*\x08[.\x08 E]*|(, )?pipe [0-9]+`)

// atOnce is how many commands run at a time: they wait most of the time.
const atOnce = 10

// TestDifferential runs the commands in testdata with the real ping and with
// ours, on raw sockets and on the kernel's own: the same output, errors and exit
// status.
func TestDifferential(t *testing.T) {
	version := testns.Run(t, "ping", "-V").Must(t)
	if !strings.HasPrefix(version, "ping from iputils 20221126") {
		testns.Skip(t, "another ping is installed: "+version)
	}
	etc(t)
	for _, run := range []struct {
		name, script string
		dgram        bool
	}{{"refused", "refused", false}, {"raw", "replies", false}, {"dgram", "replies", true}} {
		t.Run(run.name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile("testdata/" + run.script + ".script")
			if err != nil {
				t.Fatal(err)
			}
			ns := network(t)
			if run.dgram {
				anyGroup(t, ns)
			}
			var wait sync.WaitGroup
			slots := make(chan struct{}, atOnce)
			n := 0
			for line := range strings.Lines(string(text)) {
				line = strings.TrimSpace(line)
				if line == "" || line[0] == '#' {
					continue
				}
				n++
				slots <- struct{}{}
				wait.Go(func() {
					same(t, ns, line)
					<-slots
				})
			}
			wait.Wait()
			t.Logf("%d commands", n)
		})
	}
}

// same checks that ours and the real ping say the same. Both run at once. On a
// busy machine a reply may come just too late for one of them, so that of three
// attempts one has to be alike.
func same(t *testing.T, ns *testns.NS, line string) {
	t.Helper()
	var ours, real testns.Result
	for range 3 {
		var wait sync.WaitGroup
		wait.Go(func() { ns.Do(t, func() { ours = command(testns.Words(line)[1:]...) }) })
		real = ns.Run(t, testns.Words(line)...)
		wait.Wait()
		for _, r := range []*testns.Result{&ours, &real} {
			r.Stdout, r.Stderr = mask(hurried.ReplaceAllString(r.Stdout, "")), mask(r.Stderr)
			r.Stderr, _, _ = strings.Cut(r.Stderr, "\nUsage") // the real one has more options
		}
		if ours.Code == real.Code && ours.Stdout == real.Stdout && ours.Stderr == real.Stderr {
			return
		}
	}
	t.Errorf("%s:\nours: %d %q %q\nreal: %d %q %q", line, ours.Code, ours.Stdout, ours.Stderr, real.Code, real.Stdout, real.Stderr)
}
