//go:build linux

package ip

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/container"
	"github.com/minins/minins/nsfs"
)

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
	switch command("netns", w.cur) {
	case "help":
		return usage("netns")
	case "list", "show":
		return s.listNetns()
	case "list-id":
		return s.listNSIDs(w)
	case "add":
		return s.addNetns(w)
	case "attach":
		return s.attachNetns(w)
	case "monitor":
		return s.monitorNetns()
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
	return unknownCommand("netns", w.cur, commands("netns"))
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
			s.c.Hint(s.notLive(name))
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
	return s.nameNetns(w.cur, "")
}

// attachNetns is "ip netns attach NAME PID".
func (s *session) attachNetns(w *words) error {
	if len(w.rest) < 2 {
		return fail(exitFailed, "No netns name and PID specified", "")
	}
	name := w.arg()
	pid, ok := integer(w.arg())
	if !ok || pid == 0 {
		return fail(exitFailed, "Invalid PID: "+w.cur, "")
	}
	return s.nameNetns(name, fmt.Sprintf("/proc/%d/ns/net", pid))
}

// nameNetns names the namespace at a path, or a new one.
func (s *session) nameNetns(name, from string) error {
	if err := nsfs.ValidName(name); err != nil {
		return err
	}
	if s.told(nsfs.AttachSteps(name, from)) {
		return nil
	}
	err := nsfs.Attach(name, from)
	if errors.Is(err, unix.EEXIST) {
		return s.withHint(err, say("the name %q is taken; \"ip netns\" lists all", name))
	}
	if why := nsfs.Refusal(err, unix.CLONE_NEWNET|unix.CLONE_NEWNS); why != "" {
		return s.withHint(err, why)
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

// monitorNetns is "ip netns monitor": it shows names as they come and go.
func (s *session) monitorNetns() error {
	if s.c.Explains("inotify_add_watch(fd, \""+nsfs.Dir+"\", IN_CREATE|IN_DELETE)", "tells of every name") {
		return nil
	}
	_ = unix.Mkdir(nsfs.Dir, 0o755) // what cannot be watched is the mistake to tell
	buf := make([]byte, 4096)
	var n int
	what := "inotify_init"
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err == nil {
		what = "inotify_add_watch"
		_, err = unix.InotifyAddWatch(fd, nsfs.Dir, unix.IN_CREATE|unix.IN_DELETE)
	}
	for err == nil {
		what = "read"
		n, err = unix.Read(fd, buf)
		for b := buf[:max(n, 0)]; len(b) >= unix.SizeofInotifyEvent; {
			mask := binary.NativeEndian.Uint32(b[4:])
			end := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(b[12:]))
			text := "[LOST] \"ip netns\" lists all"
			if mask&unix.IN_CREATE != 0 {
				text = "add "
			} else if mask&unix.IN_DELETE != 0 {
				text = "delete "
			}
			s.c.Printf("%s%s\n", text, unix.ByteSliceToString(b[unix.SizeofInotifyEvent:end]))
			b = b[end:]
		}
		if err := s.c.Stdout.Flush(); err != nil {
			return errors.Join(err, unix.Close(fd))
		}
	}
	_ = unix.Close(fd)
	hint := ""
	if err == unix.ENOSYS {
		hint = "this kernel was built without CONFIG_INOTIFY_USER"
	}
	return fail(exitFailed, what+" failed: "+applet.Strerror(err), hint)
}

func (s *session) deleteNetns(w *words) error {
	if s.opt.all {
		names, err := nsfs.List()
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := s.deleteOne(name); err != nil {
				s.report(err) // iproute2 ends here, and well
				break
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
	err := container.DeleteNamespace(s.c.Context(), name)
	if after := (*container.Error)(nil); errors.As(err, &after) {
		// The name is gone, as asked for.
		s.c.Hintf("some cables may still end where they led to %s, for some milliseconds: %v", name, after)
		return nil
	}
	if errors.Is(err, unix.ENOENT) {
		return s.withHint(err, s.otherNetns(name))
	}
	return err
}

// notLive is a hint for a name that is there, but is no namespace to be entered.
func (s *session) notLive(name string) string {
	if !s.c.Hints {
		return ""
	}
	e, err := nsfs.Look(name)
	if err != nil || e.State == nsfs.Live {
		return ""
	}
	hint := say("%q is %s: %s", name, e.State.String(), e.Why)
	if e.State == nsfs.Stale {
		hint += "; \"minins ns repair\" removes what stays so"
	}
	return hint
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
