//go:build linux

package doctor

import (
	"net/netip"

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
		w.step(b.Namespace, "the bridged packet has a new destination")
	}
	if !w.hook(c, nft.Forward, b, b, p) {
		return false
	}
	src := p.src
	if !w.hook(c, nft.Postrouting, nil, b, p) {
		return false
	}
	if !p.reply && p.src != src && c.snat != nil {
		w.found(Warning, "nat/masquerade-bridged", b.Namespace.Label()+" changes the source of packets that its bridge "+b.Name+" only passes on from "+in1.Name+" to "+out1.Name+", as br_netfilter is on",
			[]string{"net.bridge.bridge-nf-call-iptables is 1; " + c.snat.String()}, w.exceptLocal(c.snat, src))
	}
	return true
}

// exceptLocal has a rule that translates sources leave those alone that stay in their network.
func (w *walk) exceptLocal(r *place, src netip.Addr) []string {
	net := "NETWORK"
	for _, l := range w.owners(src) {
		net = prefixOf(addrOf(l, src)).String()
	}
	return []string{in(r.ns, "nft insert rule "+r.table()+" "+r.rule.Chain+" "+nftFamily(src)+" saddr "+net+" "+nftFamily(src)+" daddr "+net+" accept")}
}

func nftFamily(a netip.Addr) string {
	if a.Is4() {
		return "ip"
	}
	return "ip6"
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
			return w.fault("nat/no-address", c.ns.Label()+" drops the packet: it is to masquerade it, but "+out.Name+" has no address", where.String(), where.del())
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
		p.src, c.snat = o.addr, where
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
	w.step(c.ns, "NAT: "+p.String()+" by "+where.String())
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
func (w *walk) diverted(n *survey.Namespace, p *packet) {
	for _, c := range w.conns {
		if c.dnat == nil {
			continue
		}
		id, what := "nat/diverted", c.ns.Label()+" sends the packet to "+hostPort(p.dst, p.dport)+" in "+n.Label()
		if c.dnat.anything() {
			id, what = "nat/dnat-all", what+": the rule says neither protocol nor port, and takes all"
		}
		w.fault(id, what, c.dnat.String(), c.dnat.del())
		return
	}
	w.fault("addr/duplicate", "the packet arrives in "+n.Label()+", which has the address "+p.dst.String()+" as well as "+w.want.Label(), "RTM_GETADDR in both", w.delOwner(n, p.dst)...)
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
	for i := range rs.Chains {
		if ch := &rs.Chains[i]; ch.Hook.Ok && ch.Type == "nat" && ch.Hook.V.Num == nft.Postrouting {
			return r
		}
	}
	return nil
}

// masquerade has a router masquerade what comes from the network of an address.
func (w *walk) masquerade(r *survey.Namespace, link string, src netip.Addr) []string {
	net := whole(src).String()
	for _, l := range w.owners(src) {
		net = prefixOf(addrOf(l, src)).String()
	}
	command := "iptables"
	if src.Is6() {
		command = "ip6tables"
	}
	return []string{in(r, command+" -t nat -A POSTROUTING -s "+net+" -o "+link+" -j MASQUERADE")}
}

// leftBy looks at a packet that goes to where nothing can be seen.
func (w *walk) leftBy(out *survey.Link, p *packet) {
	if p.reply || !p.src.IsPrivate() {
		return
	}
	for _, a := range usableOf(out, p.src.Is6()) {
		if prefixOf(a).Contains(p.src) || w.isLocal(out.Namespace, p.src) {
			return
		}
	}
	w.found(Suspect, "nat/masquerade-missing", "packets leave "+at(out)+" with the source "+p.src.String()+", which others can hardly answer to",
		[]string{"the source is that of another network than " + out.Name + "'s"}, w.masquerade(out.Namespace, out.Name, p.src))
}

// ownSource tells of a packet that comes to a namespace from an address of its own.
func (w *walk) ownSource(by *survey.Link, p *packet) bool {
	if c := w.hairpinned(); c != nil && !p.reply {
		return w.fault("nat/hairpin", by.Namespace.Label()+" gets its own packet back, by "+c.ns.Label()+", and drops it since the source is its own address", c.dnat.String(),
			w.hairpinRemedy(c, p.src, p.dst)...)
	}
	return w.fault("addr/duplicate", by.Namespace.Label()+" has the address "+p.src.String()+" itself, and drops what comes from there", "RTM_GETADDR in "+by.Namespace.Label(),
		w.delOwner(by.Namespace, p.src)...)
}

// hairpinned is the namespace that changed the destination, or nil.
func (w *walk) hairpinned() *conn {
	for _, c := range w.conns {
		if c.dnat != nil {
			return c
		}
	}
	return nil
}

func (w *walk) hairpinRemedy(c *conn, src, dst netip.Addr) []string {
	command := "iptables"
	if src.Is6() {
		command = "ip6tables"
	}
	return []string{in(c.ns, command+" -t nat -A POSTROUTING -s "+src.String()+" -d "+dst.String()+" -j MASQUERADE")}
}

// hairpinNAT tells of an answer that went past who would have translated it back.
func (w *walk) hairpinNAT(p *packet) bool {
	if c := w.hairpinned(); c != nil {
		return w.fault("nat/hairpin", w.From.Label()+" asked "+w.Dest.String()+" and is answered by "+p.src.String()+": the answer goes past "+c.ns.Label()+", which changed the destination", c.dnat.String(),
			w.hairpinRemedy(c, w.Source, p.src)...)
	}
	return w.fault("route/answer", "the answer comes from "+p.src.String()+", and not from "+w.Dest.String()+", so that "+w.From.Label()+" does not know it", "the way back")
}
