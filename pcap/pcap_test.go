//go:build linux

package pcap_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/pcap"
)

var start = time.Date(2026, 11, 28, 10, 30, 0, 123456789, time.UTC)

// arp asks who has an address, as Ethernet and, without its first 14 bytes, as
// nothing that begins with IP.
func arp(last byte) []byte {
	b := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6}
	return append(b, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, last)
}

// getlink is RTM_GETLINK of all links.
func getlink() []byte {
	b := binary.NativeEndian.AppendUint32(nil, 32)
	b = binary.NativeEndian.AppendUint16(b, unix.RTM_GETLINK)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	return append(b, make([]byte, 24)...)
}

// A row is a packet with all that a file says of it.
type row struct {
	link    uint16
	name    string
	time    time.Time
	data    string
	length  int
	dir     pcap.Direction
	comment string
}

func (r row) String() string {
	return fmt.Sprintf("link type %d, name %q, %s, %q, length %d, direction %d, comment %q",
		r.link, r.name, r.time.UTC().Format(time.RFC3339Nano), r.data, r.length, r.dir, r.comment)
}

// sample is a file of three interfaces, the third of which comes late.
func sample(t testing.TB) ([]byte, []row) {
	t.Helper()
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, "minins test")
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	add := func(i pcap.Interface) int {
		id, err := w.Interface(i)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	put := func(id int, i pcap.Interface, p pcap.Packet) {
		if err := w.Packet(id, p); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row{i.LinkType, i.Name, p.Time, string(p.Data), max(p.Length, len(p.Data)), p.Dir, p.Comment})
	}
	red := pcap.Interface{LinkType: pcap.LinkTypeEthernet, SnapLen: 262144, Name: "red:eth0", Description: "the end in red"}
	plain := pcap.Interface{LinkType: pcap.LinkTypeEthernet}
	route := pcap.Interface{LinkType: pcap.LinkTypeNetlink, SnapLen: 65535, Name: "NETLINK_ROUTE"}
	r, p := add(red), add(plain)
	put(r, red, pcap.Packet{Time: start, Data: arp(2), Dir: pcap.Outbound, Comment: "who is it?"})
	put(p, plain, pcap.Packet{Time: start.Add(1), Data: arp(3)[:41], Length: 1500, Dir: pcap.Inbound})
	n := add(route)
	put(n, route, pcap.Packet{Time: start.Add(time.Second), Data: pcap.AppendNetlink(nil, pcap.Outbound, unix.NETLINK_ROUTE, getlink())})
	put(r, red, pcap.Packet{Time: time.Unix(0, 0), Data: arp(4)[:39], Comment: "abcd"})
	put(p, plain, pcap.Packet{Time: time.Date(2262, 1, 1, 0, 0, 0, 999999999, time.UTC)})
	for id, s := range []pcap.Statistics{{start, 2, 0}, {start.Add(time.Minute), 1 << 33, 7}} {
		if err := w.Statistics(id, s); err != nil {
			t.Fatal(err)
		}
	}
	return file.Bytes(), rows
}

// read reads all of a file.
func read(r io.Reader) (rows []row, err error) {
	f, err := pcap.NewReader(r)
	if err != nil {
		return nil, err
	}
	for {
		p, i, err := f.Next()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, row{i.LinkType, i.Name, p.Time, string(p.Data), p.Length, p.Dir, p.Comment})
	}
}

func same(t *testing.T, what string, got, want []row) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		g, w := "none", "none"
		if i < len(got) {
			g = got[i].String()
		}
		if i < len(want) {
			w = want[i].String()
		}
		if g != w {
			t.Errorf("%s: packet %d:\ngot  %s\nwant %s", what, i+1, g, w)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	file, want := sample(t)
	got, err := read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "", got, want)
}

func TestNetlink(t *testing.T) {
	for _, dir := range []pcap.Direction{pcap.Inbound, pcap.Outbound} {
		b := pcap.AppendNetlink([]byte("x"), dir, unix.NETLINK_NETFILTER, []byte("datagram"))
		got, family, datagram, ok := pcap.CutNetlink(b[1:])
		if got != dir || family != unix.NETLINK_NETFILTER || string(datagram) != "datagram" || !ok {
			t.Errorf("%d %d %q %t", got, family, datagram, ok)
		}
	}
	b := pcap.AppendNetlink(nil, pcap.Inbound, 0, nil)
	if _, _, _, ok := pcap.CutNetlink(b[:15]); ok {
		t.Error("15 bytes are ok")
	}
	if _, _, datagram, ok := pcap.CutNetlink(b); !ok || len(datagram) != 0 {
		t.Error("no datagram is not ok")
	}
	b[1] = 7 // PACKET_KERNEL
	if dir, _, _, _ := pcap.CutNetlink(b); dir != pcap.Outbound {
		t.Error("to the kernel is not outbound")
	}
	b[3]++
	if _, _, _, ok := pcap.CutNetlink(b); ok {
		t.Error("another ARPHRD is ok")
	}
}

func TestAllocs(t *testing.T) {
	w, err := pcap.NewWriter(io.Discard, "")
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.Interface(pcap.Interface{Name: "red:eth0"})
	if err != nil {
		t.Fatal(err)
	}
	p := pcap.Packet{Time: start, Data: make([]byte, 1500), Dir: pcap.Inbound, Comment: "comment"}
	if n := testing.AllocsPerRun(1000, func() {
		if err := w.Packet(id, p); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations to write a packet", n)
	}
	var file bytes.Buffer
	if w, err = pcap.NewWriter(&file, ""); err != nil {
		t.Fatal(err)
	}
	if _, err = w.Interface(pcap.Interface{}); err != nil {
		t.Fatal(err)
	}
	p.Comment = ""
	for range 2000 {
		if err := w.Packet(0, p); err != nil {
			t.Fatal(err)
		}
	}
	r, err := pcap.NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations to read a packet", n)
	}
}
