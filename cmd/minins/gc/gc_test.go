//go:build linux

package gc_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/gc"
	"github.com/minins/minins/container"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

func TestMain(m *testing.M) { testns.Main(m) }

// run is "minins gc", in the suite's own namespace.
func run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	c := &applet.Cmd{Name: "gc", Args: args, Stdout: bufio.NewWriter(&out), Stderr: &err, Hints: true}
	status = gc.Run(c)
	c.Stdout.Flush()
	why := regexp.MustCompile(`(?m): an empty file, with no namespace mounted on it.*$`)
	return status, why.ReplaceAllString(out.String(), ""), err.String()
}

const nothing = "minins: nothing was left by killed runs\n"

// TestGC leaves one of each, beside what lives, and has it found once.
func TestGC(t *testing.T) {
	if status, out, err := run(t); status != 0 || out != "" || err != nothing {
		t.Fatalf("on an empty host: %d %q %q", status, out, err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(nsfs.Create("lives"))
	t.Cleanup(func() { must(container.DeleteNamespace(context.Background(), "lives")) })
	ns, err := nsfs.Open("lives")
	must(err)
	defer ns.Close()
	conn, err := rtnl.Dial(nl.Config{})
	must(err)
	defer conn.Close()
	for _, l := range []struct {
		name  string
		group uint32
	}{{"lives0", container.Group}, {"others0", 0}, {"doomed0", 0xed<<24 | 1}} {
		must(conn.AddLink(t.Context(), &rtnl.Link{Name: l.name, Group: nl.Some(l.group), Info: rtnl.LinkInfo{
			Kind: "veth", Peer: &rtnl.Link{Name: l.name, NetNSFD: nl.Some(uint32(ns.Fd()))},
		}}))
	}
	must(os.WriteFile(nsfs.Path("stale"), nil, 0)) // or is it in the making? without --now it stays

	const found = "remove /run/netns/stale\ndelete link doomed0\n"
	before := picture(t, conn)
	if status, out, err := run(t, "-n", "--now"); status != 0 || out != would(found) || err != "" {
		t.Errorf("-n: %d %q %q, want %q", status, out, err, would(found))
	}
	if after := picture(t, conn); after != before {
		t.Errorf("-n: before %q, after %q", before, after)
	}
	if status, out, err := run(t); status != 0 || out != "delete link doomed0\n" || err != "" {
		t.Errorf("%d %q %q", status, out, err)
	}
	if status, out, err := run(t, "--now"); status != 0 || out != "remove /run/netns/stale\n" || err != "" {
		t.Errorf("--now: %d %q %q, want %q", status, out, err, found)
	}
	if status, out, err := run(t, "--now"); status != 0 || out != "" || err != nothing {
		t.Errorf("again: %d %q %q", status, out, err)
	}
	if after := picture(t, conn); after != "lo lives0 others0 lives " {
		t.Errorf("left: %q", after)
	}
}

func would(text string) string {
	return strings.ReplaceAll("would "+text, "\ndelete", "\nwould delete")
}

// picture is the links and the names.
func picture(t *testing.T, conn *rtnl.Conn) string {
	t.Helper()
	text := ""
	links, err := conn.Links(t.Context(), rtnl.LinkFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range links {
		text += links[i].Name + " "
	}
	entries, err := os.ReadDir(nsfs.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text += e.Name() + " "
	}
	return text
}

// TestGCPorts puts back what publishing had begun when it was killed.
func TestGCPorts(t *testing.T) {
	for _, command := range []string{
		"add table ip minins-ports",
		"add map ip minins-ports ports { type inet_proto . inet_service : ipv4_addr . inet_service ; }",
		"add map ip minins-ports addr-ports { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service ; }",
		"add chain ip minins-ports undo",
		`add rule ip minins-ports undo return comment "sysctl net/ipv4/ip_forward 0"`,
	} {
		testns.Run(t, append([]string{"nft"}, strings.Fields(command)...)...).Must(t)
	}
	const forward = "/proc/sys/net/ipv4/ip_forward"
	if err := os.WriteFile(forward, []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	const found = "set sysctl net/ipv4/ip_forward back to 0\ndelete table ip minins-ports\n"
	if status, out, err := run(t); status != 0 || out != found || err != "" {
		t.Errorf("%d %q %q", status, out, err)
	}
	if b, err := os.ReadFile(forward); err != nil || string(b) != "0\n" {
		t.Errorf("ip_forward is %q, %v", b, err)
	}
	if got := testns.Run(t, "nft", "list", "ruleset").Must(t); got != "" {
		t.Errorf("left: %s", got)
	}
}

func TestGCUsage(t *testing.T) {
	if status, out, err := run(t, "--all"); status != 2 || out != "" || !strings.Contains(err, `"--all" is no option`) {
		t.Errorf("%d %q %q", status, out, err)
	}
	if status, out, err := run(t, "-h"); status != 0 || !strings.HasPrefix(out, "Usage: minins gc") || err != "" {
		t.Errorf("%d %q %q", status, out, err)
	}
}

// TestGCRefused has no right to do anything.
func TestGCRefused(t *testing.T) {
	if err := os.Mkdir(nsfs.Dir, 0o755); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	conn, err := rtnl.Dial(nl.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	doomed := &rtnl.Link{Name: "doomed0", Group: nl.Some[uint32](0xed<<24 | 1), Info: rtnl.LinkInfo{Kind: "veth", Peer: &rtnl.Link{Name: "doomed1"}}}
	if err := conn.AddLink(t.Context(), doomed); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.DelLink(t.Context(), rtnl.LinkNamed("doomed0")); err != nil {
			t.Error(err)
		}
	}()
	var status int
	var stderr string
	err = nsfs.Throwaway(func() error {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil { // of this thread
			return err
		}
		status, _, stderr = run(t)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if status != 1 || !strings.Contains(stderr, "operation not permitted") || !strings.Contains(stderr, "become root") {
		t.Errorf("%d %q", status, stderr)
	}
}
