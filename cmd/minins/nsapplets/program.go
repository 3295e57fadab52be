//go:build linux

package nsapplets

import (
	"errors"
	"os"
	"path"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/child"
	"github.com/minins/minins/cmd/minins/internal/getopt"
	"github.com/minins/minins/nsfs"
)

// The exit statuses of util-linux beside those of the program itself.
const (
	exitFailure  = 1
	exitNoExec   = 126 // the program is there, but cannot be executed
	exitNotFound = 127
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
		s := &stepError{}
		if errors.As(err, &s); s.flags != 0 {
			c.Hint(nsfs.Refusal(err, s.flags))
		}
		if s.what == "setgroups failed" {
			c.Hintf("that user namespace has setgroups denied, as for all that ordinary users make: --preserve-credentials leaves user and groups as they are, and a user who is mapped to root is root")
		}
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
	what  string
	err   error
	flags uintptr // CLONE_NEW* that were asked for
}

func (e *stepError) Error() string { return e.what + ": " + message(e.err) }
func (e *stepError) Unwrap() error { return e.err }

// step makes a system call, unless it is only to be explained.
func step(c *applet.Cmd, call, why, what string, do func() error) error {
	if c.Explains(call, why) {
		return nil
	}
	if err := do(); err != nil {
		return &stepError{what: what, err: err}
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
// returns its exit status.
func spawn(c *applet.Cmd, p *nsfs.Command, sys *syscall.SysProcAttr) (int, error) {
	c.Stdout.Flush()
	return child.Run(func() (int, error) {
		pid, err := p.Start(sys)
		if err != nil {
			err = started(err, sys)
		}
		return pid, err
	})
}

// started tells the errors of clone from those of execve, which come as one.
func started(err error, sys *syscall.SysProcAttr) error {
	var no unix.Errno
	errors.As(err, &no)
	switch {
	case no == unix.EAGAIN || no == unix.ENOMEM:
		return &stepError{what: "fork failed", err: no}
	case sys.Cloneflags != 0 && (no == unix.EPERM || no == unix.EINVAL || no == unix.ENOSPC || no == unix.EUSERS):
		return &stepError{"unshare failed", no, sys.Cloneflags}
	}
	return err
}

// usage says what is wrong with the words, and returns the exit status.
func usage(c *applet.Cmd, err error) int {
	c.Errorf("%s: %v", c.Name, err)
	if _, ok := err.(getopt.Error); ok {
		c.Errorf("Try '%s --help' for more information.", c.Name)
	}
	return exitFailure
}
