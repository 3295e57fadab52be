//go:build linux

package doctor

import (
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/survey"
)

// bridgedIP shows a frame that is forwarded by a bridge to the chains of IP.
func (w *walk) bridgedIP(c *conn, b, in1, out1 *survey.Link, p *packet) bool {
	before := *p
	if !w.hook(c, nft.Prerouting, b, nil, p) {
		return false
	}
	if p.dst != before.dst && !p.reply {
		// It is routed to where it goes now. See the way of the bridge itself.
		w.step(b.Namespace, p, " has a new destination, and is routed")
	}
	if !w.hook(c, nft.Forward, b, b, p) {
		return false
	}
	src := p.src
	if !w.hook(c, nft.Postrouting, nil, b, p) {
		return false
	}
	if !p.reply && p.src != src && c.snat != nil {
		f := facts{n: b.Namespace, l: b, r: c.snat, a: src, t: w.network(src)}
		if c.snat.rule != nil {
			f.s = c.snat.table() + " " + c.snat.rule.Chain
		}
		w.found(Warning, "nat/masquerade-bridged", &f)
	}
	return true
}

// translate does what NAT says for the first packet.
func (w *walk) translate(c *conn, p *packet, o *outcome, out, by *survey.Link) bool {
	where := o.at
	switch {
	case o.masquerade:
		var to netip.Addr
		for _, a := range usableOf(out, p.dst.Is6()) {
			if !to.IsValid() || prefixOf(a).Contains(p.dst) {
				to = own(a)
			}
		}
		if !to.IsValid() {
			return w.fault("nat/no-address", &facts{n: c.ns, l: out, r: where})
		}
		p.src, c.snat = to, where
	case o.redirect:
		p.dst = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		if by != nil {
			for _, a := range usableOf(by, p.dst.Is6()) {
				p.dst = own(a)
			}
		}
		c.dnat = where
	case o.snat:
		p.src, c.snat, c.leaves = o.addr, where, out
	default:
		if o.addr.IsValid() {
			p.dst = o.addr
		}
		c.dnat = where
	}
	if o.port != 0 && !o.snat && !o.masquerade {
		p.dport = o.port
	}
	c.after = *p
	w.step(c.ns, p, " is what NAT makes of it: "+where.String())
	return true
}

// published says that a port of the namespace that was asked for is sent on on purpose.
func (w *walk) published() bool {
	for _, c := range w.conns {
		if c.dnat != nil && w.Port != 0 && w.isLocal(c.ns, c.first.dst) {
			return true
		}
	}
	return false
}

// diverted tells why the packet came to another namespace than it was for.
func (w *walk) diverted(n *survey.Namespace, p *packet) bool {
	c := w.hairpinned()
	if c == nil {
		return w.duplicate("addr/duplicate arrived", n, &facts{n: w.want, a: p.dst})
	}
	f := facts{n: n, o: c.ns, r: c.dnat, s: hostPort(p.dst, p.dport)}
	if c.dnat.anything() {
		return w.fault("nat/dnat-all", &f)
	}
	return w.fault("nat/diverted", &f)
}

// masquerader is the last router on the way there, if it is one that masquerades, or
// ought to.
func (w *walk) masquerader() *survey.Namespace {
	if len(w.routers) == 0 || !w.gate {
		return nil
	}
	r := w.routers[len(w.routers)-1]
	if r.Home {
		return r
	}
	rs := w.ruleset(r)
	for _, ch := range rs.hooked() {
		if ch.Type == "nat" && ch.Hook.V.Num == nft.Postrouting {
			return r
		}
	}
	return nil
}

// leftBy looks at a packet that goes to where nothing can be seen.
func (w *walk) leftBy(out *survey.Link, p *packet) {
	if p.reply || out.Flags&unix.IFF_LOOPBACK != 0 || !p.src.IsPrivate() || w.isLocal(out.Namespace, p.src) {
		return
	}
	for _, a := range usableOf(out, p.src.Is6()) {
		if prefixOf(a).Contains(p.src) {
			return
		}
	}
	w.found(Suspect, "nat/masquerade-missing out", &facts{o: out.Namespace, l: out, a: p.src, t: w.network(p.src)})
}

// ownSource tells of a packet that comes to a namespace from an address of its own.
func (w *walk) ownSource(by *survey.Link, p *packet) bool {
	if !p.reply && w.wrongSource(p.src) {
		return false
	}
	if c := w.hairpinned(); c != nil && !p.reply {
		if p.src.IsLoopback() {
			return w.fault("nat/hairpin loopback", &facts{n: by.Namespace, o: c.ns, r: c.dnat, a: p.src, b: p.dst})
		}
		return w.fault("nat/hairpin own", &facts{n: by.Namespace, o: c.ns, r: c.dnat, s: p.src.String(), a: p.src, b: p.dst})
	}
	if slices.Contains(w.path, by.Namespace) {
		return w.loop(by.Namespace, p, "what it has sent comes back to it by "+by.Name)
	}
	return w.duplicate("addr/duplicate source", by.Namespace, &facts{o: by.Namespace, a: p.src})
}

// hairpinned is what changed the destination, or nil.
func (w *walk) hairpinned() *conn {
	for _, c := range w.conns {
		if c.dnat != nil {
			return c
		}
	}
	return nil
}

// hairpinNAT tells of an answer that went past who would have translated it back.
func (w *walk) hairpinNAT(p *packet) bool {
	f := facts{n: w.From, a: w.Dest, b: p.src, s: w.Source.String()}
	if c := w.hairpinned(); c != nil {
		f.o, f.r = c.ns, c.dnat
		return w.fault("nat/hairpin", &f)
	}
	return w.fault("route/answer", &f)
}
