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
	switch key := w.find("address", command); key {
	case "add", "change", "replace":
		return s.changeAddress(w, unix.RTM_NEWADDR, changeFlags(key))
	case "delete":
		return s.changeAddress(w, unix.RTM_DELADDR, 0)
	case "list", "show":
		return s.showAddresses(w)
	case "flush":
		return s.flushAddresses(w)
	case "help":
		return usage("address")
	}
	return unknownCommand("address", w.cur, commands("address"))
}

func (s *session) changeAddress(w *words, typ, flags uint16) error {
	r, err := parseAddrRequest(w, typ == unix.RTM_DELADDR, s.opt.family)
	if err != nil {
		return err
	}
	for _, text := range r.warnings {
		if err := s.warn(text); err != nil {
			return err
		}
	}
	if err := s.index(r.dev, &r.addr.Index); err != nil {
		return err
	}
	if r.addr.Flags&unix.IFA_F_MCAUTOJOIN != 0 && !r.addr.Local.IsMulticast() {
		return fail(exitFailed, "autojoin needs multicast address", "")
	}
	err = s.change(typ, flags, batchAddrs, &r.addr)
	switch {
	case err == nil:
		return nil
	case !r.addr.Local.IsValid():
		return explained(err, []reason{{text: "there is no address to set: \"ip addr add ADDRESS/BITS dev NAME\""}})
	case typ == unix.RTM_DELADDR:
		return explained(err, whyNotGone, r.dev, r.addr.Prefix().String())
	}
	return explained(err, whyNoAddr, r.dev, r.addr.Prefix().String())
}

// The reasons are of a link and an address.

var whyNoAddr = []reason{
	{unix.EEXIST, "", 0, "%s has the address %s already; \"ip addr replace\" changes it"},
	{0, "", 0, "the addresses of %[1]s are unchanged"},
}

var whyNotGone = []reason{
	{unix.EADDRNOTAVAIL, "", 0, "%[1]s does not have the address %[2]s; \"ip addr show %[1]s\" lists what it has"},
	{0, "", 0, "the addresses of %[1]s are unchanged"},
}

// flushAddresses is "ip addr flush": it deletes what "show" with the same
// words would show, in rounds, since others may be adding.
func (s *session) flushAddresses(w *words) error {
	if w.peek() == "" {
		return fail(exitFailed, "Flush requires arguments.", "say which addresses: \"dev NAME\", \"to PREFIX\" …")
	}
	q, err := parseListing(w, ofAddr, s.opt.family)
	if err != nil {
		return err
	}
	if q.family == unix.AF_PACKET {
		return fail(exitFailed, "Cannot flush link addresses.", "")
	}
	if _, err := s.find(q); err != nil {
		return err
	}
	onlyPrimary := q.flagMask&unix.IFA_F_SECONDARY != 0 && q.flags&unix.IFA_F_SECONDARY == 0
	return s.rounds("addresses", onlyPrimary, func() (int, error) { return s.flushRound(q) })
}

// flushRound deletes the selected addresses and returns their number.
func (s *session) flushRound(q *listing) (int, error) {
	v := s.view()
	var a rtnl.Addr
	// With its primary address, the kernel may have deleted one already.
	n, err, failed := s.deleteEach(unix.RTM_GETADDR, &rtnl.Addr{Family: q.family, Index: q.index}, &a, unix.EADDRNOTAVAIL, func() nl.Message {
		link, flags := s.linkByIndex(a.Index)
		if !q.takesAddr(&a, link) || q.up && flags&unix.IFF_UP == 0 {
			return nil
		}
		if s.opt.stats > 1 {
			v.showAddr(&a, link, true)
		}
		return &rtnl.Addr{Family: a.Family, PrefixLen: a.PrefixLen, Scope: a.Scope, Index: a.Index,
			Address: a.Address, Local: a.Local, Label: a.Label}
	})
	return n, errors.Join(err, failed)
}

// deleteEach dumps what there is into m and deletes, as it comes, what pick makes
// of it; nil is to be left. That one is not there any more, which the kernel says by
// gone, is no failure. n is how many there were; dump and failed are what went wrong
// with the list and with the first deletion, behind which there are no more.
func (s *session) deleteEach(get uint16, req, m nl.Message, gone unix.Errno, pick func() nl.Message) (n int, dump, failed error) {
	dump = s.each(get, req, m, func() {
		if failed != nil {
			return
		}
		if picked := pick(); picked != nil {
			n++
			const fromGetToDel = unix.RTM_GETLINK - unix.RTM_DELLINK
			if failed = s.do(get-fromGetToDel, 0, picked, nil); errors.Is(failed, gone) {
				failed = nil
			}
		}
	})
	return n, dump, failed
}

// rounds calls flush until it finds nothing more to delete, at most as often
// as option -l says (0: for ever), and says so with -s.
func (s *session) rounds(what string, once bool, flush func() (int, error)) error {
	for round := 0; s.opt.loops == 0 || round < s.opt.loops; round++ {
		n, err := flush()
		if err != nil {
			return err
		}
		if n == 0 && round == 0 {
			s.tell("Nothing to flush.\n")
			return nil
		}
		if n == 0 {
			s.tellComplete(round)
			return nil
		}
		s.tell("\n*** Round %d, deleting %d %s ***\n", round+1, n, what)
		if once {
			s.tellComplete(1)
			return nil
		}
	}
	return fail(exitUsage, fmt.Sprintf("*** Flush remains incomplete after %d rounds. ***", s.opt.loops), "")
}

func (s *session) tellComplete(rounds int) {
	plural := "s"
	if rounds == 1 {
		plural = ""
	}
	s.tell("*** Flush is complete after %d round%s ***\n", rounds, plural)
}

// tell prints what -s asks for.
func (s *session) tell(format string, args ...any) {
	if s.opt.stats > 0 {
		s.c.Printf(format, args...)
	}
}
