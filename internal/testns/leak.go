//go:build linux

package testns

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// settle is how long what the tests started may take to end by itself.
const settle = 2 * time.Second

// most is how many threads the tests may have left idle. As many as that wait in system
// calls at once in no test; what has one more thread each time has more.
const most = 300

// FDs lists the open file descriptors of the process as "number target".
func FDs() []string {
	var fds []string
	for _, path := range glob("/proc/self/fd/*") {
		// The directory's own descriptor is gone by now.
		if target, err := os.Readlink(path); err == nil {
			fds = append(fds, filepath.Base(path)+" "+target)
		}
	}
	return fds
}

// Threads lists the threads of the process, each with its network and mount
// namespaces: "tid net:[…] mnt:[…]". The Go runtime keeps idle threads for
// good, so that their number may grow, but not beyond [most]; what must not happen is
// that a living thread stays in a namespace that is not the process's own: see [Strays].
func Threads() []string {
	var threads []string
	for _, dir := range glob("/proc/self/task/*") {
		net, err1 := os.Readlink(dir + "/ns/net")
		mnt, err2 := os.Readlink(dir + "/ns/mnt")
		if err1 == nil && err2 == nil { // else it has just ended
			threads = append(threads, filepath.Base(dir)+" "+net+" "+mnt)
		}
	}
	return threads
}

// Strays lists the threads that are in another network or mount namespace
// than the main thread.
func Strays() []string {
	_, home, _ := strings.Cut(Threads()[0], " ") // the main thread has the lowest number
	return slices.DeleteFunc(Threads(), func(thread string) bool {
		return strings.HasSuffix(thread, " "+home)
	})
}

// glob sorts by number: "/proc/self/task/*" begins with the main thread.
func glob(pattern string) []string {
	names, err := filepath.Glob(pattern)
	if err != nil {
		panic(err) // the pattern is wrong
	}
	slices.SortFunc(names, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return names
}

// checked runs the tests and says what they left behind.
func checked(m *testing.M) int {
	if r, w, err := os.Pipe(); err == nil { // has the runtime open its poller
		r.Close()
		w.Close()
	}
	before := FDs()
	code := m.Run()
	var left []string
	for end := time.Now().Add(settle); ; time.Sleep(10 * time.Millisecond) {
		left = leaks(before)
		if len(left) == 0 || time.Now().After(end) {
			break
		}
	}
	for _, l := range left {
		fmt.Fprintln(os.Stderr, "testns: left behind:", l)
	}
	if code == 0 && len(left) > 0 {
		return 1
	}
	return code
}

func leaks(before []string) []string {
	var left []string
	for _, fd := range FDs() {
		if !slices.Contains(before, fd) {
			left = append(left, "file descriptor "+fd)
		}
	}
	for _, thread := range Strays() {
		left = append(left, "thread in a foreign namespace "+thread)
	}
	if n := len(Threads()); n > most {
		left = append(left, fmt.Sprintf("%d threads: some were to end", n))
	}
	left = append(left, goroutines()...)
	if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		left = append(left, fmt.Sprintf("a child process (wait: %d, %v)", pid, err))
	}
	return left
}

// goroutines returns the stacks of all but this one and os/signal's, which
// never ends.
func goroutines() []string {
	buf := make([]byte, 1<<20)
	stacks := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	return slices.DeleteFunc(stacks[1:], func(s string) bool {
		return strings.Contains(s, "os/signal.loop") || strings.Contains(s, "runtime.ensureSigM")
	})
}
