//go:build linux

package main

import (
	"bufio"
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
)

// explained is what explain says of a command line.
func explained(t *testing.T, line string) string {
	t.Helper()
	var out, errs bytes.Buffer
	c := &applet.Cmd{
		Name: "explain", Args: testns.Words(line), Stdin: strings.NewReader(""), Stdout: bufio.NewWriter(&out), Stderr: &errs,
		Getenv: os.Getenv, IsApplet: func(name string) bool { _, ok := find(name); return ok },
	}
	if code := explainCommand(c); code != 0 || errs.Len() > 0 {
		t.Errorf("explain %s: exit %d, %s", line, code, errs.String())
	}
	if err := c.Stdout.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var (
	equivalentLine = regexp.MustCompile(`(?m)^# ((?:ip|nft) .*)\n`)
	sequence       = regexp.MustCompile(`(?m)^....  .*nlmsg_seq = .*\n`)
)

// TestEquivalent has explain say what else a person could type for a message.
func TestEquivalent(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"route add default gw 10.0.0.1", "ip route prepend default via 10.0.0.1"},
		{"route add -net 10.1.0.0/16 gw 10.0.0.1 metric 7", "ip route prepend 10.1.0.0/16 via 10.0.0.1 metric 7"},
		{"route del -net 10.1.0.0/16", "ip route delete 10.1.0.0/16"},
		{"route add -host 10.1.0.1 reject", "ip route prepend unreachable 10.1.0.1/32"},
		{"arp -i v0 -s 10.0.0.7 02:00:00:00:00:07", "ip neigh replace 10.0.0.7 lladdr 02:00:00:00:00:07 dev v0 nud permanent"},
		{"iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE", "nft add rule ip nat POSTROUTING ip saddr 192.168.15.0/24 counter packets 0 bytes 0 masquerade"},
		{"iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80",
			"nft add rule ip nat PREROUTING tcp dport 80 counter packets 0 bytes 0 dnat to 192.168.15.2:80"},
		{"nft add table inet t", "nft add table inet t"},
		{"ip -n red link add v0 type veth peer name v1", "ip -n red link add name v0 type veth peer name v1"},
		{"ip link set v0 master br0 up", "ip link set dev v0 master br0 up"},
		{"ip link set v0 nomaster down alias 'two words'", "ip link set dev v0 nomaster alias 'two words' down"},
		{"ip link add v0 up mtu 1400 group 7 address 02:00:00:00:00:07 txqueuelen 10 type bridge", "ip link add name v0 address 02:00:00:00:00:07 mtu 1400 txqueuelen 10 group 7 up type bridge"},
		{"ip link add m0 link v0 type macvlan", "ip link add name m0 link v0 type macvlan"},
		{"ip link set v0 name v1", "ip link set dev v0 name v1"},
		{"ip link del v0", "ip link delete dev v0"},
		{"ip addr add 10.0.0.1/24 brd + dev v0 label v0:a", "ip addr add 10.0.0.1/24 broadcast 10.0.0.255 dev v0 label v0:a"},
		{"ip addr add 10.0.0.1 peer 10.0.0.2/32 dev v0", "ip addr add 10.0.0.1 peer 10.0.0.2/32 dev v0"},
		{"ip addr del fd00::1/64 dev v0", "ip addr delete fd00::1/64 dev v0"},
		{"ip route add 10.2.0.0/16 nexthop via 10.0.0.2 dev v0 weight 2 nexthop via 10.0.0.3 dev v0",
			"ip route add 10.2.0.0/16 nexthop via 10.0.0.2 dev v0 weight 2 nexthop via 10.0.0.3 dev v0 weight 1"},
		{"ip route replace blackhole 10.9.0.0/16 table 7", "ip route replace blackhole 10.9.0.0/16 table 7"},
		{"ip route append 10.9.0.0/16 dev v0 src 10.0.0.1", "ip route append 10.9.0.0/16 dev v0 src 10.0.0.1"},
		{"ip route get 10.0.0.1 from 10.0.0.2 iif v0", "ip route get 10.0.0.1 from 10.0.0.2/32 iif v0"},
		{"ip neigh del 10.0.0.7 dev v0", "ip neigh delete 10.0.0.7 dev v0"},
		{"ip rule add from 10.0.0.9 table 7 priority 9", "ip rule add priority 9 from 10.0.0.9/32 table 7"},
		{"ip rule add iif v0 fwmark 3 table 7", "ip rule add iif v0 fwmark 3 table 7"},
		{"ip neigh", "ip neigh show"},
		{"ip route show table 7", "ip route show table 7"},
	} {
		text := explained(t, tt.line)
		all := equivalentLine.FindAllStringSubmatch(text[strings.IndexByte(text, '\n')+1:], -1)
		if len(all) == 0 || all[len(all)-1][1] != tt.want {
			t.Errorf("%s: got %q, want %q\n%s", tt.line, all, tt.want, text)
			continue
		}
		if !strings.HasPrefix(tt.line, "ip ") && !strings.HasPrefix(tt.line, "nft ") || strings.Contains(tt.want, "route get") {
			continue // other tools have ways of their own; and what get prints has a prefix
		}
		// The bytes are the same, but for the number of the message.
		last := func(text string) string {
			i := strings.LastIndex(text, "\n0000  ")
			message, _, _ := strings.Cut(text[i:]+"\n\n", "\n\n")
			return sequence.ReplaceAllString(message, "")
		}
		if a, b := last(text), last(explained(t, tt.want)); a != b {
			t.Errorf("%s and %s are not the same:\n%s", tt.line, tt.want, testns.Diff(a, b))
		}
	}
}

// TestHeaders has explain name the kernel's header of each message, once.
func TestHeaders(t *testing.T) {
	text := explained(t, "ip addr add 10.0.0.1/24 dev v0") + explained(t, "iptables -t nat -A POSTROUTING -j MASQUERADE")
	for _, header := range []string{"linux/if_link.h", "linux/if_addr.h", "linux/netfilter/nf_tables.h", "linux/netfilter/nf_tables_compat.h"} {
		if strings.Count(text, "# to read: "+header+"\n") != 1 {
			t.Errorf("%s is not there once in\n%s", header, text)
		}
	}
}
