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

// say prints.
func (s *session) say(parts ...string) {
	for _, part := range parts {
		s.c.Stdout.WriteString(part)
	}
}

// text is the parts in one.
func text(parts ...string) string { return strings.Join(parts, "") }

// trace sends one packet, or waits for one, and shows the way that it took.
func (s *session) trace(number uint16) (arrived bool, err error) {
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
	events, err := s.hear(timeout)
	if err != nil {
		return false, err
	}
	legs := s.assemble(events)
	if len(legs) == 0 || legs[0].Kind != path.Request {
		return false, s.at(n, refused)
	}
	for i := range legs {
		l := &legs[i]
		s.say([...]string{path.Request: "there: ", path.Reply: "back: ", path.Error: "error: "}[l.Kind], l.Visits[0].First().String(), "\n")
		for _, v := range l.Visits {
			if err := s.visit(v); err != nil {
				return false, err
			}
		}
	}
	return s.conclude(legs)
}

// visit shows what a packet met in one namespace.
func (s *session) visit(v *path.Visit) error {
	p := s.places[v.Where]
	s.say("  ", p.Label(), ": ", p.entry(v), "\n")
	last, nested, tracked := v.First(), false, false
	for i := range v.Steps {
		st := &v.Steps[i]
		if st.Packet != nil {
			s.nat("source ", last.From(), st.Packet.From())
			s.nat("destination ", last.To(), st.Packet.To())
			last = st.Packet
		}
		if !tracked && st.CtState != 0 {
			tracked = true
			s.say("    conntrack: ", states(st.CtState), "\n")
		}
		switch {
		case !st.Own:
			if err := s.step(p, st); err != nil {
				return err
			}
		case !nested && st.Hooks != nft.Bridge && v.Steps[0].Hooks == nft.Bridge:
			nested = true
			s.say("    br_netfilter: the frame goes through the hooks of ip as well\n")
		case !st.Last || st.Hook != nft.Input:
		case st.Hooks == nft.Bridge:
			s.say("    up to the bridge itself\n")
		default:
			s.say("    delivered\n")
		}
	}
	for _, out := range v.Out {
		if !v.Last().Ends() {
			s.say("    out by ", p.link(out), "\n")
		}
	}
	return nil
}

// entry is how a packet came to a namespace.
func (p *place) entry(v *path.Visit) string {
	frame := v.Steps[0].Hooks == nft.Bridge
	switch {
	case v.In == 0 && frame:
		return "sent by the bridge"
	case v.In == 0:
		return "made here"
	}
	entry := "in by " + p.link(v.In)
	if l := p.Link(v.In); frame && l != nil && l.Master() != nil {
		entry += ", a port of bridge " + l.Master().Name
	}
	return entry
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
		s.say("    NAT: ", what, was, " becomes ", is, "\n")
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
	verdict := " " + verdict(st)
	if st.RuleHandle != 0 {
		verdict = " (" + verdict[1:] + ")"
	}
	const column = 12
	s.say("    ", (hookWord(st) + "          ")[:column], chain(st), ": ", rule, verdict, "\n")
	if iptables != "" {
		s.say("                ", iptables, "\n")
	}
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

// conclude says what became of the packet, and of the answer.
func (s *session) conclude(legs []path.Leg) (arrived bool, err error) {
	there, back := &legs[0], &legs[len(legs)-1]
	what, err := s.fate(there)
	if err != nil {
		return false, err
	}
	if back.Kind == path.Request {
		if there.Fate == path.Delivered {
			what += "; no answer was seen"
		}
		s.say(what, "\n")
		return there.Fate == path.Delivered && (s.o.wait || s.flow.Proto == unix.IPPROTO_UDP), nil
	}
	answer := "; the answer"
	switch arrived = back.Kind == path.Reply && there.Fate != path.Dropped; {
	case arrived:
	case back.Kind == path.Error:
		answer = "; an ICMP error"
	default:
		answer = "; a refusal"
	}
	came := " came back"
	if back.Fate != path.Delivered || back.Visits[len(back.Visits)-1].Where != there.Visits[0].Where {
		arrived = false
		if came, err = s.fate(back); err != nil {
			return false, err
		}
		came = " was " + came
	}
	s.say(what, answer, came, "\n")
	return arrived, nil
}

// fate is what became of one packet.
func (s *session) fate(l *path.Leg) (string, error) {
	v := l.Visits[len(l.Visits)-1]
	p, st := s.places[v.Where], v.Last()
	where := " in namespace " + p.Label()
	switch l.Fate {
	case path.Delivered:
		return "delivered" + where, nil
	case path.Dropped, path.Taken:
		rule, iptables, err := s.what(p, st)
		if st.RuleHandle != 0 {
			rule = text("rule \"", rule, "\"")
		}
		if iptables != "" {
			rule += text(" (", iptables, ")")
		}
		word := "dropped by "
		if l.Fate == path.Taken {
			word = "taken by "
		}
		return text(word, rule, " of chain ", chain(st), where), err
	case path.Left:
		out := v.Out[len(v.Out)-1]
		if link := p.Link(out); link != nil && link.Info.Kind != bridgeKind && (link.Peer == nil || s.place(link.Peer.Namespace) < 0) {
			return text("sent out of namespace ", p.Label(), " by ", p.link(out), ", to where minins does not look"), nil
		}
		return text("never seen again behind link ", p.link(out), where, doctor), nil
	}
	reason := ""
	switch {
	case st.Hooks == nft.Bridge, v.Nested(st):
		reason = " of the bridge"
	case st.Hook == nft.Prerouting:
		reason = s.reason(p)
	}
	return text("not seen again", where, " behind hook ", hookWord(st), reason, doctor), nil
}

// reason is why the kernel may have found no way.
func (s *session) reason(p *place) string {
	name := "net.ipv4.ip_forward"
	if s.flow.Family == nft.IPv6 {
		name = "net.ipv6.conf.all.forwarding"
	}
	if value, err := p.Sysctl(strings.ReplaceAll(name, ".", "/")); err == nil && value == "0" {
		return text(": it was not for an address there, and ", name, " is 0")
	}
	return ": no route, or rp_filter"
}

const doctor = " ('minins doctor' looks for why)"
