//go:build linux

package ip

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// FuzzCommand gives arbitrary words to ip, with a kernel that knows one link and
// takes everything: no panic, and a command that is refused for its words has
// changed nothing.
func FuzzCommand(f *testing.F) {
	for _, form := range forms {
		for _, name := range form.command.words() {
			object := form.object
			f.Add(object + " " + name + " va")
			for _, word := range form.words.words() {
				f.Add(object + " " + name + " va " + word + " 1")
				f.Add(object + " " + name + " 10.0.0.0/8 dev va " + word + " on")
			}
		}
	}
	for _, m := range mistakes {
		f.Add(m.cmd)
	}
	for _, line := range []string{"-j -p -d -s link", "link add va type veth peer name vb netns 1", "route add default nexthop via 10.0.0.1 weight 3 nexthop dev va",
		"-6 route add fd00::/64 via fe80::1 dev va expires 9", "-b - ", "link add b type bridge stp_state 1 forward_delay 200"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, " ")
		for i, a := range args { // what would leave the process, or wait
			if i > 0 && abbreviates(a, "exec") || strings.HasPrefix(a, "-b") || strings.HasPrefix(a, "--b") ||
				abbreviates(a, "monitor") || strings.HasPrefix(a, "-n") || strings.HasPrefix(a, "--n") || strings.HasPrefix(a, "-r") || strings.HasPrefix(a, "--r") {
				return
			}
		}
		if len(args) > 0 && (abbreviates(args[0], "netns") && objects.find(args[0]) == "netns") {
			return // it works on files
		}
		changes := 0
		kernel := func(datagram []byte, reply func([]byte)) {
			for len(datagram) > 0 {
				h, _, rest, ok := nl.Next(datagram)
				if !ok {
					t.Fatalf("%q sends half a message", line)
				}
				datagram = rest
				if h.Type&3 < 2 || h.Type == unix.RTM_SETLINK {
					changes++
				}
				switch {
				case h.Flags&unix.NLM_F_DUMP == unix.NLM_F_DUMP && h.Type&3 == 2:
					if h.Type == unix.RTM_GETLINK {
						reply(must(t)(nl.Reply(h, unix.RTM_NEWLINK, unix.NLM_F_MULTI, &rtnl.Link{Index: 2, Name: "va", MTU: 1500})))
					}
					reply(nl.ReplyDone(h))
				case h.Type == unix.RTM_GETLINK:
					reply(must(t)(nl.Reply(h, unix.RTM_NEWLINK, 0, &rtnl.Link{Index: 2, Name: "va", MTU: 1500})))
				case h.Type&3 == 2:
					reply(nl.ReplyError(h, unix.ENOENT))
				case h.Flags&unix.NLM_F_ACK != 0:
					reply(nl.ReplyAck(h))
				}
			}
		}
		var stdout, stderr bytes.Buffer
		c := &applet.Cmd{Name: "ip", Args: args, Stdin: strings.NewReader(""), Stdout: bufio.NewWriter(&stdout), Stderr: &stderr,
			Getenv: func(string) string { return "" }, Hints: true, IsApplet: func(string) bool { return false },
			Dial: func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Pretend(p, kernel), nil }}
		code := Run(c)
		if code != 0 && changes > 0 && !strings.Contains(stderr.String(), "flush") && !strings.Contains(stderr.String(), "Flush") {
			t.Errorf("%q: status %d, but %d changes were asked for: %s", line, code, changes, stderr.String())
		}
		if code != 0 && stderr.Len() == 0 && stdout.Len() == 0 {
			t.Errorf("%q: status %d and not a word", line, code)
		}
	})
}

func must(t *testing.T) func([]byte, error) []byte {
	return func(b []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}
