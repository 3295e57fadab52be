//go:build linux

package nl_test

import (
	"bytes"
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
	if nativeIsBig() {
		return // the bytes below are little-endian
	}
	want := []byte{28, 0, 7, 0x80, 12, 0, 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 12, 0, 1, 0, 3, 0, 0, 0, 4, 0, 0, 0}
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
	odd := []byte{28, 0, 7, 0x80, 8, 0, 1, 0, 1, 0, 0, 0, 16, 0, 1, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0}
	if err := c.Decode(odd, &out); err != nil || !reflect.DeepEqual(out.list, [][2]uint32{{1, 0}, {3, 4}}) {
		t.Errorf("got %v, %v", out, err)
	}
	if set := nl.Describe(&pairs{}); len(set.Attrs[7].Set.Attrs[1].Set.Members) != 2 {
		t.Errorf("the description is %+v", set.Attrs[7].Set)
	}
}
