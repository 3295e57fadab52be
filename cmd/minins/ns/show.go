//go:build linux

package ns

import (
	"errors"
	"io/fs"
	"strconv"

	"github.com/minins/minins/nsfs"
)

// list shows all names.
func (s *session) list(string) error {
	if s.explained() {
		return nil
	}
	all, err := nsfs.Entries()
	if err != nil {
		return err
	}
	s.open("")
	for i := range all {
		s.entry(&all[i])
		s.close("}")
	}
	s.end()
	return nil
}

func (s *session) end() {
	if s.json != nil {
		s.close("]")
		s.c.Printf("\n")
	}
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

func (s *session) entry(e *nsfs.Entry) {
	if e.State == nsfs.Live {
		s.row("%-15s %-15s inode %s id %s\n", "name", e.Name, "state", "live", "inode", decimal(e.ID.Ino), "id", decimal(e.ID.ID))
		return
	}
	s.row("%-15s %-15s %s\n", "name", e.Name, "state", e.State.String(), "why", e.Why)
}

// show shows a namespace and what holds it. It has a name, or is that at a path,
// or of a process.
func (s *session) show(word string) error {
	if s.explained(`stat("/proc/PID/task/TID/ns/net"), stat("/proc/PID/fd/N")`, "of each process: is it in the namespace, has it opened it",
		"pidfd_getfd(), ioctl(SIOCGSKNS)", "of each socket: whose it is") {
		return nil
	}
	e, err := nsfs.Look(word)
	var holders []nsfs.Holder
	if err != nil || e.State == nsfs.Live {
		if e, holders, err = s.find(word); err != nil {
			return err
		}
	}
	s.open("")
	s.entry(&e)
	s.open("holders")
	for i := range holders {
		s.holder(&holders[i])
		s.close("}")
	}
	s.close("]}")
	s.end()
	return nil
}

// find is a namespace and what holds it.
func (s *session) find(word string) (e nsfs.Entry, holders []nsfs.Holder, err error) {
	ns, err := nsfs.Open(word)
	if pid, no := strconv.Atoi(word); no == nil && errors.Is(err, fs.ErrNotExist) {
		ns, err = nsfs.OpenPID(pid)
	}
	if err != nil {
		return e, nil, err
	}
	defer ns.Close()
	e.Name = word
	if e.ID, err = ns.Identity(); err != nil {
		return e, nil, err
	}
	holders, unseen, err := ns.Holders()
	if unseen > 0 {
		s.c.Hintf("%d processes did not let themselves be looked into", unseen)
	}
	return e, holders, err
}

func (s *session) holder(h *nsfs.Holder) {
	pid, number := strconv.Itoa(h.PID), strconv.Itoa(h.Number)
	pairs := []string{"kind", string(h.Kind), "number", number, "pid", pid, "comm", h.Comm, "path", h.Path}
	switch {
	case h.Kind == nsfs.HeldByProcess:
		pairs[3] = ""
		s.row("    %s%[2]s %[3]s (%[4]s)\n", pairs...)
	case h.Path == "":
		s.row("    %s %s of process %s (%s)%s\n", pairs...)
	case h.PID == 0:
		pairs[3], pairs[5] = "", ""
		s.row("    %s %[5]s\n", pairs...)
	default:
		pairs[3] = ""
		s.row("    %s %[5]s of process %[3]s (%[4]s)\n", pairs...)
	}
}
