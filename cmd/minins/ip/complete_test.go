//go:build linux

package ip

import (
	"bufio"
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

func TestComplete(t *testing.T) {
	t.Cleanup(func() { clearNetns(t) })
	ns := testns.New(t)
	for _, name := range []string{"red", "rouge"} {
		if err := nsfs.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	ours(t, ns, "", false, strings.Fields("link add veth-a type veth peer name veth-b")...).Must(t)
	ours(t, ns, "", false, strings.Fields("-n red link add bridge-r type bridge")...).Must(t)
	for _, test := range []struct{ line, want string }{
		{"", "address link route neigh rule nexthop netns monitor tuntap help"},
		{"li", "link"},
		{"-n", "-netns"},
		{"-n r", "red rouge"},
		{"-j -n red li", "link"},
		{"link s", "set show"},
		{"li se dev veth-", "veth-b veth-a"},
		{"link set veth-", "veth-b veth-a"},
		{"-n red link set br", "broadcast bridge-r"},
		{"netns exec red ip link set bri", "bridge-r"},
		{"netns exec r", "red rouge"},
		{"netns del ro", "rouge"},
		{"link set veth-a arp ", "on off"},
		{"link set veth-a netns re", "red"},
		{"link add x type br", "bridge bridge_slave"},
		{"link add x type bridge stp", "stp_state"},
		{"link add x type veth peer tx", "txqueuelen"},
		{"route show table m", "main"},
		{"route add 10.0.0.0/8 me", "metric"},
		{"addr add 10.0.0.1/8 dev veth-a sc", "scope"},
		{"addr add 10.0.0.1/8 scope h", "host"},
		{"neigh add 10.0.0.1 nud perm", "permanent"},
		{"monitor lab", "label"},
		{"monitor dev veth-a", "veth-a"},
		{"bridge f", "fdb"},
		{"bridge -n red link set dev bri", "bridge-r"},
		{"bridge link set dev veth-a isolated ", "on off"},
		{"bridge fdb ap", "append"},
		{"frobnicate ", ""},
		{"link frobnicate ", ""},
	} {
		var out bytes.Buffer
		c := &applet.Cmd{Name: CompleteName, Args: strings.Split(test.line, " "), Stdout: bufio.NewWriter(&out), Stderr: os.Stderr,
			Getenv: os.Getenv, Dial: dialIn(ns)}
		run := Complete
		if rest, bridge := strings.CutPrefix(test.line, "bridge "); bridge {
			run, c.Args = CompleteBridge, strings.Split(rest, " ")
		}
		code := run(c)
		c.Stdout.Flush()
		got, want := strings.Fields(out.String()), strings.Fields(test.want)
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%q: got %q, which lacks %q", test.line, got, w)
			}
		}
		if code != 0 || len(want) <= 2 && len(got) != len(want) {
			t.Errorf("%q: got %q, status %d, want %q", test.line, got, code, want)
		}
	}
}

// TestForms checks that every word of the table is found by itself, and that
// every argument in it is one that can be explained.
func TestForms(t *testing.T) {
	for _, f := range forms {
		for _, word := range f.words.words() {
			if f.words.find(word) != word {
				t.Errorf("%s %s: %q is found as %q", f.object, f.command, word, f.words.find(word))
			}
		}
		for line := range strings.Lines(string(f.words)) {
			line = strings.TrimSpace(line)
			if strings.Contains(line, "\t") || strings.Count(line, "  ") > 1 {
				t.Errorf("%s %s: not a line of a grammar: %q", f.object, f.command, line)
			}
		}
	}
	for _, object := range objectsThere() {
		if object != "help" && object != "monitor" && command(object, "help") != "help" {
			t.Errorf("%s has no help", object)
		}
	}
}
