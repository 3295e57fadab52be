//go:build linux

package ip

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// A watcher is a monitor that runs: the real one, or ours.
type watcher struct {
	cmd *exec.Cmd
	out string // a file
}

// watch starts a program in a namespace, with its output in a file.
func watch(t *testing.T, ns *testns.NS, args ...string) *watcher {
	t.Helper()
	w := &watcher{out: filepath.Join(t.TempDir(), "out")}
	f, err := os.Create(w.out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w.cmd = exec.Command(args[0], args[1:]...)
	w.cmd.Env = append(os.Environ(), "LC_ALL=C", appletEnv+"=1")
	w.cmd.Stdout, w.cmd.Stderr = f, f
	ns.Do(t, func() { err = w.cmd.Start() })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.stop() })
	return w
}

// stop interrupts it, as Ctrl-C does, and returns how it ended.
func (w *watcher) stop() string {
	if w.cmd.ProcessState == nil {
		_ = w.cmd.Process.Signal(os.Interrupt)
		_ = w.cmd.Wait()
	}
	return w.cmd.ProcessState.String()
}

func (w *watcher) text(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(w.out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// listening waits until so many sockets of the namespace have joined groups, and
// for what a monitor reads before its first event.
func listening(t *testing.T, w *watcher, n int) {
	t.Helper()
	testns.Eventually(t, fmt.Sprintf("%d listen", n), func() bool {
		sockets, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/netlink", w.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		return len(testns.Listeners(sockets, unix.NETLINK_ROUTE)) >= n
	})
	time.Sleep(500 * time.Millisecond)
}

// quiet waits until nobody has written for a while.
func quiet(t *testing.T, all ...*watcher) {
	t.Helper()
	for last, since := -1, time.Now(); time.Since(since) < 700*time.Millisecond; time.Sleep(20 * time.Millisecond) {
		n := 0
		for _, w := range all {
			n += len(w.text(t))
		}
		if n != last {
			last, since = n, time.Now()
		}
	}
}

var stampMasks = []struct{ re, to string }{
	{`Timestamp: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} \d{1,6} usec`, "Timestamp: T"},
	{`\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\] `, "[T] "},
}

func maskedEvents(s string) string {
	for _, m := range stampMasks {
		s = regexp.MustCompile(m.re).ReplaceAllString(s, m.to)
	}
	return masked(s)
}

// TestMonitor has the real ip and ours watch the same events, with all options.
func TestMonitor(t *testing.T) {
	real := testns.Tool(t, "ip")
	ns := testns.New(t)
	ns.Up(t, "lo")
	ns.Sysctl(t, "net/ipv6/conf/default/accept_dad", 0)
	var all []*watcher
	lines := []string{"monitor", "monitor label", "mon all", "-t monitor link", "-ts mon label li addr", "-o monitor label", "-d monitor link rule",
		"-j monitor label", "-4 monitor label", "-6 monitor", "-s -s mon label neigh link", "-br monitor label", "-c monitor link addr neigh",
		"-N monitor route rule neigh", "-p -j monitor link", "monitor dev lo", "monitor dev lo link netconf", "mon netc nsid ne ro ru", "-0 monitor",
		"-d -o monitor addr route", "-rcvbuf 100000 monitor address",
		"-d monitor label nexthop", "-o mon nexthop"}
	for _, line := range lines {
		args := strings.Fields(line)
		all = append(all, watch(t, ns, append([]string{real}, args...)...), watch(t, ns, append([]string{"/proc/self/exe"}, args...)...))
	}
	listening(t, all[0], len(all))
	for line := range strings.Lines(`link add br0 type bridge
		link add va type veth peer name vb
		link set va up
		link set vb up
		link set va master br0
		link set lo alias loop
		link set va mtu 1400
		addr add 10.0.0.1/24 brd + dev vb label vb:1
		addr add 10.0.0.1/24 dev lo valid_lft 1000 preferred_lft 500
		-6 addr add fd00::1/64 dev vb nodad
		route add 10.5.0.0/16 via 10.0.0.9
		route add blackhole 10.6.0.0/16 table 100
		route append 10.5.0.0/16 nexthop via 10.0.0.7 nexthop via 10.0.0.8 weight 3
		-6 route add fd01::/64 via fd00::9 metric 5 mtu 1300
		route replace 10.5.0.0/16 via 10.0.0.10
		route del 10.6.0.0/16 table 100
		neigh add 10.0.0.3 lladdr 02:00:00:00:00:03 dev vb
		neigh change 10.0.0.3 lladdr 02:00:00:00:00:04 dev vb nud stale
		neigh add proxy 10.0.0.77 dev vb
		neigh del 10.0.0.3 dev vb
		neigh del proxy 10.0.0.77 dev vb
		rule add from 10.0.0.0/24 table 100 pref 77
		-6 rule add iif vb lookup 200
		rule del pref 77
		nexthop add id 5 via 10.0.0.8 dev vb
		nexthop add id 6 blackhole
		nexthop add id 7 group 5,3
		nexthop replace id 5 via 10.0.0.7 dev vb
		nexthop del id 6
		link set va nomaster
		link set va alias hello
		link property add va altname another
		addr del 10.0.0.1/24 dev vb
		link del va
		link del br0`) {
		ns.Run(t, append([]string{"ip"}, testns.Words(strings.TrimSpace(line))...)...).Must(t)
	}
	quiet(t, all...)
	for i, line := range lines {
		want, got := maskedEvents(all[2*i].text(t)), maskedEvents(all[2*i+1].text(t))
		if n := strings.Count(want, "\n"); n < 3 && !strings.Contains(line, "dev lo") {
			t.Errorf("%s: only %d lines", line, n)
		}
		if got != want {
			t.Errorf("%s: (-want +got)\n%s", line, testns.Diff(want, got))
		}
		if got, want := all[2*i+1].stop(), all[2*i].stop(); got != want {
			t.Errorf("%s: ended by %q, want %q", line, got, want)
		}
	}
}

// TestMonitorAllNSID watches two namespaces. Devices with the same index have the
// same name, since the real ip asks for the names of all in its own.
func TestMonitorAllNSID(t *testing.T) {
	real := testns.Tool(t, "ip")
	t.Cleanup(func() { clearNetns(t) })
	ns := testns.New(t)
	ns.Run(t, "ip", "netns", "add", "red").Must(t)
	ns.Run(t, "ip", "netns", "set", "red", "7").Must(t)
	args := []string{"monitor", "all-nsid", "label"}
	all := []*watcher{watch(t, ns, append([]string{real}, args...)...), watch(t, ns, append([]string{"/proc/self/exe"}, args...)...)}
	listening(t, all[0], 2)
	for line := range strings.Lines(`link add name br0 index 77 type bridge
		-n red link add name br0 index 77 type bridge
		-n red link set br0 up
		-n red addr add 10.0.0.1/24 dev br0
		-n red route add 10.5.0.0/16 via 10.0.0.9 onlink dev br0
		-n red neigh add 10.0.0.3 lladdr 02:00:00:00:00:03 dev br0
		addr add 10.0.0.2/24 dev br0
		-n red link set lo up
		-n red link del br0
		netns del red
		link del br0`) {
		ns.Run(t, append([]string{"ip"}, testns.Words(strings.TrimSpace(line))...)...).Must(t)
	}
	quiet(t, all...)
	// It also forgets a name that is one of another namespace.
	want, got := strings.ReplaceAll(masked(all[0].text(t)), "if77", "br0"), masked(all[1].text(t))
	if got != want || !strings.Contains(got, "[nsid 7][ADDR]") || !strings.Contains(got, "[nsid current][NSID]Deleted nsid 7 (iproute2 netns name: red)\n") {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestMonitorNSIDNames shows the devices of another namespace by their own names.
func TestMonitorNSIDNames(t *testing.T) {
	t.Cleanup(func() { clearNetns(t) })
	ns := testns.New(t)
	ns.Run(t, "ip", "link", "add", "name", "here", "index", "77", "type", "bridge").Must(t)
	ns.Run(t, "ip", "netns", "add", "red").Must(t)
	ns.Run(t, "ip", "netns", "set", "red", "7").Must(t)
	ns.Run(t, "ip", "-n", "red", "link", "add", "name", "there", "index", "77", "type", "bridge").Must(t)
	w := watch(t, ns, "/proc/self/exe", "monitor", "all-nsid", "address")
	listening(t, w, 1)
	ns.Run(t, "ip", "-n", "red", "addr", "add", "10.0.0.1/24", "dev", "there").Must(t)
	quiet(t, w)
	if got := w.text(t); !strings.HasPrefix(got, "[nsid 7]77: there    inet 10.0.0.1/24 ") {
		t.Errorf("got %q", got)
	}
}

// TestMonitorRename shows the new name of a link. (The real ip goes on with the
// old one.)
func TestMonitorRename(t *testing.T) {
	ns := testns.New(t)
	ns.Run(t, "ip", "link", "add", "old", "type", "bridge").Must(t)
	w := watch(t, ns, "/proc/self/exe", "monitor", "address", "link")
	listening(t, w, 1)
	ns.Run(t, "ip", "link", "set", "old", "name", "new").Must(t)
	ns.Run(t, "ip", "addr", "add", "10.0.0.1/24", "dev", "new").Must(t)
	quiet(t, w)
	if got := w.text(t); !strings.Contains(got, "\n2: new    inet 10.0.0.1/24 ") {
		t.Errorf("got %q", got)
	}
}

// TestMonitorNewLink has the kernel tell of a link's settings before it tells of the
// link.
func TestMonitorNewLink(t *testing.T) {
	ns := testns.New(t)
	var b []byte
	for i, m := range []nl.Message{
		&rtnl.NetConf{Family: unix.AF_INET, Index: nl.Some[int32](77)},
		&rtnl.NetConf{Family: unix.AF_INET6, Index: nl.Some[int32](77)},
		&rtnl.Link{Index: 77, Name: "new0"},
		&rtnl.NetConf{Family: unix.AF_INET6, Index: nl.Some[int32](78)},
	} {
		typ := uint16(unix.RTM_NEWNETCONF)
		if i == 2 {
			typ = unix.RTM_NEWLINK
		}
		one, err := nl.Reply(nl.Header{}, typ, 0, m)
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, one...)
	}
	file := filepath.Join(t.TempDir(), "saved")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	got := ours(t, ns, "", false, "monitor", "file", file).Stdout
	want := "inet new0 \ninet6 new0 \n77: new0: <> state UNKNOWN \n    link/generic \ninet6 if78 \n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestMonitorNames has links come and go while only their addresses are shown.
func TestMonitorNames(t *testing.T) {
	ns := testns.New(t)
	w := watch(t, ns, "/proc/self/exe", "monitor", "netconf", "address")
	listening(t, w, 1)
	batch := filepath.Join(t.TempDir(), "batch")
	text := "link add va type veth peer name vb\naddr add 10.0.0.1/24 dev va\nlink del va\n"
	if err := os.WriteFile(batch, []byte(strings.Repeat(text, 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	ns.Run(t, "ip", "-b", batch).Must(t)
	quiet(t, w)
	got := w.text(t)
	if n := strings.Count(got, "inet 10.0.0.1/24 "); n != 200 {
		t.Errorf("%d times the address, want 200", n)
	}
	if unnamed := regexp.MustCompile(`\bif\d+`).FindAllString(got, -1); len(unnamed) > 20 {
		t.Errorf("%d of 600 events have no name: %q", len(unnamed), unnamed)
	}
}

// TestMonitorFile shows what rtmon has saved.
func TestMonitorFile(t *testing.T) {
	rtmon := testns.Tool(t, "rtmon")
	ns := testns.New(t)
	file := filepath.Join(t.TempDir(), "saved")
	w := watch(t, ns, rtmon, "file", file)
	listening(t, w, 1)
	ns.Run(t, "ip", "link", "add", "br0", "type", "bridge").Must(t)
	ns.Run(t, "ip", "addr", "add", "10.0.0.1/24", "dev", "br0").Must(t)
	ns.Run(t, "ip", "link", "set", "br0", "up").Must(t)
	ns.Run(t, "ip", "route", "add", "10.1.0.0/16", "via", "10.0.0.2", "onlink", "dev", "br0").Must(t)
	time.Sleep(300 * time.Millisecond)
	w.stop()
	for _, args := range [][]string{{"monitor", "file", file}, {"-o", "mon", "label", "file", file}, {"monitor", "file", "/nonexistent"},
		{"monitor", "file", "/proc/version"}} {
		want, got := ns.Run(t, append([]string{"ip"}, args...)...), ours(t, ns, "", false, args...)
		if args[len(args)-1] != "/nonexistent" { // each has its own words for what it does not know
			want.Stderr, got.Stderr = "", ""
		}
		if want.Code == 0 && !strings.Contains(want.Stdout, "Timestamp: ") {
			t.Errorf("%q: nothing was saved: %q", args, want.Stdout)
		}
		compare(t, got, want)
	}
}

// TestMonitorMistakes compares what is said of wrong words.
func TestMonitorMistakes(t *testing.T) {
	testns.Tool(t, "ip")
	ns := testns.New(t)
	for _, line := range []string{"monitor help", "monitor bogus", "monitor dev", "monitor dev nosuch", "monitor file", "-rcvbuf x monitor", "monitor ALL", "monitor sta"} {
		args := strings.Fields(line)
		compare(t, ours(t, ns, "", false, args...), ns.Run(t, append([]string{"ip"}, args...)...))
	}
	for _, object := range []string{"mroute", "prefix", "stats"} {
		if got := ours(t, ns, "", false, "monitor", object); got.Code != 1 || !strings.Contains(got.Stderr, `"ip monitor `+object+`"`) {
			t.Errorf("%s: got %+v", object, got)
		}
	}
}

// picture is what there is, according to a monitor.
func picture(t *testing.T, text string) (is []string, lost int) {
	t.Helper()
	there := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		gone, deleted := strings.CutPrefix(line, "Deleted ")
		switch {
		case strings.HasPrefix(line, "netlink receive error"), strings.HasPrefix(line, "[SYNCED]"):
		case strings.HasPrefix(line, "[LOST]"):
			lost++
		case strings.HasPrefix(line, "[RESYNC]"):
			clear(there)
		case deleted:
			delete(there, gone)
		default:
			there[line] = true
		}
	}
	for line := range there {
		is = append(is, line)
	}
	slices.Sort(is)
	return is, lost
}

// blackhole is a route to one of many addresses.
func blackhole(i int) *rtnl.Route {
	a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
	return &rtnl.Route{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_BOOT, Type: unix.RTN_BLACKHOLE, Dst: netip.PrefixFrom(a, 32)}
}

// TestMonitorStorm makes 100,000 events, far too fast for a small buffer, and
// finds that the picture is right in the end.
func TestMonitorStorm(t *testing.T) {
	ns := testns.New(t)
	ns.Up(t, "lo")
	w := watch(t, ns, "/proc/self/exe", "-4", "-rcvbuf", "4096", "monitor", "route")
	listening(t, w, 1)
	conn, err := rtnl.Dial(nl.Config{NetNS: ns.FD()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	batch := conn.Batch(context.Background())
	const added, kept, each = 52000, 2000, 1000
	events := 0
	for i := range added + each {
		if i < added {
			batch.AddRoute(blackhole(i))
			events++
		}
		if old := i - each; old >= 0 && old%(added/kept) != 0 {
			batch.DelRoute(blackhole(old))
			events++
		}
	}
	if err := batch.Flush(); err != nil {
		t.Fatal(err)
	}
	quiet(t, w)
	got, lost := picture(t, w.text(t))
	want := strings.Split(strings.TrimSuffix(ns.Run(t, "ip", "-4", "route", "show", "table", "all").Must(t), "\n"), "\n")
	slices.Sort(want)
	if events < 100000 || lost == 0 || len(want) < kept {
		t.Errorf("%d events, lost some %d times, %d routes are left", events, lost, len(want))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the picture has %d routes, the kernel %d (-kernel +picture)\n%.1000s", len(got), len(want),
			testns.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")))
	}
	t.Logf("%d events, lost %d times, %d routes; %d bytes, anew %d times", events, lost, len(want), len(w.text(t)), strings.Count(w.text(t), "[RESYNC]"))
}

// TestMonitorResync loses events of every kind and gets all objects anew.
func TestMonitorResync(t *testing.T) {
	t.Cleanup(func() { clearNetns(t) })
	ns := testns.New(t)
	for line := range strings.Lines(`netns add red
		netns set red 7
		link add br0 type bridge
		addr add 10.0.0.1/24 dev br0
		addr add fd00::1/64 dev br0
		neigh add 10.0.0.3 lladdr 02:00:00:00:00:03 dev br0
		neigh add proxy 10.0.0.4 dev br0
		rule add pref 77 lookup 77
		-6 rule add pref 78 lookup 78
		route add blackhole 10.9.0.0/16
		-n red route add blackhole 10.8.0.0/16`) {
		ns.Run(t, append([]string{"ip"}, strings.Fields(line)...)...).Must(t)
	}
	w := watch(t, ns, "/proc/self/exe", "-rcvbuf", "4096", "monitor", "all", "all-nsid")
	listening(t, w, 1)
	conn, err := rtnl.Dial(nl.Config{NetNS: ns.FD()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	signal := func(sig os.Signal) {
		t.Helper()
		if err := w.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	signal(unix.SIGSTOP) // on a busy machine it may keep pace
	batch := conn.Batch(context.Background())
	for range 5000 {
		batch.AddRoute(blackhole(0))
		batch.DelRoute(blackhole(0))
	}
	err = batch.Flush()
	signal(unix.SIGCONT)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); !strings.Contains(w.text(t), "[SYNCED]") && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond) // on a busy machine it has not begun yet
	}
	quiet(t, w)
	before, text, ok := strings.Cut(w.text(t), "[RESYNC]")
	if !ok {
		t.Fatalf("nothing was lost:\n%.2000s", before)
	}
	for _, want := range []string{"[nsid current][LINK]2: br0: <", "[ADDR]2: br0    inet 10.0.0.1/24 ", "[ADDR]2: br0    inet6 fd00::1/64 ",
		"[NEIGH]10.0.0.3 dev br0 lladdr 02:00:00:00:00:03 PERMANENT", "[NEIGH]10.0.0.4 dev br0 proxy", "[NEIGH]dev br0 lladdr ", "[RULE]77:\tfrom all lookup 77\n",
		"[RULE]78:\tfrom all lookup 78\n", "[ROUTE]blackhole 10.9.0.0/16 \n", "[NETCONF]inet br0 ", "[NETCONF]inet6 br0 ", "[NSID]nsid 7 (iproute2 netns name: red)\n",
		"[nsid 7][LINK]1: lo: <", "[nsid 7][ROUTE]blackhole 10.8.0.0/16 \n", "[SYNCED]"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%.6000s", want, text)
		}
	}
}

// TestNetnsMonitor watches names come and go.
func TestNetnsMonitor(t *testing.T) {
	t.Cleanup(func() { clearNetns(t) })
	ns := testns.New(t)
	w := watch(t, ns, "/proc/self/exe", "netns", "monitor")
	for end := time.Now().Add(10 * time.Second); w.text(t) == ""; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not watch")
		}
		if err := nsfs.Create("probe"); err != nil {
			t.Fatal(err)
		}
		if err := nsfs.Delete("probe"); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []func(string) error{nsfs.Create, nsfs.Delete} {
		for _, name := range []string{"red", "two words"} {
			if err := f(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	quiet(t, w)
	if got := w.text(t); !strings.HasSuffix(got, "delete probe\nadd red\nadd two words\ndelete red\ndelete two words\n") {
		t.Errorf("got %q", got)
	}
	if got := w.stop(); got != "signal: interrupt" {
		t.Errorf("it ended by %q", got)
	}
}

// TestNetnsAttach names the namespace of a process.
func TestNetnsAttach(t *testing.T) {
	t.Cleanup(func() { clearNetns(t) })
	ns, inside := testns.New(t), testns.New(t)
	w := watch(t, inside, "/proc/self/exe", "monitor", "rule")
	pid := fmt.Sprint(w.cmd.Process.Pid)
	for _, line := range []string{"", "red", "red 0", "red x", "red " + pid, "red " + pid, "blue 99999999", "blue -5", "../x " + pid} {
		args := append([]string{"netns", "attach"}, strings.Fields(line)...)
		clearNetns(t)
		want := ns.Run(t, append([]string{"ip"}, args...)...)
		names, err := nsfs.List()
		if err != nil {
			t.Fatal(err)
		}
		clearNetns(t)
		got := ours(t, ns, "", false, args...)
		compare(t, got, want)
		if all, err := nsfs.List(); err != nil || !slices.Equal(all, names) {
			t.Errorf("%s: the names are %q (%v), want %q", line, all, err, names)
		}
		if got.Code == 0 {
			if got := ours(t, ns, "", false, "netns", "identify", pid).Must(t); got != "red\n" {
				t.Errorf("it is called %q", got)
			}
			again := ours(t, ns, "", false, args...)
			compare(t, again, ns.Run(t, append([]string{"ip"}, args...)...))
			if again.Code == 0 {
				t.Errorf("the name was taken, and is given again")
			}
		}
	}
}
