//go:build linux

package ip

import (
	"errors"
	"fmt"

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
