//go:build linux

package nettools

import (
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/resolve"
	"github.com/minins/minins/internal/testns"
)

// TestSilentNameServer has a name server that never answers: it is waited for
// once, and names in files are found after that.
func TestSilentNameServer(t *testing.T) {
	dir := t.TempDir()
	for file, text := range map[string]string{"hosts": "10.0.0.3 three\n", "conf": "nameserver 127.0.0.1\noptions timeout:3 attempts:1\n"} {
		if err := os.WriteFile(dir+"/"+file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	testns.Run(t, "ip", "link", "set", "lo", "up").Must(t)
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	n := newNames(&applet.Cmd{})
	n.hosts = resolve.Resolver{Hosts: dir + "/hosts", Conf: dir + "/conf", Port: server.LocalAddr().(*net.UDPAddr).Port}
	start := time.Now()
	for addr, want := range map[string]string{"10.0.0.1": "", "10.0.0.2": "", "10.0.0.3": "three", "0.0.0.0": ""} {
		if got := n.host(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s is %q, want %q", addr, got, want)
		}
	}
	if d := time.Since(start); d < patience || d > patience+time.Second {
		t.Errorf("that took %v", d)
	}
	time.Sleep(2 * time.Second) // until the look-up has given up
}

func TestParseMAC(t *testing.T) {
	for s, want := range map[string]string{
		"02:00:00:00:00:01": "02:00:00:00:00:01", "2:0:0:0:0:aB": "02:00:00:00:00:ab", "020000000001": "02:00:00:00:00:01",
		"02:00:00:00:00:01:": "02:00:00:00:00:01", "02:00:00:00:00:01:02": "02:00:00:00:00:01", "002:00:00:00:00:01": "00:02:00:00:00:00",
		"": "", "02:00:00:00:00": "", "02:00:00:00:00:": "", "02-00-00-00-00-01": "", "zz": "", ":": "",
	} {
		got, ok := parseMAC(s)
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("%q is %s, %v", s, got, ok)
		}
	}
}
