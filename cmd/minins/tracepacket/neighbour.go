//go:build linux

package tracepacket

import (
	"net/netip"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/path"
	"github.com/minins/minins/survey"
)

// awaited is why a packet did not leave by a link although the rules let it: the question
// for the neighbour, or its answer, was dropped by a rule, which is shown. It is "" if
// that is not so.
func (s *session) awaited(v *path.Visit, out *survey.Link) (why string, err error) {
	dst := v.First().Dst
	for i := range v.Steps {
		if p := v.Steps[i].Packet; p != nil {
			dst = p.Dst // as NAT has made it
		}
	}
	for _, q := range path.Neighbours(s.events, s.table, s.flow) {
		st := s.dropped(q, out, dst)
		if st == nil {
			continue
		}
		p := s.places[q.Where]
		s.out.leg("neighbour", q.First(), path.Dropped)
		s.enter(p, q)
		if err := s.step(p, st); err != nil {
			return "", err
		}
		s.out.shown()
		s.out.shown()
		by, err := s.by(p, st)
		return text("waits in namespace ", out.Namespace.Label(), " for the neighbour behind ", out.Name, ": ", q.First().String(), " was dropped by ", by), err
	}
	return "", nil
}

// awaits finds the neighbour behind a link that a packet to dst is handed to, if it is the
// one that is asked: dst itself, or a gateway.
func awaits(out *survey.Link, dst, asked netip.Addr) (neighbour netip.Addr, ok bool) {
	if isAsked(dst, asked) {
		return dst, true
	}
	for i := range out.Namespace.Routes {
		r := &out.Namespace.Routes[i]
		if r.OIF == out.Index && isAsked(r.Gateway, asked) {
			return r.Gateway, true
		}
		for j := range r.NextHops {
			if h := &r.NextHops[j]; h.OIF == out.Index && isAsked(h.Gateway, asked) {
				return h.Gateway, true
			}
		}
	}
	return dst, false
}

// isAsked says whether a packet that asks for a neighbour goes to who has an address: of
// IPv6, to the multicast address that those listen to (RFC 4291, 2.7.1), or to itself.
func isAsked(a, asked netip.Addr) bool {
	if !a.Is6() || !asked.IsMulticast() {
		return a == asked
	}
	b := a.As16()
	return asked == netip.AddrFrom16([16]byte{0: 0xff, 1: 2, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]})
}

// dropped is the step that dropped q, if q asks for the neighbour behind a link that a
// packet to dst waits for, or is the answer. Of a question that a bridge sends to all its
// ports, the copy counts that goes to who has the address, or all if none gets through.
func (s *session) dropped(q *path.Visit, out *survey.Link, dst netip.Addr) *path.Step {
	n, p := s.places[q.Where].Namespace, q.First()
	asker, asked := p.Src, p.Dst
	if q.Kind == path.Advertisement {
		asker, asked = asked, asker
	}
	neighbour, ok := awaits(out, dst, asked)
	if !ok || !holds(out.Namespace.Links, asker) {
		return nil
	}
	if out.Lower != nil {
		out = out.Lower
	}
	in := n.Link(q.In)
	near := in != nil && in == out.Peer // or else it has come by another bridge, as one of many copies
	var to uint32                       // where the copy goes
	for i := range q.Steps {
		st := &q.Steps[i]
		if st.Own {
			to = st.OIF
		}
		if !st.Ends() || st.Verdict().Code != nft.VerdictDrop {
			continue
		}
		switch {
		case q.Kind == path.Advertisement, n == out.Namespace && st.Hooks != nft.Bridge,
			st.Hook == nft.Input && holds(n.Links, neighbour),
			st.Hook == nft.Prerouting && near,
			to != 0 && (holds(s.behind(n.Link(to)), neighbour) || near && len(q.Out) == 0):
			return st
		}
	}
	return nil
}

// holds says whether one of the links has an address.
func holds(links []*survey.Link, addr netip.Addr) bool {
	for _, l := range links {
		for _, a := range l.Addrs() {
			if a.Address == addr || a.Local == addr {
				return true
			}
		}
	}
	return false
}
