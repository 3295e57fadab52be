//go:build linux

package doctor

import (
	"net/netip"
	"slices"
	"strconv"

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
			w.onPort(out, m, usual[0], "RTM_GETROUTE "+p.dst.String()+": "+routeText(out.Namespace, r))
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
			w.step(out.Namespace, "the way leaves what can be seen by "+seg.open.Name)
			w.leftBy(out, p)
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
			w.fault("addr/duplicate", at(other.link)+" has the address "+next.String()+" as well as "+at(to.link)+": it is chance which of them answers",
				"RTM_GETADDR in both", w.delOwner(other.link.Namespace, next)...)
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
		if n.Err != nil || !a.Is4() || max(w.number(n, "net/ipv4/conf/all/proxy_arp"), w.number(n, "net/ipv4/conf/"+e.link.Name+"/proxy_arp")) == 0 {
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
	return a.Is4() && w.isLocal(l.Namespace, a) && max(w.number(l.Namespace, "net/ipv4/conf/all/arp_ignore"), w.number(l.Namespace, "net/ipv4/conf/"+l.Name+"/arp_ignore")) == 0
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
		if e.State&(unix.NUD_PERMANENT|unix.NUD_NOARP|unix.NUD_REACHABLE|unix.NUD_STALE|unix.NUD_DELAY|unix.NUD_PROBE) == 0 || e.LLAddr == to.link.Addr {
			continue
		}
		id, what := "neigh/stale", " remembers that "
		if e.State&(unix.NUD_PERMANENT|unix.NUD_NOARP) != 0 {
			id, what = "neigh/permanent", " was told that "
		}
		return w.fault(id, n.Label()+what+next.String()+" is at "+e.LLAddr.String()+", but it is at "+to.link.Addr.String()+" ("+at(to.link)+")",
			"RTM_GETNEIGH: "+e.State.String(), in(n, "ip neigh del "+next.String()+" dev "+out.Name))
	}
	for _, l := range [...]*survey.Link{out, to.link} {
		if l.Flags&unix.IFF_NOARP != 0 && out.Info.Kind != "" {
			return w.fault("neigh/noarp", at(l)+" neither asks nor answers who has an address", "RTM_GETLINK: IFF_NOARP", in(l.Namespace, "ip link set "+l.Name+" arp on"))
		}
	}
	if next.Is4() {
		if mode := max(w.number(to.link.Namespace, "net/ipv4/conf/all/arp_ignore"), w.number(to.link.Namespace, "net/ipv4/conf/"+to.link.Name+"/arp_ignore")); mode == 8 {
			return w.fault("neigh/arp-ignore", at(to.link)+" does not answer who has an address", "net.ipv4.conf."+to.link.Name+".arp_ignore or that of all is 8",
				in(to.link.Namespace, "sysctl -w net.ipv4.conf."+to.link.Name+".arp_ignore=0 net.ipv4.conf.all.arp_ignore=0"))
		}
	}
	return true
}

// nobody tells why no one on the network has the address that packets are to go to.
func (w *walk) nobody(out *survey.Link, next netip.Addr, r *rtnl.Route, p *packet, seg *segment) {
	n := out.Namespace
	evidence := "RTM_GETROUTE " + p.dst.String() + " in " + n.Label() + ": " + routeText(n, r)
	if out.Peer == nil && out.Info.Kind == "veth" {
		w.fault("link/cable-gone", at(out)+" leads to a namespace that has no name", "RTM_GETLINK: IFLA_LINK_NETNSID", "minins ns list")
		return
	}
	owners := w.owners(next)
	for _, x := range owners {
		if w.elsewhere(out, x, seg, evidence) {
			return
		}
	}
	if next != p.dst { // a gateway
		w.noGateway(out, next, r, p, seg, evidence)
		return
	}
	if len(owners) > 0 {
		if w.wrongPrefix(n, next, evidence) {
			return
		}
		x := owners[0]
		w.fault("route/wrong-link", next.String()+" is at "+at(x)+", to where "+at(out)+" does not lead", evidence, w.rerouted(n, out, r, next)...)
		return
	}
	if w.want != nil && !p.reply {
		w.noAddress(w.want, next.Is6(), next)
		return
	}
	w.fault("addr/nobody", "nobody on the network of "+at(out)+" has the address "+next.String(), evidence+"; RTM_GETADDR in "+strconv.Itoa(len(seg.ends))+" links there")
}

// rerouted takes a wrong route out and puts the right one in.
func (w *walk) rerouted(n *survey.Namespace, out *survey.Link, r *rtnl.Route, dst netip.Addr) []string {
	to := "default"
	if main := best(n, dst); main != nil && main.Dst.IsValid() {
		to = main.Dst.String()
	}
	remedy := []string{in(n, "ip "+ipFlag(dst)+"route del "+to+" dev "+out.Name)}
	if gw, l := w.gateway(n, dst); l != nil {
		remedy = append(remedy, in(n, "ip "+ipFlag(dst)+"route add "+to+" via "+gw.String()+" dev "+l.Name))
	}
	return remedy
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
		y := end.port
		if y == nil || y == end.other {
			continue
		}
		to := bridge
		if end.other == x { // our own end is the loose one
			to = w.bridgeOf(x, w.segment(x))
		}
		m := y.Master()
		switch {
		case to == nil || to.Namespace != y.Namespace || m == to:
			continue
		case m == nil:
			return !w.fault("bridge/no-port", at(y)+" is a port of no bridge, so that "+at(y.Peer)+" is connected with nothing", "RTM_GETLINK: no IFLA_MASTER",
				in(y.Namespace, "ip link set "+y.Name+" master "+to.Name))
		default:
			return !w.fault("bridge/other", at(y)+" is a port of the bridge "+m.Name+", and not of "+to.Name, "RTM_GETLINK: IFLA_MASTER is "+m.Name,
				in(y.Namespace, "ip link set "+y.Name+" master "+to.Name))
		}
	}
	return false
}

func (w *walk) onPort(port, bridge *survey.Link, a *rtnl.Addr, evidence string) bool {
	return w.fault("addr/on-port", own(a).String()+" is an address of "+at(port)+", which is a port of the bridge "+bridge.Name+": what comes in there is the bridge's",
		evidence, delAddr(port, a), addAddr(bridge, own(a), int(a.PrefixLen)))
}

// nextOf is the address of x that is in a network of out's.
func (w *walk) nextOf(x, out *survey.Link) netip.Addr {
	for _, a := range x.Addrs() {
		for _, b := range w.ofNetwork(out) {
			if prefixOf(b).Contains(own(a)) {
				return own(a)
			}
		}
	}
	return netip.Addr{}
}

func (w *walk) ofNetwork(l *survey.Link) []*rtnl.Addr {
	return append(usableOf(l, false), usableOf(l, true)...)
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

// noGateway tells what is wrong with a gateway that nobody is.
func (w *walk) noGateway(out *survey.Link, gw netip.Addr, r *rtnl.Route, p *packet, seg *segment, evidence string) {
	n := out.Namespace
	if other, _ := w.gateway(n, p.dst); other.IsValid() && other != gw {
		to := "default"
		if main := best(n, p.dst); main != nil && main.Dst.IsValid() {
			to = main.Dst.String()
		}
		w.fault("route/gateway", "the gateway of "+n.Label()+", "+gw.String()+", is nobody", evidence,
			in(n, "ip "+ipFlag(gw)+"route replace "+to+" via "+other.String()+" dev "+out.Name))
		return
	}
	for i := range seg.ends { // one that ought to be the gateway, but has no address
		l := seg.ends[i].link
		if l.Namespace != w.want && l.Namespace != w.From && len(usableOf(l, gw.Is6())) == 0 {
			bits := 0
			for _, a := range usableOf(out, gw.Is6()) {
				bits = int(a.PrefixLen)
			}
			w.fault("addr/missing", at(l)+" has not the address "+gw.String()+", which is the gateway of "+n.Label(), evidence+"; RTM_GETADDR in "+l.Namespace.Label(), addAddr(l, gw, bits))
			return
		}
	}
	w.fault("route/gateway", "the gateway of "+n.Label()+", "+gw.String()+", is nobody on the network of "+out.Name, evidence)
}
