//go:build linux

package ip

import (
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// rule is the object "rule": which table a packet is looked up in.
func (s *session) rule(w *words) error {
	if !w.next() {
		return s.showRules(w, false)
	}
	switch key := command("rule", w.cur); key {
	case "list":
		return s.showRules(w, false)
	case "flush":
		return s.showRules(w, true)
	case "add", "delete":
		return s.changeRule(w, key == "add")
	case "help":
		return usage("rule")
	}
	return unknownCommand("rule", w.cur, commands("rule"))
}

// A ruleRequest is what "ip rule add" and "del" ask for, and what rules have
// that "show" and "flush" are about.
type ruleRequest struct {
	_ [0]func() // not to be compared: that would take code

	rule     rtnl.Rule
	query    bool
	from, to prefix
	tos      nl.Opt[uint32] // queries
	protocol nl.Opt[uint32] // queries
	tabled   bool
	warning  string // printed, and no reason to stop
}

// ruleWords are what a rule is made of, in the order in which they are tried.
const ruleWords grammar = `
	not  for packets that do not fit what follows
	from PREFIX  for packets from there
	to PREFIX  for packets to there
	preference*|order*|priority* NUMBER  the rule with the smallest one is tried first
	tos|dsfield* TOS  for packets with this type of service
	fwmark MARK  for packets that a firewall has marked so: NUMBER[/MASK]
	realms* REALMS  what routes are accounted for: [FROM/]TO
	protocol* PROTO  who made the rule
	tun_id* ID  for packets of this tunnel
	table*|lookup TABLE  look there for a route
	suppress_prefixlength*|sup_pl NUMBER  pass over routes whose prefix is no longer
	suppress_ifgroup*|sup_group GROUP  pass over routes by links of this group
	iif|dev DEV  for packets that come in there; lo: those of this host
	oif DEV  for packets of sockets that are bound to it
	l3mdev  look in the table of the VRF
	uidrange UIDS  for packets of these users: FIRST-LAST
	nat|map-to* ADDRESS
	ipproto IPPROTO  for packets of this protocol
	sport PORTS  for packets from these ports: PORT or FIRST-LAST
	dport PORTS  for packets to these ports
	type TYPE  what to do instead: blackhole, unreachable, prohibit
	help*
	goto* NUMBER  go on with the rule of this priority
	nop*  do nothing`

// ruleQueryWords are those that "show" and "flush" know; what they mean is in
// ruleWords.
const ruleQueryWords grammar = `
	preference*|order*|priority* NUMBER
	not
	tos|dsfield TOS
	fwmark MARK
	iif|dev DEV
	oif DEV
	l3mdev
	uidrange UIDS
	tun_id* ID
	table*|lookup* TABLE
	from*|src* PREFIX
	protocol* PROTO
	ipproto IPPROTO
	sport PORTS
	dport PORTS
	to*|dst* PREFIX`

// parseRule reads the words after "add" or "delete".
func parseRule(w *words, family rtnl.Family, add bool) (*ruleRequest, error) {
	q := new(ruleRequest)
	r := &q.rule
	if r.Family = family; add {
		r.Action = ruleToTable
	}
	for w.next() {
		if !q.take(w, ruleWords.find(w.cur)) {
			q.takeAction(w)
		}
	}
	r.Src, r.Dst = q.from.set(), q.to.set()
	if r.L3MDev != 0 && r.Table != 0 && w.err == nil {
		w.fail(fail(int(unix.EINVAL), "table can not be specified for l3mdev rules", "it is that of the VRF"))
	}
	if r.Family == 0 {
		r.Family = unix.AF_INET
	}
	if add && !q.tabled && r.Table == 0 {
		r.Table = unix.RT_TABLE_MAIN
	}
	return q, w.err
}

// parseRuleQuery reads the words after "show" or "flush".
func parseRuleQuery(w *words, family rtnl.Family) (*ruleRequest, error) {
	if family == 0 {
		family = unix.AF_INET
	}
	q := &ruleRequest{rule: rtnl.Rule{Family: family}, query: true}
	for w.next() {
		if !q.take(w, ruleQueryWords.find(w.cur)) {
			w.asPrefix(&q.to, &family)
		}
	}
	return q, w.err
}

// take reads a word and its value, if it knows the word.
func (q *ruleRequest) take(w *words, key string) bool {
	r := &q.rule
	family := r.Family // a prefix does not settle it
	switch key {
	case "not":
		r.Flags |= ruleInvert
	case "from":
		w.prefix(&q.from, &family)
	case "to":
		w.prefix(&q.to, &family)
	case "preference":
		r.Priority = w.some(32, "preference value is invalid\n")
	case "tos":
		q.tos = w.someNamed(dsfields, 8, "TOS value is invalid\n")
		r.TOS = uint8(q.tos.V)
	case "fwmark":
		r.Mark, r.Mask = markArg(w)
	case "realms":
		r.Flow = realmsArg(w, "invalid realms\n")
	case "protocol":
		q.takeProtocol(w)
	case "tun_id":
		r.TunID = w.uint(64, "\"tun_id\" value is invalid\n")
	case "table":
		why := "invalid table ID\n"
		if q.query {
			why = "table id value is invalid\n"
		}
		r.Table, q.tabled = w.named(routeTables, 32, why), true
	case "suppress_prefixlength":
		const why = "suppress_prefixlength value is invalid\n"
		n := w.int(why)
		if n < 0 {
			w.wrong(w.cur, why, "")
		}
		r.SuppressPrefixLen = nl.Some(n)
	case "suppress_ifgroup":
		r.SuppressIfGroup = nl.Some(int32(w.named(groups, 31, invalid(key))))
	case "iif":
		ruleDev(w, &r.IIFName, "\"iif\"/\"dev\"")
	case "oif":
		ruleDev(w, &r.OIFName, "\"oif\"")
	case "l3mdev":
		r.L3MDev, q.tabled = 1, true
	case "uidrange":
		first, last, ends := rangeArg(w)
		if ends != 2 {
			w.wrong(w.cur, "invalid UID range\n", "it is two numbers, as in 1000-1999")
		}
		r.UIDRange = nl.Some(rtnl.UIDRange{Start: uint32(first), End: uint32(last)})
	case "nat":
		if w.arg(); w.err != nil {
			break
		}
		q.warning = "Warning: route NAT is deprecated"
		r.Action = unix.RTN_NAT
		if _, ok := parseAddr(w.cur, unix.AF_INET); !ok { // the kernel ignores it
			w.fail(fail(exitFailed, say("Error: an IP address is expected rather than \"%s\"", w.cur), addressHint(unix.AF_INET, w.cur)))
		}
	case "ipproto":
		r.IPProto = ipProto(w)
	case "sport":
		r.SPort = portsArg(w, "invalid port range\n")
	case "dport":
		r.DPort = portsArg(w, "invalid dport range\n")
	default:
		return false
	}
	return true
}

// takeProtocol reads who made a rule; only "flush" looks at it.
func (q *ruleRequest) takeProtocol(w *words) {
	why := "\"protocol\" value is invalid\n"
	if q.query {
		if w.peek() == "all" {
			w.next()
			q.protocol.Ok = false
			return
		}
		why = "invalid \"protocol\"\n"
	}
	q.protocol = w.someNamed(protocols, 8, why)
	q.rule.Protocol = rtnl.RouteProtocol(q.protocol.V)
}

// takeAction reads what a rule does other than to name a table.
func (q *ruleRequest) takeAction(w *words) {
	r := &q.rule
	if w.is("type") {
		w.arg()
	}
	q.tabled = true
	switch keywords("help* goto* nop*").find(w.cur) {
	case "help":
		w.fail(usage("rule"))
	case "goto":
		r.Action = ruleGoto
		r.Goto = w.some(32, "invalid target\n")
	case "nop":
		r.Action = ruleNop
	default:
		t, ok := routeType(w.cur)
		if r.Action = rtnl.RuleAction(t); !ok {
			w.wrong(w.cur, "Failed to parse rule type", meant(w.cur, ruleWords.words()))
		}
	}
}

// markArg reads MARK[/MASK].
func markArg(w *words) (mark uint32, mask nl.Opt[uint32]) {
	text, bits, masked := strings.Cut(w.arg(), "/")
	n, ok := number(text, 32)
	if !ok {
		w.wrong(text, "fwmark value is invalid\n", "")
	}
	if masked {
		m, ok := number(bits, 32)
		if mask = nl.Some(uint32(m)); !ok {
			w.wrong(bits, "fwmask value is invalid\n", "")
		}
	}
	return uint32(n), mask
}

// ruleDev reads the name of a link, which need not be there.
func ruleDev(w *words, to *string, key string) {
	if w.text(to); w.err == nil && !validName(*to) {
		w.wrong(*to, key+" not a valid ifname", "")
	}
}

// rangeArg reads FIRST[-LAST] as sscanf does: what follows is of no account.
func rangeArg(w *words) (first, last uint64, ends int) {
	s := w.arg()
	first, s, ok := leadingNumber(s)
	if !ok {
		return 0, 0, 0
	}
	if rest, more := strings.CutPrefix(s, "-"); more {
		if last, _, ok = leadingNumber(rest); ok {
			return first, last, 2
		}
	}
	return first, first, 1
}

func leadingNumber(s string) (n uint64, rest string, ok bool) {
	i := 0
	for ; i < len(s) && s[i]-'0' < 10; i++ {
		n = n*10 + uint64(s[i]-'0')
	}
	return n, s[i:], i > 0
}

func portsArg(w *words, why string) nl.Opt[rtnl.PortRange] {
	first, last, ends := rangeArg(w)
	if ends == 0 {
		w.wrong(w.cur, why, "")
	}
	return nl.Some(rtnl.PortRange{Start: uint16(first), End: uint16(last)})
}

// takes reports whether a rule is shown.
func (q *ruleRequest) takes(r *rtnl.Rule) bool {
	is := &q.rule
	switch {
	case r.Family != is.Family,
		is.Priority.Ok && r.Priority.V != is.Priority.V,
		is.Flags&^r.Flags != 0,
		!q.from.holds(r.Src),
		!q.to.holds(r.Dst),
		q.tos.Ok && r.TOS != is.TOS,
		is.Mark != 0 && r.Mark != is.Mark,
		is.Mask.V != 0 && r.Mask.V != is.Mask.V,
		is.IIFName != "" && r.IIFName != is.IIFName,
		is.OIFName != "" && r.OIFName != is.OIFName,
		is.L3MDev != 0 && r.L3MDev == 0,
		is.UIDRange.Ok && r.UIDRange != is.UIDRange,
		is.IPProto != 0 && r.IPProto != is.IPProto,
		is.SPort.V.Start != 0 && r.SPort != is.SPort,
		is.DPort.V.Start != 0 && r.DPort != is.DPort,
		is.TunID != 0 && r.TunID != is.TunID,
		is.Table != 0 && r.Table != is.Table:
		return false
	}
	return true
}

// holds reports whether r is a part of the prefix; any is of one without bits.
func (p *prefix) holds(r netip.Prefix) bool {
	return p.bits == 0 || r.IsValid() && r.Bits() >= p.bits && p.contains(r.Addr())
}

func (s *session) changeRule(w *words, add bool) error {
	typ, flags, word := uint16(unix.RTM_DELRULE), uint16(0), "del"
	if add {
		typ, flags, word = unix.RTM_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, "add"
	}
	if len(w.rest) == 0 {
		return fail(exitFailed, say("\"ip rule %s\" requires arguments.", word), "as in \"ip rule "+word+" from 10.0.0.0/8 table 100\"")
	}
	q, err := parseRule(w, s.opt.family, add)
	if q.warning != "" {
		s.complain(q.warning, "")
	}
	if err != nil {
		return err
	}
	return explained(s.changeNow(typ, flags, &q.rule), whyNoRule)
}

var whyNoRule = []reason{
	{unix.EEXIST, "", 0, "there is the same rule already"},
	{unix.ENOENT, "", 0, "no rule has all that; \"ip rule\" lists those that are"},
	{0, "Invalid source address", 0, notOfFamily},
	{0, "Invalid dest address", 0, notOfFamily},
	{0, "", 0, "the rules are unchanged"},
}

const notOfFamily = "rules for IPv6 are those of \"ip -6 rule\""

// showRules is "ip rule show" and, with flush, "ip rule flush".
func (s *session) showRules(w *words, flush bool) error {
	q, err := parseRuleQuery(w, s.opt.family)
	if err != nil {
		return err
	}
	var r rtnl.Rule
	var gone []rtnl.Rule
	v := s.view()
	err = s.each(unix.RTM_GETRULE, &rtnl.Rule{Family: q.rule.Family}, &r, func() {
		switch {
		case !q.takes(&r):
		case !flush:
			v.begin()
			v.showRule(&r)
		case r.Priority.Ok && (!q.protocol.Ok || r.Protocol == q.rule.Protocol):
			gone = append(gone, r)
		}
	})
	for i := 0; i < len(gone) && err == nil; i++ {
		err = s.do(unix.RTM_DELRULE, 0, &gone[i], nil)
	}
	if err != nil {
		err = dumpFailure("Dump", err)
		if f := asFailure(err); f != nil {
			f.code = exitUsage
		}
		return err
	}
	v.finish()
	return nil
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
