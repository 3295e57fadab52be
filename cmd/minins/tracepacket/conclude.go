//go:build linux

package tracepacket

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/path"
	"github.com/minins/minins/survey"
)

// conclude is what became of the packet, and of the answer, and the exit status.
func (s *session) conclude(legs []path.Leg) (what string, status int, err error) {
	there, back := &legs[0], &legs[len(legs)-1]
	if what, err = s.fate(there); err != nil {
		return "", exitFailed, err
	}
	delivered := there.Fate == path.Delivered
	if back.Kind == path.Request {
		if delivered {
			what += "; no answer was seen"
		}
		if delivered && (s.o.wait || s.flow.Proto == unix.IPPROTO_UDP) {
			return what, 0, nil
		}
		return what, exitFailed, nil
	}
	first := back.Visits[0]
	p := first.First()
	from := text(" from ", p.From(), " in namespace ", s.places[first.Where].Label())
	switch refusal := p.Refusal(); {
	case refusal != "":
		what += text("; refused: ", refusal, from)
		status = exitRefused
	case back.Kind == path.Reply:
		what += "; the answer"
	default:
		what += text("; an ICMP error", from)
		status = exitFailed
	}
	if back.Fate != path.Delivered || back.Visits[len(back.Visits)-1].Where != there.Visits[0].Where {
		fate, err := s.fate(back)
		return text(what, " was ", fate), exitFailed, err
	}
	if there.Fate == path.Dropped { // and if it went to where nobody looks, it is the answer that tells
		status = exitFailed
	}
	return what + " came back", status, nil
}

// fate is what became of one packet.
func (s *session) fate(l *path.Leg) (string, error) {
	v := l.Visits[len(l.Visits)-1]
	p, st := s.places[v.Where], v.Last()
	where := " in namespace " + p.Label()
	switch l.Fate {
	case path.Delivered:
		return "delivered" + where, nil
	case path.Dropped, path.Taken:
		word := "dropped by "
		if l.Fate == path.Taken {
			word = "taken by "
		}
		by, err := s.by(p, st)
		return word + by, err
	case path.Left:
		out := v.Out[len(v.Out)-1]
		if link := p.Link(out); link != nil {
			why, err := s.awaited(v, link)
			if err != nil || why != "" {
				return why, err
			}
			if link.Info.Kind != bridgeKind && (link.Peer == nil || s.place(link.Peer.Namespace) < 0) {
				return text("sent out of namespace ", p.Label(), " by ", p.link(out), ", to where minins does not look"), nil
			}
		}
		ingress, err := s.ingress(p.Link(out))
		return text("never seen again behind link ", p.link(out), where, ingress, doctor), err
	}
	reason := ""
	switch {
	case st.Hooks == nft.Bridge, v.Nested(st):
		reason = " of the bridge"
	case st.Hook == nft.Prerouting:
		reason = s.reason(p)
	}
	return text("not seen again", where, " behind hook ", hookWord(st), reason, doctor), nil
}

// by is the rule or policy of a step, with its chain.
func (s *session) by(p *place, st *path.Step) (string, error) {
	rule, iptables, err := s.what(p, st)
	if st.RuleHandle != 0 {
		rule = text("rule \"", rule, "\"")
	}
	if iptables != "" {
		rule += text(" (", iptables, ")")
	}
	return text(rule, " of chain ", chain(st), " in namespace ", p.Label()), err
}

// reason is why the kernel may have found no way.
func (s *session) reason(p *place) string {
	name := "net.ipv4.ip_forward"
	if s.flow.Family == nft.IPv6 {
		name = "net.ipv6.conf.all.forwarding"
	}
	if value, err := p.Sysctl(strings.ReplaceAll(name, ".", "/")); err == nil && value == "0" {
		return text(": it was not for an address there, and ", name, " is 0")
	}
	return ": no route, or rp_filter"
}

// ingress tells of a chain at the ingress of what is behind a link: it sees packets before
// all hooks that are followed.
func (s *session) ingress(out *survey.Link) (string, error) {
	ctx, cancel := context.WithTimeout(s.c.Context(), patience)
	defer cancel()
	for _, l := range s.behind(out) {
		i := s.place(l.Namespace)
		if i < 0 {
			continue
		}
		all, err := s.places[i].conn.Chains(ctx, nft.Unspec, "")
		if err != nil {
			return "", err
		}
		for i := range all {
			ch := &all[i]
			at := &ch.Hook.V
			if ch.Hook.Ok && (ch.Family == nft.Netdev && at.Num == unix.NF_NETDEV_INGRESS || ch.Family == nft.Inet && at.Num == inetIngress) &&
				(at.Dev == l.Name || slices.Contains(at.Devs.Names, l.Name)) {
				return text(": chain ", ch.Family.Keyword(), " ", ch.Table, " ", ch.Name, " at the ingress of ", l.Name, " in namespace ", l.Namespace.Label(), " is not followed"), nil
			}
		}
	}
	return "", nil
}

const inetIngress = 5 // NF_INET_INGRESS of linux/netfilter.h

const doctor = " ('minins doctor' looks for why)"
