//go:build linux

package ip

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/ntop"
	"github.com/minins/minins/rtnl"
)

// showRoute renders a route as q asked for it; the answer to "ip route get"
// has an empty q.
func (v *view) showRoute(r *rtnl.Route, q *routeQuery) {
	v.object("")
	details := v.opt.details > 0
	if r.Type != unix.RTN_UNICAST || details {
		v.str("type", "%s ", v.routeType(r.Type))
	}
	v.showPrefix("dst", "%s ", r.Dst, r.Family)
	if r.Src.IsValid() {
		v.showPrefix("from", "from %s ", r.Src, r.Family)
	}
	v.nonzero("nhid", "nhid %d ", r.NextHopID)
	if r.TOS != 0 && !q.tos.Ok {
		v.str("tos", "tos %s ", v.tables.name(dsfields, uint32(r.TOS)))
	}
	if !q.via.one(r.Family) {
		v.showGateway(r.Gateway, r.Via)
	}
	if r.OIF != 0 && q.index == 0 {
		v.showDev("dev", "dev ", r.OIF)
	}
	if r.Table != 0 && (r.Table != unix.RT_TABLE_MAIN || details) && q.table == 0 {
		v.str("table", "table %s ", v.tables.name(routeTables, r.Table))
	}
	if r.Flags&unix.RTM_F_CLONED == 0 {
		if (r.Protocol != unix.RTPROT_BOOT || details) && !q.proto.Ok {
			v.str("protocol", "proto %s ", v.tables.name(protocols, uint32(r.Protocol)))
		}
		if (r.Scope != unix.RT_SCOPE_UNIVERSE || details) && !q.scope.Ok {
			v.str("scope", "scope %s ", v.tables.name(scopes, uint32(r.Scope)))
		}
	}
	if !q.src.one(r.Family) {
		v.showInet("prefsrc", "src ", "%s ", r.PrefSrc)
	}
	if (r.Priority != 0 || r.Family == unix.AF_INET6 && len(r.NextHops) == 0) && !q.metric.Ok {
		v.uint("metric", "metric %d ", uint64(r.Priority))
	}
	v.showRouteFlags(r.Flags)
	v.showRouteRest(r, q)
	v.write("\n")
	v.end()
}

func (v *view) showRouteRest(r *rtnl.Route, q *routeQuery) {
	switch {
	case r.Mark >= 16:
		v.uint("mark", "mark %#x ", uint64(r.Mark))
	case r.Mark != 0:
		v.uint("mark", "mark %d ", uint64(r.Mark))
	}
	if q.realmMask != 1<<32-1 {
		v.showRealms(r.Flow)
	}
	v.number(r.UID.Ok, "uid", "uid %d ", uint64(r.UID.V))
	cached := r.Flags&unix.RTM_F_CLONED != 0
	if r.Family == unix.AF_INET && cached {
		v.showCacheFlags(uint32(r.Flags))
		v.showCacheInfo(r)
	} else if r.Family == unix.AF_INET6 {
		v.showCacheInfo(r)
	}
	v.showMetrics(&r.Metrics)
	if r.IIF != 0 && q.iindex == 0 {
		v.showDev("iif", "iif ", r.IIF)
	}
	if r.Pref.Ok {
		v.str("pref", "pref %s", nameIn(routePrefs, uint32(r.Pref.V), decimal(uint32(r.Pref.V))))
	}
	if r.NextHopID != 0 && v.opt.details > 0 {
		if h := v.nexthopOnce(r.NextHopID); h != nil {
			v.write("\n\tnh_info ")
			v.showNexthop("nh_info", h)
		}
	}
	if len(r.NextHops) > 0 {
		v.array("nexthops")
		for i := range r.NextHops {
			v.showHop(r, &r.NextHops[i])
		}
		v.endArray()
	}
}

func (v *view) routeType(t rtnl.RouteType) string {
	if int(t) < len(routeTypes) && !v.opt.numeric {
		return routeTypes[t]
	}
	return decimal(uint32(t))
}

func decimal(n uint32) string { return strconv.Itoa(int(n)) }

// showPrefix renders a destination: "default", an address, or one with a length.
func (v *view) showPrefix(key, format string, p netip.Prefix, f rtnl.Family) {
	c, text := inetColor(f), "default"
	switch {
	case !p.IsValid():
		c = plain
	case p.Bits() == hostBits(f):
		v.showAddress(c, key, format, p.Addr())
		return
	default:
		text = ntop.Text(p.Addr()) + "/" + decimal(uint32(p.Bits()))
	}
	v.strColor(c, key, format, text)
}

// showGateway renders a gateway of the route's own family, or of another one.
func (v *view) showGateway(own, other netip.Addr) {
	v.showInet("gateway", "via ", "%s ", own)
	if other.IsValid() {
		v.object("via")
		v.str("family", "via %s ", familyName(familyOf(other)))
		v.showInet("host", "", "%s ", other)
		v.end()
	}
}

func (v *view) showHop(r *rtnl.Route, h *rtnl.NextHop) {
	v.object("")
	v.line()
	v.write("\tnexthop ")
	v.showGateway(h.Gateway, h.Via)
	v.showRealms(h.Flow)
	if r.Flags&unix.RTM_F_CLONED == 0 || r.Family != unix.AF_INET {
		if h.OIF != 0 {
			v.str("dev", "dev %s ", v.linkName(h.OIF))
		}
		v.uint("weight", "weight %d ", uint64(h.Hops)+1)
	}
	v.showRouteFlags(rtnl.RouteFlags(h.Flags))
	v.end()
}

func (v *view) showRouteFlags(f rtnl.RouteFlags) {
	v.array("flags")
	for i := 0; i < len(routeFlags) && f != 0; i++ {
		if n := &routeFlags[i]; uint32(f)&n.id != 0 {
			v.str("", "%s ", n.name)
		}
	}
	v.endArray()
}

// routeFlags are in iproute2's order.
var routeFlags = []numbered{{unix.RTNH_F_DEAD, "dead"}, {unix.RTNH_F_ONLINK, "onlink"}, {unix.RTNH_F_PERVASIVE, "pervasive"},
	{unix.RTNH_F_OFFLOAD, "offload"}, {unix.RTNH_F_TRAP, "trap"}, {unix.RTM_F_NOTIFY, "notify"}, {unix.RTNH_F_LINKDOWN, "linkdown"},
	{unix.RTNH_F_UNRESOLVED, "unresolved"}, {unix.RTM_F_OFFLOAD, "rt_offload"}, {unix.RTM_F_TRAP, "rt_trap"},
	{unix.RTM_F_OFFLOAD_FAILED, "rt_offload_failed"}}

// showRealms renders "[FROM/]TO".
func (v *view) showRealms(flow uint32) {
	if flow == 0 {
		return
	}
	v.object("flow")
	if from := flow >> 16; from != 0 {
		v.str("from", "realms %s/", v.tables.name(realms, from))
	} else {
		v.write("realm ")
	}
	v.str("to", "%s ", v.tables.name(realms, flow&0xffff))
	v.end()
}

// showCacheFlags renders RTCF_* of linux/in_route.h.
func (v *view) showCacheFlags(flags uint32) {
	const notMine = 0xffff // RTM_F_* and RTNH_F_*
	names, rest := bitNames(cacheFlags, flags&^notMine)
	if rest != 0 {
		names = append(names, fmt.Sprintf("%x", rest))
	}
	v.list("cache", names)
	v.line()
	v.write("    cache ")
	if names != nil {
		v.write("<" + strings.Join(names, ",") + "> ")
	}
}

var cacheFlags = []numbered{{1 << 31, "local"}, {1 << 30, "reject"}, {1 << 29, "mc"}, {1 << 28, "brd"}, {1 << 27, "dst-nat"},
	{1 << 23, "src-nat"}, {1 << 22, "masq"}, {1 << 17, "dst-direct"}, {1 << 26, "src-direct"}, {1 << 18, "redirected"},
	{1 << 24, "redirect"}, {1 << 19, "fastroute"}, {1 << 16, "notify"}, {1 << 20, "tproxy"}}

func (v *view) showCacheInfo(r *rtnl.Route) {
	if !r.CacheInfo.Ok {
		return
	}
	i := &r.CacheInfo.V
	if i.Expires != 0 {
		v.int("expires", "expires %dsec ", int64(i.Expires)/ticksPerSecond)
	}
	if i.Error != 0 {
		v.int("error", "error %d ", int64(int32(i.Error)))
	}
	if v.opt.stats > 0 {
		v.nonzero("users", "users %d ", i.ClientRefs)
		v.nonzero("used", "used %d ", i.Used)
		v.number(i.LastUse != 0, "age", "age %dsec ", uint64(i.LastUse)/ticksPerSecond)
	}
}
