//go:build linux

package doctor

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// hops is how many namespaces a packet may come through: routes may go in circles.
const hops = 32

// send has a namespace send a packet of its own, and follows it. It returns where it
// arrives, or nil.
func (w *walk) send(n *survey.Namespace, p *packet) *survey.Namespace {
	w.path = append(w.path[:0], n)
	chosen := !p.src.IsValid()
	if all := usable(n, true); chosen && p.dst.Is6() && len(all) > 0 {
		if _, err := w.look(n, p, nil); err != nil { // it chooses a source, and looks again (ip6_dst_lookup_tail)
			p.src = own(all[0])
		}
	}
	r := w.route(n, p, nil)
	if r == nil {
		return nil
	}
	if chosen && !p.src.IsValid() {
		p.src = r.PrefSrc
		if !p.src.IsValid() {
			for _, l := range n.Links {
				for _, a := range l.Addrs() {
					if own(a).Is6() == p.dst.Is6() && !w.detection(l, own(a)) {
						return nil
					}
				}
			}
			w.fault("addr/missing", &facts{n: n, remedy: w.firstAddress(n, p.dst.Is6())})
			return nil
		}
		if p.dst.Is4() { // it looks again, with the source (ip_route_connect)
			if r = w.route(n, p, nil); r == nil {
				return nil
			}
		}
	}
	if !p.reply {
		w.Source = p.src
	}
	out := w.out(n, r)
	if r.Type != unix.RTN_LOCAL && w.isLocal(n, p.dst) { // the address is, but its route is not
		return w.loopback(n, nil, p)
	}
	before := *p
	c := w.connection(n, p)
	w.remarked = false
	if !w.hook(c, nft.Output, nil, out, p) {
		return nil
	}
	if p.dst != before.dst || w.remarked {
		if r = w.route(n, p, nil); r == nil {
			return nil
		}
		out = w.out(n, r)
	}
	w.routeStep(n, r, p)
	if !w.hook(c, nft.Postrouting, nil, out, p) {
		return nil
	}
	if r.Type == unix.RTN_LOCAL {
		return w.loopback(n, c, p)
	}
	if !p.reply && n == w.From {
		entry, _ := lookup(n, r.Table, p)
		w.gate = r.Gateway.IsValid() && entry != nil && !entry.Dst.IsValid()
	}
	return w.transmit(n, out, r, p, hops)
}

// loopback has a namespace reach itself.
func (w *walk) loopback(n *survey.Namespace, c *conn, p *packet) *survey.Namespace {
	lo := n.LinkNamed("lo")
	if lo == nil || lo.Flags&unix.IFF_UP == 0 {
		w.fault("link/lo-down", &facts{n: n})
		return nil
	}
	if w.want != nil && n != w.want && !p.reply {
		if w.isLocal(n, w.Dest) {
			w.duplicate("addr/duplicate own", n, &facts{n: n, a: w.Dest})
		} else {
			w.diverted(n, p)
		}
		return nil
	}
	if !w.hook(c, nft.Prerouting, lo, nil, p) || !w.hook(c, nft.Input, lo, nil, p) {
		return nil
	}
	return n
}

// take has a packet come in by a link, and follows it.
func (w *walk) take(to *arrival, p *packet, left int) *survey.Namespace {
	by := to.link
	n := by.Namespace
	c := w.connection(n, p)
	before := p.dst
	if !w.hook(c, nft.Prerouting, by, nil, p) {
		return nil
	}
	bounced := w.bounced(to, p, before)
	if !w.source(by, p) {
		return nil
	}
	local := w.isLocal(n, p.dst)
	if !local && p.src.Is6() && p.src.IsLinkLocalUnicast() {
		w.err = errors.New(`"` + p.src.String() + `" is link-local, and ` + n.Label() + ` passes nothing on from there; expected another address to ask from`)
		return nil
	}
	if !local && bounced == nil && !w.forwards(by, p) {
		return nil
	}
	r := w.route(n, p, by)
	if r == nil {
		return nil
	}
	if r.Type == unix.RTN_LOCAL || local {
		if !w.hook(c, nft.Input, by, nil, p) {
			return nil
		}
		return w.delivered(n, by, p)
	}
	out := w.out(n, r)
	w.routeStep(n, r, p)
	if !p.reply {
		w.routers = append(w.routers, n)
	}
	if left == 0 {
		w.loop(n, p, routeText(n, r))
		return nil
	}
	w.path = append(w.path, n)
	if out != by {
		bounced = nil
	}
	w.from = bounced
	if !w.hook(c, nft.Forward, by, out, p) || !w.hook(c, nft.Postrouting, nil, out, p) {
		return nil
	}
	return w.transmit(n, out, r, p, left-1)
}

// delivered checks that the packet has come where it was to come.
func (w *walk) delivered(n *survey.Namespace, by *survey.Link, p *packet) *survey.Namespace {
	w.step(n, p, " has arrived by "+by.Name)
	w.arrived = by
	if !p.reply && w.want != nil && n != w.want && !w.published() {
		w.diverted(n, p)
		return nil
	}
	return n
}

// cameBack checks that the answer came to who asked, as the answer to what was asked.
func (w *walk) cameBack(n *survey.Namespace, p *packet) bool {
	asked := packet{src: w.Source, dst: w.Dest, dport: w.Port}
	if n == w.From && p.answers(&asked) {
		return true
	}
	if n != w.From && w.wrongSource(p.dst) {
		return false
	}
	if n != w.From {
		return w.duplicate("addr/duplicate arrived", n, &facts{n: w.From, a: p.dst})
	}
	return w.hairpinNAT(p)
}

// transmit sends a packet out by a link to the neighbour that the route says, and has
// whoever that is take it.
func (w *walk) transmit(n *survey.Namespace, out *survey.Link, r *rtnl.Route, p *packet, left int) *survey.Namespace {
	if out == nil {
		return nil
	}
	next := p.dst
	if r.Gateway.IsValid() {
		next = r.Gateway
	} else if r.Via.IsValid() {
		next = r.Via
	}
	from := w.from
	w.from = nil
	to := w.neighbour(out, next, r, p)
	if to == nil {
		return nil
	}
	if from != nil && len(to.way) > 0 && to.way[0].to == from && !hairpin(from) {
		w.noHairpin(from)
		return nil
	}
	if !w.up(to.way) {
		return nil
	}
	for i := range to.way {
		if !w.edge(&to.way[i], p) {
			return nil
		}
	}
	if w.sameMAC(out, to) || !w.discovers(out, next, to, p) {
		return nil
	}
	w.fits(out, r, to)
	return w.take(to, p, left)
}

// connection is what a namespace's connection tracking makes of the packet.
func (w *walk) connection(n *survey.Namespace, p *packet) *conn {
	for _, c := range w.conns {
		if c.ns == n && p.nd == 0 && !(p.reply && c.notrack != nil) && (p.reply && p.answers(&c.after) || !p.reply && (p.same(&c.after) || p.same(&c.first))) {
			return c
		}
	}
	c := &conn{ns: n, first: *p, after: *p}
	if !p.reply && p.nd == 0 {
		w.conns = append(w.conns, c)
	}
	return c
}
