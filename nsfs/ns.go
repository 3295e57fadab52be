//go:build linux

package nsfs

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// self is the network namespace of the calling thread. /proc/self would be
// that of the main thread.
const self = "/proc/thread-self/ns/net"

// An NS is an open network namespace. It keeps the namespace alive, with or
// without a name, until it is closed. It is close-on-exec.
type NS struct {
	_ [0]func() // not to be compared: that would take code

	name string
	f    *os.File
}

// Open opens a namespace by its name in [Dir], or by a path with a "/" in it,
// such as /proc/PID/ns/net. Its errors are of [OpOpen] where the file cannot
// be opened, and of [OpEnter] with [unix.EINVAL] where it is not a network
// namespace: the errno with which setns would refuse it.
func Open(nameOrPath string) (*NS, error) {
	fd, err := unix.Open(Path(nameOrPath), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, openError(nameOrPath, "openat(AT_FDCWD, "+strconv.Quote(Path(nameOrPath))+", O_RDONLY|O_CLOEXEC)", "", err)
	}
	ns := newNS(nameOrPath, fd)
	if hint := notNet(fd); hint != "" {
		ns.Close()
		return nil, notNetError(nameOrPath, hint)
	}
	return ns, nil
}

// notNet says why fd is not a network namespace, or "" if it is one.
func notNet(fd int) string {
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil {
		return "fstatfs: " + err.Error()
	}
	if st.Type != unix.NSFS_MAGIC {
		var file unix.Stat_t
		if unix.Fstat(fd, &file) == nil && file.Mode&unix.S_IFMT == unix.S_IFDIR {
			return "a directory"
		}
		return "stale: a plain file, with no namespace mounted on it"
	}
	// NS_GET_NSTYPE of linux/nsfs.h, since Linux 4.11; setns knows without.
	typ, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE)
	if err == nil && typ != unix.CLONE_NEWNET {
		return "a namespace, but not a network namespace"
	}
	return ""
}

// New makes a network namespace that has no name. It is gone when the last of
// its holders is: this NS, sockets opened in it, processes started in it.
//
// Equivalent to: `unshare --net`
func New() (*NS, error) {
	var ns *NS
	err := Throwaway(func() error {
		fd, err := enterNew("")
		if err == nil {
			ns = newNS("", fd)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return ns, nil
}

// Fd returns the descriptor, for setns and for attributes such as
// IFLA_NET_NS_FD. It is good until Close.
func (ns *NS) Fd() int { return int(ns.f.Fd()) }

// Close lets go of the namespace.
func (ns *NS) Close() error { return ns.f.Close() }

// dup opens a namespace once more.
func dup(name string, fd int) (*NS, error) {
	fd, err := dupFD(name, fd)
	if err != nil {
		return nil, err
	}
	return newNS(name, fd), nil
}

func dupFD(name string, fd int) (int, error) {
	fd, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, openError(name, "fcntl(fd, F_DUPFD_CLOEXEC, 0)", "", err)
	}
	return fd, nil
}

// Do runs f in the namespace, on a thread of its own, and returns f's error.
// Goroutines that f starts are not in the namespace; sockets and files below
// /proc/sys/net that f opens belong to it for good. Do may be nested and used
// from many goroutines at once.
//
// If the thread cannot come back, Do returns an error of [OpEnter] beside f's
// and the thread ends; nothing else ever runs on it. It ends, too, if f panics, and the
// panic goes on in the caller of Do; or if f ends its goroutine ([runtime.Goexit]),
// which is an error.
//
// Equivalent to: `ip netns exec NAME ...`, without the process and the mounts
func (ns *NS) Do(f func() error) error {
	return roundTrip(ns.enter, f)
}

// roundTrip runs leave and f on a thread, and takes the thread home from
// whatever network namespace it is in then. If leave fails, it has not left.
func roundTrip(leave, f func() error) error {
	return onThread(func() (clean bool, err error) {
		home, err := Open(self)
		if err != nil {
			return true, err
		}
		defer home.Close()
		if err := leave(); err != nil {
			return true, err
		}
		err = f()
		if back := home.enter(); back != nil {
			return false, errors.Join(err, back)
		}
		return true, err
	})
}

// enter moves the calling thread into the namespace.
func (ns *NS) enter() error {
	if err := unix.Setns(ns.Fd(), unix.CLONE_NEWNET); err != nil {
		return &Error{
			Op: OpEnter, Name: ns.name, Call: "setns(fd, CLONE_NEWNET)", Err: err,
			What: `setting the network namespace "` + ns.name + `" failed`,
		}
	}
	return nil
}
