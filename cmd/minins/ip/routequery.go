//go:build linux

package ip

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A routeQuery says which routes to show, or to flush. What all of them have
// in common is not shown.
type routeQuery struct {
	family rtnl.Family
	table  uint32 // 0: all
	cached bool
	proto  nl.Opt[rtnl.RouteProtocol]
	scope  nl.Opt[rtnl.Scope]
	kind   nl.Opt[rtnl.RouteType]
	tos    nl.Opt[uint8]
	metric nl.Opt[uint32]
	dev    string
	index  uint32
	iif    string
	iindex uint32
	via    prefix
	src    prefix

	root, match nl.Opt[prefix] // destinations within root; destinations that hold match
	fromRoot    nl.Opt[prefix]
	fromMatch   nl.Opt[prefix]
}

// parseRouteQuery reads the words after "show" or "flush".
func parseRouteQuery(w *words, family rtnl.Family) (*routeQuery, error) {
	q := &routeQuery{family: family, table: unix.RT_TABLE_MAIN}
	for w.next() {
		switch {
		case q.takePlace(w), q.takeWay(w):
		case w.short("from"):
			takeRange(w, family, &q.fromRoot, &q.fromMatch)
		default:
			if !w.short("to") {
				w.rest = append([]string{w.cur}, w.rest...)
			}
			if abbreviates(w.peek(), "help") {
				return nil, usage("route")
			}
			takeRange(w, family, &q.root, &q.match)
		}
	}
	if q.family == 0 && q.table != 0 {
		q.family = unix.AF_INET
	}
	return q, w.err
}

// takeRange reads "root PREFIX", "match PREFIX" or "[exact] PREFIX".
func takeRange(w *words, family rtnl.Family, root, match *nl.Opt[prefix]) {
	w.arg()
	switch {
	case w.short("root"):
		*root = nl.Some(w.prefix(family))
	case w.short("match"):
		*match = nl.Some(w.prefix(family))
	case w.err == nil:
		if w.short("exact") {
			w.arg()
		}
		if w.err == nil {
			*match = nl.Some(w.asPrefix(w.cur, family))
			*root = *match
		}
	}
}

func (q *routeQuery) takePlace(w *words) bool {
	all := w.peek() == "all"
	switch {
	case w.short("table"):
		switch w.peek() {
		case "all":
			w.next()
			q.table = 0
		case "cache":
			w.next()
			q.cached = true
		default:
			q.table = w.named((*tables).routeTables, 32, "table id value is invalid\n")
		}
	case w.is("vrf"):
		w.arg()
		w.fail(wrong(w.cur, "Not a valid VRF name\n"))
	case w.short("cached", "cloned"):
		q.cached = true
	case w.is("tos"), w.short("dsfield"):
		q.tos = nl.Some(uint8(w.named((*tables).dsfields, 8, "TOS value is invalid\n")))
	case w.short("protocol") && all, w.short("scope") && all:
		w.next()
	case w.short("protocol"):
		q.proto = nl.Some(rtnl.RouteProtocol(w.named((*tables).protocols, 8, "invalid \"protocol\"\n")))
	case w.short("scope"):
		q.scope = nl.Some(rtnl.Scope(w.named((*tables).scopes, 8, "invalid \"scope\"\n")))
	case w.short("type"):
		t, ok := routeType(w.arg())
		if !ok && w.err == nil {
			w.fail(wrong(w.cur, "node type value is invalid\n"))
		}
		q.kind = nl.Some(t)
	case w.short("metric", "priority", "preference"):
		q.metric = nl.Some(uint32(w.uint(32, "\"metric\" value is invalid\n")))
	default:
		return false
	}
	return true
}

func (q *routeQuery) takeWay(w *words) bool {
	switch {
	case w.is("dev"), w.is("oif"):
		q.dev = w.arg()
	case w.is("iif"):
		q.iif = w.arg()
	case w.is("via"):
		f := q.family
		switch w.peek() {
		case "inet":
			w.next()
			f = unix.AF_INET
		case "inet6":
			w.next()
			f = unix.AF_INET6
		}
		q.via = w.prefix(f)
	case w.is("src"):
		q.src = w.prefix(q.family)
	default:
		return false
	}
	return true
}

// takes reports whether a route is shown.
func (q *routeQuery) takes(r *rtnl.Route) bool {
	switch {
	case q.family != 0 && r.Family != q.family,
		q.cached != (r.Flags&unix.RTM_F_CLONED != 0),
		q.table != 0 && r.Table != q.table,
		q.proto.Ok && r.Protocol != q.proto.V,
		q.scope.Ok && r.Scope != q.scope.V,
		q.kind.Ok && r.Type != q.kind.V,
		q.tos.Ok && r.TOS != q.tos.V,
		q.metric.Ok && r.Priority != q.metric.V,
		q.index != 0 && r.OIF != q.index,
		q.iindex != 0 && r.IIF != q.iindex,
		q.via.addr.IsValid() && !(q.via.contains(r.Gateway) || q.via.contains(r.Via)),
		q.src.addr.IsValid() && !q.src.contains(r.PrefSrc):
		return false
	}
	return inRange(r.Dst, r.Family, q.root, q.match) && inRange(r.Src, r.Family, q.fromRoot, q.fromMatch)
}

// inRange reports whether p is within root and holds match.
func inRange(p netip.Prefix, f rtnl.Family, root, match nl.Opt[prefix]) bool {
	bits := 0
	if p.IsValid() {
		bits = p.Bits()
	}
	if root.Ok {
		if root.V.family != 0 && root.V.family != f || bits < root.V.bits {
			return false
		}
		if root.V.bits > 0 && !root.V.contains(p.Addr()) {
			return false
		}
	}
	if match.Ok {
		if match.V.family != 0 && match.V.family != f || bits > match.V.bits {
			return false
		}
		if bits > 0 && !p.Contains(match.V.addr) {
			return false
		}
	}
	return true
}

// One reports whether a prefix is a single address: then all routes that are
// shown have it in common.
func (p prefix) one() bool { return p.addr.IsValid() && p.bits == p.addr.BitLen() }
