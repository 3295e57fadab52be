//go:build linux

package ip

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// neigh is the object "neighbor".
func (s *session) neigh(w *words) error {
	if !w.next() {
		return s.showNeighs(w)
	}
	switch key := w.find("neigh", command); key {
	case "add", "change", "replace":
		return s.changeNeigh(w, unix.RTM_NEWNEIGH, changeFlags(key))
	case "delete":
		return s.changeNeigh(w, unix.RTM_DELNEIGH, 0)
	case "get":
		return s.getNeigh(w)
	case "list", "show":
		return s.showNeighs(w)
	case "flush":
		return s.flushNeighs(w)
	case "help":
		return usage("neigh")
	}
	return unknownCommand("neigh", w.cur, commands("neigh"))
}

// A neighRequest is what "ip neigh add" and the like ask for.
type neighRequest struct {
	neigh rtnl.Neigh
	dev   string
}

// nudStates are the states in iproute2's order.
var nudStates = []numbered{{unix.NUD_INCOMPLETE, "incomplete"}, {unix.NUD_REACHABLE, "reachable"}, {unix.NUD_STALE, "stale"},
	{unix.NUD_DELAY, "delay"}, {unix.NUD_PROBE, "probe"}, {unix.NUD_FAILED, "failed"}, {unix.NUD_NOARP, "noarp"},
	{unix.NUD_PERMANENT, "permanent"}, {unix.NUD_NONE, "none"}}

const nudWords keywords = "permanent* reachable* noarp none stale incomplete delay probe failed*"

// nudArg reads a state, by name or as a number.
func nudArg(w *words) rtnl.NeighState {
	s := w.arg()
	key := nudWords.find(s)
	for i := range nudStates {
		if nudStates[i].name == key {
			return rtnl.NeighState(nudStates[i].id)
		}
	}
	n, ok := number(s, 8)
	if !ok || n&(n-1) != 0 { // more than one state
		w.wrong(s, "nud state is bad", meant(s, nudWords.words()))
	}
	return rtnl.NeighState(n)
}

const neighWords grammar = `
	lladdr* LLADDR  the link-layer address
	nud STATE  permanent, reachable, noarp, stale ...
	proxy* ADDRESS  answer for it, in place of a neighbour
	router  it is a router
	use  find it now
	managed  find it now, and keep on finding it
	extern_learn*  somebody else keeps it up to date
	dev DEV  the link that it is on
	protocol* PROTOCOL  who made the entry
	[to] ADDRESS  the neighbour
	help*`

// parseNeighRequest reads the words after "add" and the like.
func parseNeighRequest(w *words, family rtnl.Family) (*neighRequest, error) {
	r := &neighRequest{neigh: rtnl.Neigh{Family: family, State: unix.NUD_PERMANENT}}
	n := &r.neigh
	lladdr, none := false, false
	for w.next() {
		switch key := w.find(string(neighWords), findWord); key {
		case "lladdr":
			if lladdr && w.peek() != "" {
				w.fail(duplicate("lladdr", w.peek()))
			}
			if lladdr = true; w.peek() == "null" { // iproute2's word for none
				w.next()
				none = true
			} else {
				w.lladdr(&n.LLAddr)
			}
		case "nud":
			n.State = nudArg(w)
		case "router":
			n.Flags |= unix.NTF_ROUTER
		case "use":
			n.Flags |= unix.NTF_USE
		case "managed":
			n.FlagsExt, n.State = extManaged, unix.NUD_NONE
		case "extern_learn":
			n.Flags |= unix.NTF_EXT_LEARNED
		case "protocol":
			n.Protocol = rtnl.RouteProtocol(w.named(protocols, 8, "\"protocol\" value is invalid\n"))
		default:
			r.take(w, key)
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	if !r.whole() {
		return nil, fail(exitUsage, "Device and destination are required arguments.",
			"as in \"ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev eth0\"")
	}
	if lladdr && !none && n.LLAddr.Len() == 0 {
		n.LLAddr = nl.HardwareAddrFrom(make([]byte, 6))
	}
	return r, nil
}

// take reads what says which entry is meant: "dev NAME" and "[to] ADDRESS" or
// "proxy ADDRESS", one of the two.
func (r *neighRequest) take(w *words, key string) {
	n := &r.neigh
	switch key {
	case "dev":
		w.device(&r.dev)
		return
	case "help":
		w.fail(usage("neigh"))
		return
	case "proxy":
		w.arg()
		n.Flags |= unix.NTF_PROXY
		if w.err == nil && n.Dst.IsValid() {
			w.fail(duplicate("address", w.cur))
		}
	case "to":
		w.arg()
	}
	if n.Dst.IsValid() {
		w.fail(garbage("to", w.cur, "", nil))
	}
	w.asAddr(&n.Dst, &n.Family)
}

// whole reports whether there is an address, and a link, which what this host
// answers for does not need.
func (r *neighRequest) whole() bool {
	return r.neigh.Dst.IsValid() && (r.dev != "" || r.neigh.Flags&unix.NTF_PROXY != 0)
}

// on is the link for a hint.
func (r *neighRequest) on() string {
	if r.dev == "" {
		return "this host"
	}
	return r.dev
}

func (s *session) changeNeigh(w *words, typ, flags uint16) error {
	r, err := parseNeighRequest(w, s.opt.family)
	if err != nil {
		return err
	}
	if err := s.index(r.dev, &r.neigh.Index); err != nil {
		return err
	}
	if err = s.do(typ, flags, &r.neigh, nil); err == nil {
		return nil
	}
	err = explained(err, whyNoNeigh, r.on(), r.neigh.Dst.String())
	if h := (hinted{}); errors.As(err, &h) {
		h.exits = true
		return h
	}
	return err
}

// whyNoNeigh is of a link and an address.
var whyNoNeigh = []reason{
	{unix.EEXIST, "", 0, "%s has an entry for %s already; \"ip neigh replace\" changes it"},
	{unix.ENOENT, "", 0, noSuchNeigh},
	{0, "", 0, "the neighbours on %[1]s are unchanged"},
}

const noSuchNeigh = "%s has no entry for %s"

// getNeigh is "ip neigh get": one entry.
func (s *session) getNeigh(w *words) error {
	r := &neighRequest{neigh: rtnl.Neigh{Family: s.opt.family}}
	for w.next() {
		r.take(w, keywords("dev proxy* to help*").find(w.cur))
	}
	if w.err != nil {
		return w.err
	}
	if !r.whole() {
		return fail(exitFailed, "Device and address are required arguments.", "")
	}
	if err := s.index(r.dev, &r.neigh.Index); err != nil {
		return err
	}
	var n rtnl.Neigh
	err := s.do(unix.RTM_GETNEIGH, 0, &r.neigh, &n)
	if err != nil {
		return explained(err, []reason{{text: noSuchNeigh}}, r.on(), r.neigh.Dst.String())
	}
	v := s.view()
	v.begin()
	v.showNeigh(&n, false)
	v.finish()
	return nil
}
