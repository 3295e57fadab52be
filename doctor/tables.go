//go:build linux

package doctor

import (
	"errors"
	"net/netip"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// The kernel is asked for routes. Why it has none it does not tell: that is read from the
// rules and tables in the picture.

// refusing are the keys of what is said of routes that refuse packets.
var refusing = [...]string{unix.RTN_BLACKHOLE: "route/blackhole", unix.RTN_UNREACHABLE: "route/unreachable", unix.RTN_PROHIBIT: "route/prohibit"}

func refuses(r *rtnl.Route) bool {
	return r != nil && int(r.Type) < len(refusing) && refusing[r.Type] != ""
}

// From linux/fib_rules.h.
const (
	ruleInverts = 2 // FIB_RULE_INVERT
	ruleTable   = 1 // FR_ACT_TO_TBL
	ruleGoto    = 2 // FR_ACT_GOTO
	ruleNop     = 3 // FR_ACT_NOP
)

// ruleActions are those that refuse packets, as ip writes them: FR_ACT_*.
var ruleActions = [...]string{6: " blackhole", 7: " unreachable", 8: " prohibit"}

// decide is the rule that decides about a packet of the namespace's own, or one that came
// in by a link, and the route in its table. That is nil if the rule itself refuses the
// packet; both are if there is no route.
func decide(n *survey.Namespace, p *packet, by *survey.Link) (*rtnl.Rule, *rtnl.Route) {
	from := uint32(0) // where a goto leads
	for i := range n.Rules {
		r := &n.Rules[i]
		if r.Priority.V < from || r.Family != rtnl.Family(family(p.dst)) || ruleTakes(r, p, by) == (r.Flags&ruleInverts != 0) {
			continue
		}
		switch r.Action {
		case ruleTable:
			route, bits := lookup(n, r.Table, p)
			suppressed := r.SuppressPrefixLen.Ok && bits <= int(r.SuppressPrefixLen.V) && (p.dst.Is6() || !refuses(route))
			if route != nil && route.Type != unix.RTN_THROW && !suppressed {
				return r, route
			}
		case ruleGoto:
			from = r.Goto.V
		case ruleNop:
		default:
			return r, nil
		}
	}
	return nil, nil
}

// ruleTakes says whether a rule is for a packet. It does not know of VRFs, tunnels and
// types of service.
func ruleTakes(r *rtnl.Rule, p *packet, by *survey.Link) bool {
	in, uid := "lo", uint32(os.Getuid())
	if by != nil {
		in, uid = by.Name, 0
	}
	mask := r.Mask.V
	if r.Mark != 0 && !r.Mask.Ok {
		mask = ^uint32(0)
	}
	return (!r.Src.IsValid() || r.Src.Contains(p.src)) && (!r.Dst.IsValid() || r.Dst.Contains(p.dst)) &&
		(r.IIFName == "" || r.IIFName == in) && r.OIFName == "" && (r.Mark^p.mark.value)&mask == 0 &&
		(r.IPProto == 0 || r.IPProto == p.number()) && within(&r.SPort, p.sport) && within(&r.DPort, p.dport) &&
		(!r.UIDRange.Ok || r.UIDRange.V.Start <= uid && uid <= r.UIDRange.V.End) &&
		r.TOS == 0 && r.TunID == 0 && r.L3MDev == 0
}

func within(o *nl.Opt[rtnl.PortRange], port uint16) bool {
	return !o.Ok || o.V.Start <= port && port <= o.V.End
}

// lookup is the route of a table for a packet, and how long its prefix is.
func lookup(n *survey.Namespace, table uint32, p *packet) (found *rtnl.Route, bits int) {
	bits = -1
	for i := range n.Routes {
		r := &n.Routes[i]
		length := max(r.Dst.Bits(), 0) // of the default route it is -1
		if r.Table == table && r.Family == rtnl.Family(family(p.dst)) && length > bits && r.Flags&unix.RTNH_F_DEAD == 0 &&
			(!r.Dst.IsValid() || r.Dst.Contains(p.dst)) && (!r.Src.IsValid() || r.Src.Contains(p.src)) {
			found, bits = r, length
		}
	}
	return found, bits
}

// best is the route of a namespace's own table that would be taken if no rule were.
func best(n *survey.Namespace, a netip.Addr) *rtnl.Route {
	r, _ := lookup(n, unix.RT_TABLE_MAIN, &packet{dst: a})
	return r
}

// marked says that the namespace has a rule which asks for marks.
func marked(n *survey.Namespace) bool {
	for i := range n.Rules {
		if n.Rules[i].Mark != 0 || n.Rules[i].Mask.V != 0 {
			return true
		}
	}
	return false
}

// target is what a route is for, as ip writes it; none is the default route.
func target(dst netip.Prefix, table uint32) string {
	text := "default"
	if dst.IsValid() {
		text = dst.String()
	}
	if table != unix.RT_TABLE_MAIN {
		text += " table " + strconv.Itoa(int(table))
	}
	return text
}

// ruleText is a rule as ip takes it.
func ruleText(r *rtnl.Rule) string {
	text := "priority " + strconv.Itoa(int(r.Priority.V))
	if r.Flags&ruleInverts != 0 {
		text += " not"
	}
	if r.Src.IsValid() {
		text += " from " + r.Src.String()
	}
	if r.Dst.IsValid() {
		text += " to " + r.Dst.String()
	}
	if r.Mark != 0 {
		text += " fwmark " + strconv.Itoa(int(r.Mark)) + "/" + strconv.Itoa(int(r.Mask.V))
	}
	if r.IIFName != "" {
		text += " iif " + quoted(r.IIFName)
	}
	if int(r.Action) < len(ruleActions) && ruleActions[r.Action] != "" {
		return text + ruleActions[r.Action]
	}
	return text + " table " + strconv.Itoa(int(r.Table))
}

// noRoute tells why there is none.
func (w *walk) noRoute(n *survey.Namespace, p *packet, by *survey.Link, err error) bool {
	f := facts{n: n, p: p, a: p.dst, s: p.dst.String() + ": " + words(err)}
	var no unix.Errno
	errors.As(err, &no)
	switch no {
	case unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EACCES, unix.EINVAL, unix.EXDEV:
	default:
		w.unseen(n, "routes", err)
		return false
	}
	if lo := n.LinkNamed("lo"); w.isLocal(n, p.dst) && (lo == nil || lo.Flags&unix.IFF_UP == 0) {
		return w.fault("link/lo-down", &f)
	}
	for _, l := range n.Links {
		if l.Info.Kind == "vrf" {
			w.Ends = true
			w.unseen(n, "routes of the vrf "+l.Name+", for what is bound to it", errNotFollowed)
			return false
		}
	}
	rule, r := decide(n, p, by)
	main := best(n, p.dst)
	if f.t = "default"; r != nil {
		f.t = target(r.Dst, r.Table)
	}
	switch {
	case r != nil && refuses(r) && r.NextHopID != 0:
		f.i = int(r.NextHopID)
		return w.fault("route/blackhole nexthop", &f)
	case r != nil && refuses(r):
		f.s += "; RTM_GETRULE: " + ruleText(rule)
		return w.fault(refusing[r.Type], &f)
	case rule != nil && r == nil:
		f.t = ruleText(rule)
		return w.fault("route/policy", &f)
	case r != nil && by == nil && p.src.IsLoopback():
		if f.l = n.Link(r.OIF); f.l != nil {
			return w.fault("route/localnet", &f)
		}
	case r == nil && main != nil && main.Type == unix.RTN_THROW:
		f.t = target(main.Dst, main.Table)
		return w.fault("route/missing throw", &f)
	case r == nil && main != nil && !refuses(main):
		return w.fault("route/policy main", &f)
	}
	if r != nil {
		return w.fault("route/refused", &f)
	}
	for _, l := range n.Links {
		if l.Flags&unix.IFF_LOOPBACK == 0 && l.Flags&unix.IFF_UP == 0 && (len(n.Links) == 2 || len(l.Addrs()) > 0) {
			return w.down(l)
		}
	}
	if len(usable(n, p.dst.Is6())) == 0 {
		return w.noAddress(n, p.dst.Is6(), netip.Addr{})
	}
	if w.wrongPrefix(n, p.dst, f.s) || p.reply && w.wrongPrefix(n, w.Dest, f.s) {
		return false
	}
	return w.missing(&f)
}

// words are the errno of an error in words.
func words(err error) string {
	var no unix.Errno
	if errors.As(err, &no) {
		return no.Error()
	}
	return err.Error()
}

// network is that which an address is of, as who has it says.
func (w *walk) network(a netip.Addr) string {
	for _, l := range w.owners(a) {
		return prefixOf(addrOf(l, a)).String()
	}
	return a.String()
}
