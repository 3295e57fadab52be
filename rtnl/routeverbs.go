//go:build linux

package rtnl

import (
	"context"
	"errors"
	"iter"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// AddRoute adds a route. The kernel fills in nothing: Table, Protocol, Scope
// and Type say what ip would (RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE or,
// without a gateway, RT_SCOPE_LINK, and RTN_UNICAST).
//
// It is refused with EEXIST (a route to there with the same metric), ENETUNREACH
// (the gateway is in no subnet of this host), ENETDOWN (the link is down),
// ENODEV (no such link, or neither link nor gateway), EINVAL (bits beyond the
// prefix; PrefSrc is not an address of this host), EPERM.
//
// Equivalent to: `ip route add $dst via $gateway dev $link`
func (c *Conn) AddRoute(ctx context.Context, r *Route) error {
	return c.putRoute(ctx, "add", unix.NLM_F_CREATE|unix.NLM_F_EXCL, r)
}

// ReplaceRoute is [Conn.AddRoute], but takes the place of a route to the same
// destination with the same metric.
//
// Equivalent to: `ip route replace $dst via $gateway`
func (c *Conn) ReplaceRoute(ctx context.Context, r *Route) error {
	return c.putRoute(ctx, "replace", unix.NLM_F_CREATE|unix.NLM_F_REPLACE, r)
}

// ChangeRoute is [Conn.ReplaceRoute], but is refused with ENOENT (IPv4) or
// ESRCH if there is nothing to replace.
//
// Equivalent to: `ip route change $dst via $gateway`
func (c *Conn) ChangeRoute(ctx context.Context, r *Route) error {
	return c.putRoute(ctx, "change", unix.NLM_F_REPLACE, r)
}

// AppendRoute is [Conn.AddRoute] behind those to the same destination: IPv6
// makes them one route with several ways.
//
// Equivalent to: `ip route append $dst via $gateway`
func (c *Conn) AppendRoute(ctx context.Context, r *Route) error {
	return c.putRoute(ctx, "append", unix.NLM_F_CREATE|unix.NLM_F_APPEND, r)
}

// PrependRoute is [Conn.AddRoute] before those to the same destination.
//
// Equivalent to: `ip route prepend $dst via $gateway`
func (c *Conn) PrependRoute(ctx context.Context, r *Route) error {
	return c.putRoute(ctx, "prepend", unix.NLM_F_CREATE, r)
}

func (c *Conn) putRoute(ctx context.Context, op string, flags uint16, r *Route) error {
	return failed(op, r, c.Do(ctx, unix.RTM_NEWROUTE, flags, r, nil))
}

// DelRoute deletes the first route that has what r has: destination, and as
// far as r says, type, protocol, metric, gateway, link. For any scope say
// RT_SCOPE_NOWHERE.
//
// It is refused with ESRCH (no such route), EPERM.
//
// Equivalent to: `ip route delete $dst`
func (c *Conn) DelRoute(ctx context.Context, r *Route) error {
	return failed("delete", r, c.Do(ctx, unix.RTM_DELROUTE, 0, r, nil))
}

// GetRoute asks the way that a packet to q.Dst would take, from q.Src if that
// is there, with q.IIF, q.OIF, q.Mark, q.TOS, q.UID, q.IPProto and the ports.
//
// It is refused with ENETUNREACH or EHOSTUNREACH (no route, or one that says
// so), EACCES (prohibit), EINVAL (blackhole), ENODEV.
//
// Equivalent to: `ip route get $dst`
func (c *Conn) GetRoute(ctx context.Context, q *Route) (*Route, error) {
	req := *q
	if req.Family != unix.AF_INET6 { // which says the table anyway, and refuses the flag where it checks strictly
		req.Flags |= unix.RTM_F_LOOKUP_TABLE
	}
	var r Route
	if err := c.Do(ctx, unix.RTM_GETROUTE, 0, &req, &r); err != nil {
		return nil, failed("get", &req, err)
	}
	return &r, nil
}

// A RouteFilter chooses routes; its zero value takes those of all tables.
type RouteFilter struct {
	Family   Family // AF_INET or AF_INET6
	Table    uint32
	Protocol RouteProtocol
	Type     RouteType
	OIF      uint32
	Cached   bool // instead: exceptions that were learned (IPv6, and IPv4 since Linux 5.2)
}

func (f RouteFilter) request() *Route {
	req := &Route{Family: f.Family, Table: f.Table, Protocol: f.Protocol, Type: f.Type, OIF: f.OIF}
	if f.Cached {
		req.Flags = unix.RTM_F_CLONED
	}
	return req
}

func (f RouteFilter) match(r *Route) bool {
	return (f.Family == 0 || r.Family == f.Family) &&
		(f.Table == 0 || r.Table == f.Table) &&
		(f.Protocol == 0 || r.Protocol == f.Protocol) &&
		(f.Type == 0 || r.Type == f.Type) &&
		(f.OIF == 0 || r.OIF == f.OIF || r.goesBy(f.OIF)) &&
		f.Cached == (r.Flags&unix.RTM_F_CLONED != 0)
}

func (r *Route) goesBy(oif uint32) bool {
	for i := range r.NextHops {
		if r.NextHops[i].OIF == oif {
			return true
		}
	}
	return false
}

// Routes lists the routes that f takes, in the order of the kernel's trie. A
// table that does not exist is empty.
//
// Equivalent to: `ip route show table $table`
func (c *Conn) Routes(ctx context.Context, f RouteFilter) ([]Route, error) {
	all, err := nl.List(ctx, c.Conn, unix.RTM_GETROUTE, f.request(), f.match)
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	return all, failedList("routes", err)
}

// StreamRoutes is [Conn.Routes] in constant memory; see [nl.Stream].
func (c *Conn) StreamRoutes(ctx context.Context, f RouteFilter) iter.Seq2[*Route, error] {
	seq := stream(nl.Stream[Route](ctx, c.Conn, unix.RTM_GETROUTE, f.request()), "routes", f.match)
	return func(yield func(*Route, error) bool) {
		for r, err := range seq {
			if errors.Is(err, unix.ENOENT) || !yield(r, err) {
				return
			}
		}
	}
}
