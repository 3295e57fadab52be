//go:build linux

package bench

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
)

// A tool does the work, minins being the first. Others read it as a text.
type tool struct {
	name    string
	needs   string               // what must be in PATH
	most    int                  // how many objects it is given: those that are slow, few
	scripts [len(workloads)]byte // for each workload the place of its script, or none
	program string               // what reads the text, its words
	prefix  string               // of its lines
	lister  string               // and what lists rules
}

const ipBatch = "ip -batch -"

var tools = [...]tool{
	{name: "minins", most: 1000000},
	{"ip -batch", "ip", 1000000, [5]byte{0, 1, 2, 4, none}, ipBatch, "", ""},
	{"ip", "ip", 50, [5]byte{0, 1, 2, 3, none}, "sh -e", "ip ", ""},
	{"busybox ip", "busybox", 50, [5]byte{none, none, 2, none, none}, "sh -e", "busybox ip ", ""},
	{"nft -f", "nft", 1000000, [5]byte{none, none, none, none, 5}, "nft -f -", "", "nft list chain ip t in"},
	{
		"iptables-restore", "iptables-restore", 1000000, [5]byte{none, none, none, none, 6},
		"iptables-restore", "", "iptables-save -t filter",
	},
}

// none is no place of a script.
const none = 7

// A script is a workload in the words of tools, one text for each phase and
// object, in which come 1: its number, 2: its IPv4 address, 3: its IPv6 address
// and 4: the tool's prefix.
type script struct {
	program       string // in the place of the tool's
	before, after string
	phases        [6]string
}

var scripts = [none]script{
	{ // namespaces
		phases: [6]string{"%[4]snetns add n%[1]d\n", "%[4]snetns del n%[1]d\n"}},
	{ // links
		phases: [6]string{
			"%[4]slink add a%[1]d type veth peer name b%[1]d\n", "%[4]slink del a%[1]d\n", "%[4]slink del a%[1]d\n",
		}},
	{ // routes
		phases: [6]string{
			"%[4]sroute add %[2]s via 10.0.0.2 dev v0 proto static\n",
			"%[4]sroute replace %[2]s via 10.0.0.3 dev v0 proto static\n",
			"%[4]sroute del %[2]s via 10.0.0.3 dev v0 proto static\n",
			"%[4]sroute add %[3]s via fd00::2 dev v0 proto static\n",
			"%[4]sroute replace %[3]s via fd00::3 dev v0 proto static\n",
			"%[4]sroute del %[3]s via fd00::3 dev v0 proto static\n",
		}},
	{ // containers
		phases: [6]string{
			"ip netns add n%[1]d\nip link add c%[1]d type veth peer name eth0 netns n%[1]d\nip link set c%[1]d master br0 up\n" +
				"ip -n n%[1]d link set lo up\nip -n n%[1]d link set eth0 up\nip -n n%[1]d addr add %[2]s/16 dev eth0\n" +
				"ip -n n%[1]d route add default via 10.1.255.254\n",
			"ip link del c%[1]d\nip netns del n%[1]d\n",
		}},
	// A batch has one namespace, so that it takes two for a container.
	{ // containers
		program: "sh -e", phases: [6]string{
			ipBatch + " <<E\nnetns add n%[1]d\nlink add c%[1]d type veth peer name eth0 netns n%[1]d\nlink set c%[1]d master br0 up\nE\n" +
				"ip -n n%[1]d -batch - <<E\nlink set lo up\nlink set eth0 up\naddr add %[2]s/16 dev eth0\n" +
				"route add default via 10.1.255.254\nE\n",
			ipBatch + " <<E\nlink del c%[1]d\nnetns del n%[1]d\nE\n",
		}},
	{ // rules

		before: "add table ip t\nadd chain ip t in { type filter hook input priority 0 ; }\n",
		phases: [6]string{"add rule ip t in ip protocol tcp tcp dport %[1]d counter\n"},
	},
	{ // rules
		before: "*filter\n", after: "COMMIT\n",
		phases: [6]string{"-A INPUT -p tcp -m tcp --dport %[1]d\n"},
	},
}

// absent says why a tool cannot be compared with, or "" if it can.
func absent(t *tool, path string) string {
	file, err := nsfs.LookPath(t.needs, path)
	if err != nil {
		return t.needs + " is not in PATH"
	}
	var a, b unix.Stat_t
	if unix.Stat(file, &a) == nil && unix.Stat("/proc/self/exe", &b) == nil && a.Dev == b.Dev && a.Ino == b.Ino {
		return file + " is minins"
	}
	return ""
}

// foreign does a workload by a tool.
func (r *run) foreign(t *tool, w int, path string) {
	s := &scripts[t.scripts[w]]
	for i := range workloads[w].phases {
		from, to := 0, r.n
		if w == 1 && i == 1 { // links
			to = r.few()
		} else if w == 1 && i == 2 {
			from = r.few()
		}
		input := []byte(s.before)
		program := s.program
		if s.phases[i] == "" {
			program = t.lister
		} else {
			for k := from; k < to; k++ {
				input = fmt.Appendf(input, s.phases[i], k+1, dst4(k+1).String(), dst6(k+1).String(), t.prefix)
			}
		}
		if program == "" {
			program = t.program
		}
		input = append(input, s.after...)
		r.phase(i, to-from, nil, func() error { return start(path, program, string(input)) })
	}
}
