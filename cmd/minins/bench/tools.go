//go:build linux

package bench

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
)

// A manner is how a tool is given work.
type manner byte

const (
	mine  manner = iota // by the library
	each                // one process for each command
	batch               // all commands on standard input
)

// A tool does the work.
type tool struct {
	name    string
	program []string
	lister  []string // and how it lists rules
	manner  manner
	most    int // how many objects it is given: those that are slow, few
}

var tools = [...]tool{
	{name: own, most: 1000000},
	{"ip -batch", []string{"ip", "-batch", "-"}, nil, batch, 1000000},
	{"ip", []string{"ip"}, nil, each, 50},
	{"busybox ip", []string{"busybox", "ip"}, nil, each, 50},
	{"nft -f", []string{"nft", "-f", "-"}, []string{"nft", "list", "chain", "ip", "t", "pre"}, batch, 1000000},
	{"iptables-restore", []string{"iptables-restore"}, []string{"iptables-save", "-t", "nat"}, batch, 1000000},
}

// own is the first of the tools, which all others are compared with.
const own = "minins"

func findTool(name string) *tool {
	for i := range tools {
		if tools[i].name == name {
			return &tools[i]
		}
	}
	return nil
}

// A script is a workload in the words of tools, one text for each phase and
// object: # is its number, @ its IPv4 address, % its IPv6 address.
type script struct {
	tools, workload string
	before, after   string
	phases          [6]string
}

var scripts = [...]script{
	{tools: ",ip -batch,ip,", workload: "namespaces", phases: [6]string{"netns add n#\n", "netns del n#\n"}},
	{tools: ",ip -batch,ip,", workload: "links", phases: [6]string{
		"link add a# type veth peer name b#\n", "link del a#\n", "link del a#\n",
	}},
	{tools: ",ip -batch,ip,busybox ip,", workload: "routes", phases: [6]string{
		"route add @ via 10.0.0.2 dev v0 proto static\n",
		"route replace @ via 10.0.0.3 dev v0 proto static\n",
		"route del @ via 10.0.0.3 dev v0 proto static\n",
		"route add % via fd00::2 dev v0 proto static\n",
		"route replace % via fd00::3 dev v0 proto static\n",
		"route del % via fd00::3 dev v0 proto static\n",
	}},
	{tools: ",ip -batch,ip,", workload: "containers", phases: [6]string{
		"netns add n#\nlink add c# type veth peer name eth0 netns n#\nlink set c# master br0 up\n" +
			"-n n# link set lo up\n-n n# link set eth0 up\n-n n# addr add @/16 dev eth0\n-n n# route add default via 10.1.255.254\n",
		"link del c#\nnetns del n#\n",
	}},
	{
		tools: ",nft -f,", workload: "rules",
		before: "add table ip t\nadd chain ip t pre { type nat hook prerouting priority -100 ; }\n",
		phases: [6]string{"add rule ip t pre ip protocol tcp tcp dport # counter dnat to @:80\n"},
	},
	{
		tools: ",iptables-restore,", workload: "rules", before: "*nat\n", after: "COMMIT\n",
		phases: [6]string{"-A PREROUTING -p tcp -m tcp --dport # -j DNAT --to-destination @:80\n"},
	},
}

// findScript returns nil where a tool does not do that work.
func findScript(t *tool, w *workload) *script {
	for i := range scripts {
		if s := &scripts[i]; s.workload == w.name && strings.Contains(s.tools, ","+t.name+",") {
			return s
		}
	}
	return nil
}

// text is what a script says for object i.
func text(b []byte, template string, i int) []byte {
	for k := range len(template) {
		switch c := template[k]; c {
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
	for _, argv := range [][]string{t.program, t.lister} {
		if len(argv) == 0 {
			continue
		}
		file, err := nsfs.LookPath(argv[0], path)
		if err != nil {
			return argv[0] + " is not in PATH"
		}
		var a, b unix.Stat_t
		if unix.Stat(file, &a) == nil && unix.Stat("/proc/self/exe", &b) == nil && a.Dev == b.Dev && a.Ino == b.Ino {
			return file + " is minins"
		}
	}
	return ""
}

// foreign does a workload by a tool.
func (r *run) foreign(t *tool, w *workload, env []string) error {
	s := findScript(t, w)
	if s == nil {
		return errors.New("it does not do that")
	}
	for i, phase := range w.phases {
		from, to := 0, r.n
		if w.name == "links" && i > 0 {
			if few := r.few(); i == 1 {
				to = few
			} else {
				from = few
			}
		}
		if from == to {
			continue
		}
		words, inputs := s.work(t, i, from, to)
		if err := r.phase(i, to-from, nil, func() error {
			for k := range words {
				if err := start(words[k], inputs[k], env); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return fmt.Errorf("%s: %w", phase, err)
		}
	}
	return nil
}

// work is the command lines for a phase, and what each reads.
func (s *script) work(t *tool, phase, from, to int) (words [][]string, inputs [][]byte) {
	template := s.phases[phase]
	if template == "" {
		return [][]string{t.lister}, [][]byte{nil}
	}
	if t.manner == each {
		for i := from; i < to; i++ {
			for line := range strings.Lines(string(text(nil, template, i))) {
				words = append(words, append(t.program[:len(t.program):len(t.program)], strings.Fields(line)...))
			}
		}
		return words, make([][]byte, len(words))
	}
	// A batch has one namespace: the lines of others ("-n NAME ...") get one each.
	words, inputs = [][]string{t.program}, [][]byte{[]byte(s.before)}
	for i := from; i < to; i++ {
		var inside []byte
		name := ""
		for line := range strings.Lines(string(text(nil, template, i))) {
			if rest, ok := strings.CutPrefix(line, "-n "); ok {
				name, rest, _ = strings.Cut(rest, " ")
				inside = append(inside, rest...)
			} else {
				inputs[0] = append(inputs[0], line...)
			}
		}
		if inside != nil {
			words = append(words, append([]string{"ip", "-n", name}, t.program[1:]...))
			inputs = append(inputs, inside)
		}
	}
	inputs[0] = append(inputs[0], s.after...)
	return words, inputs
}

// start runs a program to its end. Its output goes nowhere.
func start(words []string, input []byte, env []string) error {
	in, err := open(input)
	if err != nil {
		return err
	}
	defer unix.Close(in)
	null, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(null)
	file, err := nsfs.LookPath(words[0], pathOf(env))
	if err != nil {
		return err
	}
	pid, err := syscall.ForkExec(file, words, &syscall.ProcAttr{
		Env: env, Files: []uintptr{uintptr(in), uintptr(null), 2}, Sys: &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL},
	})
	if err != nil {
		return err
	}
	status, err := nsfs.Wait(pid)
	if err == nil && status != 0 {
		err = fmt.Errorf("%s: %s", strings.Join(words, " "), ended(status))
	}
	return err
}

// ended says how a process ended that failed.
func ended(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "ended by " + unix.SignalName(status.Signal())
	}
	return "exit status " + strconv.Itoa(status.ExitStatus())
}

func pathOf(env []string) string {
	for _, e := range env {
		if path, ok := strings.CutPrefix(e, "PATH="); ok {
			return path
		}
	}
	return ""
}
