//go:build linux

package bench

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
)

// A tool does the work, minins being the first. Others read it as a text.
type tool struct {
	name    string
	needs   string // what must be in PATH
	most    int    // how many objects it is given: those that are slow, few
	program string // what reads the text, its words
	prefix  string // what is ^ in it
	lister  string // and what lists rules
}

const ipBatch = "ip -batch -"

var tools = [...]tool{
	{name: "minins", most: 1000000},
	{"ip -batch", "ip", 1000000, ipBatch, "", ""},
	{"ip", "ip", 50, "sh -e", "ip ", ""},
	{"busybox ip", "busybox", 50, "sh -e", "busybox ip ", ""},
	{"nft -f", "nft", 1000000, "nft -f -", "", "nft list chain ip t in"},
	{"iptables-restore", "iptables-restore", 1000000, "iptables-restore", "", "iptables-save -t filter"},
}

// A script is a workload in the words of tools, one text for each phase and
// object: # is its number, @ its IPv4 address, % its IPv6 address.
type script struct {
	workload      string
	tools         [2]int // from, to in their table
	program       string // in the place of the tool's
	before, after string
	phases        [6]string
}

var scripts = [...]script{
	{workload: "namespaces", tools: [2]int{1, 2}, phases: [6]string{"^netns add n#\n", "^netns del n#\n"}},
	{workload: "links", tools: [2]int{1, 2}, phases: [6]string{
		"^link add a# type veth peer name b#\n", "^link del a#\n", "^link del a#\n",
	}},
	{workload: "routes", tools: [2]int{1, 3}, phases: [6]string{
		"^route add @ via 10.0.0.2 dev v0 proto static\n",
		"^route replace @ via 10.0.0.3 dev v0 proto static\n",
		"^route del @ via 10.0.0.3 dev v0 proto static\n",
		"^route add % via fd00::2 dev v0 proto static\n",
		"^route replace % via fd00::3 dev v0 proto static\n",
		"^route del % via fd00::3 dev v0 proto static\n",
	}},
	{workload: "containers", tools: [2]int{2, 2}, phases: [6]string{
		"ip netns add n#\nip link add c# type veth peer name eth0 netns n#\nip link set c# master br0 up\n" +
			"ip -n n# link set lo up\nip -n n# link set eth0 up\nip -n n# addr add @/16 dev eth0\n" +
			"ip -n n# route add default via 10.1.255.254\n",
		"ip link del c#\nip netns del n#\n",
	}},
	// A batch has one namespace, so that it takes two for a container.
	{workload: "containers", tools: [2]int{1, 1}, program: "sh -e", phases: [6]string{
		ipBatch + " <<E\nnetns add n#\nlink add c# type veth peer name eth0 netns n#\nlink set c# master br0 up\nE\n" +
			"ip -n n# -batch - <<E\nlink set lo up\nlink set eth0 up\naddr add @/16 dev eth0\n" +
			"route add default via 10.1.255.254\nE\n",
		ipBatch + " <<E\nlink del c#\nnetns del n#\nE\n",
	}},
	{workload: "rules", tools: [2]int{4, 4},
		before: "add table ip t\nadd chain ip t in { type filter hook input priority 0 ; }\n",
		phases: [6]string{"add rule ip t in ip protocol tcp tcp dport # counter\n"},
	},
	{workload: "rules", tools: [2]int{5, 5}, before: "*filter\n", after: "COMMIT\n",
		phases: [6]string{"-A INPUT -p tcp -m tcp --dport #\n"},
	},
}

// findScript returns nil where a tool does not do that work.
func findScript(t *tool, w *workload) *script {
	for i := range scripts {
		s := &scripts[i]
		if s.workload == w.name && (t == &tools[s.tools[0]] || t == &tools[s.tools[1]] || s.tools[1] == 3 && t == &tools[2]) {
			return s
		}
	}
	return nil
}

// text appends what a script says for object i.
func text(b []byte, t *tool, template string, i int) []byte {
	for k := range len(template) {
		switch c := template[k]; c {
		case '^':
			b = append(b, t.prefix...)
		case '#':
			b = strconv.AppendInt(b, int64(i+1), 10)
		case '@':
			b = dst4(i + 1).AppendTo(b)
		case '%':
			b = dst6(i + 1).AppendTo(b)
		default:
			b = append(b, c)
		}
	}
	return b
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
func (r *run) foreign(t *tool, w *workload, path string) {
	s := findScript(t, w)
	for i := range w.phases {
		from, to := 0, r.n
		if w.name == "links" && i == 1 {
			to = r.few()
		} else if w.name == "links" && i == 2 {
			from = r.few()
		}
		program := t.program
		if s.program != "" {
			program = s.program
		}
		input := []byte(s.before)
		if s.phases[i] == "" {
			program = t.lister
		}
		for k := from; k < to; k++ {
			input = text(input, t, s.phases[i], k)
		}
		words := strings.Fields(program)
		file, err := nsfs.LookPath(words[0], path)
		if err != nil {
			r.err = err
		}
		r.phase(i, to-from, nil, func() error { return start(file, words, append(input, s.after...)) })
	}
}
