//go:build linux

package contestant

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// NetnsDir is where iproute2 and its like keep their named namespaces.
const NetnsDir = "/run/netns"

// self is the network namespace of the calling thread.
const self = "/proc/thread-self/ns/net"

// NewNetns makes a network namespace and returns to the calling thread's own.
// The namespace lives as long as the file, or what is made of it.
func NewNetns() (*os.File, error) {
	runtime.LockOSThread() // and not unlocked where the thread is astray
	home, err := os.Open(self)
	if err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	defer home.Close()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return nil, os.NewSyscallError("unshare", err)
	}
	made, err := os.Open(self)
	if e := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); e != nil {
		return nil, os.NewSyscallError("setns", e)
	}
	runtime.UnlockOSThread()
	return made, err
}

// PinNetns makes a network namespace with a name under NetnsDir, as "ip netns
// add" does.
func PinNetns(name string) (*os.File, error) {
	f, err := NewNetns()
	if err != nil {
		return nil, err
	}
	path := NetnsDir + "/" + name
	if err := os.WriteFile(path, nil, 0o444); err != nil {
		f.Close()
		return nil, err
	}
	if err := unix.Mount(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), path, "", unix.MS_BIND, ""); err != nil {
		f.Close()
		return nil, os.NewSyscallError("mount", err)
	}
	return f, nil
}

// UnpinNetns takes the name of a namespace away, as "ip netns delete" does.
func UnpinNetns(name string) error {
	path := NetnsDir + "/" + name
	if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
		return os.NewSyscallError("umount2", err)
	}
	return os.Remove(path)
}

// links returns the names of the interfaces of the calling thread's network
// namespace.
func links() ([]string, error) {
	f, err := os.Open("/proc/thread-self/net/dev")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var names []string
	s := bufio.NewScanner(f)
	for line := 0; s.Scan(); line++ {
		name, _, ok := strings.Cut(s.Text(), ":")
		if line < 2 { // the table's two lines of headings
			continue
		}
		if !ok {
			return nil, fmt.Errorf("%s: %q", f.Name(), s.Text())
		}
		names = append(names, strings.TrimSpace(name))
	}
	return names, s.Err()
}
