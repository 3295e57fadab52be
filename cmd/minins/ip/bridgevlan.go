//go:build linux

package ip

import (
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const vlanChangeWords grammar = `
	dev DEV  the port, or with "self" the bridge
	vid NUMBER[-NUMBER]  the VLAN, or a range of them
	self  the device itself is meant
	master  its bridge is meant (the default)
	pvid  that of packets without a tag
	untagged  packets leave without a tag
	tunnel_info`

const vlanSetWords grammar = `
	dev DEV  the port or the bridge
	vid NUMBER[-NUMBER]  the VLAN, or a range of them
	state NUMBER|WORD  disabled, listening, learning, forwarding or blocking
	mcast_router NUMBER  0 never, 1 if learned, 2 always, 3 for a while`

// Bits of BRIDGE_VLAN_INFO_* of linux/if_bridge.h.
const (
	vlanPVID     = 1 << 1
	vlanUntagged = 1 << 2
	vlanBegin    = 1 << 3
	vlanEnd      = 1 << 4
	vlanOnlyOpts = 1 << 6
)

// vlanBits are words for those, and for who is to do it.
var vlanBits = []numbered{{vlanPVID, "pvid"}, {vlanUntagged, "untagged"}, {portSelf << 16, "self"}, {portMaster << 16, "master"}}

// changeVLAN is "bridge vlan add", "delete" and "set".
func (s *session) changeVLAN(w *words, verb string) error {
	known, missing := vlanChangeWords, noBridge
	if verb == "set" {
		known, missing = vlanSetWords, "Cannot find network device \"%s\""
	}
	var vlan rtnl.BridgeVLAN
	bits := uint32(0)
	dev, vid := "", ""
	for w.next() {
		switch key := known.find(w.cur); key {
		case "dev":
			w.text(&dev)
		case "vid":
			w.text(&vid)
		case "state":
			vlan.State = w.stpState("Error: invalid STP state")
		case "mcast_router":
			vlan.McastRouter = nl.Some(uint8(w.uint(8, "invalid mcast_router")))
		case "tunnel_info":
			return fail(exitFailed, "\"bridge vlan tunnel_info\" is one of iproute2's that minins does not have", "")
		case "":
			s.passOver(w)
		default:
			bits |= numberOf(vlanBits, key)
		}
	}
	if w.err != nil {
		return w.err
	}
	first, last, ranged := strings.Cut(vid, "-")
	vlan.VID, vlan.Range, vlan.Flags = vlanID(first), vlanID(last), uint16(bits)
	mistake, of := "", vid // a format, and of what
	if dev == "" || vid == "" {
		mistake = "Device and VLAN ID are required arguments."
	} else if err := s.called(missing, dev, &vlan.Index); err != nil {
		return err
	} else if vlan.VID >= 4096 {
		mistake, of = "Invalid VLAN ID \"%s\"", first
	} else if ranged && (vlan.Range >= 4096 || vlan.VID >= vlan.Range) {
		mistake = "Invalid VLAN range \"%s\""
	} else if ranged && vlan.Flags&vlanPVID != 0 {
		mistake = "pvid cannot be configured for a vlan range"
	}
	if mistake != "" {
		return fail(exitFailed, say(mistake, of), "as in \"bridge vlan add vid 10 dev veth0\"; VLANs have numbers from 1 to 4094")
	}
	if verb == "set" {
		vlan.Flags = vlanOnlyOpts
		return explained(s.do(unix.RTM_NEWVLAN, 0, &vlan, nil), whyNoVLAN, dev)
	}
	to := uint16(bits >> 16)
	mode := &rtnl.PortMode{Flags: nl.Opt[uint16]{V: to, Ok: to != 0}}
	if ranged {
		mode.VLANs = appendVLAN(nil, vlan.Flags|vlanBegin, vlan.VID)
		vlan.Flags, vlan.VID = vlan.Flags|vlanEnd, vlan.Range
	}
	mode.VLANs = appendVLAN(mode.VLANs, vlan.Flags, vlan.VID)
	typ := uint16(unix.RTM_SETLINK)
	if verb == "delete" {
		typ = unix.RTM_DELLINK
	}
	return explained(s.do(typ, 0, &rtnl.Link{Family: unix.AF_BRIDGE, Index: vlan.Index, PortMode: mode}, nil), whyNoVLAN, dev)
}

// whyNoVLAN is of a device.
var whyNoVLAN = []reason{
	{unix.EOPNOTSUPP, "", 0, "%q is no port of a bridge, or this kernel's bridges know no VLANs"},
	{0, "", 0, "the VLANs of %q are unchanged"},
}

// appendVLAN appends IFLA_BRIDGE_VLAN_INFO.
func appendVLAN(b []byte, flags, vid uint16) []byte {
	for _, n := range []uint16{8, 2, flags, vid} {
		b = binary.NativeEndian.AppendUint16(b, n)
	}
	return b
}

// vlanID is the number of a VLAN; what is none is 0, which the kernel refuses.
func vlanID(s string) uint16 {
	n, rest, _ := leadingNumber(s)
	if rest != "" {
		return 0
	}
	return uint16(min(n, 1<<16-1))
}

// stpState is an argument that is the state of a port, a word or a number.
func (w *words) stpState(mistake string) nl.Opt[rtnl.PortState] {
	s := w.arg()
	i := slices.Index(portStates, s)
	if i < 0 {
		n, rest, ok := leadingNumber(s)
		if i = int(n); !ok || rest != "" || n > 127 {
			w.fail(fail(exitFailed, mistake, ""))
		}
	}
	return nl.Some(rtnl.PortState(i))
}

// passOver goes on behind a word that means nothing. iproute2 does so in silence,
// and what it does or shows is more than was meant.
func (s *session) passOver(w *words) {
	s.c.Hintf("%q means nothing here and is passed over", w.cur)
	if w.short("help") {
		w.arg()
	}
}

// showVLANOptions renders VLANs with what is set for each: those that vid is in, or all if it is 0,
// of a port or bridge, or of all if index is 0. A message has all VLANs of one.
func (s *session) showVLANOptions(v *view, index uint32, vid uint64) error {
	err := s.stream(unix.RTM_GETVLAN, &rtnl.BridgeVLAN{Index: index}, func(_ nl.Header, body []byte) error {
		shown := false
		err := rtnl.EachBridgeVLAN(body, func(vlan *rtnl.BridgeVLAN) {
			first := uint64(vlan.VID)
			last := max(first, uint64(vlan.Range))
			if vid != 0 && (vid < first || vid > last) {
				return
			}
			name := ""
			if !shown {
				v.begin()
				name = v.linkName(vlan.Index)
			}
			shown = true
			v.beginVLAN(name, first, last, uint32(vlan.Flags))
			v.line()
			v.write("                    ")
			v.showPortState(&vlan.State)
			v.number(vlan.McastRouter.Ok, "mcast_router", "mcast_router %d ", uint64(vlan.McastRouter.V))
			v.write("\n")
			v.end()
		})
		if shown {
			v.endArray()
			v.end()
		}
		return err
	})
	if e := asRefusal(err); e != nil { // bridges here know no VLANs
		f := fail(exitFailed, kernelText(e)+"\nDump terminated", "")
		f.exits = true
		return f
	}
	v.finish()
	return err
}
