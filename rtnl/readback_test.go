//go:build linux

package rtnl

import (
	"net/netip"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

// brought says which Linux told of a field first. Older ones leave out of a request what they do not
// know, and say nothing of it.
var brought = map[string][2]int{
	"Locked":            {5, 18},
	"EHTHostsLimit":     {5, 12},
	"Proto":             {5, 18},
	"GROMaxSize":        {5, 19},
	"GSOIPv4MaxSize":    {6, 3},
	"GROIPv4MaxSize":    {6, 3},
	"McastMaxGroups":    {6, 3},
	"NeighVLANSuppress": {6, 4},
	"BCCutoff":          {6, 4},
	"BCQueueLen":        {5, 11},
	"FDBMaxLearned":     {6, 7},
	"LabelPolicy":       {6, 7},
}

// same compares every field of want that is set with got's, of those that the kernel tells.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	sameValue(t, what, reflect.Indirect(reflect.ValueOf(got)), reflect.Indirect(reflect.ValueOf(want)))
}

func sameValue(t *testing.T, what string, got, want reflect.Value) {
	t.Helper()
	for i := range want.NumField() {
		g, w, name := got.Field(i), want.Field(i), what+"."+want.Type().Field(i).Name
		since, newer := brought[want.Type().Field(i).Name]
		switch {
		case w.IsZero() || newer && !testns.Since(t, since[0], since[1]):
		case name == "red.NumRxQueues" && g.IsZero() || name == "blue.NumRxQueues" && g.IsZero(): // without CONFIG_RPS
		case w.Kind() == reflect.Pointer && g.IsNil():
			t.Errorf("%s is not there", name)
		case w.Kind() == reflect.Pointer:
			sameValue(t, name, g.Elem(), w.Elem())
		case w.Type() == reflect.TypeFor[LinkInfo]() || w.Type() == reflect.TypeFor[Metrics]():
			sameValue(t, name, g, w)
		case !reflect.DeepEqual(g.Interface(), w.Interface()):
			t.Errorf("%s is %v, want %v", name, g.Interface(), w.Interface())
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%+v", err)
	}
}

func mac(last byte) nl.HardwareAddr { return nl.HardwareAddrFrom([]byte{2, 0, 0, 0, 0, last}) }

func TestLinkReadBack(t *testing.T) {
	ctx := t.Context()
	c := dial(t, testns.New(t))
	must(t, c.AddLink(ctx, &Link{Name: "br", Index: 40, Info: LinkInfo{Kind: "bridge"}}))
	red := &Link{
		Index: 41, Name: "red", Addr: mac(1), MTU: 1400, TxQLen: nl.Some[uint32](17), Group: nl.Some[uint32](5),
		Master: nl.Some[uint32](40), Flags: unix.IFF_UP, Change: unix.IFF_UP,
		NumTxQueues: 1, NumRxQueues: 1, GSOMaxSegs: 100, GSOMaxSize: 40000, GROMaxSize: 30000,
		GSOIPv4MaxSize: 20000, GROIPv4MaxSize: 10000,
		Info: LinkInfo{Kind: "veth", Peer: &Link{Index: 42, Name: "blue", Addr: mac(2), MTU: 1400, NumTxQueues: 1, NumRxQueues: 1}},
	}
	must(t, c.AddLink(ctx, red))
	must(t, c.SetLink(ctx, &Link{Name: "red", Alias: nl.Some("to blue")}))
	must(t, c.AddAltNames(ctx, 41, "second", "a-name-that-is-longer-than-fifteen"))
	got, err := c.GetLink(ctx, "a-name-that-is-longer-than-fifteen")
	must(t, err)
	want := *red
	want.Flags, want.Change, want.Info.Peer = got.Flags, 0, nil
	want.Alias = nl.Some("to blue")
	want.Parent = nl.Some[uint32](42)
	want.Type = unix.ARPHRD_ETHER
	want.AltNames = []string{"second", "a-name-that-is-longer-than-fifteen"}
	want.Info.SlaveKind = "bridge"
	want.Broadcast = nl.HardwareAddrFrom([]byte{255, 255, 255, 255, 255, 255})
	want.MinMTU, want.MaxMTU = nl.Some[uint32](68), nl.Some[uint32](65535)
	same(t, "red", got, &want)
	if got.Flags&unix.IFF_UP == 0 {
		t.Errorf("red's flags are %v", got.Flags)
	}
	if got.Other != nil {
		t.Errorf("attributes that nobody described: %x", got.Other)
	}
	blue, err := c.GetLinkByIndex(ctx, 42)
	must(t, err)
	same(t, "blue", blue, red.Info.Peer)

	// Every change that a link that exists takes.
	must(t, c.SetLink(ctx, &Link{Index: 42, Name: "green", Addr: mac(3), MTU: 1300, TxQLen: nl.Some[uint32](0),
		Alias: nl.Some("x"), Group: nl.Some[uint32](0), Flags: unix.IFF_UP | unix.IFF_NOARP, Change: unix.IFF_UP | unix.IFF_NOARP,
		LinkMode: nl.Some[uint8](1),
		Inet6:    &Inet6{AddrGenMode: nl.Some[AddrGenMode](1)}}))
	must(t, c.SetLink(ctx, &Link{Name: "green", Alias: nl.Some("")}))
	green, err := c.GetLink(ctx, "green")
	must(t, err)
	same(t, "green", green, &Link{Index: 42, Addr: mac(3), MTU: 1300, TxQLen: nl.Some[uint32](0), Group: nl.Some[uint32](0), LinkMode: nl.Some[uint8](1)})
	if green.Alias.Ok || green.Flags&unix.IFF_NOARP == 0 {
		t.Errorf("green's alias is %v, its flags are %v", green.Alias, green.Flags)
	}
	must(t, c.SetLink(ctx, &Link{Name: "red", Master: nl.Some[uint32](0)}))
	must(t, c.DelAltNames(ctx, 41, "second"))
	got, err = c.GetLink(ctx, "red")
	must(t, err)
	if got.Master.Ok || len(got.AltNames) != 1 {
		t.Errorf("red's master is %v, its other names %q", got.Master, got.AltNames)
	}
	if i, err := c.LinkIndex(ctx, "red"); i != 41 || err != nil {
		t.Errorf("red's index is %d, %v", i, err)
	}
	must(t, c.SetLink(ctx, &Link{Name: "red", Group: nl.Some[uint32](9)}))
	must(t, c.DelLink(ctx, &Link{Group: nl.Some[uint32](9)}))
	if _, err := c.GetLink(ctx, "green"); err == nil {
		t.Error("green is still there without red")
	}
}

func TestBridgeReadBack(t *testing.T) {
	ctx := t.Context()
	c := dial(t, testns.New(t))
	u8, u16, u32, u64 := nl.Some[uint8], nl.Some[uint16], nl.Some[uint32], nl.Some[uint64]
	want := &Link{Name: "br", Info: LinkInfo{Kind: "bridge", Bridge: &Bridge{
		ForwardDelay: u32(400), HelloTime: u32(300), MaxAge: u32(1000), AgeingTime: u32(12300), STPState: u32(0), Priority: u16(4096),
		GroupFwdMask: u16(8), GroupAddr: nl.HardwareAddrFrom([]byte{1, 0x80, 0xc2, 0, 0, 4}),
		McastRouter: u8(2), McastSnooping: u8(1), McastQueryUseIfAddr: u8(1), McastQuerier: u8(1), McastHashMax: u32(512),
		McastLastMemberCount: u32(3), McastStartupCount: u32(4), McastLastMemberIntvl: u64(200), McastMembershipIntvl: u64(30000),
		McastQuerierIntvl: u64(20000), McastQueryIntvl: u64(12000), McastQueryRespIntvl: u64(900), McastStartupIntvl: u64(3000),
		McastStats: u8(1), McastIGMPVersion: u8(3), McastMLDVersion: u8(2),
		NFCallIPTables: u8(1), NFCallIP6Tables: u8(1), NFCallARPTables: u8(1), FDBMaxLearned: u32(99),
	}}}
	must(t, c.AddLink(ctx, want))
	got, err := c.GetLink(ctx, "br")
	must(t, err)
	same(t, "br", got, want)

	must(t, c.SetLink(ctx, &Link{Name: "br", Info: LinkInfo{Kind: "bridge", Bridge: &Bridge{STPState: u32(1), FDBFlush: true,
		BoolOpts: nl.Some(BoolOpts{1, 1})}}}))
	got, err = c.GetLink(ctx, "br")
	must(t, err)
	if b := got.Info.Bridge; b.STPState != u32(1) || b.ForwardDelay != u32(400) || b.BoolOpts.V.Value&1 == 0 {
		t.Errorf("br is %+v", b)
	}
	if len(got.Info.Data) != 0 || got.Other != nil {
		t.Errorf("attributes that nobody described: %x %x", got.Info.Data, got.Other)
	}

	must(t, c.AddLink(ctx, &Link{Name: "p", Master: u32(got.Index), Info: LinkInfo{Kind: "veth", Peer: &Link{Name: "q"}}}))
	port := &Link{Name: "p", Info: LinkInfo{SlaveKind: "bridge", Port: &BridgePort{
		State: nl.Some(PortState(0)), Priority: u16(16), Cost: u32(7), Hairpin: u8(1), Guard: u8(1), Protect: u8(1), FastLeave: u8(1),
		Learning: u8(0), Flood: u8(0), ProxyARP: u8(1), ProxyARPWifi: u8(1), McastRouter: u8(2), McastFlood: u8(0), McastToUcast: u8(1),
		BcastFlood: u8(0), GroupFwdMask: u16(8), NeighSuppress: u8(1), Isolated: u8(1), EHTHostsLimit: u32(100),
		Locked: u8(1), McastMaxGroups: u32(33), NeighVLANSuppress: u8(0),
	}}}
	set := *port
	state := set.Info.Port.State
	set.Info.Port.State = nl.Opt[PortState]{} // only a daemon's, while STP is off
	must(t, c.SetLink(ctx, &set))
	set.Info.Port.State = state
	got, err = c.GetLink(ctx, "p")
	must(t, err)
	same(t, "p", got, port)
	if len(got.Info.SlaveData) != 0 {
		t.Errorf("attributes that nobody described: %x", got.Info.SlaveData)
	}
}

func TestKindsReadBack(t *testing.T) {
	ctx := t.Context()
	c := dial(t, testns.New(t))
	u8, u16, u32 := nl.Some[uint8], nl.Some[uint16], nl.Some[uint32]
	addr := netip.MustParseAddr
	must(t, c.AddLink(ctx, &Link{Name: "p", Index: 50, Info: LinkInfo{Kind: "veth", Peer: &Link{Name: "q"}}}))
	allFlags := (VXLANGBP-1)&^VXLANVNIFilter | VXLANLocalBypass // VNIFilter and MCRoute are told when they are on
	if !testns.Since(t, 6, 5) {
		allFlags &^= VXLANLocalBypass
	}
	vniFilter := VXLANVNIFilter
	if !testns.Since(t, 5, 18) {
		vniFilter = 0
	}
	macvlanFlags := u16(2)
	if !testns.Since(t, 5, 11) {
		macvlanFlags = u16(1) // MACVLAN_FLAG_NODST is not known yet
	}
	for _, want := range []Link{
		{Name: "m", Parent: u32(50), Info: LinkInfo{Kind: "macvlan", MACVLAN: &MACVLAN{Mode: MACVLANModeSource, Flags: macvlanFlags, SourceMode: u32(MACVLANSourceSet),
			Sources: []nl.HardwareAddr{mac(1)}, BCQueueLen: u32(7), BCCutoff: nl.Some[int32](3)}}},
		{Name: "t", Parent: u32(50), Info: LinkInfo{Kind: "macvtap", MACVLAN: &MACVLAN{Mode: MACVLANModeVEPA}}},
		{Name: "v", Info: LinkInfo{Kind: "vxlan", VXLAN: &VXLAN{ID: u32(6), Remote: addr("10.0.0.9"), Local: addr("10.0.0.1"), Link: u32(50),
			TTL: u8(64), TOS: u8(16), DF: u8(1), Ageing: u32(60), Limit: u32(10), PortLow: 1000, PortHigh: 2000, Port: u16(4789),
			Flags:    VXLANProxy | VXLANRSC | VXLANL2Miss | VXLANL3Miss | VXLANUDPZeroCsum6Tx | VXLANUDPZeroCsum6Rx | VXLANRemCsumTx | VXLANRemCsumRx | VXLANGBP | VXLANRemCsumNoPartial,
			FlagMask: allFlags}}},
		{Name: "v6", Info: LinkInfo{Kind: "vxlan", VXLAN: &VXLAN{ID: u32(7), Remote: addr("ff05::1"), Link: u32(50), Local: addr("fd00::1"),
			Port: u16(4790), Flags: VXLANTTLInherit | VXLANLearning | VXLANUDPCsum | VXLANLocalBypass, FlagMask: allFlags, Label: u32(0x12345), LabelPolicy: u32(0)}}},
		{Name: "ve", Info: LinkInfo{Kind: "vxlan", VXLAN: &VXLAN{Flags: VXLANCollectMetadata | vniFilter | VXLANUDPCsum | VXLANLocalBypass, FlagMask: allFlags | vniFilter, Port: u16(1234)}}},
		{Name: "vg", Info: LinkInfo{Kind: "vxlan", VXLAN: &VXLAN{Flags: VXLANCollectMetadata | VXLANUDPCsum | VXLANLocalBypass | VXLANGPE, FlagMask: allFlags, Port: u16(4790)}}},
	} {
		must(t, c.AddLink(ctx, &want))
		got, err := c.GetLink(ctx, want.Name)
		must(t, err)
		if m := want.Info.MACVLAN; m != nil {
			m.SourceMode = nl.Opt[uint32]{} // it is not told
		}
		if v := want.Info.VXLAN; v != nil {
			v.Flags &^= VXLANLocalBypass &^ allFlags
			v.FlagMask = got.Info.VXLAN.FlagMask // also those that are there when they are on
			if v.FlagMask&allFlags != allFlags {
				t.Errorf("%s: flags %#x are not told", want.Name, allFlags&^v.FlagMask)
			}
		}
		same(t, want.Name, got, &want)
		if len(got.Info.Data) != 0 || got.Other != nil {
			t.Errorf("%s: attributes that nobody described: %x %x", want.Name, got.Info.Data, got.Other)
		}
	}
	must(t, c.SetLink(ctx, &Link{Name: "m", Info: LinkInfo{Kind: "macvlan", MACVLAN: &MACVLAN{SourceMode: u32(MACVLANSourceAdd), Source: mac(2)}}}))
	got, err := c.GetLink(ctx, "m")
	must(t, err)
	if m := got.Info.MACVLAN; len(m.Sources) != 2 || m.SourceCount != u32(2) || m.BCQueueLenUsed.V < 7 && testns.Since(t, 5, 11) {
		t.Errorf("m is %+v", m)
	}
}

func TestAddrReadBack(t *testing.T) {
	ctx := t.Context()
	c := dial(t, testns.New(t))
	addr := netip.MustParseAddr
	all := []Addr{
		{Family: unix.AF_INET, PrefixLen: 24, Index: 1, Local: addr("192.168.15.1"), Address: addr("192.168.15.1"),
			Broadcast: addr("192.168.15.255"), Label: "lo:x", Scope: unix.RT_SCOPE_LINK, Priority: 70,
			Flags: unix.IFA_F_NOPREFIXROUTE, Proto: 42, CacheInfo: nl.Some(AddrCacheInfo{Valid: 3600, Preferred: 1800})},
		{Family: unix.AF_INET, PrefixLen: 32, Index: 1, Local: addr("10.0.0.1"), Address: addr("10.0.0.2")},
		{Family: unix.AF_INET6, PrefixLen: 64, Index: 1, Address: addr("fd00::1"),
			Flags: unix.IFA_F_NODAD | unix.IFA_F_NOPREFIXROUTE, Proto: 42, Priority: 71},
	}
	for i := range all {
		must(t, c.AddAddr(ctx, &all[i]))
	}
	got, err := c.Addrs(ctx, AddrFilter{Index: 1})
	must(t, err)
	if len(got) != len(all) {
		t.Fatalf("%d addresses: %+v", len(got), got)
	}
	for i, want := range all {
		if i > 0 {
			want.Flags |= unix.IFA_F_PERMANENT
		}
		times := &got[i].CacheInfo.V
		if i == 0 && (times.Valid < 3500 || times.Preferred < 1700) {
			t.Errorf("lifetimes are %+v", *times)
		}
		want.CacheInfo = got[i].CacheInfo
		same(t, want.Prefix().String(), &got[i], &want)
		if got[i].Other != nil {
			t.Errorf("attributes that nobody described: %x", got[i].Other)
		}
	}
	changed := all[0]
	changed.CacheInfo = nl.Some(AddrCacheInfo{Valid: 100, Preferred: 50})
	must(t, c.ReplaceAddr(ctx, &changed))
	must(t, c.DelAddr(ctx, &all[1]))
	got, err = c.Addrs(ctx, AddrFilter{Family: unix.AF_INET})
	must(t, err)
	if len(got) != 1 || got[0].CacheInfo.V.Valid > 100 {
		t.Errorf("IPv4 addresses: %+v", got)
	}
}

func TestNeighReadBack(t *testing.T) {
	ctx := t.Context()
	c := dial(t, testns.New(t))
	must(t, c.AddLink(ctx, &Link{Name: "a", Index: 5, Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: LinkInfo{Kind: "veth", Peer: &Link{Name: "b"}}}))
	// The kernel forgets proxies of a link that has lost its carrier, and looks for that some time later (linkwatch).
	must(t, c.SetLink(ctx, &Link{Name: "b", Flags: unix.IFF_UP, Change: unix.IFF_UP}))
	want := Neigh{Family: unix.AF_INET, Index: 5, State: unix.NUD_PERMANENT, Dst: netip.MustParseAddr("10.0.0.2"), LLAddr: mac(9),
		Protocol: unix.RTPROT_STATIC}
	proxy := Neigh{Family: unix.AF_INET, Index: 5, Flags: unix.NTF_PROXY, Dst: netip.MustParseAddr("10.0.0.3")}
	must(t, c.AddNeigh(ctx, &want))
	must(t, c.ReplaceNeigh(ctx, &want))
	must(t, c.AddNeigh(ctx, &proxy))
	got, err := c.Neighs(ctx, NeighFilter{Family: unix.AF_INET, Index: 5})
	must(t, err)
	if len(got) != 1 {
		t.Fatalf("neighbours: %+v", got)
	}
	same(t, "neighbour", &got[0], &want)
	if got[0].Other != nil || !got[0].CacheInfo.Ok || !got[0].Probes.Ok {
		t.Errorf("neighbour: %+v", got[0])
	}
	got, err = c.Neighs(ctx, NeighFilter{Family: unix.AF_INET, Index: 5, Proxies: true})
	must(t, err)
	if len(got) != 2 {
		t.Fatalf("with proxies: %+v", got)
	}
	same(t, "proxy", &got[1], &proxy)
	must(t, c.DelNeigh(ctx, &proxy))
	must(t, c.DelNeigh(ctx, &want))
	if got, err = c.Neighs(ctx, NeighFilter{Family: unix.AF_INET, Index: 5, Proxies: true}); err != nil || len(got) != 0 {
		t.Errorf("left over: %+v, %v", got, err)
	}
}

func TestNSIDReadBack(t *testing.T) {
	ctx := t.Context()
	c, other := dial(t, testns.New(t)), testns.New(t)
	if id, err := c.GetNSID(ctx, other.FD()); id != NSIDNotAssigned || err != nil {
		t.Fatalf("id %d, %v", id, err)
	}
	must(t, c.SetNSID(ctx, other.FD(), 7))
	if id, err := c.GetNSID(ctx, other.FD()); id != 7 || err != nil {
		t.Errorf("id %d, %v", id, err)
	}
	all, err := c.NSIDs(ctx)
	if must(t, err); len(all) != 1 || all[0].ID != nl.Some[int32](7) {
		t.Errorf("ids: %+v", all)
	}
	far, err := c.Links(ctx, LinkFilter{TargetNSID: nl.Some[int32](7)})
	if must(t, err); len(far) != 1 || far[0].Name != "lo" || far[0].TargetNSID != nl.Some[int32](7) {
		t.Errorf("links over there: %+v", far)
	}
	// Create a cable with one end there.
	must(t, c.AddLink(ctx, &Link{Name: "here", Info: LinkInfo{Kind: "veth", Peer: &Link{Name: "there", NetNSFD: nl.Some(uint32(other.FD()))}}}))
	here, err := c.GetLink(ctx, "here")
	if must(t, err); here.ParentNSID != nl.Some[int32](7) {
		t.Errorf("the peer is in namespace %v", here.ParentNSID)
	}
	if !testns.Since(t, 5, 13) {
		return // IFLA_NEW_IFINDEX is passed over
	}
	must(t, c.SetLink(ctx, &Link{Name: "here", NetNSFD: nl.Some(uint32(other.FD())), NewIndex: 77}))
	moved, err := dial(t, other).GetLinkByIndex(ctx, 77)
	if must(t, err); moved.Name != "here" {
		t.Errorf("link 77 there is %s", moved.Name)
	}
}
