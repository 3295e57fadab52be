//go:build linux

package iptables

import (
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/internal/resolve"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
)

// ruleTests are rules as typed, as -S prints them, and what -L says behind the
// addresses, without and with -n where that differs.
var ruleTests = []struct{ args, save, list, numeric string }{
	{"-A c -s 192.168.15.0/24 -j MASQUERADE", "-s 192.168.15.0/24 -j MASQUERADE", "", ""},
	{"-A c -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80",
		"-p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80", " tcp dpt:http to:192.168.15.2:80", " tcp dpt:80 to:192.168.15.2:80"},
	{"-A c -p 6 -m tcp ! --sport 1:2 --destination-port=http -j ACCEPT",
		"-p tcp -m tcp ! --sport 1:2 --dport 80 -j ACCEPT", " tcp spts:!tcpmux:2 dpt:http", " tcp spts:!1:2 dpt:80"},
	{"-A c -p tcp --dport :80 -j ACCEPT", "-p tcp -m tcp --dport 0:80 -j ACCEPT", " tcp dpts:0:http", " tcp dpts:0:80"},
	{"-A c -p tcp ! --dport :80 -j ACCEPT", "-p tcp -m tcp --dport 81:65535 -j ACCEPT", " tcp dpts:81:65535", ""},
	{"-A c -p udp --dport 1024: -j DROP", "-p udp -m udp --dport 1024:65535 -j DROP", " udp dpts:1024:65535", ""},
	{"-A c -p tcp --syn", "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN", " tcp flags:FIN,SYN,RST,ACK/SYN", " tcp flags:0x17/0x02"},
	{"-A c -p tcp ! --tcp-flags ALL NONE", "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE",
		" tcp flags:!FIN,SYN,RST,PSH,ACK,URG/NONE", " tcp flags:!0x3F/0x00"},
	{"-A c -p tcp ! --tcp-option 5 --dport 3", "-p tcp -m tcp --dport 3 ! --tcp-option 5", " tcp dpt:3 option=!5", ""},
	{"-A c -p tcp -m tcp", "-p tcp -m tcp", " tcp", ""},
	{"-A c -p udp -m udp", "-p udp -m udp", " udp", ""},
	{"-A c -p icmp --icmp-type ping -j DROP", "-p icmp -m icmp --icmp-type 8 -j DROP", " icmp echo-request", " icmptype 8"},
	{"-A c -p icmp ! --icmp-type 3/1", "-p icmp -m icmp ! --icmp-type 3/1", " icmp !host-unreachable", " icmp !type 3 code 1"},
	{"-A c -p icmp --icmp-type any", "-p icmp -m icmp --icmp-type any", " icmp any", " icmptype 255"},
	{"-A c -i eth+ ! -o v-net-0", "-i eth+ ! -o v-net-0", "", ""},
	{"-A c -i + -j ACCEPT", "-j ACCEPT", "", ""},
	{"-A c ! -i + -j ACCEPT", "! -i + -j ACCEPT", "", ""},
	{"-A c ! -s 10.0.0.0/12 -d 10.1.2.3/255.255.0.255", "! -s 10.0.0.0/12 -d 10.1.0.3/255.255.0.255", "", ""},
	{"-A c -s 10.1 -d 0/0", "-s 10.1.0.0/32", "", ""},
	{"-A c ! -p 253", "! -p 253", "", ""},
	{"-A c -p all -f", "-f", "", ""},
	{"-A c ! -f -j RETURN", "! -f -j RETURN", "", ""},
	{"-A c -m comment --comment 'hello world' -j ACCEPT", "-m comment --comment \"hello world\" -j ACCEPT", " /* hello world */", ""},
	{"-A c -m comment --comment first -p tcp --dport 80", "-p tcp -m comment --comment first -m tcp --dport 80", " /* first */ tcp dpt:http", " /* first */ tcp dpt:80"},
	{"-A c -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT", "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", " ctstate RELATED,ESTABLISHED", ""},
	{"-A c -m conntrack ! --ctstate NEW --ctproto udp --ctorigsrc 10.0.0.0/8 --ctrepldst 1.2.3.4 --ctorigdstport 5:6 --ctstatus ASSURED --ctexpire 3 --ctdir REPLY",
		"-m conntrack ! --ctstate NEW --ctproto 17 --ctorigsrc 10.0.0.0/8 --ctrepldst 1.2.3.4 --ctorigdstport 5:6 --ctstatus ASSURED --ctexpire 3 --ctdir REPLY",
		" ! ctstate NEW ctproto 17 ctorigsrc 10.0.0.0/8 ctrepldst 1.2.3.4 ctorigdstport 5:6 ctstatus ASSURED ctexpire 3 ctdir REPLY", ""},
	{"-A c -m state --state NEW", "-m state --state NEW", " state NEW", ""},
	{"-A c -m mark ! --mark 0x10/0xff", "-m mark ! --mark 0x10/0xff", " mark match ! 0x10/0xff", ""},
	{"-A c -m addrtype ! --dst-type LOCAL --src-type UNICAST,BROADCAST", "-m addrtype --src-type UNICAST,BROADCAST ! --dst-type LOCAL",
		" ADDRTYPE match src-type UNICAST,BROADCAST dst-type !LOCAL", ""},
	{"-A c -p tcp -m multiport --dports 80,443,8000:8010", "-p tcp -m multiport --dports 80,443,8000:8010",
		" multiport dports http,https,8000:8010", " multiport dports 80,443,8000:8010"},
	{"-A c -p udp -m multiport ! --ports 53,123", "-p udp -m multiport ! --ports 53,123", " multiport ports  !domain,ntp", " multiport ports  !53,123"},
	{"-A c -m limit --limit 120/hour --limit-burst 1", "-m limit --limit 2/min --limit-burst 1", " limit: avg 2/min burst 1", ""},
	{"-A c -m iprange --src-range 1.2.3.4-1.2.3.9 ! --dst-range 5.5.5.5", "-m iprange --src-range 1.2.3.4-1.2.3.9 ! --dst-range 5.5.5.5-5.5.5.5",
		" source IP range 1.2.3.4-1.2.3.9 destination IP range ! 5.5.5.5-5.5.5.5", ""},
	{"-A c -m mac ! --mac-source 2:0:0:0:0:AB", "-m mac ! --mac-source 02:00:00:00:00:ab", " MAC ! 02:00:00:00:00:ab", ""},
	{"-A c -g chain", "-g chain", "[goto] ", ""},
	{"-A c -j chain", "-j chain", "", ""},
	{"-A c -p tcp -j MASQUERADE --to-ports 1024-2048 --random --random-fully", "-p tcp -j MASQUERADE --to-ports 1024-2048 --random --random-fully",
		" masq ports: 1024-2048 random random-fully", ""},
	{"-A c -p tcp -j SNAT --to-source 1.2.3.4-1.2.3.9:80-90 --persistent", "-p tcp -j SNAT --to-source 1.2.3.4-1.2.3.9:80-90 --persistent",
		" to:1.2.3.4-1.2.3.9:80-90 persistent", ""},
	{"-A c -p tcp -j DNAT --to :80-90/8000", "-p tcp -j DNAT --to-destination :80-90/8000", " to::80-90/8000", ""},
	{"-A c -p udp -j REDIRECT --to-port domain", "-p udp -j REDIRECT --to-ports 53", " redir ports 53", ""},
	{"-A c -j REJECT", "-j REJECT --reject-with icmp-port-unreachable", " reject-with icmp-port-unreachable", ""},
	{"-A c -p tcp -j REJECT --reject-with tcp-rst", "-p tcp -j REJECT --reject-with tcp-reset", " reject-with tcp-reset", ""},
	{"-A c -j LOG --log-prefix 'foo: ' --log-level info --log-uid", "-j LOG --log-prefix \"foo: \" --log-level 6 --log-uid",
		" LOG level info uid prefix \"foo: \"", " LOG flags 8 level 6 prefix \"foo: \""},
	{"-A c -j MARK --or-mark 0x10", "-j MARK --set-xmark 0x10/0x10", " MARK or 0x10", ""},
	{"-A c -j MARK --set-mark 1", "-j MARK --set-xmark 0x1/0xffffffff", " MARK set 0x1", ""},
}

var rule6Tests = []struct{ args, save, list, numeric string }{
	{"-A c -s fe80::1 -p icmpv6 --icmpv6-type echo-request", "-s fe80::1/128 -p ipv6-icmp -m icmp6 --icmpv6-type 128", " ipv6-icmp echo-request", " ipv6-icmptype 128"},
	{"-A c -d 2001:db8::/32 -j REJECT --reject-with adm-prohibited", "-d 2001:db8::/32 -j REJECT --reject-with icmp6-adm-prohibited", " reject-with icmp6-adm-prohibited", ""},
	{"-A c -s 2001:db8::1/ffff:ffff::ff", "-s 2001:db8::1/ffff:ffff::ff", "", ""},
	{"-A c -p tcp -j DNAT --to-destination [2001:db8::1-2001:db8::2]:80", "-p tcp -j DNAT --to-destination [2001:db8::1-2001:db8::2]:80", " to:[2001:db8::1-2001:db8::2]:80", ""},
	{"-A c -j SNAT --to-source 2001:db8::1", "-j SNAT --to-source 2001:db8::1", " to:2001:db8::1", ""},
	{"-A c -p tcp -j MASQUERADE --to-ports 80", "-p tcp -j MASQUERADE --to-ports 80", " masq ports: 80", ""},
}

func TestRules(t *testing.T) {
	for _, tt := range ruleTests {
		testRule(t, nft.IPv4, tt.args, tt.save, tt.list, tt.numeric)
	}
	for _, tt := range rule6Tests {
		testRule(t, nft.IPv6, tt.args, tt.save, tt.list, tt.numeric)
	}
}

// testRule follows a rule from the command line to the kernel's form and back.
func testRule(t *testing.T, f nft.Family, args, save, list, numeric string) {
	cmd, err := parse(f, testns.Words(args))
	if err != nil {
		t.Errorf("%s: %v", args, err)
		return
	}
	typed := cmd.rules()[0]
	sent, err := encode(f, false, typed)
	if err != nil {
		t.Errorf("%s: %v", args, err)
		return
	}
	r, err := decode(sent, false)
	if err != nil {
		t.Errorf("%s: what we write we cannot read: %v", args, err)
		return
	}
	if got := strings.TrimPrefix(r.words(false), " "); got != save {
		t.Errorf("%s: -S\n got %q\nwant %q", args, got, save)
	}
	n := newNaming(false)
	n.services = wellKnownAnd("tcpmux")
	if got := details(r, n); got != list {
		t.Errorf("%s: -L\n got %q\nwant %q", args, got, list)
	}
	if numeric == "" {
		numeric = list
	}
	if got := details(r, newNaming(true)); got != numeric {
		t.Errorf("%s: -nL\n got %q\nwant %q", args, got, numeric)
	}

	// What -S says is the same rule again.
	again, err := parse(f, append([]string{"-A", "c"}, unquoted(save)...))
	if err != nil {
		t.Errorf("%s: -S is refused: %v", save, err)
		return
	}
	typed = again.rules()[0]
	if sent, err = encode(f, false, typed); err != nil {
		t.Errorf("%s: %v", save, err)
		return
	}
	if back, err := decode(sent, false); err != nil || !back.same(r) {
		t.Errorf("%s: -S does not say the same: %v", save, err)
	}
}

// wellKnownAnd makes the test independent of /etc/services.
func wellKnownAnd(name string) []resolve.Known {
	return append([]resolve.Known{{Name: name, Proto: "tcp", Port: 1}}, resolve.WellKnown...)
}

// unquoted splits what -S prints.
func unquoted(s string) []string { return testns.Words(strings.ReplaceAll(s, `"`, "'")) }

// TestUnsayable reads rules that other programs wrote and that iptables has no
// words for: they are named, never shown as something else.
func TestUnsayable(t *testing.T) {
	load := &nft.Meta{Key: nft.MetaL4Proto, Dreg: nft.Reg1}
	port := &nft.Payload{Dreg: nft.Reg1, Base: nft.TransportHeader, Offset: 2, Len: 2}
	for _, tt := range []struct {
		want  string
		exprs []nft.Expr
	}{
		{"masq", []nft.Expr{&nft.Masq{}}},
		{"lookup", []nft.Expr{load, &nft.Lookup{}}},
		{"meta set NFT_META_MARK", []nft.Expr{&nft.Meta{Key: nft.MetaMark, Sreg: nft.Reg1}}},
		{"NFT_META_SKUID", []nft.Expr{&nft.Meta{Key: nft.MetaSKUID, Dreg: nft.Reg1}, &nft.Cmp{Sreg: nft.Reg1, Data: []byte{0, 0, 0, 0}}}},
		{"payload at network header + 8", []nft.Expr{
			&nft.Payload{Dreg: nft.Reg1, Base: nft.NetworkHeader, Offset: 8, Len: 1}, &nft.Cmp{Sreg: nft.Reg1, Data: []byte{5}}}},
		{"payload at transport header + 2", []nft.Expr{port, &nft.Cmp{Sreg: nft.Reg1, Data: []byte{0, 80}}}}, // of what protocol?
		{"counter behind -j ACCEPT", []nft.Expr{nft.Accept(), &nft.Counter{}}},
		{"cmp", []nft.Expr{&nft.Cmp{Sreg: nft.Reg1, Data: []byte{0}}}},
		{"immediate", []nft.Expr{nft.Load(nft.Reg1, []byte{1})}},
		{"a second comparison of a port", []nft.Expr{
			load, &nft.Cmp{Sreg: nft.Reg1, Data: []byte{6}}, port, &nft.Cmp{Sreg: nft.Reg1, Data: []byte{0, 80}}, port, &nft.Cmp{Sreg: nft.Reg1, Data: []byte{0, 81}}}},
		{"unheard of", []nft.Expr{&nft.Raw{Kind: "unheard of"}}},
	} {
		r, err := decode(&nft.Rule{Family: nft.IPv4, Exprs: tt.exprs}, false)
		if err == nil {
			t.Errorf("%s: is said to be%s", tt.want, r.words(false))
		} else if err.Error() != tt.want {
			t.Errorf("got %q, want %q", err, tt.want)
		}
	}
}

func TestScaled(t *testing.T) {
	for _, tt := range []struct {
		n           uint64
		want, exact string
	}{
		{0, "    0", "       0"}, {99999, "99999", "   99999"}, {100000, " 100K", "  100000"}, {9999500, "  10M", " 9999500"},
		{123456789, " 123M", "123456789"}, {12345678901234567, "12346T", "12345678901234567"},
	} {
		l := &listing{cmd: &command{}}
		if got := l.scaled(tt.n, 5); got != tt.want {
			t.Errorf("%d: got %q, want %q", tt.n, got, tt.want)
		}
		l.cmd.exact = true
		if got := l.scaled(tt.n, 8); got != tt.exact {
			t.Errorf("%d exactly: got %q, want %q", tt.n, got, tt.exact)
		}
	}
}
