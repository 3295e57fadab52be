//go:build linux

package nettools

import (
	"context"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// editRoute adds or deletes a route.
func editRoute(c *applet.Cmd, action string, words []string, cache bool) error {
	switch {
	case action == "flush":
		return misused("Flushing `inet' routing table not supported")
	case action != "add" && action != "del" && action != "delete":
		return &failure{status: statusUsage, usage: routeUsage + routeFamilies}
	case cache:
		return misused("Modifying `inet' routing cache not supported")
	case len(words) == 0:
		c.Printf("%s", inetUsage)
		return nil
	}
	rt, err := parseRoute(words, newNames(c))
	if err != nil {
		return err
	}
	conn, err := dial(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	call := "SIOCADDRT"
	if action != "add" {
		call = "SIOCDELRT"
	}
	ctx := context.Background()
	if err := rt.apply(ctx, conn, action == "add"); err != nil {
		return refused(ctx, conn, statusKernel, call, err)
	}
	return nil
}

// apply asks rtnetlink for what SIOCADDRT and SIOCDELRT do.
func (rt *rtentry) apply(ctx context.Context, conn *rtnl.Conn, add bool) error {
	dst, ok := rt.prefix()
	if !ok {
		return unix.EINVAL
	}
	r := &rtnl.Route{
		Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Dst: dst, Priority: rt.metric,
		Scope: unix.RT_SCOPE_NOWHERE, Type: unix.RTN_UNICAST,
	}
	if add {
		r.Protocol = unix.RTPROT_BOOT
		r.Scope = unix.RT_SCOPE_LINK
		r.Metrics = rtnl.Metrics{Window: uint32(rt.window), RTT: uint32(rt.irtt) * 8}
		if rt.mss > 0 {
			r.Metrics.AdvMSS = uint32(rt.mss) - 40
		}
	}
	if rt.reject { // whatever the device
		r.Type, r.Scope, r.Metrics = unix.RTN_UNREACHABLE, unix.RT_SCOPE_HOST, rtnl.Metrics{}
	} else if err := rt.way(ctx, conn, r); err != nil {
		return err
	}
	if add {
		return conn.PrependRoute(ctx, r)
	}
	return conn.DelRoute(ctx, r)
}

// way fills in the device and the gateway.
func (rt *rtentry) way(ctx context.Context, conn *rtnl.Conn, r *rtnl.Route) (err error) {
	if rt.dev != "" {
		if r.OIF, err = conn.LinkIndex(ctx, rt.dev); err != nil {
			return err
		}
	}
	if !rt.hasGateway {
		return nil
	}
	r.Gateway = rt.gateway
	own, err := isOwn(ctx, conn, rt.gateway)
	if err == nil && !own {
		r.Scope = unix.RT_SCOPE_UNIVERSE
	}
	return err
}

// isOwn reports whether a is an address of this host, which goes into the
// scope of a route by way of it.
func isOwn(ctx context.Context, conn *rtnl.Conn, a netip.Addr) (bool, error) {
	way, err := conn.GetRoute(ctx, &rtnl.Route{Family: unix.AF_INET, Dst: netip.PrefixFrom(a, 32)})
	var refused *nl.Error
	if errors.As(err, &refused) {
		return false, nil // no route there: the kernel will say so of the new one
	}
	if err != nil {
		return false, err
	}
	return way.Type != unix.RTN_UNICAST, nil
}
