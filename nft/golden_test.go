//go:build linux

package nft_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// A datagram of a capture in testdata/golden.
type datagram struct {
	sent bool
	data []byte
}

// capture reads a capture: "> … HEX" is sent, "< … HEX" received, "#" a remark.
func capture(t testing.TB, file string) (all []datagram) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" || f[len(f)-1] == "-" {
			continue
		}
		b, err := hex.DecodeString(f[len(f)-1])
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, datagram{f[0] == ">", b})
	}
	if len(all) == 0 {
		t.Fatalf("%s: no datagrams", file)
	}
	return all
}

func captures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/golden/*.hex")
	if err != nil || len(files) < 60 {
		t.Fatalf("only %d captures, %v", len(files), err)
	}
	return files
}

// TestExplain names every byte of the captures.
func TestExplain(t *testing.T) {
	for _, file := range captures(t) {
		for i, d := range capture(t, file) {
			var text bytes.Buffer
			if !nft.Protocol.Explain(&text, d.data) {
				t.Errorf("%s: datagram %d is not described in full:\n%s", file, i, &text)
			}
		}
	}
}

// TestRequests decodes what the real tools sent and encodes it again, to the
// same bytes.
func TestRequests(t *testing.T) {
	for _, file := range captures(t) {
		for i, d := range capture(t, file) {
			if !d.sent {
				continue
			}
			for rest := d.data; len(rest) > 0; {
				h, body, next, ok := nl.Next(rest)
				if !ok {
					t.Fatalf("%s: datagram %d: %d odd bytes", file, i, len(rest))
				}
				rest = next
				name, m := nft.Protocol.Type(h.Type)
				if m == nil {
					t.Errorf("%s: %s has no type", file, name)
					continue
				}
				if err := new(nl.Coder).Decode(body, m); err != nil {
					t.Errorf("%s: %s: %v", file, name, err)
					continue
				}
				got, err := new(nl.Coder).Append(nil, m)
				if err != nil || !bytes.Equal(got, body) {
					t.Errorf("%s: %s: %v\ngot  %x\nwant %x\n%s", file, name, err, got, body, explain(m, got, body))
				}
			}
		}
	}
}

func explain(m nl.Message, got, want []byte) string {
	var b bytes.Buffer
	b.WriteString("got\n")
	nl.ExplainBody(&b, nl.Describe(m), got)
	b.WriteString("want\n")
	nl.ExplainBody(&b, nl.Describe(m), want)
	return b.String()
}
