//go:build linux

package ip

import (
	"net/netip"
	"slices"
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
var routeTypes = []string{"none", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit",
	"throw", "nat", "xresolve"}

// typeWords are those types in the order in which they are tried.
const typeWords keywords = "local nat broadcast*|brd anycast* multicast* prohibit* unreachable* blackhole* xresolve* unicast* throw"

// routeType reads a type by its name or number.
func routeType(s string) (rtnl.RouteType, bool) {
	if name := typeWords.find(s); name != "" {
		return rtnl.RouteType(slices.Index(routeTypes[:], name)), true
	}
	n, ok := number(s, 8)
	return rtnl.RouteType(n), ok
}

// routeWords are in iproute2's order, in which the first that a word abbreviates
// is meant.
const routeWords grammar = `
	src ADDRESS  the source address to prefer
	via ADDRESS  the gateway; "inet6 ADDRESS" is one of the other family
	from PREFIX  for packets from there, in IPv6
	tos|dsfield* TOS  for packets of this type of service
	expires SECONDS  when it goes
	metric*|priority*|preference NUMBER  the smallest of several wins
	scope SCOPE  how far it leads: global, link, host
	mtu BYTES  how long a packet may be; "lock BYTES" keeps to it
	hoplimit NUMBER  of packets of this host
	advmss BYTES  what TCP tells the other side to send at once
	reordering* COUNT  of packets that TCP takes for normal
	rtt MILLISECONDS  the time of a round trip in the beginning
	rto_min MILLISECONDS  the least time before TCP repeats
	window* BYTES  the largest window that TCP offers
	cwnd* PACKETS  how many packets TCP has on the way at most
	initcwnd* PACKETS  how many in the beginning
	initrwnd* PACKETS  how many it takes in the beginning
	features* FEATURE  ecn
	quickack* BOOL  acknowledge at once
	congctl* NAME  how TCP controls congestion
	rttvar* MILLISECONDS  by how much round trips differ in the beginning
	ssthresh* PACKETS  where TCP stops its slow start
	realms* REALM  a tag
	onlink  the gateway is on the link, whatever the addresses say
	nexthop  one of several ways: via, dev, weight, onlink, realms
	protocol* PROTOCOL  who made it
	table* TABLE  the table that it is in
	vrf* NAME  the VRF whose table it is in
	dev|oif DEV  the link
	pref* { low | medium | high }  which of several IPv6 routers
	fastopen_no_cookie* BOOL  TCP Fast Open without a cookie
	nhid NUMBER  by the nexthop object
	encap|as|ttl-propagate`

// knownToRoute are the words that might have been meant by one that is none.
func knownToRoute() []string {
	return append(append(routeWords.words(), "weight", "default"), routeTypes[1:10]...)
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
	p := &w.route
	*p = routeParser{del: del}
	r := &p.route
	r.Family, r.Table, r.Scope = family, unix.RT_TABLE_MAIN, unix.RT_SCOPE_NOWHERE
	if !del {
		r.Type, r.Scope, r.Protocol = unix.RTN_UNICAST, unix.RT_SCOPE_UNIVERSE, unix.RTPROT_BOOT
	}
	for w.next() {
		p.take(w)
	}
	if w.err != nil {
		return nil, w.err
	}
	if !p.to {
		return nil, noDestination()
	}
	p.finish()
	return &p.routeRequest, nil
}

func noDestination() error {
	return &failure{code: exitUsage, usage: "route", hint: "say where to, before any \"nexthop\": \"default\" or a prefix"}
}

// takeDestination reads "[to] [TYPE] PREFIX".
func (p *routeParser) takeDestination(w *words) {
	r := &p.route
	if w.is("to") {
		w.arg()
	}
	if w.cur != "" && (w.cur[0] < '0' || w.cur[0] > '9') {
		if t, ok := routeType(w.cur); ok {
			r.Type = t
			w.arg()
		}
	}
	if w.err == nil && w.short("help") {
		w.fail(usage("route"))
	}
	if w.err == nil && p.to {
		w.fail(garbage("to", w.cur, say("%q is taken for a second destination", w.cur), knownToRoute()))
	}
	if w.err != nil {
		return
	}
	var dst prefix
	w.asPrefix(&dst, &r.Family)
	r.Dst, p.to = dst.set(), true
	if dst.bits == 0 {
		r.Dst = netip.Prefix{}
	}
}

// take reads a word and its value.
func (p *routeParser) take(w *words) {
	r := &p.route
	switch key := w.find(string(routeWords), findWord); key {
	case "nexthop":
		if !p.to {
			w.fail(noDestination())
		}
		p.hopsOf(w)
	case "src":
		w.addr(&r.PrefSrc, &r.Family)
	case "from":
		var src prefix
		w.prefix(&src, &r.Family)
		r.Src = src.set()
	case "vrf":
		r.Table, p.tabled = w.vrf(invalidVRF), true
	case "encap":
		w.notOurs("route")
	case "via":
		if p.gatewayed {
			w.wrong(w.cur, "use nexthop syntax to specify multiple via\n", "as in \"nexthop via A nexthop via B\"")
		}
		p.gatewayed = true
		r.Gateway, r.Via = via(w, &r.Family)
	case "dev":
		w.device(&p.dev)
	case "onlink":
		r.Flags |= unix.RTNH_F_ONLINK
	case "nhid":
		w.uint32(&r.NextHopID, "\"id\" value is invalid\n")
	case "realms":
		r.Flow = realmsArg(w, "\"realm\" value is invalid\n")
	case "pref":
		r.Pref = nl.Some(routePref(w))
	case "expires":
		if w.uint32(&r.Expires, "\"expires\" value is invalid\n"); r.Expires == 0 {
			r.Other = zeroU32(unix.RTA_EXPIRES)
		}
	case "tos":
		r.TOS = uint8(w.named(dsfields, 8, "\"tos\" value is invalid\n"))
	case "metric":
		w.uint32(&r.Priority, "\"metric\" value is invalid\n")
	case "scope":
		r.Scope, p.scoped = rtnl.Scope(w.named(scopes, 8, "invalid \"scope\" value\n")), true
	case "protocol":
		r.Protocol = rtnl.RouteProtocol(w.named(protocols, 8, "\"protocol\" value is invalid\n"))
	case "table":
		r.Table, p.tabled = w.named(routeTables, 32, "\"table\" value is invalid\n"), true
	case "":
		p.takeDestination(w)
	default:
		takeMetric(w, key, &r.Metrics)
	}
}

// via reads "[FAMILY] ADDRESS" of a gateway: of the route's own family, which
// it settles, or of another one.
func via(w *words, family *rtnl.Family) (own, other netip.Addr) {
	f := w.family(*family)
	var a netip.Addr
	w.addr(&a, &f)
	if *family != 0 && a.IsValid() && familyOf(a) != *family {
		return netip.Addr{}, a
	}
	if *family == 0 {
		*family = familyOf(a)
	}
	return a, netip.Addr{}
}

// family reads inet or inet6, if it is there, or is f.
func (w *words) family(f rtnl.Family) rtnl.Family {
	switch w.peek() {
	case "inet":
		f = unix.AF_INET
	case "inet6":
		f = unix.AF_INET6
	default:
		return f
	}
	w.next()
	return f
}

// routePrefs are the preferences of routers that have a name.
var routePrefs = []numbered{{uint32(rtnl.PrefLow), "low"}, {uint32(rtnl.PrefMedium), "medium"}, {uint32(rtnl.PrefHigh), "high"}}

func routePref(w *words) rtnl.RoutePref {
	s := w.arg()
	for _, p := range routePrefs {
		if p.name == s {
			return rtnl.RoutePref(p.id)
		}
	}
	return rtnl.RoutePref(w.asUint(8, "\"pref\" value is invalid\n"))
}

// realmsArg reads "[FROM/]TO", or both as one number.
func realmsArg(w *words, why string) uint32 {
	s := w.arg()
	to := s
	t := w.tables.get(realms)
	var n, m uint32
	ok := true
	if from, rest, both := strings.Cut(s, "/"); both {
		n, ok = t.id(from, 8)
		n, to = n<<16, rest
	}
	if ok && to != "" {
		m, ok = t.id(to, 8)
	}
	if n |= m; !ok {
		var raw uint64
		raw, ok = number(s, 32)
		n = uint32(raw)
	}
	if !ok {
		w.wrong(s, why, "")
	}
	return n
}

const whyNoWeight = "\"weight\" is invalid\n"

// hopsOf reads "nexthop [via ADDRESS] [dev NAME] [weight N] [onlink]" …; cur
// is the first "nexthop".
func (p *routeParser) hopsOf(w *words) {
	for {
		if !w.is("nexthop") {
			w.fail(fail(exitUsage, say("Error: \"nexthop\" or end of line is expected instead of \"%s\"", w.cur), ""))
			return
		}
		if w.peek() == "" {
			w.fail(fail(exitUsage, `Error: unexpected end of line after "nexthop"`, ""))
			return
		}
		hop, dev := rtnl.NextHop{}, ""
		more := w.next()
		for more && p.takeHop(w, &hop, &dev) {
			more = w.next()
		}
		p.route.NextHops, p.hops = append(p.route.NextHops, hop), append(p.hops, dev)
		if !more {
			return
		}
	}
}

func (p *routeParser) takeHop(w *words, hop *rtnl.NextHop, dev *string) bool {
	switch keywords("via dev weight onlink realms*").find(w.cur) {
	case "via":
		hop.Gateway, hop.Via = via(w, &p.route.Family)
	case "dev":
		w.device(dev)
	case "weight":
		n := w.uint(32, whyNoWeight)
		if n-1 > 255 {
			w.wrong(w.cur, whyNoWeight, "")
		}
		hop.Hops = uint8(n - 1)
	case "onlink":
		hop.Flags |= unix.RTNH_F_ONLINK
	case "realms":
		hop.Flow = realmsArg(w, "\"realm\" value is invalid\n")
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
