//go:build linux

package doctor

import (
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// neighbour finds out who on the network behind a link takes packets for an address, and
// whether the kernel would find out as well. Nil is nobody, which is a finding unless the
// network leads to where nothing can be seen.
func (w *walk) neighbour(out *survey.Link, next netip.Addr, r *rtnl.Route, p *packet) *arrival {
	seg := w.segment(out)
	if out.Flags&unix.IFF_UP == 0 {
		w.down(out)
		return nil
	}
	if m := out.Master(); m != nil && m.Info.Kind == "bridge" {
		if usual := usableOf(out, next.Is6()); len(usual) > 0 {
			w.onPort(out, m, usual[0], routeText(out.Namespace, r))
			return nil
		}
	}
	all := w.takers(w.reach(out, true), next)
	if len(all) == 0 {
		all = w.takers(seg, next)
	}
	if len(all) == 0 {
		all = w.proxies(seg, next)
	}
	if len(all) == 0 {
		if seg.open != nil {
			w.Ends = true
			w.step(out.Namespace, p, " leaves what can be seen by "+seg.open.Name)
			switch m := seg.open.Master(); {
			case m != nil:
				w.unseen(m.Namespace, "beyond "+seg.open.Name+", a port of the "+m.Info.Kind+" "+m.Name, errNotFollowed)
			case seg.open.Info.Kind == "veth":
				w.found(Suspect, "link/cable-gone", &facts{l: seg.open})
			default:
				w.leftBy(out, p)
			}
			return nil
		}
		w.nobody(out, next, r, p, seg)
		return nil
	}
	to := all[0]
	for _, other := range all {
		if other.link.Namespace == w.want || p.reply && other.link.Namespace == w.From {
			to = other
		}
	}
	for _, other := range all {
		if other.link.Namespace != to.link.Namespace && !slices.ContainsFunc(other.way, func(e edge) bool { return !e.works() }) {
			w.duplicate("addr/duplicate", other.link.Namespace, &facts{a: next, m: to.link})
			return nil
		}
	}
	if p.src.Is6() {
		w.solicits(out, p)
	}
	if !w.detection(to.link, next) || p.src.Is6() && !w.sourceDetection(out, p) || !w.resolves(out, next, to) {
		return nil
	}
	return to
}

// takers are those on a segment that take packets for an address.
func (w *walk) takers(seg *segment, a netip.Addr) (all []*arrival) {
	for i := range seg.ends {
		if e := &seg.ends[i]; w.takes(e.link, a) {
			all = append(all, e)
		}
	}
	return all
}

// proxies are those that answer for others (proxy_arp).
func (w *walk) proxies(seg *segment, a netip.Addr) (all []*arrival) {
	for i := range seg.ends {
		e := &seg.ends[i]
		n := e.link.Namespace
		if n.Err != nil || !a.Is4() || w.both(e.link, "proxy_arp") == 0 {
			continue
		}
		if r, err := w.host.Route(n, &rtnl.Route{Family: unix.AF_INET, Dst: whole(a)}); err == nil && r.OIF != e.link.Index {
			all = append(all, e)
		}
	}
	return all
}

// takes says that a link's namespace answers when it is asked for an address by it: of
// IPv4 for all that it has, of IPv6 for those of the link.
func (w *walk) takes(l *survey.Link, a netip.Addr) bool {
	if addrOf(l, a) != nil {
		return true
	}
	return a.Is4() && w.isLocal(l.Namespace, a) && w.both(l, "arp_ignore") == 0
}

func (w *walk) sourceDetection(out *survey.Link, p *packet) bool {
	return addrOf(out, p.src) == nil || w.detection(out, p.src)
}

// resolves checks how the link-layer address of the neighbour is found.
func (w *walk) resolves(out *survey.Link, next netip.Addr, to *arrival) bool {
	n := out.Namespace
	for i := range n.Neighs {
		e := &n.Neighs[i]
		if e.Index != out.Index || e.Dst != next || e.LLAddr.Len() == 0 {
			continue
		}
		if e.State&nudValid == 0 || e.LLAddr == to.link.Addr {
			continue
		}
		f := facts{n: n, a: next, l: out, m: to.link, s: e.LLAddr.String(), t: to.link.Addr.String()}
		if e.State&(unix.NUD_PERMANENT|unix.NUD_NOARP) != 0 {
			return w.fault("neigh/permanent", &f)
		}
		return w.fault("neigh/stale", &f)
	}
	for _, l := range [...]*survey.Link{out, to.link} {
		if l.Flags&unix.IFF_NOARP != 0 && out.Info.Kind != "" && out.Info.IPVLAN == nil { // that one needs none in modes l3 and l3s
			return w.fault("neigh/noarp", &facts{l: l})
		}
	}
	if next.Is4() && w.both(to.link, "arp_ignore") == 8 {
		return w.fault("neigh/arp-ignore", &facts{l: to.link})
	}
	return true
}

// nobody tells why no one on the network has the address that packets are to go to.
func (w *walk) nobody(out *survey.Link, next netip.Addr, r *rtnl.Route, p *packet, seg *segment) {
	f := facts{n: out.Namespace, l: out, a: next, s: routeText(out.Namespace, r), t: "default"}
	if entry, _ := lookup(f.n, r.Table, p); entry != nil {
		f.t = target(entry.Dst, entry.Table)
	}
	if next == p.dst && (p.reply && w.wrongSource(next) || w.wrongTarget(p, true)) {
		return
	}
	owners := w.owners(next)
	for _, x := range owners {
		if w.elsewhere(out, x, seg, f.s) {
			return
		}
	}
	other, by := w.gateway(f.n, p.dst)
	f.b = other
	switch {
	case next != p.dst && by != nil && other != next:
		w.fault("route/gateway", &f)
	case next != p.dst:
		w.noGateway(&f, seg)
	case len(owners) > 0 && w.wrongPrefix(f.n, next, f.s):
	case len(owners) > 0 && by != nil:
		f.m = owners[0]
		w.fault("route/wrong-link gateway", &f)
	case len(owners) > 0:
		f.m = owners[0]
		w.fault(w.wrongLink(out, f.m), &f)
	case w.want != nil && !p.reply && next == w.Dest:
		w.noAddress(w.want, next.Is6(), next)
	default:
		w.fault("addr/nobody", &f)
	}
}

// wrongLink is route/wrong-link, of which the remedy takes the route away: that helps where
// another link leads to the owner of the address.
func (w *walk) wrongLink(out, owner *survey.Link) string {
	for _, l := range out.Namespace.Links {
		if l == out || l.Master() != nil {
			continue
		}
		for _, e := range w.segment(l).ends {
			if e.link == owner {
				return "route/wrong-link"
			}
		}
	}
	return "route/wrong-link none"
}

// elsewhere tells what is between a network and the link that has an address of it.
func (w *walk) elsewhere(out, x *survey.Link, seg *segment, evidence string) bool {
	if x.Flags&unix.IFF_UP == 0 && x.Info.Kind != "bridge" {
		return !w.down(x)
	}
	bridge := w.bridgeOf(out, seg)
	if m := x.Master(); m != nil && m.Info.Kind == "bridge" {
		a := addrOf(x, w.nextOf(x, out))
		if a == nil {
			return false
		}
		return !w.onPort(x, m, a, evidence)
	}
	for _, end := range [...]struct{ port, other *survey.Link }{{x.Peer, out}, {out.Peer, x}} {
		f := facts{l: end.port, m: bridge}
		if end.port == nil || end.port == end.other {
			continue
		}
		if end.other == x { // our own end is the loose one
			f.m = w.bridgeOf(x, w.segment(x))
		}
		m := f.l.Master()
		switch {
		case f.m == nil || f.m.Namespace != f.l.Namespace || m == f.m,
			m == nil && len(usableOf(f.l, false))+len(usableOf(f.l, true)) > 0: // it is no port, and not to be one
			continue
		case m == nil:
			return !w.fault("bridge/no-port", &f)
		}
		f.s = m.Name
		return !w.fault("bridge/other", &f)
	}
	return false
}

func (w *walk) onPort(port, bridge *survey.Link, a *rtnl.Addr, evidence string) bool {
	return w.fault("addr/on-port", &facts{o: port.Namespace, l: port, m: bridge, a: own(a), i: int(a.PrefixLen), s: evidence})
}

// nextOf is the address of x that is in a network of out's.
func (w *walk) nextOf(x, out *survey.Link) netip.Addr {
	for _, a := range x.Addrs() {
		for _, b := range w.addresses(out) {
			if prefixOf(b).Contains(own(a)) {
				return own(a)
			}
		}
	}
	return netip.Addr{}
}

// bridgeOf is the bridge that a link is connected with, or that it is.
func (w *walk) bridgeOf(out *survey.Link, seg *segment) *survey.Link {
	if out.Info.Kind == "bridge" {
		return out
	}
	for _, e := range seg.ends {
		for _, step := range e.way {
			if step.bridge != nil {
				return step.bridge
			}
		}
	}
	return nil
}

// noGateway tells what is wrong with a gateway that nobody is, and that nobody could be
// in its place.
func (w *walk) noGateway(f *facts, seg *segment) bool {
	for i := range seg.ends { // one that ought to be the gateway, but has no address
		l := seg.ends[i].link
		if l.Namespace == w.want || l.Namespace == w.From || len(usableOf(l, f.a.Is6())) > 0 {
			continue
		}
		for _, a := range usableOf(f.l, f.a.Is6()) {
			f.i = int(a.PrefixLen)
		}
		f.l, f.o, f.remedy = l, l.Namespace, []string{addAddr(l, f.a, f.i)}
		return w.fault("addr/missing gateway", f)
	}
	return w.fault("route/gateway lost", f)
}

// both is a setting of IPv4 of a link, or that of all links if it is greater.
func (w *walk) both(l *survey.Link, name string) int {
	return max(w.number(l.Namespace, "net/ipv4/conf/all/"+name), w.number(l.Namespace, "net/ipv4/conf/"+l.Name+"/"+name))
}
