//go:build linux

package ip

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
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

// A hold keeps the namespaces open whose descriptors are in a request.
type hold []*nsfs.NS

func (h *hold) close() error {
	var errs []error
	for _, ns := range *h {
		errs = append(errs, ns.Close())
	}
	return errors.Join(errs...)
}

// resolve turns the names in a request into numbers.
func (s *session) resolve(r *linkRequest, h *hold) error {
	l := &r.link
	if r.netns != "" {
		if err := s.resolveNetns(r.netns, l, h); err != nil {
			return err
		}
	}
	if r.master != "" {
		m, err := s.findLink(r.master)
		if err != nil {
			return s.wrongDevice(r.master, err)
		}
		l.Master = nl.Some(m.Index)
		r.masterLink = m
	}
	if r.backup != "" {
		index, err := s.indexOf(r.backup)
		if err != nil {
			return s.wrongDevice(r.backup, err)
		}
		l.Info.Port.BackupPort = nl.Some(index)
	}
	if r.linkNS != "" {
		id, err := s.nsid(r.linkNS)
		if err != nil || id < 0 {
			return wrong(r.linkNS, "Invalid \"link-netns\" value\n")
		}
		l.ParentNSID = nl.Some(id)
	}
	if r.lower != "" && r.create {
		index, err := s.indexOf(r.lower)
		if err != nil {
			return err
		}
		l.Parent = nl.Some(index)
	}
	if r.peer != nil {
		return s.resolve(r.peer, h)
	}
	return nil
}

// wrongDevice is how iproute2 words a device that is missing as a value.
func (s *session) wrongDevice(name string, err error) error {
	f := (*failure)(nil)
	if !errors.As(err, &f) {
		return err
	}
	wrong := wrong(name, "Device does not exist\n").(*failure)
	wrong.hint = f.hint
	return wrong
}

// resolveNetns finds the namespace that a link goes to: one with a name or
// path, or that of a process.
func (s *session) resolveNetns(name string, l *rtnl.Link, h *hold) error {
	fd, err := s.openNetns(name, h)
	var failed *nsfs.Error
	switch {
	case err == nil:
		l.NetNSFD = nl.Some(fd)
		return nil
	case errors.As(err, &failed) && failed.Op == nsfs.OpEnter: // what the kernel would say
		return &failure{code: exitKernel, text: "RTNETLINK answers: Invalid argument",
			hint: fmt.Sprintf("%s: %s", nsfs.Path(name), failed.Hint)}
	}
	if pid, ok := integer(name); ok {
		l.NetNSPID = nl.Some(uint32(pid))
		return nil
	}
	f := wrong(name, "Invalid \"netns\" value\n").(*failure)
	f.hint = fmt.Sprintf("%q is neither a network namespace (%v) nor a process id", name, err)
	return f
}

// openNetns opens a namespace, to be closed with h, and returns a descriptor
// of it for a request.
func (s *session) openNetns(name string, h *hold) (fd uint32, err error) {
	const madeUp = 3
	if s.c.Explains(fmt.Sprintf("openat(AT_FDCWD, %q, O_RDONLY|O_CLOEXEC)", nsfs.Path(name)), "a descriptor for the message below; say, 3") {
		return madeUp, nil
	}
	ns, err := nsfs.Open(name)
	if err != nil {
		return 0, err
	}
	*h = append(*h, ns)
	return uint32(ns.Fd()), nil
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

// refuseMaster refuses a master that can have no ports, in the kernel's words.
// The kernel itself would first take the link out of its old bridge, and set
// whatever else the request says, and leave it so.
func refuseMaster(master, l *rtnl.Link) error {
	return &failure{code: exitKernel, text: "RTNETLINK answers: Operation not supported",
		hint: fmt.Sprintf("%q has no ports, it is not a bridge; %q is unchanged", master.Name, l.Name)}
}

// mayHavePorts reports whether a link may be a master. Hardware, which has no
// kind, is for the kernel to judge.
func mayHavePorts(l *rtnl.Link) bool {
	const loopback = 772 // ARPHRD_LOOPBACK
	switch l.Info.Kind {
	case "":
		return l.Type != loopback
	case "bridge", "bond", "team", "vrf", "batadv", "openvswitch", "hsr", "rmnet", "qmimux", "ipoib":
		return true
	}
	return false
}

// putBack undoes what the kernel did of a request before it refused the rest.
func (s *session) putBack(before *rtnl.Link) error {
	var now rtnl.Link
	err := s.do(unix.RTM_GETLINK, 0, &rtnl.Link{Index: before.Index}, &now)
	if errors.Is(err, unix.ENODEV) {
		return nil // it is in another namespace, or gone
	}
	if err != nil {
		return err
	}
	undo := rtnl.Link{Index: before.Index}
	changed := false
	restore(&undo.Addr, before.Addr, now.Addr, &changed)
	restore(&undo.Broadcast, before.Broadcast, now.Broadcast, &changed)
	restore(&undo.MTU, before.MTU, now.MTU, &changed)
	restore(&undo.TxQLen, before.TxQLen, now.TxQLen, &changed)
	restore(&undo.Group, before.Group, now.Group, &changed)
	restore(&undo.Name, before.Name, now.Name, &changed)
	if before.Alias != now.Alias {
		undo.Alias, changed = nl.Some(before.Alias.V), true
	}
	if before.Master != now.Master {
		undo.Master, changed = nl.Some(before.Master.V), true
	}
	const settable = unix.IFF_UP | unix.IFF_NOARP | unix.IFF_MULTICAST | unix.IFF_ALLMULTI | unix.IFF_PROMISC | unix.IFF_DYNAMIC
	if diff := (before.Flags ^ now.Flags) & settable; diff != 0 {
		undo.Flags, undo.Change, changed = before.Flags, diff, true
	}
	if !changed {
		return nil
	}
	if err := s.do(unix.RTM_NEWLINK, 0, &undo, nil); err != nil {
		return fmt.Errorf("link %q was changed in part, and changing it back failed: %w", before.Name, err)
	}
	return nil
}

// restore puts the old value into undo if the new one is another.
func restore[T comparable](undo *T, before, now T, changed *bool) {
	if before != now {
		*undo, *changed = before, true
	}
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
