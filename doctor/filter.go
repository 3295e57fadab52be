//go:build linux

package doctor

import (
	"slices"
	"strconv"

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
}

// table is "ip filter".
func (l *place) table() string { return l.chain.Family.Keyword() + " " + l.chain.Table }

// String is the rule in the words of nft, and where it is.
func (l *place) String() string {
	switch {
	case l == nil:
		return "none"
	case l.rule == nil:
		return l.in.backend() + "table " + l.table() + ", chain " + l.chain.Name + ": policy drop"
	}
	return l.in.backend() + "table " + l.table() + ", chain " + l.rule.Chain + ", handle " + l.handle() + ": " + l.text()
}

func (l *place) text() string { return lang.Rule(l.rule, l.in, lang.Options{Stateless: true}) }

// del is the command that takes the rule out.
func (l *place) del() string {
	if l.in.Old {
		return in(l.ns, l.legacy()+" -D "+l.rule.Chain+" "+l.handle())
	}
	return in(l.ns, "nft delete rule "+l.table()+" "+l.rule.Chain+" handle "+l.handle())
}

// handle is the number of the rule: that of nf_tables, or its place in the chain.
func (l *place) handle() string { return strconv.FormatUint(l.rule.Handle, 10) }

// legacy is the command that changes the table, if it is an old one.
func (l *place) legacy() string {
	if l.chain.Family == nft.IPv6 {
		return "ip6tables-legacy -t " + l.chain.Table
	}
	return "iptables-legacy -t " + l.chain.Table
}

// backend is what holds the rules, if it is not nf_tables.
func (rs *Ruleset) backend() string {
	if rs.Old {
		return "iptables-legacy: "
	}
	return ""
}

// anything says that the rule has no condition.
func (l *place) anything() bool {
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
	if w.rules == nil {
		w.rules = map[*survey.Namespace]*Ruleset{}
	}
	w.rules[n] = rs
	return rs
}

// hook shows a packet to the base chains of a hook of IP. It is false if it goes no
// further.
func (w *walk) hook(c *conn, num nft.HookNum, by, out *survey.Link, p *packet) bool {
	f := nft.IPv6
	if p.dst.Is4() {
		f = nft.IPv4
	}
	m := &machine{walk: w, conn: c, packet: p, by: by, out: out, family: f, num: num}
	if p.arp() {
		return w.arpHook(m)
	}
	for _, before := range [...]bool{true, false} { // connection tracking
		if !before && p.reply && c.notrack == nil {
			w.untranslate(c, num, p)
		}
		of := func(ch *nft.Chain) bool { return (ch.Family == f || ch.Family == nft.Inet) && early(ch) == before }
		for _, rs := range w.oldTables(c.ns) {
			if !w.chains(m, rs, of) {
				return false
			}
		}
		if !w.chains(m, w.ruleset(c.ns), of) {
			return false
		}
	}
	if num != nft.Forward {
		c.bound[m.manip()] = true
	}
	return true
}

// manip is which address NAT may change at the hook: 0 the destination, 1 the source.
func (m *machine) manip() int {
	if m.num == nft.Prerouting || m.num == nft.Output {
		return 0
	}
	return 1
}

// inetIngress is ingress as chains of the inet family number it. (NF_INET_INGRESS)
const inetIngress nft.HookNum = 5

// device shows a frame to the chains of a link: hook 0 is ingress, 1 egress.
func (w *walk) device(c *conn, num nft.HookNum, l *survey.Link, p *packet) bool {
	m := &machine{walk: w, conn: c, packet: p, by: l, family: nft.Netdev, num: num}
	if num == 1 {
		m.by, m.out = nil, l
	}
	of := func(ch *nft.Chain) bool {
		return (ch.Family == nft.Netdev || m.num == inetIngress && ch.Family == nft.Inet) && (ch.Hook.V.Dev == l.Name || slices.Contains(ch.Hook.V.Devs.Names, l.Name))
	}
	if !w.chains(m, w.ruleset(c.ns), of) {
		return false
	}
	if m.num = inetIngress; num == 1 {
		return true
	}
	return w.chains(m, w.ruleset(c.ns), of)
}

// bridgeHooks shows a frame to the chains of the bridge family.
func (w *walk) bridgeHooks(c *conn, hooks []nft.HookNum, by, out *survey.Link, p *packet) bool {
	for _, num := range hooks {
		m := &machine{walk: w, conn: c, packet: p, by: by, out: out, family: nft.Bridge, num: num}
		if num == nft.Prerouting {
			m.out = nil
		}
		if !w.chains(m, w.ruleset(c.ns), func(ch *nft.Chain) bool { return ch.Family == nft.Bridge }) {
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
func (w *walk) chains(m *machine, rs *Ruleset, of func(*nft.Chain) bool) bool {
	translated := false
	var accepted *place
	for _, ch := range rs.hooked() {
		if ch.Hook.V.Num != m.num || !of(ch) || ch.Type == "nat" && (m.packet.reply || translated || m.conn.bound[m.manip()] || m.untracked()) {
			continue
		}
		m.in, m.base, m.unsure = inTable{rs, ch.Family, ch.Table}, ch, false
		before := m.packet.mark
		o := m.chain(m.in.chain(ch.Name), 0)
		if m.packet.mark != before && (ch.Type == "route" || ch.Type == "mangle") { // mangle is that of iptables-legacy
			w.remarked = true
		}
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
				w.suspect(m, o.at)
				continue
			}
			return w.dropped(m, &o, accepted)
		}
	}
	return true
}

// hooked are the base chains, by their priorities.
func (rs *Ruleset) hooked() []*nft.Chain {
	if rs.base != nil {
		return rs.base
	}
	for i := range rs.Chains {
		ch := &rs.Chains[i]
		if !ch.Hook.Ok {
			continue
		}
		rs.base = append(rs.base, ch)
		for j := len(rs.base) - 1; j > 0 && rs.base[j].Hook.V.Priority < rs.base[j-1].Hook.V.Priority; j-- {
			rs.base[j], rs.base[j-1] = rs.base[j-1], rs.base[j]
		}
	}
	return rs.base
}

// suspect notes a rule of which it is not known whether it takes the packet.
func (w *walk) suspect(m *machine, l *place) {
	w.found(Suspect, "filter/maybe", &facts{n: l.ns, p: m.packet, r: l, remedy: w.allow(m, l)})
}

// dropped tells of a rule that does.
func (w *walk) dropped(m *machine, o *outcome, accepted *place) bool {
	l := o.at
	f := facts{n: l.ns, p: m.packet, r: l, l: m.by, remedy: w.allow(m, l)}
	key := "filter/drop"
	switch {
	case m.packet.nd != 0:
		key = "neigh/filtered"
	case m.in.Old:
		key = "filter/legacy"
	case m.family == nft.Netdev:
		key = "filter/netdev"
	case m.family == nft.Bridge:
		key = "filter/bridge"
	case m.num == nft.Forward && m.by == m.out && m.by.Info.Kind == "bridge" && !slices.Contains(w.routers, m.conn.ns):
		key = "bridge/netfilter"
	case l.rule == nil:
		key = "filter/policy"
	case o.reject:
		key = "filter/reject"
	case accepted != nil:
		key, f.s = "filter/other-table", accepted.String()
	default:
		later := m.later(l)
		if later == nil {
			break
		}
		key, f.s = "filter/shadowed", later.String()
		if !lang.IsCompat(later.rule) {
			f.remedy = []string{in(l.ns, "nft insert rule "+l.table()+" "+l.rule.Chain+" position "+l.handle()+" "+later.text())}
		}
	}
	return w.fault(key, &f)
}

// allow is what lets the packet, and its like, pass: a rule goes, and before a policy
// comes one for this direction, and for the other one if it is shown the answers as well.
func (w *walk) allow(m *machine, l *place) []string {
	f := facts{n: l.ns, a: m.packet.src, b: m.packet.dst}
	switch {
	case l.rule != nil && (m.packet.nd == 0 || !l.anything()):
		return []string{l.del()}
	case m.packet.nd != 0:
		return m.meet(l, &f)
	}
	if l.in.Old {
		f.s, f.t = l.legacy(), l.chain.Name
		return f.commands("@n %s -I %t -s %a -d %b -j ACCEPT\n@n %s -I %t -s %b -d %a -j ACCEPT")
	}
	f.s = l.table() + " " + l.chain.Name
	switch {
	case m.family == nft.Bridge || m.family == nft.Netdev:
		f.t = m.discovery()
		return f.commands("@n nft insert rule %s %f saddr { %a, %b } accept\n@n nft insert rule %s %t accept")
	case m.num == nft.Forward:
		return f.commands("@n nft insert rule %s %f saddr %a %f daddr %b accept\n@n nft insert rule %s %f saddr %b %f daddr %a accept")
	}
	return f.commands("@n nft insert rule %s %f saddr %a %f daddr %b accept")
}
