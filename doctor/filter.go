//go:build linux

package doctor

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
	"github.com/minins/minins/survey"
)

// A place is a rule, or the policy of a chain.
type place struct {
	ns    *survey.Namespace
	in    inTable
	chain *nft.Chain // the base chain that it was come to by
	rule  *nft.Rule  // nil is the policy
	old   *oldRule   // in place of these: of iptables-legacy
}

// table is "ip filter".
func (l *place) table() string { return l.chain.Family.Keyword() + " " + l.chain.Table }

// String is the rule in the words of nft, and where it is.
func (l *place) String() string {
	switch {
	case l.old != nil:
		return l.old.String()
	case l.rule == nil:
		return "table " + l.table() + ", chain " + l.chain.Name + ": policy drop"
	}
	return "table " + l.table() + ", chain " + l.rule.Chain + ", handle " + strconv.FormatUint(l.rule.Handle, 10) + ": " + l.text()
}

func (l *place) text() string { return lang.Rule(l.rule, l.in, lang.Options{Stateless: true}) }

// del is the command that takes the rule out.
func (l *place) del() string {
	if l.old != nil {
		return in(l.ns, l.old.del())
	}
	return in(l.ns, "nft delete rule "+l.table()+" "+l.rule.Chain+" handle "+strconv.FormatUint(l.rule.Handle, 10))
}

// anything says that the rule has no condition.
func (l *place) anything() bool {
	if l.old != nil {
		return false
	}
	for _, x := range l.rule.Exprs {
		switch x.Name() {
		case "counter", "immediate", "nat", "redir", "target", "log":
		default:
			return false
		}
	}
	return true
}

// ruleset is the rules of a namespace, read once. What cannot be read is empty.
func (w *walk) ruleset(n *survey.Namespace) *Ruleset {
	if rs, ok := w.rules[n]; ok {
		return rs
	}
	rs, err := w.host.Ruleset(n)
	if err != nil {
		w.unseen(n, "rules of nf_tables", err)
		rs = &Ruleset{}
	}
	slices.SortStableFunc(rs.Chains, func(a, b nft.Chain) int { return int(a.Hook.V.Priority) - int(b.Hook.V.Priority) })
	if w.rules == nil {
		w.rules = map[*survey.Namespace]*Ruleset{}
	}
	w.rules[n] = rs
	return rs
}

// hook shows a packet to the base chains of a hook of IP. It is false if it goes no
// further.
func (w *walk) hook(c *conn, num nft.HookNum, by, out *survey.Link, p *packet) bool {
	if p.reply {
		w.untranslate(c, num, p)
	}
	f := nft.IPv6
	if p.dst.Is4() {
		f = nft.IPv4
	}
	m := &machine{walk: w, conn: c, packet: p, by: by, out: out, family: f, num: num}
	return w.chains(m, func(ch *nft.Chain) bool { return ch.Family == f || ch.Family == nft.Inet }) && w.oldChains(m)
}

// device shows a frame to the chains of the netdev family: hook 0 is ingress, 1 egress.
func (w *walk) device(c *conn, num nft.HookNum, l *survey.Link, p *packet) bool {
	m := &machine{walk: w, conn: c, packet: p, by: l, family: nft.Netdev, num: num}
	if num == 1 {
		m.by, m.out = nil, l
	}
	return w.chains(m, func(ch *nft.Chain) bool {
		return ch.Family == nft.Netdev && (ch.Hook.V.Dev == l.Name || slices.Contains(ch.Hook.V.Devs.Names, l.Name))
	})
}

// bridgeHooks shows a frame to the chains of the bridge family.
func (w *walk) bridgeHooks(c *conn, hooks []nft.HookNum, by, out *survey.Link, p *packet) bool {
	for _, num := range hooks {
		m := &machine{walk: w, conn: c, packet: p, by: by, out: out, family: nft.Bridge, num: num}
		if num == nft.Prerouting {
			m.out = nil
		}
		if !w.chains(m, func(ch *nft.Chain) bool { return ch.Family == nft.Bridge }) {
			return false
		}
	}
	return true
}

// untranslate does for an answer what connection tracking does: first back to who
// masqueraded, and at the end from the address that was asked.
func (w *walk) untranslate(c *conn, num nft.HookNum, p *packet) {
	switch {
	case num == nft.Prerouting || num == nft.Output:
		if c.snat != nil {
			p.dst = c.first.src
		}
	case (num == nft.Postrouting || num == nft.Input) && c.dnat != nil:
		p.src, p.sport = c.first.dst, c.first.dport
	}
}

// chains runs the base chains of a hook, in their order.
func (w *walk) chains(m *machine, of func(*nft.Chain) bool) bool {
	rs := w.ruleset(m.conn.ns)
	translated := false
	var accepted *place
	for i := range rs.Chains {
		ch := &rs.Chains[i]
		if !ch.Hook.Ok || ch.Hook.V.Num != m.num || !of(ch) || ch.Type == "nat" && (m.packet.reply || translated) {
			continue
		}
		m.in, m.base, m.unsure = inTable{rs, ch.Family, ch.Table}, ch, false
		o := m.chain(m.in.chain(ch.Name), 0)
		switch {
		case o.nat:
			translated = true
			if !w.translate(m.conn, m.packet, &o, m.out, m.by) {
				return false
			}
		case o.code == nft.VerdictAccept:
			accepted = o.at
		case o.code == nft.VerdictDrop || o.at == nil && ch.Policy.Ok && ch.Policy.V == nft.VerdictDrop:
			if o.at == nil {
				o.at = m.place(nil)
			}
			if m.unsure {
				w.suspect(o.at, m.packet)
				continue
			}
			return w.dropped(m, &o, accepted)
		}
	}
	return true
}

// suspect notes a rule of which it is not known whether it takes the packet.
func (w *walk) suspect(l *place, p *packet) {
	w.found(Suspect, "filter/maybe", "it depends on more than is known here whether "+l.ns.Label()+" drops "+p.String(), []string{l.String()}, nil)
}

// dropped tells of a rule that does.
func (w *walk) dropped(m *machine, o *outcome, accepted *place) bool {
	l, p := o.at, m.packet
	what := l.ns.Label() + " drops " + p.String()
	if p.reply {
		what += ", which is an answer"
	}
	id := "filter/drop"
	if o.reject {
		id, what = "filter/reject", l.ns.Label()+" rejects "+p.String()
	}
	evidence := l.String()
	remedy := w.allow(m, l)
	switch {
	case m.family == nft.Netdev:
		id = "filter/netdev"
	case m.family == nft.Bridge:
		id = "filter/bridge"
	case m.num == nft.Forward && m.by == m.out && m.by != nil && m.by.Info.Kind == "bridge" && !w.routed(m.conn.ns):
		id, what = "bridge/netfilter", what+", though its bridge "+m.by.Name+" only passes it on: br_netfilter is on"
		evidence += "; net.bridge.bridge-nf-call-iptables is 1"
	case l.rule == nil:
		id = "filter/policy"
	default:
		if accepted != nil {
			id, what = "filter/other-table", what+", which another chain accepted ("+accepted.String()+")"
		} else if later := m.later(l); later != nil {
			id, what = "filter/shadowed", what+", before it comes to the rule that accepts it ("+later.String()+")"
			if !lang.IsCompat(later.rule) {
				remedy = []string{in(l.ns, "nft insert rule "+l.table()+" "+l.rule.Chain+" position "+strconv.FormatUint(l.rule.Handle, 10)+" "+later.text())}
			}
		}
	}
	return w.fault(id, what, evidence, remedy...)
}

// routed says that the namespace is one of those that the packet was routed by.
func (w *walk) routed(n *survey.Namespace) bool { return slices.Contains(w.routers, n) }

// allow is what lets the packet, and its like, pass: a rule goes, and before a policy
// comes one for both directions.
func (w *walk) allow(m *machine, l *place) []string {
	if l.rule != nil || l.old != nil && !l.old.policy {
		return []string{l.del()}
	}
	p := m.packet
	var remedy []string
	for _, pair := range [...][2]netip.Addr{{p.src, p.dst}, {p.dst, p.src}} {
		f := nftFamily(p.src)
		if l.old != nil {
			remedy = append(remedy, in(l.ns, l.old.accept(pair[0], pair[1])))
			continue
		}
		match := f + " saddr " + pair[0].String() + " " + f + " daddr " + pair[1].String()
		if l.chain.Family == nft.Bridge || l.chain.Family == nft.Netdev {
			remedy = append(remedy, in(l.ns, "nft insert rule "+l.table()+" "+l.chain.Name+" "+f+" saddr { "+p.src.String()+", "+p.dst.String()+" } accept"),
				in(l.ns, "nft insert rule "+l.table()+" "+l.chain.Name+" "+neighbours(p.src)+" accept"))
			break
		}
		remedy = append(remedy, in(l.ns, "nft insert rule "+l.table()+" "+l.chain.Name+" "+match+" accept"))
	}
	if m.num != nft.Forward && !strings.HasPrefix(l.chain2(), "F") {
		remedy = remedy[:1]
	}
	return remedy
}

func (l *place) chain2() string {
	if l.chain != nil && (l.chain.Family == nft.Bridge || l.chain.Family == nft.Netdev) {
		return "F"
	}
	return ""
}

// neighbours matches what asks for neighbours.
func neighbours(a netip.Addr) string {
	if a.Is4() {
		return "ether type arp"
	}
	return "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }"
}
