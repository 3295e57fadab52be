//go:build linux

package rtnl

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

// TestMoreKindsReadBack is TestKindsReadBack for kinds that kernels may lack.
func TestMoreKindsReadBack(t *testing.T) {
	u8, u16, u32 := nl.Some[uint8], nl.Some[uint16], nl.Some[uint32]
	addr := netip.MustParseAddr
	for _, want := range []Link{
		{Name: "v", Index: 60, Info: LinkInfo{Kind: "vrf", VRF: &VRF{Table: u32(1000)}}},
		{Name: "i", Parent: u32(50), Info: LinkInfo{Kind: "ipvlan", IPVLAN: &IPVLAN{Mode: u16(1), Flags: u16(2)}}},
		{Name: "i", Parent: u32(50), Info: LinkInfo{Kind: "ipvtap", IPVLAN: &IPVLAN{Mode: u16(2), Flags: u16(1)}}},
		{Name: "g", Info: LinkInfo{Kind: "geneve", Geneve: &Geneve{ID: u32(5), Remote: addr("10.0.0.2"), TTL: u8(9), TOS: u8(16), DF: u8(1),
			Port: u16(99), UDPCsum: u8(1), ZeroCsum6Rx: u8(1)}}},
		{Name: "g", Info: LinkInfo{Kind: "geneve", Geneve: &Geneve{ID: u32(6), Remote: addr("fd00::2"), Label: u32(77), Port: u16(98),
			ZeroCsum6Tx: u8(1), ZeroCsum6Rx: u8(0), TTLInherit: u8(1)}}},
		{Name: "g", Info: LinkInfo{Kind: "geneve", Geneve: &Geneve{External: true, Port: u16(97)}}},
		{Name: "b", Info: LinkInfo{Kind: "bond", Bond: &Bond{Mode: u8(1), ARPInterval: u32(100), ARPIPTarget: []netip.Addr{addr("10.0.0.9"), addr("10.0.0.8")},
			ARPValidate: u32(3), ARPAllTargets: u32(1), PrimaryReselect: u8(1), FailOverMAC: u8(2), ResendIGMP: u32(2), NumPeerNotif: u8(3),
			AllSlavesActive: u8(1), MinLinks: u32(2), LPInterval: u32(4)}}},
		{Name: "b", Info: LinkInfo{Kind: "bond", Bond: &Bond{Mode: u8(4), Miimon: u32(100), UpDelay: u32(200), DownDelay: u32(300), UseCarrier: u8(1),
			PeerNotifDelay: u32(400), XmitHashPolicy: u8(1), LACPRate: u8(1), ADSelect: u8(2)}}}, // three more are told to the host's root alone
	} {
		t.Run(want.Info.Kind, func(t *testing.T) {
			testns.NeedsKind(t, want.Info.Kind)
			ctx := t.Context()
			c := dial(t, testns.New(t))
			must(t, c.AddLink(ctx, &Link{Name: "p", Index: 50, Info: LinkInfo{Kind: "veth", Peer: &Link{Name: "q"}}}))
			must(t, c.AddLink(ctx, &want))
			got, err := c.GetLink(ctx, want.Name)
			must(t, err)
			same(t, want.Name, got, &want)
			// What Linux 6.18 and later tell of kinds that our own kernel lacks is passed over.
			if (len(got.Info.Data) != 0 || got.Other != nil) && !testns.Since(t, 6, 18) {
				t.Errorf("attributes that nobody described: %x %x", got.Info.Data, got.Other)
			}
			switch want.Info.Kind {
			case "vrf":
				must(t, c.SetLink(ctx, &Link{Name: "p", Master: u32(60)}))
				port, err := c.GetLink(ctx, "p")
				if must(t, err); port.Info.SlaveKind != "vrf" || port.Info.PortTable != 1000 || port.Info.SlaveData != nil {
					t.Errorf("p is of %q, table %d: %x", port.Info.SlaveKind, port.Info.PortTable, port.Info.SlaveData)
				}
			case "bond":
				must(t, c.SetLink(ctx, &Link{Name: "p", Master: u32(got.Index)}))
				must(t, c.SetLink(ctx, &Link{Name: "p", Info: LinkInfo{SlaveKind: "bond", BondPort: &BondPort{QueueID: u16(3)}}}))
				port, err := c.GetLink(ctx, "p")
				must(t, err)
				if p := port.Info.BondPort; p == nil || p.QueueID != u16(3) || p.PermHWAddr.Len() != 6 || !p.State.Ok || port.Info.SlaveData != nil {
					t.Errorf("p is %+v, and %x", p, port.Info.SlaveData)
				}
			}
		})
	}
}

// TestBridgeVLANs reads the VLANs of a port, of which one message of a dump has all.
func TestBridgeVLANs(t *testing.T) {
	testns.Needs(t, 5, 6, "RTM_GETVLAN")
	ctx := t.Context()
	c := dial(t, testns.New(t))
	must(t, c.AddLink(ctx, &Link{Name: "br", Index: 40, Info: LinkInfo{Kind: "bridge"}}))
	if br, err := c.GetLink(ctx, "br"); err != nil || br.Info.Bridge.VLANProtocol == 0 {
		testns.Lacks(t, "CONFIG_BRIDGE_VLAN_FILTERING")
	}
	must(t, c.AddLink(ctx, &Link{Name: "p", Index: 50, Master: nl.Some[uint32](40), Info: LinkInfo{Kind: "veth", Peer: &Link{Name: "q"}}}))
	for _, vid := range []byte{20, 21, 30} {
		vlans := []byte{8, 0, 2, 0, 0, 0, vid, 0} // IFLA_BRIDGE_VLAN_INFO
		if nativeBig() {
			vlans = []byte{0, 8, 0, 2, 0, 0, 0, vid}
		}
		must(t, c.Do(ctx, unix.RTM_SETLINK, 0, &Link{Family: unix.AF_BRIDGE, Index: 50, PortMode: &PortMode{VLANs: vlans}}, nil))
	}
	var got []BridgeVLAN
	err := c.Dump(ctx, unix.RTM_GETVLAN, &BridgeVLAN{Index: 50}, func(_ nl.Header, body []byte) error {
		return EachBridgeVLAN(body, func(v *BridgeVLAN) { got = append(got, *v) })
	})
	must(t, err)
	if len(got) != 3 || got[0].VID != 1 || got[1].VID != 20 || got[1].Range != 21 || got[2].VID != 30 || got[2].Index != 50 {
		t.Errorf("the port is in %+v", got)
	}
	for _, wrong := range [][]byte{{}, {7, 0, 0, 0, 1, 0, 0, 0, 4}, {7, 0, 0, 0, 1, 0, 0, 0, 255, 255, 1, 0}} {
		if err := EachBridgeVLAN(wrong, func(*BridgeVLAN) {}); err == nil {
			t.Errorf("% x is no error", wrong)
		}
	}
}

func nativeBig() bool { return binary.NativeEndian.Uint16([]byte{0, 1}) == 1 }
