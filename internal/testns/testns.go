//go:build linux

// Package testns is the ground that every test stands on: it starts the test
// binary again in user, network and mount namespaces of its own, so that a
// test may create, rename and delete whatever it likes and the host's network
// is never touched.
//
//	func TestMain(m *testing.M) { testns.Main(m) }
//
//	func TestLinkAdd(t *testing.T) {
//		ns := testns.New(t)                      // a fresh, empty network namespace
//		ns.Run(t, "ip", "link", "add", "a", "type", "veth", "peer", "name", "b").Must(t)
//		ns.Do(t, func() { … })                   // a thread inside it
//		c, err := nl.Dial(nl.Config{NetNS: ns.FD()})
//		…
//	}
//
// Inside, the test is uid 0 with every capability over its own namespaces and
// none over the host's. This is so whether root or an ordinary user runs the
// tests: one behaviour is tested, and the one that needs the fewest rights.
// What the host's root could do beside it is refused for both: SO_SNDBUFFORCE
// and SO_RCVBUFFORCE (EPERM), /proc/net/nf_conntrack (EACCES), tap devices.
//
// The suite starts with a network namespace that holds nothing but lo (down),
// and an empty tmpfs on /run, thus no named namespaces.
//
// The package knows nothing of netlink or of the code under test.
package testns

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// env tells the copies of the test binary apart: absent in the one that go
// test starts, enter in its copy, inside in whatever the tests themselves start.
const env = "MININS_TESTNS"

// The main goroutine keeps the main thread for itself, so that no test's
// goroutine can be on it. A thread that a test locks, moves to another
// namespace and leaves to die does die, except for the main thread: that one
// would stay there for good, and /proc/self/ns/net with it. Only an init
// function is sure to run on the main thread.
func init() { runtime.LockOSThread() }

// Main runs the tests of a package in namespaces of their own and exits. It
// fails the run when the tests leave file descriptors, goroutines, child
// processes, hundreds of threads or threads in foreign namespaces behind.
func Main(m *testing.M) {
	switch os.Getenv(env) {
	case "":
		os.Exit(again())
	case "enter":
		if err := enter(); err != nil {
			fmt.Fprintln(os.Stderr, "testns:", err)
			os.Exit(2)
		}
		widen()
		os.Exit(checked(m))
	default:
		os.Exit(m.Run()) // a helper process or a fuzzing worker: its parent is checked
	}
}

// again starts this binary in new namespaces and returns its exit status.
func again() int {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), env+"=enter")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   unix.SIGKILL, // when the main thread, which forks, ends
	}
	if err := cmd.Start(); err != nil {
		fmt.Fprintf(os.Stderr, "testns: new namespaces: %v (see /proc/sys/user/max_user_namespaces"+
			" and kernel.apparmor_restrict_unprivileged_userns)\n", err)
		return 2
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGQUIT) // go test -timeout sends SIGQUIT
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // it may just have ended, which Wait reports
		}
	}()
	err := cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, "testns:", err)
		return 2
	}
	if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signaled() {
		fmt.Fprintln(os.Stderr, "testns: the test process was ended by", ws.Signal())
		return 128 + int(ws.Signal())
	}
	return cmd.ProcessState.ExitCode()
}

// widen has twice as many tests run side by side (t.Parallel) as there are processors, unless
// -parallel says how many: they wait for the kernel more than they compute.
func widen() {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
			panic(err) // the flag has another name
		}
	}
}

// enter furnishes the new namespaces.
func enter() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make / private: %w", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return fmt.Errorf("tmpfs on /run: %w", err)
	}
	return os.Setenv(env, "inside")
}

// Skip skips the test, and is the only way to do so. MININS_NO_SKIP=1, which
// continuous integration sets, makes every skip a failure.
func Skip(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("MININS_NO_SKIP") == "1" {
		t.Fatalf("skip refused (MININS_NO_SKIP=1): %s", reason)
	}
	t.Skip(reason)
}
