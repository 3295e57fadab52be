//go:build linux

package nsfs

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// An Identity tells a network namespace from all others, under whatever names.
// Two that are equal (==) are of the same namespace; a name that was deleted and
// made anew has another one.
type Identity struct {
	// ID is never given to another namespace as long as the host is up. 0 is
	// not known: before Linux 5.14, or without the right to enter the namespace
	// before Linux 6.18.
	ID uint64
	// Dev is the device of the file system nsfs, as from stat(2).
	Dev uint64
	// Ino is the inode: the number in "net:[4026531833]", as "ls -l
	// /proc/PID/ns/net" shows it. It may be given to another namespace once this
	// one is gone.
	Ino uint64
}

// Identity returns what the namespace differs in from all others. The ID is
// from the file handle of the namespace, which is that of NS_GET_ID of linux/nsfs.h;
// where the kernel has none, it is SO_NETNS_COOKIE of a socket inside.
func (ns *NS) Identity() (Identity, error) {
	var st unix.Stat_t
	if err := unix.Fstat(ns.Fd(), &st); err != nil {
		return Identity{}, openError(ns.name, "fstat(fd)", "", err)
	}
	id := Identity{Dev: uint64(st.Dev), Ino: st.Ino}
	if h, _, err := unix.NameToHandleAt(ns.Fd(), "", unix.AT_EMPTY_PATH); err == nil && h.Type() == fileidNsfs && h.Size() >= 8 {
		id.ID = binary.NativeEndian.Uint64(h.Bytes())
		return id, nil
	}
	err := ns.Do(func() (err error) {
		id.ID, err = cookie()
		return err
	})
	if err != nil {
		id.ID = 0 // as documented: device and inode are known all the same
	}
	return id, nil
}

// cookie is the id of the calling thread's namespace.
func cookie() (uint64, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	return unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
}
