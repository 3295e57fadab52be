//go:build linux

package ip

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// TestNetns lives through the namespaces of the tutorial: made, listed, run
// in, and gone.
func TestNetns(t *testing.T) {
	t.Cleanup(func() { clearNetns(t) })
	ns := testns.New(t)
	for _, line := range []string{"netns add red", "netns add blue", "link add veth-red type veth peer name veth-blue",
		"link set veth-red netns red", "link set veth-blue netns blue", "-n red addr add 192.168.15.1/24 dev veth-red",
		"-n blue addr add 192.168.15.2/24 dev veth-blue", "-n red link set veth-red up", "-n blue link set veth-blue up"} {
		ours(t, ns, "", false, strings.Fields(line)...).Must(t)
	}
	if got, want := ours(t, ns, "", false, "netns").Must(t), ns.Run(t, "ip", "netns").Must(t); got != want || !strings.Contains(got, "red (id: ") {
		t.Errorf("ip netns: %q, want %q", got, want)
	}
	got := ours(t, ns, "", false, "-n", "red", "-br", "link", "show", "veth-red").Must(t)
	if !strings.HasPrefix(got, "veth-red@if") {
		t.Errorf("the other end is %q", got)
	}
	if got := ours(t, ns, "", false, "-n", "red", "link", "show", "veth-red").Must(t); !strings.Contains(got, " link-netns blue\n") {
		t.Errorf("no link-netns in %q", got)
	}
	real := ns.Run(t, "ip", "-n", "red", "route").Must(t)
	if got := ours(t, ns, "", false, "-n", "red", "route").Must(t); got != real || !strings.Contains(got, "192.168.15.0/24 dev veth-red") {
		t.Errorf("routes of red: %q, want %q", got, real)
	}
}

// TestExec runs programs and a built-in applet in a namespace.
func TestExec(t *testing.T) {
	t.Cleanup(func() { clearNetns(t) })
	ns := testns.New(t)
	for _, name := range []string{"red", "blue"} {
		if err := nsfs.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if got := child(t, ns, "netns", "exec", "red", "sh", "-c", "echo in $(ls /sys/class/net); exit 7"); got.Code != 7 || got.Stdout != "in lo\n" {
		t.Errorf("exec: %+v", got)
	}
	if got := child(t, ns, "netns", "exec", "red", "built-in", "a b"); got.Code != 9 || got.Stdout != "the built-in applet got [\"a b\"]\n" {
		t.Errorf("exec of a built-in applet: %+v", got)
	}
	got := child(t, ns, "-all", "netns", "exec", "built-in")
	blocks := strings.Split(got.Stdout, "\nnetns: ")
	slices.Sort(blocks)
	const said = "\nthe built-in applet got []\n"
	if got.Code != 0 || !slices.Equal(blocks, []string{"", "blue" + said, "red" + said}) {
		t.Errorf("-all exec: %+v", got)
	}
	// A name without a namespace does not keep the others from their turn.
	if err := os.WriteFile(nsfs.Path("stale"), nil, 0o444); err != nil {
		t.Fatal(err)
	}
	got = child(t, ns, "-all", "netns", "exec", "false")
	blocks = strings.Split(got.Stdout, "\nnetns: ")
	slices.Sort(blocks)
	if got.Code != 0 || !slices.Equal(blocks, []string{"", "blue\n", "red\n", "stale\n"}) ||
		got.Stderr != "setting the network namespace \"stale\" failed: Invalid argument\n" {
		t.Errorf("-all exec with a stale name: %+v", got)
	}
	if got := child(t, ns, "-all", "netns", "exec", "sh", "-c", "kill -9 $$"); got.Code != 1 {
		t.Errorf("-all exec of what is killed: %+v", got)
	}
}

// TestBatch runs commands from standard input.
func TestBatch(t *testing.T) {
	ns := testns.New(t)
	const script = "link add br0 type bridge # a comment\n\nlink set br0 \\\n  alias 'two words'\nlink del nosuch\nlink del br0\n"
	got := ours(t, ns, script, false, "-b", "-")
	if got.Code != 1 || got.Stderr != "Cannot find device \"nosuch\"\nCommand failed -:5\n" {
		t.Errorf("got %+v", got)
	}
	if got := ns.Run(t, "ip", "link", "show", "br0").Must(t); !strings.Contains(got, "alias two words") {
		t.Errorf("br0 is %q", got)
	}
	if got := ours(t, ns, script, false, "-force", "-b", "-"); got.Code != 1 || !strings.Contains(got.Stderr, "Command failed -:1\n") {
		t.Errorf("-force: got %+v", got)
	}
	if got := ns.Run(t, "ip", "link", "show", "br0"); got.Code == 0 {
		t.Error("-force did not go on to the last line")
	}
	if got := ours(t, ns, "", false, "-b", "/nonexistent"); got.Code != 1 || got.Stderr != "Cannot open file \"/nonexistent\" for reading: No such file or directory\n" {
		t.Errorf("got %+v", got)
	}
}

// TestBatchMistakes compares batches with mistakes in them with the real ip's.
func TestBatchMistakes(t *testing.T) {
	t.Cleanup(func() { clearNetns(t) })
	ns := testns.New(t)
	if err := nsfs.Create("red"); err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{
		"netns exec red false\nlink show lo\n",
		"netns exec red true\nlink show lo\n",
		"netns exec red sh -c 'exit 255'\nlink show lo\n",
		"netns exec ..\nlink show lo\n",
		"netns foo\nlink show lo\n",
		"link foo\nlink show lo\n",
		"link set lo group x\nlink show lo\n",
		"link show nosuch\nlink show lo\n",
		"foo\nlink show lo\n",
		"route add 1\nlink show lo\n",
		"netns add red\nlink show lo\n",
		"link show 'lo\nlink show lo\n",
		"addr add z dev lo\nlink show lo\n",
		"route add 1.2.3.0/24 via z dev lo\nlink show lo\n",
		"neigh add z dev lo\nlink show lo\n",
		"\"\n",
	} {
		for _, options := range [][]string{{"-b", "-"}, {"-force", "-b", "-"}} {
			want := testns.Cmd{NS: ns, Args: append([]string{"ip"}, options...), Stdin: script}.Run(t)
			got := ours(t, ns, script, false, options...)
			if got.Code != want.Code || got.Stdout != want.Stdout || got.Stderr != want.Stderr {
				t.Errorf("%q of %q:\ngot  %+v\nwant %+v", options, script, got, want)
			}
		}
	}
	// A child that cannot start is one that fails, and not a second ip.
	got := ours(t, ns, "netns exec nosuch true\nlink show nosuch\n", false, "-force", "-b", "-")
	if want := "Cannot open network namespace \"nosuch\": No such file or directory\nCommand failed -:1\n" +
		"Device \"nosuch\" does not exist.\nCommand failed -:2\n"; got.Code != 1 || got.Stderr != want {
		t.Errorf("got %+v, want %q", got, want)
	}
}

// TestPids compares the processes in a namespace, which must come in the same order.
func TestPids(t *testing.T) {
	t.Cleanup(func() { clearNetns(t) })
	ns := testns.New(t)
	if err := nsfs.Create("red"); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		cmd := exec.Command(testns.Tool(t, "ip"), "netns", "exec", "red", "sleep", "60")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
	}
	var want string
	for end := time.Now().Add(10 * time.Second); strings.Count(want, "\n") < 5; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not all are there: %q", want)
		}
		want = ns.Run(t, "ip", "netns", "pids", "red").Must(t)
	}
	if got := ours(t, ns, "", false, "netns", "pids", "red").Must(t); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestExplain checks that an explained command changes nothing and needs
// nothing that is there.
func TestExplain(t *testing.T) {
	for _, c := range []struct {
		line  string
		calls []string // their beginnings
		sent  []string
	}{
		{"netns add red", []string{"mkdir(", "openat(", "flock(", "mount(", "mount(", "mount(", "close(", "openat(", "unshare(", "mount("}, nil},
		{"netns del red", []string{"openat(", "umount2(", "unlink("}, nil},
		{"link set veth-red netns red", []string{`openat(AT_FDCWD, "/run/netns/red"`}, []string{"RTM_GETLINK", "RTM_NEWLINK"}},
		{"netns set red 5", []string{"openat("}, []string{"RTM_NEWNSID"}},
		{"link set x master br0", nil, []string{"RTM_GETLINK", "RTM_GETLINK", "RTM_NEWLINK"}},
		{"-n red addr add 10.0.0.1/24 dev x", nil, []string{"RTM_GETLINK", "RTM_NEWADDR"}},
		{"route add default via 10.0.0.1", nil, []string{"RTM_NEWROUTE"}},
	} {
		var calls, sent []string
		cmd := &applet.Cmd{Name: "ip", Args: testns.Words(c.line), Stdout: bufio.NewWriter(&bytes.Buffer{}), Stderr: &bytes.Buffer{},
			Getenv: func(string) string { return "" }, IsApplet: func(string) bool { return false },
			Explain: func(call, why string) { calls = append(calls, call) },
			Dial: func(p *nl.Protocol, _ string) (*nl.Conn, error) {
				return nl.Pretend(p, func(datagram []byte, reply func([]byte)) {
					h, _, _, _ := nl.Next(datagram)
					sent = append(sent, p.TypeName(h.Type))
					answer := nl.ReplyAck(h)
					if h.Type == unix.RTM_GETLINK {
						answer, _ = nl.Reply(h, unix.RTM_NEWLINK, 0, &rtnl.Link{Index: 2, Name: "x"})
					}
					reply(answer)
				}), nil
			}}
		if code := Run(cmd); code != 0 {
			t.Errorf("%s: exit status %d: %s", c.line, code, cmd.Stderr)
		}
		if !slices.Equal(sent, c.sent) {
			t.Errorf("%s: sent %v, want %v", c.line, sent, c.sent)
		}
		if len(calls) != len(c.calls) {
			t.Errorf("%s: %d calls %q, want %d", c.line, len(calls), calls, len(c.calls))
			continue
		}
		for i, call := range calls {
			if !strings.HasPrefix(call, c.calls[i]) {
				t.Errorf("%s: call %d is %s, want %s…", c.line, i, call, c.calls[i])
			}
		}
	}
	if names, err := nsfs.List(); err != nil || len(names) != 0 {
		t.Errorf("explained, and there are namespaces: %q, %v", names, err)
	}
}

// TestNotLive has what a person is told of a name that is no namespace, beside what
// iproute2 says.
func TestNotLive(t *testing.T) {
	t.Cleanup(func() { clearNetns(t) })
	ns := testns.New(t)
	if err := nsfs.Create("red"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(nsfs.Path("old"), nil, 0); err != nil {
		t.Fatal(err)
	}
	const hint = "minins: \"old\" is stale: an empty file, with no namespace mounted on it yet: it may be in the making; " +
		"\"minins ns repair\" removes what stays so\n"
	for _, line := range []string{"netns", "-n old link", "netns exec old true"} {
		want := ns.Run(t, append([]string{"ip"}, strings.Fields(line)...)...)
		plain := ours(t, ns, "", false, strings.Fields(line)...)
		if plain.Stderr != want.Stderr || plain.Code != want.Code {
			t.Errorf("%s: %d %q, want %d %q", line, plain.Code, plain.Stderr, want.Code, want.Stderr)
		}
		told := ours(t, ns, "", true, strings.Fields(line)...)
		if !strings.HasSuffix(told.Stderr, hint) || told.Code != want.Code {
			t.Errorf("%s: %d %q, want %q", line, told.Code, told.Stderr, hint)
		}
	}
}
