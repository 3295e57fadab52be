//go:build linux

package tracepacket_test

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/explain"
	"github.com/minins/minins/cmd/minins/iptables"
	"github.com/minins/minins/cmd/minins/tracepacket"
	"github.com/minins/minins/internal/testns"
)

// TestRefused has nothing done.
func TestRefused(t *testing.T) {
	shell(t, "ip link set lo up; ip link set lo down") // only then does the kernel know which addresses are local
	before := testns.Run(t, "ip", "-o", "link").Stdout
	for _, tt := range []struct {
		args   string
		status int
		stderr string
	}{
		{"", 2, "where to? Expected --dst ADDR, and :PORT for tcp and udp"},
		{"--dst nosuch", 2, "--dst 'nosuch': expected an address, or one with a port, such as 192.168.1.10:80 or [fd00::1]:80; names are not looked up"},
		{"--dst 1.2.3.4:0", 2, "--dst '1.2.3.4:0': expected"},
		{"--dst 1.2.3.4:70000", 2, "--dst '1.2.3.4:70000': expected"},
		{"-p sctp --dst 1.2.3.4", 2, "-p 'sctp': expected icmp, tcp or udp"},
		{"-p tcp --dst 1.2.3.4", 2, "tcp needs a port: --dst 1.2.3.4:80"},
		{"-p udp --dst fd00::1", 2, "udp needs a port: --dst [fd00::1]:80"},
		{"--dst 1.2.3.4:80", 2, "icmp has no ports: leave it out, or say -p tcp or -p udp"},
		{"--dst 1.2.3.4 --sport 5", 2, "icmp has no ports"},
		{"--dst 224.0.0.1", 2, "--dst 224.0.0.1 is no address of one host"},
		{"--dst ::ffff:1.2.3.4", 2, "an IPv4 address is written as such: 1.2.3.4"},
		{"--dst 1.2.3.4 --src fd00::1", 2, "--src fd00::1 and --dst 1.2.3.4 are of two families"},
		{"--dst 1.2.3.4 --src x", 2, "--src 'x': expected an address"},
		{"--dst 1.2.3.4 --sport 0", 2, "--sport \"0\": expected a number from 1 to 65535"},
		{"--dst 1.2.3.4 --count 0", 2, "--count \"0\": expected a number from 1 to 1000000"},
		{"--dst 1.2.3.4 --timeout -1", 2, "--timeout '-1': expected seconds from 0.001 to 1000000, such as 2 or 0.5"},
		{"--dst 1.2.3.4 --timeout nan", 2, "--timeout 'nan': expected seconds"},
		{"--dst 1.2.3.4 --wait --timeout 0", 2, "--timeout '0': expected seconds from 0.001 to 1000000, such as 2 or 0.5"},
		{"--dst 1.2.3.4 --wait --timeout 1e400", 2, "--timeout '1e400': expected seconds from 0.001 to 1000000"},
		{"--dst 1.2.3.4 --wait 5", 2, "'5' is one word too many; how long to wait is --timeout SECONDS"},
		{"--dst 1.2.3.4 --wait=5", 2, "option '--wait' doesn't allow an argument"},
		{"--dst 1.2.3.4 --wait --count 2", 2, "--wait waits for one packet"},
		{"--dst 1.2.3.4 more", 2, "'more' is one word too many"},
		{"-d 1.2.3.4", 2, "invalid option -- 'd'"},
		{"--nosuch", 2, "unrecognized option '--nosuch'"},
		{"-n nosuch --dst 1.2.3.4", 1, "there is no network namespace \"nosuch\": 'ip netns' lists their names"},
		{"--in nosuch --dst 1.2.3.4", 1, "there is no network namespace \"nosuch\""},
		{"--dst 1.2.3.4", 1, "namespace host: sendto: network is unreachable"},
		{"--dst 1.2.3.4 --src 4.3.2.1", 1, "namespace host: bind to 4.3.2.1 port 0: cannot assign requested address"},
		{"-p tcp --dst 1.2.3.4:80 --sport 5 --src 127.0.0.1", 1, "namespace host: connect: "},
		{"--dst fe80::1%nosuch", 1, "namespace host: fe80::1%nosuch: there is no link nosuch in namespace host"},
	} {
		status, out, stderr := run(strings.Fields(tt.args)...)
		if status != tt.status || out != "" || !strings.HasPrefix(stderr, "minins trace-packet: "+tt.stderr) ||
			strings.Contains(stderr, "Try 'minins trace-packet --help'") != (status == 2) {
			t.Errorf("%s: %d %q %q, want %d %q", tt.args, status, out, stderr, tt.status, tt.stderr)
		}
	}
	if status, out, stderr := run("--help"); status != 0 || !strings.HasPrefix(out, "Usage: minins trace-packet ") || stderr != "" {
		t.Errorf("--help: %d %q %q", status, out, stderr)
	}
	if after := testns.Run(t, "ip", "-o", "link").Stdout; after != before {
		t.Errorf("links:\n%s", testns.Diff(before, after))
	}
}

// TestExplain shows the transaction, and sends nothing: there is no namespace red.
func TestExplain(t *testing.T) {
	find := func(name string) (applet.Applet, bool) {
		return applet.Applet{Name: name, Summary: "x", Run: func(c *applet.Cmd) int { return tracepacket.Run(c, iptables.Words) }}, name == "trace-packet"
	}
	for line, want := range map[string][]string{
		"-n red --dst 8.8.8.8":               {"in network namespace red", "NFNLGRP_NFTRACE", "NFTA_TABLE_FLAGS = NFT_TABLE_F_OWNER", "NFT_META_NFTRACE", "NFPROTO_BRIDGE", "sendto(8.8.8.8, an echo request"},
		"-p tcp --dst [fd00::1]:80 --in red": {"NFPROTO_IPV6", "of --in", "setsockopt(TCP_QUEUE_SEQ, ", "connect([fd00::1]:80)"},
		"-p udp --dst 1.2.3.4:53":            {"NFT_DYNSET_OP_ADD", "sendto(1.2.3.4:53, 16 bytes that begin with "},
		"-p udp --dst 1.2.3.4:53 --wait":     {"NFT_META_NFTRACE", "recvmsg()"},
	} {
		var out, stderr bytes.Buffer
		c := command(append([]string{"trace-packet"}, strings.Fields(line)...)...)
		c.Stdout, c.Stderr = bufio.NewWriter(&out), &stderr
		status := explain.Run(c, find)
		c.Stdout.Flush()
		rest := out.String()
		for _, w := range want {
			_, behind, ok := strings.Cut(rest, w)
			if !ok {
				t.Errorf("%s: no %q in, or not in this order", line, w)
			}
			rest = behind
		}
		if status != 0 || stderr.Len() > 0 || strings.Count(out.String(), "\nsend ") < 3 {
			t.Errorf("%s: %d %s%s", line, status, stderr.String(), out.String())
		}
	}
}
