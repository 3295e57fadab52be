//go:build linux

package ip

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// route is the object "route".
func (s *session) route(w *words) error {
	if !w.next() {
		return s.showRoutes(w)
	}
	switch key := w.find("route", command); key {
	case "":
		return unknownCommand("route", w.cur, commands("route"))
	case "list", "show":
		return s.showRoutes(w)
	case "get":
		return s.getRoute(w)
	case "delete":
		return s.changeRoute(w, unix.RTM_DELROUTE, 0)
	case "flush":
		return s.flushRoutes(w)
	case "help":
		return usage("route")
	default:
		return s.changeRoute(w, unix.RTM_NEWROUTE, changeFlags(key))
	}
}

func (s *session) changeRoute(w *words, typ, flags uint16) error {
	req, err := parseRoute(w, typ == unix.RTM_DELROUTE, s.opt.family)
	if err != nil {
		return err
	}
	r := &req.route
	if err := s.index(req.dev, &r.OIF); err != nil {
		return err
	}
	for i, dev := range req.hops {
		if err := s.index(dev, &r.NextHops[i].OIF); err != nil {
			if f := asFailure(err); f != nil {
				f.code, f.text = exitUsage, f.text+"\nError: cannot parse nexthop"
			}
			return err
		}
	}
	if err = s.change(typ, flags, batchRequests, r); err == nil {
		return nil
	}
	to, network, gateway := "the default route", "", ""
	if r.Dst.IsValid() {
		to, network = "the route to "+r.Dst.String(), r.Dst.Masked().String()
	}
	if r.Gateway.IsValid() {
		gateway = r.Gateway.String()
	}
	return explained(err, whyNoRoute, to, gateway, r.Dst.String(), network)
}

// whyNoRoute is of a route, its gateway, its destination and the network of
// that.
var whyNoRoute = []reason{
	{unix.EEXIST, "", 0, "%[1]s is there already; \"ip route replace\" changes it"},
	{unix.ESRCH, "", 0, "%[1]s is not there; \"ip route\" lists those that are"},
	{unix.ENETUNREACH, "", 2, "the gateway %[2]s is not on any network that a link here is part of: is there an address in its network, and is that link up?"},
	{unix.ENETDOWN, "", 0, "the link is down: \"ip link set NAME up\" first"},
	{unix.ENODEV, "", 0, "%[1]s needs a way: \"via ADDRESS\" or \"dev NAME\""},
	{0, "Invalid prefix for given prefix length", 4, "%[3]s has bits behind its prefix; the network is %[4]s"},
	{0, "", 0, "%[1]s was not changed"},
}

// dumpFailure is a dump that the kernel refused; what was it for?
func dumpFailure(what string, err error) error {
	e := asRefusal(err)
	if e == nil {
		return err
	}
	text := what + " terminated"
	if e.Message != "" || e.Errno != unix.ENOENT && e.Errno != unix.EOPNOTSUPP {
		text = kernelText(e) + "\n" + text
	}
	return fail(exitKernel, text, lacking(e))
}

// routeDump is the dump in which what q selects is.
func (s *session) routeDump(q *routeQuery) (*rtnl.Route, error) {
	if err := s.index(q.dev, &q.index); err != nil {
		return nil, err
	}
	if err := s.index(q.iif, &q.iindex); err != nil {
		return nil, err
	}
	req := &rtnl.Route{Family: q.family, Table: q.table, OIF: q.index, Protocol: rtnl.RouteProtocol(q.proto.V), Type: rtnl.RouteType(q.kind.V)}
	if q.cached {
		req.Flags = unix.RTM_F_CLONED
	}
	return req, nil
}

// noTable reports whether a dump failed since there is no such table, and that is
// as if it was empty: of the main one, which the kernel makes with its first
// route, and in a batch, for which iproute2 does not have the kernel filter.
func (s *session) noTable(q *routeQuery, err error) bool {
	return (q.table == unix.RT_TABLE_MAIN || s.lines != nil) && errors.Is(err, unix.ENOENT)
}

func (s *session) showRoutes(w *words) error {
	q, err := parseRouteQuery(w, s.opt.family)
	if err != nil {
		return err
	}
	req, err := s.routeDump(q)
	if err != nil {
		return err
	}
	v := s.view()
	var r rtnl.Route
	err = s.each(unix.RTM_GETROUTE, req, &r, func() {
		if q.takes(&r) {
			v.begin()
			v.showRoute(&r, q)
		}
	})
	if err == nil || s.noTable(q, err) {
		v.finish()
		return nil
	}
	return dumpFailure("Dump", err)
}

// A lookup is what "ip route get" asks for.
type lookup struct {
	route    rtnl.Route
	oif, iif string
	again    bool
	warning  string // printed, and no reason to stop
}

const lookupWords grammar = `
	tos|dsfield* TOS  the type of service of the packet
	iif* DEV  the link that it comes in by
	mark* NUMBER  its firewall mark
	oif*|dev DEV  the link that it is to leave by
	from* ADDRESS  its source
	fibmatch*  show the route, not what becomes of the packet
	notify*
	connected*  show it again, as for a socket that is connected by it
	uid* NUMBER  the user that sends it
	ipproto* PROTO  icmp, tcp, udp or a number
	sport* NUMBER  its source port
	dport* NUMBER  its destination port
	vrf* NAME  the VRF that it is sent in
	[to] ADDRESS  its destination
	help*`

// parseLookup reads the words after "get". A mistake is behind a warning.
func parseLookup(w *words, family rtnl.Family) (*lookup, error) {
	l := &lookup{route: rtnl.Route{Family: family}}
	r := &l.route
	found := false
	for w.next() {
		switch key := lookupWords.find(w.cur); key {
		case "tos":
			r.TOS = uint8(w.named(dsfields, 8, "TOS value is invalid\n"))
		case "iif":
			w.device(&l.iif)
		case "mark":
			w.uint32(&r.Mark, "invalid mark value")
		case "oif":
			w.device(&l.oif)
		case "from":
			w.arg()
			l.prefix(w, &r.Src)
		case "fibmatch":
			r.Flags |= unix.RTM_F_FIB_MATCH
		case "notify":
			r.Flags |= unix.RTM_F_NOTIFY
		case "connected":
			l.again = true
		case "uid":
			r.UID = w.some(32, "invalid UID\n")
		case "ipproto":
			r.IPProto = ipProto(w)
		case "sport":
			r.SPort = uint16(w.uint(16, "invalid sport\n"))
		case "dport":
			r.DPort = uint16(w.uint(16, "invalid dport\n"))
		case "vrf":
			w.vrf(invalidVRF)
			l.oif = w.cur
		case "help":
			w.fail(usage("route"))
		default:
			if key == "to" {
				w.arg()
			}
			l.prefix(w, &r.Dst)
			found = true
		}
	}
	if w.err == nil && !found {
		w.fail(fail(exitFailed, "need at least a destination address", ""))
	}
	if r.Family == 0 {
		r.Family = unix.AF_INET
	}
	if r.Family == unix.AF_INET { // IPv6 does not know the flag
		r.Flags |= unix.RTM_F_LOOKUP_TABLE
	}
	return l, w.err
}

// prefix takes the word for a prefix.
func (l *lookup) prefix(w *words, to *netip.Prefix) {
	var p prefix
	f := l.route.Family
	w.asPrefix(&p, &l.route.Family)
	if *to = p.set(); w.err == nil && to == &l.route.Dst && (p.given || !p.addr.IsValid() && f != 0) {
		l.whole(p.bits)
	}
}

// whole makes the destination a single address, as the kernel wants it.
func (l *lookup) whole(bits int) {
	if n := hostBits(l.route.Family); bits < n {
		l.warning = fmt.Sprintf("Warning: /%d as prefix is invalid, only /%d (or none) is supported.", bits, n)
		if a := l.route.Dst.Addr(); a.IsValid() {
			l.route.Dst = netip.PrefixFrom(a, n)
		}
	}
}

// ipProto reads a protocol by its name or number.
func ipProto(w *words) uint8 { return uint8(w.named(ipProtos, 8, invalid("ipproto"))) }

func (s *session) getRoute(w *words) error {
	l, err := parseLookup(w, s.opt.family)
	if l.warning != "" {
		if err := s.warn(l.warning); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if err := s.index(l.iif, &l.route.IIF); err != nil {
		return err
	}
	if err := s.index(l.oif, &l.route.OIF); err != nil {
		return err
	}
	v := s.view()
	var r rtnl.Route
	for again := l.again && !l.route.Src.IsValid(); err == nil; again = false {
		err = explained(s.do(unix.RTM_GETROUTE, 0, &l.route, &r), whyNotFound, l.route.Dst.Addr().String())
		if err != nil {
			return err
		}
		v.begin()
		v.showRoute(&r, &routeQuery{})
		if !again {
			break
		}
		if !r.PrefSrc.IsValid() && !r.Src.IsValid() {
			return fail(exitUsage, "Failed to connect the route", "no address of this host belongs to it")
		}
	}
	v.finish()
	return nil
}

// whyNotFound is of an address.
var whyNotFound = []reason{
	{unix.ENETUNREACH, "", 0, "no route leads to %s; \"ip route add default via GATEWAY\" adds one for all"},
	{unix.EINVAL, "", 0, refusedRoute},
	{unix.EACCES, "", 0, refusedRoute},
	{unix.EHOSTUNREACH, "", 0, refusedRoute},
	{0, "", 0, "the route to %s was not found"},
}

const refusedRoute = "a route says that %s is not to be reached, or the packet is refused"

// flushRoutes is "ip route flush".
func (s *session) flushRoutes(w *words) error {
	if w.peek() == "" {
		return fail(exitFailed, "\"ip route flush\" requires arguments.", "say which routes: \"table main\", \"dev NAME\", a prefix …")
	}
	q, err := parseRouteQuery(w, s.opt.family)
	if err != nil {
		return err
	}
	req, err := s.routeDump(q)
	if err != nil {
		return err
	}
	return s.rounds("entries", false, func() (int, error) {
		var r rtnl.Route
		n, err, failed := s.deleteEach(unix.RTM_GETROUTE, req, &r, unix.ESRCH, func() nl.Message {
			if !q.takes(&r) {
				return nil
			}
			if s.opt.stats > 1 {
				s.view().showRoute(&r, q)
			}
			return &rtnl.Route{Family: r.Family, Table: r.Table, Protocol: r.Protocol, Scope: r.Scope, Type: r.Type, TOS: r.TOS,
				Dst: r.Dst, Src: r.Src, OIF: r.OIF, Gateway: r.Gateway, Via: r.Via, Priority: r.Priority, PrefSrc: r.PrefSrc}
		})
		switch {
		case err == nil:
		case s.lines != nil && s.noTable(q, err):
			err = nil
		default:
			err = dumpFailure("Flush", err)
		}
		if failed != nil {
			err = fail(exitKernel, "Failed to send flush request: "+applet.Strerror(failed), "")
		}
		return n, err
	})
}
