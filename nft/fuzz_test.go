//go:build linux

package nft_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// FuzzMessages checks for every message that Explain never panics, and that
// what Decode accepts, Encode keeps: a second decoding and encoding gives the
// same bytes.
func FuzzMessages(f *testing.F) {
	for i, file := range captures(f) {
		if !testns.Some(i, 1, 10) {
			continue // the golden tests have them all
		}
		for _, d := range capture(f, file) {
			for rest := d.data; len(rest) > 0; {
				h, body, next, ok := nl.Next(rest)
				if !ok {
					break
				}
				f.Add(h.Type, body)
				rest = next
			}
		}
	}
	f.Fuzz(func(t *testing.T, typ uint16, body []byte) {
		_, m := nft.Protocol.Type(typ)
		if m == nil {
			return
		}
		nl.ExplainBody(io.Discard, nl.Describe(m), body)
		nl.Path(nl.Describe(m), body, len(body)/2)
		var c nl.Coder
		if c.Decode(body, m) != nil {
			return
		}
		first, err := c.Append(nil, m)
		if err != nil {
			return // an attribute grew beyond 64 KiB
		}
		_, again := nft.Protocol.Type(typ)
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
