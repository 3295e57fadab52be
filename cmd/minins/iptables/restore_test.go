//go:build linux

package iptables

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

// restoreOurs runs our iptables-restore in a namespace.
func restoreOurs(ns *testns.NS, text string, args ...string) testns.Result {
	return restore(ns, "iptables-restore", text, args...)
}

// restore is that of either family.
func restore(ns *testns.NS, name, text string, args ...string) testns.Result {
	var stdout, stderr bytes.Buffer
	c := &applet.Cmd{
		Name: name, Args: args, Stdin: strings.NewReader(text), Stdout: bufio.NewWriter(&stdout), Stderr: &stderr,
		Getenv: func(string) string { return "" },
		Dial:   func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Dial(p, nl.Config{NetNS: ns.FD()}) },
	}
	code := Restore(c)
	c.Stdout.Flush()
	return testns.Result{Args: args, Stdout: stdout.String(), Stderr: stderr.String(), Code: code}
}

// restoreTests are texts, one after the other on the same rules, and options.
var restoreTests = []struct{ text, args string }{
	{"*filter\n:INPUT DROP [1:2]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:U - [0:0]\n-A INPUT -j U\n" +
		"-A U -s 1.1.1.1/32 -p tcp -m tcp --dport 80 -m comment --comment \"a b\" -j ACCEPT\nCOMMIT\n" +
		"*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE\n" +
		"-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 1.1.1.1:80\nCOMMIT\n", ""},
	{"# c\n*filter\n:U - [0:0]\n[5:6] -A U -j ACCEPT\n[1:1] -A INPUT -j U\nCOMMIT\n", "-c"},
	{"*filter\n:U - [0:0]\n-A U -j DROP\nCOMMIT\n", "-n"},
	{"*filter\n:V - [0:0]\n-A V -j DROP\n-A INPUT -j V\n-I INPUT -j ACCEPT\nCOMMIT\n", "-n"},
	{"*filter\n-D INPUT -j V\n-F V\n-X V\nCOMMIT\n", "-n"},
	{"*filter\n:Y - [0:0]\n-A Y -s 1.1.1.1\n-F Y\n-A Y -s 2.2.2.2\nCOMMIT\n", "-n"},
	{"*filter\n-A INPUT --bogus\nCOMMIT\n", ""},
	{"*filter\n-A NOSUCH -j ACCEPT\nCOMMIT\n", ""},
	{"*filter\n-A INPUT -j ACCEPT\n", ""},
	{"garbage\n", ""},
	{"*bogus\nCOMMIT\n", ""},
	{"*filter\n:INPUT BAR [0:0]\nCOMMIT\n", ""},
	{"*filter\n:INPUT\nCOMMIT\n", ""},
	{"*filter\ngarbage\nCOMMIT\n", ""},
	{"*filter\n-A INPUT -p tcp --dport 80 -j ACCEPT\nCOMMIT\n", "-t"},
	{"*filter\n-A INPUT -j ACCEPT\nCOMMIT\n*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n", "-T nat"},
	{"*filter\n-D INPUT -j REJECT\nCOMMIT\n", "-n"},
	{"*filter\n-I INPUT 50 -j DROP\nCOMMIT\n", "-n"},
	{"*filter\n-P INPUT DROP\n-N W\n-A W -j RETURN\nCOMMIT\n", "-n"},
	{"*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j MARK --set-xmark 0x5/0xff\nCOMMIT\n*raw\n-A OUTPUT -p udp -j ACCEPT\nCOMMIT\n", "-w"},
	{"*filter\nCOMMIT\n", ""},
	{"", ""},
	{"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m conntrack --ctstate BOGUS -j ACCEPT\nCOMMIT\n", ""},
	{"*filter\n-A INPUT -j ACCEPT\nCOMMIT\n", "-v"},
	{"*filter\n-A INPUT -j LOG --log-prefix \"x \\\" y\"\nCOMMIT\n", ""},
	{"*filter\n-A INPUT -s 1.1.1.1,2.2.2.2 -j ACCEPT\nCOMMIT\n", "-n"},
	{"*filter\n-R INPUT 1 -j DROP\n-D INPUT 2\nCOMMIT\n", "-n"},
	{"*filter\n-A INPUT -w -j ACCEPT\nCOMMIT\n", "-n"},
	{"*filter\n-A INPUT -W 5 -j ACCEPT\nCOMMIT\n", "-n"},
	{"*filter\n-A INPUT -t nat -j ACCEPT\nCOMMIT\n", "-n"},
	{"*filter\n-A INPUT -m comment --comment -t -j ACCEPT\n-6 -A INPUT -j DROP\n-4 -A INPUT -j RETURN\nCOMMIT\n", "-n"},
	{"*filter\n[1:2]-A INPUT -j ACCEPT\n[3:4]\t-A INPUT\t-j\tACCEPT\t\nCOMMIT\n", "-n -c"},
	{"*filter\n[1:2 -A INPUT -j ACCEPT\nCOMMIT\n", "-n -c"},
	{"*filter\n-P INPUT FOO\nCOMMIT\n", "-n"},
	{"*filter\n-Z INPUT\n-F\n-X\nCOMMIT\n", "-n"},
	{"", "--bogus"},
	{"", "-V"},
	{"", "/nosuch"},
}

// TestRestore runs texts by the real iptables-restore and by ours: what they print, their
// exit status and the rules that there are then are the same.
func TestRestore(t *testing.T) {
	testns.Tool(t, "iptables-restore")
	theirs, mine := testns.New(t), testns.New(t)
	for _, tt := range restoreTests {
		args := strings.Fields(tt.args)
		want := testns.Cmd{NS: theirs, Args: append([]string{"iptables-restore"}, args...), Stdin: tt.text}.Run(t)
		compare(t, tt.args+" "+tt.text, restoreOurs(mine, tt.text, args...), want)
		a := maskedText(theirs.Run(t, "iptables-save", "-c").Must(t))
		b := maskedText(mine.Run(t, "iptables-save", "-c").Must(t))
		if a != b {
			t.Fatalf("%s %s: there is then (-real +ours)\n%s", tt.args, tt.text, testns.Diff(a, b))
		}
	}
}

// TestRestoreSame changes rules of the same transaction, of which the real one dies.
func TestRestoreSame(t *testing.T) {
	ns := testns.New(t)
	for _, text := range []string{
		"*filter\n:Z - [0:0]\n-A Z -s 1.1.1.1\n-A Z -s 2.2.2.2\n-A Z -s 3.3.3.3\n-D Z -s 2.2.2.2\n-I Z 2 -s 4.4.4.4\n-R Z 1 -s 5.5.5.5\n-D Z 3\nCOMMIT\n",
		"*filter\n-A Z -s 6.6.6.6\n-I Z 1 -s 7.7.7.7\n-I Z 3 -s 8.8.8.8\n-D Z 1\nCOMMIT\n",
	} {
		if r := restoreOurs(ns, text, "-n"); r.Code != 0 {
			t.Fatal(r.Stderr)
		}
	}
	want := "-N Z\n-A Z -s 5.5.5.5/32\n-A Z -s 8.8.8.8/32\n-A Z -s 4.4.4.4/32\n-A Z -s 6.6.6.6/32\n"
	if got := ours(ns, "iptables", "-S", "Z").Stdout; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	// Nothing is done of a table with a mistake, and the one before it stays done.
	r := restoreOurs(ns, "*filter\n:Q - [0:0]\nCOMMIT\n*nat\n-N R\n-A R -j NOSUCH\nCOMMIT\n", "-n")
	if got := ours(ns, "iptables-save").Stdout; r.Code != 2 || !strings.Contains(got, ":Q - ") || strings.Contains(got, ":R - ") {
		t.Errorf("status %d, %s\n%s", r.Code, r.Stderr, got)
	}
	// What is saved is restored.
	saved := ours(ns, "iptables-save", "-c").Stdout
	again := testns.New(t)
	if r := restoreOurs(again, saved, "-c"); r.Code != 0 {
		t.Fatal(r.Stderr)
	}
	if got := ours(again, "iptables-save", "-c").Stdout; maskedText(got) != maskedText(saved) {
		t.Errorf("restored it is another\n%s", testns.Diff(saved, got))
	}
}
