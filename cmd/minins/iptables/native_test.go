//go:build linux

package iptables

import (
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// filtered runs our applet on a kernel that answers through hook: it gets each
// datagram and a function that asks the real kernel, and returns false to let
// the datagram pass.
func filtered(t *testing.T, ns *testns.NS, hook func(datagram []byte, reply func([]byte)) bool, args ...string) testns.Result {
	t.Helper()
	fd := -1
	ns.Do(t, func() {
		var err error
		if fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER); err != nil {
			t.Error(err)
		}
	})
	defer unix.Close(fd)
	return call(func(p *nl.Protocol, _ string) (*nl.Conn, error) {
		return nl.Pretend(p, func(datagram []byte, reply func([]byte)) {
			if hook(datagram, reply) {
				return
			}
			if err := unix.Sendto(fd, datagram, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
				t.Error(err)
			}
			b := make([]byte, 64<<10)
			for {
				n, _, err := unix.Recvfrom(fd, b, unix.MSG_DONTWAIT)
				if err != nil {
					return
				}
				reply(b[:n])
			}
		}), nil
	}, false, args...)
}

// noCompat is a kernel without nft_compat.
func noCompat(datagram []byte, reply func([]byte)) bool {
	h, _, _, _ := nl.Next(datagram)
	if h.Type != unix.NFNL_SUBSYS_NFT_COMPAT<<8 {
		return false
	}
	b := make([]byte, 36)
	binary.NativeEndian.PutUint32(b, 36)
	binary.NativeEndian.PutUint16(b[4:], unix.NLMSG_ERROR)
	binary.NativeEndian.PutUint32(b[8:], h.Seq)
	inval := -int32(unix.EINVAL)
	binary.NativeEndian.PutUint32(b[16:], uint32(inval))
	copy(b[20:], datagram[:16])
	reply(b)
	return true
}

// TestNative writes and reads rules where there is no nft_compat: nft has to
// see native expressions in a table of our own, and we the rules again.
func TestNative(t *testing.T) {
	ns := testns.New(t)
	ipt := func(line string) testns.Result {
		return filtered(t, ns, noCompat, append([]string{"iptables"}, testns.Words(line)...)...)
	}
	const said = "minins: this kernel has no nft_compat: the rule is in table ip minins, in nf_tables' own words; other versions of iptables do not see it\n"
	for _, line := range []string{"-N MINE", "-t nat -N MINE"} {
		ipt(line).Must(t)
	}
	rules := []struct{ line, save, nft string }{
		{"-t nat POSTROUTING -s 192.168.15.0/24 -m comment --comment lab -j MASQUERADE",
			"-s 192.168.15.0/24 -m comment --comment lab -j MASQUERADE",
			"ip saddr 192.168.15.0/24 counter packets 0 bytes 0 masquerade comment \"lab\""},
		{"-t nat POSTROUTING -p tcp -j MASQUERADE --to-ports 1024-2048", "-p tcp -j MASQUERADE --to-ports 1024-2048", "masquerade to :1024-2048"},
		{"-t nat POSTROUTING -o eth0 -j SNAT --to-source 1.2.3.4-1.2.3.9", "-o eth0 -j SNAT --to-source 1.2.3.4-1.2.3.9", "snat to 1.2.3.4-1.2.3.9"},
		{"-t nat PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80",
			"-p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80", "tcp dport 80 counter packets 0 bytes 0 dnat to 192.168.15.2:80"},
		{"-t nat PREROUTING -p tcp -j REDIRECT --to-ports 8080", "-p tcp -j REDIRECT --to-ports 8080", "redirect to :8080"},
		{"-t nat PREROUTING -j MINE", "-j MINE", "jump nat-MINE"},
		{"-t filter FORWARD -m conntrack ! --ctstate NEW,INVALID -j ACCEPT", "-m conntrack ! --ctstate INVALID,NEW -j ACCEPT", "accept"},
		{"-t filter FORWARD -p icmp --icmp-type echo-request -j DROP", "-p icmp -m icmp --icmp-type 8 -j DROP", "icmp type echo-request"},
		{"-t filter INPUT -p tcp -j REJECT --reject-with tcp-reset", "-p tcp -j REJECT --reject-with tcp-reset", "reject with tcp reset"},
		{"-t filter INPUT -j REJECT --reject-with icmp-admin-prohibited", "-j REJECT --reject-with icmp-admin-prohibited", "reject with icmp"},
		{"-t filter OUTPUT -g MINE", "-g MINE", "goto filter-MINE"},
	}
	for _, r := range rules {
		w := testns.Words(r.line)
		table, chain, rest := w[1], w[2], strings.SplitN(r.line, " ", 4)[3]
		at := "-t " + table + " "
		got := ipt(at + "-A " + chain + " " + rest)
		if got.Code != 0 || got.Stderr != said {
			t.Fatalf("%s: exit status %d, %q", r.line, got.Code, got.Stderr)
		}
		list := ipt(at + "-S " + chain).Must(t)
		if !strings.HasSuffix(list, "\n-A "+chain+" "+r.save+"\n") {
			t.Errorf("%s: -S says\n%s", r.line, list)
		}
		if text := nftRules(t, ns); !strings.Contains(text, r.nft) {
			t.Errorf("%s: no %q in\n%s", r.line, r.nft, text)
		}
		ipt(at + "-C " + chain + " " + rest).Must(t)
	}
	// The real tool's tables are as they were: not there.
	if text := nftRules(t, ns); strings.Count(text, "table ") != 1 || !strings.Contains(text, "table ip minins {") {
		t.Errorf("other tables\n%s", text)
	}
	if got := ipt("-A FORWARD -m addrtype --dst-type LOCAL -j ACCEPT"); got.Code != 1 || !strings.Contains(got.Stderr, "addrtype") {
		t.Errorf("a match without native expressions: %d, %q", got.Code, got.Stderr)
	}
	for _, r := range rules {
		w := testns.Words(r.line)
		ipt("-t " + w[1] + " -D " + w[2] + " " + strings.SplitN(r.line, " ", 4)[3]).Must(t)
	}
	for _, line := range []string{"-X MINE", "-t nat -X MINE"} {
		ipt(line).Must(t)
	}
	if text := nftRules(t, ns); strings.Contains(text, "counter") || strings.Contains(text, "MINE") {
		t.Errorf("left over\n%s", text)
	}
}

// TestStale has another program change the rules between our reading and our
// writing, twice: the change is planned anew, and nothing is lost.
func TestStale(t *testing.T) {
	ns := testns.New(t)
	ns.Run(t, "iptables", "-A", "INPUT", "-s", "10.0.0.9", "-j", "ACCEPT").Must(t)
	batches := 0
	got := filtered(t, ns, func(datagram []byte, _ func([]byte)) bool {
		h, _, rest, _ := nl.Next(datagram)
		next, _, _, _ := nl.Next(rest)
		if h.Type == unix.NFNL_MSG_BATCH_BEGIN && next.Type != unix.NFNL_MSG_BATCH_END { // an empty one changes nothing
			if batches++; batches <= 2 {
				ns.Run(t, "iptables", "-I", "INPUT", "-s", "10.0.0.1", "-j", "DROP").Must(t)
			}
		}
		return false
	}, testns.Words("iptables -I INPUT 2 -s 10.0.0.5 -j ACCEPT")...)
	if got.Code != 0 || got.Stderr != "" || batches != 3 {
		t.Fatalf("exit status %d, %q, %d batches; want 0 and 3 batches", got.Code, got.Stderr, batches)
	}
	want := "-P INPUT ACCEPT\n-A INPUT -s 10.0.0.1/32 -j DROP\n-A INPUT -s 10.0.0.5/32 -j ACCEPT\n" +
		"-A INPUT -s 10.0.0.1/32 -j DROP\n-A INPUT -s 10.0.0.9/32 -j ACCEPT\n"
	if list := ours(ns, "iptables", "-S", "INPUT").Must(t); list != want {
		t.Errorf("got\n%s\nwant\n%s", list, want)
	}
}

// TestRefused is a kernel that does not let this process.
func TestRefused(t *testing.T) {
	deny := func(datagram []byte, reply func([]byte)) {
		h, _, _, _ := nl.Next(datagram)
		b := make([]byte, 36)
		binary.NativeEndian.PutUint32(b, 36)
		binary.NativeEndian.PutUint16(b[4:], unix.NLMSG_ERROR)
		binary.NativeEndian.PutUint32(b[8:], h.Seq)
		perm := -int32(unix.EPERM)
		binary.NativeEndian.PutUint32(b[16:], uint32(perm))
		copy(b[20:], datagram[:16])
		reply(b)
	}
	for _, line := range []string{"iptables -L", "iptables -A INPUT -j ACCEPT", "iptables-save"} {
		got := call(func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Pretend(p, deny), nil }, false, testns.Words(line)...)
		name, _, _ := strings.Cut(line, " ")
		want := name + " v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n"
		if got.Code != 4 || got.Stderr != want || got.Stdout != "" {
			t.Errorf("%s: %d %q %q, want 4 %q", line, got.Code, got.Stdout, got.Stderr, want)
		}
	}
}

// TestForeign is a table with rules that iptables has no words for: it is
// refused as the real tool does, and the hint names the rule.
func TestForeign(t *testing.T) {
	ns := testns.New(t)
	ns.Run(t, "iptables", "-A", "INPUT", "-j", "ACCEPT").Must(t)
	ns.Run(t, "nft", "add", "rule", "ip", "filter", "INPUT", "tcp", "dport", "{", "80,", "443", "}", "accept").Must(t)
	before := nftRules(t, ns)
	got := call(func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Dial(p, nl.Config{NetNS: ns.FD()}) }, true,
		"iptables", "-S")
	want := "iptables v1.8.9 (nf_tables): table `filter' is incompatible, use 'nft' tool.\n" +
		"minins: rule 2 of chain INPUT has what iptables has no words for: lookup\n"
	if got.Code != 1 || got.Stdout != "" || got.Stderr != want {
		t.Errorf("%d %q %q, want 1 %q", got.Code, got.Stdout, got.Stderr, want)
	}
	if got := ours(ns, testns.Words("iptables -D INPUT -p tcp -j ACCEPT")...); got.Code != 1 {
		t.Errorf("a set's rule is taken for -p tcp -j ACCEPT: %d %q", got.Code, got.Stderr)
	}
	if after := nftRules(t, ns); after != before {
		t.Errorf("changed\n%s", testns.Diff(before, after))
	}
	// Extensions that only the real tool knows are shown by name, with status 1.
	ns.Run(t, "nft", "flush", "ruleset").Must(t)
	ns.Run(t, "iptables", "-A", "OUTPUT", "-m", "owner", "--uid-owner", "0", "-j", "ACCEPT").Must(t)
	got = ours(ns, testns.Words("iptables -S OUTPUT")...)
	if got.Code != 1 || got.Stderr != "minins: rule 1 of chain OUTPUT: owner revision 1 is not known here, and its options are not shown\n" {
		t.Errorf("an unknown match: %d %q %q", got.Code, got.Stdout, got.Stderr)
	}
	if got := ours(ns, testns.Words("iptables -D OUTPUT 1")...); got.Code != 0 {
		t.Errorf("-D by number: %d %q", got.Code, got.Stderr)
	}
}

// TestExplained is the explainer's kernel: it knows nothing and takes all.
func TestExplained(t *testing.T) {
	var sent []string
	yes := func(datagram []byte, reply func([]byte)) {
		for rest := datagram; len(rest) > 0; {
			h, body, next, ok := nl.Next(rest)
			if !ok {
				t.Fatal("a broken datagram")
			}
			rest = next
			sent = append(sent, nft.Protocol.TypeName(h.Type))
			typ, flags, answer := uint16(unix.NLMSG_ERROR), uint16(0), make([]byte, 20)
			switch {
			case h.Type == unix.NFNL_SUBSYS_NFT_COMPAT<<8:
				typ, answer = h.Type, body
			case h.Type == nftType(unix.NFT_MSG_GETGEN):
				typ, answer = nftType(unix.NFT_MSG_NEWGEN), []byte{0, 0, 0, 0, 8, 0, 1, 0, 0, 0, 0, 7}
			case h.Flags&unix.NLM_F_DUMP != 0:
				typ, flags, answer = unix.NLMSG_DONE, unix.NLM_F_MULTI, make([]byte, 4)
			case h.Flags&unix.NLM_F_ACK == 0:
				continue
			}
			b := make([]byte, 16)
			binary.NativeEndian.PutUint32(b, uint32(16+len(answer)))
			binary.NativeEndian.PutUint16(b[4:], typ)
			binary.NativeEndian.PutUint16(b[6:], flags)
			binary.NativeEndian.PutUint32(b[8:], h.Seq)
			reply(append(b, answer...))
		}
	}
	got := call(func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Pretend(p, yes), nil }, false,
		testns.Words("iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE")...)
	if got.Code != 0 || got.Stderr != "" {
		t.Fatalf("%d %q", got.Code, got.Stderr)
	}
	list := strings.Join(sent, " ")
	if want := "NFNL_MSG_BATCH_BEGIN NFT_MSG_NEWTABLE NFT_MSG_NEWCHAIN NFT_MSG_NEWRULE NFNL_MSG_BATCH_END"; !strings.HasSuffix(list, want) {
		t.Errorf("sent %s, want it to end in %s", list, want)
	}
}
