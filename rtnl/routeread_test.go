//go:build linux

package rtnl

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

// wired returns a Conn of a namespace with the link a, index 5, that is up and
// has 10.0.0.1/24 and fd00::1/64.
func wired(t *testing.T) *Conn {
	t.Helper()
	ctx := t.Context()
	c := dial(t, testns.New(t))
	up := Link{Flags: unix.IFF_UP, Change: unix.IFF_UP}
	must(t, c.AddLink(ctx, &Link{Name: "a", Index: 5, Info: LinkInfo{Kind: "veth", Peer: &Link{Name: "b", Index: 6}}}))
	for _, i := range []uint32{1, 5, 6} {
		up.Index = i
		must(t, c.SetLink(ctx, &up))
	}
	v4, v6 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")
	must(t, c.AddAddr(ctx, &Addr{Family: unix.AF_INET, PrefixLen: 24, Index: 5, Local: v4, Address: v4}))
	must(t, c.AddAddr(ctx, &Addr{Family: unix.AF_INET6, PrefixLen: 64, Index: 5, Address: v6, Flags: unix.IFA_F_NODAD}))
	return c
}

func TestRouteReadBack(t *testing.T) {
	ctx := t.Context()
	c := wired(t)
	addr, prefix := netip.MustParseAddr, netip.MustParsePrefix
	all := []Route{
		{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_STATIC, Type: unix.RTN_UNICAST, Gateway: addr("10.0.0.2"), OIF: 5},
		{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Protocol: 42, Type: unix.RTN_UNICAST, Dst: prefix("192.168.1.0/24"),
			TOS: 8, Gateway: addr("10.0.0.2"), OIF: 5, Priority: 70, PrefSrc: addr("10.0.0.1"), Flow: 0x10002,
			Metrics: Metrics{Lock: 1 << unix.RTAX_MTU, MTU: 1400, Window: 1000, RTT: 80, RTTVar: 40, SSThresh: 5, CWnd: 6, AdvMSS: 1200,
				Reordering: 4, HopLimit: 33, InitCWnd: 11, Features: unix.RTAX_FEATURE_ECN, RTOMin: 300, InitRWnd: 12, QuickAck: 1, CCAlgo: "cubic"}},
		{Family: unix.AF_INET, Table: 1000, Protocol: unix.RTPROT_BOOT, Type: unix.RTN_UNREACHABLE, Dst: prefix("10.9.0.0/16")},
		{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_BOOT, Type: unix.RTN_UNICAST, Dst: prefix("192.168.2.0/24"),
			NextHops: []NextHop{{Gateway: addr("10.0.0.2"), OIF: 5, Hops: 2}, {Gateway: addr("10.0.0.3"), OIF: 5, Flags: unix.RTNH_F_ONLINK}}},
		{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_BOOT, Type: unix.RTN_UNICAST, Dst: prefix("192.168.3.0/24"),
			Via: addr("fe80::1"), OIF: 5},
		{Family: unix.AF_INET6, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_STATIC, Type: unix.RTN_UNICAST, Dst: prefix("fd01::/32"),
			Gateway: addr("fd00::2"), OIF: 5, Priority: 9, Pref: nl.Some(PrefHigh), Metrics: Metrics{MTU: 1300}},
		{Family: unix.AF_INET6, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_STATIC, Type: unix.RTN_UNICAST, Dst: prefix("fd02::/32"),
			Src: prefix("fd03::/64"), Gateway: addr("fd00::2"), OIF: 5, Priority: 1024},
	}
	for i := range all {
		must(t, c.AddRoute(ctx, &all[i]))
		got, err := c.Routes(ctx, RouteFilter{Family: all[i].Family, Table: all[i].Table, Protocol: all[i].Protocol})
		must(t, err)
		found := false
		for _, r := range got {
			if r.Dst == all[i].Dst {
				found = true
				same(t, "route "+all[i].words(), &r, &all[i])
				if r.Other != nil {
					t.Errorf("attributes that nobody described: %x", r.Other)
				}
			}
		}
		if !found {
			t.Errorf("route %s is not among %+v", all[i].words(), got)
		}
	}
	replaced := all[0]
	replaced.Gateway = addr("10.0.0.7")
	must(t, c.ReplaceRoute(ctx, &replaced))
	replaced.Gateway = addr("10.0.0.8")
	must(t, c.ChangeRoute(ctx, &replaced))
	way, err := c.GetRoute(ctx, &Route{Family: unix.AF_INET, Dst: prefix("8.8.8.8/32")})
	must(t, err)
	same(t, "way", way, &Route{Dst: prefix("8.8.8.8/32"), Gateway: addr("10.0.0.8"), OIF: 5, PrefSrc: addr("10.0.0.1"), Table: unix.RT_TABLE_MAIN})
	up := &Link{Index: 1, Flags: unix.IFF_UP, Change: unix.IFF_UP}
	must(t, c.SetLink(ctx, up))
	six, err := c.GetRoute(ctx, &Route{Family: unix.AF_INET6, Dst: prefix("::1/128")})
	must(t, err)
	same(t, "way of IPv6", six, &Route{Dst: prefix("::1/128"), OIF: 1, Table: unix.RT_TABLE_LOCAL, Type: unix.RTN_LOCAL})
	for i := range all {
		must(t, c.DelRoute(ctx, &Route{Family: all[i].Family, Table: all[i].Table, Dst: all[i].Dst, Src: all[i].Src,
			TOS: all[i].TOS, Scope: unix.RT_SCOPE_NOWHERE}))
	}
	if got, err := c.Routes(ctx, RouteFilter{Table: 1000}); err != nil || len(got) != 0 {
		t.Errorf("table 1000: %+v, %v", got, err)
	}
	if got, err := c.Routes(ctx, RouteFilter{Family: unix.AF_INET, Table: 4711}); err != nil || len(got) != 0 {
		t.Errorf("a table that is not there: %+v, %v", got, err)
	}
}

func TestRules(t *testing.T) {
	ctx := t.Context()
	c := dial(t, testns.New(t))
	want := Rule{Family: unix.AF_INET, Action: 1, Table: 1000, Src: netip.MustParsePrefix("10.0.0.0/8"), IIFName: "lo",
		Priority: nl.Some[uint32](100), Mark: 3, Mask: nl.Some[uint32](7), UIDRange: nl.Some(UIDRange{0, 0}), Protocol: 4, IPProto: 6,
		SPort: nl.Some(PortRange{1, 2}), DPort: nl.Some(PortRange{3, 4}), SuppressPrefixLen: nl.Some[int32](0), TOS: 4,
		Dst: netip.MustParsePrefix("10.1.0.0/16"), OIFName: "lo"}
	must(t, c.AddRule(ctx, &want))
	all, err := c.Rules(ctx, unix.AF_INET)
	must(t, err)
	if len(all) != 4 || all[0].Table != unix.RT_TABLE_LOCAL || all[2].Priority.V != 32766 {
		t.Fatalf("rules: %+v", all)
	}
	same(t, "rule", &all[1], &want)
	if all[1].Other != nil {
		t.Errorf("attributes that nobody described: %x", all[1].Other)
	}
	last := Rule{Family: unix.AF_INET, Action: 2, Priority: nl.Some[uint32](200), Goto: nl.Some[uint32](300), Flow: 0x30005, TunID: 7,
		SuppressIfGroup: nl.Some[int32](-1)}
	must(t, c.AddRule(ctx, &last))
	if err := c.AddRule(ctx, &last); !errors.Is(err, unix.EEXIST) || !strings.HasPrefix(err.Error(), "add rule 200") {
		t.Errorf("the same again: %v", err)
	}
	must(t, c.DelRule(ctx, &want))
	// A priority of 0 is not just any.
	must(t, c.DelRule(ctx, &Rule{Family: unix.AF_INET, Priority: nl.Some[uint32](0)}))
	all, err = c.Rules(ctx, unix.AF_INET)
	if must(t, err); len(all) != 3 {
		t.Fatalf("rules: %+v", all)
	}
	last.SuppressIfGroup = nl.Opt[int32]{} // of those that look into a table
	same(t, "goto", &all[0], &last)
	if err := c.DelRule(ctx, &want); !errors.Is(err, unix.ENOENT) {
		t.Errorf("deleted again: %v", err)
	}
}

func TestNextHopObjectReadBack(t *testing.T) {
	ctx := t.Context()
	most := NextHopShare{Weight: 255}.Weight
	if !testns.Since(t, 6, 12) {
		most = 254 // a byte, of one less
	}
	c := wired(t)
	all := []NextHopObject{
		{Family: unix.AF_INET, ID: 1, OIF: 5, Gateway: netip.MustParseAddr("10.0.0.9"), Protocol: 4},
		{Family: unix.AF_INET6, ID: 2, OIF: 5, Gateway: netip.MustParseAddr("fd00::9")},
		{Family: unix.AF_INET, ID: 3, OIF: 5, Gateway: netip.MustParseAddr("172.16.0.1"), Flags: unix.RTNH_F_ONLINK},
		{Family: unix.AF_INET, ID: 4, Blackhole: true},
		{Family: unix.AF_INET, ID: 5, Gateway: netip.MustParseAddr("10.0.0.8"), FDB: true},
		{ID: 6, Group: []NextHopShare{{1, 0}, {3, most}}},
		{ID: 7, Group: []NextHopShare{{1, 0}, {3, 1}}, GroupType: 1, Resilient: &ResilientGroup{Buckets: nl.Some[uint16](4),
			IdleTimer: nl.Some[uint32](0), UnbalancedTimer: nl.Some[uint32](30000)}},
	}
	if !testns.Since(t, 5, 13) {
		all = all[:6] // no resilient groups
	}
	for i := range all {
		must(t, c.AddNextHopObject(ctx, &all[i]))
	}
	got, err := c.NextHopObjects(ctx)
	if must(t, err); len(got) != len(all) {
		t.Fatalf("%d objects: %+v", len(got), got)
	}
	for i := range all {
		same(t, "object", &got[i], &all[i])
		if len(got[i].Other) != 0 {
			t.Errorf("object %d: attributes that nobody described: %x", i+1, got[i].Other)
		}
	}
	if len(all) == 6 {
		return
	}
	buckets, err := nl.List[NextHopObject](ctx, c.Conn, unix.RTM_GETNEXTHOPBUCKET, &NextHopObject{ID: 7}, nil)
	if must(t, err); len(buckets) != 4 || buckets[3].ID != 7 || buckets[3].Bucket.Index != nl.Some[uint16](3) || buckets[3].Bucket.NextHopID != 1 {
		t.Errorf("buckets: %+v", buckets)
	}
	var bucket NextHopObject
	must(t, c.Do(ctx, unix.RTM_GETNEXTHOPBUCKET, 0, &NextHopObject{ID: 7, Bucket: &NextHopBucket{Index: nl.Some[uint16](0)}}, &bucket))
	if bucket.Bucket == nil || bucket.Bucket.Index != nl.Some[uint16](0) {
		t.Errorf("bucket 0: %+v", bucket)
	}
}

func TestFilters(t *testing.T) {
	ctx := t.Context()
	c := wired(t)
	must(t, c.AddLink(ctx, &Link{Name: "br", Index: 9, Info: LinkInfo{Kind: "bridge"}}))
	must(t, c.SetLink(ctx, &Link{Name: "b", Master: nl.Some[uint32](9)}))
	for _, x := range []struct {
		f    LinkFilter
		want string
	}{
		{LinkFilter{}, "lo a b br "},
		{LinkFilter{Kind: "veth"}, "a b "},
		{LinkFilter{Master: 9}, "b "},
		{LinkFilter{Up: true, Kind: "bridge"}, ""},
		{LinkFilter{Group: nl.Some[uint32](1)}, ""},
		{LinkFilter{ExtMask: ExtSkipStats, Up: true}, "lo a b "},
	} {
		got, streamed := "", ""
		all, err := c.Links(ctx, x.f)
		must(t, err)
		for _, l := range all {
			got += l.Name + " "
			if skip := x.f.ExtMask&ExtSkipStats != 0; !l.Stats.Ok && !skip || (l.Inet6.Stats == nil) != skip { // Linux 7 skips all
				t.Errorf("%s has counters: %v, %v", l.Name, l.Stats, l.Inet6.Stats)
			}
		}
		for l, err := range c.StreamLinks(ctx, x.f) {
			must(t, err)
			streamed += l.Name + " "
		}
		if got != x.want || streamed != got {
			t.Errorf("%+v: %q and %q, want %q", x.f, got, streamed, x.want)
		}
	}
	for r, err := range c.StreamRoutes(ctx, RouteFilter{OIF: 5, Type: unix.RTN_LOCAL}) {
		must(t, err)
		if r.OIF != 5 || r.Type != unix.RTN_LOCAL {
			t.Errorf("not asked for: %+v", r)
		}
	}
	n := 0
	for a, err := range c.StreamAddrs(ctx, AddrFilter{Index: 5, Family: unix.AF_INET}) {
		must(t, err)
		if n++; a.Prefix() != netip.MustParsePrefix("10.0.0.1/24") {
			t.Errorf("address %s", a.Prefix())
		}
	}
	if n != 1 {
		t.Errorf("%d addresses", n)
	}
}
