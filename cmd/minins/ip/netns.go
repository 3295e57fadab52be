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

// netns is the object "netns".
func (s *session) netns(w *words) error {
	if !w.next() {
		return s.listNetns()
	}
	switch {
	case w.short("help"):
		return usage("netns")
	case w.short("list"), w.short("show"), w.short("lst"):
		return s.listNetns()
	case w.short("list-id"):
		return s.listNSIDs(w)
	case w.short("add"):
		return s.addNetns(w)
	case w.short("set"):
		return s.setNSID(w)
	case w.short("delete"):
		return s.deleteNetns(w)
	case w.short("identify"):
		return s.identify(w)
	case w.short("pids"):
		return s.pids(w)
	case w.short("exec"):
		return s.execNetns(w)
	}
	return unknownCommand("netns", w.cur, []string{"list", "show", "list-id", "add", "set", "delete", "identify", "pids", "exec"})
}

func noNetnsName() error {
	return &failure{code: exitFailed, text: "No netns name specified"}
}

func (s *session) listNetns() error {
	names, err := nsfs.List()
	if err != nil {
		return err
	}
	v := s.view()
	v.begin()
	if len(names) > 0 {
		s.netnsByID(-1) // iproute2 reads all ids first, and complains of stale names twice
	}
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
		v.text("\n")
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
		return s.withHint(err, fmt.Sprintf("the name %q is taken; \"ip netns\" lists all", name))
	}
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return s.withHint(err, "it takes CAP_SYS_ADMIN: become root, or try inside \"unshare -Urnm\"")
	}
	return err
}

// withHint is a failure of nsfs with more to say.
func (s *session) withHint(err error, hint string) error {
	var e *nsfs.Error
	if !errors.As(err, &e) {
		return err
	}
	return &failure{code: exitFailed, text: e.Iproute2(), hint: hint}
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
	if near := nearest(name, names); err == nil && near != "" {
		return fmt.Sprintf("there is no network namespace %q; did you mean %q?", name, near)
	}
	return fmt.Sprintf("there is no network namespace %q; \"ip netns\" lists all", name)
}

// execNetns is "ip netns exec": it does not return, unless it fails.
func (s *session) execNetns(w *words) error {
	if s.opt.all {
		return s.execAll(w)
	}
	if !w.next() {
		return noNetnsName()
	}
	name := w.cur
	if len(w.rest) == 0 {
		return &failure{code: exitFailed, text: "No command specified", hint: fmt.Sprintf("as in \"ip netns exec %s ip link\"", name)}
	}
	cmd := s.program(w.rest)
	steps, err := nsfs.ExecSteps(name, cmd)
	if err != nil {
		return err
	}
	if s.told(steps) {
		return nil
	}
	if err := s.c.Stdout.Flush(); err != nil {
		return err
	}
	return nsfs.Exec(name, cmd)
}

// program is a command to execute. What PATH does not have may be one of our
// own applets.
func (s *session) program(args []string) *nsfs.Command {
	cmd := &nsfs.Command{Args: args, Env: os.Environ(), Warn: func(err error) {
		var e *nsfs.Error
		if errors.As(err, &e) {
			s.c.Errorf("%s", e.Iproute2())
		}
	}}
	if s.c.IsApplet(args[0]) {
		cmd.Fallback = "/proc/self/exe"
	}
	return cmd
}

// execAll runs a command in every namespace, one after the other. Its exit
// status does not matter.
func (s *session) execAll(w *words) error {
	if len(w.rest) == 0 {
		return &failure{code: exitFailed, text: "No command specified"}
	}
	names, err := nsfs.List()
	if err != nil {
		return err
	}
	cmd := s.program(w.rest)
	for _, name := range names {
		if s.c.Explain != nil {
			steps, err := nsfs.ExecSteps(name, cmd)
			if err != nil {
				return err
			}
			s.told(append([]nsfs.Step{{Call: "fork()", Why: "a child for " + name}}, steps...))
			continue
		}
		s.c.Printf("\nnetns: %s\n", name)
		if err := s.c.Stdout.Flush(); err != nil {
			return err
		}
		status, err := nsfs.Spawn(name, cmd)
		var failed *nsfs.Error
		switch {
		case errors.As(err, &failed) && failed.Op == nsfs.OpExec: // said by the child; the next may do
			s.c.Errorf("%s", failed.Iproute2())
		case err != nil:
			return err
		case status.Signaled():
			return &failure{code: exitFailed}
		}
	}
	return nil
}

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
