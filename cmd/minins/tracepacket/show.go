//go:build linux

package tracepacket

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/path"
)

// text is the parts in one.
func text(parts ...string) string { return strings.Join(parts, "") }

// trace sends one packet, or waits for one, and shows the way that it took.
func (s *session) trace(number uint16) (status int, err error) {
	n := s.places[0].Namespace
	refused := errors.New("no such packet was seen")
	timeout := s.o.timeout
	if !s.o.wait {
		fd, err := s.send(number)
		if fd >= 0 {
			defer unix.Close(fd)
		}
		if err != nil {
			refused = err
			timeout = 50 * time.Millisecond // it may have been dropped on its way out
		}
	}
	if s.events, err = s.hear(timeout); err != nil {
		return exitFailed, err
	}
	legs := s.assemble(s.events)
	if len(legs) == 0 || legs[0].Kind != path.Request {
		return exitFailed, s.at(n, refused)
	}
	s.out.begin()
	for i := range legs {
		l := &legs[i]
		s.out.leg([...]string{path.Request: "there", path.Reply: "back", path.Error: "error"}[l.Kind], l.Visits[0].First(), l.Fate)
		for _, v := range l.Visits {
			if err := s.visit(v); err != nil {
				return exitFailed, err
			}
		}
		s.out.shown()
	}
	what, status, err := s.conclude(legs)
	s.out.end(what, status)
	return status, err
}

// template is the status of what "ct zone set" and -j CT give a packet, before it is looked up.
// (IPS_TEMPLATE)
const template = 1 << 11

// visit shows what a packet met in one namespace.
func (s *session) visit(v *path.Visit) error {
	p := s.places[v.Where]
	s.enter(p, v)
	last, nested, tracked := v.First(), false, false
	for i := range v.Steps {
		st := &v.Steps[i]
		if st.Packet != nil {
			s.nat("source", last.From(), st.Packet.From())
			s.nat("destination", last.To(), st.Packet.To())
			last = st.Packet
		}
		if !tracked && st.CtState != 0 && st.CtStatus&template == 0 {
			tracked = true
			state := states(st.CtState)
			s.out.fact("conntrack: "+state, "conntrack", state)
		}
		switch {
		case !st.Own:
			if err := s.step(p, st); err != nil {
				return err
			}
		case !nested && st.Hooks != nft.Bridge && v.Steps[0].Hooks == nft.Bridge:
			nested = true
			s.note("br_netfilter: the frame goes through the hooks of ip as well")
		case !st.Last || st.Hook != nft.Input:
		case st.Hooks == nft.Bridge:
			s.note("up to the bridge itself")
		default:
			s.note("delivered")
		}
	}
	for _, out := range v.Out {
		if !v.Last().Ends() {
			name := p.link(out)
			s.out.fact("out by "+name, "out", name)
		}
	}
	s.out.shown()
	return nil
}

func (s *session) note(words string) { s.out.fact(words, "note", words) }

// enter shows how a packet came to a namespace.
func (s *session) enter(p *place, v *path.Visit) {
	frame := v.Steps[0].Hooks == nft.Bridge
	entry, in, bridge := "made here", "", ""
	switch {
	case v.In == 0 && frame:
		entry = "sent by the bridge"
	case v.In != 0:
		in = p.link(v.In)
		entry = "in by " + in
		if l := p.Link(v.In); frame && l != nil && l.Master() != nil {
			bridge = l.Master().Name
			entry += ", a port of bridge " + bridge
		}
	}
	s.out.show(text("  ", p.Label(), ": ", entry), "met", "netns", p.Label(), "entry", entry, "in", in, "bridge", bridge)
}

func (p *place) link(index uint32) string {
	if name := p.device(index); name != "" {
		return name
	}
	return "link " + strconv.Itoa(int(index))
}

// nat shows what is not as it was.
func (s *session) nat(what, was, is string) {
	if was != is {
		s.out.fact(text("NAT: ", what, " ", was, " becomes ", is), "nat", what, "was", was, "is", is)
	}
}

// step shows a rule or a policy, and nothing at the end of a chain.
func (s *session) step(p *place, st *path.Step) error {
	if st.Type != unix.NFT_TRACETYPE_POLICY && st.RuleHandle == 0 {
		return nil
	}
	rule, iptables, err := s.what(p, st)
	if err != nil {
		return err
	}
	verdict := verdict(st)
	words := text(" (", verdict, ")")
	if st.RuleHandle == 0 {
		words = " " + verdict
	}
	const column = 12
	hook := hookWord(st)
	words = text((hook + "          ")[:column], chain(st), ": ", rule, words)
	if iptables != "" {
		words += "\n                " + iptables
	}
	s.out.fact(words, "hook", hook, "family", st.Family.Keyword(), "table", st.Table, "chain", st.Chain,
		"handle", strconv.FormatUint(st.RuleHandle, 10), "rule", rule, "iptables", iptables, "verdict", verdict)
	return nil
}

func chain(st *path.Step) string { return text(st.Family.Keyword(), " ", st.Table, " ", st.Chain) }

// what is the rule, or that it is a policy.
func (s *session) what(p *place, st *path.Step) (inNFT, inIptables string, err error) {
	if st.RuleHandle == 0 {
		return "policy", "", nil
	}
	return s.words(p, st.Trace)
}

func hookWord(st *path.Step) string {
	if st.Hooks == nft.Netdev {
		return "device"
	}
	return [...]string{nft.Prerouting: "prerouting", nft.Input: "input", nft.Forward: "forward", nft.Output: "output", nft.Postrouting: "postrouting"}[st.Hook]
}

// verdict is that of a step in the words of nft.
func verdict(st *path.Step) string {
	v := st.Verdict()
	words := [...]string{
		-nft.VerdictReturn: "return", -nft.VerdictGoto: "goto ", -nft.VerdictJump: "jump ", -nft.VerdictBreak: "continue", -nft.VerdictContinue: "continue",
	}
	switch code := int(v.Code); {
	case code < 0 && -code < len(words):
		return words[-code] + v.Chain
	case code == int(nft.VerdictDrop):
		return "drop"
	case code == int(nft.VerdictAccept):
		return "accept"
	case code == int(nft.VerdictQueue):
		return "queue"
	default:
		return "verdict " + strconv.Itoa(code)
	}
}

// states are what conntrack makes of a packet.
func states(s nft.CtStates) string {
	var names []string
	for i, name := range [...]string{"invalid", "established", "related", "new", 6: "untracked"} {
		if s>>i&1 != 0 && name != "" {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}
