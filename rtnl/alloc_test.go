//go:build linux

package rtnl

import (
	"net/netip"
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

func TestRequestsAllocateNothing(t *testing.T) {
	c := dial(t, testns.New(t))
	loop := netip.MustParseAddr("127.0.0.9")
	link := &Link{Index: 1, Flags: unix.IFF_UP, Change: unix.IFF_UP}
	addr := &Addr{Family: unix.AF_INET, PrefixLen: 32, Index: 1, Local: loop, Address: loop}
	route := &Route{Family: unix.AF_INET, Dst: netip.PrefixFrom(loop, 32)}
	var reply Route
	ctx := t.Context()
	for name, f := range map[string]func() error{
		"SetLink":     func() error { return c.SetLink(ctx, link) },
		"ReplaceAddr": func() error { return c.ReplaceAddr(ctx, addr) },
		"RTM_GETROUTE": func() error {
			return c.Do(ctx, unix.RTM_GETROUTE, 0, route, &reply)
		},
	} {
		if err := c.SetLink(ctx, link); err != nil {
			t.Fatal(err)
		}
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

// TestStreamingRoutesAllocatesNothingPerRoute dumps a table twice as large and
// expects no more allocations.
func TestStreamingRoutesAllocatesNothingPerRoute(t *testing.T) {
	c := dial(t, testns.New(t))
	if err := c.SetLink(t.Context(), &Link{Index: 1, Flags: unix.IFF_UP, Change: unix.IFF_UP}); err != nil {
		t.Fatal(err)
	}
	count := func() float64 {
		return testing.AllocsPerRun(5, func() {
			for _, err := range c.StreamRoutes(t.Context(), RouteFilter{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN}) {
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	add := func(third byte) {
		for i := range 200 {
			dst := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, third, byte(i)}), 32)
			r := &Route{Family: unix.AF_INET, Dst: dst, Table: unix.RT_TABLE_MAIN, Scope: unix.RT_SCOPE_LINK, Type: unix.RTN_UNICAST, OIF: 1}
			if err := c.AddRoute(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	add(1)
	few := count()
	add(2)
	if many := count(); many > few {
		t.Errorf("%v allocations for 200 routes, %v for 400", few, many)
	}
}

// dial opens a Conn inside ns.
func dial(t testing.TB, ns *testns.NS) *Conn {
	t.Helper()
	c, err := Dial(nl.Config{NetNS: ns.FD()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
