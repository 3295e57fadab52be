//go:build linux

package ip

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// route is the object "route".
func (s *session) route(w *words) error {
	if !w.next() {
		return s.showRoutes(w)
	}
	const create, excl, replace, add = unix.NLM_F_CREATE, unix.NLM_F_EXCL, unix.NLM_F_REPLACE, unix.NLM_F_APPEND
	switch {
	case w.short("list"), w.short("show"), w.short("lst"):
		return s.showRoutes(w)
	case w.short("get"):
		return s.getRoute(w)
	case w.short("add"):
		return s.changeRoute(w, unix.RTM_NEWROUTE, create|excl)
	case w.short("change"), w.is("chg"):
		return s.changeRoute(w, unix.RTM_NEWROUTE, replace)
	case w.short("replace"):
		return s.changeRoute(w, unix.RTM_NEWROUTE, create|replace)
	case w.short("prepend"):
		return s.changeRoute(w, unix.RTM_NEWROUTE, create)
	case w.short("append"):
		return s.changeRoute(w, unix.RTM_NEWROUTE, create|add)
	case w.short("test"):
		return s.changeRoute(w, unix.RTM_NEWROUTE, excl)
	case w.short("delete"):
		return s.changeRoute(w, unix.RTM_DELROUTE, 0)
	case w.short("flush"):
		return s.flushRoutes(w)
	case w.short("help"):
		return usage("route")
	}
	return unknownCommand("route", w.cur, []string{"list", "show", "get", "add", "change", "replace", "prepend", "append", "delete", "flush"})
}

func (s *session) changeRoute(w *words, typ, flags uint16) error {
	r, err := parseRoute(w, typ == unix.RTM_DELROUTE, s.opt.family)
	if err != nil {
		return err
	}
	if r.dev != "" {
		if r.route.OIF, err = s.indexOf(r.dev); err != nil {
			return err
		}
	}
	for i, dev := range r.hops {
		if dev == "" {
			continue
		}
		if r.route.NextHops[i].OIF, err = s.indexOf(dev); err != nil {
			return err
		}
	}
	return s.explained(s.do(typ, flags, &r.route, nil), func(e *nl.Error) string { return whyNoRoute(&r.route, e) })
}

// whyNoRoute is more than the kernel says of a route that it did not change.
func whyNoRoute(r *rtnl.Route, e *nl.Error) string {
	to := "the default route"
	if r.Dst.IsValid() {
		to = "the route to " + r.Dst.String()
	}
	switch {
	case e.Errno == unix.EEXIST:
		return to + " is there already; \"ip route replace\" changes it"
	case e.Errno == unix.ESRCH:
		return to + " is not there; \"ip route\" lists those that are"
	case e.Errno == unix.ENETUNREACH && r.Gateway.IsValid():
		return fmt.Sprintf("the gateway %s is not on any network that a link here is part of: is there an address in its network, and is that link up?", r.Gateway)
	case e.Errno == unix.ENETDOWN:
		return "the link is down: \"ip link set NAME up\" first"
	case e.Errno == unix.ENODEV:
		return to + " needs a way: \"via ADDRESS\" or \"dev NAME\""
	case e.Message == "Invalid prefix for given prefix length" && r.Dst.IsValid():
		return fmt.Sprintf("%s has bits behind its prefix; the network is %s", r.Dst, r.Dst.Masked())
	}
	return to + " was not changed"
}

// dumpFailure is a dump that the kernel refused; what was it for?
func dumpFailure(what string, err error) error {
	var e *nl.Error
	if !errors.As(err, &e) {
		return err
	}
	text := what + " terminated"
	if e.Message != "" {
		text = kernelText(e) + "\n" + text
	}
	return &failure{code: exitKernel, text: text}
}

// listRoutes dumps what q selects.
func (s *session) listRoutes(q *routeQuery) ([]rtnl.Route, error) {
	conn, err := s.dial()
	if err != nil {
		return nil, err
	}
	if q.dev != "" {
		if q.index, err = s.indexOf(q.dev); err != nil {
			return nil, err
		}
	}
	if q.iif != "" {
		if q.iindex, err = s.indexOf(q.iif); err != nil {
			return nil, err
		}
	}
	req := &rtnl.Route{Family: q.family, Table: q.table, OIF: q.index, Protocol: q.proto.V, Type: q.kind.V}
	if q.cached {
		req.Flags = unix.RTM_F_CLONED
	}
	return nl.List(s.ctx, conn, unix.RTM_GETROUTE, req, q.takes)
}

func (s *session) showRoutes(w *words) error {
	q, err := parseRouteQuery(w, s.opt.family)
	if err != nil {
		return err
	}
	all, err := s.listRoutes(q)
	// The kernel makes the main table with its first route.
	if err != nil && !(q.table == unix.RT_TABLE_MAIN && errors.Is(err, unix.ENOENT)) {
		return dumpFailure("Dump", err)
	}
	v := s.view()
	v.begin()
	for i := range all {
		v.showRoute(&all[i], q)
	}
	v.finish()
	return nil
}

// A lookup is what "ip route get" asks for.
type lookup struct {
	route    rtnl.Route
	oif, iif string
}

// parseLookup reads the words after "get".
func parseLookup(w *words, family rtnl.Family) (*lookup, error) {
	l := &lookup{route: rtnl.Route{Family: family}}
	r := &l.route
	found := false
	of := func(p prefix) netip.Prefix {
		if r.Family == 0 {
			r.Family = p.family
		}
		return p.set()
	}
	for w.next() {
		switch {
		case w.is("tos"), w.short("dsfield"):
			r.TOS = uint8(w.named((*tables).dsfields, 8, "TOS value is invalid\n"))
		case w.short("iif"):
			l.iif = w.arg()
		case w.short("mark"):
			r.Mark = uint32(w.uint(32, "invalid mark value"))
		case w.short("oif"), w.is("dev"):
			l.oif = w.arg()
		case w.short("from"):
			r.Src = of(w.prefix(r.Family))
		case w.is("fibmatch"):
			r.Flags |= unix.RTM_F_FIB_MATCH
		case w.short("notify"):
			r.Flags |= unix.RTM_F_NOTIFY
		case w.is("uid"):
			r.UID = nl.Some(uint32(w.uint(32, "invalid UID\n")))
		case w.is("ipproto"):
			r.IPProto = ipProto(w)
		case w.is("sport"):
			r.SPort = uint16(w.uint(16, "invalid sport\n"))
		case w.is("dport"):
			r.DPort = uint16(w.uint(16, "invalid dport\n"))
		default:
			if w.is("to") {
				w.arg()
			} else if w.short("help") {
				return nil, usage("route")
			}
			if w.err == nil {
				r.Dst, found = of(w.asPrefix(w.cur, r.Family)), true
			}
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	if !found {
		return nil, &failure{code: exitFailed, text: "need at least a destination address"}
	}
	if r.Family == 0 {
		r.Family = unix.AF_INET
	}
	if r.Family == unix.AF_INET { // IPv6 does not know the flag
		r.Flags |= unix.RTM_F_LOOKUP_TABLE
	}
	return l, nil
}

func ipProto(w *words) uint8 {
	switch w.arg() {
	case "icmp":
		return unix.IPPROTO_ICMP
	case "tcp":
		return unix.IPPROTO_TCP
	case "udp":
		return unix.IPPROTO_UDP
	case "ipv6-icmp":
		return unix.IPPROTO_ICMPV6
	}
	n, ok := number(w.cur, 8)
	if !ok {
		w.fail(wrong(w.cur, "Invalid \"ipproto\" value\n"))
	}
	return uint8(n)
}

func (s *session) getRoute(w *words) error {
	l, err := parseLookup(w, s.opt.family)
	if err != nil {
		return err
	}
	if l.iif != "" {
		if l.route.IIF, err = s.indexOf(l.iif); err != nil {
			return err
		}
	}
	if l.oif != "" {
		if l.route.OIF, err = s.indexOf(l.oif); err != nil {
			return err
		}
	}
	var r rtnl.Route
	err = s.explained(s.do(unix.RTM_GETROUTE, 0, &l.route, &r), func(e *nl.Error) string {
		to := l.route.Dst.Addr()
		switch e.Errno {
		case unix.ENETUNREACH:
			return fmt.Sprintf("no route leads to %s; \"ip route add default via GATEWAY\" adds one for all", to)
		case unix.EINVAL, unix.EACCES, unix.EHOSTUNREACH:
			return fmt.Sprintf("a route says that %s is not to be reached, or the packet is refused", to)
		}
		return fmt.Sprintf("the route to %s was not found", to)
	})
	if err != nil {
		return err
	}
	v := s.view()
	v.begin()
	v.showRoute(&r, &routeQuery{})
	v.finish()
	return nil
}

// flushRoutes is "ip route flush".
func (s *session) flushRoutes(w *words) error {
	if w.peek() == "" {
		return &failure{code: exitFailed, text: "\"ip route flush\" requires arguments.", hint: "say which routes: \"table main\", \"dev NAME\", a prefix …"}
	}
	q, err := parseRouteQuery(w, s.opt.family)
	if err != nil {
		return err
	}
	return s.rounds("entries", false, func() (int, error) {
		all, err := s.listRoutes(q)
		if err != nil {
			return 0, dumpFailure("Flush", err)
		}
		for i := range all {
			r := &all[i]
			if s.opt.stats > 1 {
				s.view().showRoute(r, q)
			}
			gone := &rtnl.Route{Family: r.Family, Table: r.Table, Protocol: r.Protocol, Scope: r.Scope, Type: r.Type, TOS: r.TOS,
				Dst: r.Dst, Src: r.Src, OIF: r.OIF, Gateway: r.Gateway, Via: r.Via, Priority: r.Priority, PrefSrc: r.PrefSrc}
			if err := s.do(unix.RTM_DELROUTE, 0, gone, nil); err != nil && !errors.Is(err, unix.ESRCH) {
				return i, err
			}
		}
		return len(all), nil
	})
}
