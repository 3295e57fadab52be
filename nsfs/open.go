//go:build linux

package nsfs

import (
	"encoding/binary"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// pidfdNetNamespace is PIDFD_GET_NET_NAMESPACE of linux/pidfd.h, _IO(0xff, 4). MIPS and PowerPC
// have a bit more in what _IO makes.
const pidfdNetNamespace = unix.NS_GET_NSTYPE&^0xffff | 0xff04

// OpenPID opens the network namespace of a process, which is that of its main
// thread. Its errors are those of [Open].
//
// Equivalent to: /proc/PID/ns/net as a path
func OpenPID(pid int) (*NS, error) { return OpenThread(0, pid) }

// OpenThread opens the network namespace of thread tid of process pid, as its
// other threads may be elsewhere. A pid of 0 takes the thread in whichever
// process it is; with a pid, a number that was given to another process in the
// meantime is [io/fs.ErrNotExist].
//
// Equivalent to: /proc/PID/task/TID/ns/net as a path
func OpenThread(pid, tid int) (*NS, error) {
	path := "/proc/"
	if pid != 0 {
		path += strconv.Itoa(pid) + "/task/"
	}
	path += strconv.Itoa(tid) + "/ns/net"
	if pid < 0 || tid <= 0 {
		return nil, openError(path, "", "processes and threads have numbers from 1", unix.ESRCH)
	}
	return Open(path)
}

// OpenPidfd opens the network namespace of the process that a pidfd stands for
// (see pidfd_open(2)). No process number that was given to another can mislead. A
// process that has ended is [unix.ESRCH].
//
// The kernel is asked by PIDFD_GET_NET_NAMESPACE of linux/pidfd.h. Before Linux
// 6.11, /proc/PID/ns/net is opened, and counts if the process lives then.
func OpenPidfd(pidfd int) (*NS, error) {
	name := "pidfd " + strconv.Itoa(pidfd)
	fd, err := unix.IoctlRetInt(pidfd, pidfdNetNamespace)
	if err == nil {
		return newNS(name, fd), nil
	}
	if err != unix.ENOTTY && err != unix.EINVAL {
		return nil, openError(name, "ioctl(fd, PIDFD_GET_NET_NAMESPACE)", "", err)
	}
	return openPidfd(name, pidfd)
}

// openPidfd is OpenPidfd by /proc.
func openPidfd(name string, pidfd int) (*NS, error) {
	pid, err := processOf(pidfd)
	if err != nil {
		return nil, openError(name, "", "not a pidfd that can be asked", err)
	}
	ns, openErr := OpenPID(pid)
	// What was opened is the process's if the number is still its own.
	if again, err := processOf(pidfd); err != nil || again != pid {
		if openErr == nil {
			ns.Close()
		}
		return nil, openError(name, "", "the process has ended", unix.ESRCH)
	}
	if openErr != nil {
		return nil, openErr
	}
	ns.name = name
	return ns, nil
}

// processOf reads from fdinfo which process a pidfd stands for.
func processOf(pidfd int) (pid int, err error) {
	number := fdinfo(pidfd, "Pid:\t")
	if number == "" {
		return 0, unix.EBADF
	}
	pid, err = strconv.Atoi(number)
	if err != nil || pid <= 0 { // -1: ended; 0: not in this pid namespace
		return 0, unix.ESRCH
	}
	return pid, nil
}

// fdinfo is what /proc/self/fdinfo has of a descriptor behind a key, or "". It is
// not /proc/thread-self, as the thread may end before the file is read.
func fdinfo(fd int, key string) string {
	text, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(fd))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut("\n"+string(text), "\n"+key)
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// OpenID opens a namespace by what [NS.Identity] returned, if it lives still,
// under whatever name or none: by a file handle of nsfs, since Linux 6.18. Of id
// it takes ID, and Ino, which later kernels can do without. A namespace that is gone is
// [unix.ESTALE], and since Linux 7.0 (and updates of 6.18) so is any to a caller without CAP_SYS_ADMIN in the
// initial user namespace; a kernel that has no such handles is [unix.EOPNOTSUPP].
func OpenID(id Identity) (*NS, error) {
	name := "namespace id " + strconv.FormatUint(id.ID, 10)
	fd, err := unix.OpenByHandleAt(unix.FD_NSFS_ROOT, id.handle(), unix.O_RDONLY|unix.O_CLOEXEC)
	if err == nil {
		ns := newNS(name, fd)
		if hint := notNet(fd); hint != "" {
			ns.Close()
			return nil, notNetError(name, hint)
		}
		return ns, nil
	}
	hint := ""
	switch {
	case err == unix.ESTALE:
		hint = "it is gone, or id and inode are not of the same namespace, or this is a user namespace, from which Linux 7 keeps it"
	case err == unix.EBADF || err == unix.EINVAL || err == unix.ENOTDIR || err == unix.EOPNOTSUPP ||
		err == unix.EPERM: // before it looks at the descriptor, an older kernel asks for CAP_DAC_READ_SEARCH over the host
		err, hint = unix.EOPNOTSUPP, "the kernel opens namespaces by their id since Linux 6.18"
	}
	return nil, openError(name, "open_by_handle_at(FD_NSFS_ROOT, …, O_RDONLY|O_CLOEXEC)", hint, err)
}

// fileidNsfs is the kernel's FILEID_NSFS, which no header for programs has.
const fileidNsfs = 0xf1

// handle is struct nsfs_file_handle of linux/nsfs.h, in host order: ns_id,
// ns_type, ns_inum. A type of 0 is not known to Linux 6.18.
func (id Identity) handle() unix.FileHandle {
	b := binary.NativeEndian.AppendUint64(make([]byte, 0, 16), id.ID)
	b = binary.NativeEndian.AppendUint32(b, unix.CLONE_NEWNET)
	b = binary.NativeEndian.AppendUint32(b, uint32(id.Ino))
	return unix.NewFileHandle(fileidNsfs, b)
}

func newNS(name string, fd int) *NS { return &NS{name: name, f: os.NewFile(uintptr(fd), name)} }

func openError(name, call, hint string, err error) error {
	if hint == "" && !strings.HasPrefix(Path(name), Dir) && (err == unix.EACCES || err == unix.EPERM) {
		hint = "to look into a process of another user takes CAP_SYS_PTRACE"
	}
	if err == unix.ENOENT && strings.HasSuffix(name, "/ns/net") {
		hint = notBuilt(unix.CLONE_NEWNET)
	}
	return &Error{
		Op: OpOpen, Name: name, Call: call, Err: err, Hint: hint,
		What: `Cannot open network namespace "` + name + `"`,
	}
}

func notNetError(name, hint string) error {
	return &Error{
		Op: OpEnter, Name: name, Err: unix.EINVAL, Hint: hint,
		What: `setting the network namespace "` + name + `" failed`,
	}
}
