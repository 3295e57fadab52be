//go:build linux

package ip

import (
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// rule is the object "rule": which table a packet is looked up in. It is read
// only.
func (s *session) rule(w *words) error {
	if !w.next() {
		return s.showRules(w)
	}
	const known keywords = "list* show*|lst* help*"
	switch known.find(w.cur) {
	case "list", "show":
		return s.showRules(w)
	case "help":
		return usage("rule")
	}
	f := unknownCommand("rule", w.cur, known.words())
	if f.hint == "" && keywords("add* delete* flush* save* restore*").find(w.cur) != "" {
		f.hint = "minins can only show rules"
	}
	return f
}

// A ruleQuery says which rules to show.
type ruleQuery struct {
	family   rtnl.Family
	table    nl.Opt[uint32]
	pref     nl.Opt[uint32]
	mark     nl.Opt[uint32]
	mask     nl.Opt[uint32]
	from, to prefix
	iif, oif string
}

const ruleWords keywords = "preference*|order*|priority* from fwmark iif|dev oif table*|lookup* to*"

func parseRuleQuery(w *words, family rtnl.Family) (*ruleQuery, error) {
	if family == 0 {
		family = unix.AF_INET
	}
	q := &ruleQuery{family: family}
	for w.next() {
		switch key := ruleWords.find(w.cur); key {
		case "preference":
			q.pref = w.some(32, "preference value is invalid\n")
		case "from":
			w.prefix(&q.from, &q.family)
		case "fwmark":
			q.mark, q.mask = markArg(w)
		case "iif":
			w.text(&q.iif)
		case "oif":
			w.text(&q.oif)
		case "table":
			q.table = w.someNamed(routeTables, 32, "table id value is invalid\n")
		default:
			if key == "to" {
				w.arg()
			}
			w.asPrefix(&q.to, &q.family)
		}
	}
	return q, w.err
}

// markArg reads MARK[/MASK].
func markArg(w *words) (mark, mask nl.Opt[uint32]) {
	s := w.arg()
	text, bits, masked := strings.Cut(s, "/")
	n, ok := number(text, 32)
	if mark = nl.Some(uint32(n)); masked && ok {
		n, ok = number(bits, 32)
		mask = nl.Some(uint32(n))
	}
	if !ok {
		w.wrong(s, "fwmark value is invalid\n", "")
	}
	return mark, mask
}

// takes reports whether a rule is shown.
func (q *ruleQuery) takes(r *rtnl.Rule) bool {
	return r.Family == q.family && (!q.mark.Ok || r.Mark == q.mark.V) && (!q.mask.Ok || r.Mask.V == q.mask.V) &&
		(!q.table.Ok || r.Table == q.table.V) && (!q.pref.Ok || r.Priority == q.pref.V) &&
		(q.iif == "" || r.IIFName == q.iif) && (q.oif == "" || r.OIFName == q.oif) && q.from.holds(r.Src) && q.to.holds(r.Dst)
}

// holds reports whether r is a part of the prefix; any is of one without address.
func (p *prefix) holds(r netip.Prefix) bool {
	return !p.addr.IsValid() || r.IsValid() && r.Bits() >= p.bits && p.contains(r.Addr())
}

func (s *session) showRules(w *words) error {
	q, err := parseRuleQuery(w, s.opt.family)
	if err != nil {
		return err
	}
	var r rtnl.Rule
	v := s.view()
	err = s.each(unix.RTM_GETRULE, &rtnl.Rule{Family: q.family}, &r, func() {
		if q.takes(&r) {
			v.begin()
			v.showRule(&r)
		}
	})
	if err == nil {
		v.finish()
	}
	return dumpFailure("Dump", err)
}

// Flags of rules, FIB_RULE_* of linux/fib_rules.h.
const (
	ruleInvert     = 1 << 1
	ruleUnresolved = 1 << 2
	ruleIIFDetach  = 1 << 3
	ruleOIFDetach  = 1 << 4
)

// Actions of rules, FR_ACT_*.
const (
	ruleToTable = 1
	ruleGoto    = 2
	ruleNop     = 3
)

// showRule renders a rule.
func (v *view) showRule(r *rtnl.Rule) {
	v.object("")
	v.uint("priority", "%d:\t", uint64(r.Priority))
	if r.Flags&ruleInvert != 0 {
		v.null("not", "not ")
	}
	v.write("from ")
	if r.Src.IsValid() {
		v.showRulePrefix("src", "srclen", r.Src, r.Family)
	} else {
		v.str("src", "%s", "all")
	}
	if r.Dst.IsValid() {
		v.write(" to ")
		v.showRulePrefix("dst", "dstlen", r.Dst, r.Family)
	}
	if r.TOS != 0 {
		v.str("tos", " tos %s", v.tables.name(dsfields, uint32(r.TOS)))
	}
	v.showRuleMark(r)
	v.showRuleDev("iif", r.IIFName, r.Flags&ruleIIFDetach != 0)
	v.showRuleDev("oif", r.OIFName, r.Flags&ruleOIFDetach != 0)
	if r.L3MDev != 0 {
		v.null("l3mdev", " lookup [l3mdev-table]")
	}
	v.showRulePorts(r)
	v.showRuleAction(r)
	if r.Protocol != unix.RTPROT_UNSPEC && r.Protocol != unix.RTPROT_KERNEL || v.opt.details > 0 {
		v.str("protocol", " proto %s", v.tables.name(protocols, uint32(r.Protocol)))
	}
	v.write("\n")
	v.end()
}

func (v *view) showRuleDev(key, name string, detached bool) {
	if name == "" {
		return
	}
	v.write(" " + key + " ")
	v.strColor(colorName, key, "%s", name)
	if detached {
		v.null(key+"_detached", " [detached]")
	}
}

func (v *view) showRulePrefix(key, lenKey string, p netip.Prefix, f rtnl.Family) {
	v.strColor(inetColor(f), key, "%s", v.address(p.Addr()))
	if p.Bits() != hostBits(f) {
		v.uint(lenKey, "/%d", uint64(p.Bits()))
	}
}

func (v *view) showRuleMark(r *rtnl.Rule) {
	mask := r.Mask.Or(0xffffffff)
	if r.Mark == 0 && !r.Mask.Ok {
		return
	}
	v.str("fwmark", " fwmark %s", cHex(uint64(r.Mark)))
	if mask != 0xffffffff {
		v.str("fwmask", "/%s", cHex(uint64(mask)))
	}
}

func (v *view) showRulePorts(r *rtnl.Rule) {
	if u := r.UIDRange; u.Ok {
		v.uint("uid_start", " uidrange %d", uint64(u.V.Start))
		v.uint("uid_end", "-%d", uint64(u.V.End))
	}
	if r.IPProto != 0 {
		v.str("ipproto", " ipproto %s", v.ipProtoName(r.IPProto))
	}
	v.showPorts("sport", &r.SPort)
	v.showPorts("dport", &r.DPort)
	if r.TunID != 0 {
		v.uint("tun_id", " tun_id %d", r.TunID)
	}
}

func (v *view) showPorts(key string, p *nl.Opt[rtnl.PortRange]) {
	switch {
	case !p.Ok:
	case p.V.Start == p.V.End:
		v.uint(key, " "+key+" %d", uint64(p.V.Start))
	default:
		v.uint(key+"_start", " "+key+" %d", uint64(p.V.Start))
		v.uint(key+"_end", "-%d", uint64(p.V.End))
	}
}

func (v *view) ipProtoName(p uint8) string {
	number := "ipproto-" + decimal(uint32(p))
	if v.opt.numeric {
		return number
	}
	return nameIn(ipProtos, uint32(p), number)
}

func (v *view) showRuleAction(r *rtnl.Rule) {
	if r.Table != 0 && r.Action == ruleToTable && r.L3MDev == 0 {
		v.str("table", " lookup %s", v.tables.name(routeTables, r.Table))
		if n := r.SuppressPrefixLen; n.Ok && n.V != -1 {
			v.int("suppress_prefixlen", " suppress_prefixlength %d", int64(n.V))
		}
		if n := r.SuppressIfGroup; n.Ok && n.V != -1 {
			v.str("suppress_ifgroup", " suppress_ifgroup %s", v.tables.name(groups, uint32(n.V)))
		}
	}
	if r.Flow != 0 {
		v.write(" realms ")
		if from := r.Flow >> 16; from != 0 {
			v.str("flow_from", "%s/", v.tables.name(realms, from))
		}
		v.str("flow_to", "%s", v.tables.name(realms, r.Flow&0xffff))
	}
	switch r.Action {
	case ruleToTable:
	case ruleGoto:
		if r.Goto != 0 {
			v.uint("goto", " goto %d", uint64(r.Goto))
		} else {
			v.str("goto", " goto %s", "none")
		}
		if r.Flags&ruleUnresolved != 0 {
			v.null("unresolved", " [unresolved]")
		}
	case ruleNop:
		v.null("nop", " nop")
	default:
		v.str("action", " %s", v.routeType(rtnl.RouteType(r.Action)))
	}
}
