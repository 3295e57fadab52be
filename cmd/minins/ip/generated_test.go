//go:build linux

package ip

import (
	"flag"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// stage is what the generated commands are played on.
const stage = `+ link add va type veth peer name vb
+ link set va up
+ link set vb up
+ link add br0 type bridge
+ addr add 10.0.0.1/24 dev va
+ addr add fd00:1::1/64 dev va nodad
+ route add 10.9.0.0/16 via 10.0.0.9
+ neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev va
wait
`

// bases are the commands that each word of a form is put behind; %d counts.
var bases = map[string]string{
	"address add":  "addr add 10.2.%d.1/24 dev va",
	"address del":  "addr del 10.2.%d.1/24 dev va",
	"address show": "addr show",
	"link add":     "link add x%d",
	"link set":     "link set dev vb",
	"link show":    "link show",
	"route list":   "route show",
	"route get":    "route get 10.9.%d.1",
	"route add":    "route add 10.3.%d.0/24 via 10.0.0.9",
	"route delete": "route del 10.3.%d.0/24",
	"neigh add":    "neigh add 10.0.0.%d lladdr 02:00:00:00:00:77 dev va",
	"neigh delete": "neigh del 10.0.0.%d dev va",
	"neigh show":   "neigh show",
	"rule list":    "rule list",
	"rule add":     "rule add pref %d",
	"rule delete":  "rule del pref %d",
	"nexthop list": "nexthop list",
}

// samples are values for the arguments of grammars, and in the second place what is wrong.
var samples = map[string][2]string{
	"DEV": {"vb", "nosuch"}, "ADDRESS": {"10.0.0.8", "10.0.0.300"}, "PREFIX": {"10.0.0.0/8", "10.0.0.0/33"},
	"NUMBER": {"5", "many"}, "COUNT": {"2", "many"}, "BYTES": {"1400", "many"}, "PACKETS": {"500", "many"}, "SECONDS": {"1000", "soon"},
	"LLADDR": {"02:00:00:00:00:42", "02:zz"}, "SCOPE": {"link", "far"}, "TABLE": {"100", "chair"}, "PROTOCOL": {"static", "nobody"},
	"TOS": {"8", "high"}, "REALM": {"3", "royal"}, "STATE": {"stale", "asleep"}, "TYPE": {"unicast", "odd"}, "TEXT": {"hello", ""},
	"MARK": {"0x10/0xff", "red"}, "REALMS": {"1/2", "royal"}, "ID": {"9", "many"}, "UIDS": {"5-9", "root"}, "IPPROTO": {"udp", "nothing"},
	"PORTS": {"80-90", "http"}, "MILLISECONDS": {"30", "soon"}, "FEATURE": {"ecn", "nothing"}, "BOOL": {"1", "maybe"},
	"NAME": {"va:1", "a/b"}, "GROUP": {"7", "crowd"}, "PROTO": {"tcp", "nothing"}, "PATTERN": {"v*", "w*"}, "KIND": {"veth", ""},
}

// TestGenerated puts every word of the grammars, with a value, a wrong value and
// none, behind a command, and compares with the real ip.
func TestGenerated(t *testing.T) {
	testns.Tool(t, "ip")
	var n atomic.Int32
	t.Cleanup(func() {
		t.Logf("%d commands", n.Load())
		if n.Load() < 600 && !testing.Short() && flag.Lookup("test.run").Value.String() == "" {
			t.Errorf("%d commands were generated, want at least 600", n.Load())
		}
	})
	skipped := 0
	for _, f := range forms {
		var base string
		for _, name := range f.command.words() {
			if b, ok := bases[f.object+" "+name]; ok {
				base = b
			}
		}
		if base == "" || f.words == "" {
			continue // it has scripts of its own
		}
		script := stage
		number := 10
		add := func(words string) {
			line := base
			if strings.Contains(base, "%d") {
				line = fmt.Sprintf(base, number)
				number++
			}
			script += line + " " + words + "\n"
		}
		for line := range strings.Lines(string(f.words)) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "  ")
			names, arg, _ := strings.Cut(word, " ")
			name, _, _ := strings.Cut(strings.Trim(strings.ReplaceAll(names, "*", ""), "[]"), "|")
			switch {
			case name == "" || name == "help" || name == "nexthop" || name == "type" && f.object == "link" || arg == "NETNS" ||
				name == "vf" || name == "xdp" || name == "encap" || name == "protodown_reason" ||
				name == "index" || name == "link-netnsid" || name == "vrf" || name == "use" || name == "carrier" || name == "notify": // the kernel keeps that one with the route, for each CPU
				continue // in scripts of their own
			case arg == "":
				add(name)
			case strings.HasPrefix(arg, "{"):
				for _, v := range strings.Split(strings.Trim(arg, "{} "), " | ") {
					add(name + " " + v)
				}
				add(name + " bogus")
				add(name)
			default:
				s, ok := samples[arg]
				if !ok {
					t.Errorf("%s %s: no sample of %s", f.object, name, arg)
				}
				add(name + " " + s[0])
				if s[1] != "" {
					add(name + " " + s[1])
				}
				add(name)
			}
		}
		if f.object == "link" && strings.HasPrefix(base, "link add") {
			script = strings.ReplaceAll(script, "\nlink add x", "\nlink add type veth peer name x")
		}
		if skipped++; testing.Short() && skipped%4 != 0 {
			continue // with the race detector: what is compared is compared without
		}
		t.Run(f.object+"-"+f.command.words()[0], func(t *testing.T) {
			t.Parallel()
			want, wantState := play(t, script, func(ns *testns.NS, args []string) testns.Result {
				return ns.Run(t, append([]string{"ip"}, args...)...)
			})
			got, gotState := play(t, script, func(ns *testns.NS, args []string) testns.Result { return ours(t, ns, "", false, args...) })
			for i, w := range want {
				compare(t, got[i], w)
			}
			if gotState != wantState {
				t.Errorf("the state at the end (-real +ours)\n%s", testns.Diff(wantState, gotState))
			}
			n.Add(int32(len(want)))
		})
	}
}
