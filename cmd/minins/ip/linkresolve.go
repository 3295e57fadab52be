//go:build linux

package ip

import (
	"errors"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

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
		p := l.Info.Port
		if err := s.index(r.backup, &p.BackupPort.V); err != nil {
			return s.wrongDevice(r.backup, err)
		}
		p.BackupPort.Ok = true
	}
	if r.physical != "" {
		p := &l.Info.VXLAN.Link
		p.Ok = true
		if err := s.index(r.physical, &p.V); err != nil {
			if f := asFailure(err); f != nil {
				f.code = exitUsage
			}
			return err
		}
	}
	if r.linkNS != "" {
		id, err := s.nsid(r.linkNS)
		if err != nil || id < 0 {
			return wrong(r.linkNS, invalid("link-netns"), "")
		}
		l.ParentNSID = nl.Some(id)
	}
	if r.lower != "" && r.create {
		l.Parent.Ok = true
		if err := s.index(r.lower, &l.Parent.V); err != nil {
			return err
		}
	}
	if r.peer != nil {
		return s.resolve(r.peer, h)
	}
	return nil
}

// wrongDevice is how iproute2 words a device that is missing as a value.
func (s *session) wrongDevice(name string, err error) error {
	if f := asFailure(err); f != nil {
		return wrong(name, "Device does not exist\n", f.hint)
	}
	return err
}

// resolveNetns finds the namespace that a link goes to: one with a name or
// path, or that of a process.
func (s *session) resolveNetns(name string, l *rtnl.Link, h *hold) error {
	fd, err := s.openNetns(name, h)
	if err == nil {
		l.NetNSFD = nl.Some(fd)
		return nil
	}
	if failed := asNetns(err); failed != nil && failed.Op == nsfs.OpEnter { // what the kernel would say
		return fail(exitKernel, "RTNETLINK answers: Invalid argument", nsfs.Path(name)+": "+failed.Hint)
	}
	if pid, ok := integer(name); ok {
		l.NetNSPID = nl.Some(uint32(pid))
		return nil
	}
	return wrong(name, invalid("netns"), say("%q is neither a network namespace (%s) nor a process id", name, err.Error()))
}

// openNetns opens a namespace, to be closed with h, and returns a descriptor
// of it for a request.
func (s *session) openNetns(name string, h *hold) (fd uint32, err error) {
	const madeUp = 3
	if s.c.Explains(say("openat(AT_FDCWD, %q, O_RDONLY|O_CLOEXEC)", nsfs.Path(name)), "a descriptor for the message below; say, 3") {
		return madeUp, nil
	}
	ns, err := nsfs.Open(name)
	if err != nil {
		return 0, err
	}
	*h = append(*h, ns)
	return uint32(ns.Fd()), nil
}
