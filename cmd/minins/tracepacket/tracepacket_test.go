//go:build linux

package tracepacket_test

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/iptables"
	"github.com/minins/minins/cmd/minins/tracepacket"
	"github.com/minins/minins/internal/testns"
)

// helper has the test binary be "minins trace-packet", to be killed.
const helper = "MININS_TRACE_PACKET"

func TestMain(m *testing.M) {
	if os.Getenv(helper) != "" {
		c := command(os.Args[1:]...)
		c.Stdout, c.Stderr = bufio.NewWriter(os.Stdout), os.Stderr
		status := tracepacket.Run(c, iptables.Words)
		c.Stdout.Flush()
		os.Exit(status)
	}
	testns.Main(m)
}

func command(args ...string) *applet.Cmd { return &applet.Cmd{Name: "trace-packet", Args: args} }

// run is "minins trace-packet".
func run(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	c := command(args...)
	c.Stdout, c.Stderr = bufio.NewWriter(&out), &err
	status = tracepacket.Run(c, iptables.Words)
	c.Stdout.Flush()
	return status, out.String(), err.String()
}

// TestWait follows a packet of somebody else, whose addresses NAT changes.
func TestWait(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	stage(t)
	for _, tt := range []struct {
		args, act string
		want      []string
	}{
		{"-n red --wait --dst 8.8.8.8 --timeout 20", in("red", "ping -q -c 500 -i 0.002 8.8.8.8"), []string{
			"there: icmp echo-request 192.168.15.1 > 8.8.8.8 id ", " seq 1\n", "    NAT: source 192.168.15.1 becomes 192.168.1.10\n", "  wan: in by wan0\n    delivered\n",
			"back: icmp echo-reply 8.8.8.8 > 192.168.1.10 id ", " seq 1\n", "  red: in by veth-red\n    delivered\n", "delivered in namespace wan; the answer came back\n",
		}},
		{"-n wan --wait -p tcp --dst 192.168.1.10:80 --timeout 20", in("wan", "bash -c 'echo >/dev/tcp/192.168.1.10/80 || true'"), []string{
			"there: tcp 192.168.1.1:", " > 192.168.1.10:80 syn\n", "    NAT: destination 192.168.1.10:80 becomes 192.168.15.2:80\n", "  blue: in by veth-blue\n    delivered\n",
			"back: tcp 192.168.15.2:80 > 192.168.1.1:", " rst ack\n", "    NAT: source 192.168.15.2:80 becomes 192.168.1.10:80\n", "delivered in namespace blue; refused: RST from 192.168.15.2:80 in namespace blue came back\n",
		}},
		{"-n red --wait -p udp --dst 8.8.8.8:53 --timeout 20", in("red", "bash -c 'echo >/dev/udp/8.8.8.8/53'"), []string{
			"there: udp 192.168.15.1:", " > 8.8.8.8:53\n", "    NAT: source 192.168.15.1:", "  wan: in by wan0\n    delivered\n",
			"error: icmp destination-unreachable code 3 8.8.8.8 > 192.168.1.10\n", "delivered in namespace wan; refused: ICMP port unreachable from 8.8.8.8 in namespace wan came back\n",
		}},
	} {
		before := rulesets(t)
		acted := make(chan struct{})
		go func() {
			defer close(acted)
			for range 200 { // until it waits
				r := testns.Cmd{Args: testns.Words("nft list tables")}.Run(t)
				if strings.Contains(r.Stdout, "trace-packet-") {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			time.Sleep(300 * time.Millisecond) // and elsewhere as well
			shell(t, tt.act)
		}()
		_, got, stderr := run(strings.Fields(tt.args)...)
		<-acted
		rest := got
		for _, want := range tt.want {
			_, behind, ok := strings.Cut(rest, want)
			if !ok {
				t.Errorf("%s: no %q in, or not in this order: %s\n%s", tt.args, want, stderr, got)
				break
			}
			rest = behind
		}
		if after := rulesets(t); after != before {
			t.Errorf("left behind:\n%s", testns.Diff(before, after))
		}
	}
	if status, out, stderr := run("-n", "red", "--wait", "--dst", "8.8.8.8", "--timeout", "0.1"); status != 1 || out != "" ||
		stderr != "minins trace-packet: namespace red: no such packet was seen\n" {
		t.Errorf("nobody comes: %d %q %q", status, out, stderr)
	}
}

// TestKilled ends it in the middle, and looks at what is left.
func TestKilled(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	stage(t)
	before := rulesets(t)
	for _, signal := range []unix.Signal{unix.SIGINT, unix.SIGKILL} {
		cmd := exec.Command("/proc/self/exe", "-n", "red", "--dst", "8.8.8.8", "--wait")
		cmd.Env = append(os.Environ(), helper+"=1")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		during := ""
		for range 500 {
			if during = rulesets(t); strings.Count(during, "table ip trace-packet-") == 4 && strings.Count(during, "table arp trace-packet-") == 4 && strings.Count(during, "table bridge trace-packet-") == 1 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || out.String() != "" || strings.Count(during, "flags owner") != 9 {
			t.Errorf("%v: %v %q %s", signal, err, out.String(), during)
		}
		if after := rulesets(t); after != before {
			t.Errorf("%v has left:\n%s", signal, testns.Diff(before, after))
		}
	}
}

// TestCount sends several, and looks at the time that it takes in namespaces.
func TestCount(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	stage(t)
	status, out, stderr := run("-n", "red", "--dst", "8.8.8.8", "--count", "3")
	if status != 0 || stderr != "" || strings.Count(out, "\n\nthere: ") != 2 {
		t.Errorf("%d %q\n%s", status, stderr, out)
	}
	for n := range 3 {
		if !strings.Contains(out, " seq "+strconv.Itoa(n+1)+"\n") {
			t.Errorf("no packet %d in\n%s", n+1, out)
		}
	}
}
