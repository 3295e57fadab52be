//go:build linux

package ip

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// setNSID is "ip netns set NAME ID|auto".
func (s *session) setNSID(w *words) (err error) {
	if !w.next() {
		return noNetnsName()
	}
	name := w.cur
	if !w.next() {
		return &failure{code: exitFailed, text: "No nsid specified"}
	}
	id := int32(rtnl.NSIDNotAssigned)
	if w.cur != "auto" {
		n, ok := integer(w.cur)
		if !ok || n < 0 {
			return wrong(w.cur, "Invalid \"netnsid\" value\n")
		}
		id = n
	}
	var h hold
	defer func() { err = errors.Join(err, h.close()) }()
	fd, err := s.openNetns(name, &h)
	if err != nil {
		return s.withHint(err, s.otherNetns(name))
	}
	req := &rtnl.NSID{FD: nl.Some(fd), ID: nl.Some(id)}
	return s.explained(s.do(unix.RTM_NEWNSID, 0, req, nil), func(*nl.Error) string {
		return fmt.Sprintf("the id of %q was not set", name)
	})
}

// listNSIDs is "ip netns list-id".
func (s *session) listNSIDs(w *words) error {
	only, target := nl.Opt[int32]{}, nl.Opt[int32]{}
	for w.next() {
		switch {
		case w.is("nsid"):
			only = nl.Some(w.nsid("nsid"))
		case w.is("target-nsid"):
			target = nl.Some(w.nsid("target-nsid"))
		default:
			return duplicateWord("netns", w.cur)
		}
	}
	if w.err != nil {
		return w.err
	}
	conn, err := s.dial()
	if err != nil {
		return err
	}
	all, err := nl.List(s.ctx, conn, unix.RTM_GETNSID, &rtnl.NSID{TargetID: target}, func(n *rtnl.NSID) bool {
		return n.ID.Ok && n.ID.V >= 0 && (!only.Ok || n.ID.V == only.V)
	})
	if err != nil {
		return err
	}
	v := s.view()
	v.begin()
	for i := range all {
		n := &all[i]
		v.object("")
		v.int("nsid", "nsid %d ", int64(n.ID.V))
		id := n.ID.V
		if n.CurrentID.Ok {
			v.int("current-nsid", "current-nsid %d ", int64(n.CurrentID.V))
			id = n.CurrentID.V
		}
		if name := s.netnsByID(id); name != "" {
			v.str("name", "(iproute2 netns name: %s)", name)
		}
		v.text("\n")
		v.end()
	}
	v.finish()
	return nil
}

func (w *words) nsid(key string) int32 {
	n := w.int(fmt.Sprintf("\"%s\" value is invalid\n", key))
	if n < 0 && w.err == nil {
		w.fail(wrong(w.cur, fmt.Sprintf("\"%s\" value should be >= 0\n", key)))
	}
	return n
}

func duplicateWord(key, word string) error {
	return &failure{code: exitUsage, text: fmt.Sprintf("Error: either \"%s\" is duplicate, or \"%s\" is a garbage.", key, word)}
}

// identify is "ip netns identify [PID]": the names of the namespace that a
// process is in.
func (s *session) identify(w *words) error {
	path := "/proc/self/ns/net"
	if w.next() && w.cur != "self" {
		if _, err := strconv.ParseUint(w.cur, 10, 31); err != nil {
			return &failure{code: exitUsage, text: fmt.Sprintf("Specified string '%s' is not a pid", w.cur)}
		}
		path = "/proc/" + w.cur + "/ns/net"
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return &failure{code: exitFailed, text: "Stat of netns failed: " + errnoText(err)}
	}
	names, err := namesOf(st)
	if err != nil {
		return err
	}
	v := s.view()
	v.begin()
	if len(names) == 0 && v.json == nil {
		v.text("\n")
	}
	for _, name := range names {
		v.object("")
		v.str("name", "%s\n", name)
		v.end()
	}
	v.finish()
	return nil
}

// namesOf are the names of the namespace whose file has these numbers.
func namesOf(st unix.Stat_t) ([]string, error) {
	all, err := nsfs.List()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(name string) bool {
		var other unix.Stat_t
		err := unix.Stat(nsfs.Path(name), &other)
		return err != nil || other.Dev != st.Dev || other.Ino != st.Ino
	}), nil
}

// pids is "ip netns pids NAME": the processes in a namespace.
func (s *session) pids(w *words) error {
	if !w.next() {
		return noNetnsName()
	}
	ns, err := nsfs.Open(w.cur)
	if err != nil {
		return s.withHint(err, s.otherNetns(w.cur))
	}
	defer ns.Close()
	dev, ino, err := ns.ID()
	if err != nil {
		return err
	}
	proc, err := os.ReadDir("/proc")
	if err != nil {
		return &failure{code: exitFailed, text: "Open of /proc failed: " + errnoText(err)}
	}
	for _, d := range proc {
		var st unix.Stat_t
		if strings.Trim(d.Name(), "0123456789") != "" || unix.Stat("/proc/"+d.Name()+"/ns/net", &st) != nil {
			continue // not a process, or not one that we may look at
		}
		if uint64(st.Dev) == dev && st.Ino == ino {
			s.c.Printf("%s\n", d.Name())
		}
	}
	return nil
}
