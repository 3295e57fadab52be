//go:build linux

package graph

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/container"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nsfs"
)

func TestMain(m *testing.M) { testns.Main(m) }

// run is "minins graph", in a locale of UTF-8.
func run(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	env := map[string]string{"LANG": "C.UTF-8"}
	c := &applet.Cmd{Name: "graph", Args: args, Stdout: bufio.NewWriter(&out), Stderr: &err, Getenv: func(name string) string { return env[name] }}
	status = Run(c)
	c.Stdout.Flush()
	return status, out.String(), err.String()
}

// publish publishes a port, until the test ends.
func publish(t *testing.T, port container.Port) {
	t.Helper()
	home, err := nsfs.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	p, err := container.NewPublisher(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(t.Context(), port); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(p.Unpublish(context.Background(), port), p.Close(), home.Close()); err != nil {
			t.Error(err)
		}
	})
}

// TestLive has the real tools make a lab: a bridge, a namespace, rules of iptables and of
// nft, and a name that stands for nothing.
func TestLive(t *testing.T) {
	for _, name := range []string{"red", "blue"} {
		testns.Run(t, "ip", "netns", "add", name).Must(t)
		defer func() { _ = nsfs.Delete(name) }()
	}
	for _, line := range []string{
		"ip link add v-net-0 type bridge",
		"ip link set v-net-0 up",
		"ip addr add 192.168.15.5/24 dev v-net-0",
		"ip link add veth-red-br master v-net-0 up group " + strconv.Itoa(container.Group) + " type veth peer name veth-red netns red",
		"ip -n red addr add 192.168.15.1/24 dev veth-red",
		"ip -n red link set veth-red up",
		"ip -n red route add default via 192.168.15.5",
		"ip link add eth0 up type veth peer name far netns blue",
		"ip addr add 192.168.1.10/24 dev eth0",
		"ip route add default via 192.168.1.1",
		"iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE",
		"iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.1:80",
		"ip netns exec red nft 'table ip t { set s { type inet_service; }; chain c { type nat hook postrouting priority 100; tcp dport { 1, 2 } snat to 10.0.0.1; tcp dport @s masquerade; }; }'",
	} {
		testns.Run(t, testns.Words(line)...).Must(t)
	}
	defer func() {
		for _, line := range []string{"ip link del v-net-0", "ip link del eth0", "iptables -t nat -F"} {
			testns.Run(t, strings.Fields(line)...).Must(t)
		}
	}()
	if err := os.WriteFile(nsfs.Path("old"), nil, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(nsfs.Path("old"))
	publish(t, container.Port{
		Proto: rule.TCP, Host: netip.MustParseAddrPort("0.0.0.0:8080"), To: netip.MustParseAddrPort("192.168.15.1:80"), Container: "web", HostEnd: "veth-red-br",
	})
	const want = `host
├─ eth0 192.168.1.10/24 no carrier ── blue:far
├─ v-net-0 bridge 192.168.15.5/24
│  └─ veth-red-br ── red:veth-red 192.168.15.1/24
├─ default via 192.168.1.1 dev eth0
├─ NAT out: ip saddr 192.168.15.0/24 masquerade
├─ NAT in: published tcp 0.0.0.0:8080 to 192.168.15.1:80 (web)
└─ NAT in: tcp dport 80 dnat to 192.168.15.1:80 (red)

blue
└─ far down ── host:eth0 192.168.1.10/24

red
├─ veth-red 192.168.15.1/24 ── host:veth-red-br in v-net-0
├─ default via 192.168.15.5 dev veth-red
├─ NAT out: tcp dport @s masquerade
└─ NAT out: tcp dport { 1, 2 } snat to 10.0.0.1

stale names
└─ old: an empty file, with no namespace mounted on it yet: it may be in the
        making
`
	status, out, stderr := run()
	if status != 0 || out != want || stderr != "" {
		t.Errorf("%d %q\n%s", status, stderr, testns.Diff(want, out))
	}
	status, out, stderr = run("-n", "blue")
	if status != 0 || strings.Contains(out, "\nred\n") || !strings.Contains(out, "veth-red-br ── elsewhere\n") || stderr != "" {
		t.Errorf("of blue: %d %q\n%s", status, stderr, out)
	}
	if status, out, stderr := run("red", "old", "nope"); status != 1 || out != "" ||
		stderr != "minins graph: there is no namespace old, nope; 'minins ns' lists the names\n" {
		t.Errorf("%d %q %q", status, out, stderr)
	}
	if _, _, stderr := run("a\x1b\nb"); stderr != `minins graph: there is no namespace a\x1b\x0ab; 'minins ns' lists the names`+"\n" {
		t.Errorf("%q", stderr)
	}
	for ending, head := range map[string]string{"txt": "host\n", "gv": "graph \"", "mmd": "flowchart LR\n", "SVG": "<svg ", "html": "<!DOCTYPE html>\n", "json": `{"namespaces":[{"name":"host","home":true,`} {
		file := t.TempDir() + "/picture." + ending
		status, out, stderr := run("-o", file)
		b, err := os.ReadFile(file)
		if status != 0 || out != "" || stderr != "" || err != nil || !strings.HasPrefix(string(b), head) {
			t.Errorf("%s: %d %q %q %v %.20q", ending, status, out, stderr, err, b)
		}
	}
}

// TestWords has words that are wrong: nothing is written.
func TestWords(t *testing.T) {
	const try = "\nTry 'minins graph --help' for more information.\n"
	file := t.TempDir() + "/picture"
	for words, want := range map[string]string{
		"--svg --dot":      "--svg and --dot: a picture has one format",
		"-o " + file:       "the ending of " + file + " tells no format; expected .txt, .dot, .mmd, .svg, .html or .json, or an option such as --svg",
		"-x":               "invalid option -- 'x'",
		"-o":               "option requires an argument -- 'o'",
		"--h":              "option '--h' is ambiguous; possibilities: '--html' '--help'",
		"--svg -o" + file:  "",
		"--svg --svg --he": "",
		"-o \x1b.jpg":      `the ending of \x1b.jpg tells no format; expected .txt, .dot, .mmd, .svg, .html or .json, or an option such as --svg`,
		"--watch --svg":    "--watch is for text and --json, and writes no file",
		"--watch -o a.txt": "--watch is for text and --json, and writes no file",
	} {
		status, out, stderr := run(strings.Fields(words)...)
		if want == "" && (status != 0 || stderr != "" || strings.HasPrefix(out, "Usage: minins graph ") != strings.HasSuffix(words, "--he")) ||
			want != "" && (status != 2 || out != "" || stderr != "minins graph: "+want+try) {
			t.Errorf("%s: %d %q %q, want %q", words, status, out, stderr, want)
		}
	}
	if status, _, stderr := run("--svg", "-o", "/nowhere/picture"); status != 1 || stderr != "minins graph: open /nowhere/picture: no such file or directory\n" {
		t.Errorf("%d %q", status, stderr)
	}
}

// TestExplain tells what would be done, and does none of it.
func TestExplain(t *testing.T) {
	file := t.TempDir() + "/picture.svg"
	var told []string
	var out bytes.Buffer
	c := &applet.Cmd{Name: "graph", Args: []string{"-o", file, "nope"}, Stdout: bufio.NewWriter(&out), Stderr: &out, Explain: func(call, why string) {
		told = append(told, call)
		if why == "" {
			t.Errorf("%s: no reason", call)
		}
	}}
	status := Run(c)
	c.Stdout.Flush()
	if _, err := os.Stat(file); status != 0 || out.Len() > 0 || !strings.Contains(strings.Join(told, " "), "IFLA_TARGET_NETNSID") || err == nil {
		t.Errorf("%d %q, told %q, %v", status, &out, told, err)
	}
}
