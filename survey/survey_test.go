//go:build linux

package survey_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

func TestMain(m *testing.M) { testns.Main(m) }

func try(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t testing.TB, name string) {
	t.Helper()
	try(t, nsfs.Create(name))
	t.Cleanup(func() { try(t, nsfs.Delete(name)) })
}

// in makes links in a namespace.
func in(t testing.TB, name string, links ...*rtnl.Link) {
	t.Helper()
	ns, err := nsfs.Open(name)
	try(t, err)
	defer ns.Close()
	c, err := rtnl.Dial(nl.Config{NetNS: ns.Fd()})
	try(t, err)
	defer c.Close()
	for _, l := range links {
		try(t, c.AddLink(t.Context(), l))
	}
}

// veth is a cable whose other end is in another namespace, or the same.
func veth(t testing.TB, name, peer, to string) *rtnl.Link {
	t.Helper()
	other := &rtnl.Link{Name: peer}
	if to != "" {
		ns, err := nsfs.Open(to)
		try(t, err)
		t.Cleanup(func() { ns.Close() })
		other.NetNSFD = nl.Some(uint32(ns.Fd()))
	}
	return &rtnl.Link{Name: name, Info: rtnl.LinkInfo{Kind: "veth", Peer: other}}
}

// wires are the cables and stacks of a survey, one a line.
func wires(s *survey.Survey) []string {
	var all []string
	for _, n := range s.Namespaces {
		for _, l := range n.Links {
			for how, other := range map[string]*survey.Link{"-": l.Peer, "on": l.Lower, "in": l.Master()} {
				if other != nil {
					all = append(all, fmt.Sprint(n.Label(), ":", l.Name, " ", how, " ", other.Namespace.Label(), ":", other.Name))
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

func ids(t testing.TB, name string) string {
	t.Helper()
	ns, err := nsfs.Open(name)
	try(t, err)
	defer ns.Close()
	c, err := rtnl.Dial(nl.Config{NetNS: ns.Fd()})
	try(t, err)
	defer c.Close()
	all, err := c.NSIDs(t.Context())
	try(t, err)
	return fmt.Sprint(len(all))
}

func TestTake(t *testing.T) {
	for _, name := range []string{"red", "blue", "void"} {
		create(t, name)
	}
	in(t, "red", veth(t, "r-b", "b-r", "blue"), veth(t, "x0", "x1", ""),
		&rtnl.Link{Name: "br0", Info: rtnl.LinkInfo{Kind: "bridge"}}, &rtnl.Link{Name: "mv", Parent: nl.Some(uint32(2)), Info: rtnl.LinkInfo{Kind: "macvlan"}})
	try(t, os.WriteFile(nsfs.Path("stale"), nil, 0))
	defer os.Remove(nsfs.Path("stale"))
	cmd := exec.Command(testns.Tool(t, "sleep"), "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: unix.SIGKILL}
	try(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	before := ids(t, "void")

	s, err := survey.Take(t.Context(), survey.Options{Processes: true})
	try(t, err)
	var labels []string
	for _, n := range s.Namespaces {
		labels = append(labels, n.Label())
		if n.Err != nil || n.LinkNamed("lo") == nil || n.Link(1) != n.LinkNamed("lo") || n.Link(99) != nil {
			t.Errorf("%s: %v, %d links", n.Label(), n.Err, len(n.Links))
		}
	}
	pid := fmt.Sprint("pid ", cmd.Process.Pid)
	if got, want := strings.Join(labels[:4], " "), "host blue red void"; got != want || !slices.Contains(labels, pid) {
		t.Errorf("namespaces %q, want %s and %s", labels, want, pid)
	}
	if len(s.Stale) != 1 || s.Stale[0].Name != "stale" || s.Stale[0].Why == "" {
		t.Errorf("stale: %+v", s.Stale)
	}
	want := []string{"blue:b-r - red:r-b", "red:mv on red:r-b", "red:r-b - blue:b-r", "red:x0 - red:x1", "red:x1 - red:x0"}
	if got := wires(s); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if s.Namespace("") != s.Namespaces[0] || s.Namespace("red") != s.Namespaces[2] || s.Namespace("none") != nil {
		t.Error("Namespace finds others")
	}
	if v, err := s.Namespace("red").Sysctl("net/ipv4/ip_forward"); v != "0" || err != nil {
		t.Errorf("ip_forward %q, %v", v, err)
	}
	if v, err := s.Namespace("").Sysctl("net/ipv4/ip_forward"); v != "0" || err != nil {
		t.Errorf("ip_forward %q, %v", v, err)
	}
	try(t, s.Close())
	if after := ids(t, "void"); after != before {
		t.Errorf("a survey gave namespaces ids in another one: %s before, %s after", before, after)
	}
}

// TestNames asks for some, by two names of one namespace, and for one that is not there.
func TestNames(t *testing.T) {
	create(t, "red")
	create(t, "blue")
	in(t, "red", veth(t, "r-b", "b-r", "blue"))
	try(t, nsfs.Attach("rot", nsfs.Path("red")))
	defer func() { try(t, nsfs.Delete("rot")) }()
	s, err := survey.Take(t.Context(), survey.Options{Names: []string{"rot", "red"}})
	try(t, err)
	red := s.Namespace("red")
	if len(s.Namespaces) != 2 || red == nil || !slices.Equal(red.Names, []string{"rot", "red"}) || red.Label() != "rot" {
		t.Errorf("%d namespaces, red is %+v", len(s.Namespaces), red)
	}
	if l := red.LinkNamed("r-b"); l == nil || !l.Parent.Ok || l.Peer != nil {
		t.Errorf("an end elsewhere: %+v", l)
	}
	try(t, s.Close())
	if s, err := survey.Take(t.Context(), survey.Options{Names: []string{"red", "none"}}); !errors.Is(err, fs.ErrNotExist) || s != nil {
		t.Errorf("%v, %v", s, err)
	}
}

// TestLists has one of each kind.
func TestLists(t *testing.T) {
	create(t, "red")
	in(t, "red", veth(t, "x0", "x1", ""))
	ns, err := nsfs.Open("red")
	try(t, err)
	defer ns.Close()
	for _, line := range []string{
		"ip link set x0 up", "ip link set x1 up", "ip addr add 10.0.0.1/24 dev x0", "ip route add 10.1.0.0/16 via 10.0.0.2",
		"ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev x0", "ip rule add from 10.0.0.9 table 7 priority 9",
	} {
		testns.Run(t, append([]string{"ip", "netns", "exec", "red"}, strings.Fields(line)...)...).Must(t)
	}
	s, err := survey.Take(t.Context(), survey.Options{Names: []string{"red"}})
	try(t, err)
	defer func() { try(t, s.Close()) }()
	red := s.Namespace("red")
	addrs := red.LinkNamed("x0").Addrs()
	if len(addrs) == 0 || addrs[0].Local.String() != "10.0.0.1" || addrs[0].PrefixLen != 24 {
		t.Errorf("addresses of x0: %+v", addrs)
	}
	var routes []string
	for i := range red.Routes {
		routes = append(routes, fmt.Sprint(red.Routes[i].Dst, " ", red.Routes[i].Gateway))
	}
	if !slices.Contains(routes, "10.1.0.0/16 10.0.0.2") {
		t.Errorf("routes %q", routes)
	}
	if len(red.Neighs) == 0 || !slices.ContainsFunc(red.Rules, func(r rtnl.Rule) bool { return r.Priority.V == 9 }) {
		t.Errorf("%d neighbours, rules %+v", len(red.Neighs), red.Rules)
	}
}
