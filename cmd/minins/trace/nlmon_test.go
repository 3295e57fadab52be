//go:build linux

package trace_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/ip"
	"github.com/minins/minins/cmd/minins/nft"
	"github.com/minins/minins/cmd/minins/trace"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/pcap"
	"github.com/minins/minins/rtnl"
)

// seen are commands, and what they read, whose messages both see.
var seen = []struct{ command, stdin string }{
	{"ip link add v0 type veth peer name v1", ""},
	{"ip link set v0 up", ""},
	{"ip link set v1 up", ""},
	{"ip addr add 10.0.0.1/24 dev v0", ""},
	{"ip addr add 10.0.0.1/24 dev v0", ""}, // refused
	{"ip route add 10.1.0.0/16 via 10.0.0.9", ""},
	{"ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0", ""},
	{"ip -batch -", "route add 10.2.0.0/16 via 10.0.0.9\nroute add 10.3.0.0/16 via 10.0.0.9\nrule add pref 7 table 7\n"},
	{"ip -force -batch -", "route add 10.2.0.0/16 via 10.0.0.9\nroute add 10.4.0.0/16 via 10.0.0.9\nlink del nosuch\n"},
	{"nft -f -", "table ip t { set s { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 } }; chain c { type filter hook input priority 0; ip saddr @s counter accept; } }"},
	{"nft list ruleset", ""},
	{"ip -d addr", ""},
	{"ip route show table all", ""},
	{"ip neigh", ""},
	{"ip rule", ""},
	{"nft flush ruleset", ""},
	{"ip link del v0", ""},
}

// TestNLMon has a link of kind nlmon and --pcap record the same commands: both have the same
// datagrams, each socket in the same order.
func TestNLMon(t *testing.T) {
	testns.NeedsKind(t, "nlmon")
	ns := testns.New(t)
	ns.Up(t, "lo")
	name := filepath.Join(t.TempDir(), "netlink.pcapng")
	tr, err := trace.New(trace.Options{File: name}, io.Discard, func() {})
	try(t, err)
	tap := newTap(t, ns)
	dial := func(p *nl.Protocol, _ string) (*nl.Conn, error) {
		c, err := nl.Dial(p, nl.Config{NetNS: ns.FD()})
		if err == nil {
			c.Trace(tr.Socket(p, "red"))
		}
		return c, err
	}
	for _, c := range seen {
		args := strings.Fields(c.command)
		var stdout, stderr bytes.Buffer
		cmd := &applet.Cmd{Name: args[0], Args: args[1:], Stdin: strings.NewReader(c.stdin), Stdout: bufio.NewWriter(&stdout), Stderr: &stderr,
			Getenv: func(string) string { return "" }, Dial: dial, IsApplet: func(string) bool { return false }}
		run := map[string]func(*applet.Cmd) int{"ip": ip.Run, "nft": nft.Run}[args[0]]
		status := run(cmd)
		try(t, cmd.Stdout.Flush())
		t.Logf("%s: %d %s", c.command, status, stderr.String())
	}
	try(t, tr.Close())
	want, got := recorded(t, name), tap.read()
	if len(want) < 50 {
		t.Errorf("%d datagrams, want at least 50", len(want))
	}
	if len(got) != len(want) {
		t.Errorf("nlmon saw %d datagrams, and --pcap has %d", len(got), len(want))
	}
	// Where a dump takes several datagrams, the kernel makes the next while one is read, and
	// another socket may speak in between: the order is that of requests, and of what each socket gets.
	gotBy := byPort(got)
	for port, w := range byPort(want) {
		g := gotBy[port]
		delete(gotBy, port)
		for i := range max(len(g), len(w)) {
			if i == len(g) || i == len(w) || g[i] != w[i] {
				t.Fatalf("port %d: %d datagrams, want %d; of these is number %d\nnlmon  %s\n--pcap %s", port, len(g), len(w), i, at(g, i), at(w, i))
			}
		}
	}
	for port, g := range gotBy {
		t.Errorf("nlmon saw %d datagrams for port %d, which --pcap does not have: %s", len(g), port, g[0])
	}
}

func at(all []datagram, i int) string {
	if i < len(all) {
		return all[i].String()
	}
	return "nothing"
}

// byPort are the datagrams that the kernel sent to each socket, and those that were sent to it, as
// port 0.
func byPort(all []datagram) map[uint32][]datagram {
	by := map[uint32][]datagram{}
	for _, d := range all {
		h, _, _, _ := nl.Next([]byte(d.bytes))
		by[h.Port] = append(by[h.Port], d)
	}
	return by
}

// A datagram is a netlink family, and bytes in hex.
type datagram struct {
	family uint16
	bytes  string
}

func (d datagram) String() string { return fmt.Sprintf("family %d: %x", d.family, d.bytes) }

// recorded are the datagrams of a file.
func recorded(t *testing.T, name string) (all []datagram) {
	t.Helper()
	f, err := os.Open(name)
	try(t, err)
	defer f.Close()
	r, err := pcap.NewReader(f)
	try(t, err)
	for {
		p, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		try(t, err)
		_, family, b, ok := pcap.CutNetlink(p.Data)
		if !ok {
			t.Fatalf("% x is not of netlink", p.Data)
		}
		all = append(all, datagram{family, string(b)})
	}
}

// A tap reads a packet socket on a link of kind nlmon.
type tap struct {
	t    *testing.T
	fd   int
	stop chan bool
	all  chan []datagram
}

func newTap(t *testing.T, ns *testns.NS) *tap {
	t.Helper()
	c, err := rtnl.Dial(nl.Config{NetNS: ns.FD()})
	try(t, err)
	try(t, c.AddLink(t.Context(), &rtnl.Link{Name: "nlmon", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: rtnl.LinkInfo{Kind: "nlmon"}}))
	index, err := c.LinkIndex(t.Context(), "nlmon")
	try(t, err)
	try(t, c.Close())
	p := &tap{t: t, stop: make(chan bool), all: make(chan []datagram, 1)}
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	ns.Do(t, func() {
		if p.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err == nil {
			err = unix.Bind(p.fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: int(index)})
		}
	})
	try(t, err)
	t.Cleanup(func() { unix.Close(p.fd) })
	try(t, unix.SetsockoptTimeval(p.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}))
	go p.run()
	return p
}

// run reads until it is told to stop and nothing is left.
func (p *tap) run() {
	var all []datagram
	b := make([]byte, 1<<20)
	for {
		size, from, err := unix.Recvfrom(p.fd, b, 0)
		if at, ok := from.(*unix.SockaddrLinklayer); ok && err == nil {
			family := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, at.Protocol))
			all = append(all, datagram{family, string(b[:size])})
			continue
		}
		select {
		case <-p.stop:
			p.all <- all
			return
		default:
		}
	}
}

// read ends it, and returns what was captured. The kernel hands on each datagram before who sent it
// goes on.
func (p *tap) read() []datagram {
	p.t.Helper()
	close(p.stop)
	all := <-p.all
	st, err := unix.GetsockoptTpacketStats(p.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	try(p.t, err)
	if st.Drops > 0 {
		p.t.Fatalf("%d datagrams did not fit into the receive buffer", st.Drops)
	}
	return all
}
