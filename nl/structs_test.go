//go:build linux

package nl_test

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"testing"

	"github.com/minins/minins/nl"
)

type pairs struct{ list [][2]uint32 }

func (p *pairs) Fields(c *nl.Coder) {
	if c.Decoding() {
		p.list = nil
	}
	if c.Nest(7, "PAIRS") {
		nl.Structs(c, 1, "PAIR", len(p.list), func(i int) {
			if !c.Encoding() {
				p.list = append(p.list, [2]uint32{})
			}
			nl.M32(c, "from", &p.list[i][0])
			nl.M32(c, "to", &p.list[i][1])
		})
		c.End()
	}
}

func TestStructs(t *testing.T) {
	attr := func(typ uint16, words ...uint32) []byte {
		b := binary.NativeEndian.AppendUint16(nil, uint16(4+4*len(words)))
		b = binary.NativeEndian.AppendUint16(b, typ)
		for _, w := range words {
			b = binary.NativeEndian.AppendUint32(b, w)
		}
		return b
	}
	nest := func(elems ...[]byte) []byte {
		b := attr(0x8007)
		for _, e := range elems {
			b = append(b, e...)
		}
		binary.NativeEndian.PutUint16(b, uint16(len(b)))
		return b
	}
	want := nest(attr(1, 1, 2), attr(1, 3, 4))
	in := &pairs{[][2]uint32{{1, 2}, {3, 4}}}
	if got := encode(t, in); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	var c nl.Coder
	var out pairs
	if err := c.Decode(want, &out); err != nil || !reflect.DeepEqual(&out, in) {
		t.Errorf("got %v, %v", out, err)
	}
	// A struct of an older kernel is shorter, one of a newer kernel longer.
	odd := nest(attr(1, 1), attr(1, 3, 4, 5))
	if err := c.Decode(odd, &out); err != nil || !reflect.DeepEqual(out.list, [][2]uint32{{1, 0}, {3, 4}}) {
		t.Errorf("got %v, %v", out, err)
	}
	if set := nl.Describe(&pairs{}); len(set.Attrs[7].Set.Attrs[1].Set.Members) != 2 {
		t.Errorf("the description is %+v", set.Attrs[7].Set)
	}
}
