//go:build linux

package doctor

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// route asks for the way of a packet of the namespace's own, or of one that came in by a
// link. What there is none for is a finding, and nil.
func (w *walk) route(n *survey.Namespace, p *packet, by *survey.Link) *rtnl.Route {
	r, err := w.look(n, p, by)
	if err != nil {
		w.noRoute(n, p, by, err)
		return nil
	}
	if r.Type == unix.RTN_BROADCAST || r.Type == unix.RTN_MULTICAST {
		w.ofMany(p.dst)
		return nil
	}
	return r
}

// look asks the kernel for the way of a packet.
func (w *walk) look(n *survey.Namespace, p *packet, by *survey.Link) (*rtnl.Route, error) {
	q := &rtnl.Route{Family: rtnl.Family(family(p.dst)), Dst: whole(p.dst), IPProto: p.number(), SPort: p.sport, DPort: p.dport, Mark: p.mark.value}
	if p.src.IsValid() {
		q.Src = whole(p.src)
	}
	if by != nil {
		q.IIF = by.Index
	} else if p.zone != nil {
		q.OIF = p.zone.Index
	}
	if p.mark.doubt && !w.doubt && marked(n) {
		w.doubt = true
		w.Unseen = append(w.Unseen, n.Label()+": the mark of "+p.String()+", by which \"ip rule\" chooses the table: a rule sets it by what is not known here")
	}
	r, err := w.host.Route(n, q)
	if err == nil && refuses(r) { // IPv6 answers with them
		err = unix.EINVAL
	}
	return r, err
}

func whole(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// out is the link that a route leaves by.
func (w *walk) out(n *survey.Namespace, r *rtnl.Route) *survey.Link {
	if r.OIF == 0 && len(r.NextHops) > 0 {
		r.OIF, r.Gateway = r.NextHops[0].OIF, r.NextHops[0].Gateway
	}
	return n.Link(r.OIF)
}

// routeText is a route as ip writes it, in short.
func routeText(n *survey.Namespace, r *rtnl.Route) string {
	text := ""
	if r.Gateway.IsValid() {
		text = " via " + r.Gateway.String()
	}
	if l := n.Link(r.OIF); l != nil {
		text += " dev " + l.Name
	}
	return strings.TrimPrefix(text, " ")
}

func (w *walk) routeStep(n *survey.Namespace, r *rtnl.Route, p *packet) {
	w.step(n, p, ": "+routeText(n, r))
}

// source checks where the packet says that it comes from: rp_filter, and addresses that
// cannot be.
func (w *walk) source(by *survey.Link, p *packet) bool {
	n := by.Namespace
	if !p.src.Is4() {
		return true
	}
	if w.isLocal(n, p.src) {
		if v, _ := w.host.Sysctl(n, "net/ipv4/conf/"+by.Name+"/accept_local"); v == "1" {
			return true
		}
		return w.ownSource(by, p)
	}
	f := facts{n: n, l: by, a: p.src, i: w.both(by, "rp_filter")}
	if f.i == 0 {
		return true
	}
	r, err := w.wayBack(n, by, p)
	if err != nil {
		f.s = words(err)
		return w.fault("route/rp-filter none", &f)
	}
	if f.i == 2 || r.OIF == by.Index || w.multipath(r, by.Index) {
		return true
	}
	f.s = routeText(n, r)
	return w.fault("route/rp-filter", &f)
}

// wayBack is the route that rp_filter looks up: that of an answer, from the packet's
// destination. If this is not the namespace's own, the kernel cannot be asked, and the
// tables are read.
func (w *walk) wayBack(n *survey.Namespace, by *survey.Link, p *packet) (*rtnl.Route, error) {
	q := &rtnl.Route{Family: unix.AF_INET, Dst: whole(p.src), IPProto: p.number()}
	back := packet{src: p.dst, dst: p.src, proto: p.proto, sport: p.dport, dport: p.sport}
	if w.both(by, "src_valid_mark") != 0 {
		back.mark, q.Mark = p.mark, p.mark.value
	}
	if w.isLocal(n, p.dst) {
		q.Src = whole(p.dst)
	} else if _, r := decide(n, &back, nil); r != nil && r.Type == unix.RTN_UNICAST && r.OIF != 0 {
		return r, nil
	}
	return w.host.Route(n, q)
}

func (w *walk) multipath(r *rtnl.Route, index uint32) bool {
	for i := range r.NextHops {
		if r.NextHops[i].OIF == index {
			return true
		}
	}
	return false
}

// number is a sysctl; 0 also if it cannot be read, which is noted.
func (w *walk) number(n *survey.Namespace, path string) int {
	v, err := w.host.Sysctl(n, path)
	if err != nil {
		if !errors.Is(err, unix.ENOENT) {
			w.unseen(n, path, err)
		}
		return 0
	}
	i, _ := strconv.Atoi(v) // the kernel writes numbers
	return i
}

// forwards checks that the namespace passes on what is not for itself.
func (w *walk) forwards(by *survey.Link, p *packet) bool {
	n := by.Namespace
	path, set := "net/ipv4/conf/"+by.Name+"/forwarding", "net.ipv4.ip_forward"
	if !p.dst.Is4() {
		path, set = "net/ipv6/conf/all/forwarding", "net.ipv6.conf.all.forwarding"
		if w.number(n, "net/ipv6/conf/"+by.Name+"/force_forwarding") == 1 {
			return true
		}
	}
	v, err := w.host.Sysctl(n, path)
	if err != nil {
		w.unseen(n, path, err)
		return true
	}
	if v != "0" {
		return true
	}
	if _, r := decide(n, p, by); r == nil || refuses(r) {
		if _, err := w.look(n, &packet{dst: p.dst, proto: p.proto, mark: p.mark}, nil); err != nil {
			return w.noRoute(n, p, by, err) // nor would it know where to
		}
	} else if last := w.path[len(w.path)-1]; r.OIF == by.Index && r.Gateway.IsValid() && w.isLocal(last, r.Gateway) {
		return w.loop(n, p, routeText(n, r))
	}
	if p.dst.Is4() && w.number(n, "net/ipv4/ip_forward") == 1 {
		set = quoted(nsfs.SysctlName(path))
	}
	return w.fault("route/forward-off", &facts{n: n, p: p, s: path, t: set})
}

// missing is that of a route which nothing but a route or NAT mends.
func (w *walk) missing(f *facts) bool {
	if w.reply && w.wrongSource(f.a) || w.wrongTarget(f.p, true) {
		return false
	}
	f.remedy = w.addRoute(f.n, f.a)
	if f.remedy == nil && w.astray(f.n, f.p) {
		return false
	}
	if !w.reply {
		return w.fault("route/missing", f)
	}
	if f.o = w.masquerader(); f.o != nil {
		for _, l := range f.n.Links {
			for _, e := range w.segment(l).ends {
				if e.link.Namespace == f.o {
					f.l = e.link
				}
			}
		}
	}
	if f.l == nil {
		return w.fault("route/missing-back", f)
	}
	f.t = w.network(f.a)
	return w.fault("nat/masquerade-missing", f)
}

// astray finds who, before the namespace that a packet has come to, ought to have sent it
// another way. It is true if there is one.
func (w *walk) astray(n *survey.Namespace, p *packet) bool {
	f := facts{o: n, a: p.dst}
	for i := len(w.path) - 1; i >= 0; i-- {
		f.n = w.path[i]
		if by, l := w.gateway(f.n, p.dst); l != nil && f.n != f.o && !w.isLocal(f.o, by) {
			f.remedy = w.addRoute(f.n, p.dst)
			if r, err := w.look(f.n, &packet{dst: p.dst, proto: p.proto}, nil); err == nil {
				f.s = routeText(f.n, r)
			}
			if p.reply {
				return !w.fault("route/missing-back astray", &f)
			}
			return !w.fault("route/missing astray", &f)
		}
		f.o = f.n
		for _, c := range w.conns {
			if c.ns == f.n && (c.dnat != nil || c.snat != nil) { // those before had another address
				return false
			}
		}
	}
	return false
}

// loop tells of a packet that comes back to where it was.
func (w *walk) loop(n *survey.Namespace, p *packet, evidence string) bool {
	return !w.astray(n, p) && w.fault("route/loop", &facts{n: n, s: evidence})
}

// addRoute looks for a gateway: one on a network of the namespace that passes packets
// on, and knows the way.
func (w *walk) addRoute(n *survey.Namespace, dst netip.Addr) []string {
	f := facts{n: n, a: dst, t: "default"}
	if f.b, f.l = w.gateway(n, dst); f.l == nil {
		return nil
	}
	_, r := decide(n, &packet{dst: dst}, nil)
	switch {
	case r != nil:
		f.t = target(whole(dst), r.Table)
	case w.reply && w.From.Home:
		f.t = whole(dst).String()
	}
	return f.commands("@n ip %6route add %t via %b dev %L")
}

// gateway is the address of a neighbour by which dst may be reached, and the link to it.
func (w *walk) gateway(n *survey.Namespace, dst netip.Addr) (found netip.Addr, by *survey.Link) {
	for pass := range 2 { // one that has an address in the network of dst, or else any with more than one link
		for _, l := range n.Links {
			if l.Flags&unix.IFF_LOOPBACK != 0 || l.Master() != nil {
				continue
			}
			mine := usableOf(l, dst.Is6())
			for _, e := range w.segment(l).ends {
				other := e.link.Namespace
				if other == n || pass == 0 && !knows(other, dst) || pass == 1 && !w.onward(other, n, dst) {
					continue
				}
				for _, a := range usableOf(e.link, dst.Is6()) {
					for _, m := range mine {
						if prefixOf(m).Contains(own(a)) {
							return own(a), l
						}
					}
				}
			}
		}
	}
	return found, nil
}

// onward says that a namespace has a route to dst that does not lead back.
func (w *walk) onward(n, back *survey.Namespace, dst netip.Addr) bool {
	r := best(n, dst)
	path := "net/ipv4/ip_forward"
	if dst.Is6() {
		path = "net/ipv6/conf/all/forwarding"
	}
	return r != nil && w.number(n, path) == 1 && !(r.Gateway.IsValid() && w.isLocal(back, r.Gateway))
}

// knows says that dst is in a network of the namespace's own.
func knows(n *survey.Namespace, dst netip.Addr) bool {
	for _, a := range usable(n, dst.Is6()) {
		if prefixOf(a).Contains(dst) {
			return true
		}
	}
	return false
}
