//go:build linux

package nsfs_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
	"golang.org/x/sys/unix"
)

// tell prints the state of a name.
func tell(name string) error {
	e, err := nsfs.Look(name)
	if err == nil {
		fmt.Printf("%v: %s\n", e.State, e.Why)
	}
	return err
}

// helper is the test binary, started again to do one thing.
func helper(what string) {
	verb, rest, _ := strings.Cut(what, " ")
	switch verb {
	case "exec": // NAME FALLBACK; the words are the arguments
		name, fallback, _ := strings.Cut(rest, " ")
		_ = os.Setenv("NSFS_HELPER", "args")
		c := &nsfs.Command{
			Args: os.Args[1:], Env: os.Environ(), Fallback: fallback,
			Warn: func(err error) { fmt.Fprintln(os.Stderr, "warning:", err) },
		}
		err := nsfs.Exec(name, c)
		fmt.Fprintln(os.Stderr, err.(*nsfs.Error).Iproute2())
		os.Exit(1)
	case "netns": // add NAME, del or look, when standard input ends
		_, _ = io.Copy(io.Discard, os.Stdin)
		name := os.Args[2]
		do := map[string]func(string) error{"add": nsfs.Create, "del": nsfs.Delete, "look": tell}[os.Args[1]]
		if err := do(name); err != nil {
			fmt.Fprintln(os.Stderr, err.(*nsfs.Error).Iproute2())
			if hint := err.(*nsfs.Error).Hint; hint != "" {
				fmt.Fprintln(os.Stderr, "hint:", hint)
			}
			os.Exit(1)
		}
		os.Exit(0)
	case "args": // what a built-in command would see
		fmt.Printf("%q\n", os.Args)
		os.Exit(0)
	case "pool": // is killed with a pool of three
		p := new(nsfs.Pool)
		err := p.CreateEach(slices.Values(numbered(3)), nil)
		var path string
		if err == nil {
			path, err = p.Path("n1")
		}
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		fmt.Println(path)
		time.Sleep(time.Hour)
	case "nofile":
		outgrow()
		os.Exit(0)
	case "main": // a program that does not keep the main goroutine on its thread
		runtime.UnlockOSThread() // of testns
		before, _ := os.Readlink("/proc/self/ns/net")
		for range 30 {
			ns, err := nsfs.New()
			if err == nil {
				err = errors.Join(ns.Do(func() error { return nil }), ns.Close())
			}
			if err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
		after, _ := os.Readlink("/proc/self/ns/net")
		strays := testns.Strays()
		for end := time.Now().Add(time.Second); len(strays) > 0 && time.Now().Before(end); strays = testns.Strays() {
			time.Sleep(time.Millisecond) // a thread ends a little after its goroutine
		}
		fmt.Println(before == after, strays)
		os.Exit(0)
	}
}

// execIn runs a command in a namespace by Exec, in a process of its own.
func execIn(t *testing.T, name, fallback string, args ...string) testns.Result {
	t.Helper()
	return testns.Cmd{
		Args: append([]string{"/proc/self/exe"}, args...),
		Env:  []string{"NSFS_HELPER=exec " + name + " " + fallback},
	}.Run(t)
}

func TestExec(t *testing.T) {
	create(t, "red")
	testns.Run(t, "ip", "-n", "red", "link", "add", "br7", "type", "bridge").Must(t)
	for _, args := range [][]string{
		{"ls", "/sys/class/net"},
		{"cat", "/proc/net/dev"},
		{"sh", "-c", "exit 7"},
		{"nosuch"},
		{"./nosuch"},
		{"/tmp"},
		{""},
		{"ls", "/sys/fs/cgroup"},
	} {
		got := execIn(t, "red", "", args...)
		want := testns.Run(t, append([]string{"ip", "netns", "exec", "red"}, args...)...)
		if args[len(args)-1] == "/sys/fs/cgroup" { // iproute2 6.1 loses what is mounted there
			want = testns.Run(t, args...)
		}
		if got.Stdout != want.Stdout || got.Stderr != want.Stderr || got.Code != want.Code {
			t.Errorf("%q:\ngot  %+v\nwant %+v", args, got, want)
		}
	}
	for _, name := range []string{"nope", "a/b"} {
		got, want := execIn(t, name, "", "true"), testns.Run(t, "ip", "netns", "exec", name, "true")
		if got.Stderr != want.Stderr {
			t.Errorf("%s: got %q, want %q", name, got.Stderr, want.Stderr)
		}
	}
}

// TestExecPid sees that the command has the process, and with it the parent's
// signals and exit status.
func TestExecPid(t *testing.T) {
	create(t, "red")
	got := testns.Run(t, "sh", "-c", `echo $$; NSFS_HELPER="exec red " exec /proc/`+fmt.Sprint(os.Getpid())+`/exe sh -c 'echo $$; kill -9 $$'`)
	if pids := strings.Fields(got.Stdout); len(pids) != 2 || pids[0] != pids[1] || got.Code != -1 {
		t.Errorf("got %+v", got)
	}
}

func TestExecFallback(t *testing.T) {
	create(t, "red")
	if got := execIn(t, "red", "/proc/self/exe", "no-such-applet", "-n").Must(t); got != "[\"no-such-applet\" \"-n\"]\n" {
		t.Errorf("got %q", got)
	}
	if got := execIn(t, "red", "/proc/self/exe", "echo", "x").Must(t); got != "x\n" {
		t.Errorf("PATH was not first: %q", got)
	}
	if got := execIn(t, "red", "/proc/self/exe", "./nosuch"); got.Code != 1 || got.Stderr != "exec of \"./nosuch\" failed: No such file or directory\n" {
		t.Errorf("got %+v", got)
	}
}

// TestExecEtc has an /etc in which the target is a file, a link to a file, a
// link to nothing, and missing.
func TestExecEtc(t *testing.T) {
	create(t, "red")
	if err := unix.Mount("none", "/etc", "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount("/etc", unix.MNT_DETACH)
	write(t, "/etc/file", "all\n")
	write(t, "/etc/target", "all\n")
	if err := errors.Join(os.Symlink("target", "/etc/link"), os.Symlink("/nowhere", "/etc/dangling"), os.MkdirAll("/etc/netns/red", 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"file", "link", "dangling", "missing"} {
		write(t, "/etc/netns/red/"+name, "red's "+name+"\n")
	}
	got := execIn(t, "red", "", "cat", "/etc/file", "/etc/link", "/etc/dangling", "/etc/target")
	if want := "red's file\nred's link\nred's dangling\nall\n"; got.Stdout != want {
		t.Errorf("got %q, want %q", got.Stdout, want)
	}
	if want := "warning: Bind /etc/netns/red/missing -> /etc/missing failed: no such file or directory\n"; got.Stderr != want {
		t.Errorf("stderr %q, want %q", got.Stderr, want)
	}
	if got := testns.Run(t, "cat", "/etc/file", "/etc/link").Must(t); got != "all\nall\n" || strings.Contains(mounts(t), " /etc/file ") {
		t.Errorf("the mounts came out: %q", got)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSpawn(t *testing.T) {
	create(t, "red")
	run := func(args ...string) (syscall.WaitStatus, error) {
		return nsfs.Spawn("red", &nsfs.Command{Args: args, Env: []string{"PATH=/usr/bin:/bin"}})
	}
	if status, err := run("sh", "-c", "exit 7"); err != nil || status.ExitStatus() != 7 {
		t.Errorf("got %v, %v", status, err)
	}
	if status, err := run("sh", "-c", "kill -9 $$"); err != nil || !status.Signaled() || status.Signal() != unix.SIGKILL {
		t.Errorf("got %v, %v", status, err)
	}
	if status, err := run("sh", "-c", "test $(cd /sys/class/net; echo */ | tr -d /) = lo"); err != nil || status.ExitStatus() != 0 {
		t.Errorf("got %v, %v", status, err)
	}
	_, err := run("nosuch")
	wantError(t, err, nsfs.OpExec, fs.ErrNotExist, `exec of "nosuch" failed: No such file or directory`)
	_, err = nsfs.Spawn("nope", &nsfs.Command{Args: []string{"true"}})
	wantError(t, err, nsfs.OpOpen, fs.ErrNotExist, `Cannot open network namespace "nope": No such file or directory`)
}

// TestScript runs a file without "#!" line, as execvp does.
func TestScript(t *testing.T) {
	create(t, "red")
	file := t.TempDir() + "/script"
	write(t, file, "exit 5\n")
	if err := os.Chmod(file, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := execIn(t, "red", "", file); got.Code != 5 {
		t.Errorf("Exec: %+v", got)
	}
	if status, err := nsfs.Spawn("red", &nsfs.Command{Args: []string{file}}); err != nil || status.ExitStatus() != 5 {
		t.Errorf("Spawn: %v, %v", status, err)
	}
}

func TestLookPath(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"no": 0o644, "yes": 0o755} {
		write(t, dir+"/"+name, "")
		if err := os.Chmod(dir+"/"+name, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, c := range []struct {
		name, path, want string
		err              error
	}{
		{"yes", "/nowhere:" + dir, dir + "/yes", nil},
		{"yes", "/nowhere:", "./yes", nil},
		{"no", dir, "", unix.EACCES},
		{"yes", "/nowhere", "", unix.ENOENT},
		{"", dir, "", unix.ENOENT},
		{"a/b", dir, "a/b", nil},
	} {
		if got, err := nsfs.LookPath(c.name, c.path); got != c.want || err != c.err {
			t.Errorf("LookPath(%q, %q) = %q, %v; want %q, %v", c.name, c.path, got, err, c.want, c.err)
		}
	}
}

// TestMainThread has main on a thread that any goroutine may get.
func TestMainThread(t *testing.T) {
	got := testns.Cmd{Args: []string{"/proc/self/exe"}, Env: []string{"NSFS_HELPER=main"}}.Run(t)
	if got.Must(t) != "true []\n" {
		t.Errorf("got %+v", got)
	}
}

func TestExecSteps(t *testing.T) {
	steps, err := nsfs.ExecSteps("red", &nsfs.Command{Args: []string{"arp", "-n"}, Env: []string{"PATH="}, Fallback: "/proc/self/exe"})
	if err != nil {
		t.Fatal(err)
	}
	first, last := steps[0].Call, steps[len(steps)-1].Call
	if first != `openat(AT_FDCWD, "/run/netns/red", O_RDONLY|O_CLOEXEC)` || last != `execve("/proc/self/exe", ["arp", "-n"], environ)` {
		t.Errorf("got %q … %q", first, last)
	}
	_, err = nsfs.ExecSteps("a/b", &nsfs.Command{})
	wantError(t, err, nsfs.OpName, nsfs.ErrName, `Invalid netns name "a/b"`)
}
