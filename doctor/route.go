//go:build linux

package doctor

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// route asks for the way of a packet of the namespace's own, or of one that came in by a
// link. What there is none for is a finding, and nil.
func (w *walk) route(n *survey.Namespace, p *packet, by *survey.Link) *rtnl.Route {
	q := &rtnl.Route{Family: rtnl.Family(family(p.dst)), Dst: whole(p.dst), IPProto: p.number(), DPort: p.dport}
	if p.proto == unix.IPPROTO_ICMP {
		q.IPProto, q.DPort = 0, 0 // the kernel wants a type with it
	}
	if p.src.IsValid() {
		q.Src = whole(p.src)
	}
	if by != nil {
		q.IIF = by.Index
	}
	r, err := w.host.Route(n, q)
	if err != nil {
		w.noRoute(n, p, by, err)
		return nil
	}
	switch r.Type {
	case unix.RTN_BLACKHOLE, unix.RTN_UNREACHABLE, unix.RTN_PROHIBIT: // IPv6 answers with them
		w.noRoute(n, p, by, unix.EINVAL)
		return nil
	}
	return r
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
	r, err := w.host.Route(n, &rtnl.Route{Family: unix.AF_INET, Dst: whole(p.src), Src: w.sourceOf(n, p)})
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

// sourceOf is the source of the look-up that rp_filter makes: the packet's destination,
// if it is the namespace's own.
func (w *walk) sourceOf(n *survey.Namespace, p *packet) netip.Prefix {
	if w.isLocal(n, p.dst) {
		return whole(p.dst)
	}
	return netip.Prefix{}
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
	if p.dst.Is4() && w.number(n, "net/ipv4/ip_forward") == 1 {
		set = "net.ipv4.conf." + by.Name + ".forwarding"
	}
	return w.fault("route/forward-off", &facts{n: n, p: p, s: path, t: set})
}

// refusing are the keys of what is said of routes that refuse packets.
var refusing = [...]string{unix.RTN_BLACKHOLE: "route/blackhole", unix.RTN_UNREACHABLE: "route/unreachable", unix.RTN_PROHIBIT: "route/prohibit"}

// best is the route of a namespace's own table that would be taken if no rule were.
func best(n *survey.Namespace, a netip.Addr) (found *rtnl.Route) {
	bits := -1
	for i := range n.Routes {
		r := &n.Routes[i]
		length := 0
		switch {
		case r.Table != unix.RT_TABLE_MAIN || r.Family != rtnl.Family(family(a)):
			continue
		case r.Dst.IsValid() && !r.Dst.Contains(a):
			continue
		case r.Dst.IsValid():
			length = r.Dst.Bits()
		}
		if length > bits {
			found, bits = r, length
		}
	}
	return found
}

// noRoute tells why there is none.
func (w *walk) noRoute(n *survey.Namespace, p *packet, by *survey.Link, err error) bool {
	f := facts{n: n, p: p, a: p.dst, s: p.dst.String() + ": " + words(err), t: "default"}
	var no unix.Errno
	errors.As(err, &no)
	switch no {
	case unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EACCES, unix.EINVAL, unix.EXDEV:
	default:
		w.unseen(n, "routes", err)
		return false
	}
	if main := best(n, p.dst); main != nil {
		if main.Dst.IsValid() {
			f.t = main.Dst.String()
		}
		if int(main.Type) < len(refusing) && refusing[main.Type] != "" {
			return w.fault(refusing[main.Type], &f)
		}
		if by == nil {
			w.policy(&f)
		}
		return w.fault2("route/refused", &f)
	}
	for _, l := range n.Links {
		if l.Flags&unix.IFF_LOOPBACK == 0 && l.Flags&unix.IFF_UP == 0 && (len(n.Links) == 2 || len(l.Addrs()) > 0) {
			return w.down(l)
		}
	}
	if len(usable(n, p.dst.Is6())) == 0 {
		return w.noAddress(n, p.dst.Is6(), netip.Addr{})
	}
	if w.wrongPrefix(n, p.dst, f.s) || p.reply && w.wrongPrefix(n, w.Dest, f.s) {
		return false
	}
	return w.missing(&f)
}

// fault2 is a fault unless there is one.
func (w *walk) fault2(key string, f *facts) bool { return w.Fault() == nil && w.fault(key, f) }

// words are the errno of an error in words.
func words(err error) string {
	var no unix.Errno
	if errors.As(err, &no) {
		return no.Error()
	}
	return err.Error()
}

// policy finds the rule that leads away from the main table.
func (w *walk) policy(f *facts) {
	for i := range f.n.Rules {
		r := &f.n.Rules[i]
		if r.Family != rtnl.Family(family(f.a)) || r.Priority.V >= 32766 || r.Table == unix.RT_TABLE_LOCAL && r.Priority.V == 0 ||
			r.Src.IsValid() && f.p.src.IsValid() && !r.Src.Contains(f.p.src) || r.Dst.IsValid() && !r.Dst.Contains(f.a) {
			continue
		}
		f.i, f.j = int(r.Priority.V), int(r.Table)
		w.fault("route/policy", f)
		return
	}
}

// missing is that of a route which nothing but a route or NAT mends.
func (w *walk) missing(f *facts) bool {
	f.remedy = w.addRoute(f.n, f.a)
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

// network is that which an address is of, as who has it says.
func (w *walk) network(a netip.Addr) string {
	for _, l := range w.owners(a) {
		return prefixOf(addrOf(l, a)).String()
	}
	return a.String()
}

// addRoute looks for a gateway: one on a network of the namespace that passes packets
// on, and knows the way.
func (w *walk) addRoute(n *survey.Namespace, dst netip.Addr) []string {
	f := facts{n: n, a: dst, t: "default"}
	if f.b, f.l = w.gateway(n, dst); f.l == nil {
		return nil
	}
	if best(n, dst) != nil || w.reply && w.From.Home {
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
