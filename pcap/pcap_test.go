//go:build linux

package pcap_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
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

// tool runs a program of Wireshark, which must have nothing to say beside its output.
func tool(t *testing.T, args ...string) string {
	t.Helper()
	r := testns.Cmd{Args: args, Env: []string{"TZ=UTC"}}.Run(t)
	for line := range strings.Lines(r.Stderr) {
		if !strings.HasPrefix(line, "Running as user") {
			t.Errorf("%s: %s", strings.Join(args, " "), line)
		}
	}
	return r.Must(t)
}

func save(t *testing.T, file []byte) string {
	t.Helper()
	name := t.TempDir() + "/file"
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestTshark has others read what we write.
func TestTshark(t *testing.T) {
	file, rows := sample(t)
	name := save(t, file)
	want := ""
	for i, r := range rows {
		iface, description := r.name, ""
		switch {
		case r.name == "red:eth0":
			description = "the end in red"
		case r.name == "":
			iface = "unknown"
		}
		dir := []string{"", "0x00000001", "0x00000002"}[r.dir]
		want += fmt.Sprintf("%d|%d.%09d|%s|%s|%d|%d|%s|%s\n", i+1, r.time.Unix(), r.time.Nanosecond(), iface, description,
			r.length, len(r.data), dir, r.comment)
	}
	got := tool(t, "tshark", "-r", name, "-T", "fields", "-E", "separator=|", "-e", "frame.number", "-e", "frame.time_epoch",
		"-e", "frame.interface_name", "-e", "frame.interface_description", "-e", "frame.len", "-e", "frame.cap_len",
		"-e", "frame.packet_flags_direction", "-e", "frame.comment")
	if got != want {
		t.Errorf("tshark:\n%s", testns.Diff(want, got))
	}
	if got, want := tool(t, "tshark", "-r", name, "-Y", "netlink", "-T", "fields", "-E", "separator=|", "-e", "frame.protocols",
		"-e", "netlink.hatype", "-e", "netlink.family", "-e", "netlink-route.nltype"),
		"netlink:netlink-route|824|0x0000|18\n"; got != want {
		t.Errorf("netlink: got %q, want %q", got, want)
	}
	if got := tool(t, "tshark", "-r", name, "-Y", "frame.number == 3 && _ws.expert"); got != "" {
		t.Errorf("tshark objects to\n%s", got)
	}
	info := tool(t, "capinfos", name)
	for _, want := range []string{"Capture application: minins test", "Number of interfaces in file: 3", "Number of packets:   5",
		"Name = red:eth0", "Description = the end in red", "Time precision = nanoseconds (9)", "Number of stat entries = 1", "Strict time order:   False"} {
		if !strings.Contains(info, want) {
			t.Errorf("capinfos has no %q:\n%s", want, info)
		}
	}
	if got := tool(t, "capinfos", "-c", "-M", "-T", "-r", name); !strings.HasSuffix(got, "\t5\n") {
		t.Errorf("capinfos -c: %q", got)
	}
}

// TestTools reads what others write of our file: pcapng of another maker, and pcap
// of micro- and of nanoseconds, which has neither names nor comments.
func TestTools(t *testing.T) {
	file, rows := sample(t)
	name := save(t, file)
	out := t.TempDir() + "/out"
	for _, format := range []struct {
		args  []string
		unit  time.Duration // of its times
		names bool
	}{
		{[]string{"editcap", "-F", "pcapng", name, out}, 1, true},
		{[]string{"tshark", "-F", "pcapng", "-r", name, "-w", out}, 1, true},
		{[]string{"editcap", "-F", "nsecpcap", name, out, "3", "5"}, 1, false},
		{[]string{"editcap", "-F", "pcap", name, out, "3", "5"}, time.Microsecond, false},
		{[]string{"tshark", "-F", "pcap", "-r", name, "-Y", "arp and frame.number != 5", "-w", out}, time.Microsecond, false},
	} {
		tool(t, format.args...)
		var want []row
		for i, r := range rows {
			if !format.names {
				if i == 2 || i == 4 { // pcap has one type of link, and times until 2106
					continue
				}
				r = row{link: r.link, time: r.time.Truncate(format.unit), data: r.data, length: r.length}
			}
			want = append(want, r)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(bytes.NewReader(b))
		if err != nil {
			t.Errorf("%q: %v", format.args, err)
		}
		same(t, strings.Join(format.args, " "), got, want)
	}
}

// build makes a file of numbers in a byte order: of bytes, uint16 and uint32.
func build(order binary.AppendByteOrder, parts ...any) []byte {
	var b []byte
	for _, part := range parts {
		switch v := part.(type) {
		case string:
			b = append(b, v...)
		case uint16:
			b = order.AppendUint16(b, v)
		case uint32:
			b = order.AppendUint32(b, v)
		case int:
			b = order.AppendUint32(b, uint32(v))
		}
	}
	return b
}

// TestForms reads what none of the tools here writes, in both byte orders.
func TestForms(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		section := build(order, 0x0a0d0d0a, 28, 0x1a2b3c4d, uint16(1), uint16(0), -1, -1, 28)
		for _, form := range []struct {
			name string
			file []byte
			want []row
		}{
			{"pcap", build(order, uint32(0xa1b2c3d4), uint16(2), uint16(4), 0, 0, 65535, 0x50000001, 5, 999999, 2, 60, "ab"),
				[]row{{link: 1, time: time.Unix(5, 999999000), data: "ab", length: 60}}},
			{"pcap of nanoseconds", build(order, uint32(0xa1b23c4d), uint16(2), uint16(4), 0, 0, 65535, 253, uint32(1<<32-1), 999999999, 1, 1, "a"),
				[]row{{link: 253, time: time.Unix(1<<32-1, 999999999), data: "a", length: 1}}},
			{"pcap of nothing", build(order, uint32(0xa1b23c4d), uint16(2), uint16(4), 0, 0, 65535, 253), nil},
			{"simple packets", append(section, build(order,
				1, 20, uint16(1), uint16(0), 3, 20,
				3, 20, 5, "abc\x00", 20,
				77, 16, "skip", 16,
				3, 20, 2, "ab\x00\x00", 20)...),
				[]row{{link: 1, data: "abc", length: 5}, {link: 1, data: "ab", length: 2}}},
			{"old packets, 2^-3 s and an offset", append(section, build(order,
				1, 20, uint16(1), uint16(0), 0, 20,
				1, 40, uint16(101), uint16(0), 0, uint16(9), uint16(1), "\x83\x00\x00\x00", uint16(14), uint16(8), fix(order, 1000), 40,
				2, 36, uint16(1), uint16(7), 0, 9, 3, 3, "abc\x00", 36)...),
				[]row{{link: 101, time: time.Unix(1001, 125e6), data: "abc", length: 3}}},
			{"two sections", append(append(section, build(order, 1, 20, uint16(1), uint16(0), 0, 20)...),
				append(build(order, 0x0a0d0d0a, 32, 0x1a2b3c4d, uint16(1), uint16(2), 0, 4, 0, 32),
					build(order, 1, 20, uint16(253), uint16(0), 0, 20, 6, 32, 0, 0, 1, 0, 0, 32)...)...),
				[]row{{link: 253, time: time.Unix(0, 1000)}}},
		} {
			got, err := read(bytes.NewReader(form.file))
			if err != nil {
				t.Errorf("%s, %s: %v", form.name, order, err)
			}
			for i := range form.want {
				if form.name == "simple packets" {
					got[i].time = form.want[i].time
				}
			}
			same(t, form.name, got, form.want)
		}
	}
}

// fix is 8 bytes in a byte order.
func fix(order binary.AppendByteOrder, n uint64) string { return string(order.AppendUint64(nil, n)) }

// TestWrong has files that are none, and that end too early.
func TestWrong(t *testing.T) {
	le := binary.LittleEndian
	section := string(build(le, 0x0a0d0d0a, 28, 0x1a2b3c4d, uint16(1), uint16(0), -1, -1, 28))
	device := string(build(le, 1, 20, uint16(1), uint16(0), 0, 20))
	for _, wrong := range []struct{ file, want string }{
		{"", "the file ends within what begins at byte 0: unexpected EOF"},
		{"abc", "the file ends within what begins at byte 0: unexpected EOF"},
		{"GET / HTTP/1.0\r\n", "neither pcapng nor pcap: the file begins with 0x47455420"},
		{string(build(le, uint32(0xa1b2c3d4), uint16(3), uint16(4), 0, 0, 0, 0)), "at byte 0: version 3 of pcap; expected 2"},
		{string(build(le, uint32(0xa1b2c3d4), uint16(2), uint16(4))), "the file ends within what begins at byte 0: unexpected EOF"},
		{string(build(le, uint32(0xa1b2c3d4), uint16(2), uint16(4), 0, 0, 0, 1, 0, 0, 1<<24+1, 1)), "at byte 24: a packet of 16777217 bytes; expected at most 16777216"},
		{string(build(le, uint32(0xa1b2c3d4), uint16(2), uint16(4), 0, 0, 0, 1, 0, 0, 1<<24, 1)), "the file ends within what begins at byte 24: unexpected EOF"},
		{string(build(le, uint32(0xa1b2c3d4), uint16(2), uint16(4), 0, 0, 0, 1, 0)), "the file ends within what begins at byte 24: unexpected EOF"},
		{string(build(le, 0x0a0d0d0a, 28, 0x1a2b3c4e, 0)), "at byte 0: a section without its byte order: 0x4e3c2b1a; expected 0x1a2b3c4d"},
		{string(build(le, 0x0a0d0d0a, 28, 0x1a2b3c4d, 2)), "at byte 0: version 2 of pcapng; expected 1"},
		{string(build(le, 0x0a0d0d0a, 24, 0x1a2b3c4d, 1)), "at byte 0: a section header of 24 bytes; expected at least 28"},
		{section + "\x01", "the file ends within what begins at byte 28: unexpected EOF"},
		{section + string(build(le, 77, uint32(1<<32-4))), "the file ends within what begins at byte 28: unexpected EOF"},
		{section + string(build(le, 1, 8)), "at byte 28: a block of 8 bytes; expected a multiple of 4, from 12 to 16777216"},
		{section + string(build(le, 1, 18)), "at byte 28: a block of 18 bytes; expected a multiple of 4, from 12 to 16777216"},
		{section + string(build(le, 6, 1<<24+4)), "at byte 28: a block of 16777220 bytes; expected a multiple of 4, from 12 to 16777216"},
		{section + string(build(le, 1, 12, 12)), "at byte 28: an interface of 0 bytes; expected at least 8"},
		{section + string(build(le, 1, 20, 1, 0, 24)), "at byte 28: a block of 20 bytes that ends with 24 as its length"},
		{section + string(build(le, 1, 28, 1, 0, uint16(9), uint16(1), "\x14\x00\x00\x00", 28)), "at byte 28: times in units of if_tsresol 20, which are too small"},
		{section + string(build(le, 1, 28, 1, 0, uint16(9), uint16(1), "\xc0\x00\x00\x00", 28)), "at byte 28: times in units of if_tsresol 192, which are too small"},
		{section + device + string(build(le, 6, 32, 1, 0, 0, 0, 0, 32)), "at byte 48: a packet (block type 6, 32 bytes) that is too short, or of an interface that there is not"},
		{section + device + string(build(le, 6, 32, 0, 0, 0, 1, 0, 32)), "at byte 48: a packet (block type 6, 32 bytes) that is too short, or of an interface that there is not"},
		{section + device + string(build(le, 3, 12, 12)), "at byte 48: a packet (block type 3, 12 bytes) that is too short, or of an interface that there is not"},
	} {
		rows, err := read(strings.NewReader(wrong.file))
		if err == nil || err.Error() != wrong.want || len(rows) > 0 {
			t.Errorf("%q: %v, %d rows, want %s", wrong.file, err, len(rows), wrong.want)
		}
		if early := strings.HasSuffix(wrong.want, "EOF"); errors.Is(err, io.ErrUnexpectedEOF) != early {
			t.Errorf("%q: %v", wrong.file, err)
		}
	}
}

// TestCut ends a file at each of its bytes: what is whole is read.
func TestCut(t *testing.T) {
	file, rows := sample(t)
	whole := 0
	for n := range file {
		got, err := read(bytes.NewReader(file[:n]))
		if len(got) < whole || len(got) > whole+1 {
			t.Fatalf("%d bytes have %d packets, those before had %d", n, len(got), whole)
		}
		whole = len(got)
		same(t, fmt.Sprint(n, " bytes"), got, rows[:whole])
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}

// TestRefused writes what a file cannot have, and nothing gets into it.
func TestRefused(t *testing.T) {
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Packet(0, pcap.Packet{Time: start}); err == nil || err.Error() != "there is no interface 0 in this file of packets, which has 0" {
		t.Error(err)
	}
	if _, err := w.Interface(pcap.Interface{Name: strings.Repeat("a", 65536)}); err == nil ||
		err.Error() != "a text of 65536 bytes is too long for a file of packets, which takes 65535" {
		t.Error(err)
	}
	if _, err := w.Interface(pcap.Interface{Name: strings.Repeat("a", 65535)}); err != nil {
		t.Error(err)
	}
	before := file.Len()
	for _, p := range []pcap.Packet{{}, {Time: start.AddDate(-100, 0, 0)}, {Time: start.AddDate(300, 0, 0)}} {
		want := fmt.Sprintf("a packet of second %d", p.Time.Unix()) + ": a file of packets has the years 1970 to 2262"
		if err := w.Packet(0, p); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := w.Statistics(-1, pcap.Statistics{Time: start}); err == nil {
		t.Error("statistics of interface -1")
	}
	if file.Len() != before {
		t.Error("what was refused is in the file")
	}
	if err := w.Packet(0, pcap.Packet{Time: start}); err != nil {
		t.Error(err)
	}
	if rows, err := read(&file); err != nil || len(rows) != 1 {
		t.Errorf("%d packets, %v", len(rows), err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestWriteFails(t *testing.T) {
	if _, err := pcap.NewWriter(failing{unix.ENOSPC}, ""); err != unix.ENOSPC {
		t.Error(err)
	}
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

// FuzzReader reads anything: nothing panics, each packet is within what it says,
// and what was read can be written and is the same when it is read again.
func FuzzReader(f *testing.F) {
	file, _ := sample(f)
	f.Add(file)
	f.Add(build(binary.BigEndian, uint32(0xa1b2c3d4), uint16(2), uint16(4), 0, 0, 65535, 1, 5, 999999, 2, 60, "ab"))
	f.Add(build(binary.BigEndian, 0x0a0d0d0a, 28, 0x1a2b3c4d, uint16(1), uint16(0), -1, -1, 28,
		1, 20, uint16(1), uint16(0), 3, 20, 3, 20, 5, "abc\x00", 20))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := read(bytes.NewReader(b))
		if err == nil && len(b) < 24 {
			t.Errorf("%d bytes are a file", len(b))
		}
		var again bytes.Buffer
		w, err := pcap.NewWriter(&again, "")
		if err != nil {
			t.Fatal(err)
		}
		var want []row
		for _, r := range rows {
			id, err := w.Interface(pcap.Interface{LinkType: r.link, Name: r.name})
			if err != nil {
				t.Fatal(err)
			}
			p := pcap.Packet{Time: r.time, Data: []byte(r.data), Length: r.length, Dir: r.dir, Comment: r.comment}
			if w.Packet(id, p) == nil { // the time may be one that we do not write
				r.length = max(r.length, len(r.data))
				want = append(want, r)
			}
		}
		got, err := read(&again)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "again", got, want)
	})
}
