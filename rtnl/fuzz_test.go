//go:build linux

package rtnl

import (
	"bytes"
	"io"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

// FuzzMessages checks for every message that Explain never panics, and that
// what Decode accepts, Encode keeps: a second decoding and encoding gives the
// same bytes.
func FuzzMessages(f *testing.F) {
	for i, b := range bodies(f) {
		if testns.Some(i, 1, 10) { // the golden tests have them all
			f.Add(b.typ, b.data)
		}
	}
	sets := make(map[uint16]*nl.Set) // to describe a Link takes a millisecond
	for typ := range uint16(128) {
		if _, m := Protocol.Type(typ); m != nil {
			sets[typ] = nl.Describe(m)
		}
	}
	f.Fuzz(func(t *testing.T, typ uint16, data []byte) {
		_, m := Protocol.Type(typ)
		if m == nil {
			return
		}
		nl.ExplainBody(io.Discard, sets[typ], data)
		nl.Path(sets[typ], data, len(data)/2)
		var c nl.Coder
		if c.Decode(data, m) != nil {
			return
		}
		first, err := c.Append(nil, m)
		if err != nil {
			return // an attribute grew beyond 64 KiB
		}
		_, again := Protocol.Type(typ)
		if err := c.Decode(first, again); err != nil {
			t.Fatalf("what was encoded does not decode: %v\n%x", err, first)
		}
		second, err := c.Append(nil, again)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Fatalf("not the same twice:\n%x\n%x", first, second)
		}
	})
}
