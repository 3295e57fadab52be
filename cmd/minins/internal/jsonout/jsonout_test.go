//go:build linux

package jsonout

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestJSONQuote checks that whatever a name holds, the JSON is valid.
func TestJSONQuote(t *testing.T) {
	for _, s := range []string{"", "'", `"\`, "\x00\x1f\n\t\r\f\b", "\xff", "é", "\u2028"} {
		var buf bytes.Buffer
		j := &Writer{Out: bufio.NewWriter(&buf)}
		j.String("", s)
		j.Out.Flush()
		var back string
		if err := json.Unmarshal(buf.Bytes(), &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") {
			t.Errorf("%q: %s, %q, %v", s, buf.Bytes(), back, err)
		}
	}
}
