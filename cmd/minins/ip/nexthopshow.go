//go:build linux

package ip

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// dumpNexthops lists what q selects; the kernel does not know of who made it.
func (s *session) dumpNexthops(typ uint16, q *nexthopRequest) ([]rtnl.NextHopObject, error) {
	conn, err := s.dial()
	if err != nil {
		return nil, err
	}
	return nl.List(s.ctx, conn, typ, &q.nexthop, func(h *rtnl.NextHopObject) bool {
		return q.protocol == 0 || uint32(h.Protocol) == q.protocol
	})
}

func (s *session) listNexthops(typ uint16, q *nexthopRequest) error {
	all, err := s.dumpNexthops(typ, q)
	if err != nil {
		return dumpFailure("Dump", err)
	}
	v := s.view()
	v.begin()
	for i := range all {
		v.showNexthopLine(&all[i])
	}
	v.finish()
	return nil
}

// flushNexthops deletes what q selects; of the whole, groups go first, since
// without members they would go by themselves.
func (s *session) flushNexthops(q *nexthopRequest, whole bool) error {
	n := 0
	if whole {
		q.nexthop.Groups = true
	}
	for {
		all, err := s.dumpNexthops(unix.RTM_GETNEXTHOP, q)
		if err != nil {
			f := dumpFailure("Dump", err)
			if asFailure(f) != nil {
				asFailure(f).text += ". Failed to flush nexthops"
			}
			return f
		}
		for i := range all {
			if err := s.delNexthop(all[i].ID); err != nil {
				s.report(err)
				continue
			}
			n++
		}
		if !whole {
			break
		}
		q.nexthop.Groups, whole = false, false
	}
	if n == 0 {
		s.c.Stdout.WriteString("Nothing to flush\n")
	} else {
		s.c.Stdout.WriteString("Flushed " + strconv.Itoa(n) + " nexthops\n")
	}
	return nil
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

func (v *view) showNexthopLine(h *rtnl.NextHopObject) {
	if h.Bucket != nil {
		v.showBucket(h)
	} else {
		v.showNexthop("", h)
	}
	v.text("\n")
}

// showNexthop renders an object, without the end of its line.
func (v *view) showNexthop(key string, h *rtnl.NextHopObject) {
	details := v.opt.details > 0
	v.object(key)
	v.uint("id", "id %d ", uint64(h.ID))
	if h.Group != nil {
		v.showGroup(h.Group)
	}
	switch h.GroupType {
	case 0:
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
	separator := "group "
	for i := range group {
		v.object("")
		v.text("%s", separator)
		separator = "/"
		v.uint("id", "%d", uint64(group[i].ID))
		if n := group[i].Weight; n != 0 {
			v.uint("weight", ",%d", uint64(n)+1)
		}
		v.end()
	}
	v.text(" ")
	v.endArray()
}

func (v *view) showBucket(h *rtnl.NextHopObject) {
	b := h.Bucket
	v.object("")
	v.uint("id", "id %d ", uint64(h.ID))
	v.object("bucket")
	v.uint("index", "index %d ", uint64(b.Index.V))
	v.seconds("idle_time", b.IdleTime)
	v.uint("nhid", "nhid %d ", uint64(b.NextHopID))
	v.end()
	v.showRouteFlags(h.Flags)
	v.end()
}

// seconds renders hundredths of a second.
func (v *view) seconds(key string, hundredths uint64) {
	n := strconv.FormatFloat(float64(hundredths)/100, 'g', 6, 64)
	v.raw(key, n, key+" %s ", n)
}
