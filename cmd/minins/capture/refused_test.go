//go:build linux

package capture_test

import (
	"bufio"
	"bytes"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/capture"
	"github.com/minins/minins/nsfs"
)

// TestRefused has errors that name the thing, and leaves no file.
func TestRefused(t *testing.T) {
	cable(t)
	const try = "\nTry 'minins capture --help' for more information.\n"
	file := t.TempDir() + "/file"
	for _, refused := range []struct {
		line   string
		status int
		want   string
	}{
		{"-n nope", 1, "Cannot open network namespace \"nope\": no such file or directory\n"},
		{"-n red -n nope", 1, "Cannot open network namespace \"nope\": no such file or directory\n"},
		{"-n red -i eth9", 1, "there is no link eth9 in any of these namespaces\n"},
		{"-n red -n blue -i eth0 -i eth9", 1, "there is no link eth9 in any of these namespaces\n"},
		{"-i eth0", 1, "there is no link eth0 in any of these namespaces\n"},
		{"-c 0x", 2, "-c 0x: expected a number of packets, 1 or more" + try},
		{"-s 262145", 2, "-s 262145: expected a number of bytes, at most 262144" + try},
		{"-c 0", 2, "-c 0: expected a number of packets, 1 or more" + try},
		{"--for 0", 2, "--for 0: expected seconds, more than 0 and less than 1000000000, such as 2 or 0.5" + try},
		{"--for 1e10", 2, "--for 1e10: expected seconds, more than 0 and less than 1000000000, such as 2 or 0.5" + try},
		{"--for x", 2, "--for x: expected seconds, more than 0 and less than 1000000000, such as 2 or 0.5" + try},
		{"-x", 2, "invalid option -- 'x'" + try},
		{"hots 10.0.0.1", 2, "filter: 'hots', expected arp ip ip6 icmp icmp6 tcp udp host net port src dst inbound outbound not (" + try},
		{"port", 2, "filter: '', expected [tcp | udp] port 0…65535" + try},
		{"port http", 2, "filter: 'http', expected [tcp | udp] port 0…65535" + try},
		{"port 65536", 2, "filter: '65536', expected [tcp | udp] port 0…65535" + try},
		{"icmp port 80", 2, "filter: '80', expected [tcp | udp] port 0…65535" + try},
		{"host 10.0.0", 2, "filter: '10.0.0', expected an address, or net ADDRESS/LENGTH with no bits behind LENGTH" + try},
		{"host 10.0.0.0/8", 2, "filter: '10.0.0.0/8', expected an address, or net ADDRESS/LENGTH with no bits behind LENGTH" + try},
		{"net 10.0.0.1/8", 2, "filter: '10.0.0.1/8', expected an address, or net ADDRESS/LENGTH with no bits behind LENGTH" + try},
		{"net 10.0.0.0/33", 2, "filter: '10.0.0.0/33', expected an address, or net ADDRESS/LENGTH with no bits behind LENGTH" + try},
		{"ip host ::1", 2, "filter: '::1', expected an address that ip has" + try},
		{"tcp host 10.0.0.1", 2, "filter: '10.0.0.1', expected an address that tcp has" + try},
		{"tcp tcp", 2, "filter: 'tcp', expected and, or" + try},
		{"tcp and", 2, "filter: '', expected arp ip ip6 icmp icmp6 tcp udp host net port src dst inbound outbound not (" + try},
		{"( tcp", 2, "filter: '', expected and, or, )" + try},
		{"tcp )", 2, "filter: ')', expected and, or" + try},
		{"src", 2, "filter: '', expected an address, or net ADDRESS/LENGTH with no bits behind LENGTH" + try},
	} {
		status, out, stderr := run(t, append([]string{"-w", file}, strings.Fields(refused.line)...)...)
		if want := "minins capture: " + refused.want; status != refused.status || out != "" || stderr != want {
			t.Errorf("%s: %d %q\ngot  %q\nwant %q", refused.line, status, out, stderr, want)
		}
		if _, err := os.Stat(file); err == nil {
			t.Fatalf("%s has made a file", refused.line)
		}
	}
	if status, _, stderr := run(t, "-n", "red", "-w", "/nope/file"); status != 1 || stderr != "minins capture: open /nope/file: no such file or directory\n" {
		t.Errorf("%d %q", status, stderr)
	}
	if status, out, stderr := run(t, "-h"); status != 0 || !strings.HasPrefix(out, "Usage: minins capture ") || stderr != "" {
		t.Errorf("-h: %d %q %q", status, out, stderr)
	}
}

// TestFiles has no descriptors for all namespaces: that is one line, and others are captured.
func TestFiles(t *testing.T) {
	for i := range 40 {
		name := "many" + strconv.Itoa(i)
		if err := nsfs.Create(name); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := nsfs.Delete(name); err != nil {
				t.Error(err)
			}
		}()
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := command()
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", `ulimit -n 40; exec "$0" -a --for 0.1`, self}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
	short := regexp.MustCompile(`(?m)^minins capture: not captured: \d+ namespaces: too many open files; 'ulimit -n 264' allows more$`)
	if n := strings.Count(stderr.String(), "\n"); n != 3 || !short.MatchString(stderr.String()) {
		t.Errorf("%d lines: %s", n, stderr.String())
	}
}

// TestExplain tells the calls and the filter's program, and makes none of them.
func TestExplain(t *testing.T) {
	var told []string
	var out bytes.Buffer
	c := &applet.Cmd{
		Name: "capture", Args: strings.Fields("-n nope -i eth0 -s 100 tcp dst port 80"), Stdout: bufio.NewWriter(&out), Stderr: &out,
		Explain: func(call, _ string) { told = append(told, call) },
	}
	if status := capture.Run(c); status != 0 || out.Len() > 0 {
		t.Errorf("%d %q", status, &out)
	}
	all := strings.Join(told, "\n")
	for _, want := range []string{"socket(AF_PACKET, SOCK_RAW|SOCK_CLOEXEC, 0)", "SO_ATTACH_FILTER", "(000) ld #hatype\n", "ld #ifidx\n", "ld #proto\n",
		"ldh [x + 2]\n", "jeq #0x50 ", "jset #0x1fff", "ret #100\n", "ret #0\n", "PACKET_RX_RING"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	if strings.Contains(all, ") \n") {
		t.Errorf("an instruction without words in\n%s", all)
	}
}
