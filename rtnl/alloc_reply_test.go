//go:build linux

package rtnl_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// Asking for a link over and over, into the same Link, allocates nothing; two
// links of a list share nothing.
func TestReusedReply(t *testing.T) {
	c, err := nl.Dial(rtnl.Protocol, nl.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	req, reply := &rtnl.Link{Index: 1}, &rtnl.Link{}
	get := func() {
		if err := c.Do(t.Context(), unix.RTM_GETLINK, 0, req, reply); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(100, get); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
	if reply.Name != "lo" || reply.Inet == nil || len(reply.Inet.Conf) == 0 || reply.Inet6 == nil || len(reply.Inet6.Conf) == 0 {
		t.Errorf("got %+v", reply)
	}
	first, second := rtnl.Link{}, rtnl.Link{}
	for _, l := range []*rtnl.Link{&first, &second} {
		if err := c.Do(t.Context(), unix.RTM_GETLINK, 0, req, l); err != nil {
			t.Fatal(err)
		}
	}
	if first.Inet == second.Inet || &first.Inet.Conf[0] == &second.Inet.Conf[0] {
		t.Error("two links share their settings")
	}
}

// A dump of AF_INET6 has something else than a bridge port in IFLA_PROTINFO.
func TestLinksOfInet6(t *testing.T) {
	c, err := nl.Dial(rtnl.Protocol, nl.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Do(t.Context(), unix.RTM_NEWLINK, 0, &rtnl.Link{Index: 1, Flags: unix.IFF_UP, Change: unix.IFF_UP}, nil); err != nil {
		t.Fatal(err)
	}
	links, err := nl.List[rtnl.Link](t.Context(), c, unix.RTM_GETLINK, &rtnl.Link{Family: unix.AF_INET6}, nil)
	if err != nil || len(links) != 1 || links[0].Name != "lo" || links[0].Port != nil {
		t.Errorf("got %+v, %v", links, err)
	}
}
