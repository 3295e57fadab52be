//go:build linux

package doctor_test

import (
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// TestLegacyWords shows rules of iptables-legacy in the words of nft, with the commands
// that take them out.
func TestLegacyWords(t *testing.T) {
	t.Parallel()
	s := play(t, routed)
	s.listen("right", "tcp 0.0.0.0:80")
	for i, c := range [...][2]string{
		{"iptables-legacy -A FORWARD -s 10.1.0.0/24 -o right -j DROP", `iptables-legacy: table ip filter, chain FORWARD, handle 1: ip saddr 10.1.0.0/24 oifname "right" drop`},
		{"iptables-legacy -A FORWARD -s 10.0.0.0/13 ! -d 10.2.0.4/30 -i le+ -j DROP", `iptables-legacy: table ip filter, chain FORWARD, handle 1: ip saddr 10.0.0.0/13 iifname "le*" ip daddr != 10.2.0.4/30 drop`},
		{"iptables-legacy -A FORWARD -i left -p tcp --sport 1000: ! --dport 81 -j DROP", `iptables-legacy: table ip filter, chain FORWARD, handle 1: iifname "left" tcp sport 1000-65535 tcp dport != 81 drop`},
		{"iptables-legacy -A FORWARD -p tcp --dport 80:90 --syn -j DROP", `iptables-legacy: table ip filter, chain FORWARD, handle 1: tcp dport 80-90 xt match "tcp" drop`},
		{"iptables-legacy -t mangle -A PREROUTING -p icmp -j DROP", `iptables-legacy: table ip mangle, chain PREROUTING, handle 1: meta l4proto icmp drop`},
		{"iptables-legacy -P FORWARD DROP", `iptables-legacy: table ip filter, chain FORWARD: policy drop`},
	} {
		if !testns.Some(i, 1, 6) {
			continue
		}
		rule, want, question := c[0], c[1], "left right"
		if strings.Contains(rule, "-p tcp") {
			question += ":80"
		}
		s.sh("ip netns exec rt " + rule)
		r := s.ask(question)
		if f := r.Fault(); f == nil || f.Evidence != want {
			t.Errorf("%s\ngot %s, want %s", rule, r, want)
		} else {
			s.mend(f)
		}
		if r = s.ask(question); r.id() != "" {
			t.Errorf("%s is not mended:\n%s", rule, r)
		}
	}
}
