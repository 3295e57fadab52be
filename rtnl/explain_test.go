//go:build linux

package rtnl

import (
	"bytes"
	"encoding/binary"
	"flag"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

var update = flag.Bool("update", false, "rewrite testdata/little/*.golden, or those in big, whichever is the order of this machine")

// sample is a request of each kind, with the command that means the same.
type sample struct {
	file    string
	command string
	typ     uint16
	flags   uint16
	msg     nl.Message
}

const create = unix.NLM_F_CREATE | unix.NLM_F_EXCL

func samples() []sample {
	addr := netip.MustParseAddr
	prefix := netip.MustParsePrefix
	v4 := func(r Route) *Route {
		r.Family, r.Table, r.Protocol, r.Type = unix.AF_INET, unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, unix.RTN_UNICAST
		return &r
	}
	return []sample{
		{"link-add-veth", "ip link add veth-red type veth peer name veth-blue", unix.RTM_NEWLINK, create,
			&Link{Name: "veth-red", Info: LinkInfo{Kind: "veth", Peer: &Link{Name: "veth-blue"}}}},
		{"link-add-bridge", "ip link add v-net-0 up type bridge stp_state 0 forward_delay 200", unix.RTM_NEWLINK, create,
			&Link{Name: "v-net-0", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: LinkInfo{Kind: "bridge",
				Bridge: &Bridge{STPState: nl.Some[uint32](0), ForwardDelay: nl.Some[uint32](200)}}}},
		{"link-add-macvlan", "ip link add m5 link veth-red type macvlan mode source macaddr set 02:00:00:00:00:01 02:00:00:00:00:02 bcqueuelen 7", unix.RTM_NEWLINK, create,
			&Link{Name: "m5", Parent: nl.Some[uint32](5), Info: LinkInfo{Kind: "macvlan", MACVLAN: &MACVLAN{Mode: MACVLANModeSource,
				SourceMode: nl.Some(MACVLANSourceSet), Sources: []nl.HardwareAddr{mac(1), mac(2)}, BCQueueLen: nl.Some[uint32](7)}}}},
		{"link-add-vxlan", "ip link add x1 type vxlan id 6 remote 10.0.0.9 local 10.0.0.1 dev veth-red dstport 4789 ttl 64 tos 0x10 df set srcport 1000 2000", unix.RTM_NEWLINK, create,
			&Link{Name: "x1", Info: LinkInfo{Kind: "vxlan", VXLAN: &VXLAN{ID: nl.Some[uint32](6), Remote: addr("10.0.0.9"), Local: addr("10.0.0.1"),
				Link: nl.Some[uint32](5), Port: nl.Some[uint16](4789), TTL: nl.Some[uint8](64), TOS: nl.Some[uint8](16), DF: nl.Some[uint8](1),
				PortLow: 1000, PortHigh: 2000, Flags: VXLANLearning, FlagMask: VXLANLearning}}}},
		{"link-add-vxlan6", "ip link add x2 type vxlan id 7 group ff05::1 dev veth-red dstport 4789 ttl inherit flowlabel 0x12 gbp", unix.RTM_NEWLINK, create,
			&Link{Name: "x2", Info: LinkInfo{Kind: "vxlan", VXLAN: &VXLAN{ID: nl.Some[uint32](7), Remote: addr("ff05::1"), Link: nl.Some[uint32](5),
				Port: nl.Some[uint16](4789), Label: nl.Some[uint32](0x12), Flags: VXLANLearning | VXLANGBP | VXLANTTLInherit, FlagMask: VXLANLearning}}}},
		{"link-add-vlan", "ip link add link veth-red name veth-red.5 type vlan protocol 802.1ad id 5 gvrp on reorder_hdr off ingress-qos-map 1:2 3:4 egress-qos-map 5:6", unix.RTM_NEWLINK, create,
			&Link{Name: "veth-red.5", Parent: nl.Some[uint32](5), Info: LinkInfo{Kind: "vlan", VLAN: &VLAN{ID: nl.Some[uint16](5), Protocol: unix.ETH_P_8021AD,
				Flags: VLANGVRP, FlagMask: VLANGVRP | VLANReorderHdr,
				Ingress: []VLANQoS{{1, 2}, {3, 4}}, Egress: []VLANQoS{{5, 6}}}}}},
		{"link-set-netns", "ip link set dev veth-red netns red", unix.RTM_NEWLINK, 0,
			&Link{Index: 5, NetNSFD: nl.Some[uint32](7)}},
		{"link-set-master", "ip link set dev veth-red-br master v-net-0 up", unix.RTM_NEWLINK, 0,
			&Link{Name: "veth-red-br", Flags: unix.IFF_UP, Change: unix.IFF_UP, Master: nl.Some[uint32](4)}},
		{"link-set-isolated", "ip link set dev veth-red-br type bridge_slave isolated on", unix.RTM_NEWLINK, 0,
			&Link{Index: 6, Info: LinkInfo{SlaveKind: "bridge", Port: &BridgePort{Isolated: nl.Some[uint8](1)}}}},
		{"link-del-group", "ip link delete group 77", unix.RTM_DELLINK, 0, &Link{Group: nl.Some[uint32](77)}},
		{"link-altname", "ip link property add dev veth-red altname the-cable-to-the-red-one", unix.RTM_NEWLINKPROP, create | unix.NLM_F_APPEND,
			&Link{Index: 5, AltNames: []string{"the-cable-to-the-red-one"}}},
		{"addr-add", "ip address add 192.168.15.1/24 brd + dev veth-red", unix.RTM_NEWADDR, create,
			&Addr{Family: unix.AF_INET, PrefixLen: 24, Index: 5, Local: addr("192.168.15.1"), Address: addr("192.168.15.1"), Broadcast: addr("192.168.15.255")}},
		{"addr-add-6", "ip address add fd00::1/64 dev veth-red nodad valid_lft 3600 preferred_lft 1800", unix.RTM_NEWADDR, create,
			&Addr{Family: unix.AF_INET6, PrefixLen: 64, Flags: unix.IFA_F_NODAD, Index: 5, Local: addr("fd00::1"), Address: addr("fd00::1"),
				CacheInfo: nl.Some(AddrCacheInfo{Valid: 3600, Preferred: 1800})}},
		{"route-add-default", "ip route add default via 192.168.15.5", unix.RTM_NEWROUTE, create, v4(Route{Gateway: addr("192.168.15.5")})},
		{"route-add-unreachable", "ip route add unreachable 10.0.0.0/8 metric 5 table 1000", unix.RTM_NEWROUTE, create,
			&Route{Family: unix.AF_INET, Table: 1000, Protocol: unix.RTPROT_BOOT, Type: unix.RTN_UNREACHABLE, Dst: prefix("10.0.0.0/8"), Priority: 5}},
		{"route-add-multipath", "ip route add 192.168.1.0/24 mtu 1400 nexthop via 192.168.15.2 nexthop via inet6 fe80::1 dev veth-red weight 2", unix.RTM_NEWROUTE, create,
			v4(Route{Dst: prefix("192.168.1.0/24"), Metrics: Metrics{MTU: 1400}, NextHops: []NextHop{
				{Gateway: addr("192.168.15.2")}, {Via: addr("fe80::1"), OIF: 5, Hops: 1}}})},
		{"route-get", "ip route get 8.8.8.8 ipproto tcp dport 53", unix.RTM_GETROUTE, 0,
			&Route{Family: unix.AF_INET, Flags: unix.RTM_F_LOOKUP_TABLE, Dst: prefix("8.8.8.8/32"), IPProto: unix.IPPROTO_TCP, DPort: 53}},
		{"neigh-add", "ip neighbour add 192.168.15.2 lladdr 02:00:00:00:00:02 nud permanent dev veth-red", unix.RTM_NEWNEIGH, create,
			&Neigh{Family: unix.AF_INET, Index: 5, State: unix.NUD_PERMANENT, Dst: addr("192.168.15.2"), LLAddr: nl.HardwareAddrFrom([]byte{2, 0, 0, 0, 0, 2})}},
		{"netns-set", "ip netns set red 3", unix.RTM_NEWNSID, 0, &NSID{FD: nl.Some[uint32](7), ID: nl.Some[int32](3)}},
		{"rule-add", "ip rule add from 10.0.0.0/8 iif eth0 lookup 1000 pref 100", unix.RTM_NEWRULE, create,
			&Rule{Family: unix.AF_INET, Action: 1, Table: 1000, Src: prefix("10.0.0.0/8"), IIFName: "eth0", Priority: nl.Some[uint32](100)}},
		{"rule-del-0", "ip rule del pref 0 goto 7 dport 80", unix.RTM_DELRULE, 0,
			&Rule{Family: unix.AF_INET, Action: 2, Priority: nl.Some[uint32](0), Goto: nl.Some[uint32](7), DPort: nl.Some(PortRange{80, 80})}},
		{"nexthop-add", "ip nexthop add id 1 via fd00::9 dev veth-red onlink", unix.RTM_NEWNEXTHOP, create,
			&NextHopObject{Family: unix.AF_INET6, ID: 1, OIF: 5, Gateway: addr("fd00::9"), Flags: unix.RTNH_F_ONLINK}},
		{"nexthop-group", "ip nexthop add id 3 group 1,5/2 type resilient buckets 8 idle_timer 60", unix.RTM_NEWNEXTHOP, create,
			&NextHopObject{ID: 3, Group: []NextHopShare{{1, 4}, {2, 0}}, GroupType: 1,
				Resilient: &ResilientGroup{Buckets: nl.Some[uint16](8), IdleTimer: nl.Some[uint32](6000)}}},
		{"nexthop-bucket", "ip nexthop bucket get id 3 index 0", unix.RTM_GETNEXTHOPBUCKET, 0,
			&NextHopObject{ID: 3, Bucket: &NextHopBucket{Index: nl.Some[uint16](0)}}},
	}
}

// datagram is the request as it is sent, with sequence number 1.
func (s sample) datagram(t testing.TB) []byte {
	t.Helper()
	var c nl.Coder
	b, err := c.Append(make([]byte, 16), s.msg)
	if err != nil {
		t.Fatal(err)
	}
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], s.typ)
	binary.NativeEndian.PutUint16(b[6:], s.flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	binary.NativeEndian.PutUint32(b[8:], 1)
	return b
}

// TestExplained compares the bytes of each sample, in words, with those that
// were read once and found right. -update writes them anew.
func TestExplained(t *testing.T) {
	for _, s := range samples() {
		var got bytes.Buffer
		got.WriteString("$ " + s.command + "\n")
		if !Protocol.Explain(&got, s.datagram(t)) {
			t.Errorf("%s: not all is named", s.file)
		}
		file := "testdata/" + testns.Order() + "/" + s.file + ".golden"
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s:\n got %s\nwant %s", file, got.Bytes(), want)
		}
	}
}
