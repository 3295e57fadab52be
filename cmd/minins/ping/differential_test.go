//go:build linux

package ping

import (
	"strings"
	"sync"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// same checks that ours and the real ping say the same. Both run at once.
func same(t *testing.T, ns *testns.NS, line string) {
	t.Helper()
	var ours testns.Result
	var wait sync.WaitGroup
	wait.Go(func() { ns.Do(t, func() { ours = command(line) }) })
	real := ns.Run(t, append([]string{"ping"}, strings.Fields(line)...)...)
	wait.Wait()
	if ours.Code != real.Code || mask(ours.Stdout) != mask(real.Stdout) || ours.Stderr != real.Stderr {
		t.Errorf("ping %s:\nours: %d %q %q\nreal: %d %q %q", line,
			ours.Code, mask(ours.Stdout), ours.Stderr, real.Code, mask(real.Stdout), real.Stderr)
	}
}

// network is a namespace with a cable to another one, behind which there is
// nothing: 10.0.0.1 and fd00::1 here, .2 and ::2 there.
func network(t *testing.T) *testns.NS {
	t.Helper()
	here, there := testns.New(t), testns.New(t)
	for _, line := range []string{
		"link add v0 type veth peer name v1 netns " + there.Path(),
		"addr add 10.0.0.1/24 dev v0", "addr add fd00::1/64 dev v0 nodad", "link set v0 up",
		"route add 10.9.0.0/16 via 10.0.0.2", "route add fd09::/64 via fd00::2",
		"route add blackhole 10.8.1.0/24", "route add prohibit 10.8.2.0/24", "route add unreachable 10.8.3.0/24",
	} {
		here.Run(t, append([]string{"ip"}, strings.Fields(line)...)...).Must(t)
	}
	for _, line := range []string{"addr add 10.0.0.2/24 dev v1", "addr add fd00::2/64 dev v1 nodad", "link set v1 up"} {
		there.Run(t, append([]string{"ip"}, strings.Fields(line)...)...).Must(t)
	}
	here.Up(t, "lo")
	there.Up(t, "lo")
	there.Sysctl(t, "net/ipv4/ip_forward", 1)
	there.Sysctl(t, "net/ipv4/icmp_ratelimit", 0) // two at once are asking
	return here
}

func TestLikeIputils(t *testing.T) {
	version := testns.Run(t, "ping", "-V").Must(t)
	if !strings.HasPrefix(version, "ping from iputils 20221126") {
		testns.Skip(t, "another ping is installed: "+version)
	}
	ns := network(t)
	for _, kind := range []string{"raw", "dgram"} {
		if kind == "dgram" {
			anyGroup(t, ns)
		}
		for _, line := range []string{
			"-c2 -i 0.05 10.0.0.2", "-c1 fd00::2", "-q -c1 10.0.0.2", "-c1 -s 2000 10.0.0.2",
			"-c1 -I v0 10.0.0.2", "-c1 -I v0 10.0.0.1", "-c1 -I v0 fd00::2", "-c1 -I 10.0.0.1 10.0.0.2",
			"-c1 10.9.0.1", "-c1 10.8.1.1", "-c1 10.8.2.1", "-c1 10.8.3.1", "-c1 192.0.2.1", "-c1 2001:db8::1",
			"-c1 10.0.0.255", "-c1 -W0.1 -b 10.0.0.255", "-c1 -W0.1 -I v0 224.0.0.1", "-w1 -c9 -i 0.6 10.0.0.2", "-w1 -i 0.5 10.0.0.2",
			"-c1 -W0.1 -s 2000 -M do 10.0.0.2", "-c1 -W0.1 -s 2000 -M do fd00::2", "-c1 -W0.1 -s 70000 10.0.0.2",
			"-c1 0", "-c1 -W0.1 ::", "-c2 10.0.0.99",
		} {
			t.Run(kind+" "+line, func(t *testing.T) { same(t, ns, line) })
		}
	}
	for _, line := range []string{
		"-c 0 h", "-c x h", "-i nan h", "-i 99999999 h", "-W -1 h", "-w -1 h", "-s -1 h", "-t 256 h", "-4 -6 h", "-M x h", "-p zz h",
		"-l 0 h", "-Q x h", "-I ::zz ::1", "-4 -c1 ::1", "-6 -c1 127.0.0.1",
	} {
		t.Run("refused "+line, func(t *testing.T) { same(t, ns, line) })
	}
}
