//go:build linux

package doctor

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// A segment is what a frame that leaves by a link can come to without being routed.
type segment struct {
	ends []arrival
	open *survey.Link // where it leads on and cannot be followed, or nil
}

// An arrival is a link whose namespace takes the frame, and the way to it.
type arrival struct {
	link *survey.Link
	way  []edge // from the link that sends, to the link that takes it
}

// An edge is a step of a frame: along a cable, through a bridge from port to port, from
// the bridge to a port or from a port to the bridge, or between a link and what it
// stands on.
type edge struct {
	from, to *survey.Link
	bridge   *survey.Link // that it goes through; nil for a cable
}

// A spread finds a segment.
type spread struct {
	*walk
	segment
	seen  map[edge]bool
	works bool // only by what is up, and by ports that pass frames on
}

// segment finds out where frames from a link come to, whether or not anything on the
// way stops them.
func (w *walk) segment(from *survey.Link) *segment { return w.reach(from, false) }

// reach is the segment, or, with works, what frames come to as things are.
func (w *walk) reach(from *survey.Link, works bool) *segment {
	s := &spread{walk: w, seen: map[edge]bool{}, works: works}
	s.leave(from, 0, nil)
	return &s.segment
}

// works says that links are up and ports pass frames on.
func (e *edge) works() bool {
	for _, l := range [...]*survey.Link{e.from, e.to, e.bridge} {
		if l != nil && (l.Flags&unix.IFF_UP == 0 || e.bridge != nil && l != e.bridge && !passing(l)) {
			return false
		}
	}
	return true
}

// passing says that a port of a bridge does, or does not say.
func passing(port *survey.Link) bool {
	return port.Info.Port == nil || !port.Info.Port.State.Ok || port.Info.Port.State.V == rtnl.PortForwarding
}

// pass takes an edge, unless it was taken.
func (s *spread) pass(e edge, way []edge) ([]edge, bool) {
	if s.seen[e] || s.works && !e.works() {
		return nil, false
	}
	s.seen[e] = true
	return append(way[:len(way):len(way)], e), true
}

// leave has a frame with a VLAN tag, or 0, go out by a link.
func (s *spread) leave(l *survey.Link, tag uint16, way []edge) {
	switch {
	case l.Info.Kind == "bridge":
		s.flood(l, nil, tag, way)
	case l.Info.Kind == "bond":
		for _, port := range l.Namespace.Links {
			if port.Master() == l {
				if way, ok := s.pass(edge{from: l, to: port}, way); ok {
					s.leave(port, tag, way)
				}
			}
		}
	case l.Lower != nil:
		way, ok := s.pass(edge{from: l, to: l.Lower}, way)
		if !ok {
			return
		}
		if l.Info.VLAN != nil {
			tag = l.Info.VLAN.ID.V
		} else {
			s.siblings(l.Lower, l, tag, way)
		}
		s.leave(l.Lower, tag, way)
	case l.Peer != nil:
		if way, ok := s.pass(edge{from: l, to: l.Peer}, way); ok {
			s.arrive(l.Peer, tag, way)
		}
	default:
		s.open = l
	}
}

// arrive has a frame come in by a link.
func (s *spread) arrive(l *survey.Link, tag uint16, way []edge) {
	s.siblings(l, nil, tag, way)
	bridge := l.Master()
	switch {
	case bridge == nil:
		if tag == 0 {
			s.ends = append(s.ends, arrival{l, way})
		}
	case bridge.Info.Kind == "bond":
		if up, ok := s.pass(edge{from: l, to: bridge}, way); ok {
			s.arrive(bridge, tag, up)
		}
	case bridge.Info.Kind != "bridge": // a VRF's port has routes of its own
		s.open = l
	default:
		if up, ok := s.pass(edge{from: l, to: bridge, bridge: bridge}, way); ok {
			s.arrive(bridge, tag, up)
		}
		s.flood(bridge, l, tag, way)
	}
}

// flood has a bridge send a frame out by its ports: also by that which it came in by, if
// only hairpin mode lets it.
func (s *spread) flood(bridge, in *survey.Link, tag uint16, way []edge) {
	from := in
	if from == nil {
		from = bridge
	}
	for _, port := range bridge.Namespace.Links {
		if port.Master() != bridge || port == in && !hairpin(port) {
			continue
		}
		if way, ok := s.pass(edge{from: from, to: port, bridge: bridge}, way); ok {
			s.leave(port, tag, way)
		}
	}
}

// siblings are the links that stand on the one where a frame is: those of macvlan, and
// of the VLAN that it is in.
func (s *spread) siblings(lower, but *survey.Link, tag uint16, way []edge) {
	for _, n := range s.survey.Namespaces {
		for _, l := range n.Links {
			if l.Lower != lower || l == but {
				continue
			}
			inner := tag
			if l.Info.VLAN != nil {
				if l.Info.VLAN.ID.V != tag || but != nil {
					continue
				}
				inner = 0
			}
			if way, ok := s.pass(edge{from: lower, to: l}, way); ok {
				s.arrive(l, inner, way)
			}
		}
	}
}
