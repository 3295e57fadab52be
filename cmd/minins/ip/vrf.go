//go:build linux

package ip

import (
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const vrfWords grammar = `
	table* TABLE  of its routes
	help*`

// parseVRF reads the words after "type vrf".
func parseVRF(w *words, r *linkRequest) {
	v := new(rtnl.VRF)
	r.link.Info.VRF = v
	for w.next() {
		if vrfWords.find(w.cur) == "table" {
			v.Table = w.someNamed(routeTables, 32, "invalid table ID\n")
		} else {
			w.fail(unknownOption("vrf: unknown option", "vrf", w, vrfWords.words()))
		}
	}
}

// vrf is an argument that is the name of a VRF, and returns its table; why is said of what is none.
func (w *words) vrf(why string) (table uint32) {
	name := w.arg()
	if w.err == nil && w.s != nil {
		if l, err := w.s.findLink(name); err == nil && l.Info.VRF != nil {
			return l.Info.VRF.Table.V
		}
	}
	w.wrong(name, why, "\"ip link show type vrf\" lists them")
	return 0
}

const (
	noVRF      = "Not a valid VRF name\n"
	invalidVRF = "Invalid VRF\n" // of routes
)

const ipvlanWords grammar = `
	mode* MODE  l2, l3 or l3s
	private*  those on one link do not speak with each other
	vepa*  they do by way of the switch behind it
	bridge*  they do
	help*`

var (
	ipvlanModes = []numbered{{0, "l2"}, {1, "l3"}, {2, "l3s"}}
	ipvlanFlags = []numbered{{1, "private"}, {2, "vepa"}, {0, "bridge"}}
)

// parseIPVLAN reads the words after "type ipvlan" or ipvtap.
func parseIPVLAN(w *words, r *linkRequest) {
	v := &rtnl.IPVLAN{Flags: nl.Some(uint16(0))}
	r.link.Info.IPVLAN = v
	kind, given := r.link.Info.Kind, false
	for w.next() {
		key := ipvlanWords.find(w.cur)
		flag, ok := numberIn(ipvlanFlags, key)
		switch {
		case key == "mode":
			v.Mode = nl.Some(uint16(w.oneOf(ipvlanModes, `Error: argument of "mode" must be either "l2", "l3" or "l3s"`)))
		case ok && !given:
			v.Flags.V, given = uint16(flag), true
		default:
			w.fail(unknownOption(kind+": unknown option", kind, w, ipvlanWords.words()))
		}
	}
}

// showIPVLAN renders what an ipvlan has of its own.
func showIPVLAN(v *view, l *rtnl.IPVLAN) {
	if l.Mode.Ok {
		v.str("mode", " mode %s ", nameIn(ipvlanModes, uint32(l.Mode.V), "unknown"))
	}
	if l.Flags.Ok {
		for _, f := range ipvlanFlags {
			if l.Flags.V&uint16(f.id) != 0 || f.id == 0 {
				v.flag(f.name, f.name+" ")
				break
			}
		}
	}
}
