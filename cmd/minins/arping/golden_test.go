//go:build linux

package arping

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// The packets of a real exchange decode, and encode again to the same bytes.
func TestGolden(t *testing.T) {
	file, err := os.Open("testdata/arp-packets.hex")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	title, n := "", 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		kind, rest, _ := strings.Cut(lines.Text(), " ")
		if kind == "#" {
			title = rest
		}
		if kind == "#" || rest == "-" {
			continue
		}
		packet, err := hex.DecodeString(rest)
		if err != nil {
			t.Fatal(err)
		}
		// The capture has no Ethernet header: it is one from the sender to all.
		want := append(broadcast(), packet[8:14]...)
		want = append(append(want, 0x08, 0x06), packet...)
		f, ok := parseFrame(want)
		if !ok {
			t.Errorf("%s: %s is not taken", title, rest)
			continue
		}
		if got, err := f.pack(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, %v, want %x", title, got, err, want)
		}
		n++
	}
	if n != 6 {
		t.Errorf("%d packets, want 6", n)
	}
}
