//go:build linux

// Package doctor finds out why one end cannot reach another. It walks the way of a
// packet and of its answer through the namespaces of a host, over cables and bridges,
// and asks at each place what the kernel would do with it there:
//
//	s, err := survey.Take(ctx, survey.Options{})
//	defer s.Close()
//	host := &doctor.Kernel{Context: ctx}
//	defer host.Close()
//	x := doctor.Examine(s, host, &doctor.Question{From: "red", To: "blue"})
//	for _, f := range x.Findings {
//		fmt.Println(f.ID, f.What, f.Remedy)
//	}
//
// The walk reads and changes nothing. What is in the picture (package survey) is not
// asked for again; the rest, routes, sysctls and rules, comes from a [Host], so that the
// walk can be tried without a kernel. Only [Probe] sends anything.
//
// A finding that ends the walk is a [Fault]: the packet would not pass. What a rule or
// a device does that is not understood is a [Suspect], and the probe decides.
package doctor

import (
	"net/netip"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/survey"
)

// A Level says how sure a [Finding] is, and how bad.
type Level uint8

// Levels of findings.
const (
	Fault   Level = iota // packets do not pass, or not all of them
	Suspect              // it may be what stops them: a probe tells
	Warning              // they pass, but not as one would expect
)

// String is the word for it.
func (l Level) String() string { return [...]string{"fault", "suspect", "warning"}[l] }

// A Finding is one thing that is wrong.
type Finding struct {
	ID       string // stays the same in later releases: "route/missing-back"
	Level    Level
	What     string   // a sentence
	Evidence string   // what was read, and from where
	Remedy   []string // commands that mend it, to be run one after another
}

// A Question is what is to be examined.
//
// From and To are NAME, NAME/ADDRESS or ADDRESS, where "." and "host" stand for the
// caller's namespace; To may end in ":PORT", of an address of IPv6 as "[ADDRESS]:PORT".
type Question struct {
	From, To string
	Proto    uint8 // IPPROTO_TCP, IPPROTO_UDP; 0 is ICMP, or TCP if there is a port
	IPv6     bool  // addresses of IPv6 where names stand for them

	// Words, if set, are those of another tool than nft for a rule, to be shown as well.
	Words func(*nft.Rule) (text string, ok bool)
}

// An Examination is what came of a [Question].
type Examination struct {
	_ [0]func() // not to be compared: that would take code

	From, To     *survey.Namespace // To is nil if the address is in none that was looked at
	Source, Dest netip.Addr
	Port         uint16
	Proto        uint8 // IPPROTO_*; IPPROTO_ICMP also for ICMPv6

	Steps    []string // the way of the packet and of its answer, as far as it was walked
	Findings []*Finding
	Unseen   []string // what could not be looked at, and why

	asked netip.Addr   // the source that was asked for, or none
	zone  *survey.Link // of a link-local address, or nil

	// Ends says that the walk left what can be seen: there is more of the way.
	Ends bool
}

// Fault is the first finding of that level, or nil.
func (x *Examination) Fault() *Finding {
	for _, f := range x.Findings {
		if f.Level == Fault {
			return f
		}
	}
	return nil
}

// Statuses of [Examination.Settle].
const (
	Reachable = 0
	Faulty    = 1 // it is known why not
	Unknown   = 3 // not reachable, and no cause was found
)

// Stops is the first fault that stops even small packets, or nil.
func (x *Examination) Stops() *Finding {
	for _, f := range x.Findings {
		if f.Level == Fault && f.ID != "mtu/mismatch" {
			return f
		}
	}
	return nil
}

// Settle says what came of the examination and of the probe, or nil if none was sent.
// Suspects go if the probe was answered, and become faults if it was not. If it was a
// datagram of UDP and nothing came back, it is not known, and they stay.
func (x *Examination) Settle(reply *Reply) (status int) {
	if x.Stops() == nil && reply != nil {
		all := x.Findings
		x.Findings = nil
		for _, f := range all {
			if f.Level == Suspect && reply.Reached && !reply.Silent {
				continue
			}
			if f.Level == Suspect && !reply.Reached {
				f.Level = Fault
			}
			x.Findings = append(x.Findings, f)
		}
		if !reply.Reached {
			status = Unknown
		}
	}
	switch {
	case x.Fault() != nil:
		status = Faulty
	case reply == nil && (x.From == nil || !x.Dest.IsValid()):
		status = Unknown
	}
	return status
}

// Examine walks from one end to the other and back, until something is wrong. An error
// is of the words of the question.
func Examine(s *survey.Survey, host Host, q *Question) (*Examination, error) {
	var blamed *place
	for {
		w := &walk{Examination: &Examination{Proto: q.Proto}, survey: s, host: host, words: q.Words, tracked: blamed != nil}
		if w.where(q) {
			w.there(packet{src: w.asked, dst: w.Dest, proto: w.Proto, dport: w.Port, zone: w.zone})
		}
		switch {
		case w.Stops() == nil && blamed != nil: // nothing else is wrong
			w.fault("filter/notrack", &facts{n: blamed.ns, r: blamed})
			return w.Examination, nil
		case w.Stops() == nil || w.notrack == nil:
			return w.Examination, w.err
		}
		blamed = w.notrack // or not: it is seen if all were tracked
	}
}

// A walk is one examination.
type walk struct {
	*Examination
	survey *survey.Survey
	host   Host
	words  func(*nft.Rule) (string, bool)
	err    error

	want     *survey.Namespace // where the packet is to arrive: nil if only the address was given
	conns    []*conn           // what the namespaces on the way remember of the packet
	routers  []*survey.Namespace
	gate     bool         // the first namespace sends it by its default route
	from     *survey.Link // the port of a bridge that the packet came in by, if it is not routed there
	reply    bool
	doubt    bool                // the way is not known for sure: by which table it goes
	remarked bool                // a rule at the output changed the mark: the route is asked for again
	path     []*survey.Namespace // that the packet, or its answer, came through, from who sent it
	arrived  *survey.Link        // that it came in by at its end, or nil
	met      []meeting           // who knows whom, as it was asked by them
	notrack  *place              // the first rule that took the packet out of connection tracking
	tracked  bool                // as if there were none
	rules    map[*survey.Namespace]*Ruleset
	old      map[*survey.Namespace][]*Ruleset // of iptables-legacy
	said     []string
}

// there walks the way of the packet, and the answer back.
func (w *walk) there(p packet) {
	arrived := w.send(w.From, &p)
	if arrived == nil {
		return
	}
	if !w.answers(arrived, &p) {
		return
	}
	w.reply = true
	back := p.answer()
	if back.dst.IsLinkLocalUnicast() && back.dst.Is6() {
		back.zone = w.arrived
	}
	if w.From == arrived && w.isLocal(arrived, back.dst) {
		return
	}
	end := w.send(arrived, &back)
	if end != nil {
		w.cameBack(end, &back)
	}
}
