//go:build linux

package arping

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mdlayher/arp"
	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/iputils"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

func TestMain(m *testing.M) { testns.Main(m) }

func TestParse(t *testing.T) {
	o, err := parse(strings.Fields("-c 2 -w3 -i 4 -I v0 -s 1.2.3.4 -qbfDUA h"))
	want := options{
		advertise: true, broadcast: true, dad: true, first: true, quiet: true, unsolicited: true,
		count: 2, timeout: 3 * time.Second, interval: 4 * time.Second, device: "v0", source: "1.2.3.4", target: "h",
	}
	if err != nil || !reflect.DeepEqual(*o, want) {
		t.Errorf("got %+v, %v, want %+v", o, err, want)
	}
	for args, want := range map[string]string{
		"":       "usage ",
		"a b":    "usage ",
		"-h":     "usage ",
		"-k":     "usage invalid option -- 'k'",
		"-c":     "usage option requires an argument -- 'c'",
		"-c 0 h": "invalid argument: '0': out of range: 1 <= value <= 2147483647",
		"-w x h": "invalid argument: 'x'",
	} {
		_, err := parse(strings.Fields(args))
		var f *iputils.Failure
		if !errors.As(err, &f) {
			t.Errorf("%q: got %v, want %q", args, err, want)
			continue
		}
		got := f.Text
		if f.Usage {
			got = "usage " + got
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", args, got, want)
		}
	}
}

func mac(last byte) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, 0, last} }

var (
	one  = netip.MustParseAddr("10.0.0.1")
	two  = netip.MustParseAddr("10.0.0.2")
	none = netip.IPv4Unspecified()
)

func TestPack(t *testing.T) {
	tests := []struct {
		name      string
		p         probe
		to        net.HardwareAddr
		advertise bool
		want      string
	}{
		{"request", probe{mac: mac(1), src: one, dst: two}, broadcast(), false,
			"ffffffffffff" + "020000000001" + "0806" + "0001080006040001" + "020000000001" + "0a000001" + "ffffffffffff" + "0a000002"},
		{"unicast", probe{mac: mac(1), src: one, dst: two}, mac(2), false,
			"020000000002" + "020000000001" + "0806" + "0001080006040001" + "020000000001" + "0a000001" + "020000000002" + "0a000002"},
		{"probe", probe{mac: mac(1), src: none, dst: two, dad: true}, broadcast(), false,
			"ffffffffffff" + "020000000001" + "0806" + "0001080006040001" + "020000000001" + "00000000" + "ffffffffffff" + "0a000002"},
		{"announcement", probe{mac: mac(1), src: one, dst: one}, broadcast(), true,
			"ffffffffffff" + "020000000001" + "0806" + "0001080006040002" + "020000000001" + "0a000001" + "020000000001" + "0a000001"},
	}
	for _, test := range tests {
		f, err := test.p.request(test.to, test.advertise)
		if err != nil {
			t.Fatal(err)
		}
		b, err := f.pack()
		if got := hex.EncodeToString(b); err != nil || got != test.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", test.name, err, got, test.want)
		}
		back, ok := parseFrame(b)
		if !ok || back.SenderIP != test.p.src || back.TargetIP != test.p.dst || back.to.String() != test.to.String() {
			t.Errorf("%s: read back %+v, %v", test.name, back, ok)
		}
		for n := range b {
			if _, ok := parseFrame(b[:n]); ok {
				t.Errorf("%s: took %d bytes of %d", test.name, n, len(b))
			}
		}
	}
}

func TestAnswers(t *testing.T) {
	normal, dad := probe{mac: mac(1), src: one, dst: two}, probe{mac: mac(1), src: none, dst: two, dad: true}
	made := func(to net.HardwareAddr, op arp.Operation, from net.HardwareAddr, src netip.Addr, target net.HardwareAddr, dst netip.Addr) *frame {
		p, err := arp.NewPacket(op, from, src, target, dst)
		if err != nil {
			t.Fatal(err)
		}
		return &frame{to, *p}
	}
	const ask, reply = arp.OperationRequest, arp.OperationReply
	tests := []struct {
		name string
		p    *probe
		f    *frame
		want string
	}{
		{"reply", &normal, made(mac(1), reply, mac(2), two, mac(1), one),
			"Unicast reply from 10.0.0.2 [02:00:00:00:00:02]  1.042ms\n"},
		{"somebody else's", &normal, made(mac(3), reply, mac(2), two, mac(1), one), ""},
		{"of another address", &normal, made(mac(1), reply, mac(2), none, mac(1), one), ""},
		{"to another address", &normal, made(mac(1), reply, mac(2), two, mac(1), two), ""},
		{"its own question", &normal, made(broadcast(), ask, mac(2), two, broadcast(), one), ""},
		{"in use", &dad, made(mac(1), reply, mac(2), two, mac(1), none),
			"Unicast reply from 10.0.0.2 [02:00:00:00:00:02]  1.042ms\n"},
		{"announced", &dad, made(broadcast(), ask, mac(2), two, broadcast(), two),
			"Broadcast request from 10.0.0.2 [02:00:00:00:00:02] for 10.0.0.2 [FF:FF:FF:FF:FF:FF] 1.042ms\n"},
		{"probed for as well", &dad, made(broadcast(), ask, mac(2), none, make(net.HardwareAddr, 6), two),
			"Broadcast request from 0.0.0.0 [02:00:00:00:00:02] for 10.0.0.2 [00:00:00:00:00:00] 1.042ms\n"},
		{"our own probe", &dad, made(broadcast(), ask, mac(1), none, broadcast(), two), ""},
		{"who asks for it has none", &dad, made(broadcast(), ask, mac(2), one, broadcast(), two), ""},
	}
	for _, test := range tests {
		got := ""
		if test.p.answeredBy(test.f) {
			got = test.p.describe(test.f, 1042*time.Microsecond)
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// took is what no two runs have in common.
var took = regexp.MustCompile(`[0-9]+\.[0-9]{3}ms`)

// command calls the applet on the calling thread.
func command(args ...string) testns.Result {
	r := testns.Result{Args: append([]string{"arping"}, args...)}
	var stdout, stderr bytes.Buffer
	c := &applet.Cmd{
		Name: "arping", Args: r.Args[1:], Stdout: bufio.NewWriter(&stdout), Stderr: &stderr,
		Dial: func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Dial(p, nl.Config{}) },
	}
	r.Code = Run(c)
	c.Stdout.Flush()
	r.Stdout, r.Stderr = took.ReplaceAllString(stdout.String(), "T"), stderr.String()
	return r
}

// network is a namespace with a cable v0 to another one: 10.0.0.1 here,
// 10.0.0.2 there. v2 and v3 are a cable of its own, down.
func network(t *testing.T) *testns.NS {
	t.Helper()
	here, there := testns.New(t), testns.New(t)
	for _, line := range []string{
		"link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02 netns " + there.Path(),
		"link add v2 type veth peer name v3", "addr add 10.0.0.1/24 dev v0", "link set v0 up",
	} {
		here.Run(t, append([]string{"ip"}, strings.Fields(line)...)...).Must(t)
	}
	for _, line := range []string{"addr add 10.0.0.2/24 dev v1", "link set v1 up"} {
		there.Run(t, append([]string{"ip"}, strings.Fields(line)...)...).Must(t)
	}
	here.Up(t, "lo")
	return here
}

func TestRun(t *testing.T) {
	t.Parallel()
	const reply = "Unicast reply from 10.0.0.2 [02:00:00:00:00:02]  T\n"
	tests := []struct{ line, want string }{
		{"-f -I v0 10.0.0.2", "0 ARPING 10.0.0.2 from 10.0.0.1 v0\n" + reply + "Sent 1 probes (1 broadcast(s))\nReceived 1 response(s)\n|"},
		{"-c 1 -w 9 10.0.0.2", "0 ARPING 10.0.0.2 from 10.0.0.1 v0\n" + reply + "Sent 1 probes (1 broadcast(s))\nReceived 1 response(s)\n|"},
		{"-c 2 -w 9 -I v0 10.0.0.2", "0 ARPING 10.0.0.2 from 10.0.0.1 v0\n" + reply + reply + "Sent 2 probes (1 broadcast(s))\nReceived 2 response(s)\n|"},
		{"-c 1 -w 1 -I v0 10.0.0.9", "1 ARPING 10.0.0.9 from 10.0.0.1 v0\nSent 1 probes (1 broadcast(s))\nReceived 0 response(s)\n|"},
		{"-w 1 -I v0 10.0.0.9", "1 ARPING 10.0.0.9 from 10.0.0.1 v0\nSent 2 probes (2 broadcast(s))\nReceived 0 response(s)\n|"},
		{"-D -c 1 -I v0 10.0.0.2", "1 ARPING 10.0.0.2 from 0.0.0.0 v0\n" + reply + "Sent 1 probes (1 broadcast(s))\nReceived 1 response(s)\n|"},
		{"-D -c 1 -I v0 10.0.0.9", "0 ARPING 10.0.0.9 from 0.0.0.0 v0\nSent 1 probes (1 broadcast(s))\nReceived 0 response(s)\n|"},
		{"-D -q -c 1 -I v0 10.0.0.2", "1 |"},
		{"-U -c 1 -I v0 10.0.0.1", "0 ARPING 10.0.0.1 from 10.0.0.1 v0\nSent 1 probes (1 broadcast(s))\nReceived 0 response(s)\n|"},
		{"-A -q -c 1 -I v0 10.0.0.1", "0 |"},
		{"-c 1 -I v2 10.0.0.2", "2 Interface \"v2\" is down\n|"},
		{"-c 1 -I lo 127.0.0.1", "2 Interface \"lo\" is not ARPable\n|"},
		{"-D -c 1 -I lo 127.0.0.1", "0 Interface \"lo\" is not ARPable\n|"},
		{"-q -c 1 -I lo 127.0.0.1", "2 |"},
		{"-c 1 -I nope 10.0.0.2", "2 |arping: Device nope not available.\n"},
		{"-c 1 192.0.2.1", "1 |arping: NETLINK_ROUTE unexpected iov element\n"},
		{"-c 1 -s 10.0.0.3 -I v0 10.0.0.2", "2 |arping: bind: Cannot assign requested address\n"},
		{"-c 1 -s x -I v0 10.0.0.2", "2 |arping: invalid source x\n"},
		{"-c 1 -I v0 ::1", "2 |arping: ::1: Address family for hostname not supported\n"},
	}
	for _, test := range tests {
		t.Run(test.line, func(t *testing.T) {
			t.Parallel()
			ns := network(t) // each sees the answers to others
			var ours testns.Result
			ns.Do(t, func() { ours = command(strings.Fields(test.line)...) })
			if got := fmt.Sprintf("%d %s|%s", ours.Code, ours.Stdout, ours.Stderr); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	var calls []string
	c := &applet.Cmd{
		Name: "arping", Args: strings.Fields("-D -c2 -I eth0 192.0.2.1"), Stdout: bufio.NewWriter(&bytes.Buffer{}),
		Explain: func(call, why string) { calls = append(calls, call) },
	}
	if got := Run(c); got != 0 {
		t.Errorf("exit status %d", got)
	}
	want := "socket(AF_PACKET, SOCK_RAW, ETH_P_ARP)\nbind(ETH_P_ARP, eth0)\n" +
		"sendto(Ethernet to ff:ff:ff:ff:ff:ff, ARP who-has 192.0.2.1)\nrecvfrom()"
	if got := strings.Join(calls, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add(make([]byte, 42))
	f.Add(append(append(make([]byte, 12), 8, 6, 0, 1, 8, 0, 6, 4, 0, 2), make([]byte, 20)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if fr, ok := parseFrame(b); ok {
			(&probe{mac: mac(1), src: none, dst: two, dad: true}).answeredBy(&fr)
			(&probe{mac: mac(1), src: one, dst: two}).describe(&fr, 0)
		}
	})
}
