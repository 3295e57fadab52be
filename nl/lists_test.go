//go:build linux

package nl

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// lists has what nf_tables needs of the coder: names, numbered elements, and
// a union that its length selects.
type lists struct {
	Kind     string
	Rev      uint32
	Names    []string
	Elements []uint32
	Addr     [16]byte
	Use      uint32
	Text     [4]byte
	left     int
}

func (l *lists) Fields(c *Coder) {
	Start(c, l)
	if c.Nest(1, "NAMES") {
		Strs(c, 1, "NAME", &l.Names)
		c.End()
	}
	if c.Nest(2, "ELEMENTS") {
		Elements(c, 0, "ELEMENT", &l.Elements, func(c *Coder, e *uint32) { ReqBE32(c, 1, "VALUE", e) })
		c.End()
	}
	Str(c, 3, "KIND", &l.Kind)
	U32(c, 4, "REV", &l.Rev)
	U32(c, 6, "USE", &l.Use)
	if c.UnionStruct(5, "INFO", "", true) {
		l.left = c.Left()
		if c.Describing() {
			if c.Case("NAT/1") {
				c.Skip("short", 4)
			}
			if c.Case("NAT/1/16") {
				MInet(c, "addr", &l.Addr)
			}
		} else {
			MInet(c, "addr", &l.Addr)
		}
		c.End()
	}
	if c.UnionStruct(7, "DATA", "", true) {
		if !c.Describing() || c.Case("/1") {
			MStr(c, "text", l.Text[:])
		}
		c.End()
	}
}

func TestLists(t *testing.T) {
	in := lists{Kind: "NAT", Rev: 1, Use: 9, Text: [4]byte{'h', 'i'}, Names: []string{"eth0", "eth1"}, Elements: []uint32{7, 8}, Addr: [16]byte{192, 168, 15, 2}}
	b, err := new(Coder).Append(nil, &in)
	if err != nil {
		t.Fatal(err)
	}
	var out lists
	if err := new(Coder).Decode(b, &out); err != nil {
		t.Fatal(err)
	}
	if out.left != 16 {
		t.Errorf("Left = %d, want 16", out.left)
	}
	out.left = 0
	if !reflect.DeepEqual(in, out) {
		t.Errorf("got %+v, want %+v", out, in)
	}
	var text bytes.Buffer
	if !ExplainBody(&text, Describe(&in), b) {
		t.Errorf("not all is named:\n%s", &text)
	}
	for _, want := range []string{
		`NAME = "eth0"`, `NAME = "eth1"`, "VALUE = 7", "VALUE = 8",
		`text = "hi"`, "addr = 192.168.15.2 (or c0a8:f02::)",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
	// The second element is numbered 2.
	var want []byte
	for _, n := range []uint16{12, 2 | unix.NLA_F_NESTED, 8, 1} {
		want = binary.NativeEndian.AppendUint16(want, n)
	}
	if want = append(want, 0, 0, 0, 8); !bytes.Contains(b, want) {
		t.Errorf("no % x in % x", want, b)
	}
}
