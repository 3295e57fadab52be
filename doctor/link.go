//go:build linux

package doctor

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

const lowerUp = 1 << 16 // IFF_LOWER_UP

// up says that all links of a way are, and the bridges on it.
func (w *walk) up(way []edge) bool {
	for i := range way {
		for _, l := range [...]*survey.Link{way[i].from, way[i].to, way[i].bridge} {
			if l != nil && l.Flags&unix.IFF_UP == 0 {
				return w.down(l)
			}
		}
	}
	return true
}

// edge has a frame with the packet pass a cable, or a bridge.
func (w *walk) edge(e *edge, p *packet) bool {
	if e.bridge != nil {
		return w.bridged(e, p)
	}
	if l := e.from; l.Flags&lowerUp == 0 && e.to == l.Peer {
		return w.fault("link/no-carrier", &facts{l: l})
	}
	for _, l := range [...]*survey.Link{e.from, e.to} {
		if l.XDP.Attached != 0 {
			w.found(Suspect, "link/xdp", &facts{l: l, i: int(l.XDP.ProgID)})
		}
	}
	c := w.connection(e.from.Namespace, p)
	if !w.device(c, 1, e.from, p) {
		return false
	}
	if e.from.Namespace != e.to.Namespace {
		p.mark = mark{} // it stays behind (skb_scrub_packet)
	}
	return w.device(w.connection(e.to.Namespace, p), 0, e.to, p)
}

// fits compares the MTU of the sender with those on the way, where too long packets are
// dropped and nobody is told. The way goes on for short ones.
func (w *walk) fits(out *survey.Link, r *rtnl.Route, to *arrival) {
	most := out.MTU
	if r.Metrics.MTU != 0 && r.Metrics.MTU < most {
		most = r.Metrics.MTU
	}
	for _, e := range to.way {
		l := e.to
		if l.MTU != 0 && l.MTU < most && l.Info.Kind == "veth" {
			w.fault("mtu/mismatch", &facts{l: l, m: out, i: int(l.MTU), j: int(most)})
			return
		}
	}
}

// bridged has a frame pass a bridge: from a port to another, or to or from the bridge.
func (w *walk) bridged(e *edge, p *packet) bool {
	b := e.bridge
	in1, out1 := e.from, e.to
	for _, port := range [...]*survey.Link{in1, out1} {
		if port != b && !w.forwarding(port) {
			return false
		}
	}
	if in1 != b && out1 != b {
		if isolated(in1) && isolated(out1) {
			return w.fault("bridge/isolated", &facts{n: b.Namespace, l: in1, m: out1})
		}
	}
	if port := out1; port != b && port.Info.Port != nil && port.Info.Port.BcastFlood.Ok && port.Info.Port.BcastFlood.V == 0 {
		w.found(Suspect, "bridge/flood", &facts{l: port, m: b})
	}
	if in1 != b && in1.Info.Port != nil && in1.Info.Port.Locked.V == 1 {
		w.found(Suspect, "bridge/locked", &facts{l: in1, m: b})
	}
	c := w.connection(b.Namespace, p)
	var hooks []nft.HookNum
	switch {
	case in1 == b:
		hooks = []nft.HookNum{nft.Output, nft.Postrouting}
	case out1 == b:
		hooks = []nft.HookNum{nft.Prerouting, nft.Input}
	default:
		hooks = []nft.HookNum{nft.Prerouting, nft.Forward, nft.Postrouting}
	}
	if !w.bridgeHooks(c, hooks, in1, out1, p) {
		return false
	}
	if in1 == b || !w.callsIP(b, p) {
		return true
	}
	if out1 == b { // it goes up to the stack of IP, which shows it to the others
		return true
	}
	return w.bridgedIP(c, b, in1, out1, p)
}

// noHairpin tells of a port that frames came in by, and are to go out of again.
func (w *walk) noHairpin(port *survey.Link) {
	w.fault("bridge/hairpin", &facts{l: port, m: port.Master()})
}

// bounced is the port by which a packet came to a bridge that is not routed although it
// came to the bridge itself: br_netfilter gave it a new destination, which may be behind
// the same bridge.
func (w *walk) bounced(to *arrival, p *packet, before netip.Addr) *survey.Link {
	if len(to.way) == 0 || p.dst == before || p.reply {
		return nil
	}
	last := to.way[len(to.way)-1]
	if last.bridge == nil || last.to != last.bridge || !w.callsIP(last.bridge, p) {
		return nil
	}
	return last.from
}

func hairpin(l *survey.Link) bool  { return l.Info.Port != nil && l.Info.Port.Hairpin.V == 1 }
func isolated(l *survey.Link) bool { return l.Info.Port != nil && l.Info.Port.Isolated.V == 1 }

// forwarding checks the state of a port.
func (w *walk) forwarding(port *survey.Link) bool {
	b := port.Master()
	if passing(port) {
		return true
	}
	f := facts{l: port, m: b, s: port.Info.Port.State.V.String()}
	level := Fault
	if port.Info.Port.State.V == rtnl.PortDisabled { // or its carrier has come just now
		level = Suspect
	}
	if b.Info.Bridge != nil && b.Info.Bridge.STPState.V != 0 {
		w.found(level, "bridge/port-state stp", &f)
	} else {
		w.found(level, "bridge/port-state", &f)
	}
	return level != Fault
}

// callsIP says that frames which a bridge forwards are shown to the chains of IP
// (br_netfilter).
func (w *walk) callsIP(b *survey.Link, p *packet) bool {
	if p.arp() {
		return false
	}
	name, own := "net/bridge/bridge-nf-call-iptables", uint8(0)
	if b.Info.Bridge != nil {
		own = b.Info.Bridge.NFCallIPTables.V
	}
	if !p.dst.Is4() {
		name = "net/bridge/bridge-nf-call-ip6tables"
		if b.Info.Bridge != nil {
			own = b.Info.Bridge.NFCallIP6Tables.V
		}
	}
	return own == 1 || w.number(b.Namespace, name) == 1
}
