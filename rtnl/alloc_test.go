//go:build linux

package rtnl

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

func TestEncodingAllocatesNothing(t *testing.T) {
	var c nl.Coder
	buf := make([]byte, 0, 4096)
	for _, s := range samples() {
		if n := testing.AllocsPerRun(100, func() {
			if _, err := c.Append(buf, s.msg); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", s.file, n)
		}
	}
}

// TestRequestsAllocateNothing runs verbs in steady state.
func TestRequestsAllocateNothing(t *testing.T) {
	c, _ := dial(t, testns.New(t))
	up := &Link{Index: 1, Flags: unix.IFF_UP, Change: unix.IFF_UP}
	req, reply := &Neigh{Family: unix.AF_INET, Index: 1}, &Neigh{}
	_ = req
	_ = reply
	for name, f := range map[string]func() error{
		"SetLink": func() error { return c.SetLink(t.Context(), up) },
	} {
		if err := f(); err != nil { // buffers grow on first use
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() {
			if err := f(); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// dial opens a Conn inside ns.
func dial(t testing.TB, ns *testns.NS) (*Conn, *testns.NS) {
	t.Helper()
	c, err := Dial(nl.Config{NetNS: ns.FD()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, ns
}
