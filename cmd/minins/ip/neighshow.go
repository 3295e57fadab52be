//go:build linux

package ip

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A neighQuery says which neighbours to show, or to flush.
type neighQuery struct {
	_ [0]func() // not to be compared: that would take code

	family   rtnl.Family
	to       prefix
	dev      string
	index    uint32
	master   string
	noMaster bool
	proxy    bool
	unused   bool
	states   rtnl.NeighState
	none     bool // also those without a state
	protocol nl.Opt[uint32]
}

const neighQueryWords grammar = `
	dev DEV  on the link
	master DEV  on ports of the bridge
	vrf NAME  on links in the VRF
	nomaster  on links that are nobody's port
	unused  that nobody uses
	nud STATE  in the state; all
	proxy  for which this host answers
	protocol* PROTOCOL  made by it
	[to] PREFIX  in the prefix
	help*`

// parseNeighQuery reads the words after "show" or "flush". states are those
// that are meant without the word nud, all those that are with "nud all".
func parseNeighQuery(w *words, family rtnl.Family, states, all rtnl.NeighState) (*neighQuery, error) {
	q := &neighQuery{family: family}
	given := false
	for w.next() {
		switch key := neighQueryWords.find(w.cur); key {
		case "dev":
			before := q.dev
			if w.device(&q.dev); before != "" {
				w.fail(duplicate(key, w.cur))
			}
		case "master":
			w.master(&q.master)
			q.noMaster = false
		case "vrf":
			w.vrf(noVRF)
			q.master, q.noMaster = w.cur, false
		case "nomaster":
			q.master, q.noMaster = "", true
		case "unused":
			q.unused = true
		case "nud":
			given = true
			q.takeState(w, all)
		case "proxy":
			q.proxy = true
		case "protocol":
			if w.peek() == "all" {
				w.next()
				q.protocol.Ok = false
			} else {
				q.protocol = w.someNamed(protocols, 8, "invalid \"protocol\"\n")
			}
		case "help":
			return nil, usage("neigh")
		default:
			if key == "to" {
				w.arg()
			}
			w.asPrefix(&q.to, &q.family)
		}
	}
	if !given {
		q.states = states
	}
	return q, w.err
}

func (q *neighQuery) takeState(w *words, all rtnl.NeighState) {
	if w.peek() == "all" {
		w.next()
		q.states, q.none = all, true
		return
	}
	st := nudArg(w)
	q.states |= st
	q.none = q.none || st == unix.NUD_NONE
}

// takes reports whether a neighbour is shown.
func (q *neighQuery) takes(n *rtnl.Neigh) bool {
	inState := n.State&q.states != 0 || n.State == 0 && q.none
	switch {
	case q.family != 0 && n.Family != q.family,
		q.index != 0 && n.Index != q.index,
		q.proxy != (n.Flags&unix.NTF_PROXY != 0),
		!inState && n.Flags&(unix.NTF_PROXY|unix.NTF_EXT_LEARNED) == 0,
		q.protocol.Ok && uint32(n.Protocol) != q.protocol.V,
		n.Family != unix.AF_INET && n.Family != unix.AF_INET6 && n.Family != q.family,
		n.Dst.IsValid() && !q.to.contains(n.Dst),
		q.unused && n.CacheInfo.V.RefCount != 0:
		return false
	}
	return true
}

const (
	everyState  = 0xffff
	shownStates = 0xff &^ unix.NUD_NOARP
)

func (s *session) showNeighs(w *words) error {
	q, err := parseNeighQuery(w, s.opt.family, shownStates, everyState)
	if err != nil {
		return err
	}
	req, err := s.neighDump(q)
	if err != nil {
		return err
	}
	v := s.view()
	var n rtnl.Neigh
	err = s.each(unix.RTM_GETNEIGH, req, &n, func() {
		if q.takes(&n) {
			v.begin()
			v.showNeigh(&n, q.index != 0)
		}
	})
	if err == nil {
		v.finish()
	}
	return err
}

// neighDump is the dump in which what q selects is.
func (s *session) neighDump(q *neighQuery) (*rtnl.Neigh, error) {
	req := &rtnl.Neigh{Family: q.family}
	if err := s.index(q.dev, &q.index); err != nil {
		return nil, err
	}
	if err := s.index(q.master, &req.Master); err != nil {
		return nil, s.wrongDevice(q.master, err)
	}
	req.IfIndex = q.index
	if q.proxy {
		req.Flags = unix.NTF_PROXY
	}
	return req, nil
}

// flushNeighs is "ip neigh flush".
func (s *session) flushNeighs(w *words) error {
	if w.peek() == "" {
		return fail(exitFailed, "Flush requires arguments.", "say which neighbours: \"dev NAME\", \"all\" …")
	}
	q, err := parseNeighQuery(w, s.opt.family, everyState&^(unix.NUD_PERMANENT|unix.NUD_NOARP), everyState&^unix.NUD_NOARP)
	if err != nil {
		return err
	}
	req, err := s.neighDump(q)
	if err != nil {
		return err
	}
	return s.rounds("entries", false, func() (int, error) {
		var n rtnl.Neigh
		count, err, failed := s.deleteEach(unix.RTM_GETNEIGH, req, &n, 0, func() nl.Message {
			if !q.takes(&n) {
				return nil
			}
			if s.opt.stats > 1 {
				s.view().showNeigh(&n, q.index != 0)
			}
			return &rtnl.Neigh{Family: n.Family, Index: n.Index, Dst: n.Dst, Flags: n.Flags & unix.NTF_PROXY}
		})
		return count, errors.Join(err, failed)
	})
}

// showNeigh renders one neighbour; sameDev leaves the link's name out.
func (v *view) showNeigh(n *rtnl.Neigh, sameDev bool) {
	v.object("")
	if v.opt.brief {
		v.showInet("dst", "", "%-39s ", n.Dst)
		if !sameDev && n.Index != 0 {
			v.strColor(colorName, "dev", "%-16s ", v.linkName(n.Index))
		}
		if n.LLAddr.Len() > 0 {
			v.strColor(colorMAC, "lladdr", "%s", n.LLAddr.String())
		}
		v.write("\n")
		v.end()
		return
	}
	v.showInet("dst", "", "%s ", n.Dst)
	if !sameDev && n.Index != 0 {
		v.showDev("dev", "dev ", n.Index)
	}
	if n.LLAddr.Len() > 0 {
		v.write("lladdr ")
		v.strColor(colorMAC, "lladdr", "%s ", n.LLAddr.String())
	}
	names, _ := bitNames(neighFlags, uint32(n.Flags)|n.FlagsExt<<8)
	for _, name := range names {
		v.null(name, name+" ")
	}
	if v.opt.stats > 0 {
		v.showNeighTimes(n)
	}
	if n.State != 0 {
		v.showNeighState(n.State)
	}
	if n.Protocol != 0 {
		v.str("protocol", "proto %s ", v.tables.name(protocols, uint32(n.Protocol)))
	}
	v.write("\n")
	v.end()
}

// neighFlags are in iproute2's order, those of NDA_FLAGS_EXT behind the first eight bits.
var neighFlags = []numbered{{unix.NTF_ROUTER, "router"}, {unix.NTF_PROXY, "proxy"}, {extManaged << 8, "managed"},
	{unix.NTF_EXT_LEARNED, "extern_learn"}, {unix.NTF_OFFLOADED, "offload"}}

// extManaged is NTF_EXT_MANAGED of linux/neighbour.h.
const extManaged = 1

func (v *view) showNeighTimes(n *rtnl.Neigh) {
	if n.CacheInfo.Ok {
		i := &n.CacheInfo.V
		v.nonzero("refcnt", " ref %d", i.RefCount)
		v.uint("used", " used %d", uint64(i.Used/ticksPerSecond))
		v.uint("confirmed", "/%d", uint64(i.Confirmed/ticksPerSecond))
		v.uint("updated", "/%d", uint64(i.Updated/ticksPerSecond))
	}
	v.number(n.Probes.Ok, "probes", "probes %d ", uint64(n.Probes.V))
}

func (v *view) showNeighState(st rtnl.NeighState) {
	v.array("state")
	rest := uint32(st)
	for i := range nudStates {
		if n := &nudStates[i]; rest&n.id != 0 {
			v.str("", "%s ", strings.ToUpper(n.name))
			rest &^= n.id
		}
	}
	if rest != 0 {
		v.str("", "%s ", strconv.FormatUint(uint64(rest), 16))
	}
	v.endArray()
}
