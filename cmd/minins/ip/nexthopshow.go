//go:build linux

package ip

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/internal/fraction"
	"github.com/minins/minins/rtnl"
)

// showNexthops renders objects and buckets, one a line.
func (s *session) showNexthops(all []rtnl.NextHopObject) {
	v := s.view()
	v.begin()
	for i := range all {
		v.showNexthop("", &all[i])
		v.write("\n")
	}
	v.finish()
}

// nexthopByID is what a route names, or nil.
func (s *session) nexthopByID(id uint32) *rtnl.NextHopObject {
	h := new(rtnl.NextHopObject)
	if err := s.do(unix.RTM_GETNEXTHOP, 0, &rtnl.NextHopObject{ID: id}, h); err != nil {
		s.report(err)
		return nil
	}
	return h
}

// nexthopOnce is v.nexthop, which is asked once for an object; among events it may
// be another one by now.
func (v *view) nexthopOnce(id uint32) *rtnl.NextHopObject {
	for _, h := range v.nexthops {
		if h.ID == id {
			return h
		}
	}
	h := v.nexthop(id)
	if h != nil && !v.events {
		v.nexthops = append(v.nexthops, h)
	}
	return h
}

// showNexthop renders an object or a bucket, without the end of its line.
func (v *view) showNexthop(key string, h *rtnl.NextHopObject) {
	details := v.opt.details > 0
	v.object(key)
	v.uint("id", "id %d ", uint64(h.ID))
	if b := h.Bucket; b != nil {
		v.object("bucket")
		v.uint("index", "index %d ", uint64(b.Index.V))
		v.seconds("idle_time", b.IdleTime)
		v.uint("nhid", "nhid %d ", uint64(b.NextHopID))
		v.end()
		v.showRouteFlags(h.Flags)
		v.end()
		return
	}
	if h.Group != nil {
		v.showGroup(h.Group)
	}
	switch h.GroupType {
	case 0: // not said
	case 1:
		v.str("type", "type %s ", "resilient")
	default:
		v.str("type", "type %s ", "<unknown type>")
	}
	if g := h.Resilient; g != nil {
		v.object("resilient_args")
		v.uint("buckets", "buckets %d ", uint64(g.Buckets.V))
		v.seconds("idle_timer", uint64(g.IdleTimer.V))
		v.seconds("unbalanced_timer", uint64(g.UnbalancedTimer.V))
		v.seconds("unbalanced_time", g.UnbalancedTime)
		v.end()
	}
	v.showInet("gateway", "via ", "%s ", h.Gateway)
	if h.OIF != 0 {
		v.showDev("dev", "dev ", h.OIF)
	}
	if h.Scope != unix.RT_SCOPE_UNIVERSE || details {
		v.str("scope", "scope %s ", v.tables.name(scopes, uint32(h.Scope)))
	}
	if h.Blackhole {
		v.null("blackhole", "blackhole ")
	}
	if h.Protocol != unix.RTPROT_UNSPEC || details {
		v.str("protocol", "proto %s ", v.tables.name(protocols, uint32(h.Protocol)))
	}
	v.showRouteFlags(h.Flags)
	if h.FDB {
		v.null("fdb", "fdb")
	}
	v.end()
}

func (v *view) showGroup(group []rtnl.NextHopShare) {
	v.array("group")
	format := "group %d"
	for _, g := range group {
		v.object("")
		v.uint("id", format, uint64(g.ID))
		v.number(g.Weight != 0, "weight", ",%d", uint64(g.Weight)+1)
		v.end()
		format = "/%d"
	}
	v.write(" ")
	v.endArray()
}

// seconds renders hundredths of a second.
func (v *view) seconds(key string, hundredths uint64) {
	n := fraction.Short(float64(hundredths) / 100)
	v.raw(key, n, key+" %s ", n)
}
