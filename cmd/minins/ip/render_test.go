//go:build linux

package ip

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/internal/jsonout"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// fixedView renders into a buffer, with two links and one namespace known.
func fixedView(opt options) (*view, *bytes.Buffer) {
	var buf bytes.Buffer
	p := &printer{out: bufio.NewWriter(&buf), oneline: opt.oneline}
	if opt.json {
		p.json = &jsonout.Writer{Out: p.out, Pretty: opt.pretty}
	}
	return &view{printer: p, opt: &opt, tables: &tables{dir: "/nonexistent"}, family: opt.family,
		link: func(i uint32) (string, rtnl.LinkFlags) {
			return map[uint32]string{2: "br0", 3: "va"}[i], unix.IFF_UP
		},
		netns: func(id int32) string { return map[int32]string{0: "red"}[id] }}, &buf
}

func fixedLink() *rtnl.Link {
	return &rtnl.Link{Type: 1, Index: 5, Flags: unix.IFF_UP | unix.IFF_BROADCAST | unix.IFF_MULTICAST, Name: "v-red", MTU: 1500, QDisc: "noqueue",
		Addr: nl.HardwareAddrFrom([]byte{2, 0, 0, 0, 0, 1}), Broadcast: nl.HardwareAddrFrom([]byte{255, 255, 255, 255, 255, 255}),
		Parent: nl.Some[uint32](2), ParentNSID: nl.Some[int32](0), Master: nl.Some[uint32](2), OperState: rtnl.OperLowerLayerDown,
		Group: nl.Some[uint32](0), TxQLen: nl.Some[uint32](1000), Alias: nl.Some(`a "b"`), AltNames: []string{"other"}}
}

// TestRenderLink renders one link in every form from the same description.
func TestRenderLink(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  options
		want string
	}{
		{"text", options{}, `5: v-red@if2: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue master br0 state LOWERLAYERDOWN mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns red
    alias a "b"
    altname other
`},
		{"oneline", options{oneline: true}, `5: v-red@if2: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue master br0 state LOWERLAYERDOWN mode DEFAULT group default qlen 1000\    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns red\    alias a "b"\    altname other
`},
		{"brief", options{brief: true, family: unix.AF_PACKET}, "v-red@if2        LOWERLAYERDOWN 02:00:00:00:00:01 <NO-CARRIER,BROADCAST,MULTICAST,UP> \n"},
		{"json", options{json: true}, `[{"ifindex":5,"link_index":2,"ifname":"v-red","flags":["NO-CARRIER","BROADCAST","MULTICAST","UP"],"mtu":1500,"qdisc":"noqueue","master":"br0","operstate":"LOWERLAYERDOWN","linkmode":"DEFAULT","group":"default","txqlen":1000,"link_type":"ether","address":"02:00:00:00:00:01","broadcast":"ff:ff:ff:ff:ff:ff","link_netnsid":0,"ifalias":"a \"b\"","altnames":["other"]}]
`},
		{"pretty", options{json: true, pretty: true, brief: true}, `[ {
        "link_index": 2,
        "ifname": "v-red",
        "operstate": "LOWERLAYERDOWN"
    } ]
`},
	} {
		v, buf := fixedView(c.opt)
		v.begin()
		v.object("")
		v.showLink(fixedLink(), ofLink)
		v.end()
		v.finish()
		v.out.Flush()
		if got := buf.String(); got != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
		}
		if c.opt.json && !json.Valid(buf.Bytes()) {
			t.Errorf("%s: not JSON: %s", c.name, buf)
		}
	}
}

func TestRenderStats(t *testing.T) {
	l := &rtnl.Link{Stats: nl.Some(rtnl.LinkStats{RxBytes: 123456789012, RxPackets: 5, TxBytes: 1, RxNoHandler: 3}), CarrierChanges: nl.Some[uint32](2)}
	v, buf := fixedView(options{stats: 2})
	v.showStats(l)
	v.out.Flush()
	want := "    RX:    bytes packets errors dropped  missed   mcast           \n" +
		"    123456789012       5      0       0       0       0 \n" +
		"    RX errors:    length    crc   frame    fifo overrun  nohandler\n" +
		"                       0      0       0       0       0          3 \n" +
		"    TX:    bytes packets errors dropped carrier collsns           \n" +
		"               1       0      0       0       0       0 \n" +
		"    TX errors:   aborted   fifo  window heartbt transns\n" +
		"                       0      0       0       0       2 "
	if got := buf.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestScaled(t *testing.T) {
	o, iec := options{human: true}, options{human: true, iec: true}
	for n, want := range map[uint64][2]string{0: {"0", "0"}, 999: {"999", "999"}, 4000: {"4.00k", "3.91ki"}, 5712000: {"5.71M", "5.45Mi"},
		12345678: {"12.3M", "11.8Mi"}, 123456789: {"123M", "118Mi"}} {
		if got := [2]string{o.scaled(n), iec.scaled(n)}; got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestRenderAddr(t *testing.T) {
	a := netip.MustParseAddr
	for _, c := range []struct {
		addr rtnl.Addr
		want string
	}{
		{rtnl.Addr{Family: unix.AF_INET, PrefixLen: 24, Local: a("10.0.0.1"), Address: a("10.0.0.1"), Broadcast: a("10.0.0.255"), Label: "va",
			Flags: unix.IFA_F_PERMANENT, CacheInfo: nl.Some(rtnl.AddrCacheInfo{Valid: rtnl.Forever, Preferred: rtnl.Forever})},
			"    inet 10.0.0.1/24 brd 10.0.0.255 scope global va\n       valid_lft forever preferred_lft forever\n"},
		{rtnl.Addr{Family: unix.AF_INET6, PrefixLen: 64, Address: a("fd00::1"), Scope: unix.RT_SCOPE_LINK, Flags: unix.IFA_F_TENTATIVE | unix.IFA_F_SECONDARY,
			CacheInfo: nl.Some(rtnl.AddrCacheInfo{Valid: 9, Preferred: 8})},
			"    inet6 fd00::1/64 scope link temporary tentative dynamic \n       valid_lft 9sec preferred_lft 8sec\n"},
		{rtnl.Addr{Family: unix.AF_INET, PrefixLen: 32, Local: a("10.0.0.1"), Address: a("10.0.0.2"), Priority: 5, Flags: unix.IFA_F_PERMANENT},
			"    inet 10.0.0.1 peer 10.0.0.2/32 metric 5 scope global \n"},
	} {
		v, buf := fixedView(options{})
		v.showAddr(&c.addr, "va", false)
		v.out.Flush()
		if got := buf.String(); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}

// TestNexthopOnce asks once for what several routes name, and anew among events.
func TestNexthopOnce(t *testing.T) {
	v, _ := fixedView(options{details: 1})
	asked := 0
	v.nexthop = func(id uint32) *rtnl.NextHopObject {
		asked++
		return &rtnl.NextHopObject{ID: id, OIF: 3}
	}
	for range 3 {
		for id := range uint32(2) {
			v.showRoute(&rtnl.Route{Family: unix.AF_INET, NextHopID: 1 + id}, &routeQuery{})
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times, want 2", asked)
	}
	v.nexthops, v.events, asked = nil, true, 0
	for range 3 {
		v.showRoute(&rtnl.Route{Family: unix.AF_INET, NextHopID: 1}, &routeQuery{})
	}
	if asked != 3 {
		t.Errorf("asked %d times among events, want 3", asked)
	}
}
