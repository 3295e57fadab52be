//go:build linux

package ip

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/internal/lacks"
	"github.com/minins/minins/rtnl"
)

// link is the object "link".
func (s *session) link(w *words) error {
	if !w.next() {
		return s.showLinks(&words{tables: s.tables})
	}
	switch key := command("link", w.cur); key {
	case "add", "replace":
		return s.addLink(w, changeFlags(key))
	case "set", "change":
		return s.resolved(w, false, s.setLink)
	case "delete":
		return s.deleteLink(w)
	case "list", "show":
		return s.showLinks(w)
	case "property":
		return s.linkProperty(w)
	case "help":
		return s.linkHelp(w)
	}
	return unknownCommand("link", w.cur, commands("link"))
}

// changeFlags are the flags of a request that changes something.
func changeFlags(command string) uint16 {
	switch command {
	case "add":
		return unix.NLM_F_CREATE | unix.NLM_F_EXCL
	case "replace":
		return unix.NLM_F_CREATE | unix.NLM_F_REPLACE
	case "change":
		return unix.NLM_F_REPLACE
	case "prepend":
		return unix.NLM_F_CREATE
	case "append":
		return unix.NLM_F_CREATE | unix.NLM_F_APPEND
	case "test":
		return unix.NLM_F_EXCL
	}
	return 0
}

// resolved parses a request, turns its names into numbers and calls do with it.
func (s *session) resolved(w *words, create bool, do func(r *linkRequest) error) error {
	r, err := parseLink(w, create)
	if err != nil {
		return err
	}
	var h hold
	if err = s.resolve(r, &h); err == nil {
		err = do(r)
	}
	if err == nil && len(h) > 0 {
		err = s.flush() // a descriptor that is in a request must be open when it goes out
	}
	return errors.Join(err, h.close())
}

func (s *session) addLink(w *words, flags uint16) error {
	return s.resolved(w, true, func(r *linkRequest) error {
		peer := ""
		if r.peer != nil {
			peer = r.peer.dev
		}
		if r.note != "" {
			if err := s.warn(r.note); err != nil {
				return err
			}
		}
		return explained(s.change(unix.RTM_NEWLINK, flags, batchLinks, &r.link), whyNotAdded, r.dev, r.link.Info.Kind, peer, lacks.Kind(r.link.Info.Kind))
	})
}

// whyNotAdded is of a name, a kind, a peer's name, and what the kind takes.
var whyNotAdded = []reason{
	{unix.EEXIST, "", 3, "one of the names %[1]q and %[3]q is taken"},
	{unix.EEXIST, "", 0, "the name %[1]q is taken"},
	{unix.EOPNOTSUPP, "Unknown device type", 0, "this kernel knows no links of type %[2]q: %[4]s"},
	{unix.ENOTCONN, "", 3, "the peer cannot be up before both ends are there; leave \"up\" out and set it up afterwards"},
	{0, "", 0, "link %[1]q was not added"},
}

func (s *session) setLink(r *linkRequest) error {
	if r.dev == "" { // by group
		return explained(s.changeNow(unix.RTM_NEWLINK, 0, &r.link), []reason{{text: "some links of the group may have changed"}})
	}
	before, err := s.findLink(r.dev)
	if err != nil {
		return err
	}
	if n := r.link.Addr.Len(); n > 0 && before.Addr.Len() > 0 && n != before.Addr.Len() {
		return fail(exitFailed, fmt.Sprintf("Invalid address length %d - must be %d bytes", n, before.Addr.Len()), "")
	}
	r.link.Index = before.Index
	if m := r.masterLink; m != nil && !mayHavePorts(m) {
		return refuseMaster(m, before)
	}
	err = s.changeNow(unix.RTM_NEWLINK, 0, &r.link)
	if asRefusal(err) != nil {
		err = errors.Join(err, s.putBack(before))
	}
	pid := ""
	if r.link.NetNSPID.Ok {
		pid = strconv.FormatUint(uint64(r.link.NetNSPID.V), 10)
	}
	return explained(err, whyNotSet, r.dev, r.link.Name, r.master, r.netns, pid)
}

// whyNotSet is of a name, a new name, a master, a namespace and a process.
var whyNotSet = []reason{
	{unix.ESRCH, "", 5, "there is no network namespace %[4]q and no process %[5]s"},
	{unix.EEXIST, "", 2, "the name %[2]q is taken"},
	{unix.EBUSY, "", 2, "%[1]q has to be down to be renamed"},
	{unix.EOPNOTSUPP, "", 3, "%[3]q has no ports, it is not a bridge; %[1]q is unchanged"},
	{0, "", 0, "link %[1]q is unchanged"},
}

func (s *session) deleteLink(w *words) error {
	r, err := parseLink(w, false)
	if err != nil {
		return err
	}
	if err := s.index(r.dev, &r.link.Index); err != nil {
		return err
	}
	return explained(s.changeNow(unix.RTM_DELLINK, 0, &r.link), whyNotDeleted, r.dev)
}

var whyNotDeleted = []reason{
	{unix.EOPNOTSUPP, "", 0, "%q cannot be deleted: it was not made by \"ip link add\""},
	{0, "", 0, "link %q was not deleted"},
}

// linkProperty adds and deletes alternative names.
func (s *session) linkProperty(w *words) error {
	typ, flags := uint16(unix.RTM_NEWLINKPROP), uint16(unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_APPEND)
	if !w.next() {
		return usage("link")
	}
	switch keywords("add* delete* help*").find(w.cur) {
	case "add":
	case "delete":
		typ, flags = unix.RTM_DELLINKPROP, 0
	case "help":
		return usage("link")
	default:
		return fail(exitUsage, "Operator required", "")
	}
	const known keywords = "altname* dev help*"
	req, dev := rtnl.Link{}, ""
	for w.next() {
		switch known.find(w.cur) {
		case "altname":
			req.AltNames = append(req.AltNames, w.arg())
			if !validAltName(w.cur) {
				w.wrong(w.cur, "not a valid altname", "")
			}
			continue
		case "help":
			return usage("link")
		case "dev":
			w.arg()
		}
		if dev != "" {
			w.fail(secondDevice(dev, w.cur, known.words()))
		}
		dev = w.cur
	}
	switch {
	case w.err != nil:
		return w.err
	case dev == "":
		return fail(exitUsage, "Not enough of information: \"dev\" argument is required.", "")
	}
	if err := s.index(dev, &req.Index); err != nil {
		return err
	}
	return explained(s.do(typ, flags, &req, nil), []reason{{text: "the names of %q are unchanged"}}, dev)
}
