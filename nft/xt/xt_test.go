//go:build linux

package xt

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/minins/minins/nl"
)

// TestSizes: each struct has the length that its entry in the tables says, and
// is found by it, padded or not.
func TestSizes(t *testing.T) {
	for k, table := range map[Kind][]extension{TargetKind: targets[:], MatchKind: matches[:]} {
		for _, x := range table {
			i := x.empty()
			if id := fmt.Sprintf("%s/%d", i.Name(), i.Rev()); !strings.HasPrefix(x.variant, id) {
				t.Errorf("%s is %s", x.variant, id)
			}
			b, err := new(nl.Coder).Append(nil, i)
			if err != nil || len(b) < x.size || len(b) > pad8(x.size) || len(b)%4 != 0 {
				t.Errorf("%s: %d bytes, %v; its size is %d", x.variant, len(b), err, x.size)
			}
			described := 0
			for _, m := range nl.Describe(i).Members {
				described += m.Size
			}
			if described != len(b) {
				t.Errorf("%s: %d bytes are described, %d encoded", x.variant, described, len(b))
			}
			for _, n := range []int{x.size, len(b)} {
				if got := New(k, i.Name(), i.Rev(), n); reflect.TypeOf(got) != reflect.TypeOf(i) {
					t.Errorf("%s of %d bytes is a %T, want %T", x.variant, n, got, i)
				}
			}
			for _, n := range []int{0, x.size - 1, pad8(x.size) + 1} {
				if got, ok := New(k, i.Name(), i.Rev()+100, n).(*Raw); !ok || len(got.Data) != n {
					t.Errorf("%s of an unknown revision and %d bytes is a %T", x.variant, n, got)
				}
			}
		}
	}
}

// TestRoundTrip fills each struct with bytes that all differ, decodes them and
// encodes them again.
func TestRoundTrip(t *testing.T) {
	for _, table := range [][]extension{targets[:], matches[:]} {
		for _, x := range table {
			i := x.empty()
			var want []byte
			n := byte(1)
			for _, m := range nl.Describe(i).Members {
				for j := range m.Size {
					switch {
					case m.Name == "(pad)":
						want = append(want, 0)
					case m.Name == "rangesize":
						want = append(want, one()[j])
					default:
						want = append(want, n)
						n = n%254 + 1
					}
				}
			}
			var c nl.Coder
			if err := c.Decode(want, i); err != nil {
				t.Errorf("%s: %v", x.variant, err)
				continue
			}
			if got, err := c.Append(nil, i); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %v\ngot  %x\nwant %x", x.variant, err, got, want)
			}
		}
	}
}

// one is a 32-bit 1 in host order.
func one() []byte {
	b, err := new(nl.Coder).Append(nil, &SetMark{Mark: 1})
	if err != nil {
		panic(err)
	}
	return b
}

func TestInet(t *testing.T) {
	for _, s := range []string{"192.168.15.2", "2001:db8::1"} {
		a := netip.MustParseAddr(s)
		i := InetFrom(a)
		got := i.IPv6()
		if a.Is4() {
			got = i.IPv4()
		}
		if got != a {
			t.Errorf("got %v, want %v", got, a)
		}
	}
	if InetFrom(netip.Addr{}) != (Inet{}) {
		t.Error("no address is not all zeros")
	}
}

func TestNewComment(t *testing.T) {
	m, err := NewComment("minins:lab")
	if err != nil || m.String() != "minins:lab" {
		t.Errorf("%v, %v", m, err)
	}
	if _, err := NewComment(strings.Repeat("c", 255)); err != nil {
		t.Error(err)
	}
	if _, err := NewComment(strings.Repeat("c", 256)); err == nil {
		t.Error("a comment of 256 bytes is accepted")
	}
}
