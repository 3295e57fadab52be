//go:build linux

package doctor

import (
	"github.com/minins/minins/nl"
	"github.com/minins/minins/survey"
)

// sameMAC tells of two links with one link-layer address. A bridge sends what is for them
// to who sent last, so that two of them never hear each other; if one is a third, it is
// chance who gets it.
func (w *walk) sameMAC(out *survey.Link, to *arrival) bool {
	all := w.reach(out, true).ends
	for i := range all {
		end := &all[i]
		for _, l := range [...]*survey.Link{out, to.link} {
			b := bridgeOn(end.way)
			switch {
			case b == nil || !sameOwn(l, end.link):
			case l == out && end.link == to.link:
				w.shareMAC(Fault, l, end.link, b)
				return true
			default:
				w.shareMAC(Suspect, l, end.link, b)
			}
		}
	}
	return false
}

// sameOwn says that both have one address as their own: what stands on another link has that of it.
func sameOwn(a, b *survey.Link) bool {
	return a.Addr == b.Addr && a.Addr.Len() == 6 && a.Namespace != b.Namespace && a.Lower == nil && b.Lower == nil
}

// bridgeOn is the first bridge on a way, or nil.
func bridgeOn(way []edge) *survey.Link {
	for i := range way {
		if way[i].bridge != nil {
			return way[i].bridge
		}
	}
	return nil
}

// shareMAC tells of two, of which one is to get an address that hardly any link has, and
// the bridge to forget who sent last.
func (w *walk) shareMAC(level Level, a, b, bridge *survey.Link) {
	mac := b.Addr.AppendTo(nil)
	mac[0] |= 2 // not given by a maker
	mac[3] ^= 0x55
	mac[5] ^= 0xaa
	w.found(level, "link/same-address", &facts{l: b, m: a, n: bridge.Namespace, s: bridge.Name, t: nl.HardwareAddrFrom(mac).String()})
}
