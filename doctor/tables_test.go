//go:build linux

package doctor

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// TestDecide compares what is read from rules and tables with the routes that the kernel
// answers, for rules and tables by chance.
func TestDecide(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	for round := range testns.Rounds(40) {
		host := testns.New(t)
		script := `ip link set lo up
ip link add e1 type veth peer name e3
ip link add e2 type veth peer name e4
for l in e1 e2 e3 e4; do ip link set $l up; done
ip addr add 10.1.0.2/24 dev e1
ip addr add 10.3.0.2/24 dev e2
ip rule del table main
ip rule add table main priority 900
`
		for _, table := range []string{"main", "7", "8"} {
			for _, dst := range []string{"default", "10.0.0.0/8", "10.9.0.0/16", "10.9.9.0/24", "10.8.0.0/16"} {
				if r.IntN(2) == 0 {
					script += "ip route add " + pick(dst+" via 10.1.0.1", dst+" via 10.1.0.9", dst+" via 10.3.0.1", "blackhole "+dst, "unreachable "+dst, "throw "+dst, "prohibit "+dst) + " table " + table + "\n"
				}
			}
		}
		for range 6 {
			script += "ip rule add " + pick("", "", "not ") + pick("from 10.1.0.2", "from 10.3.0.0/16", "to 10.9.0.0/16", "to 10.9.9.9", "fwmark 1", "fwmark 0x2/0x6", "iif lo", "iif e1", "ipproto udp", "ipproto tcp dport 80-90", "from 10.1.0.0/24 to 10.8.0.0/16") +
				" " + pick("table 7", "table 8", "table 7 suppress_prefixlength 8", "prohibit", "blackhole", "unreachable", "goto 800", "nop") + fmt.Sprintf(" priority %d\n", 100+r.IntN(600))
		}
		script += "ip rule add table 8 priority 800\n"
		host.Run(t, "/bin/sh", "-e", "-c", script).Must(t)
		host.Do(t, func() {
			s, err := survey.Take(t.Context(), survey.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			k := &Kernel{Context: t.Context()}
			defer k.Close()
			w := &walk{Examination: &Examination{}, survey: s, host: k}
			n := s.Namespaces[slices.IndexFunc(s.Namespaces, func(n *survey.Namespace) bool { return n.Home })]
			for _, src := range []string{"10.1.0.2", "10.3.0.2"} {
				for _, dst := range []string{"10.9.9.9", "10.9.1.1", "10.8.1.1", "10.7.7.7", "192.0.2.1", "10.3.0.7"} {
					for _, p := range []packet{{proto: unix.IPPROTO_ICMP}, {proto: unix.IPPROTO_TCP, dport: 80, mark: mark{value: 1}}, {proto: unix.IPPROTO_UDP, dport: 80, mark: mark{value: 3}}} {
						p.src, p.dst = netip.MustParseAddr(src), netip.MustParseAddr(dst)
						got, err := w.look(n, &p, nil)
						rule, want := decide(n, &p, nil)
						switch {
						case err != nil && (want == nil || refuses(want)):
						case err == nil && want != nil && got.OIF == want.OIF && got.Gateway == want.Gateway:
						default:
							t.Errorf("round %d, %v, mark %d: the kernel says %s (%v), and not %s\n%s", round, &p, p.mark.value, shown(n, got), err, shown(n, want), script)
							if rule != nil {
								t.Error(ruleText(rule))
							}
							return
						}
					}
				}
			}
		})
	}
}

func shown(n *survey.Namespace, r *rtnl.Route) string {
	if r == nil {
		return "nothing"
	}
	return strings.TrimSpace(r.Type.String() + " " + routeText(n, r))
}
