//go:build linux

package nettools

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// editRoute adds or deletes a route, or says how.
func editRoute(c *applet.Cmd, families, words []string, help, cache bool) error {
	action, call := "", "SIOCDELRT"
	if !help {
		action, words = words[0], words[1:]
		switch action {
		case "add":
			call = "SIOCADDRT"
		case "del", "delete", "flush":
		default:
			return &failure{status: statusUsage, usage: routeUsage + routeFamilies}
		}
	}
	rt := &rtentry{six: families[0] == inet6}
	if rt.six {
		rt.metric = 1
	}
	switch {
	case len(families) > 1:
		return &failure{status: statusUsage, text: "Please don't supply more than one address family.\nAddress family `" +
			strings.Join(families, ",") + "' not supported."}
	case action == "flush":
		return rt.misused("Flushing `" + families[0] + "' routing table not supported")
	case cache && !rt.six:
		return rt.misused("Modifying `inet' routing cache not supported")
	case help && rt.six:
		c.Printf("%s", inet6Usage)
		return nil
	case help || len(words) == 0 && !rt.six:
		c.Printf("%s", inetUsage)
		return nil
	}
	err := rt.parse(words, newNames(c))
	if err == errMisused {
		return rt.misused("")
	}
	if err != nil {
		return err
	}
	conn, err := dial(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx := context.Background()
	err = rt.apply(ctx, conn, action == "add")
	if _, said := err.(*failure); err != nil && !said {
		return refused(ctx, conn, statusKernel, call, err)
	}
	return err
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
	if rt.six {
		r.Family = unix.AF_INET6
	}
	if add {
		r.Protocol = unix.RTPROT_BOOT
		r.Scope = unix.RT_SCOPE_LINK
		r.Metrics = rtnl.Metrics{Window: uint32(rt.window), RTT: uint32(rt.irtt) * 8}
		if rt.mss > 0 {
			r.Metrics.AdvMSS = uint32(rt.mss) - 40
		}
		if rt.six && rt.bits == 128 {
			r.Flags = unix.RTNH_F_ONLINK // the same bit as RTF_HOST, and taken for both
		}
	}
	if rt.reject { // whatever the device
		r.Type, r.Scope, r.Metrics = unix.RTN_UNREACHABLE, unix.RT_SCOPE_HOST, rtnl.Metrics{}
	} else if err := rt.way(ctx, conn, r); err != nil {
		return err
	}
	if !add {
		return conn.DelRoute(ctx, r)
	}
	if rt.hasGateway && rt.gateway.IsUnspecified() && !rt.six {
		return unix.EINVAL
	}
	return conn.PrependRoute(ctx, r)
}

// way fills in the device and the gateway.
func (rt *rtentry) way(ctx context.Context, conn *rtnl.Conn, r *rtnl.Route) (err error) {
	if rt.dev != "" {
		if r.OIF, err = conn.LinkIndex(ctx, rt.dev); err != nil {
			if rt.six {
				err = &failure{status: statusKernel, text: "SIOGIFINDEX: " + applet.Strerror(err), err: err}
			}
			return err
		}
	}
	r.Gateway = rt.gateway
	if !rt.hasGateway || rt.six {
		return nil
	}
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
