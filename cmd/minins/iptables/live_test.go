//go:build linux

package iptables

import (
	"os"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// script reads a file of testdata: one command a line, "#" begins a remark.
func script(t *testing.T, name string) (list [][]string) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if w := testns.Words(line); len(w) > 0 && !strings.HasPrefix(w[0], "#") {
			list = append(list, w)
		}
	}
	return list
}

// isOurs reports whether a command of a script is one of our applets.
func isOurs(w []string) bool {
	return strings.HasPrefix(w[0], "iptables") || strings.HasPrefix(w[0], "ip6tables")
}

// saved is the whole state as iptables-save and ip6tables-save print it.
func saved(run func(args ...string) testns.Result) string {
	text := ""
	for _, name := range []string{"iptables-save", "ip6tables-save"} {
		r := run(name, "-c")
		text += maskedText(r.Stdout + r.Stderr)
	}
	return text
}

// TestLike runs each command by the real tool in one namespace and by ours in
// another: the exit status, what is printed, and the state that the real
// iptables-save and ours then read have to be the same.
func TestLike(t *testing.T) {
	testns.Tool(t, "iptables-save")
	for _, name := range []string{"commands", "mistakes"} {
		t.Run(name, func(t *testing.T) {
			theirs, mine := testns.New(t), testns.New(t)
			commands := script(t, name)
			if len(commands) < 100 {
				t.Fatalf("only %d commands", len(commands))
			}
			before := ""
			for _, w := range commands {
				line := strings.Join(w, " ")
				want := theirs.Run(t, w...)
				if !isOurs(w) {
					mine.Run(t, w...)
					continue
				}
				compare(t, line, ours(mine, w...), want)
				real := saved(func(args ...string) testns.Result { return theirs.Run(t, args...) })
				for _, x := range []struct {
					what string
					text string
				}{
					{"the real tool reads what ours wrote", saved(func(args ...string) testns.Result { return mine.Run(t, args...) })},
					{"ours reads what the real tool wrote", saved(func(args ...string) testns.Result { return ours(theirs, args...) })},
					{"ours reads what ours wrote", saved(func(args ...string) testns.Result { return ours(mine, args...) })},
				} {
					if x.text != real {
						t.Fatalf("%s: %s (-wanted +got)\n%s", line, x.what, testns.Diff(real, x.text))
					}
				}
				if name == "mistakes" && want.Code != 0 && before != "" && real != before {
					t.Errorf("%s: refused, and yet it changed something\n%s", line, testns.Diff(before, real))
				}
				before = real
			}
		})
	}
}

// TestCross has each tool check, list and delete the rules of the other.
func TestCross(t *testing.T) {
	testns.Tool(t, "iptables")
	type tool func(ns *testns.NS, args ...string) testns.Result
	real := func(ns *testns.NS, args ...string) testns.Result { return ns.Run(t, args...) }
	for _, tt := range []struct {
		name          string
		write, delete tool
	}{{"ours writes", ours, real}, {"theirs writes", real, ours}} {
		t.Run(tt.name, func(t *testing.T) {
			ns := testns.New(t)
			for _, line := range []string{"-N MINE", "-t nat -N MINE", "-t mangle -N MINE"} {
				tt.write(ns, append([]string{"iptables"}, testns.Words(line)...)...).Must(t)
			}
			empty := nftRules(t, ns)
			for _, r := range crossRules {
				rule := testns.Words(r)
				spec := rule[:2:2]
				with := func(do string) []string {
					args := append([]string{"iptables"}, spec...)
					return append(append(args, do), rule[2:]...)
				}
				tt.write(ns, with("-A")...).Must(t)
				list := append([]string{"iptables"}, append(spec, "-nvL")...)
				compare(t, "list "+r, ours(ns, list...), ns.Run(t, list...))
				if got := tt.delete(ns, with("-C")...); got.Code != 0 {
					t.Errorf("%s: -C: %d %s", r, got.Code, got.Stderr)
				}
				if got := tt.delete(ns, with("-D")...); got.Code != 0 {
					t.Errorf("%s: -D: %d %s", r, got.Code, got.Stderr)
					tt.write(ns, with("-D")...)
				}
				if got := tt.delete(ns, with("-C")...); got.Code != 1 {
					t.Errorf("%s: -C when it is gone: %d", r, got.Code)
				}
			}
			if after := nftRules(t, ns); !strings.Contains(after, "chain MINE") || strings.Contains(after, "counter") {
				t.Errorf("rules are left over\n%s\nfrom\n%s", after, empty)
			}
		})
	}
}

func nftRules(t *testing.T, ns *testns.NS) string {
	t.Helper()
	return ns.Run(t, "nft", "list", "ruleset").Must(t)
}

var crossRules = []string{
	"-t nat POSTROUTING -s 192.168.15.0/24 -j MASQUERADE",
	"-t nat POSTROUTING -s 192.168.15.0/24 ! -o v-net-0 -m comment --comment 'minins lab' -j MASQUERADE",
	"-t nat POSTROUTING -p tcp -o eth+ -j MASQUERADE --to-ports 1024-2048 --random",
	"-t nat PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80",
	"-t nat PREROUTING -i eth0 -p udp --dport 53:54 -m comment --comment first -m conntrack --ctstate NEW -j DNAT --to-destination 10.0.0.1-10.0.0.9",
	"-t nat OUTPUT -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 80 -j REDIRECT --to-ports 8080",
	"-t nat POSTROUTING -o eth0 -j SNAT --to-source 1.2.3.4-1.2.3.9 --persistent",
	"-t nat POSTROUTING -j MINE",
	"-t filter FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
	"-t filter FORWARD -m state --state NEW -m comment --comment 'a \"b\" c' -j DROP",
	"-t filter FORWARD -p tcp --syn -m limit --limit 5/min -j ACCEPT",
	"-t filter FORWARD -p tcp -m multiport ! --dports 22,80,8000:8010 -j REJECT --reject-with tcp-reset",
	"-t filter INPUT -p icmp ! --icmp-type 3/1 -j DROP",
	"-t filter INPUT -p tcp -m comment --comment middle -m tcp --dport 22 -j ACCEPT",
	"-t filter INPUT ! -s 10.0.0.0/12 -d 10.1.0.0/255.255.0.255 -m mark --mark 0x1/0xff -g MINE",
	"-t filter INPUT -m iprange --src-range 1.2.3.4-1.2.3.9 -m mac --mac-source 02:00:00:00:00:01 -j RETURN",
	"-t filter INPUT -f -j LOG --log-prefix 'x: ' --log-level 6",
	"-t filter OUTPUT ! -p udp -j REJECT --reject-with icmp-admin-prohibited",
	"-t mangle PREROUTING -i + -j MARK --set-xmark 0x1/0xff",
	"-t mangle POSTROUTING -p 47 -j MINE",
}
