//go:build linux

package ip

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

func wordsOf(line string) *words {
	return &words{rest: testns.Words(line), tables: &tables{dir: "/nonexistent"}}
}

func TestOptions(t *testing.T) {
	none := options{color: "never", loops: 10}
	with := func(f func(o *options)) options {
		o := none
		f(&o)
		return o
	}
	for _, c := range []struct {
		line string
		want options
		rest string
	}{
		{"link", none, "link"},
		{"-j -p -d -s -s addr show", with(func(o *options) { o.json, o.pretty, o.details, o.stats = true, true, 1, 2 }), "addr show"},
		{"--json --br a", with(func(o *options) { o.json, o.brief = true, true }), "a"},
		{"-n red -4 r", with(func(o *options) { o.netns, o.family = "red", unix.AF_INET }), "r"},
		{"-netns=x", none, ""}, // an unknown option, below
		{"-ne red l", with(func(o *options) { o.netns = "red" }), "l"},
		{"-f inet6 -o a", with(func(o *options) { o.family, o.oneline = unix.AF_INET6, true }), "a"},
		{"-0 a", with(func(o *options) { o.family = unix.AF_PACKET }), "a"},
		{"-c a", with(func(o *options) { o.color = "always" }), "a"},
		{"-color=auto a", with(func(o *options) { o.color = "auto" }), "a"},
		{"-h -iec -N -r -a -t -ts l", with(func(o *options) {
			o.human, o.iec, o.numeric, o.resolve, o.all = true, true, true, true, true
			o.stamp = longStamp | shortStamp
		}), "l"},
		{"-l 3 -force -b - ", with(func(o *options) { o.loops, o.force, o.batch = 3, true, "-" }), ""},
		{"-V", with(func(o *options) { o.version = true }), ""},
		{"-j -- -x", with(func(o *options) { o.json = true }), "-x"},
	} {
		got, rest, err := parseOptions(testns.Words(c.line))
		if c.line == "-netns=x" {
			if err == nil || err.Error() != `Option "-netns=x" is unknown, try "ip -help".` {
				t.Errorf("%s: %v", c.line, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, c.want) || strings.Join(rest, " ") != c.rest {
			t.Errorf("%q: %+v, %q, %v; want %+v, %q", c.line, got, rest, err, c.want, c.rest)
		}
	}
}

// TestAbbreviations checks which object is meant by a word.
func TestAbbreviations(t *testing.T) {
	for word, want := range map[string]string{"a": "address", "add": "address", "addr": "address", "l": "link", "li": "link", "r": "route",
		"ro": "route", "ru": "rule", "n": "neighbor", "neigh": "neighbor", "netn": "netns", "m": "maddress", "t": "tunnel", "net": "netns"} {
		if got := objects.find(word); got != want {
			t.Errorf("%s is %q, want %s", word, got, want)
		}
	}
	if abbreviates("", "link") {
		t.Error("nothing abbreviates link")
	}
}

func TestParseLink(t *testing.T) {
	mac := nl.HardwareAddrFrom([]byte{2, 0, 0, 0, 0, 1})
	peer := &linkRequest{dev: "b", netns: "red", create: true, link: rtnl.Link{Name: "b", MTU: 1300}}
	for _, c := range []struct {
		line   string
		create bool
		want   *linkRequest
	}{
		{"add1 type dummy", true, &linkRequest{dev: "add1", create: true, link: rtnl.Link{Name: "add1", Info: rtnl.LinkInfo{Kind: "dummy"}}}},
		{"name x address 02:0:0:0:0:1 mtu 1400 up type veth", true, &linkRequest{dev: "x", create: true,
			link: rtnl.Link{Name: "x", Addr: mac, MTU: 1400, Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: rtnl.LinkInfo{Kind: "veth"}}}},
		{"dev x type veth peer name b netns red mtu 1300", true, &linkRequest{dev: "x", create: true, peer: peer,
			link: rtnl.Link{Name: "x", Info: rtnl.LinkInfo{Kind: "veth", Peer: &peer.link}}}},
		{"x type bridge stp_state 1 forward 300 no_linklocal_learn 1", true, &linkRequest{dev: "x", create: true,
			link: rtnl.Link{Name: "x", Info: rtnl.LinkInfo{Kind: "bridge", Bridge: &rtnl.Bridge{STPState: nl.Some[uint32](1),
				ForwardDelay: nl.Some[uint32](300), BoolOpts: nl.Some(rtnl.BoolOpts{Value: 1, Mask: 1})}}}}},
		{"dev x up", false, &linkRequest{dev: "x", link: rtnl.Link{Flags: unix.IFF_UP, Change: unix.IFF_UP}}},
		{"up x down", false, &linkRequest{dev: "x", link: rtnl.Link{Change: unix.IFF_UP}}},
		{"x arp off promisc on", false, &linkRequest{dev: "x",
			link: rtnl.Link{Flags: unix.IFF_NOARP | unix.IFF_PROMISC, Change: unix.IFF_NOARP | unix.IFF_PROMISC}}},
		{"x name y master br0", false, &linkRequest{dev: "x", master: "br0", link: rtnl.Link{Name: "y"}}},
		{"x nomaster", false, &linkRequest{dev: "x", link: rtnl.Link{Master: nl.Some[uint32](0)}}},
		{"x name x", false, &linkRequest{dev: "x"}},
		{"x netns 17 alias '' group default txqlen 0", false, &linkRequest{dev: "x", netns: "17",
			link: rtnl.Link{Alias: nl.Some(""), Group: nl.Some[uint32](0), TxQLen: nl.Some[uint32](0)}}},
		{"group 7 up", false, &linkRequest{link: rtnl.Link{Group: nl.Some[uint32](7), Flags: unix.IFF_UP, Change: unix.IFF_UP}}},
		{"x type bridge_slave hairpin on cost 5", false, &linkRequest{dev: "x", link: rtnl.Link{Info: rtnl.LinkInfo{SlaveKind: "bridge",
			Port: &rtnl.BridgePort{Hairpin: nl.Some[uint8](1), Cost: nl.Some[uint32](5)}}}}},
	} {
		got, err := parseLink(wordsOf(c.line), c.create)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %v\ngot  %+v\nwant %+v", c.line, err, got, c.want)
		}
	}
}

func TestParseAddr(t *testing.T) {
	a := netip.MustParseAddr
	v4 := func(bits uint8, local string) rtnl.Addr {
		return rtnl.Addr{Family: unix.AF_INET, PrefixLen: bits, Local: a(local), Address: a(local)}
	}
	with := func(r rtnl.Addr, f func(*rtnl.Addr)) rtnl.Addr {
		f(&r)
		return r
	}
	for _, c := range []struct {
		line string
		del  bool
		want rtnl.Addr
	}{
		{"10.0.0.1/24 dev x", false, v4(24, "10.0.0.1")},
		{"dev x local 10.0.0.1", false, v4(32, "10.0.0.1")},
		{"10.0.0.1/255.255.0.0 dev x", false, v4(16, "10.0.0.1")},
		{"10.1/16 dev x", false, v4(16, "10.1.0.0")},
		{"127.0.0.5/8 dev x", false, with(v4(8, "127.0.0.5"), func(r *rtnl.Addr) { r.Scope = unix.RT_SCOPE_HOST })},
		{"10.0.0.1/24 brd + dev x", false, with(v4(24, "10.0.0.1"), func(r *rtnl.Addr) { r.Broadcast = a("10.0.0.255") })},
		{"10.0.0.1/24 brd - dev x", false, with(v4(24, "10.0.0.1"), func(r *rtnl.Addr) { r.Broadcast = a("10.0.0.0") })},
		{"10.0.0.1/31 brd + dev x", false, v4(31, "10.0.0.1")},
		{"10.0.0.1 peer 10.0.0.2/30 dev x", false, with(v4(30, "10.0.0.1"), func(r *rtnl.Addr) { r.Address = a("10.0.0.2") })},
		{"10.0.0.1/24 label x:1 metric 5 scope link dev x", false,
			with(v4(24, "10.0.0.1"), func(r *rtnl.Addr) { r.Label, r.Priority, r.Scope = "x:1", 5, unix.RT_SCOPE_LINK })},
		{"10.0.0.1/24 valid_lft 9 preferred_lft 8 dev x", false, with(v4(24, "10.0.0.1"), func(r *rtnl.Addr) {
			r.CacheInfo = nl.Some(rtnl.AddrCacheInfo{Valid: 9, Preferred: 8})
		})},
		{"fd00::1/64 nodad noprefixroute dev x", false, rtnl.Addr{Family: unix.AF_INET6, PrefixLen: 64, Local: a("fd00::1"), Address: a("fd00::1"),
			Flags: unix.IFA_F_NODAD | unix.IFA_F_NOPREFIXROUTE}},
		{"10.0.0.1 dev x", true, rtnl.Addr{Family: unix.AF_INET, PrefixLen: 32, Local: a("10.0.0.1")}},
		{"10.0.0.1/32 dev x", true, v4(32, "10.0.0.1")},
	} {
		got, err := parseAddrRequest(wordsOf(c.line), c.del, 0)
		if err != nil || !reflect.DeepEqual(got.addr, c.want) || got.dev != "x" {
			t.Errorf("%q: %v\ngot  %+v\nwant %+v", c.line, err, got, c.want)
		}
	}
}

func TestParseRoute(t *testing.T) {
	p, a := netip.MustParsePrefix, netip.MustParseAddr
	base := rtnl.Route{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_BOOT, Type: unix.RTN_UNICAST}
	with := func(f func(*rtnl.Route)) rtnl.Route {
		r := base
		f(&r)
		return r
	}
	for _, c := range []struct {
		line string
		del  bool
		want rtnl.Route
	}{
		{"default via 10.0.0.1", false, with(func(r *rtnl.Route) { r.Gateway = a("10.0.0.1") })},
		{"10.1.0.0/16 dev x", false, with(func(r *rtnl.Route) { r.Dst, r.Scope = p("10.1.0.0/16"), unix.RT_SCOPE_LINK })},
		{"blackhole 10.1/16 metric 7", false, with(func(r *rtnl.Route) { r.Dst, r.Type, r.Priority = p("10.1.0.0/16"), unix.RTN_BLACKHOLE, 7 })},
		{"local 10.1.0.1 dev x", false, with(func(r *rtnl.Route) {
			r.Dst, r.Type, r.Table, r.Scope = p("10.1.0.1/32"), unix.RTN_LOCAL, unix.RT_TABLE_LOCAL, unix.RT_SCOPE_HOST
		})},
		{"10.1.0.0/16 via inet6 fd00::1 table 1000 proto static mtu lock 1400", false, with(func(r *rtnl.Route) {
			r.Dst, r.Via, r.Table, r.Protocol = p("10.1.0.0/16"), a("fd00::1"), 1000, unix.RTPROT_STATIC
			r.Metrics = rtnl.Metrics{MTU: 1400, Lock: 1 << unix.RTAX_MTU}
		})},
		{"10.1.0.0/16 nexthop via 10.0.0.1 weight 3 nexthop dev x", false, with(func(r *rtnl.Route) {
			r.Dst, r.NextHops = p("10.1.0.0/16"), []rtnl.NextHop{{Gateway: a("10.0.0.1"), Hops: 2}, {}}
		})},
		{"fd00::/64 dev x pref high expires 5", false, rtnl.Route{Family: unix.AF_INET6, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_BOOT,
			Type: unix.RTN_UNICAST, Dst: p("fd00::/64"), Pref: nl.Some(rtnl.PrefHigh), Expires: 5}},
		{"10.1.0.0/16 dev x expires 0", false, with(func(r *rtnl.Route) {
			r.Dst, r.Scope, r.Other = p("10.1.0.0/16"), unix.RT_SCOPE_LINK, zeroU32(unix.RTA_EXPIRES)
		})},
		{"10.1.0.0/16", true, rtnl.Route{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Scope: unix.RT_SCOPE_NOWHERE, Dst: p("10.1.0.0/16")}},
	} {
		got, err := parseRoute(wordsOf(c.line), c.del, 0)
		if err != nil || !reflect.DeepEqual(got.route, c.want) {
			t.Errorf("%q: %v\ngot  %+v\nwant %+v", c.line, err, got, c.want)
		}
	}
}

func TestParseRule(t *testing.T) {
	p := netip.MustParsePrefix
	base := rtnl.Rule{Family: unix.AF_INET, Action: ruleToTable, Table: unix.RT_TABLE_MAIN}
	with := func(f func(*rtnl.Rule)) rtnl.Rule {
		r := base
		f(&r)
		return r
	}
	for _, c := range []struct {
		line string
		want rtnl.Rule
	}{
		{"from all", base},
		{"from 10.0.0.0/8 to 10.1/16 table 1000", with(func(r *rtnl.Rule) { r.Src, r.Dst, r.Table = p("10.0.0.0/8"), p("10.1.0.0/16"), 1000 })},
		{"not fwmark 5/0xff pref 0", with(func(r *rtnl.Rule) {
			r.Flags, r.Mark, r.Mask, r.Priority = ruleInvert, 5, nl.Some[uint32](0xff), nl.Some[uint32](0)
		})},
		{"iif a oif b tos 0x10 tun_id 7", with(func(r *rtnl.Rule) { r.IIFName, r.OIFName, r.TOS, r.TunID = "a", "b", 0x10, 7 })},
		{"ipproto tcp sport 5 dport 6-8 uidrange 1-2", with(func(r *rtnl.Rule) {
			r.IPProto, r.SPort, r.DPort = 6, nl.Some(rtnl.PortRange{Start: 5, End: 5}), nl.Some(rtnl.PortRange{Start: 6, End: 8})
			r.UIDRange = nl.Some(rtnl.UIDRange{Start: 1, End: 2})
		})},
		{"sup_pl 0 sup_group default proto static realms 3/5", with(func(r *rtnl.Rule) {
			r.SuppressPrefixLen, r.SuppressIfGroup, r.Protocol, r.Flow = nl.Some[int32](0), nl.Some[int32](0), unix.RTPROT_STATIC, 3<<16|5
		})},
		{"l3mdev", with(func(r *rtnl.Rule) { r.L3MDev, r.Table = 1, 0 })},
		{"goto 7", with(func(r *rtnl.Rule) { r.Action, r.Goto, r.Table = ruleGoto, nl.Some[uint32](7), 0 })},
		{"type nop", with(func(r *rtnl.Rule) { r.Action, r.Table = ruleNop, 0 })},
		{"bl table 9", with(func(r *rtnl.Rule) { r.Action, r.Table = unix.RTN_BLACKHOLE, 9 })},
	} {
		got, err := parseRule(wordsOf(c.line), 0, true)
		if err != nil || !reflect.DeepEqual(got.rule, c.want) {
			t.Errorf("%q: %v\ngot  %+v\nwant %+v", c.line, err, got.rule, c.want)
		}
	}
	got, err := parseRule(wordsOf("from 10.0.0.1"), unix.AF_INET, false)
	if want := (rtnl.Rule{Family: unix.AF_INET, Src: p("10.0.0.1/32")}); err != nil || !reflect.DeepEqual(got.rule, want) {
		t.Errorf("to delete: %+v, %v", got.rule, err)
	}
}

func TestParseNexthop(t *testing.T) {
	a := netip.MustParseAddr
	for _, c := range []struct {
		line, key, dev string
		typ            uint16
		want           rtnl.NextHopObject
	}{
		{"", "list", "", unix.RTM_GETNEXTHOP, rtnl.NextHopObject{}},
		{"add id 1 via 10.0.0.1 dev x onlink", "add", "x", unix.RTM_NEWNEXTHOP,
			rtnl.NextHopObject{Family: unix.AF_INET, ID: 1, Gateway: a("10.0.0.1"), Flags: unix.RTNH_F_ONLINK}},
		{"rep id 1 via inet6 fd00::1 dev x proto 7", "replace", "x", unix.RTM_NEWNEXTHOP,
			rtnl.NextHopObject{Family: unix.AF_INET6, ID: 1, Gateway: a("fd00::1"), Protocol: 7}},
		{"a id 0x10 blackhole", "add", "", unix.RTM_NEWNEXTHOP, rtnl.NextHopObject{Family: unix.AF_INET, ID: 16, Blackhole: true}},
		{"add group 1/2,256 fdb type resilient buckets 4 idle_timer 1 id 9", "add", "", unix.RTM_NEWNEXTHOP, rtnl.NextHopObject{ID: 9,
			Group: []rtnl.NextHopShare{{ID: 1}, {ID: 2, Weight: 255}}, FDB: true, GroupType: 1,
			Resilient: &rtnl.ResilientGroup{Buckets: nl.Some[uint16](4), IdleTimer: nl.Some[uint32](100)}}},
		{"del id 4", "delete", "", unix.RTM_DELNEXTHOP, rtnl.NextHopObject{ID: 4}},
		{"show dev x groups fdb", "list", "x", unix.RTM_GETNEXTHOP, rtnl.NextHopObject{Groups: true, FDB: true}},
		{"flush id 4 what follows is not read", "flush", "", unix.RTM_GETNEXTHOP, rtnl.NextHopObject{ID: 4}},
		{"bucket", "list", "", unix.RTM_GETNEXTHOPBUCKET, rtnl.NextHopObject{}},
		{"bucket list id 5 nhid 6", "list", "", unix.RTM_GETNEXTHOPBUCKET, rtnl.NextHopObject{ID: 5, Bucket: &rtnl.NextHopBucket{NextHopID: 6}}},
		{"bucket get id 5 index 0", "get", "", unix.RTM_GETNEXTHOPBUCKET,
			rtnl.NextHopObject{ID: 5, Bucket: &rtnl.NextHopBucket{Index: nl.Some[uint16](0)}}},
	} {
		got, err := parseNexthop(wordsOf(c.line), 0)
		if err != nil || got.key != c.key || got.typ != c.typ || got.dev != c.dev || !reflect.DeepEqual(got.nexthop, c.want) {
			t.Errorf("%q: %v\ngot  %+v\nwant %+v", c.line, err, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	for _, c := range [][2]string{{"brodcast", "broadcast"}, {"masetr", "master"}, {"qqq", ""}, {"m", ""}} {
		if got := nearest(c[0], linkWords.words()); got != c[1] {
			t.Errorf("%s: %q, want %q", c[0], got, c[1])
		}
	}
}

func TestNumber(t *testing.T) {
	for s, want := range map[string]uint64{"0": 0, "17": 17, "0x1F": 31, "010": 8, "255": 255} {
		if n, ok := number(s, 8); !ok || n != want {
			t.Errorf("%s: %d, %v, want %d", s, n, ok, want)
		}
	}
	for _, s := range []string{"", "x", "256", "-1", "1_0", "0b1", "1.5", "08"} {
		if n, ok := number(s, 8); ok {
			t.Errorf("%q: %d, want none", s, n)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{{"v*", "veth", true}, {"v*", "eth", false}, {"*th", "veth", true}, {"?o", "lo", true}, {"lo", "lo0", false},
		{"[a-c]x", "bx", true}, {"[!a-c]x", "bx", false}, {"*", "", true}, {"a*b*c", "axxbyyc", true}, {"[a", "a", false}} {
		if got := matches(c.pattern, c.s); got != c.want {
			t.Errorf("%q %q: %v", c.pattern, c.s, got)
		}
	}
}
