//go:build linux

package ip

import (
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// mistakes are commands that fail: with which exit status, with which text on
// standard error, and with which words in the hint that a person gets.
var mistakes = []struct {
	cmd  string
	code int
	text string
	hint string
}{
	// Names that are not there.
	{"link show nosuch", 1, `Device "nosuch" does not exist.`, "there is no device"},
	{"link set nosuch up", 1, `Cannot find device "nosuch"`, `there is no device "nosuch"`},
	{"link set veth-rde up", 1, `Cannot find device "veth-rde"`, `did you mean "veth-red"`},
	{"link del nosuch", 1, `Cannot find device "nosuch"`, "ip link"},
	{"addr add 10.1.1.1/24 dev nosuch", 1, `Cannot find device "nosuch"`, "nosuch"},
	{"addr show dev nosuch", 1, `Device "nosuch" does not exist.`, "nosuch"},
	{"route add 10.9.0.0/16 dev nosuch", 1, `Cannot find device "nosuch"`, "nosuch"},
	{"neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev nosuch", 1, `Cannot find device "nosuch"`, "nosuch"},
	{"link set veth-red master nosuch", 255, "Error: argument \"nosuch\" is wrong: Device does not exist\n", "nosuch"},
	{"link set veth-red netns nosuch", 255, "Error: argument \"nosuch\" is wrong: Invalid \"netns\" value\n", "neither a network namespace"},
	{"link set veth-red netns 4194304", 2, "RTNETLINK answers: No such process", "no process 4194304"},
	{"-n nosuch link", 255, `Cannot open network namespace "nosuch": No such file or directory`, ""},
	{"netns del nosuch", 1, `Cannot remove namespace file "/run/netns/nosuch": No such file or directory`, "ip netns"},
	{"netns del bule", 1, `Cannot remove namespace file "/run/netns/bule": No such file or directory`, `did you mean "blue"`},
	{"netns exec nosuch true", 255, `Cannot open network namespace "nosuch": No such file or directory`, ""},
	{"route show table 77", 2, "Error: ipv4: FIB table does not exist.\nDump terminated", ""},

	// Words that are iproute2's alone.
	{"link set veth-red xdp off", 1, `"ip link set xdp" is one of iproute2's that minins does not have`, ""},
	{"link set veth-red xdpgeneric object x.o", 1, `"ip link set xdpgeneric" is one of iproute2's that minins does not have`, ""},
	{"link set veth-red vf 0 mac 02:00:00:00:00:01", 1, `"ip link set vf" is one of iproute2's that minins does not have`, ""},
	{"route add 10.5.0.0/16 encap ip id 3", 1, `"ip route encap" is one of iproute2's that minins does not have`, ""},
	{"route add 10.5.0.0/16 ttl-propagate enabled", 1, `"ip route ttl-propagate" is one of iproute2's that minins does not have`, ""},
	{"nexthop add id 1 encap mpls 100", 1, `"ip nexthop encap" is one of iproute2's that minins does not have`, ""},
	{"link xst type bridge", 255, `"ip link xstats" is one of iproute2's that minins does not have`, ""},
	{"route save table all", 255, `"ip route save" is one of iproute2's that minins does not have`, ""},
	{"addr showd", 255, `"ip address showdump" is one of iproute2's that minins does not have`, ""},
	{"rule foo", 255, `Command "foo" is unknown, try "ip rule help".`, ""},

	// Names that are taken.
	{"netns add blue", 1, `Cannot create namespace file "/run/netns/blue": File exists`, "is taken"},
	{"link add br0 type bridge", 2, "RTNETLINK answers: File exists", `"br0" is taken`},
	{"link add veth-red type veth peer name x", 2, "RTNETLINK answers: File exists", `"veth-red" and "x"`},
	{"link set veth-red name br0", 2, "RTNETLINK answers: File exists", `"br0" is taken`},
	{"addr add 10.0.0.1/24 dev br0", 2, "Error: ipv4: Address already assigned.", "has the address 10.0.0.1/24 already"},
	{"route add 10.5.0.0/16 via 10.0.0.9", 2, "RTNETLINK answers: File exists", "10.5.0.0/16 is there already"},
	{"neigh add 10.0.0.7 lladdr 02:00:00:00:00:08 dev br0", 2, "RTNETLINK answers: File exists", "10.0.0.7 already"},

	// What is not there to delete.
	{"addr del 10.9.9.9/24 dev br0", 2, "Error: ipv4: Address not found.", "does not have the address 10.9.9.9/24"},
	{"route del 10.9.0.0/16", 2, "RTNETLINK answers: No such process", "10.9.0.0/16 is not there"},
	{"neigh del 10.0.0.99 dev br0", 2, "RTNETLINK answers: No such file or directory", "no entry for 10.0.0.99"},
	{"link del lo", 2, "RTNETLINK answers: Operation not supported", "cannot be deleted"},

	// Addresses and numbers that are none.
	{"addr add 10.0.0.300/24 dev br0", 1, `Error: any valid prefix is expected rather than "10.0.0.300/24".`, "300 is more than the 255"},
	{"addr add 10.0.0.3/33 dev br0", 1, `Error: any valid prefix is expected rather than "10.0.0.3/33".`, "0 to 32"},
	{"route add 10.9.0.0/16 via fd00::1", 1, `Error: inet address is expected rather than "fd00::1".`, "is an inet6 address"},
	{"route add 10.9.0.1/16 dev br0", 2, "Error: Invalid prefix for given prefix length.", "the network is 10.9.0.0/16"},
	{"link set veth-red address zz", 1, `"zz" is invalid lladdr.`, ""},
	{"link set veth-red address 02:00", 1, "Invalid address length 2 - must be 6 bytes", ""},
	{"link set veth-red mtu x", 255, "Error: argument \"x\" is wrong: Invalid \"mtu\" value\n", ""},
	{"link set veth-red mtu 20", 2, "Error: mtu less than device minimum.", `"veth-red" is unchanged`},
	{"link set veth-red mtu 0", 2, "Error: mtu less than device minimum.", "unchanged"},

	// Routes that lead nowhere.
	{"route add 10.9.0.0/16 via 172.16.0.1", 2, "Error: Nexthop has invalid gateway.", "gateway 172.16.0.1"},
	{"route add default", 2, "RTNETLINK answers: No such device", "needs a way"},
	{"route get 8.8.8.8", 2, "RTNETLINK answers: Network is unreachable", "no route leads to 8.8.8.8"},

	// Rules and nexthop objects.
	{"rule add from 10.0.0.0/8 table 7 pref 70", 2, "RTNETLINK answers: File exists", "the same rule already"},
	{"rule del from 10.9.0.0/16", 2, "RTNETLINK answers: No such file or directory", "no rule has all that"},
	{"rule add from fd00::/64 table 7", 2, "Error: Invalid source address.", "ip -6 rule"},
	{"rule add", 1, "\"ip rule add\" requires arguments.", "as in"},
	{"rule add frm 10.0.0.0/8", 255, "Error: argument \"frm\" is wrong: Failed to parse rule type", `did you mean "from"`},
	{"rule add uidrange 5 table 7", 255, "Error: argument \"5\" is wrong: invalid UID range\n", "1000-1999"},
	{"rule flsh", 255, `Command "flsh" is unknown, try "ip rule help".`, `did you mean "ip rule flush"`},
	{"nexthop add id 7 dev nosuch", 255, "Error: argument \"nosuch\" is wrong: Device does not exist\n", "nosuch"},
	{"nexthop add id 5 blackhole", 2, "RTNETLINK answers: File exists", "nexthop object 5 is there already"},
	{"nexthop del id 99", 2, "RTNETLINK answers: No such file or directory", "nexthop object 99 is not there"},
	{"nexthop add id 7 via 172.16.0.1 dev lo", 2, "Error: Nexthop has invalid gateway.", "not on any network"},
	{"nexthop add id 7 vai 10.0.0.1", 255, "Error: argument \"vai\" is wrong: ", `did you mean "via"`},
	{"nexthop add id 7 group 5/x", 255, "Error: argument \"5\" is wrong: \"group\" value is invalid\n", "1,10/2,20"},

	// Words that are missing, too many, or misspelt.
	{"addr add 10.1.1.1/24", 1, `Not enough information: "dev" argument is required.`, "which link"},
	{"link add x", 1, `Not enough information: "type" argument is required`, ""},
	{"link set", 255, `Not enough information: "dev" argument is required.`, ""},
	{"link set veth-red mtu", 255, `Command line is not complete. Try option "help"`, `after "mtu"`},
	{"link set veth-red mtu 1400 mtu 1300", 255, `Error: duplicate "mtu": "1300" is the second value.`, ""},
	{"link set veth-red nomastr", 255, `Error: either "dev" is duplicate, or "nomastr" is a garbage.`, `did you mean "nomaster"`},
	{"addr add 10.1.1.1/24 dev br0 brodcast +", 255, `Error: either "local" is duplicate, or "brodcast" is a garbage.`, `did you mean "broadcast"`},
	{"route add 10.9.0.0/16 vai 10.0.0.9", 255, `Error: either "to" is duplicate, or "vai" is a garbage.`, `did you mean "via"`},
	{"link foo", 255, `Command "foo" is unknown, try "ip link help".`, ""},
	{"lnik", 1, `Object "lnik" is unknown, try "ip help".`, `did you mean "ip link"`},
	{"xfrm", 1, `Object "xfrm" is unknown, try "ip help".`, "does not have"},
	{"-jsno link", 255, `Option "-jsno" is unknown, try "ip -help".`, `did you mean "-json"`},
	{"link add a type veth", 1, `"type" is invalid lladdr.`, `say "dev a"`},
	{"netns add ..", 255, `Invalid netns name ".."`, ""},
	{"netns exec blue", 1, "No command specified", "ip link"},
	{"tuntap add t9", 1, "You failed to specify a tunnel mode", `say "mode tun"`},
	{"tuntap add t9 mode tnu", 255, `Unknown tunnel mode "tnu"`, `"tun" or "tap"`},
	{"tuntap add t9 t8 mode tun", 255, `Error: either "name" is duplicate, or "t8" is a garbage.`, `the name is "t9" already`},
	{"tuntap add t9 mode tun user nosuch", 255, `invalid user "nosuch"`, "/etc/passwd"},
	{"tuntap foo", 255, `Command "foo" is unknown, try "ip tuntap help".`, ""},
	{"link add x9 type vxlan id 5 ttl 300", 255, `Error: argument "300" is wrong: TTL must be <= 255`, ""},
	{"link add x9 type vxlan id 5 id 6", 255, `Error: either "id" is duplicate, or "6" is a garbage.`, "twice"},

	// What the kernel does not do.
	{"link add x type nosuchkind", 2, "Error: Unknown device type.", `"nosuchkind"`},
	{"link set br0 netns blue", 2, "Error: The interface netns is immutable.", "unchanged"},
	{"link set br0 master br0", 2, "Error: Can not enslave a bridge to a bridge.", "unchanged"},
	{"link add v1 type veth peer name v2 up", 2, "RTNETLINK answers: Transport endpoint is not connected", "set it up afterwards"},

	// What the real ip would leave half done: veth-red keeps its bridge, and
	// everything else that the same request says.
	{"link set veth-red master lo", 2, "RTNETLINK answers: Operation not supported", `"veth-red" is unchanged`},
	{"link set veth-red mtu 1300 alias half master lo", 2, "RTNETLINK answers: Operation not supported", "unchanged"},
	{"link set veth-red mtu 1300 name br0", 2, "RTNETLINK answers: File exists", "taken"},
	{"link set veth-red mtu 1300 alias half txqueuelen 7 netns 4194304", 2, "RTNETLINK answers: No such process", "no process"},
	{"link set veth-red mtu 1300 address 02:00:00:00:00:77 type bridge stp_state 1", 2, "RTNETLINK answers: Operation not supported", "unchanged"},
}

// TestMistakes makes each mistake: the right exit status, text and hint, and
// nothing changed in the kernel.
func TestMistakes(t *testing.T) {
	t.Cleanup(func() { clearNetns(t) })
	ns := testns.New(t)
	for _, line := range []string{"link set lo up", "netns add blue", "link add br0 type bridge", "addr add 10.0.0.1/24 dev br0",
		"link add veth-red type veth peer name veth-red-br", "link set veth-red master br0", "link set br0 up", "link set veth-red up",
		"rule add from 10.0.0.0/8 table 7 pref 70", "nexthop add id 5 blackhole", "route add 10.5.0.0/16 via 10.0.0.9", "neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev br0"} {
		ns.Run(t, append([]string{"ip"}, strings.Fields(line)...)...).Must(t)
	}
	settled := func() string {
		s := masked(state(t, ns))
		for _, m := range unsettled {
			s = m.re.ReplaceAllString(s, m.to)
		}
		return s
	}
	before := settled()
	for _, m := range mistakes {
		got := ours(t, ns, "", true, strings.Fields(m.cmd)...)
		text, hint := got.Stderr, ""
		if i := strings.Index(text, "minins: "); i >= 0 {
			text, hint = text[:i], text[i:]
		}
		if got.Code != m.code || text != m.text+"\n" || got.Stdout != "" && !strings.HasPrefix(m.cmd, "addr del") {
			t.Errorf("ip %s: %d %q %q, want %d %q", m.cmd, got.Code, got.Stdout, text, m.code, m.text)
		}
		if !strings.Contains(hint, m.hint) {
			t.Errorf("ip %s: the hint is %q, want %q in it", m.cmd, hint, m.hint)
		}
		if after := settled(); after != before {
			t.Errorf("ip %s: the kernel's state has changed:\nfrom %s\nto   %s", m.cmd, before, after)
			before = after
		}
	}
}
