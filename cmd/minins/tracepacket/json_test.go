//go:build linux

package tracepacket_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/iptables"
	"github.com/minins/minins/cmd/minins/tracepacket"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// words puts together from an object of --json what the text would be.
func words(t *testing.T, line string) string {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(line), &o); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	list := func(of map[string]any, name string) (all []map[string]any) {
		for _, v := range of[name].([]any) {
			all = append(all, v.(map[string]any))
		}
		return all
	}
	var b strings.Builder
	put := func(parts ...any) {
		for _, p := range parts {
			b.WriteString(p.(string))
		}
		b.WriteByte('\n')
	}
	for _, leg := range list(o, "legs") {
		put(leg["kind"], ": ", leg["packet"])
		for _, v := range list(leg, "visits") {
			put("  ", v["netns"], ": ", v["entry"])
			for _, f := range list(v, "met") {
				switch {
				case f["conntrack"] != nil:
					put("    conntrack: ", f["conntrack"])
				case f["nat"] != nil:
					put("    NAT: ", f["nat"], " ", f["was"], " becomes ", f["is"])
				case f["note"] != nil:
					put("    ", f["note"])
				case f["out"] != nil:
					put("    out by ", f["out"])
				default:
					verdict := " " + f["verdict"].(string)
					if f["handle"].(float64) != 0 {
						verdict = " (" + verdict[1:] + ")"
					}
					put("    ", (f["hook"].(string) + "          ")[:12], f["family"], " ", f["table"], " ", f["chain"], ": ", f["rule"], verdict)
					if f["iptables"] != nil {
						put("                ", f["iptables"])
					}
				}
			}
		}
	}
	put(o["result"])
	return b.String()
}

// TestJSON has JSON say all that the text says, and be valid whatever names there are.
func TestJSON(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Tool(t, "iptables")
	stage(t)
	shell(t, `nft 'table ip x { chain c { type filter hook forward priority 9; oifname "a\b" drop; meta mark set 7; }; }'`)
	for _, tt := range []struct {
		args   string
		status int
	}{
		{"-n red --dst 8.8.8.8", 0}, {"-n wan -p tcp --dst 192.168.1.10:80 --sport 4712", 3}, {"-n red --dst 192.168.15.9 --timeout 0.1", 1}, {"-n red -p udp --dst [fd15::2]:53 --sport 4713", 3},
	} {
		textStatus, text, _ := run(strings.Fields(tt.args)...)
		status, line, stderr := run(append(strings.Fields(tt.args), "--json")...)
		if status != tt.status || textStatus != tt.status {
			t.Fatalf("%s: %d %d, want %d: %s %s", tt.args, textStatus, status, tt.status, line, stderr)
		}
		if got, want := ids.ReplaceAllString(words(t, line), "id N"), ids.ReplaceAllString(text, "id N"); got != want || strings.Count(line, "\n") != 1 {
			t.Errorf("%s: (-text +json)\n%s", tt.args, testns.Diff(want, got))
		}
	}
	_, lines, _ := run("-n", "red", "--dst", "8.8.8.8", "-j", "--count", "3")
	if n := strings.Count(lines, "\n"); n != 3 {
		t.Errorf("%d lines of 3 packets: %s", n, lines)
	}
	for line := range strings.Lines(lines) {
		words(t, line)
	}
}

// full is a disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, unix.ENOSPC }

// TestFull leaves it to who flushes last to say that nothing could be written.
func TestFull(t *testing.T) {
	testns.Tool(t, "iptables")
	stage(t)
	c := command("--dst", "192.168.15.5")
	var stderr bytes.Buffer
	c.Stdout, c.Stderr = bufio.NewWriter(full{}), &stderr
	if status := tracepacket.Run(c, iptables.Words); status != 1 || stderr.Len() > 0 {
		t.Errorf("%d %s", status, &stderr)
	}
}

// TestAnswered has a port that something listens at.
func TestAnswered(t *testing.T) {
	testns.Tool(t, "iptables")
	stage(t)
	blue, err := nsfs.Open("blue")
	if err != nil {
		t.Fatal(err)
	}
	defer blue.Close()
	var l net.Listener
	if err := blue.Do(func() (err error) {
		l, err = net.Listen("tcp4", "192.168.15.2:80")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	status, out, stderr := run("-n", "wan", "-p", "tcp", "--dst", "192.168.1.10:80")
	if status != 0 || stderr != "" || !strings.HasSuffix(out, "\ndelivered in namespace blue; the answer came back\n") {
		t.Errorf("%d %s%s", status, out, stderr)
	}
}
