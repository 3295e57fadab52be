//go:build linux

package nl

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"testing"
)

// arrays holds one attribute of each kind that array.go codes.
type arrays struct {
	Alias Opt[string]
	Names []string
	U32   []uint32
	U64   []uint64
}

func (l *arrays) Fields(c *Coder) {
	Start(c, l)
	OptStr(c, 1, "ALIAS", &l.Alias)
	Array(c, 3, "U32", []string{"A", "B"}, &l.U32)
	Array(c, 4, "U64", []string{"C"}, &l.U64)
	if c.Nest(5, "LIST") {
		Strs(c, 2, "NAME", &l.Names)
		c.End()
	}
}

func TestArraysReadBack(t *testing.T) {
	for _, want := range []arrays{
		{},
		{Alias: Some("")},
		{Alias: Some("to the outside"), Names: []string{"a", "", "bc"}, U32: []uint32{1, 2, 3}, U64: []uint64{1 << 40}},
		{U32: []uint32{}, U64: []uint64{0}},
	} {
		var c Coder
		b, err := c.Append(nil, &want)
		if err != nil {
			t.Fatal(err)
		}
		got := arrays{Names: []string{"stale"}}
		if err := c.Decode(b, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("read back %+v, want %+v", got, want)
		}
	}
}

func TestArrayOfOddSize(t *testing.T) {
	var c Coder
	if err := c.Decode([]byte{7, 0, 3, 0, 1, 2, 3, 0}, &arrays{}); err == nil {
		t.Error("an array of 3 bytes was decoded")
	}
}

func TestArrayExplained(t *testing.T) {
	var c Coder
	b, err := c.Append(nil, &arrays{U32: []uint32{7, 8}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if !ExplainBody(&out, Describe(&arrays{}), b) {
		t.Errorf("something is not named:\n%s", out.String())
	}
	for _, want := range []string{"U32, 12 bytes", "A = 7", "B = 8"} {
		if !bytes.Contains(out.Bytes(), []byte(want)) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

// run has members of one type, in its header and in a struct.
type run struct {
	head [2]uint32
	body [3]uint64
}

func (r *run) Fields(c *Coder) {
	Start(c, r)
	MArray(c, []string{"a", "b"}, []*uint32{&r.head[0], &r.head[1]})
	if c.Struct(1, "R_BODY", r.body != [3]uint64{}) {
		MArray(c, []string{"x", "y", "z"}, []*uint64{&r.body[0], &r.body[1], &r.body[2]})
		c.End()
	}
}

func TestMemberArrays(t *testing.T) {
	want := run{head: [2]uint32{1, 1 << 31}, body: [3]uint64{3, 1 << 63, 5}}
	var c Coder
	b, err := c.Append(nil, &want)
	if err != nil || len(b) != 8+4+24 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	var got run
	if err := c.Decode(b, &got); err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	// The struct of an older kernel has fewer members; half a one is none.
	binary.NativeEndian.PutUint16(b[8:], 4+20)
	want.body[2] = 0
	if err := c.Decode(b[:8+4+20], &got); err != nil || got != want {
		t.Errorf("short struct: got %v, %v", got, err)
	}
	if err := c.Decode(b[:7], &got); err == nil {
		t.Errorf("short header: got %v", got)
	}
	set := Describe(&run{})
	if len(set.Members) != 2 || set.Members[1].Name != "b" || len(set.Attrs[1].Set.Members) != 3 || set.Attrs[1].Set.Members[2].Size != 8 {
		t.Errorf("described as %+v", set)
	}
}
