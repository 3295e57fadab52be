//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// TestExplainDoesNothing has commands of all kinds explained, with options before them, in
// batches, in one another; nothing that they would do is done.
func TestExplainDoesNothing(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	batch := write("batch", "link add x type bridge\nnetns add zz\nnetns exec there touch "+dir+"/touched\n")
	rules := write("rules", "*filter\n:INPUT DROP\n-A INPUT -j DROP\nCOMMIT\n")
	script := write("script", "table ip t { }\n")
	links := filepath.Join(dir, "links")
	if err := os.Mkdir(links, 0o755); err != nil {
		t.Fatal(err)
	}
	testns.Run(t, "ip", "netns", "add", "there").Must(t)
	defer testns.Run(t, "ip", "netns", "del", "there")
	t.Setenv("XDG_STATE_HOME", dir)
	t.Setenv("XDG_RUNTIME_DIR", dir)
	world := func() string {
		all := testns.Run(t, "ip", "netns").Must(t)
		for _, in := range []string{"", "ip netns exec there "} {
			for _, what := range []string{"ip link", "ip addr", "ip route", "ip rule", "ip neigh", "nft list ruleset"} {
				all += testns.Run(t, strings.Fields(in+what)...).Must(t)
			}
		}
		for _, of := range []string{dir, links} {
			files, err := os.ReadDir(of)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				all += f.Name() + "\n"
			}
		}
		return all
	}
	before := world()
	for _, line := range []string{
		"ip -n there -6 -o link add x type bridge", "ip -n there -n there link add x type bridge", "ip --trace link add x type bridge",
		"ip --pcap " + dir + "/pcap link add x type bridge", "minins ip link add x type bridge",
		"ip -batch " + batch, "ip -n there -force -batch " + batch, "ip -netns there addr flush dev lo", "ip -all netns del", "ip netns del there",
		"ip netns attach zz 1", "ip netns set there 5", "ip -all netns exec touch " + dir + "/touched", "ip -n there netns exec there touch " + dir + "/touched",
		"ip netns exec there ip netns exec there ip link add x type bridge", "ip tuntap add dev tun7 mode tun", "ip route flush all", "ip rule flush",
		"bridge link set dev lo state 1", "iptables -P FORWARD DROP", "iptables -w 5 -A INPUT -j LOG", "ip6tables -t nat -A POSTROUTING -j MASQUERADE",
		"iptables-restore " + rules, "iptables-restore -n " + rules, "iptables-save -f " + dir + "/saved",
		"nft -f " + script, "nft -c -f " + script, "nft flush ruleset", "nft add table ip t", "nft reset counters",
		"route add default gw 1.2.3.4", "arp -s 1.2.3.4 2:2:3:4:5:6", "ping -c1 127.0.0.1", "arping -c1 -I lo 127.0.0.1",
		"unshare --net=" + dir + "/ns touch " + dir + "/touched", "unshare -Urn --pid --fork --mount-proc touch " + dir + "/touched",
		"nsenter --net=/run/netns/there touch " + dir + "/touched", "nsenter -t 1 -a touch " + dir + "/touched",
		"--rootless touch " + dir + "/touched", "--rootless=lab1 touch " + dir + "/touched", "lab stop lab1", "gc --now", "ns repair",
		"graph -o " + dir + "/picture.svg", "graph --watch", "capture -w " + dir + "/pcap -c 1", "trace-packet -n there -p icmp --dst 1.2.3.4",
		"doctor there 1.2.3.4", "lesson netns", "lesson stop netns", "bench namespaces", "install " + links,
	} {
		if out := explained(t, line); !strings.HasPrefix(out, "# ") || strings.Count(out, "\n") < 2 {
			t.Errorf("%s: %s", line, out)
		}
		if after := world(); after != before {
			t.Fatalf("%s has been done:\n%s", line, testns.Diff(before, after))
		}
	}
	for _, args := range [][]string{{"--pcap=" + dir + "/pcap", "explain", "ip", "link"}, {"explain", "--pcap", dir + "/pcap", "ip", "link"}} { // which are main's to take off
		cmd := exec.Command("/proc/self/exe")
		cmd.Args = append([]string{"minins"}, args...)
		cmd.Env = append(os.Environ(), asMinins+"=1", "MININS_TRACE=text")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "# ip link\n\nsocket(") || world() != before {
			t.Errorf("%q: %v\n%s", args, err, out)
		}
	}
	if _, stderr, code := minins(t, "minins", "explain", "--rootless=../x", "true"); code == 0 || !strings.Contains(stderr, "as a name for a lab") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestExplainOfLists has explain show what nft asks the kernel for a list: as much as of a ruleset
// with nothing in it, also where a table, a chain or a counter is named that is not there.
func TestExplainOfLists(t *testing.T) {
	all := []string{"NFT_MSG_GETGEN", "NFT_MSG_GETTABLE", "NFT_MSG_GETCHAIN", "NFT_MSG_GETRULE", "NFT_MSG_GETSET", "NFT_MSG_GETOBJ", "NFT_MSG_GETFLOWTABLE"}
	for line, want := range map[string][]string{
		"nft list ruleset":            all,
		"nft -j list table ip t":      all,
		"nft list chain ip t c":       all,
		"nft list counter ip t c":     all,
		"nft list tables":             all[1:2],
		"nft reset counter ip t c":    {"NFT_MSG_GETTABLE", "NFT_MSG_GETOBJ_RESET"},
		"nft add table ip t":          {"NFT_MSG_GETGEN", "NFT_MSG_NEWTABLE"},
		"nft add rule ip t c counter": {"NFT_MSG_GETGEN", "NFT_MSG_NEWRULE"},
	} {
		out, stderr, code := minins(t, append([]string{"minins", "explain"}, strings.Fields(line)...)...)
		if code != 0 || stderr != "" {
			t.Errorf("%s: exit %d, %s", line, code, stderr)
		}
		for _, name := range want {
			if !strings.Contains(out, "nlmsg_type = "+name+"\n") {
				t.Errorf("%s: got no %s:\n%s", line, name, out)
			}
		}
	}
}

// TestExplainUsage: asked for, it is what is printed; otherwise it is an error.
func TestExplainUsage(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"--help"}, nil} {
		stdout, stderr, code := minins(t, append([]string{"minins", "explain"}, args...)...)
		if args == nil {
			stdout, stderr, code = stderr, stdout, code-2
		}
		if !strings.HasPrefix(stdout, "Usage: minins explain COMMAND") || stderr != "" || code != 0 {
			t.Errorf("%q: exit %d, %q, %q", args, code, stdout, stderr)
		}
	}
}
