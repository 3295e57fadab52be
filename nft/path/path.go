//go:build linux

package path

import (
	"slices"
	"strings"

	"github.com/minins/minins/nft"
)

// Heard is an event, and the namespace where it was heard, by a number of the caller's.
type Heard struct {
	Where int
	Trace *nft.Trace
}

// A Step is what a packet met: a rule that it matched, or the end of a chain.
type Step struct {
	*nft.Trace
	Hook   nft.HookNum
	Hooks  nft.Family // whose hook: IPv4, IPv6, ARP or Bridge; or Netdev, which has no Hook
	Packet *Packet    // as it came to the chain

	// Own is a step of the table that traces, at the beginning of the hook or, with Last,
	// at its end.
	Own, Last bool
}

// Verdict is what the step said, be it a rule's or a policy.
func (s *Step) Verdict() nft.Verdict {
	v := s.Trace.Verdict.V
	if s.Policy.Ok {
		v.Code = s.Policy.V
	}
	if v.Code >= 0 {
		v.Code &= 0xff // NF_VERDICT_MASK: behind it is an errno, or the number of a queue
	}
	return v
}

// Ends says that the packet did not go on.
func (s *Step) Ends() bool {
	c := s.Verdict().Code
	return c >= 0 && c != nft.VerdictAccept && c != nfRepeat && c != nfStop
}

const (
	nfRepeat = 4 // NF_REPEAT
	nfStop   = 5 // NF_STOP
)

// A Visit is what a packet met in one namespace, from where it came in, or was made, to
// where it left. Where a bridge hands a frame up to its own device, or a packet leaves
// by it, the frame and the packet are two visits, unless br_netfilter has the frame pass
// the hooks of packets.
type Visit struct {
	Where int
	Kind  Kind
	In    uint32   // the link that it came by; 0: it was made here
	Out   []uint32 // links that it left by: several if a bridge sent it to all its ports
	Steps []Step

	id   uint32
	seen bool // it is in a leg
}

// First is what the packet was when it was first seen here.
func (v *Visit) First() *Packet { return v.Steps[0].Packet }

// Last is the last step.
func (v *Visit) Last() *Step { return &v.Steps[len(v.Steps)-1] }

// last is the last step in the hooks of a bridge or, if not, in those of ip.
func (v *Visit) last(bridge bool) *Step {
	for i := len(v.Steps) - 1; i >= 0; i-- {
		if s := &v.Steps[i]; s.Own && bridge == (s.Hooks == nft.Bridge) {
			return s
		}
	}
	return nil
}

// Nested says that the step, in a hook of packets, was met in a hook of the bridge:
// br_netfilter has frames go through both.
func (v *Visit) Nested(s *Step) bool {
	b := v.last(true)
	return s.Hooks != nft.Bridge && s.Hooks != nft.ARP && b != nil && b.Hook == s.Hook
}

// An Arrival is where a packet comes in behind a link that it left by. A bridge that it
// left by is what it comes in by as well.
type Arrival struct {
	Where int
	Link  uint32
}

// Next says where a packet may be seen next, in the order of how likely that is: by the
// cables that there are. It is nil if that is not known.
type Next func(v *Visit) []Arrival

// A Leg is the way of one packet: there, back, or of an error about it.
type Leg struct {
	Kind   Kind
	Visits []*Visit
	Fate   Fate
}

// A Fate is what became of a packet, at the last step of its last visit.
type Fate uint8

// Fates.
const (
	Vanished  Fate = iota // no chain and no hook has seen it since
	Delivered             // a process, or the kernel itself, has it
	Dropped               // the last step says so
	Taken                 // the last step gave it to a program (NF_QUEUE), or kept it (NF_STOLEN)
	Left                  // by links, and no other namespace has seen it
)

// TablePrefix is what names of tables that trace packets begin with. Tables of others do
// nothing to a packet, and are left out.
const TablePrefix = "trace-packet-"

// Assemble makes the ways of packets of events, in the order in which each namespace told
// them. table is the name of the tables that traced them.
func Assemble(events []Heard, table string, f *Flow, next Next) []Leg {
	return visits(events, table, f).legs(next)
}

// Neighbours are the visits of packets that ask neighbours of the namespaces for their
// addresses on a link, and of the answers, in the order in which they began: of all such
// packets, whoever sent them. A packet waits for that answer behind all rules, so that
// rules which drop these keep it from being seen again. Equivalent to: nft monitor trace,
// of "nft add rule arp x output meta nftrace set 1" and more
func Neighbours(events []Heard, table string, f *Flow) (all []*Visit) {
	for _, v := range visits(events, table, f).visits {
		if v.Kind >= Solicitation {
			all = append(all, v)
		}
	}
	return all
}

func visits(events []Heard, table string, f *Flow) *assembly {
	a := assembly{table: table, flow: f}
	for i := range events {
		a.add(&events[i])
	}
	return &a
}

// An assembly is visits, in the order in which they began.
type assembly struct {
	table  string
	flow   *Flow
	visits []*Visit
}

// latest is the last visit in a namespace of a packet: of its id, or of its kind.
func (a *assembly) latest(where int, id uint32, kind Kind) *Visit {
	for i := len(a.visits) - 1; i >= 0; i-- {
		if v := a.visits[i]; v.Where == where && (kind == v.Kind || kind == 0 && id == v.id) {
			return v
		}
	}
	return nil
}

func (a *assembly) add(e *Heard) {
	t := e.Trace
	s := Step{Trace: t, Packet: Headers(t), Own: t.Table == a.table, Hooks: t.Family}
	v := a.latest(e.Where, t.ID, 0)
	if v != nil && s.Packet != nil && !s.Packet.same(v.First()) {
		v.id, v = 0, nil // another packet has that now
	}
	switch {
	case s.Own:
		if !s.station() {
			return
		}
		if s.Last {
			break
		}
		v = a.visit(e.Where, v, &s)
	case strings.HasPrefix(t.Table, TablePrefix):
		return // of somebody who traces other packets
	}
	if v != nil {
		v.add(s)
	}
}

// station finds at which hook the event of our own table is. It is not ok for those that
// say nothing new: what comes behind the first event of a chain.
func (s *Step) station() (ok bool) {
	for i := range stations {
		if st := &stations[i]; st.name == s.Chain {
			s.Hook, s.Last = st.hook, st.last
			return s.Packet != nil
		}
	}
	return false
}

// visit is the one to which a step at the beginning of a hook belongs: v, which had the
// same id, another one, a new one, or none if it is not of the flow.
//
// The kernel makes ids of the address of the packet in memory, the link that it came by
// and such. They may be used again soon, and change when a bridge hands a packet up to
// its own device, or makes copies of a frame.
func (a *assembly) visit(where int, v *Visit, s *Step) *Visit {
	kind := Kind(0)
	if s.RuleHandle != 0 { // or else somebody else has it traced
		kind = a.flow.kind(s.Packet, s.Trace.Verdict.V.Code)
	}
	if kind == 0 {
		if v != nil {
			v.id = 0 // another packet has that now
		}
		return nil
	}
	switch begins := s.Hook == nft.Prerouting || s.Hook == nft.Output || s.Hooks == nft.ARP; {
	case v != nil && v.Kind == kind && (!begins || v.at(s) || v.Nested(s)):
	case begins:
		v = nil
	default:
		v = a.latest(where, 0, kind)
	}
	if v == nil {
		v = &Visit{Where: where, Kind: kind, In: s.IIF}
		a.visits = append(a.visits, v)
	}
	v.id = s.ID
	return v
}

// at says that the packet is at the beginning of that hook already.
func (v *Visit) at(s *Step) bool {
	l := v.Last()
	return s.Own && l.Own && s.Chain == l.Chain && s.Hooks == l.Hooks
}

// add adds a step, of which it knows the hook by the last of our own.
func (v *Visit) add(s Step) {
	switch n := len(v.Steps); {
	case n > 0 && v.at(&s):
		return
	case s.Own:
	case n == 0:
		return
	case s.Hooks != nft.Netdev:
		s.Hooks = v.Last().Hooks
		if own := v.last(nft.Family(s.NFProto) == nft.Bridge); own != nil {
			s.Hook, s.Hooks = own.Hook, own.Hooks
		}
	}
	v.Steps = append(v.Steps, s)
	if s.Own && s.Last && s.Hook == nft.Postrouting && !v.Nested(&s) && !slices.Contains(v.Out, s.OIF) {
		v.Out = append(v.Out, s.OIF)
	}
}

// legs puts visits in order.
func (a *assembly) legs(next Next) (all []Leg) {
	for kind := Request; kind <= Error; kind++ {
		for {
			v := a.start(kind, next)
			if v == nil {
				break
			}
			l := Leg{Kind: kind}
			for v != nil {
				v.seen = true
				l.Visits = append(l.Visits, v)
				v = a.behind(v, next)
			}
			l.Fate = fate(l.Visits[len(l.Visits)-1])
			all = append(all, l)
		}
	}
	return all
}

// start is the first visit that is behind no other.
func (a *assembly) start(kind Kind, next Next) (first *Visit) {
	for _, v := range a.visits {
		if v.seen || v.Kind != kind {
			continue
		}
		if first == nil {
			first = v
		}
		if !slices.ContainsFunc(a.visits, func(o *Visit) bool { return o != v && !o.seen && a.behind(o, next) == v }) {
			return v
		}
	}
	return first
}

// behind is the visit that comes behind v.
func (a *assembly) behind(v *Visit, next Next) *Visit {
	if s := v.Last(); s.Ends() || len(v.Out) == 0 && !v.up() {
		return nil
	}
	where := next(v)
	for _, at := range where {
		for _, o := range a.visits {
			frame := o.In == 0 && o.Steps[0].Hooks == nft.Bridge && slices.Contains(v.Out, at.Link)
			if !o.seen && o != v && o.Kind == v.Kind && o.Where == at.Where && (o.In == at.Link || frame) {
				return o
			}
		}
	}
	if where == nil {
		for _, o := range a.visits {
			if !o.seen && o != v && o.Kind == v.Kind && o.Steps[0].Hook == nft.Prerouting {
				return o
			}
		}
	}
	return nil
}

// up says that a bridge has handed the frame up to its own device.
func (v *Visit) up() bool {
	s := v.Last()
	return s.Own && s.Last && s.Hooks == nft.Bridge && s.Hook == nft.Input
}

// Up is the link, if the last step is that a bridge handed the frame that came by it up
// to its own device.
func (v *Visit) Up() (link uint32, ok bool) { return v.In, v.up() }

func fate(v *Visit) Fate {
	s := v.Last()
	switch code := s.Verdict().Code; {
	case s.Ends() && code == nft.VerdictDrop:
		return Dropped
	case s.Ends():
		return Taken
	case len(v.Out) > 0:
		return Left
	case s.Own && s.Last && s.Hook == nft.Input && s.Hooks != nft.Bridge:
		return Delivered
	}
	return Vanished
}
