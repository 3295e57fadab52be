//go:build linux

package oracle_test

import (
	"testing"

	"github.com/minins/minins/internal/oracle"
)

func TestMask(t *testing.T) {
	for _, c := range []struct{ command, text, want string }{
		{"ip netns exec red ping -c 1 10.0.0.1", "64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.035 ms\n", "64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=T ms\n"},
		{"ping -c1 10.0.0.1", "1 packets transmitted, 1 received, 0% packet loss, time 0ms\nrtt min/avg/max/mdev = 0.057/0.057/0.057/0.000 ms\n",
			"1 packets transmitted, 1 received, 0% packet loss, time Tms\nrtt min/avg/max/mdev = T/T/T/T ms\n"},
		{"iptables -nvL -t nat", "    0     0 DNAT       6    --  *      *\n    1    84 MASQUERADE  0    --  *      *\n",
			"    0     0 DNAT       tcp  --  *      *\n    1    84 MASQUERADE  all  --  *      *\n"},
		{"ip -n red -s link show a", "           180       2      0       0       0       0 \n", " N N 0 0 0 N \n"},
		{"ip netns exec red arp", "Address\nb\na\n", "Address\na\nb\n"},
		{"iptables -t nat -L PREROUTING -n -v", "    0     0 DNAT       6    --  *      *\n", "    0     0 DNAT       tcp  --  *      *\n"},
		{"arp -a", "b\na\n", "a\nb\n"},
		{"ip neigh show dev a", "b\na\n", "a\nb\n"},
		{"ip neigh", "b\na\n", "a\nb\n"},
		{"arp", "", ""},
		{"ip addr", "inet6 fe80::1/64 scope link tentative \n", "inet6 fe80::1/64 scope link \n"},
		{"ip link", "b\na 6    --\n", "b\na 6    --\n"},
	} {
		if got := oracle.Mask(c.command, c.text); got != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.command, got, c.want)
		}
	}
}

func TestExitStatus(t *testing.T) {
	for _, c := range []struct {
		command      string
		status, want int
		stdout       string
	}{
		{"ip netns exec red route", 1, 0, "Kernel IP routing table\nDestination …\n"},
		{"route", 1, 1, ""},
		{"ip route", 2, 2, ""},
		{"ip route", 1, 1, "1\n2\n"},
	} {
		if got := oracle.ExitStatus(c.command, c.status, c.stdout); got != c.want {
			t.Errorf("%s: %d became %d, want %d", c.command, c.status, got, c.want)
		}
	}
}
