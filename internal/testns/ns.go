//go:build linux

package testns

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// A NS is a network namespace kept alive by a file descriptor.
type NS struct {
	f      *os.File
	mounts *os.File // the mount namespace, or nil: the suite's
}

// New makes a network namespace that holds nothing but lo, down. It ends with
// the test.
func New(t testing.TB) *NS {
	t.Helper()
	var ns NS
	err := onThread(func() (err error) {
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("unshare", err)
		}
		ns.f, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	if err != nil {
		t.Fatalf("new network namespace: %v", err)
	}
	t.Cleanup(func() { ns.f.Close() })
	return &ns
}

// FD returns the descriptor of the namespace, valid until the test ends.
func (ns *NS) FD() int { return int(ns.f.Fd()) }

// Path names the namespace for other processes, as "/proc/PID/fd/N".
func (ns *NS) Path() string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), ns.FD())
}

// Inode is the number in "net:[…]", by which the kernel tells namespaces apart.
func (ns *NS) Inode(t testing.TB) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(ns.FD(), &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

// Do calls f on a thread inside the namespace. The thread ends with f. As f is
// not on the test's goroutine, it must not call t.Fatal or t.Skip.
func (ns *NS) Do(t testing.TB, f func()) {
	t.Helper()
	if err := ns.do(func() error { f(); return nil }); err != nil {
		t.Fatal(err)
	}
}

func (ns *NS) do(f func() error) error {
	return onThread(func() error {
		if err := ns.enter(); err != nil {
			return err
		}
		return f()
	})
}

// Up sets IFF_UP on a device, for the sake of tests that need "lo" up and are
// not about links.
func (ns *NS) Up(t testing.TB, device string) {
	t.Helper()
	if err := ns.do(func() error { return up(device) }); err != nil {
		t.Fatalf("%s up: %v", device, err)
	}
}

func up(device string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(device)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, ifr); err != nil {
		return err
	}
	ifr.SetUint16(ifr.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}

// Sysctl writes /proc/sys/KEY of the namespace: "net/ipv4/ip_forward".
func (ns *NS) Sysctl(t testing.TB, key string, value int) {
	t.Helper()
	err := ns.do(func() error {
		return os.WriteFile("/proc/sys/"+key, []byte(strconv.Itoa(value)), 0)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// onThread calls f on a thread of its own that is never used again, so that f
// may change the thread's namespaces.
func onThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread dies with the goroutine
		done <- f()
	}()
	return <-done
}
