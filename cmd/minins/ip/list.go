//go:build linux

package ip

import (
	"encoding/binary"

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
	if q.group >= 0 {
		found = nil
	}
	return s.showList(q, found, &addrStore{})
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
	kept := &addrStore{kept: map[uint32][]byte{}}
	if q.inet() {
		err = s.stream(unix.RTM_GETADDR, &rtnl.Addr{Family: q.family, Index: q.index}, kept.add)
	}
	if err != nil {
		return err
	}
	return s.showList(q, found, kept)
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

// linkMask says what of links is asked for.
func (o *options) linkMask() rtnl.ExtMask {
	if o.stats == 0 {
		return rtnl.ExtVF | rtnl.ExtSkipStats
	}
	return rtnl.ExtVF
}

// dumpRequest asks the kernel for a part of the links only.
func (s *session) dumpRequest(q *listing) *rtnl.Link {
	r := &rtnl.Link{ExtMask: s.opt.linkMask()}
	if q.masterIndex != 0 {
		r.Master = nl.Some(q.masterIndex)
	}
	r.Info.Kind = q.kind
	return r
}

// seenAtOnce is how many links are read before the first of them is shown: the
// other end of a pair, whose name is shown, is often one of the next.
const seenAtOnce = 32

// showList renders the link that was found, or those that are dumped, with their
// addresses, if any.
func (s *session) showList(q *listing, found *rtnl.Link, kept *addrStore) error {
	v := s.view()
	v.family = q.family
	if found != nil {
		err := s.showItem(v, q, found, kept)
		v.finish()
		return err
	}
	links := make([]rtnl.Link, seenAtOnce)
	n := 0
	show := func() (err error) {
		for i := 0; i < n && err == nil; i++ {
			err = s.showItem(v, q, &links[i], kept)
		}
		n = 0
		return err
	}
	var c nl.Coder
	err := s.stream(unix.RTM_GETLINK, s.dumpRequest(q), func(_ nl.Header, body []byte) error {
		if s.opt.details == 0 {
			body = withoutAFSpec(body)
		}
		if err := c.Decode(body, &links[n]); err != nil {
			return err
		}
		s.remember(&links[n])
		if n++; n == len(links) {
			return show()
		}
		return nil
	})
	if err == nil {
		err = show()
	}
	if err == nil {
		v.finish()
	}
	return err
}

// withoutAFSpec cuts out of a link what only -d shows, and is more than half of it.
func withoutAFSpec(body []byte) []byte {
	for rest := body[min(unix.SizeofIfInfomsg, len(body)):]; len(rest) >= unix.SizeofRtAttr; {
		l := (int(binary.NativeEndian.Uint16(rest)) + 3) &^ 3
		if l == 0 || l > len(rest) {
			break
		}
		typ := binary.NativeEndian.Uint16(rest[2:])
		if typ&^unix.NLA_F_NESTED == unix.IFLA_AF_SPEC {
			return body[:len(body)-len(rest)+copy(rest, rest[l:])]
		}
		rest = rest[l:]
	}
	return body
}

// showItem renders a link if it is selected.
func (s *session) showItem(v *view, q *listing, l *rtnl.Link, kept *addrStore) error {
	addrs, err := kept.of(l.Index)
	if err != nil || q.index == 0 && !q.takesOnDump(l) || q.inet() && !q.shows(l, addrs) {
		return err
	}
	v.begin()
	v.object("")
	if q.takesLink(l) {
		s.showEntry(v, q, l, addrs)
	}
	v.end()
	return nil
}

// inet reports whether addresses are shown.
func (q *listing) inet() bool { return q.family != unix.AF_PACKET }

func (s *session) showEntry(v *view, q *listing, l *rtnl.Link, addrs []*rtnl.Addr) {
	// Without the link's line, the addresses stand alone.
	alone := q.inet() && (s.opt.oneline && !s.opt.brief || q.label != "")
	if s.opt.family == unix.AF_INET6 && q.inet() && q.index == 0 {
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
		v.write("\n")
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
