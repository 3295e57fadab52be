//go:build linux

package nsfs_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// census fails the test if there are other descriptors in the end than now.
func census(t *testing.T) {
	t.Helper()
	before := testns.FDs()
	t.Cleanup(func() {
		if after := testns.FDs(); !slices.Equal(before, after) {
			t.Errorf("descriptors before: %q\nafter: %q", before, after)
		}
	})
}

// same checks that what was opened is the namespace, and close-on-exec, and closes it.
func same(t *testing.T, how string, ns *nsfs.NS, err error, want nsfs.Identity) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", how, err)
		return
	}
	defer ns.Close()
	if got := identity(t, ns); got != want {
		t.Errorf("%s: got %v, want %v", how, got, want)
	}
	if flags, err := unix.FcntlInt(uintptr(ns.Fd()), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("%s: F_GETFD = %d, %v: not close-on-exec", how, flags, err)
	}
}

// resident starts a process in a namespace, which ends with the test.
func resident(t *testing.T, ns *nsfs.NS) *os.Process {
	t.Helper()
	cmd := exec.Command(testns.Tool(t, "sleep"), "1000")
	if err := ns.Do(cmd.Start); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // the test may have waited for it
		_ = cmd.Wait()
	})
	return cmd.Process
}

func TestOpenForms(t *testing.T) {
	census(t)
	create(t, "red")
	red := open(t, "red")
	want := identity(t, red)
	home, err := nsfs.Open("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer home.Close()

	pid := resident(t, red).Pid
	ns, err := nsfs.OpenPID(pid)
	same(t, "OpenPID", ns, err, want)
	ns, err = nsfs.OpenPID(os.Getpid())
	same(t, "OpenPID of ourselves", ns, err, identity(t, home))
	err = red.Do(func() error {
		ns, err := nsfs.OpenThread(os.Getpid(), unix.Gettid())
		same(t, "OpenThread", ns, err, want)
		ns, err = nsfs.OpenThread(0, unix.Gettid())
		same(t, "OpenThread without a process", ns, err, want)
		_, err = nsfs.OpenThread(pid, unix.Gettid())
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a thread of another process: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if !testns.Since(t, 6, 18) {
		if _, err = nsfs.OpenID(want); !errors.Is(err, unix.EOPNOTSUPP) || !strings.Contains(err.Error(), "since Linux 6.18") {
			t.Errorf("OpenID of a kernel without: %v", err)
		}
		return
	}
	ns, err = nsfs.OpenID(want)
	mayOpenID(t, err)
	same(t, "OpenID", ns, err, want)
}

func TestOpenFormsRefused(t *testing.T) {
	census(t)
	for _, numbers := range [][2]int{{0, 0}, {0, -1}, {-1, 5}, {1, 0}} {
		_, err := nsfs.OpenThread(numbers[0], numbers[1])
		if !errors.Is(err, unix.ESRCH) || !strings.Contains(err.Error(), "numbers from 1") {
			t.Errorf("OpenThread%v: %v", numbers, err)
		}
	}
	_, err := nsfs.OpenPID(99999999)
	wantError(t, err, nsfs.OpOpen, fs.ErrNotExist, `Cannot open network namespace "/proc/99999999/ns/net": No such file or directory`)
	if testns.Since(t, 6, 18) {
		_, err = nsfs.OpenID(nsfs.Identity{ID: 1 << 60, Ino: 1})
		wantError(t, err, nsfs.OpOpen, unix.ESTALE, `Cannot open network namespace "namespace id 1152921504606846976": Stale file handle`)
	}
	uts, err := unix.Open("/proc/self/ns/uts", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(uts)
	for fd, want := range map[int]error{-1: unix.EBADF, uts: unix.EBADF} {
		if _, err := nsfs.OpenPidfd(fd); !errors.Is(err, want) {
			t.Errorf("OpenPidfd(%d): %v, want %v", fd, err, want)
		}
	}
}

// TestOpenPidfd opens by both ways that there are, and not once the process has
// ended, although its number stays taken until it is waited for.
func TestOpenPidfd(t *testing.T) {
	census(t)
	create(t, "red")
	red := open(t, "red")
	p := resident(t, red)
	pidfd, err := unix.PidfdOpen(p.Pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pidfd)
	byProc := func(fd int) (*nsfs.NS, error) { return nsfs.OpenPidfdByProc("pidfd", fd) }
	ns, err := nsfs.OpenPidfd(pidfd)
	same(t, "OpenPidfd", ns, err, identity(t, red))
	ns, err = byProc(pidfd)
	same(t, "OpenPidfd by /proc", ns, err, identity(t, red))
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PIDFD, pidfd, &info, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	for how, open := range map[string]func(int) (*nsfs.NS, error){"ended": nsfs.OpenPidfd, "ended, by /proc": byProc} {
		if _, err := open(pidfd); err == nil {
			t.Errorf("%s: it was opened", how)
		}
	}
	if _, err := p.Wait(); err != nil {
		t.Error(err)
	}
	for how, open := range map[string]func(int) (*nsfs.NS, error){"gone": nsfs.OpenPidfd, "gone, by /proc": byProc} {
		if _, err := open(pidfd); !errors.Is(err, unix.ESRCH) {
			t.Errorf("%s: %v, want ESRCH", how, err)
		}
	}
}

// mayOpenID skips the test where the kernel keeps ids from user namespaces, as the tests' own is.
func mayOpenID(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, unix.ESTALE) && testns.UserNS(t) {
		testns.Skip(t, "this kernel lets only the initial user namespace open namespaces by id")
	}
}

// TestIdentity tells a name that was made anew from what it was, and finds the
// namespace itself as long as something holds it.
func TestIdentity(t *testing.T) {
	census(t)
	create(t, "red")
	ns := open(t, "red")
	old := identity(t, ns)
	hasID := testns.Since(t, 5, 14)
	if (old.ID != 0) != hasID || old.Dev == 0 || old.Ino == 0 {
		t.Errorf("identity %v", old)
	}
	if err := errors.Join(nsfs.Delete("red"), nsfs.Create("red")); err != nil {
		t.Fatal(err)
	}
	if anew := identity(t, open(t, "red")); anew == old || hasID && anew.ID == old.ID {
		t.Errorf("the name that was made anew is %v, as before", anew)
	}
	if !testns.Since(t, 6, 18) {
		return
	}
	again, err := nsfs.OpenID(old)
	mayOpenID(t, err)
	same(t, "without a name", again, err, old)
	other := old
	other.Ino++
	if _, err := nsfs.OpenID(other); !errors.Is(err, unix.ESTALE) {
		t.Errorf("with another inode: %v", err)
	}
	ns.Close()
	for range 1000 { // it goes in the background
		if again, err = nsfs.OpenID(old); err != nil {
			break
		}
		again.Close()
		runtime.Gosched()
	}
	if !errors.Is(err, unix.ESTALE) {
		t.Errorf("without a holder: %v", err)
	}
}
