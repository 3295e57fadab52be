//go:build linux

package boot

import (
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		"ip netns add red":                     {"ip", "netns", "add", "red"},
		"  ip\tlink  # what is there":          {"ip", "link"},
		"# nothing":                            nil,
		"":                                     nil,
		"echo 'a  b' \"c d\" e\\ f ''":         {"echo", "a  b", "c d", "e f", ""},
		"nft 'add table ip t { }'":             {"nft", "add table ip t { }"},
		"nft add chain ip t c {}":              {"nft", "add", "chain", "ip", "t", "c", "{}"},
		"a#b \"it's\"":                         {"a#b", "it's"},
		"echo '$HOME' \\$HOME \"a|b\"":         {"echo", "$HOME", "$HOME", "a|b"},
		"iptables -t nat -A PREROUTING –dport": {"iptables", "-t", "nat", "-A", "PREROUTING", "–dport"},
	} {
		if got, err := split(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", line, got, err, want)
		}
	}
	for line, want := range map[string]string{
		"echo 'a":                                "a quote is not closed",
		"echo 1 > /proc/sys/net/ipv4/ip_forward": "'>' is for a shell",
		"ip link | grep eth0":                    "'|' is for a shell",
		"ping $HOST":                             "'$' is for a shell",
	} {
		if got, err := split(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
}
