//go:build linux

package doctor

import (
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/survey"
)

// nudValid are the states of neighbours whose link-layer address is used (linux/neighbour.h).
const nudValid = unix.NUD_PERMANENT | unix.NUD_NOARP | unix.NUD_REACHABLE | unix.NUD_STALE | unix.NUD_DELAY | unix.NUD_PROBE

// What packet.nd is: an operation of ARP, or a type of ICMPv6.
const (
	arpRequest = 1   // ARPOP_REQUEST
	arpReply   = 2   // ARPOP_REPLY
	ndSolicit  = 135 // ND_NEIGHBOR_SOLICIT
	ndAdvert   = 136 // ND_NEIGHBOR_ADVERT
)

// arp says that it is no packet of IP.
func (p *packet) arp() bool { return p.nd == arpRequest || p.nd == arpReply }

// arpHeader is a packet of ARP; the addresses of links in it are not known.
func (p *packet) arpHeader() (header []byte, known func(i int) bool) {
	h := make([]byte, 28)
	h[1], h[2], h[4], h[5], h[7] = unix.ARPHRD_ETHER, 0x08, 6, 4, p.nd
	copy(h[14:], p.src.AsSlice())
	copy(h[24:], p.dst.AsSlice())
	return h, func(i int) bool { return i < 8 || i >= 24 || i >= 14 && i < 18 }
}

// A meeting is what a namespace has learned from who asked it.
type meeting struct {
	ns *survey.Namespace
	a  netip.Addr
}

// discovers has the sender ask who has the address of a neighbour, by ARP or by neighbour
// discovery, and hear the answer: rules may drop these where they let packets pass. A
// neighbour that is known is not asked for.
func (w *walk) discovers(out *survey.Link, next netip.Addr, to *arrival, p *packet) bool {
	n := out.Namespace
	if out.Flags&unix.IFF_NOARP != 0 {
		return true
	}
	for _, m := range w.met {
		if m.ns == n && m.a == next {
			return true
		}
	}
	for i := range n.Neighs {
		if e := &n.Neighs[i]; e.Index == out.Index && e.Dst == next && e.State&nudValid != 0 {
			return true
		}
	}
	src := w.asker(out, next, p)
	if !src.IsValid() { // the kernel asks in the name of 0.0.0.0, or not at all
		return true
	}
	q := packet{src: src, dst: next, proto: unix.IPPROTO_ICMP, nd: arpRequest}
	if next.Is6() {
		q.nd = ndSolicit
	}
	if !w.comes(out, to, &q) {
		return false
	}
	w.met = append(w.met, meeting{to.link.Namespace, src})
	q.src, q.dst = next, src
	q.nd++ // arpReply, ndAdvert
	return w.comes(out, to, &q)
}

// asker is the address in whose name a link asks for a neighbour: that of the packet, if
// it is the namespace's own, of IPv6 the link's own; or one of the link.
func (w *walk) asker(out *survey.Link, next netip.Addr, p *packet) (found netip.Addr) {
	if next.Is4() && w.isLocal(out.Namespace, p.src) || addrOf(out, p.src) != nil {
		return p.src
	}
	for _, a := range out.Addrs() {
		o := own(a)
		if o.Is4() == next.Is4() && (o.Is4() || o.IsLinkLocalUnicast()) && (!found.IsValid() || prefixOf(a).Contains(next)) {
			found = o
		}
	}
	return found
}

// comes shows a question, or its answer, which comes back the same way, to all rules on it.
func (w *walk) comes(out *survey.Link, to *arrival, p *packet) bool {
	in, back := to.link, p.nd == arpReply || p.nd == ndAdvert
	if back {
		out, in = in, out
	}
	c := w.connection(out.Namespace, p)
	if !w.hook(c, nft.Output, nil, out, p) || !w.hook(c, nft.Postrouting, nil, out, p) {
		return false
	}
	for i := range to.way {
		e := to.way[i]
		if back {
			e = to.way[len(to.way)-1-i]
			e.from, e.to = e.to, e.from
		}
		if !w.edge(&e, p) {
			return false
		}
	}
	c = w.connection(in.Namespace, p)
	return w.hook(c, nft.Prerouting, in, nil, p) && w.hook(c, nft.Input, in, nil, p)
}

// arpHook shows a packet of ARP to the chains of its family, which numbers hooks in its own way.
func (w *walk) arpHook(m *machine) bool {
	switch m.num {
	case nft.Input:
		m.num = 0 // NF_ARP_IN
	case nft.Output:
		m.num = 1 // NF_ARP_OUT
	default:
		return true
	}
	m.family = nft.ARP
	return w.chains(m, w.ruleset(m.conn.ns), func(ch *nft.Chain) bool { return ch.Family == nft.ARP })
}

// discovery has the words of nft for questions and answers of neighbours.
func (m *machine) discovery() string {
	switch {
	case m.family == nft.ARP:
		return "arp htype 1"
	case m.packet.dst.Is4():
		return "ether type arp"
	}
	return "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }"
}

// meet is what lets them pass, before a policy or a rule that drops all: facts have the
// table, and the chain.
func (m *machine) meet(l *place, f *facts) []string {
	f.t = l.chain.Name
	if l.rule != nil {
		f.t = l.rule.Chain
	}
	if l.in.Old || l.chain.Family == nft.IPv6 && strings.ToUpper(f.t) == f.t { // as ip6tables calls them
		f.s = l.legacy()
		if !l.in.Old {
			f.s = strings.Replace(f.s, "-legacy", "", 1)
		}
		return f.commands("@n %s -I %t -p icmpv6 --icmpv6-type neighbour-solicitation -j ACCEPT\n@n %s -I %t -p icmpv6 --icmpv6-type neighbour-advertisement -j ACCEPT")
	}
	f.s = m.discovery()
	return f.commands("@n nft insert rule " + l.table() + " %t %s accept")
}
