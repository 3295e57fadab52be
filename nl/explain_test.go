//go:build linux

package nl_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

var things = &nl.Protocol{Name: "NETLINK_THINGS", Type: types}

func TestExplain(t *testing.T) {
	m := &thing{M16: 2, U8: 1, U32: 2, BE16: 80, Name: "veth-blue", IP: netip.MustParseAddr("10.0.0.1"),
		Kind: "apple", Apple: apple{7}, Flag: true, Hops: []hop{{Weight: 1, Via: netip.MustParseAddr("10.0.0.2")}}}
	b, err := nl.Reply(nl.Header{Seq: 5}, 100, unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_EXCL, m)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if !things.Explain(&got, b) {
		t.Error("Explain says that something has no name")
	}
	file := "testdata/" + testns.Order() + "/explain.golden"
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\n%s has\n%s", got.String(), file, want)
	}
}

// TestSwap turns the same message of a machine of the other byte order.
func TestSwap(t *testing.T) {
	other := map[string]string{"little": "big", "big": "little"}[testns.Order()]
	text, err := os.ReadFile("testdata/" + other + "/explain.golden")
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for line := range strings.Lines(string(text)) {
		for word := range strings.FieldsSeq(line[6:min(30, len(line))]) {
			n, err := strconv.ParseUint(word, 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, byte(n))
		}
	}
	things.Swap(b)
	var got strings.Builder
	things.Explain(&got, b)
	want, err := os.ReadFile("testdata/" + testns.Order() + "/explain.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	// What is cut off, or wrong, is no reason to go beyond its end.
	for n := range b {
		things.Swap(bytes.Clone(b[:n]))
	}
}

// What has no description is shown all the same, and said to be unknown.
func TestExplainUnknown(t *testing.T) {
	header := func(typ uint16, m nl.Message) []byte {
		b, err := nl.Reply(nl.Header{}, typ, 0, m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, tt := range map[string]struct {
		b    []byte
		want string
	}{
		"attribute":     {header(100, &thing{Unknown: attribute(8, 77, 1, 2, 3, 4)}), "attribute 77 = 01020304, not described"},
		"message type":  {header(333, &thing{}), "NETLINK_THINGS type 0x14d"},
		"union's case":  {header(100, plum{}), `the data of "plum", which is not described`},
		"half message":  {header(100, &thing{})[:20], "not a whole message"},
		"trailing":      {header(100, &thing{Unknown: []byte{2, 0}}), "trailing bytes"},
		"integer sizes": {header(100, wide{}), fmt.Sprintf("T_U8 = %x, 4 bytes, not 1", binary.NativeEndian.AppendUint32(nil, 1))},
	} {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			named := things.Explain(&got, tt.b)
			if !strings.Contains(got.String(), tt.want) {
				t.Errorf("got\n%s\nwant a line with %s", got.String(), tt.want)
			}
			if named != (name == "integer sizes") {
				t.Errorf("named = %v", named)
			}
		})
	}
}

// plum is a thing of a kind that thing does not describe.
type plum struct{}

func (plum) Fields(c *nl.Coder) {
	c.Skip("", 24)
	if c.Nest(tInfo, "") {
		kind, data := "plum", []byte{1, 2, 3, 4}
		nl.Str(c, 1, "", &kind)
		nl.Bytes(c, 2, "", &data)
		c.End()
	}
}

// wide has an attribute of another size than thing.
type wide struct{}

func (wide) Fields(c *nl.Coder) {
	c.Skip("", 24)
	n := uint32(1)
	nl.U32(c, tU8, "", &n)
}

func TestPath(t *testing.T) {
	m := &thing{Name: "x", Kind: "pear", Pear: &pear{Inner: &thing{Name: "blue"}}}
	b := encode(t, m)
	set := nl.Describe(&thing{})
	for _, tt := range []struct {
		off  int
		want []string
	}{
		{2, []string{"m16"}},
		{24, []string{"T_NAME"}},
		{32, []string{"T_INFO"}},
		{36, []string{"T_INFO", "INFO_KIND"}},
		{bytes.Index(b, []byte("blue")), []string{"T_INFO", "INFO_DATA", "PEAR_INNER", "T_NAME"}},
		{len(b), nil},
	} {
		if got := nl.Path(set, b, tt.off); !slices.Equal(got, tt.want) {
			t.Errorf("offset %d: %q, want %q", tt.off, got, tt.want)
		}
	}
}

func TestFlagNames(t *testing.T) {
	names := []nl.FlagName{{Bits: 1, Name: "ONE"}, {Bits: 2, Name: "TWO"}}
	for bits, want := range map[uint32]string{0: "0", 3: "ONE|TWO", 2: "TWO", 9: "ONE|0x8", 8: "0x8"} {
		if got := nl.FlagNames(bits, names); got != want {
			t.Errorf("%d: %s, want %s", bits, got, want)
		}
	}
}

func TestWalk(t *testing.T) {
	var got []string
	nl.Describe(&thing{}).Walk(func(path []string, a nl.Attr) { got = append(got, strings.Join(path, " > ")) })
	for _, want := range []string{"T_U8", "T_INFO > INFO_DATA > APPLE_SWEET", "T_LIST > LIST_ELEM > ELEM_N", "T_HOPS > HOP_VIA", "T_INFO > INFO_DATA > PEAR_INNER > T_NAME"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not described", want)
		}
	}
}
