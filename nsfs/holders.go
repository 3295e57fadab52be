//go:build linux

package nsfs

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Holders are what keeps a network namespace alive.
type Holders struct {
	Processes []Process // that are in it, with one thread at least
	Files     []File    // descriptors of the namespace
	Sockets   []File    // descriptors of sockets that were opened in it
	Mounts    []Mount   // its names, in all mount namespaces

	// Unseen are processes that did not let themselves be looked into, or not
	// into all of their descriptors: to look takes CAP_SYS_PTRACE, and for
	// sockets CAP_NET_ADMIN and Linux 5.6.
	Unseen int
}

// A Process is in a namespace, or some of its threads are.
type Process struct {
	PID     int
	Comm    string // its name, as in /proc/PID/comm
	Threads []int  // those that are in it; nil if all are
}

// A File is an open file of a process.
type File struct {
	PID  int
	Comm string
	FD   int
}

// A Mount is a path at which a namespace is mounted.
type Mount struct {
	Path string // as processes of that mount namespace see it
	PID  int    // a process in that mount namespace; 0: it is the caller's own
	Comm string
}

// Holders finds what holds the namespace, beside this NS. It reads /proc, as
// things are one after another, so that what comes or ends meanwhile may be missing.
//
// A socket does not show whose it is: each one of other processes is opened by
// pidfd_getfd(2), asked by SIOCGSKNS, and closed again some microseconds later.
//
// What /proc does not show may hold a namespace too: processes of another pid
// namespace, mount namespaces that no process is in, descriptors on their way
// through a Unix socket or kept by an io_uring, tun devices.
//
// Equivalent to: `ip netns pids NAME`, `lsns -t net`, and a search of /proc/*/fd
func (ns *NS) Holders() (*Holders, error) {
	all, err := HoldersOf(ns)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// HoldersOf finds what holds each of several namespaces, in the time of one: see
// [NS.Holders].
func HoldersOf(all ...*NS) ([]*Holders, error) {
	s := &search{of: map[inode]*Holders{}, own: map[int]bool{}, sockets: map[uint64]inode{}}
	found := make([]*Holders, len(all))
	for i, ns := range all {
		in, err := inodeOf(ns.Fd())
		if err != nil {
			return nil, openError(ns.name, "fstat(fd)", "", err)
		}
		s.own[ns.Fd()] = true
		if s.of[in] == nil { // two may be the same
			s.of[in] = &Holders{}
		}
		found[i] = s.of[in]
	}
	if err := s.processes(); err != nil {
		return nil, err
	}
	if err := eachMountTable(s.mounts); err != nil {
		return nil, err
	}
	for _, h := range s.of {
		h.Unseen = s.unseen
	}
	return found, nil
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

	of      map[inode]*Holders
	own     map[int]bool     // our descriptors, which are not to be found
	sockets map[uint64]inode // in which namespaces they are, by their own inodes
	unseen  int
}

func (s *search) processes() error {
	pids, err := numbers("/proc")
	if err != nil {
		return listError("/proc", err)
	}
	for _, pid := range pids {
		dir := "/proc/" + strconv.Itoa(pid)
		if !s.threads(pid, dir) || !s.files(pid, dir) {
			s.unseen++
		}
	}
	return nil
}

// threads finds out where the threads of a process are. It returns false if it
// may not know.
func (s *search) threads(pid int, dir string) bool {
	tids, err := numbers(dir + "/task")
	if err != nil {
		return !refused(err) // else it has ended
	}
	in := map[*Holders][]int{}
	for _, tid := range tids {
		var st unix.Stat_t
		err := unix.Stat(dir+"/task/"+strconv.Itoa(tid)+"/ns/net", &st)
		if refused(err) {
			return false
		}
		if h := s.of[inode{uint64(st.Dev), st.Ino}]; h != nil && err == nil {
			in[h] = append(in[h], tid)
		}
	}
	for h, threads := range in {
		if len(threads) == len(tids) {
			threads = nil
		}
		h.Processes = append(h.Processes, Process{PID: pid, Comm: comm(pid), Threads: threads})
	}
	return true
}

// files looks at the descriptors of a process. It returns false if it may not.
func (s *search) files(pid int, dir string) bool {
	fds, err := numbers(dir + "/fd")
	if err != nil {
		return !refused(err)
	}
	p := &peer{pid: pid, fd: -1}
	defer p.close()
	seen := true
	for _, fd := range fds {
		var st unix.Stat_t
		if unix.Stat(dir+"/fd/"+strconv.Itoa(fd), &st) != nil { // it was closed
			continue
		}
		if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
			if h := s.of[inode{uint64(st.Dev), st.Ino}]; h != nil && !(pid == os.Getpid() && s.own[fd]) {
				h.Files = append(h.Files, File{pid, comm(pid), fd})
			}
			continue
		}
		in, ok := s.sockets[st.Ino] // of another process, which has the same socket
		if !ok {
			if in, err = p.socket(fd); err != nil {
				seen = seen && !refused(err) && err != unix.ENOSYS
				continue
			}
			s.sockets[st.Ino] = in
		}
		if h := s.of[in]; h != nil {
			h.Sockets = append(h.Sockets, File{pid, comm(pid), fd})
		}
	}
	return seen
}

// A peer is a process whose sockets are looked at.
type peer struct {
	pid, fd int // process number, and pidfd; -1: not open yet
}

func (p *peer) close() {
	if p.fd >= 0 {
		_ = unix.Close(p.fd)
	}
}

// socket finds out in which namespace a socket of the process is.
func (p *peer) socket(fd int) (in inode, err error) {
	if p.fd < 0 {
		if p.fd, err = unix.PidfdOpen(p.pid, 0); err != nil {
			p.fd = -1
			return in, err
		}
	}
	sock, err := unix.PidfdGetfd(p.fd, fd, 0)
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

// mounts finds the names in a mount namespace.
func (s *search) mounts(pid int, mounts []mountPoint) {
	names := make(map[string]*Holders, len(s.of))
	for in, h := range s.of {
		dev := strconv.Itoa(int(unix.Major(in.dev))) + ":" + strconv.Itoa(int(unix.Minor(in.dev)))
		names[dev+"net:["+strconv.FormatUint(in.ino, 10)+"]"] = h
	}
	name := ""
	for _, m := range mounts {
		if h := names[m.dev+m.root]; h != nil {
			if pid != 0 && name == "" {
				name = comm(pid)
			}
			h.Mounts = append(h.Mounts, Mount{Path: m.path, PID: pid, Comm: name})
		}
	}
}
