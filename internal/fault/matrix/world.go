//go:build linux && (amd64 || arm64)

package matrix

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/fault"
	"github.com/minins/minins/internal/testns"
)

// A world is a host to spoil: network and mount namespaces of its own, with empty
// /run and /etc. It is a thread, which programs are started from.
type world struct {
	bin   string          // where minins and its links are
	host  map[string]bool // the mounts that it began with
	tasks chan func()
}

// etc are the files in a world's /etc. There is no name server.
var etc = map[string]string{
	"hosts":                 "127.0.0.1 localhost\n",
	"nsswitch.conf":         "hosts: files\n",
	"passwd":                "root:x:0:0:root:/:/bin/sh\n",
	"resolv.conf":           "nameserver 255.255.255.255\n",
	"netns/red/resolv.conf": "nameserver 192.0.2.1\n",
}

// newWorld makes a world. bin is a directory with minins and its links.
func newWorld(bin string) (*world, error) {
	w := &world{bin: bin, tasks: make(chan func())}
	begun := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the namespaces go with the thread
		begun <- w.furnish()
		for task := range w.tasks {
			task()
		}
	}()
	if err := <-begun; err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) furnish() error {
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWNET); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return os.NewSyscallError("mount", err)
	}
	for _, dir := range []string{"/run", "/etc"} {
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
			return os.NewSyscallError("mount", err)
		}
	}
	if err := os.MkdirAll("/etc/netns/red", 0o755); err != nil {
		return err
	}
	for name, text := range etc {
		if err := os.WriteFile("/etc/"+name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	all, err := mountinfo()
	w.host = make(map[string]bool, len(all))
	for _, m := range all {
		w.host[m.id] = true
	}
	return err
}

func (w *world) close() { close(w.tasks) }

// do calls f on the world's thread.
func (w *world) do(f func() error) error {
	done := make(chan error)
	w.tasks <- func() { done <- f() }
	return <-done
}

// helperName is the program that calls the libraries: this one, started again.
const helperName = "helper"

// A program is a command line, or what the helper does.
type program struct {
	line  string // "ip netns add red"; single quotes hold words together
	stdin string
}

func (w *world) program(p program) fault.Program {
	args := testns.Words(p.line)
	path := w.bin + "/" + args[0]
	if args[0] == helperName {
		path = "/proc/self/exe"
	}
	return fault.Program{
		Path: path, Args: args, Stdin: p.stdin,
		// See the documentation of package fault for GOMAXPROCS. A thread that is
		// asked by a signal to let others run makes calls anew.
		// The race detector would have each process sleep for a second at its end.
		Env:   []string{"PATH=" + w.bin, "GOMAXPROCS=2", "GODEBUG=asyncpreemptoff=1", "LC_ALL=C", "GORACE=atexit_sleep_ms=0"},
		Limit: limit(),
	}
}

// limit is how long a program may take: behind that it hangs.
func limit() time.Duration {
	if testns.Slow() {
		return time.Minute
	}
	return 10 * time.Second
}

// spoil runs a program with a fault.
func (w *world) spoil(p program, f fault.Fault) (r *fault.Result, err error) {
	err = w.do(func() (err error) {
		r, err = fault.Run(w.program(p), f)
		return err
	})
	return r, err
}

// run runs a program without a tracer. What it returns other than 0 is an error.
func (w *world) run(p program) error { return w.runTo(0, p) }

// runTo is run of a program that returns a status.
func (w *world) runTo(status int, p program) error {
	return w.do(func() error {
		q := w.program(p)
		cmd := exec.Command(q.Path)
		cmd.Args, cmd.Env, cmd.Stdin = q.Args, q.Env, strings.NewReader(q.Stdin)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil { // a child has the namespaces of the thread
			return err
		}
		timer := time.AfterFunc(limit(), func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != status {
			return errors.Join(err, fmt.Errorf("%s: want status %d: %s", p.line, status, out.String()))
		}
		return nil
	})
}

// runAll runs command lines, which must all succeed.
func (w *world) runAll(lines []string) error {
	for _, line := range lines {
		if err := w.run(program{line: line}); err != nil {
			return err
		}
	}
	return nil
}

// await looks until the world is as one of the pictures, and returns which, or -1 and
// how it is: namespaces, and cables into them, end when the kernel has the time.
func (w *world) await(limit time.Duration, pictures ...string) (which int, is string, err error) {
	for end := time.Now().Add(limit); ; time.Sleep(2 * time.Millisecond) {
		if is, err = w.picture(); err != nil {
			return -1, is, err
		}
		for i, p := range pictures {
			if is == p {
				return i, is, nil
			}
		}
		if time.Now().After(end) {
			return -1, is, nil
		}
	}
}

// must waits for a picture, and says what is not as there.
func (w *world) must(picture string) error {
	which, is, err := w.await(5*time.Second, picture)
	if err == nil && which < 0 {
		err = errors.New(testns.Diff(picture, is))
	}
	return err
}
