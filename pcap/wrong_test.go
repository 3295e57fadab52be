//go:build linux

package pcap_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/pcap"
)

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
