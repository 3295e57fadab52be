//go:build linux

package ip

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// neigh is the object "neighbor".
func (s *session) neigh(w *words) error {
	if !w.next() {
		return s.showNeighs(w)
	}
	switch {
	case w.short("add"):
		return s.changeNeigh(w, unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	case w.short("change"), w.is("chg"):
		return s.changeNeigh(w, unix.RTM_NEWNEIGH, unix.NLM_F_REPLACE)
	case w.short("replace"):
		return s.changeNeigh(w, unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	case w.short("delete"):
		return s.changeNeigh(w, unix.RTM_DELNEIGH, 0)
	case w.short("get"):
		return s.getNeigh(w)
	case w.short("show"), w.short("lst"), w.short("list"):
		return s.showNeighs(w)
	case w.short("flush"):
		return s.flushNeighs(w)
	case w.short("help"):
		return usage("neigh")
	}
	return unknownCommand("neigh", w.cur, []string{"add", "change", "replace", "delete", "get", "show", "list", "flush"})
}

// A neighRequest is what "ip neigh add" and the like ask for.
type neighRequest struct {
	neigh rtnl.Neigh
	dev   string
}

// nudStates are the states in iproute2's order.
func nudStates() []numbered {
	return []numbered{{unix.NUD_INCOMPLETE, "incomplete"}, {unix.NUD_REACHABLE, "reachable"}, {unix.NUD_STALE, "stale"},
		{unix.NUD_DELAY, "delay"}, {unix.NUD_PROBE, "probe"}, {unix.NUD_FAILED, "failed"}, {unix.NUD_NOARP, "noarp"},
		{unix.NUD_PERMANENT, "permanent"}, {unix.NUD_NONE, "none"}}
}

// nudArg reads a state, by name or as a number.
func nudArg(w *words) rtnl.NeighState {
	s := w.arg()
	for _, n := range []numbered{{unix.NUD_PERMANENT, "permanent"}, {unix.NUD_REACHABLE, "reachable"}, {unix.NUD_NOARP, "noarp"},
		{unix.NUD_NONE, "none"}, {unix.NUD_STALE, "stale"}, {unix.NUD_INCOMPLETE, "incomplete"}, {unix.NUD_DELAY, "delay"},
		{unix.NUD_PROBE, "probe"}, {unix.NUD_FAILED, "failed"}} {
		if abbreviates(s, n.name) {
			return rtnl.NeighState(n.id)
		}
	}
	n, ok := number(s, 16)
	if !ok && w.err == nil {
		f := wrong(s, "nud state is bad").(*failure)
		var names []string
		for _, n := range nudStates() {
			names = append(names, n.name)
		}
		if near := nearest(s, names); near != "" {
			f.hint = fmt.Sprintf("did you mean %q?", near)
		}
		w.fail(f)
	}
	return rtnl.NeighState(n)
}

// parseNeighRequest reads the words after "add" and the like.
func parseNeighRequest(w *words, family rtnl.Family) (*neighRequest, error) {
	r := &neighRequest{neigh: rtnl.Neigh{Family: family, State: unix.NUD_PERMANENT}}
	n := &r.neigh
	lladdr := false
	for w.next() {
		switch {
		case w.is("lladdr"):
			n.LLAddr, lladdr = w.lladdr(), true
		case w.is("nud"):
			n.State = nudArg(w)
		case w.short("proxy"):
			n.Dst = r.address(w)
			n.Flags |= unix.NTF_PROXY
		case w.is("router"):
			n.Flags |= unix.NTF_ROUTER
		case w.is("use"):
			n.Flags |= unix.NTF_USE
		case w.short("extern_learn"):
			n.Flags |= unix.NTF_EXT_LEARNED
		case w.is("dev"):
			r.dev = w.arg()
		case w.short("protocol"):
			n.Protocol = rtnl.RouteProtocol(w.named((*tables).protocols, 8, "\"protocol\" value is invalid\n"))
		default:
			if w.is("to") {
				w.arg()
			} else if w.short("help") {
				return nil, usage("neigh")
			}
			if n.Dst.IsValid() && w.err == nil {
				w.fail(&failure{code: exitUsage, text: fmt.Sprintf("Error: either \"to\" is duplicate, or \"%s\" is a garbage.", w.cur)})
			}
			n.Dst = r.as(w)
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	if r.dev == "" || !n.Dst.IsValid() {
		return nil, &failure{code: exitUsage, text: "Device and destination are required arguments.",
			hint: "as in \"ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev eth0\""}
	}
	if lladdr && n.LLAddr.Len() == 0 {
		n.LLAddr = nl.HardwareAddrFrom(make([]byte, 6))
	}
	return r, nil
}

func (r *neighRequest) address(w *words) netip.Addr {
	w.arg()
	return r.as(w)
}

func (r *neighRequest) as(w *words) netip.Addr {
	if w.err != nil {
		return netip.Addr{}
	}
	a := w.asAddr(w.cur, r.neigh.Family)
	if r.neigh.Family == 0 {
		r.neigh.Family = familyOf(a)
	}
	return a
}

func (s *session) changeNeigh(w *words, typ, flags uint16) error {
	r, err := parseNeighRequest(w, s.opt.family)
	if err != nil {
		return err
	}
	if r.neigh.Index, err = s.indexOf(r.dev); err != nil {
		return err
	}
	return s.explained(s.do(typ, flags, &r.neigh, nil), func(e *nl.Error) string {
		switch {
		case e.Errno == unix.EEXIST:
			return fmt.Sprintf("%s has an entry for %s already; \"ip neigh replace\" changes it", r.dev, r.neigh.Dst)
		case e.Errno == unix.ENOENT:
			return fmt.Sprintf("%s has no entry for %s", r.dev, r.neigh.Dst)
		}
		return fmt.Sprintf("the neighbours on %s are unchanged", r.dev)
	})
}

// getNeigh is "ip neigh get": one entry.
func (s *session) getNeigh(w *words) error {
	r := &neighRequest{neigh: rtnl.Neigh{Family: s.opt.family}}
	for w.next() {
		switch {
		case w.is("dev"):
			r.dev = w.arg()
		case w.short("proxy"):
			r.neigh.Dst = r.address(w)
			r.neigh.Flags |= unix.NTF_PROXY
		default:
			if w.is("to") {
				w.arg()
			} else if w.short("help") {
				return usage("neigh")
			}
			r.neigh.Dst = r.as(w)
		}
	}
	if w.err != nil {
		return w.err
	}
	if r.dev == "" || !r.neigh.Dst.IsValid() {
		return &failure{code: exitFailed, text: "Device and address are required arguments."}
	}
	var err error
	if r.neigh.Index, err = s.indexOf(r.dev); err != nil {
		return err
	}
	var n rtnl.Neigh
	err = s.explained(s.do(unix.RTM_GETNEIGH, 0, &r.neigh, &n), func(*nl.Error) string {
		return fmt.Sprintf("%s has no entry for %s", r.dev, r.neigh.Dst)
	})
	if err != nil {
		return err
	}
	v := s.view()
	v.begin()
	v.showNeigh(&n, false)
	v.finish()
	return nil
}
