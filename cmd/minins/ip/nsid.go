//go:build linux

package ip

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
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
		return fail(exitFailed, "No nsid specified", "")
	}
	id := int32(rtnl.NSIDNotAssigned)
	if w.cur != "auto" {
		n, ok := integer(w.cur)
		if !ok {
			return wrong(w.cur, `Invalid "netnsid" value`, "")
		}
		if n < 0 {
			return wrong(w.cur, negative("netnsid"), "")
		}
		id = n
	}
	var h hold
	defer func() { err = errors.Join(err, h.close()) }()
	fd, err := s.openNetns(name, &h)
	if failed := asNetns(err); failed != nil && failed.Op == nsfs.OpEnter { // what the kernel would say
		return fail(exitKernel, "Error: Peer netns reference is invalid.", nsfs.Path(name)+": "+failed.Hint)
	}
	if err != nil {
		return s.withHint(err, s.otherNetns(name))
	}
	req := &rtnl.NSID{FD: nl.Some(fd), ID: nl.Some(id)}
	return explained(s.do(unix.RTM_NEWNSID, 0, req, nil), []reason{{text: "the id of %q was not set"}}, name)
}

// listNSIDs is "ip netns list-id".
func (s *session) listNSIDs(w *words) error {
	s.netnsByID(-1) // first of all it complains of stale names
	only, target := nl.Opt[int32]{}, nl.Opt[int32]{}
	for w.next() {
		switch w.cur {
		case "nsid":
			w.nsid("nsid", &only)
		case "target-nsid":
			w.nsid("target-nsid", &target)
		default:
			return usage("netns")
		}
	}
	if w.err != nil {
		return w.err
	}
	req := &rtnl.NSID{ID: only, TargetID: target}
	var n rtnl.NSID
	v := s.view()
	show := func() {
		v.begin()
		v.showID(&n, s.netnsByID(n.CurrentID.Or(n.ID.V)))
	}
	if only.Ok {
		if err := s.do(unix.RTM_GETNSID, 0, req, &n); err != nil {
			return err
		}
		show()
	} else if err := s.each(unix.RTM_GETNSID, req, &n, show); err != nil {
		return &failure{code: exitFailed, text: dumpFailure("Dump", err).Error()}
	}
	v.finish()
	return nil
}

// showID renders the id of a namespace with that name, or "".
func (v *view) showID(n *rtnl.NSID, name string) {
	v.object("")
	v.showIDAs("nsid", n.ID.V)
	if n.CurrentID.Ok {
		v.showIDAs("current-nsid", n.CurrentID.V)
	}
	v.word("name", "(iproute2 netns name: %s)", name)
	v.write("\n")
	v.end()
}

// showIDAs renders an id, or that there is none.
func (v *view) showIDAs(key string, id int32) {
	if id < 0 {
		v.write(key + " unassigned ")
		return
	}
	v.int(key, key+" %d ", int64(id))
}

func (w *words) nsid(key string, to *nl.Opt[int32]) {
	if to.Ok {
		w.fail(duplicate(key, key))
	}
	n := w.int(say("\"%s\" value is invalid", key))
	if n < 0 {
		w.wrong(w.cur, negative(key), "")
	}
	*to = nl.Some(n)
}

func negative(key string) string { return say("\"%s\" value should be >= 0", key) }

// identify is "ip netns identify [PID]": the name of the namespace that a
// process is in, the last one if it has several, in text even with -j.
func (s *session) identify(w *words) error {
	path := "/proc/self/ns/net"
	if w.next() {
		if len(w.rest) > 0 {
			return tooMany()
		}
		if strings.Trim(w.cur, "0123456789") != "" {
			return fail(exitFailed, say("Specified string '%s' is not a pid", w.cur), "")
		}
		path = "/proc/" + w.cur + "/ns/net"
	}
	dev, ino, err := fileID(path)
	if err != nil {
		return cannotOpen(err, nsfs.Refusal(err, unix.CLONE_NEWNET))
	}
	all, err := nsfs.List()
	if err != nil {
		return err
	}
	last := ""
	for _, name := range all {
		if d, i, err := fileID(nsfs.Path(name)); err == nil && d == dev && i == ino {
			last = name
		}
	}
	s.c.Printf("%s\n", last)
	return nil
}

func tooMany() error { return fail(exitFailed, "extra arguments specified", "") }

func cannotOpen(err error, hint string) error {
	return fail(exitFailed, "Cannot open network namespace: "+applet.Strerror(err), hint)
}

// fileID is what two names of one file have in common.
func fileID(path string) (dev, ino uint64, err error) {
	var st unix.Stat_t
	err = unix.Stat(path, &st)
	return uint64(st.Dev), st.Ino, err
}

// pids is "ip netns pids NAME": the processes in a namespace.
func (s *session) pids(w *words) error {
	if !w.next() {
		return noNetnsName()
	}
	if len(w.rest) > 0 {
		return tooMany()
	}
	dev, ino, err := fileID(nsfs.Path(w.cur))
	if err != nil {
		return cannotOpen(err, s.otherNetns(w.cur))
	}
	proc, err := dirNames("/proc")
	if err != nil {
		return fail(exitFailed, "Open of /proc failed: "+applet.Strerror(err), "")
	}
	for _, pid := range proc {
		if strings.Trim(pid, "0123456789") != "" {
			continue
		}
		d, i, err := fileID("/proc/" + pid + "/ns/net")
		if err == nil && d == dev && i == ino { // an error: it is gone, or not ours to look at
			s.c.Printf("%s\n", pid)
		}
	}
	return nil
}
