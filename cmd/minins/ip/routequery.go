//go:build linux

package ip

import (
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A routeQuery says which routes to show, or to flush. What all of them have
// in common is not shown.
type routeQuery struct {
	_ [0]func() // not to be compared: that would take code

	family            rtnl.Family
	table             uint32 // 0: all
	cached            bool
	proto             nl.Opt[uint32]
	scope             nl.Opt[uint32]
	kind              nl.Opt[uint32]
	tos               nl.Opt[uint32]
	metric            nl.Opt[uint32]
	mark              nl.Opt[uint32]
	realms, realmMask uint32
	dev               string
	index             uint32
	iif               string
	iindex            uint32
	via               prefix
	src               prefix

	forwarded bool // neither to this host nor to all

	to, from span
}

// A span is of prefixes that are within root and hold match; nil is any.
type span struct{ root, match *prefix }

const queryWords grammar = `
	table* TABLE  in the table; all
	vrf* NAME  in the VRF, without its own addresses
	cached*|cloned*  that were learned, such as a path's MTU
	tos|dsfield* TOS  for the type of service
	protocol* PROTOCOL  made by it
	scope* SCOPE  of the scope
	type* TYPE  unicast, local, blackhole ...
	metric*|priority*|preference NUMBER  of the metric
	dev|oif DEV  that leave by the link
	iif DEV  for what comes in by the link
	via PREFIX  with a gateway in it
	src PREFIX  with a source address in it
	realms* REALM  with the tag
	mark NUMBER  for the mark
	from* PREFIX  for sources in it
	[to*] PREFIX  root PREFIX: within it; match PREFIX: that hold it; exact PREFIX: just it`

// parseRouteQuery reads the words after "show" or "flush".
func parseRouteQuery(w *words, family rtnl.Family) (*routeQuery, error) {
	q := &routeQuery{family: family, table: unix.RT_TABLE_MAIN}
	for w.next() {
		q.take(w)
	}
	if q.family == 0 && q.table != 0 {
		q.family = unix.AF_INET
	}
	return q, w.err
}

// take reads a word and its value.
func (q *routeQuery) take(w *words) {
	key := queryWords.find(w.cur)
	switch key {
	case "table":
		q.takeTable(w)
	case "vrf":
		q.table, q.forwarded = w.vrf(invalidVRF), true
	case "cached":
		q.cached = true
	case "tos":
		q.tos = w.someNamed(dsfields, 8, "TOS value is invalid\n")
	case "protocol", "scope":
		if w.peek() == "all" {
			w.next()
		} else if key == "scope" {
			q.scope = w.someNamed(scopes, 8, "invalid \"scope\"\n")
		} else {
			q.proto = w.someNamed(protocols, 8, "invalid \"protocol\"\n")
		}
	case "type":
		t, ok := routeType(w.arg())
		if !ok {
			w.wrong(w.cur, "node type value is invalid\n", "")
		}
		q.kind = nl.Some(uint32(t))
	case "metric":
		q.metric = w.some(32, "\"metric\" value is invalid\n")
	case "dev":
		w.device(&q.dev)
	case "iif":
		w.device(&q.iif)
	case "via":
		f := w.family(q.family)
		w.prefix(&q.via, &f)
	case "src":
		f := q.family
		w.prefix(&q.src, &f)
	case "realms":
		q.realms = realmsArg(w, "invalid realms\n")
		switch q.realmMask = 1<<32 - 1; {
		case strings.HasSuffix(w.cur, "/"): // to any
			q.realmMask = 0xffff0000
		case !strings.Contains(w.cur, "/") && q.realms < 1<<16: // from any
			q.realmMask = 0xffff
		}
	case "mark":
		q.mark = w.some(32, "invalid mark value")
	case "from":
		w.arg()
		q.from.take(w, q.family)
	default:
		if key == "to" {
			w.arg()
		}
		q.to.take(w, q.family)
	}
}

func (q *routeQuery) takeTable(w *words) {
	switch w.peek() {
	case "all":
		w.next()
		q.table = 0
	case "cache":
		w.next()
		q.cached = true
	default:
		q.table = w.named(routeTables, 32, "table id value is invalid\n")
	}
}

// take reads "root PREFIX", "match PREFIX" or "[exact] PREFIX", the first word
// of which is the present one.
func (p *span) take(w *words, family rtnl.Family) {
	key := keywords("root* match* exact*").find(w.cur)
	if key != "" {
		w.arg()
	}
	is := new(prefix)
	w.asPrefix(is, &family)
	if is.family == 0 && !w.is("default") { // "any" and "all" are of no family
		return
	}
	if key != "match" {
		p.root = is
	}
	if key != "root" {
		p.match = is
	}
}

// takes reports whether a route is shown.
func (q *routeQuery) takes(r *rtnl.Route) bool {
	switch {
	case q.family != 0 && r.Family != q.family,
		q.cached != (r.Flags&unix.RTM_F_CLONED != 0),
		q.table != 0 && r.Table != q.table,
		q.proto.Ok && uint32(r.Protocol) != q.proto.V,
		q.scope.Ok && uint32(r.Scope) != q.scope.V,
		q.kind.Ok && uint32(r.Type) != q.kind.V,
		q.forwarded && (r.Type == unix.RTN_LOCAL || r.Type == unix.RTN_BROADCAST),
		q.tos.Ok && uint32(r.TOS) != q.tos.V,
		q.metric.Ok && r.Priority != q.metric.V,
		q.mark.Ok && r.Mark != q.mark.V,
		(r.Flow^q.realms)&q.realmMask != 0,
		q.index != 0 && r.OIF != q.index,
		q.iindex != 0 && r.IIF != q.iindex,
		q.via.addr.IsValid() && !(q.via.contains(r.Gateway) || q.via.contains(r.Via)),
		q.src.addr.IsValid() && !q.src.contains(r.PrefSrc):
		return false
	}
	return q.to.holds(r.Dst, r.Family) && q.from.holds(r.Src, r.Family)
}

// holds reports whether a prefix of family f is in the span.
func (p *span) holds(x netip.Prefix, f rtnl.Family) bool {
	if p.root == nil && p.match == nil {
		return true
	}
	bits := 0
	if x.IsValid() {
		bits = x.Bits()
	}
	if r := p.root; r != nil {
		if r.family != 0 && r.family != f || bits < r.bits || r.bits > 0 && !r.contains(x.Addr()) {
			return false
		}
	}
	if m := p.match; m != nil {
		if m.family != 0 && m.family != f || bits > m.bits || bits > 0 && !x.Contains(m.addr) {
			return false
		}
	}
	return true
}

// one reports whether a prefix is a single address of a family: then all routes
// that are shown have it in common.
func (p *prefix) one(f rtnl.Family) bool { return p.addr.IsValid() && p.bits == hostBits(f) }
