//go:build linux

package rtnl

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

// onLo is route i of many on lo.
func onLo(i int) *Route {
	addr := netip.AddrFrom4([4]byte{172, 16 + byte(i>>16), byte(i >> 8), byte(i)})
	return &Route{
		Family: unix.AF_INET, Dst: netip.PrefixFrom(addr, 32), Table: unix.RT_TABLE_MAIN,
		Scope: unix.RT_SCOPE_LINK, Type: unix.RTN_UNICAST, OIF: 1,
	}
}

func upLo(t testing.TB) *Conn {
	t.Helper()
	c := dial(t, testns.New(t))
	if err := c.SetLink(t.Context(), &Link{Index: 1, Flags: unix.IFF_UP, Change: unix.IFF_UP}); err != nil {
		t.Fatal(err)
	}
	return c
}

func routes(t testing.TB, c *Conn) (n int) {
	t.Helper()
	for _, err := range c.StreamRoutes(t.Context(), RouteFilter{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// Of thousands of requests every hundredth is refused: each is reported with its
// index and its object, and all others are done, whatever the buffers hold.
func TestBatchRefusals(t *testing.T) {
	n := max(3000, testns.Rounds(10000)) // more than one datagram
	bad := func(i int) bool { return i%100 == 50 || i == n-1 }
	c := upLo(t)
	fill := func(b *Batch) {
		for i := range n {
			r := onLo(i)
			if bad(i) {
				r.OIF = 77
			}
			b.AddRoute(r)
		}
	}
	b := c.Batch(t.Context())
	fill(b)
	if b.Len() != n {
		t.Errorf("Len %d, want %d", b.Len(), n)
	}
	err := b.Flush()
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		t.Fatalf("got %v", err)
	}
	got := 0
	for i := range n {
		if !bad(i) {
			continue
		}
		if got == len(joined.Unwrap()) {
			t.Fatalf("%d refusals, none for request %d", got, i)
		}
		one := joined.Unwrap()[got]
		var op *OpError
		var e *nl.Error
		if !errors.As(one, &op) || !errors.As(one, &e) || e.Index != i || op.Op != "add" ||
			op.Object != "route "+onLo(i).Dst.String()+" dev #77" || !errors.Is(one, unix.ENODEV) {
			t.Fatalf("request %d: got %+v", i, one)
		}
		got++
	}
	if got != len(joined.Unwrap()) {
		t.Errorf("%d refusals, want %d: %v", len(joined.Unwrap()), got, joined.Unwrap()[got])
	}
	if have := routes(t, c); have != n-got || b.Sent() != n {
		t.Errorf("%d routes of %d sent, want %d of %d", have, b.Sent(), n-got, n)
	}

	// Once more: now every one is refused, and told as it comes.
	next := 0
	b.Refused = func(i int, err error) {
		if i != n+next {
			t.Fatalf("refusal of %d, want %d", i, n+next)
		}
		if want := unix.EEXIST; !bad(next) && !errors.Is(err, want) {
			t.Fatalf("request %d: %v, want %v", i, err, want)
		}
		next++
	}
	fill(b)
	if err := b.Flush(); err != nil || next != n {
		t.Errorf("%d refusals, want %d; %v", next, n, err)
	}
	// The Conn is of use as before.
	if err := c.Do(t.Context(), unix.RTM_GETLINK, 0, &Link{Index: 1}, &Link{}); err != nil {
		t.Error(err)
	}
}

func TestBatchVerbs(t *testing.T) {
	c := upLo(t)
	b := c.Batch(t.Context())
	addr := netip.MustParseAddr("10.9.0.1")
	dst := netip.MustParseAddr("10.9.0.7")
	a := &Addr{Family: unix.AF_INET, PrefixLen: 24, Index: 50, Local: addr, Address: addr}
	n := &Neigh{Family: unix.AF_INET, Index: 50, State: unix.NUD_PERMANENT, Dst: dst, LLAddr: mac(7)}
	h := &NextHopObject{Family: unix.AF_INET, ID: 7, OIF: 50, Gateway: dst}
	r := onLo(1)
	r.OIF, r.NextHopID, r.Scope = 0, 7, unix.RT_SCOPE_UNIVERSE
	b.AddLink(&Link{Index: 50, Name: "a", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: LinkInfo{Kind: "veth", Peer: &Link{Index: 51, Name: "b"}}})
	b.SetLink(&Link{Index: 51, Flags: unix.IFF_UP, Change: unix.IFF_UP})
	b.AddAddr(a)
	b.ReplaceAddr(a)
	b.AddNeigh(n)
	b.ReplaceNeigh(n)
	b.AddNextHopObject(h)
	b.ReplaceNextHopObject(h)
	b.AddRoute(r)
	b.ReplaceRoute(r)
	must(t, b.Flush())
	objects, err := c.NextHopObjects(t.Context())
	must(t, err)
	if len(objects) != 1 || routes(t, c) != 2 {
		t.Fatalf("%d nexthop objects, %d routes", len(objects), routes(t, c))
	}
	same(t, "nexthop", &objects[0], h)

	b.DelRoute(r)
	b.DelRoute(r) // refused
	b.DelNextHopObject(7)
	b.DelNeigh(n)
	b.DelAddr(a)
	b.DelLink(&Link{Index: 50})
	err = b.Flush()
	if err == nil || err.Error() != "delete route 172.16.0.1/32: there is no such route: RTM_DELROUTE: no such process" {
		t.Errorf("got %v", err)
	}
	links, err := c.Links(t.Context(), LinkFilter{})
	must(t, err)
	if len(links) != 1 {
		t.Errorf("%d links are left, want lo alone", len(links))
	}
}

func TestBatchStops(t *testing.T) {
	c := upLo(t)
	t.Run("canceled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		b := c.Batch(ctx)
		b.AddRoute(onLo(1))
		cancel()
		b.AddRoute(onLo(2))
		if err := b.Flush(); !errors.Is(err, context.Canceled) || b.Sent() != 0 || routes(t, c) != 0 {
			t.Errorf("%v, %d sent, %d routes", err, b.Sent(), routes(t, c))
		}
	})
	t.Run("not encoded", func(t *testing.T) {
		b := c.Batch(t.Context())
		b.AddRoute(onLo(1))
		b.AddRoute(&Route{Encap: make([]byte, 1<<16)})
		b.AddRoute(onLo(2))
		err := b.Flush()
		if err == nil || !strings.Contains(err.Error(), "RTA_ENCAP") || b.Sent() != 0 || routes(t, c) != 0 {
			t.Errorf("%v, %d sent, %d routes", err, b.Sent(), routes(t, c))
		}
		b.AddRoute(onLo(1)) // and on it goes
		if err := b.Flush(); err != nil || b.Sent() != 1 || routes(t, c) != 1 {
			t.Errorf("%v, %d sent, %d routes", err, b.Sent(), routes(t, c))
		}
	})
	t.Run("nothing", func(t *testing.T) {
		if err := c.Batch(t.Context()).Flush(); err != nil {
			t.Error(err)
		}
	})
}

func TestBatchAllocatesNothing(t *testing.T) {
	c := upLo(t)
	b := c.Batch(t.Context())
	b.most = b.bytes // a datagram that is as long as the machine is quick needs space when it grows
	r := onLo(0)
	replace := func() {
		for i := range 5000 { // more than one datagram
			r.Dst = netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 17, byte(i >> 8), byte(i)}), 32)
			b.ReplaceRoute(r)
		}
		if err := b.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	replace()
	if n := testing.AllocsPerRun(5, replace); n != 0 {
		t.Errorf("%v allocations for 5000 routes", n)
	}
}

func TestDelLinks(t *testing.T) {
	ctx := t.Context()
	c := dial(t, testns.New(t))
	var all []uint32
	b := c.Batch(ctx)
	for i := range uint32(100) {
		all = append(all, 100+i)
		b.AddLink(&Link{Index: 100 + i, Group: nl.Some(i % 3), NumTxQueues: 1, NumRxQueues: 1,
			Info: LinkInfo{Kind: "veth", Peer: &Link{Index: 1100 + i, NumTxQueues: 1, NumRxQueues: 1}}})
	}
	must(t, b.Flush())
	count := func() int {
		links, err := c.Links(ctx, LinkFilter{})
		must(t, err)
		return len(links)
	}
	inGroup := func() {
		t.Helper()
		for i := range uint32(100) {
			l, err := c.GetLinkByIndex(ctx, 100+i)
			must(t, err)
			if l.Group.V != i%3 {
				t.Fatalf("link %d is in group %d, want %d", 100+i, l.Group.V, i%3)
			}
		}
	}
	err := c.DelLinks(ctx, append(all, 99)...)
	if !errors.Is(err, unix.ENODEV) || !strings.Contains(err.Error(), "link #99") || count() != 201 {
		t.Errorf("with one that is not there: %v, %d links", err, count())
	}
	inGroup()
	err = c.DelLinks(ctx, append(all, 1)...)
	if !errors.Is(err, unix.EOPNOTSUPP) || !strings.Contains(err.Error(), "delete link lo") || count() != 201 {
		t.Errorf("with lo: %v, %d links", err, count())
	}
	inGroup()
	if err := c.DelLinks(ctx, all[:1]...); err != nil || count() != 199 {
		t.Errorf("one: %v, %d links", err, count())
	}
	if err := c.DelLinks(ctx); err != nil || count() != 199 {
		t.Errorf("none: %v, %d links", err, count())
	}
	if err := c.DelLinks(ctx, append(all[1:], 1150)...); err != nil || count() != 1 { // both ends of one
		t.Errorf("all: %v, %d links", err, count())
	}
}

// A link that another program deletes between the look and the deed is
// reported, and the others go.
func TestDelLinksRace(t *testing.T) {
	ctx := t.Context()
	ns := testns.New(t)
	c, other := dial(t, ns), dial(t, ns)
	for i := range uint32(3) {
		must(t, c.AddLink(ctx, &Link{Index: 100 + i, Info: LinkInfo{Kind: "bridge"}}))
	}
	c.Trace(func(sent bool, b []byte) {
		if h, body, rest, _ := nl.Next(b); sent && h.Type == unix.RTM_NEWLINK && len(rest) > 0 && len(body) > 0 {
			must(t, other.DelLink(ctx, &Link{Index: 101}))
			c.Trace(nil)
		}
	})
	err := c.DelLinks(ctx, 100, 101, 102)
	var e *nl.Error
	if !errors.As(err, &e) || e.Errno != unix.ENODEV || e.Index != 1 {
		t.Errorf("got %v", err)
	}
	links, err := c.Links(ctx, LinkFilter{})
	must(t, err)
	if len(links) != 1 {
		t.Errorf("%d links are left", len(links))
	}
}
