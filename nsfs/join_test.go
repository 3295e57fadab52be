//go:build linux

package nsfs_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// inUser starts a process in user, network and UTS namespaces of its own, and opens those.
func inUser(t *testing.T) *nsfs.Join {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWUTS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   unix.SIGKILL,
	}
	runtime.LockOSThread() // which the signal is bound to
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		runtime.UnlockOSThread()
	})
	j := &nsfs.Join{}
	for _, kind := range []string{"user", "net", "uts"} {
		f, err := os.Open("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/ns/" + kind)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		j.Namespaces = append(j.Namespaces, nsfs.Joined{FD: int(f.Fd()), What: "entering " + kind})
	}
	return j
}

// status starts a command in namespaces and waits for it.
func status(t *testing.T, j *nsfs.Join, c *nsfs.Command) int {
	t.Helper()
	pid, err := c.StartIn(j)
	if err != nil {
		t.Fatal(err)
	}
	ws, err := nsfs.Wait(pid)
	if err != nil {
		t.Fatal(err)
	}
	return ws.ExitStatus()
}

// TestStartIn has many children of a busy process enter its namespaces at once, each
// with its words, its environment and its directory.
func TestStartIn(t *testing.T) {
	j := inUser(t)
	dir := t.TempDir()
	stop := make(chan struct{})
	var busy, children sync.WaitGroup
	for range 4 { // that hold the runtime's locks, collect garbage and start threads
		busy.Add(1)
		go func() {
			defer busy.Done()
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				_ = strings.Repeat("x", 1000+i%1000)
				if i%200 == 0 {
					runtime.GC()
				}
			}
		}()
	}
	for i := range testns.Rounds(64) {
		children.Add(1)
		go func() {
			defer children.Done()
			in := *j
			in.Dir = dir
			in.Fork = i%2 == 1
			c := &nsfs.Command{Args: []string{"sh", "-c", `test "$(pwd) $0 $V" = "$1" && hostname n$0`, strconv.Itoa(i), dir + " " + strconv.Itoa(i) + " v" + strconv.Itoa(i)}, Env: []string{"PATH=/nosuch:/usr/bin:/bin", "V=v" + strconv.Itoa(i)}}
			pid, err := c.StartIn(&in)
			if err != nil {
				t.Error(err)
				return
			}
			if ws, err := nsfs.Wait(pid); err != nil || ws != 0 {
				t.Errorf("%d: %v, %v", i, ws, err)
			}
		}()
	}
	children.Wait()
	close(stop)
	busy.Wait()
}

// TestStartInFails has every kind of failure, of which the error tells.
func TestStartInFails(t *testing.T) {
	j := inUser(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"script": "exit 3\n", "plain": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), map[string]os.FileMode{"script": 0o755, "plain": 0o644}[name]); err != nil {
			t.Fatal(err)
		}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	longest := 32 * os.Getpagesize() // MAX_ARG_STRLEN
	fewWords(t, 2*longest)
	for _, c := range []struct {
		what string
		args []string
		j    nsfs.Join
		op   nsfs.Op
		err  error
		text string
	}{
		{"no such program", []string{"nosuch"}, *j, nsfs.OpExec, unix.ENOENT, `exec of "nosuch" failed`},
		{"one that may not be executed", []string{"plain"}, *j, nsfs.OpExec, unix.EACCES, `exec of "plain" failed`},
		{"a directory", []string{"/"}, *j, nsfs.OpExec, unix.EACCES, `exec of "/" failed`},
		{"a zero in a word", []string{"true", "a\x00b"}, *j, nsfs.OpExec, unix.EINVAL, `exec of "true" failed`},
		{"too many words", append([]string{"true"}, slices.Repeat([]string{strings.Repeat("x", longest-1)}, 3)...), *j, nsfs.OpExec, unix.E2BIG, `exec of "true" failed`},
		{"a word that is too long", []string{"true", strings.Repeat("x", longest)}, *j, nsfs.OpExec, unix.E2BIG, `exec of "true" failed`},
		{"no namespace", []string{"true"}, nsfs.Join{Namespaces: []nsfs.Joined{j.Namespaces[0], {FD: int(null.Fd()), What: "entering null"}}}, nsfs.OpEnter, unix.EINVAL, "entering null: "},
		{"no descriptor", []string{"true"}, nsfs.Join{Namespaces: []nsfs.Joined{{FD: -1, What: "entering -1"}}}, nsfs.OpEnter, unix.EBADF, "entering -1: "},
		{"no right", []string{"true"}, nsfs.Join{Root: true, Namespaces: j.Namespaces}, nsfs.OpEnter, unix.EPERM, "setgroups failed: "},
	} {
		_, err := (&nsfs.Command{Args: c.args, Env: []string{"PATH=/nosuch:" + dir + ":/usr/bin:/bin"}}).StartIn(&c.j)
		var e *nsfs.Error
		if !errors.As(err, &e) || e.Op != c.op || !errors.Is(err, c.err) || !strings.HasPrefix(err.Error(), c.text) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	for _, c := range []struct {
		what string
		c    nsfs.Command
		want int
	}{
		{"a script without a first line", nsfs.Command{Args: []string{"script"}, Env: []string{"PATH=" + dir}}, 3},
		{"one in the environment's default PATH", nsfs.Command{Args: []string{"sh", "-c", "exit 4"}}, 4},
		{"a fallback", nsfs.Command{Args: []string{"nosuch", "-c", "exit 5"}, Fallback: "/bin/sh", Env: []string{"PATH=/nosuch"}}, 5},
		{"no words", nsfs.Command{Args: []string{}, File: "/bin/true"}, 0},
		{"in no other namespaces", nsfs.Command{Args: []string{"true"}}, 0},
	} {
		in := j
		if c.what == "in no other namespaces" {
			in = &nsfs.Join{}
		}
		if got := status(t, in, &c.c); got != c.want {
			t.Errorf("%s: exit status %d, want %d", c.what, got, c.want)
		}
	}
}

// fewWords has execve refuse more than that many bytes of words: they may fill a quarter of the stack.
func fewWords(t *testing.T, most int) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_STACK, &old); err != nil {
		t.Fatal(err)
	}
	few := old
	few.Cur = 4 * uint64(most)
	if err := unix.Setrlimit(unix.RLIMIT_STACK, &few); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Setrlimit(unix.RLIMIT_STACK, &old); err != nil {
			t.Error(err)
		}
	})
}

// TestRefusalIsNone has errors that are no refusals of namespaces.
func TestRefusalIsNone(t *testing.T) {
	for _, err := range []error{nil, errors.New("x"), unix.EEXIST, unix.ENOENT, unix.EINVAL, &os.PathError{Op: "open", Path: "x", Err: unix.EBUSY}} {
		if got := nsfs.Refusal(err, unix.CLONE_NEWNET); got != "" {
			t.Errorf("%v: %q", err, got)
		}
	}
	for _, err := range []error{unix.EPERM, unix.EACCES, unix.ENOSPC, &os.PathError{Op: "open", Path: "x", Err: unix.EPERM}} {
		if got := nsfs.Refusal(err, unix.CLONE_NEWUSER|unix.CLONE_NEWNET); got == "" {
			t.Errorf("%v: nothing", err)
		}
	}
}
