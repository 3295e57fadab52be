//go:build linux && (amd64 || arm64)

package fault

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
)

// TestMain is also the programs that the tests spoil.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "helper" {
		if err := helper(os.Args[2], os.Args[3:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	testns.Main(m)
}

func helper(what string, args []string) error {
	switch what {
	case "mkdir": // one after the other, on other threads
		for _, dir := range args {
			done := make(chan error)
			go func() {
				runtime.LockOSThread() // which ends the thread
				done <- unix.Mkdir(dir, 0o755)
			}()
			if err := <-done; err != nil {
				return fmt.Errorf("mkdir %s: %w", dir, err)
			}
		}
		fmt.Println("done")
	case "child":
		out, err := exec.Command("/proc/self/exe", append([]string{"helper", "mkdir"}, args...)...).CombinedOutput()
		fmt.Print(string(out))
		return err
	case "exec": // from a thread that is not the first
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			done <- syscall.Exec("/proc/self/exe", append([]string{"fault", "helper", "mkdir"}, args...), os.Environ())
		}()
		return <-done
	case "wait":
		time.Sleep(time.Hour)
	case "cat":
		_, err := os.Stdin.WriteTo(os.Stdout)
		return err
	}
	return nil
}

func program(args ...string) Program {
	return Program{
		Path: "/proc/self/exe", Args: append([]string{"fault", "helper"}, args...),
		Env: append(os.Environ(), "GOMAXPROCS=2", "GODEBUG=asyncpreemptoff=1"),
	}
}

func run(t *testing.T, p Program, f Fault) *Result {
	t.Helper()
	r, err := Run(p, f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// at is the number of a call.
func at(t *testing.T, r *Result, call string) int {
	t.Helper()
	for i, c := range r.Calls {
		if c.String() == call {
			return i
		}
	}
	t.Fatalf("no %s in %v", call, r.Calls)
	return -1
}

func there(dir string) bool {
	_, err := os.Stat(dir)
	return err == nil
}

// TestRun: a directory is made by a thread, by a child, or by what was executed. It
// fails, or is killed.
func TestRun(t *testing.T) {
	for _, how := range []string{"mkdir", "child", "exec"} {
		t.Run(how, func(t *testing.T) {
			a, b := t.TempDir()+"/a", t.TempDir()+"/b"
			p := program(how, a, b)
			clear := func() { _, _ = os.Remove(a), os.Remove(b) }
			r := run(t, p, None)
			if r.Code() != 0 || r.Stdout != "done\n" || !there(a) || !there(b) || r.Hung || r.Done {
				t.Fatalf("without a fault: %+v", r)
			}
			first, second := at(t, r, fmt.Sprintf("mkdirat(%q)", a)), at(t, r, fmt.Sprintf("mkdirat(%q)", b))
			if second < first || !r.Calls[first].Fail || !r.Calls[first].Kill {
				t.Errorf("calls %v", r.Calls)
			}
			for _, errno := range []unix.Errno{unix.ENOMEM, unix.EPERM, unix.EIO} {
				clear()
				r = run(t, p, Fail(second, errno))
				if r.Code() != 1 || !there(a) || there(b) || !r.Done ||
					!strings.Contains(r.Stdout+r.Stderr, fmt.Sprintf("mkdir %s: %s\n", b, errno.Error())) {
					t.Errorf("%v: %+v", errno, r)
				}
			}
			clear()
			r = run(t, p, Kill(second))
			if !there(a) || there(b) || !r.Done || r.Stdout != "" {
				t.Errorf("killed: %+v", r)
			}
			if how != "child" && (!r.Killed() || r.Status.Signal() != unix.SIGKILL) {
				t.Errorf("killed: status %#x", r.Status)
			}
			if how == "child" && !strings.Contains(r.Stderr, "signal: killed") {
				t.Errorf("the parent of what was killed says %q", r.Stderr)
			}
			if r = run(t, p, Kill(1000)); r.Done || r.Code() != 1 {
				t.Errorf("a call that is not made: %+v", r)
			}
		})
	}
}

// TestEnd: before exit_group all is done.
func TestEnd(t *testing.T) {
	dir := t.TempDir() + "/a"
	p := program("mkdir", dir)
	r := run(t, p, None)
	end := at(t, r, "exit_group()")
	if end != len(r.Calls)-1 || r.Calls[end].Fail {
		t.Errorf("calls %v", r.Calls)
	}
	_ = os.Remove(dir)
	if r = run(t, p, Kill(end)); !r.Killed() || !there(dir) || r.Stdout != "done\n" {
		t.Errorf("%+v", r)
	}
}

// TestSame: calls have the same numbers each time.
func TestSame(t *testing.T) {
	dir := t.TempDir()
	p := program("mkdir", dir+"/a", dir+"/b")
	want := run(t, p, None).Calls
	times := 20
	if raceEnabled {
		times = 3
	}
	for range times {
		_, _ = os.Remove(dir+"/a"), os.Remove(dir+"/b")
		if got := run(t, p, None).Calls; !slices.Equal(got, want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	}
}

func TestHung(t *testing.T) {
	p := program("wait")
	p.Limit = 200 * time.Millisecond
	if r := run(t, p, None); !r.Hung || !r.Killed() {
		t.Errorf("%+v", r)
	}
}

func TestStdin(t *testing.T) {
	p := program("cat")
	p.Stdin = "to and fro\n"
	r := run(t, p, None)
	if r.Stdout != p.Stdin || r.Code() != 0 {
		t.Errorf("%+v", r)
	}
	for _, c := range r.Calls {
		if strings.HasPrefix(c.Name, "call ") {
			t.Errorf("no name for %s", c.Name)
		}
	}
}

func TestStart(t *testing.T) {
	if _, err := Run(Program{Path: "/none", Args: []string{"none"}}, None); err == nil {
		t.Error("no error for a program that is not there")
	}
}

func TestFaultString(t *testing.T) {
	for want, f := range map[string]Fault{"none": None, "kill": Kill(3), "ENOBUFS": Fail(3, unix.ENOBUFS)} {
		if f.String() != want {
			t.Errorf("got %s, want %s", f, want)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		if _, err := Run(program("cat"), None); err != nil {
			b.Fatal(err)
		}
	}
}
