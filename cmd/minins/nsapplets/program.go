//go:build linux

package nsapplets

import (
	"errors"
	"os"
	"os/signal"
	"path"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/getopt"
	"github.com/minins/minins/nsfs"
)

// The exit statuses of util-linux beside those of the program itself.
const (
	exitFailure  = 1
	exitNoExec   = 126 // the program is there, but cannot be executed
	exitNotFound = 127
	exitSignal   = 128 // plus the signal that killed the program
)

// program returns the command that the words name, or the shell.
func program(c *applet.Cmd, words []string) *nsfs.Command {
	p := &nsfs.Command{Args: words, Env: os.Environ(), Blocked: c.Blocked}
	if len(words) == 0 {
		shell := c.Getenv("SHELL")
		if shell == "" {
			shell = "/bin/sh"
		}
		p.File, p.Args = shell, []string{"-" + path.Base(shell)} // a login shell
	} else if c.IsApplet(words[0]) {
		p.Fallback = "/proc/self/exe"
	}
	return p
}

// failed says why a step or the program failed, and returns the exit status.
func failed(c *applet.Cmd, p *nsfs.Command, err error) int {
	var e *nsfs.Error
	if !errors.As(err, &e) || e.Op != nsfs.OpExec {
		c.Errorf("%s: %s", c.Name, message(err))
		return exitFailure
	}
	c.Errorf("%s: failed to execute %s: %s", c.Name, e.Name, message(e.Err))
	if p.File != "" {
		c.Hintf("%s was given no program, so it is the shell: $SHELL, or /bin/sh; there is none here, so name a program", c.Name)
	}
	if errors.Is(e.Err, unix.ENOENT) {
		return exitNotFound
	}
	return exitNoExec
}

// A stepError is a step that failed, in the words of util-linux.
type stepError struct {
	what string
	err  error
}

func (e *stepError) Error() string { return e.what + ": " + message(e.err) }
func (e *stepError) Unwrap() error { return e.err }

// step makes a system call, unless it is only to be explained.
func step(c *applet.Cmd, call, why, what string, do func() error) error {
	if c.Explains(call, why) {
		return nil
	}
	if err := do(); err != nil {
		return &stepError{what, err}
	}
	return nil
}

// message is the text of an error, with an errno as the C library writes it.
func message(err error) string {
	s := err.Error()
	if no := unix.Errno(0); errors.As(err, &no) && s == no.Error() {
		return applet.Strerror(no)
	}
	return s
}

// execute replaces this process by the program.
func execute(c *applet.Cmd, p *nsfs.Command) error {
	if c.Explains(p.Call(), "the program takes the place of this process") {
		return nil
	}
	c.Stdout.Flush()
	return p.Exec()
}

// spawn starts the program as a child of the calling thread, waits for it and
// returns its exit status. Meanwhile, as in util-linux, SIGINT is the child's
// alone to act on: the terminal sends it to both. SIGTERM is passed on.
func spawn(c *applet.Cmd, p *nsfs.Command, sys *syscall.SysProcAttr) (int, error) {
	c.Stdout.Flush()
	heedChildren()
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{unix.SIGINT, unix.SIGTERM} {
		if !signal.Ignored(s) { // or else the child would not inherit that
			signal.Notify(signals, s)
		}
	}
	pid, err := p.Start(sys)
	if err != nil {
		signal.Stop(signals)
		return 0, started(err, sys)
	}
	done := make(chan struct{})
	defer close(done)
	go pass(pid, signals, done)
	status, err := nsfs.Wait(pid)
	signal.Stop(signals)
	switch {
	case err != nil:
		return 0, err
	case status.Signaled():
		return exitSignal + int(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}

// heedChildren has SIGCHLD heeded again if it was ignored, with which there is no
// waiting for a child. util-linux does so too, and programs inherit that.
func heedChildren() { signal.Notify(make(chan os.Signal, 1), unix.SIGCHLD) }

// started tells the errors of clone from those of execve, which come as one.
func started(err error, sys *syscall.SysProcAttr) error {
	var no unix.Errno
	errors.As(err, &no)
	switch {
	case no == unix.EAGAIN || no == unix.ENOMEM:
		return &stepError{"fork failed", no}
	case sys.Cloneflags != 0 && (no == unix.EPERM || no == unix.EINVAL || no == unix.ENOSPC || no == unix.EUSERS):
		return &stepError{"unshare failed", no}
	}
	return err
}

func pass(pid int, signals <-chan os.Signal, done <-chan struct{}) {
	for {
		select {
		case s := <-signals:
			if s == unix.SIGTERM {
				_ = unix.Kill(pid, unix.SIGTERM) // if it has ended, Wait tells
			}
		case <-done:
			return
		}
	}
}

// usage says what is wrong with the words, and returns the exit status.
func usage(c *applet.Cmd, err error) int {
	c.Errorf("%s: %v", c.Name, err)
	if _, ok := err.(getopt.Error); ok {
		c.Errorf("Try '%s --help' for more information.", c.Name)
	}
	return exitFailure
}
