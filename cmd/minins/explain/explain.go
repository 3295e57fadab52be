//go:build linux

// Package explain shows what a command would send to the kernel, and sends
// nothing.
package explain

import (
	"bufio"
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/trace"
	"github.com/minins/minins/nft/lang"
	"github.com/minins/minins/nl"
)

const usage = `Usage: minins explain COMMAND [ARGUMENTS]
for example: minins explain ip link add veth-red type veth peer name veth-blue

Shows every netlink message that the command would send, byte by byte under the
kernel's own names, and its other system calls. Nothing is sent and nothing is
changed, and no privilege is needed. Where a command first asks the kernel, the
answer is made up and said so.`

// Run explains the command in c's arguments; find finds it among the applets.
func Run(c *applet.Cmd, find func(name string) (applet.Applet, bool)) int {
	if len(c.Args) == 0 {
		c.Errorf("%s", usage)
		return 2
	}
	name := c.Args[0]
	if name == "-h" || name == "--help" {
		c.Printf("%s\n", usage)
		return 0
	}
	if name == "minins" && len(c.Args) > 1 {
		c.Args = c.Args[1:]
		name = c.Args[0]
	}
	a, ok := find(name)
	if !ok || name == "explain" || a.Summary == "" {
		c.Errorf("minins explain: there is no command %q to explain; \"minins help\" lists all", name)
		return 2
	}
	w := &walk{out: c.Stdout}
	var output strings.Builder
	inner := *c
	inner.Name = name
	_, inner.Args = trace.Leading(c.Args[1:]) // of what is not sent there is no trace
	inner.Stdout = bufio.NewWriter(&output)
	inner.Dial = w.dial
	inner.Explain = w.call
	c.Printf("# %s\n", strings.Join(c.Args, " "))
	status := a.Run(&inner)
	inner.Stdout.Flush()
	if w.steps == 0 && status == 0 {
		c.Printf("%s# nothing is sent to the kernel\n", output.String())
	}
	return status
}

// A walk writes what a command does, step by step.
type walk struct {
	out     *bufio.Writer
	steps   int
	headers []string      // that were named
	ruleset *lang.Monitor // says a message in nft's words
	links   []string      // names of made-up links; their index is the place + 2
}

func (w *walk) printf(format string, args ...any) {
	w.steps++
	(&applet.Cmd{Stdout: w.out}).Printf(format, args...)
}

// call shows a system call that is not made.
func (w *walk) call(call, why string) {
	if why != "" {
		why = "   # " + why
	}
	w.printf("\n%s%s\n", call, why)
}

// dial opens a Conn on which requests are shown and answers made up.
func (w *walk) dial(p *nl.Protocol, ns string) (*nl.Conn, error) {
	where := ""
	if ns != "" {
		where = "   # in network namespace " + ns
	}
	w.printf("\nsocket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, %s)%s\n", p.Name, where)
	return nl.Pretend(p, func(datagram []byte, reply func([]byte)) {
		w.printf("\nsend %d bytes of %s\n", len(datagram), p.Name)
		for rest := datagram; len(rest) > 0; {
			_, _, next, ok := nl.Next(rest)
			if !ok {
				next = nil
			}
			if len(rest) < len(datagram) {
				w.printf("\n")
			}
			w.about(p, ns, rest)
			p.Explain(w.out, rest[:len(rest)-len(next)])
			rest = next
		}
		for rest := datagram; len(rest) > 0; {
			h, body, next, ok := nl.Next(rest)
			if !ok {
				break
			}
			w.answer(p, h, body, reply)
			rest = next
		}
	}), nil
}
