//go:build linux

package ip

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
)

const netnsCommands keywords = "help* list* show*|lst* list-id* add* set* delete* identify* pids* exec*"

// netns is the object "netns".
func (s *session) netns(w *words) error {
	if !w.next() {
		return s.listNetns()
	}
	if len(w.rest) > 0 && !s.opt.all {
		if err := nsfs.ValidName(w.peek()); err != nil {
			return err
		}
	}
	switch netnsCommands.find(w.cur) {
	case "help":
		return usage("netns")
	case "list", "show":
		return s.listNetns()
	case "list-id":
		return s.listNSIDs(w)
	case "add":
		return s.addNetns(w)
	case "set":
		return s.setNSID(w)
	case "delete":
		return s.deleteNetns(w)
	case "identify":
		return s.identify(w)
	case "pids":
		return s.pids(w)
	case "exec":
		return s.execNetns(w)
	}
	return unknownCommand("netns", w.cur, netnsCommands.words())
}

func noNetnsName() error { return fail(exitFailed, "No netns name specified", "") }

func (s *session) listNetns() error {
	names, err := nsfs.List()
	if err != nil {
		return err
	}
	v := s.view()
	v.begin()
	s.netnsByID(-1) // iproute2 reads all ids first, and complains of stale names twice
	for _, name := range names {
		id, err := s.nsid(name)
		if err != nil {
			s.report(err)
		}
		v.object("")
		v.str("name", "%s", name)
		if id >= 0 {
			v.int("id", " (id: %d)", int64(id))
		}
		v.write("\n")
		v.end()
	}
	v.finish()
	return nil
}

// told shows the steps of what would be done, if the command is only being
// explained.
func (s *session) told(steps []nsfs.Step) bool {
	told := false
	for _, step := range steps {
		told = s.c.Explains(step.Call, step.Why)
	}
	return told
}

func (s *session) addNetns(w *words) error {
	if !w.next() {
		return noNetnsName()
	}
	name := w.cur
	if err := nsfs.ValidName(name); err != nil {
		return err
	}
	if s.told(nsfs.CreateSteps(name)) {
		return nil
	}
	err := nsfs.Create(name)
	if errors.Is(err, unix.EEXIST) {
		return s.withHint(err, say("the name %q is taken; \"ip netns\" lists all", name))
	}
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return s.withHint(err, "it takes CAP_SYS_ADMIN: become root, or try inside \"unshare -Urnm\"")
	}
	return err
}

// withHint is a failure of nsfs with more to say.
func (s *session) withHint(err error, hint string) error {
	if e := asNetns(err); e != nil {
		return fail(exitFailed, e.Iproute2(), hint)
	}
	return err
}

func (s *session) deleteNetns(w *words) error {
	if s.opt.all {
		names, err := nsfs.List()
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := s.deleteOne(name); err != nil {
				return err
			}
		}
		return nil
	}
	if !w.next() {
		return noNetnsName()
	}
	return s.deleteOne(w.cur)
}

func (s *session) deleteOne(name string) error {
	if err := nsfs.ValidName(name); err != nil {
		return err
	}
	if s.told(nsfs.DeleteSteps(name)) {
		return nil
	}
	err := nsfs.Delete(name)
	if errors.Is(err, unix.ENOENT) {
		return s.withHint(err, s.otherNetns(name))
	}
	return err
}

// otherNetns is a hint for a name that is not there.
func (s *session) otherNetns(name string) string {
	names, err := nsfs.List()
	hint := meant(name, names)
	if err != nil || hint == "" {
		hint = "\"ip netns\" lists all"
	}
	return say("there is no network namespace %q; ", name) + hint
}
