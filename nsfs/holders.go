//go:build linux

package nsfs

import (
	"errors"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// A Holder keeps a network namespace alive.
type Holder struct {
	_ [0]func() // not to be compared: that would take code

	Kind HolderKind
	PID  int    // the process; of a mount, one in that mount namespace, or 0: it is the caller's own
	Comm string // the name of the process, as in /proc/PID/comm
	// Number is that of the thread or of the descriptor.
	Number int
	Path   string // of a mount, as processes of that mount namespace see it
}

// A HolderKind is how a namespace is held.
type HolderKind string

// The kinds of holders.
const (
	HeldByProcess HolderKind = "process" // all threads of it are in the namespace
	HeldByThread  HolderKind = "thread"  // one that is, of a process of which others are not
	HeldByFile    HolderKind = "file"    // a descriptor of the namespace
	HeldBySocket  HolderKind = "socket"  // a descriptor of a socket that was opened in it
	HeldByMount   HolderKind = "mount"   // a name
)

// Holders finds what holds the namespace, beside this NS. It reads /proc, one
// process after another, so that what comes or ends meanwhile may be missing.
//
// A socket does not show whose it is: each one is opened by pidfd_getfd(2), asked
// by SIOCGSKNS, and closed again some microseconds later. To look into other
// processes takes CAP_SYS_PTRACE, and for sockets CAP_NET_ADMIN and Linux 5.6.
// Unseen is how many processes did not let themselves be looked into as a whole.
//
// What /proc does not show may hold a namespace too: processes of another pid
// namespace, mount namespaces that no process is in, descriptors on their way
// through a Unix socket or kept by an io_uring, tun devices.
//
// Equivalent to: `ip netns pids NAME`, `lsns -t net`, and a search of /proc/*/fd
func (ns *NS) Holders() (all []Holder, unseen int, err error) {
	s := &search{own: ns.Fd()}
	if s.of, err = inodeOf(s.own); err != nil {
		return nil, 0, openError(ns.name, "fstat(fd)", "", err)
	}
	pids, err := numbers("/proc")
	if err != nil {
		return nil, 0, listError("/proc", err)
	}
	for _, s.pid = range pids {
		s.refused = false
		s.threads()
		s.files()
		if s.refused {
			unseen++
		}
	}
	root := "net:[" + strconv.FormatUint(s.of.ino, 10) + "]"
	err = eachMount(func(pid int, m *mountPoint, _ string) {
		if m.root == root {
			s.found = append(s.found, Holder{Kind: HeldByMount, PID: pid, Comm: comm(pid), Path: m.path})
		}
	})
	return s.found, unseen, err
}

// An inode is a namespace, as long as it is there.
type inode struct{ dev, ino uint64 }

func inodeOf(fd int) (inode, error) {
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	return inode{uint64(st.Dev), st.Ino}, err
}

// A search is one reading of /proc.
type search struct {
	_ [0]func() // not to be compared: that would take code

	of    inode
	own   int // our descriptor, which is not to be found
	found []Holder

	pid     int  // the process that is looked at
	refused bool // it did not let us
}

func (s *search) add(kind HolderKind, number int) {
	s.found = append(s.found, Holder{Kind: kind, PID: s.pid, Comm: comm(s.pid), Number: number})
}

// failed reports whether there was an error, and notes if it was the want of a
// right or of a system call. Else, the process or descriptor is gone.
func (s *search) failed(err error) bool {
	if errors.Is(err, fs.ErrPermission) || err == unix.ENOSYS {
		s.refused = true
	}
	return err != nil
}

// threads finds out where the threads of the process are.
func (s *search) threads() {
	dir := process(s.pid) + "/task"
	tids, err := numbers(dir)
	if s.failed(err) {
		return
	}
	var in []int
	for _, tid := range tids {
		var st unix.Stat_t
		if !s.failed(unix.Stat(dir+"/"+strconv.Itoa(tid)+"/ns/net", &st)) && s.of == (inode{uint64(st.Dev), st.Ino}) {
			in = append(in, tid)
		}
	}
	if len(in) == len(tids) && len(in) > 0 {
		s.add(HeldByProcess, 0)
		return
	}
	for _, tid := range in {
		s.add(HeldByThread, tid)
	}
}

// files looks at the descriptors of the process.
func (s *search) files() {
	dir := process(s.pid) + "/fd"
	fds, err := numbers(dir)
	if s.failed(err) || len(fds) == 0 {
		return
	}
	pidfd, noPidfd := unix.PidfdOpen(s.pid, 0)
	if noPidfd == nil {
		defer unix.Close(pidfd)
	}
	for _, fd := range fds {
		var st unix.Stat_t
		if unix.Stat(dir+"/"+strconv.Itoa(fd), &st) != nil { // it was closed
			continue
		}
		kind, in, err := HeldByFile, inode{uint64(st.Dev), st.Ino}, noPidfd
		if st.Mode&unix.S_IFMT == unix.S_IFSOCK {
			kind = HeldBySocket
			if err == nil {
				in, err = socketIn(pidfd, fd)
			}
			if s.failed(err) {
				continue
			}
		}
		if in == s.of && !(fd == s.own && s.pid == os.Getpid()) {
			s.add(kind, fd)
		}
	}
}

// socketIn finds out in which namespace a socket of a process is.
func socketIn(pidfd, fd int) (in inode, err error) {
	sock, err := unix.PidfdGetfd(pidfd, fd, 0)
	if err != nil {
		return in, err
	}
	defer unix.Close(sock)
	ns, err := unix.IoctlRetInt(sock, unix.SIOCGSKNS)
	if err != nil {
		return in, err
	}
	defer unix.Close(ns)
	return inodeOf(ns)
}

// Inhabited reports whether the main thread of a process is in the namespace, as far as
// /proc shows them. It costs a few microseconds for each process, where [NS.Holders]
// looks at each of their threads and files.
func (id Identity) Inhabited() bool {
	pids, _ := numbers("/proc") // without a /proc nobody is seen
	for _, pid := range pids {
		var st unix.Stat_t
		if unix.Stat(process(pid)+"/ns/net", &st) == nil && uint64(st.Dev) == id.Dev && st.Ino == id.Ino {
			return true
		}
	}
	return false
}
