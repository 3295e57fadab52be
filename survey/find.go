//go:build linux

package survey

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
)

// find opens the namespaces, each once.
func (s *Survey) find(o Options) error {
	home, err := nsfs.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	n, err := s.add(home)
	if err != nil {
		return err
	}
	n.Home = true
	names := o.Names
	if names == nil {
		if names, err = nsfs.List(); err != nil {
			return err
		}
		slices.Sort(names)
	}
	for _, name := range names {
		if err := s.named(name, o.Names != nil); err != nil {
			return err
		}
	}
	if o.Processes {
		return s.processes()
	}
	return nil
}

// add puts a namespace into the survey, or closes it if it is there.
func (s *Survey) add(ns *nsfs.NS) (*Namespace, error) {
	id, err := ns.Identity()
	if err != nil {
		return nil, errors.Join(err, ns.Close())
	}
	for _, n := range s.Namespaces {
		if n.ID == id {
			return n, ns.Close()
		}
	}
	n := &Namespace{ID: id, ns: ns}
	s.Namespaces = append(s.Namespaces, n)
	return n, nil
}

// named adds the namespace of a name. What is asked for must be there; what was found
// may be gone, or stale.
func (s *Survey) named(name string, must bool) error {
	ns, err := nsfs.Open(name)
	if err == nil {
		n, err := s.add(ns)
		if err == nil {
			n.Names = append(n.Names, name)
		}
		return err
	}
	if must {
		return err
	}
	e, lookErr := nsfs.Look(name)
	switch {
	case errors.Is(lookErr, fs.ErrNotExist):
		return nil
	case lookErr != nil:
		return lookErr
	case e.State == nsfs.Live: // made, or made anew, meanwhile
		return s.named(name, true)
	}
	s.Stale = append(s.Stale, e)
	return nil
}

// processes adds the namespaces that processes are in.
func (s *Survey) processes() error {
	d, err := os.Open("/proc")
	if err != nil {
		return err
	}
	names, err := d.Readdirnames(-1)
	if err := errors.Join(err, d.Close()); err != nil {
		return err
	}
	var pids []int // ascending, as /proc has them
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	for _, pid := range pids {
		var st unix.Stat_t
		if unix.Stat("/proc/"+strconv.Itoa(pid)+"/ns/net", &st) != nil || s.has(&st) {
			continue // it has ended, is not to be seen, or is where another one is
		}
		ns, err := nsfs.OpenPID(pid)
		if err != nil {
			continue // as above
		}
		n, err := s.add(ns)
		if err != nil {
			return err
		}
		if n.PID == 0 && len(n.Names) == 0 && !n.Home {
			n.PID = pid
		}
	}
	return nil
}

func (s *Survey) has(st *unix.Stat_t) bool {
	return slices.ContainsFunc(s.Namespaces, func(n *Namespace) bool { return n.ID.Ino == st.Ino && n.ID.Dev == uint64(st.Dev) })
}
