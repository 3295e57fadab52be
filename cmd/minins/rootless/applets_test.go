//go:build linux

package rootless_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/internal/tutorial"
)

// TestApplets has every command that minins has in a lab, in which they are found by
// their names, and see what they made before.
func TestApplets(t *testing.T) {
	u := newUser(t)
	u.env = tutorial.Env(bare, "XDG_RUNTIME_DIR="+u.run, "MININS_HINTS=1")
	used := map[string]bool{}
	for _, c := range []struct {
		line   string
		code   int
		stdout string // an expression; "" is no output
		stderr string // the same
	}{
		{"ip link set lo up", 0, "", ""},
		{"ip netns add red", 0, "", ""},
		{"ip link add va type veth peer name vb netns red", 0, "", ""},
		{"ip addr add 10.1.0.1/24 dev va", 0, "", ""},
		{"ip link set va up", 0, "", ""},
		{"ip -n red addr add 10.1.0.2/24 dev vb", 0, "", ""},
		{"ip -n red link set vb up", 0, "", ""},
		{"ip link add br0 type bridge", 0, "", ""},
		{"ip link add vx master br0 type vxlan id 5 dstport 4789", 0, "", ""},
		{"bridge link", 0, `^[0-9]+: vx: .* master br0 `, ""},
		{"bridge fdb show br br0", 0, `dev vx .*permanent`, ""},
		{"ip route add 10.5.0.0/16 via 10.1.0.2", 0, "", ""},
		{"ip route get 10.5.0.1", 0, `^10\.5\.0\.1 via 10\.1\.0\.2 dev va src 10\.1\.0\.1 `, ""},
		{"ip rule add from 10.9.0.0/16 table 7", 0, "", ""},
		{"ip rule", 0, `from 10\.9\.0\.0/16 lookup 7`, ""},
		{"ip -batch /dev/null", 0, "", ""},
		{"route -n", 0, `(?m)^10\.5\.0\.0 +10\.1\.0\.2 +255\.255\.0\.0 +UG `, ""},
		{"route add -net 10.6.0.0/16 gw 10.1.0.2", 0, "", ""},
		{"ping -c 1 127.0.0.1", 0, `1 received, 0% packet loss`, ""},
		{"ping -c 1 -W 2 10.1.0.2", 0, `1 received, 0% packet loss`, ""},
		{"ping -c 1 ::1", 0, `1 received, 0% packet loss`, ""},
		{"ping -f -c 20 10.1.0.2", 0, `20 received, 0% packet loss`, ""},
		{"arp -n", 0, `10\.1\.0\.2 +ether .* va`, ""},
		{"arp -s 10.1.0.9 02:00:00:00:00:09", 0, "", ""},
		{"arping -c 1 -I va 10.1.0.2", 0, `Received 1 response`, ""},
		{"iptables -t nat -A POSTROUTING -o va -j MASQUERADE", 0, "", ""},
		{"iptables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT", 0, "", ""},
		{"iptables -nvL", 0, `ctstate ESTABLISHED`, ""},
		{"iptables-save", 0, `-A POSTROUTING -o va -j MASQUERADE`, ""},
		{"iptables-restore -n /dev/null", 0, "", ""},
		{"iptables-translate -A INPUT -j ACCEPT", 0, `^nft 'add rule ip filter INPUT counter accept'`, ""},
		{"ip6tables -A INPUT -p icmpv6 -j ACCEPT", 0, "", ""},
		{"ip6tables-save", 0, `-A INPUT -p ipv6-icmp -j ACCEPT`, ""},
		{"ip6tables-restore -n /dev/null", 0, "", ""},
		{"ip6tables-translate -A INPUT -j ACCEPT", 0, `^nft 'add rule ip6 filter INPUT counter accept'`, ""},
		{"nft add table inet t { set s { type ipv4_addr; elements = { 10.0.0.1 }; }; }", 0, "", ""},
		{"nft list ruleset", 0, `(?s)masquerade.*elements = \{ 10\.0\.0\.1 \}`, `^# Warning: table ip nat is managed by iptables-nft`},
		{"ps aux", 0, ` ps aux\n`, ""},
		{"sysctl -w net.ipv4.ip_forward=1", 0, `^net\.ipv4\.ip_forward = 1\n$`, ""},
		{"ip netns exec red sysctl -n net.ipv4.ip_forward", 0, `^0\n$`, ""},
		{"sysctl kernel.panic=1", 1, "", `^sysctl: permission denied on key "kernel.panic"\n$`},
		{"init", 1, "", `^init: is for process 1 of a machine`},
		{"unshare -pf minins init", 1, "", `^init: /proc is mounted`},
		{"unshare -n ip link", 0, `^1: lo: <LOOPBACK> .*\n.*\n$`, ""},
		{"unshare -Urpf --mount-proc ps aux", 0, `(?m)^root +1 .* ps aux$`, ""},
		{"nsenter --net=/run/netns/red ip -br addr", 0, `(?m)^vb@if[0-9]+ +UP +10\.1\.0\.2/24`, ""},
		{"ip netns exec red ip route", 0, `^10\.1\.0\.0/24 dev vb `, ""},
		{"ip netns exec red unshare -m ip -br link", 0, `(?m)^vb@`, ""},
		{"explain ip link add va type dummy", 0, `RTM_NEWLINK`, ""},
		{"decode /proc/self/status", 1, "", `no bytes of netlink`},
		{"--trace ip link show va", 0, `^[0-9]+: va`, `RTM_GETLINK NLM_F_REQUEST`},
		{"capture --for 0.2 udp port 9", 0, "", `captured`}, // the kernel itself may ask by ARP
		{"trace-packet -n red -p icmp --dst 10.1.0.1", 0, `(?s)red.*delivered`, ""},
		{"doctor red 10.1.0.1", 0, `^red can reach 10\.1\.0\.1 `, ""},
		{"graph --ascii", 0, `(?m)^red$`, ""},
		{"lesson", 0, `(?m)^ 2  netns `, ""},
		{"bench -n 3 -r 1 namespaces links", 0, `(?s)namespaces .*create.*links .*delete all`, ""},
		{"ns", 0, `^red +live +inode [0-9]+ `, ""},
		{"ns repair", 0, "", ""},
		{"gc", 0, "", `^minins: nothing was left by killed runs\n$`},
		{"completion bash", 0, `complete -F`, ""},
		{"lab", 0, "", ""},
		{"help", 0, `Usage: minins`, ""},
		{"version", 0, `^minins `, ""},
		{"minins --rootless=inner ip netns add deeper", 0, "", ""},
		{"minins --rootless=inner ip netns", 0, `^deeper\n$`, ""},
		{"lab list", 0, `^inner: held by process [0-9]+, other processes: 0\n$`, ""},
		{"lab stop inner", 0, "", ""},
		{"install /run/netns/red", 2, "", `not a directory`},
		{"uninstall /run", 0, `^0 links`, ""},
		// What the kernel refuses.
		{"ip link set va netns 1", 2, "", `.`},
		{"ip netns add red", 1, "", `File exists\nminins: the name "red" is taken`},
		{"ip netns del red", 0, "", ""},
		{"ip netns", 0, "", ""},
	} {
		used[strings.Fields(c.line)[0]] = true
		got := u.minins(append([]string{"--rootless=applets"}, strings.Fields(c.line)...)...)
		if got.Code != c.code || !matches(c.stdout, got.Stdout) || !matches(c.stderr, got.Stderr) {
			t.Errorf("%s: got %d %q %q\nwant %d %q %q", c.line, got.Code, got.Stdout, got.Stderr, c.code, c.stdout, c.stderr)
		}
	}
	for line := range strings.Lines(u.minins("help").Must(t)) {
		if m := regexp.MustCompile(`^  ([a-z0-9-]+)  `).FindStringSubmatch(line); m != nil && !used[m[1]] && m[1] != "--rootless" {
			t.Errorf("%s is not tried", m[1])
		}
	}
	got := u.minins("--rootless=applets", "ip", "tuntap", "add", "tap0", "mode", "tap")
	if tun, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0); err == nil {
		tun.Close()
		like(t, got, 0, "", "")
	} else if !strings.Contains(got.Stderr, "\nminins: /dev/net/tun cannot be opened;") && !strings.Contains(got.Stderr, "modprobe tun") {
		t.Errorf("tap: %+v", got)
	}
}

// matches has "" match nothing but that.
func matches(expr, text string) bool {
	if expr == "" {
		return text == ""
	}
	return regexp.MustCompile(expr).MatchString(text)
}

// TestInstalledFirst has a shell find what is installed before the links, and the word
// behind --rootless be minins' own.
func TestInstalledFirst(t *testing.T) {
	u := newUser(t)
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/ip", []byte("#!/bin/sh\necho installed $*\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	u.env = append(u.env, "PATH="+dir+":/bin:/usr/bin")
	for _, flag := range []string{"--rootless", "--rootless=first"} {
		like(t, u.minins(flag, "sh", "-c", "ip netns"), 0, "installed netns\n", "")
		like(t, u.minins(flag, "ip", "netns", "add", "a"), 0, "", "")
		like(t, u.minins(flag, "sh", "-c", "/run/bin/ip netns add b && /run/bin/ip netns exec b ip x"), 0, "installed x\n", "")
	}
	v := u.minins("--rootless", "sh", "-c", "/run/bin/minins version").Must(t)
	if v != version(t, u) || testns.Binary() == "" {
		t.Errorf("%q", v)
	}
}
