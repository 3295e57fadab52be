//go:build linux

package ip

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// address is the object "address".
func (s *session) address(w *words) error {
	if !w.next() {
		return s.showAddresses(w)
	}
	switch {
	case w.short("add"):
		return s.changeAddress(w, unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	case w.short("change"), w.is("chg"):
		return s.changeAddress(w, unix.RTM_NEWADDR, unix.NLM_F_REPLACE)
	case w.short("replace"):
		return s.changeAddress(w, unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	case w.short("delete"):
		return s.changeAddress(w, unix.RTM_DELADDR, 0)
	case w.short("show"), w.short("lst"), w.short("list"):
		return s.showAddresses(w)
	case w.short("flush"):
		return s.flushAddresses(w)
	case w.short("help"):
		return usage("address")
	}
	return unknownCommand("address", w.cur, []string{"add", "change", "replace", "delete", "show", "list", "flush"})
}

func (s *session) changeAddress(w *words, typ, flags uint16) error {
	r, err := parseAddrRequest(w, typ == unix.RTM_DELADDR, s.opt.family)
	if err != nil {
		return err
	}
	for _, text := range r.warnings {
		s.c.Errorf("%s", text)
	}
	if r.addr.Index, err = s.indexOf(r.dev); err != nil {
		return err
	}
	return s.explained(s.do(typ, flags, &r.addr, nil), func(e *nl.Error) string {
		switch a := r.addr.Prefix(); {
		case e.Errno == unix.EEXIST:
			return fmt.Sprintf("%s has the address %s already; \"ip addr replace\" changes it", r.dev, a)
		case e.Errno == unix.EADDRNOTAVAIL && typ == unix.RTM_DELADDR:
			return fmt.Sprintf("%s does not have the address %s; \"ip addr show %s\" lists what it has", r.dev, a, r.dev)
		case !r.addr.Local.IsValid():
			return "there is no address to set: \"ip addr add ADDRESS/BITS dev NAME\""
		default:
			return fmt.Sprintf("the addresses of %s are unchanged", r.dev)
		}
	})
}

// flushAddresses is "ip addr flush": it deletes what "show" with the same
// words would show, in rounds, since others may be adding.
func (s *session) flushAddresses(w *words) error {
	if w.peek() == "" {
		return &failure{code: exitFailed, text: "Flush requires arguments.", hint: "say which addresses: \"dev NAME\", \"to PREFIX\" …"}
	}
	q, err := parseListing(w, ofAddr, s.opt.family)
	if err != nil {
		return err
	}
	if q.family == unix.AF_PACKET {
		return &failure{code: exitFailed, text: "Cannot flush link addresses."}
	}
	if _, err := s.find(q); err != nil {
		return err
	}
	onlyPrimary := q.flagMask&unix.IFA_F_SECONDARY != 0 && q.flags&unix.IFA_F_SECONDARY == 0
	return s.rounds("addresses", onlyPrimary, func() (int, error) { return s.flushRound(q) })
}

// flushRound deletes the selected addresses and returns their number.
func (s *session) flushRound(q *listing) (int, error) {
	all, err := s.listAddrs(q)
	if err != nil {
		return 0, err
	}
	v, n := s.view(), 0
	for i := range all {
		a := &all[i]
		link, flags := s.linkByIndex(a.Index)
		if !q.takesAddr(a, link) || q.up && flags&unix.IFF_UP == 0 {
			continue
		}
		n++
		if s.opt.stats > 1 {
			v.showAddr(a, link, true)
		}
		gone := &rtnl.Addr{Family: a.Family, PrefixLen: a.PrefixLen, Scope: a.Scope, Index: a.Index,
			Address: a.Address, Local: a.Local, Label: a.Label}
		// With its primary address, the kernel may have deleted it already.
		if err := s.do(unix.RTM_DELADDR, 0, gone, nil); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return n, err
		}
	}
	return n, nil
}

// rounds calls flush until it finds nothing more to delete, at most as often
// as option -l says (0: for ever), and says so with -s.
func (s *session) rounds(what string, once bool, flush func() (int, error)) error {
	say := func(format string, args ...any) {
		if s.opt.stats > 0 {
			s.c.Printf(format, args...)
		}
	}
	for round := 0; s.opt.loops == 0 || round < s.opt.loops; round++ {
		n, err := flush()
		if err != nil {
			return err
		}
		switch {
		case n == 0 && round == 0:
			say("Nothing to flush.\n")
			return nil
		case n == 0:
			plural := "s"
			if round == 1 {
				plural = ""
			}
			say("*** Flush is complete after %d round%s ***\n", round, plural)
			return nil
		}
		say("\n*** Round %d, deleting %d %s ***\n", round+1, n, what)
		if once {
			say("*** Flush is complete after 1 round ***\n")
			return nil
		}
	}
	return &failure{code: exitFailed, text: fmt.Sprintf("*** Flush remains incomplete after %d rounds. ***", s.opt.loops)}
}
