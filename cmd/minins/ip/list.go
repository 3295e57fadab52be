//go:build linux

package ip

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// showLinks is "ip link show".
func (s *session) showLinks(w *words) error {
	q, err := parseListing(w, ofLink, unix.AF_PACKET)
	if err != nil {
		return err
	}
	found, err := s.find(q)
	if err != nil {
		return err
	}
	var links []rtnl.Link
	if found != nil && q.group < 0 {
		links = []rtnl.Link{*found}
	} else if links, err = s.listLinks(dumpRequest(q)); err != nil {
		return err
	}
	s.showList(q, links, nil)
	return nil
}

// showAddresses is "ip addr show": links, with their addresses.
func (s *session) showAddresses(w *words) error {
	q, err := parseListing(w, ofAddr, s.opt.family)
	if err != nil {
		return err
	}
	found, err := s.find(q)
	if err != nil {
		return err
	}
	var links []rtnl.Link
	if found != nil {
		links = []rtnl.Link{*found}
	} else if links, err = s.listLinks(dumpRequest(q)); err != nil {
		return err
	}
	if q.family == unix.AF_PACKET {
		s.showList(q, links, nil)
		return nil
	}
	addrs, err := s.listAddrs(q)
	if err != nil {
		return err
	}
	s.showList(q, links, addrs)
	return nil
}

// find turns the names in a listing into indexes, and returns the one link
// that it is about, if there is one.
func (s *session) find(q *listing) (*rtnl.Link, error) {
	if q.master != "" {
		if err := s.index(q.master, &q.masterIndex); err != nil {
			return nil, s.wrongDevice(q.master, err)
		}
	}
	if q.dev == "" {
		return nil, nil
	}
	l, err := s.findLink(q.dev)
	if f := asFailure(err); f != nil {
		f.text = say("Device \"%s\" does not exist.", q.dev)
	}
	if err != nil {
		return nil, err
	}
	q.index = l.Index
	return l, nil
}

// dumpRequest asks the kernel for a part of the links only.
func dumpRequest(q *listing) *rtnl.Link {
	r := &rtnl.Link{ExtMask: rtnl.ExtVF}
	if q.masterIndex != 0 {
		r.Master = nl.Some(q.masterIndex)
	}
	r.Info.Kind = q.kind
	return r
}

func (s *session) listAddrs(q *listing) ([]rtnl.Addr, error) {
	conn, err := s.dial()
	if err != nil {
		return nil, err
	}
	return nl.List[rtnl.Addr](s.ctx, conn, unix.RTM_GETADDR, &rtnl.Addr{Family: q.family, Index: q.index}, nil)
}

// showList renders links that were read, with their addresses, if any.
func (s *session) showList(q *listing, links []rtnl.Link, addrs []rtnl.Addr) {
	v := s.view()
	v.family = q.family
	v.begin()
	for i := range links {
		l := &links[i]
		if q.index == 0 && !q.takesOnDump(l) || q.inet() && !q.shows(l, addrs) {
			continue
		}
		v.object("")
		if q.takesLink(l) {
			s.showEntry(v, q, l, addrs)
		}
		v.end()
	}
	v.finish()
}

// inet reports whether addresses are shown.
func (q *listing) inet() bool { return q.family != unix.AF_PACKET }

func (s *session) showEntry(v *view, q *listing, l *rtnl.Link, addrs []rtnl.Addr) {
	// Without the link's line, the addresses stand alone.
	alone := q.inet() && (s.opt.oneline && !s.opt.brief || q.label != "")
	if q.family == unix.AF_INET6 && q.index == 0 {
		l = inet6Link(l)
	}
	if !alone && q.label == "" {
		v.showLink(l, q.extent)
	}
	if !q.inet() {
		return
	}
	v.showAddrs(l, addrs, q)
	if !alone && !s.opt.brief && q.extent == ofAddr && s.opt.stats > 0 {
		v.showStats(l)
		v.text("\n")
	}
}

// inet6Link is what of a link is in the kernel's dump of links for AF_INET6,
// which iproute2 asks for.
func inet6Link(l *rtnl.Link) *rtnl.Link {
	short := &rtnl.Link{Type: l.Type, Index: l.Index, Flags: l.Flags, Name: l.Name, Addr: l.Addr, MTU: l.MTU,
		OperState: l.OperState, TxQLen: l.TxQLen}
	if l.Parent.V != l.Index {
		short.Parent = l.Parent
	}
	return short
}
