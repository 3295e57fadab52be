//go:build linux

package graph

import (
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"syscall"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// TestPolicies has the real ip add rules of routing, and list them: they are drawn in its
// words.
func TestPolicies(t *testing.T) {
	const name = "policies"
	testns.Run(t, "ip", "netns", "add", name).Must(t)
	defer func() { _ = nsfs.Delete(name) }()
	for i, words := range []string{
		"from 10.1.0.0/16 table 7",
		"not from 10.1.0.1 to 10.2.0.0/24 table 300",
		"fwmark 5 blackhole", "fwmark 5/0xff prohibit", "fwmark 0/0xff unreachable",
		"iif lo oif eth0 table 9", "table main suppress_prefixlength 0",
		"uidrange 0-0 ipproto tcp sport 80 table local", "ipproto 1 table 9", "dport 1000-2000 table 9",
		"ipproto udp tun_id 9 goto 32766", "tos 0x14 table default",
	} {
		for _, family := range []string{"-4", "-6"} {
			if family == "-6" && strings.Contains(words, "10.") || family == "-6" && i%2 == 0 {
				continue
			}
			line := "ip -n " + name + " " + family + " rule add priority " + strconv.Itoa(100+i) + " " + words
			testns.Run(t, strings.Fields(line)...).Must(t)
		}
	}
	status, out, errs := run(name)
	if status != 0 || errs != "" {
		t.Fatalf("%d %q", status, errs)
	}
	var got, want []string
	for line := range strings.Lines(out) {
		if _, rule, ok := strings.Cut(line, "─ ip "); ok {
			got = append(got, strings.TrimSpace(rule))
		}
	}
	for _, family := range []string{"rule", "-6 rule"} {
		args := append([]string{"ip", "-n", name}, strings.Fields(family)...)
		for line := range strings.Lines(testns.Run(t, args...).Must(t)) {
			if !strings.HasPrefix(line, "0:") && !strings.HasPrefix(line, "3276") {
				want = append(want, family+" "+strings.TrimSpace(strings.Replace(line, "\t", " ", 1)))
			}
		}
	}
	if len(want) < 15 || !slices.Equal(got, want) {
		t.Errorf("%d rules:\n%s", len(want), testns.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")))
	}
}

// TestTaken has a namespace that is called as the one that it is drawn from, a cable with
// an address at each end, and a process in a namespace without a name.
func TestTaken(t *testing.T) {
	testns.Run(t, "ip", "netns", "add", "host").Must(t)
	defer func() { _ = nsfs.Delete("host") }()
	for _, line := range []string{
		"ip link add ppp0 up type veth peer name ppp0 netns host",
		"ip addr add 10.0.0.1 peer 10.0.0.2/32 dev ppp0",
	} {
		testns.Run(t, strings.Fields(line)...).Must(t)
	}
	defer func() { testns.Run(t, "ip", "link", "del", "ppp0").Must(t) }()
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	status, out, errs := run()
	for _, want := range []string{
		"├─ ppp0 10.0.0.1 peer 10.0.0.2/32 no carrier ── /run/netns/host:ppp0\n",
		"\n/run/netns/host\n└─ ppp0 down ── host:ppp0 10.0.0.1 peer 10.0.0.2/32\n",
		"\npid " + strconv.Itoa(cmd.Process.Pid) + "\n└─ no links but lo\n",
	} {
		if status != 0 || errs != "" || !strings.Contains(strings.Replace(out, "└─ ppp0 10", "├─ ppp0 10", 1), want) {
			t.Errorf("%d %q: no %q in\n%s", status, errs, want, out)
		}
	}
	for name, want := range map[string]string{"host": "host", "/run/netns/host": "host", "pid " + strconv.Itoa(cmd.Process.Pid): "pid "} {
		if status, out, errs := run("--text", name); status != 0 || errs != "" || !strings.HasPrefix(out, want) {
			t.Errorf("of %s: %d %q\n%s", name, status, errs, out)
		}
	}
}
