//go:build linux

package nft_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// A datagram of a capture.
type datagram struct {
	sent bool
	data []byte
}

// capture reads a capture: "> … HEX" is sent, "< … HEX" received, "#" a remark. What was recorded
// on a machine of the other byte order is swapped.
func capture(t testing.TB, file string) (all []datagram) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 3 || f[0] == "#" || f[len(f)-1] == "-" || strings.Contains(f[len(f)-1], "=") {
			continue // a remark, or nothing was received
		}
		b, err := hex.DecodeString(f[len(f)-1])
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if strings.Contains(file, "/little/") != (testns.Order() == "little") && !strings.Contains(file, "/386/") {
			nft.Protocol.Swap(b)
		}
		all = append(all, datagram{f[0] == ">", b})
	}
	if len(all) == 0 {
		t.Fatalf("%s: no datagrams", file)
	}
	return all
}

// captures are those that this machine understands: those of 386 have other structs of xtables.
func captures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*/*.hex")
	if err != nil || len(files) < 170 {
		t.Fatalf("only %d captures, %v", len(files), err)
	}
	i := 0
	return slices.DeleteFunc(files, func(file string) bool {
		i++
		of386 := strings.Contains(file, "/386/")
		return of386 != (testns.Layout() == "386") && (of386 || xtables(file)) || !testns.Some(i, 1, testns.Sparse())
	})
}

// xtables reports whether structs of xtables are in a capture. Those that were made by hand are
// not made for 386.
func xtables(file string) bool {
	name := filepath.Base(file)
	return strings.HasPrefix(name, "ip") || strings.HasPrefix(name, "nft-limits.")
}

// recorded is the directory of this machine's captures and golden files.
func recorded(name string) string {
	if xtables(name) {
		return "testdata/" + testns.Layout() + "/"
	}
	return "testdata/" + testns.Order() + "/"
}

// TestExplain names every byte of the captures.
func TestExplain(t *testing.T) {
	for _, file := range captures(t) {
		for i, d := range capture(t, file) {
			var text bytes.Buffer
			if strings.Contains(string(d.data), "NOPE") {
				continue // the capture asks for a target that does not exist
			}
			if !nft.Protocol.Explain(&text, d.data) {
				t.Errorf("%s: datagram %d is not described in full:\n%s", file, i, &text)
			}
		}
	}
}

// TestRequests decodes what the real tools sent and encodes it again, to the
// same bytes.
func TestRequests(t *testing.T) {
	used := make(map[string]bool)
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
				if err == nil && reordered[name] && sameAttrs(t, got, body) {
					continue
				}
				if key := filepath.Base(file) + " " + name; err == nil && exceptions[key] != "" && !equal(m, got, body) {
					used[key] = true
				} else if err != nil || !equal(m, got, body) {
					t.Errorf("%s: %s: %v\ngot\n%s\nwant\n%s", file, name, err, explain(m, got), explain(m, body))
				}
			}
		}
	}
	for key, why := range exceptions {
		if !used[key] && testns.Sparse() == 1 {
			t.Errorf("%s is no longer an exception: %s", key, why)
		}
	}
}

// Requests of which the tools write the outermost attributes in different
// orders: nft 1.0.6 puts a new chain together itself (iptables has libnftnl do
// it), and it names the set before the table when it lists elements, but the
// table first when it adds them.
var reordered = map[string]bool{"NFT_MSG_NEWCHAIN": true, "NFT_MSG_GETSETELEM": true}

// Requests that we do not want to send as they were sent.
var exceptions = map[string]string{
	"nft-batch-semantics.hex NFT_MSG_NEWRULE":   "made by hand: a payload without a length, to see it refused",
	"nft-named-counter-ref.hex NFT_MSG_NEWRULE": "libnftnl does not end NFTA_OBJREF_IMM_NAME with a NUL, the kernel takes both",
}

// sameAttrs reports whether a and b differ in the order of attributes alone.
func sameAttrs(t *testing.T, a, b []byte) bool {
	return slices.Equal(attrs(t, a), attrs(t, b))
}

// attrs is the outermost attributes of a message body, in the order of their bytes.
func attrs(t *testing.T, body []byte) (all []string) {
	t.Helper()
	for body = body[4:]; len(body) > 0; {
		n := int(binary.NativeEndian.Uint16(body))
		if n < 4 || n > len(body) {
			t.Fatalf("bad attribute % x", body)
		}
		all = append(all, string(body[:n]))
		body = body[min((n+3)&^3, len(body)):]
	}
	slices.Sort(all)
	return all
}

// equal compares all bytes but those between attributes, which libmnl does not
// clear.
func equal(m nl.Message, a, b []byte) bool {
	return len(a) == len(b) && unpadded(explain(m, a)) == unpadded(explain(m, b))
}

func unpadded(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, " (padding)\n") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func explain(m nl.Message, body []byte) string {
	var b strings.Builder
	nl.ExplainBody(&b, nl.Describe(m), body)
	return b.String()
}

// TestOrdersAgree compares what the same commands send on machines of both byte orders: once
// the integers of one are turned, they are the same.
func TestOrdersAgree(t *testing.T) {
	differ := map[string]string{
		"ipt-filter-misc.hex": "in little it is the first of its table, and makes that",
	}
	files, err := filepath.Glob("testdata/little/*.hex")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for i, file := range files {
		name := filepath.Base(file)
		if testns.Layout() == "386" && xtables(file) || !testns.Some(i, 1, testns.Sparse()) {
			continue
		}
		var batches [2]string
		for i, order := range []string{"little", "big"} {
			for _, d := range capture(t, "testdata/"+order+"/"+name) {
				if h, _, _, _ := nl.Next(d.data); d.sent && h.Type == unix.NFNL_MSG_BATCH_BEGIN {
					batches[i] += words(d.data)
					compared++
				}
			}
		}
		if got, want := batches[1], batches[0]; (got != want) != (differ[name] != "") {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	if compared < 60/testns.Sparse() {
		t.Errorf("only %d batches", compared)
	}
}

// words are the items of a batch without what the kernel or the tool has numbered, and without
// the order of bytes where that is the machine's and not for us to know: in the numbers of nft's
// notes to itself, and in values that the rule compares with.
func words(batch []byte) string {
	var b strings.Builder
	for rest := batch; len(rest) > 0; {
		h, _, next, ok := nl.Next(rest)
		b.WriteString(nft.Protocol.TypeName(h.Type) + "\n")
		nft.Protocol.Walk(rest, func(i *nl.Item) {
			switch name := i.Name; {
			case i.Offset < 16, name == "(padding)":
				return
			case name == "NFTA_SET_USERDATA", name == "NFTA_DATA_VALUE":
				digits := []byte(i.Value)
				slices.Sort(digits)
				i.Value = string(digits)
			case strings.HasSuffix(name, "_ID"), strings.HasSuffix(name, "_HANDLE"), name == "NFNL_BATCH_GENID":
				i.Value = "N"
			}
			b.WriteString(strings.Repeat("  ", i.Depth) + i.Text() + "\n")
		})
		if !ok {
			break
		}
		rest = next
	}
	return b.String()
}
