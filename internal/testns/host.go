//go:build linux

package testns

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// NewHost is [New] with a mount namespace of its own beside it, in which /run is empty. Tests that
// give names to namespaces run side by side so. What it has on /run ends with the test.
//
// Only [NS.Do], [NS.Run] and [Cmd] are there: a goroutine that is started inside is not.
func NewHost(t testing.TB) *NS {
	t.Helper()
	ns := New(t)
	err := ns.do(func() (err error) {
		if err = unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return os.NewSyscallError("unshare", err)
		}
		if err = unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
			return fmt.Errorf("tmpfs on /run: %w", err)
		}
		ns.mounts, err = os.Open("/proc/thread-self/ns/mnt")
		return err
	})
	if err != nil {
		t.Fatalf("new mount namespace: %v", err)
	}
	t.Cleanup(func() { ns.mounts.Close() })
	return ns
}

// Add makes another network namespace and gives it a name, as ip netns add does.
func (ns *NS) Add(t testing.TB, name string) {
	t.Helper()
	file := "/run/netns/" + name
	err := ns.do(func() error {
		f, err := create(file)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("unshare", err)
		}
		return unix.Mount("/proc/thread-self/ns/net", file, "", unix.MS_BIND, "")
	})
	if err != nil {
		t.Fatalf("new network namespace %s: %v", name, err)
	}
}

func create(file string) (*os.File, error) {
	if err := os.Mkdir("/run/netns", 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return os.OpenFile(file, os.O_RDONLY|os.O_CREATE|os.O_EXCL, 0)
}

// enter moves the calling thread, which is never used again, into the namespaces.
func (ns *NS) enter() error {
	if ns.mounts != nil {
		dir, err := os.Getwd()
		if err != nil {
			return err
		}
		if err := unix.Unshare(unix.CLONE_FS); err != nil { // threads have one working directory and root otherwise
			return os.NewSyscallError("unshare", err)
		}
		if err := unix.Setns(int(ns.mounts.Fd()), unix.CLONE_NEWNS); err != nil {
			return os.NewSyscallError("setns", err)
		}
		if err := unix.Chdir(dir); err != nil {
			return os.NewSyscallError("chdir", err)
		}
	}
	return os.NewSyscallError("setns", unix.Setns(ns.FD(), unix.CLONE_NEWNET))
}
