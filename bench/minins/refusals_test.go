//go:build linux

package main

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// The library's own tests run in user namespaces, where socket buffers stay as
// small as they are. This one is for those who may enlarge them: of 10,000
// requests, thousands in one datagram, all that are refused are told.
func TestRefusalsWithLargeBuffers(t *testing.T) {
	if os.Geteuid() != 0 {
		testns.Skip(t, "only root of the host may enlarge socket buffers")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and ends with the goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Error(err)
			return
		}
		refusals(t)
	}()
	<-done
}

func refusals(t *testing.T) {
	const n = 10000
	ctx, c, err := dial()
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	if err := c.SetLink(ctx, &rtnl.Link{Index: 1, Flags: unix.IFF_UP, Change: unix.IFF_UP}); err != nil {
		t.Error(err)
		return
	}
	largest := 0
	c.Trace(func(sent bool, b []byte) {
		if sent {
			largest = max(largest, len(b))
		}
	})
	bad := func(i int) bool { return i < 5000 || i == n-1 }
	b := c.Batch(ctx)
	next := 0
	b.Refused = func(i int, err error) {
		for ; next < i; next++ {
			if bad(next) {
				t.Errorf("nothing is said of request %d", next)
			}
		}
		var e *nl.Error
		if !bad(i) || !errors.As(err, &e) || e.Index != i || !errors.Is(err, unix.ENODEV) {
			t.Errorf("request %d: %v", i, err)
		}
		next++
	}
	r := rtnl.Route{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Scope: unix.RT_SCOPE_LINK, Type: unix.RTN_UNICAST}
	for i := range n {
		r.Dst, r.OIF = netip.PrefixFrom(contestant.Route4(i), 32), 1
		if bad(i) {
			r.OIF = 77
		}
		b.AddRoute(&r)
	}
	if err := b.Flush(); err != nil || next != n {
		t.Errorf("%v; told of %d", err, next)
	}
	c.Trace(nil)
	found := 0
	for _, err := range c.StreamRoutes(ctx, rtnl.RouteFilter{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN}) {
		if err != nil {
			t.Error(err)
			return
		}
		found++
	}
	if found != n-5001 {
		t.Errorf("%d routes, want %d", found, n-5001)
	}
	if largest < 50<<10 {
		t.Errorf("the largest datagram had %d bytes: the buffers were not enlarged", largest)
	}
}
