//go:build linux

package ip

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A routeRequest is what "ip route add" and the like ask for.
type routeRequest struct {
	route rtnl.Route
	dev   string
	hops  []string // names of the links of route.NextHops
}

// routeTypes are the words for RTN_*, in the order of their numbers.
func routeTypes() []string {
	return []string{"none", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit",
		"throw", "nat", "xresolve"}
}

// routeType reads a type by its name or number.
func routeType(s string) (rtnl.RouteType, bool) {
	for i, name := range routeTypes() {
		if s == name {
			return rtnl.RouteType(i), true
		}
	}
	if s == "brd" {
		return unix.RTN_BROADCAST, true
	}
	n, ok := number(s, 8)
	return rtnl.RouteType(n), ok
}

func routeWords() []string {
	return append([]string{"via", "dev", "oif", "src", "metric", "preference", "table", "proto", "protocol", "scope", "type", "tos",
		"mtu", "advmss", "onlink", "pervasive", "nexthop", "weight", "expires", "pref", "realms", "default", "window", "hoplimit",
		"initcwnd", "initrwnd", "cwnd", "ssthresh", "rtt", "rttvar", "quickack", "congctl", "nhid"}, routeTypes()[1:10]...)
}

// A routeParser is a routeRequest in the making.
type routeParser struct {
	routeRequest
	del                           bool
	to, scoped, tabled, gatewayed bool
}

// parseRoute reads the words after "add" and the like; del says that it was
// "del". family is what -4 or -6 asks for.
func parseRoute(w *words, del bool, family rtnl.Family) (*routeRequest, error) {
	p := &routeParser{del: del}
	r := &p.route
	r.Family, r.Table, r.Scope = family, unix.RT_TABLE_MAIN, unix.RT_SCOPE_NOWHERE
	if !del {
		r.Type, r.Scope, r.Protocol = unix.RTN_UNICAST, unix.RT_SCOPE_UNIVERSE, unix.RTPROT_BOOT
	}
	for w.next() {
		if w.is("nexthop") {
			p.hopsOf(w)
			break
		}
		if !p.takeWay(w) && !p.takePlace(w) && !takeMetric(w, &r.Metrics) {
			p.takeDestination(w)
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	if !p.to {
		return nil, &failure{code: exitUsage, usage: "route", hint: "say where to: \"default\" or a prefix"}
	}
	p.finish()
	return &p.routeRequest, nil
}

// takeDestination reads "[to] [TYPE] PREFIX".
func (p *routeParser) takeDestination(w *words) {
	r := &p.route
	if w.is("to") {
		w.arg()
	}
	if t, ok := routeType(w.cur); ok && (w.cur[0] < '0' || w.cur[0] > '9') {
		r.Type = t
		w.arg()
	}
	if w.err == nil && w.short("help") {
		w.fail(usage("route"))
	}
	if w.err == nil && p.to {
		f := &failure{code: exitUsage, text: fmt.Sprintf("Error: either \"to\" is duplicate, or \"%s\" is a garbage.", w.cur)}
		f.hint = fmt.Sprintf("%q is taken for a second destination", w.cur)
		if near := nearest(w.cur, routeWords()); near != "" {
			f.hint = fmt.Sprintf("%q is not a keyword here; did you mean %q?", w.cur, near)
		}
		w.fail(f)
	}
	if w.err != nil {
		return
	}
	dst := w.asPrefix(w.cur, r.Family)
	if r.Family == 0 {
		r.Family = dst.family
	}
	r.Dst, p.to = dst.set(), true
	if dst.bits == 0 {
		r.Dst = netip.Prefix{}
	}
}

// takeWay reads how packets go on.
func (p *routeParser) takeWay(w *words) bool {
	r := &p.route
	switch {
	case w.is("src"):
		r.PrefSrc = w.addr(r.Family)
		p.of(r.PrefSrc)
	case w.is("via"):
		p.gatewayed = true
		r.Gateway, r.Via = via(w, r.Family)
		p.of(r.Gateway)
	case w.is("dev"), w.is("oif"):
		p.dev = w.arg()
	case w.is("onlink"):
		r.Flags |= unix.RTNH_F_ONLINK
	case w.short("pervasive"):
		r.Flags |= unix.RTNH_F_PERVASIVE
	case w.is("nhid"):
		r.NextHopID = uint32(w.uint(32, "\"id\" value is invalid\n"))
	case w.short("realms"):
		r.Flow = realms(w)
	case w.is("pref"):
		r.Pref = nl.Some(routePref(w))
	case w.is("expires"):
		r.Expires = uint32(w.uint(32, "\"expires\" value is invalid\n"))
	default:
		return false
	}
	return true
}

// of sets the family that the first address has.
func (p *routeParser) of(a netip.Addr) {
	if p.route.Family == 0 {
		p.route.Family = familyOf(a)
	}
}

// takePlace reads where the route is among the others.
func (p *routeParser) takePlace(w *words) bool {
	r := &p.route
	switch {
	case w.is("tos"), w.short("dsfield"):
		r.TOS = uint8(w.named((*tables).dsfields, 8, "\"tos\" value is invalid\n"))
	case w.short("metric"), w.short("priority"), w.is("preference"):
		r.Priority = uint32(w.uint(32, "\"metric\" value is invalid\n"))
	case w.is("scope"):
		r.Scope, p.scoped = rtnl.Scope(w.named((*tables).scopes, 8, "invalid \"scope\" value\n")), true
	case w.short("protocol"):
		r.Protocol = rtnl.RouteProtocol(w.named((*tables).protocols, 8, "\"protocol\" value is invalid\n"))
	case w.short("table"):
		r.Table, p.tabled = w.named((*tables).routeTables, 32, "\"table\" value is invalid\n"), true
	default:
		return false
	}
	return true
}

// via reads "[FAMILY] ADDRESS" of a gateway: of the route's own family, or of
// another one.
func via(w *words, family rtnl.Family) (own, other netip.Addr) {
	f := family
	switch w.peek() {
	case "inet":
		w.next()
		f = unix.AF_INET
	case "inet6":
		w.next()
		f = unix.AF_INET6
	}
	a := w.addr(f)
	if family != 0 && a.IsValid() && familyOf(a) != family {
		return netip.Addr{}, a
	}
	return a, netip.Addr{}
}

func routePref(w *words) rtnl.RoutePref {
	switch w.arg() {
	case "low":
		return rtnl.PrefLow
	case "medium":
		return rtnl.PrefMedium
	case "high":
		return rtnl.PrefHigh
	}
	n, ok := number(w.cur, 8)
	if !ok {
		w.fail(wrong(w.cur, "\"pref\" value is invalid\n"))
	}
	return rtnl.RoutePref(n)
}

// realms reads "[FROM/]TO".
func realms(w *words) uint32 {
	s := w.arg()
	from, to, both := strings.Cut(s, "/")
	if !both {
		from, to = "", s
	}
	t := w.tables.realms()
	n, ok := t.id(to, 16)
	if both && ok {
		var m uint32
		m, ok = t.id(from, 16)
		n |= m << 16
	}
	if !ok && w.err == nil {
		w.fail(wrong(s, "\"realm\" value is invalid\n"))
	}
	return n
}

// hopsOf reads "nexthop [via ADDRESS] [dev NAME] [weight N] [onlink]" …; cur
// is the first "nexthop".
func (p *routeParser) hopsOf(w *words) {
	for w.err == nil {
		if !w.is("nexthop") {
			w.fail(&failure{code: exitUsage, text: fmt.Sprintf("Error: \"nexthop\" or end of line is expected instead of \"%s\"", w.cur)})
			return
		}
		if w.peek() == "" {
			w.fail(&failure{code: exitUsage, text: `Error: unexpected end of line after "nexthop"`})
			return
		}
		hop, dev := rtnl.NextHop{}, ""
		more := false
		for more = w.next(); more; more = w.next() {
			if !p.takeHop(w, &hop, &dev) {
				break
			}
		}
		p.route.NextHops, p.hops = append(p.route.NextHops, hop), append(p.hops, dev)
		if !more {
			return
		}
	}
}

func (p *routeParser) takeHop(w *words, hop *rtnl.NextHop, dev *string) bool {
	switch {
	case w.is("via"):
		hop.Gateway, hop.Via = via(w, p.route.Family)
		p.of(hop.Gateway)
	case w.is("dev"):
		*dev = w.arg()
	case w.is("weight"):
		n := w.uint(32, "\"weight\" is invalid\n")
		if (n == 0 || n > 256) && w.err == nil {
			w.fail(wrong(w.cur, "\"weight\" is invalid\n"))
		}
		hop.Hops = uint8(n - 1)
	case w.is("onlink"):
		hop.Flags |= unix.RTNH_F_ONLINK
	case w.short("realms"):
		hop.Flow = realms(w)
	default:
		return false
	}
	return true
}

// finish fills in what follows from what was said.
func (p *routeParser) finish() {
	r := &p.route
	if r.Family == 0 {
		r.Family = unix.AF_INET
	}
	if !p.tabled {
		switch r.Type {
		case unix.RTN_LOCAL, unix.RTN_BROADCAST, unix.RTN_NAT, unix.RTN_ANYCAST:
			r.Table = unix.RT_TABLE_LOCAL
		}
	}
	if p.scoped {
		return
	}
	switch {
	case r.Family == unix.AF_INET6:
		r.Scope = unix.RT_SCOPE_UNIVERSE
	case r.Type == unix.RTN_LOCAL, r.Type == unix.RTN_NAT:
		r.Scope = unix.RT_SCOPE_HOST
	case r.Type == unix.RTN_BROADCAST, r.Type == unix.RTN_MULTICAST, r.Type == unix.RTN_ANYCAST:
		r.Scope = unix.RT_SCOPE_LINK
	case r.Type == unix.RTN_UNICAST, r.Type == unix.RTN_UNSPEC:
		switch {
		case p.del:
			r.Scope = unix.RT_SCOPE_NOWHERE
		case !p.gatewayed && len(r.NextHops) == 0 && r.NextHopID == 0:
			r.Scope = unix.RT_SCOPE_LINK
		}
	}
}
