//go:build linux

package iptables

import (
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// TestBrokenLine is the tutorial's last line as it is printed.
func TestBrokenLine(t *testing.T) {
	got := offline(t, false, testns.Words("iptables -t nat -A PREROUTING –dport 80 –to-destination 192.168.15.2:80 -j DNAT")...)
	want := "Bad argument `–dport'\n" +
		"Try `iptables -h' or 'iptables --help' for more information.\n" +
		"minins: 1. –dport and –to-destination begin with an en dash (U+2013), as printed pages have it, and not with two hyphens\n" +
		"minins: 2. --dport needs a protocol before it, as ports belong to one: -p tcp (or -p udp)\n" +
		"minins: 3. --to-destination is an option of the target: it has to come behind -j DNAT\n" +
		"minins: this line works: iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80\n"
	if got.Code != 2 || got.Stdout != "" || got.Stderr != want {
		t.Errorf("exit status %d, stdout %q, stderr\n%s\nwant 2 and\n%s", got.Code, got.Stdout, got.Stderr, want)
	}
}

func TestRepair(t *testing.T) {
	for _, tt := range []struct {
		line, works string
		faults      []string
	}{
		{"-A INPUT --dport 53 -p udp -j ACCEPT", "-A INPUT -p udp --dport 53 -j ACCEPT", []string{"--dport has to come behind -p udp"}},
		{"-A INPUT -p udp -dport 53 -j ACCEPT", "-A INPUT -p udp --dport 53 -j ACCEPT", []string{"-dport has to be --dport"}},
		{"-A INPUT -s ! 10.0.0.1 -j ACCEPT", "-A INPUT ! -s 10.0.0.1 -j ACCEPT", []string{"the ! goes before the option"}},
		{"-t nat -A PREROUTING -j DNAT --to-destination 1.2.3.4:80 -p tcp --dport 80",
			"-t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 1.2.3.4:80", []string{"-p tcp has to come before --to-destination"}},
		{"-t nat -A PREROUTING -p tcp --to-destination 1.2.3.4 -j DNAT", "-t nat -A PREROUTING -p tcp -j DNAT --to-destination 1.2.3.4",
			[]string{"it has to come behind -j DNAT"}},
		{"-t nat -A POSTROUTING --to-source 1.2.3.4", "-t nat -A POSTROUTING -j SNAT --to-source 1.2.3.4", []string{"-j SNAT is missing"}},
		{"-A INPUT --ctstate NEW -j ACCEPT", "-A INPUT -m conntrack --ctstate NEW -j ACCEPT", []string{"-m conntrack is missing"}},
		{"-A INPUT --comment 'two words' -m comment", "-A INPUT -m comment --comment 'two words'", []string{"has to come behind -m comment"}},
		{"-A INPUT -j reject --reject-with tcp-reset -p tcp", "-A INPUT -p tcp -j REJECT --reject-with tcp-reset", []string{"targets are in capitals: -j REJECT"}},
		{"-A INPUT --dports 80,443 -j ACCEPT", "-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT", []string{"needs a protocol", "-m multiport is missing"}},
		{"-A INPUT --icmp-type 8", "-A INPUT -p icmp --icmp-type 8", []string{"needs its protocol before it: -p icmp"}},
		{"—L", "-L", []string{"—L begins with an em dash (U+2014)"}},
		{"-t nat –nvL", "-t nat -nvL", []string{"–nvL begins with an en dash"}},
		{"-A INPUT −p tcp −−dport 80 -j ACCEPT", "-A INPUT -p tcp --dport 80 -j ACCEPT", []string{"a minus sign (U+2212)"}},
		// Lines that nothing here makes right get no advice.
		{"-A INPUT --frob", "", nil},
		{"-A INPUT --dport nosuch", "", nil},
		{"-A INPUT foo", "", nil},
		{"-p tcp --dport", "", nil},
		{"-A INPUT –frob 3", "", nil},
	} {
		got := offline(t, true, append([]string{"iptables"}, testns.Words(tt.line)...)...)
		if got.Code != 2 {
			t.Errorf("%s: exit status %d", tt.line, got.Code)
		}
		_, advice, found := strings.Cut(got.Stderr, "this line works: iptables ")
		if found != (tt.works != "") || strings.TrimSpace(advice) != tt.works {
			t.Errorf("%s: advice %q, want %q", tt.line, strings.TrimSpace(advice), tt.works)
		}
		for _, fault := range tt.faults {
			if !strings.Contains(got.Stderr, fault) {
				t.Errorf("%s: nothing of %q in\n%s", tt.line, fault, got.Stderr)
			}
		}
	}
}

// TestQuiet says that scripts see nothing but iptables' own words.
func TestQuiet(t *testing.T) {
	got := offline(t, false, testns.Words("iptables -t nat -A PREROUTING --dport 80 --to-destination 192.168.15.2:80 -j DNAT")...)
	want := "iptables v1.8.9 (nf_tables): unknown option \"--dport\"\nTry `iptables -h' or 'iptables --help' for more information.\n"
	if got.Code != 2 || got.Stderr != want {
		t.Errorf("exit status %d, stderr %q, want 2 and %q", got.Code, got.Stderr, want)
	}
}
