//go:build linux

package ping

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/iputils"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { testns.Main(m) }

// failure is an error's status and text, with "usage" if that is shown.
func failure(err error) string {
	var f *iputils.Failure
	if !errors.As(err, &f) {
		return ""
	}
	if f.Usage {
		return fmt.Sprintf("%d usage %s", f.Status, f.Text)
	}
	return fmt.Sprintf("%d %s", f.Status, f.Text)
}

// times are what no two runs have in common.
var times = regexp.MustCompile(`time=[0-9.]+ ms|time [0-9]+ms|= [0-9./]+ ms|ewma [0-9./]+ ms|\[[0-9]{10}\.[0-9]{6}\]|\t[0-9]+( absolute)?\n|ident=[0-9]+|fd: [0-9]+`)

func mask(s string) string { return times.ReplaceAllString(s, "T") }

// command calls the applet on the calling thread.
func command(args ...string) testns.Result {
	r := testns.Result{Args: append([]string{"ping"}, args...)}
	var stdout, stderr bytes.Buffer
	c := &applet.Cmd{
		Name: "ping", Args: r.Args[1:], Stdout: bufio.NewWriter(&stdout), Stderr: &stderr,
		Dial: func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Dial(p, nl.Config{}) },
	}
	r.Code = Run(c)
	c.Stdout.Flush()
	r.Stdout, r.Stderr = stdout.String(), stderr.String()
	return r
}

func in(t *testing.T, ns *testns.NS, line string) (r testns.Result) {
	t.Helper()
	ns.Do(t, func() { r = command(strings.Fields(line)...) })
	return r
}

const rtt = "rtt min/avg/max/mdev T\n"

// anyGroup lets every group open ping sockets in the namespace. All groups are
// group 0: the only one of the user namespace.
func anyGroup(t *testing.T, ns *testns.NS) {
	t.Helper()
	var err error
	ns.Do(t, func() { err = os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte("0 0"), 0) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestLoopback(t *testing.T) {
	for _, kind := range []string{"raw", "dgram"} {
		ns := testns.New(t)
		if kind == "dgram" {
			anyGroup(t, ns)
		}
		if r := in(t, ns, "-c1 127.0.0.1"); r.Code != 2 || r.Stdout != "" || r.Stderr != "ping: connect: Network is unreachable\n" {
			t.Errorf("lo is down: %+v", r)
		}
		ns.Up(t, "lo")
		tests := []struct {
			line, want string
			code       int
		}{
			{"-c 2 -i 0.01 127.0.0.1", "PING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.\n" +
				"64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 T\n64 bytes from 127.0.0.1: icmp_seq=2 ttl=64 T\n\n" +
				"--- 127.0.0.1 ping statistics ---\n2 packets transmitted, 2 received, 0% packet loss, T\n" + rtt, 0},
			{"-c1 ::1", "PING ::1(::1) 56 data bytes\n64 bytes from ::1: icmp_seq=1 ttl=64 T\n\n" +
				"--- ::1 ping statistics ---\n1 packets transmitted, 1 received, 0% packet loss, T\n" + rtt, 0},
			{"-e 7 -v -n -c1 -q 127.0.0.1", "ai->ai_family: AF_INET, ai->ai_canonname: '127.0.0.1'\n" +
				"PING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.\n\n" +
				"--- 127.0.0.1 ping statistics ---\n1 packets transmitted, 1 received, 0% packet loss, T\n" + rtt, 0},
			{"-c1 -q -s 15 127.1", "PING 127.1 (127.0.0.1) 15(43) bytes of data.\n\n" +
				"--- 127.1 ping statistics ---\n1 packets transmitted, 1 received, 0% packet loss, T\n\n", 0},
			{"-c1 -s 8 -t 7 -I 127.0.0.1 127.0.0.2", "PING 127.0.0.2 (127.0.0.2) from 127.0.0.1 : 8(36) bytes of data.\n" +
				"16 bytes from 127.0.0.2: icmp_seq=1 ttl=64\n\n--- 127.0.0.2 ping statistics ---\n" +
				"1 packets transmitted, 1 received, 0% packet loss, T\n\n", 0},
			{"-c1 -q -I lo 127.0.0.1", "PING 127.0.0.1 (127.0.0.1) from 127.0.0.1 lo: 56(84) bytes of data.\n\n" +
				"--- 127.0.0.1 ping statistics ---\n1 packets transmitted, 1 received, 0% packet loss, T\n" + rtt, 0},
			{"-c3 -q -l3 -D -p ff0 127.0.0.1", "PING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.\n\n" +
				"--- 127.0.0.1 ping statistics ---\n3 packets transmitted, 3 received, 0% packet loss, T\n" +
				"rtt min/avg/max/mdev T, pipe 3\n", 0},
			{"-c1 -D -p ff0 127.0.0.1", "PATTERN: 0xff00\nPING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.\n" +
				"T 64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 T\n\n--- 127.0.0.1 ping statistics ---\n" +
				"1 packets transmitted, 1 received, 0% packet loss, T\n" + rtt, 0},
			{"-c3 -f 127.0.0.1", "PING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.\n.\b \b.\b \b.\b \b\n" +
				"--- 127.0.0.1 ping statistics ---\n3 packets transmitted, 3 received, 0% packet loss, T\n" +
				"rtt min/avg/max/mdev T, ipg/T\n", 0},
		}
		for _, test := range tests {
			r := in(t, ns, test.line)
			if got := mask(r.Stdout); got != test.want || r.Code != test.code || r.Stderr != "" && !strings.Contains(test.line, "-v") {
				t.Errorf("%s: ping %s: exit status %d, stderr %q\ngot  %q\nwant %q", kind, test.line, r.Code, r.Stderr, got, test.want)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	ns := testns.New(t)
	ns.Up(t, "lo")
	for line, want := range map[string]string{
		"-c1 10.0.0.1":             "2 ping: connect: Network is unreachable\n",
		"-c1 2001:db8::1":          "2 ping: connect: Network is unreachable\n",
		"-c1 -I nope 127.0.0.1":    "2 ping: SO_BINDTODEVICE nope: No such device\n",
		"-c1 -I nope ::1":          "2 ping: unknown iface: nope\n",
		"-c1 -I 1.2.3.4 127.0.0.1": "2 ping: bind: Cannot assign requested address\n",
		"-c1 -I ::2 ::1":           "2 ping: bind icmp socket: Cannot assign requested address\n",
		"-c1 -t0 127.0.0.1":        "2 ping: cannot set unicast time-to-live: Invalid argument\n",
		"-c1 -4 ::1":               "2 ping: ::1: Address family for hostname not supported\n",
		"-c1 fe80::1%nope":         "2 ping: fe80::1%nope: Name or service not known\n",
		"":                         "1 ping: usage error: Destination address required\n",
		"-h":                       "2 " + usage,
		"-k":                       "2 ping: invalid option -- 'k'\n" + usage,
	} {
		r := in(t, ns, line)
		if got := fmt.Sprintf("%d %s", r.Code, r.Stderr); got != want || r.Stdout != "" {
			t.Errorf("ping %s: got %q, stdout %q, want %q", line, got, r.Stdout, want)
		}
	}
}

// A hook is a writer that calls f when it has been given a text.
type hook struct {
	bytes.Buffer
	text string
	f    func()
}

func (h *hook) Write(b []byte) (int, error) {
	n, err := h.Buffer.Write(b)
	if h.f != nil && strings.Contains(h.String(), h.text) {
		h.f()
		h.f = nil
	}
	return n, err
}

// SIGQUIT asks for the status, SIGINT ends the command and has it summed up.
func TestSignals(t *testing.T) {
	ns := testns.New(t)
	ns.Up(t, "lo")
	kill := func(sig unix.Signal) func() { return func() { _ = unix.Kill(os.Getpid(), sig) } }
	stdout := &hook{text: "icmp_seq=1", f: kill(unix.SIGQUIT)} // by then, Run listens to signals
	stderr := &hook{text: " packets, ", f: kill(unix.SIGINT)}
	c := &applet.Cmd{Name: "ping", Args: []string{"-i", "9", "127.0.0.1"}, Stdout: bufio.NewWriter(stdout), Stderr: stderr}
	code := -1
	start := time.Now()
	ns.Do(t, func() { code = Run(c) })
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if !strings.HasSuffix(mask(stdout.String()), "\n1 packets transmitted, 1 received, 0% packet loss, T\n"+rtt) || code != 0 {
		t.Errorf("exit status %d: %q", code, stdout.String())
	}
	if !strings.HasPrefix(stderr.String(), "\r1/1 packets, 0% loss, min/avg/ewma/max = ") {
		t.Errorf("status: %q", stderr.String())
	}
}

func TestExplain(t *testing.T) {
	var calls []string
	c := &applet.Cmd{
		Name: "ping", Args: strings.Fields("-R -c2 -t9 -I eth0 192.0.2.1"), Stdout: bufio.NewWriter(&bytes.Buffer{}),
		Explain: func(call, why string) { calls = append(calls, call) },
	}
	if got := Run(c); got != 0 {
		t.Errorf("exit status %d", got)
	}
	want := []string{
		"socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)",
		`setsockopt(SOL_SOCKET, SO_BINDTODEVICE, "eth0")`,
		"connect(AF_INET UDP socket, 192.0.2.1 port 1025)",
		"setsockopt(IPPROTO_IP, IP_RECVERR, 1)",
		"setsockopt(IPPROTO_IP, IP_RECVTTL, 1)",
		"setsockopt(SOL_SOCKET, SO_TIMESTAMP, 1)",
		"setsockopt(IPPROTO_IP, IP_OPTIONS)",
		"setsockopt(IPPROTO_IP, time to live, 9)",
		"sendto({type=8 (echo request), code=0, checksum, id, seq=1, 56 data bytes}, 192.0.2.1)",
		"recvmsg()",
	}
	if got := strings.Join(calls, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}
