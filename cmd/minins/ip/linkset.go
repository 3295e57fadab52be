//go:build linux

package ip

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// link is the object "link".
func (s *session) link(w *words) error {
	if !w.next() {
		return s.showLinks(&words{tables: s.tables})
	}
	switch {
	case w.short("add"):
		return s.addLink(w, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	case w.short("set"), w.short("change"):
		return s.setLink(w)
	case w.short("replace"):
		return s.addLink(w, unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	case w.short("delete"):
		return s.deleteLink(w)
	case w.short("show"), w.short("lst"), w.short("list"):
		return s.showLinks(w)
	case w.short("property"):
		return s.linkProperty(w)
	case w.short("help"):
		return usage("link")
	}
	return unknownCommand("link", w.cur, []string{"add", "set", "change", "replace", "delete", "show", "list", "property"})
}

func (s *session) addLink(w *words, flags uint16) (err error) {
	r, err := parseLink(w, true)
	if err != nil {
		return err
	}
	var h hold
	defer func() { err = errors.Join(err, h.close()) }()
	if err := s.resolve(r, &h); err != nil {
		return err
	}
	return s.explained(s.do(unix.RTM_NEWLINK, flags, &r.link, nil), func(e *nl.Error) string {
		switch {
		case e.Errno == unix.EEXIST && r.peer != nil:
			return fmt.Sprintf("one of the names %q and %q is taken", r.dev, r.peer.dev)
		case e.Errno == unix.EEXIST:
			return fmt.Sprintf("the name %q is taken", r.dev)
		case e.Errno == unix.EOPNOTSUPP && e.Message == "Unknown device type":
			return fmt.Sprintf("this kernel knows no links of type %q", r.link.Info.Kind)
		case e.Errno == unix.ENOTCONN && r.peer != nil:
			return "the peer cannot be up before both ends are there; leave \"up\" out and set it up afterwards"
		}
		return fmt.Sprintf("link %q was not added", r.dev)
	})
}

func (s *session) setLink(w *words) (err error) {
	r, err := parseLink(w, false)
	if err != nil {
		return err
	}
	var h hold
	defer func() { err = errors.Join(err, h.close()) }()
	if err := s.resolve(r, &h); err != nil {
		return err
	}
	if r.dev == "" { // by group
		return s.explained(s.do(unix.RTM_NEWLINK, 0, &r.link, nil), func(*nl.Error) string { return "some links of the group may have changed" })
	}
	before, err := s.findLink(r.dev)
	if err != nil {
		return err
	}
	if n := r.link.Addr.Len(); n > 0 && before.Addr.Len() > 0 && n != before.Addr.Len() {
		return &failure{code: exitFailed, text: fmt.Sprintf("Invalid address length %d - must be %d bytes", n, before.Addr.Len())}
	}
	r.link.Index = before.Index
	if m := r.masterLink; m != nil && !mayHavePorts(m) {
		return refuseMaster(m, before)
	}
	err = s.do(unix.RTM_NEWLINK, 0, &r.link, nil)
	if refused := (*nl.Error)(nil); errors.As(err, &refused) {
		err = errors.Join(err, s.putBack(before))
	}
	return s.explained(err, func(e *nl.Error) string { return s.whyNotSet(r, e) })
}

// whyNotSet is more than the kernel says of a link that it did not change.
func (s *session) whyNotSet(r *linkRequest, e *nl.Error) string {
	switch {
	case e.Errno == unix.ESRCH && r.link.NetNSPID.Ok:
		return fmt.Sprintf("there is no network namespace %q and no process %d", r.netns, r.link.NetNSPID.V)
	case e.Errno == unix.EEXIST && r.link.Name != "":
		return fmt.Sprintf("the name %q is taken", r.link.Name)
	case e.Errno == unix.EBUSY && r.link.Name != "":
		return fmt.Sprintf("%q has to be down to be renamed", r.dev)
	case e.Errno == unix.EOPNOTSUPP && r.master != "":
		return fmt.Sprintf("%q has no ports, it is not a bridge; %q is unchanged", r.master, r.dev)
	}
	return fmt.Sprintf("link %q is unchanged", r.dev)
}

func (s *session) deleteLink(w *words) error {
	r, err := parseLink(w, false)
	if err != nil {
		return err
	}
	if r.dev != "" {
		if r.link.Index, err = s.indexOf(r.dev); err != nil {
			return err
		}
	}
	return s.explained(s.do(unix.RTM_DELLINK, 0, &r.link, nil), func(e *nl.Error) string {
		if e.Errno == unix.EOPNOTSUPP {
			return fmt.Sprintf("%q cannot be deleted: it was not made by \"ip link add\"", r.dev)
		}
		return fmt.Sprintf("link %q was not deleted", r.dev)
	})
}

// linkProperty adds and deletes alternative names.
func (s *session) linkProperty(w *words) error {
	typ, flags := uint16(unix.RTM_NEWLINKPROP), uint16(unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_APPEND)
	switch w.next(); {
	case w.short("add"):
	case w.short("delete"):
		typ, flags = unix.RTM_DELLINKPROP, 0
	case w.short("help"):
		return usage("link")
	default:
		return &failure{code: exitUsage, text: "Operator required"}
	}
	dev, names := "", []string(nil)
	for w.next() {
		switch {
		case w.short("altname"):
			names = append(names, w.arg())
			if w.err == nil && !validAltName(w.cur) {
				w.fail(wrong(w.cur, `not a valid altname`))
			}
		case w.short("help"):
			return usage("link")
		default:
			if w.is("dev") {
				w.arg()
			}
			if dev != "" && w.err == nil {
				w.fail(garbage(dev, w.cur, []string{"altname", "dev"}))
			}
			dev = w.cur
		}
	}
	switch {
	case w.err != nil:
		return w.err
	case dev == "":
		return notEnough("dev", exitUsage).dot()
	}
	index, err := s.indexOf(dev)
	if err != nil {
		return err
	}
	return s.explained(s.do(typ, flags, &rtnl.Link{Index: index, AltNames: names}, nil), func(*nl.Error) string {
		return fmt.Sprintf("the names of %q are unchanged", dev)
	})
}
