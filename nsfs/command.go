//go:build linux

package nsfs

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Command is a program to run, found as execvp finds it.
type Command struct {
	// Args are the words. Args[0] is looked up in PATH unless it has a "/".
	Args []string

	// File, if not "", is looked up in the place of Args[0].
	File string

	// Env is the environment, whose PATH counts; as from [os.Environ].
	Env []string

	// Fallback is the file to execute, under the same Args, where PATH has no
	// Args[0] to execute: "/proc/self/exe" for a command that the program has built in.
	// "" is none.
	Fallback string

	// Blocked are signals to block beside those that the calling thread blocks,
	// of which Go unblocks many when a program begins; nil is none.
	Blocked *unix.Sigset_t

	// Warn is told what went wrong without stopping the command: mounts for
	// /etc and /sys that could not be made. Nil ignores it.
	Warn func(error)
}

// Exec replaces the whole process by the command, in the namespaces of the
// calling thread. It returns only if it fails, with an error of [OpExec].
func (c *Command) Exec() error {
	file, err := c.file()
	if err != nil {
		return c.error(err)
	}
	err = c.masked(func() (err error) {
		if err = syscall.Exec(file, c.Args, c.Env); err == syscall.ENOEXEC {
			err = syscall.Exec("/bin/sh", c.script(file), c.Env)
		}
		return err
	})
	return c.error(err)
}

// masked calls do on a thread that blocks the command's signals, which execve and
// fork hand on.
func (c *Command) masked(do func() error) error {
	if c.Blocked == nil {
		return do()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, c.Blocked, &before); err != nil {
		return err
	}
	err := do()
	if mask := unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil); err == nil {
		err = mask
	}
	return err
}

// Start starts the command as a child, in the namespaces of the calling thread
// or in those of sys, with the standard files, and returns its process ID. The
// error is of [OpExec].
func (c *Command) Start(sys *syscall.SysProcAttr) (pid int, err error) {
	file, err := c.file()
	if err != nil {
		return 0, c.error(err)
	}
	attr := &syscall.ProcAttr{Env: c.Env, Files: []uintptr{0, 1, 2}, Sys: sys}
	err = c.masked(func() error {
		if pid, err = syscall.ForkExec(file, c.Args, attr); err == syscall.ENOEXEC {
			pid, err = syscall.ForkExec("/bin/sh", c.script(file), attr)
		}
		return err
	})
	if err != nil {
		return 0, c.error(err)
	}
	return pid, nil
}

// Wait waits for the end of a child. On the thread that started it, it also
// keeps alive the thread to which the child's Pdeathsig is bound.
func Wait(pid int) (syscall.WaitStatus, error) { return WaitOptions(pid, 0) }

// WaitOptions is Wait with the options of wait4: with [unix.WUNTRACED] it also
// returns when the child stops.
func WaitOptions(pid, options int) (syscall.WaitStatus, error) {
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &status, options, nil)
		if err == nil {
			return status, nil
		}
		if err != syscall.EINTR {
			return 0, fmt.Errorf("nsfs: wait4 %d: %w", pid, err)
		}
	}
}

func (c *Command) error(err error) error {
	return &Error{
		Op: OpExec, Name: c.name(), Call: c.Call(), Err: errno(err),
		What: `exec of "` + c.name() + `" failed`,
	}
}

func (c *Command) name() string {
	switch {
	case c.File != "":
		return c.File
	case len(c.Args) == 0:
		return ""
	}
	return c.Args[0]
}

// Call is the execve as strace writes it.
func (c *Command) Call() string {
	file, err := c.file()
	if err != nil {
		file = c.name()
	}
	words := make([]string, len(c.Args))
	for i, a := range c.Args {
		words[i] = strconv.Quote(a)
	}
	return "execve(" + strconv.Quote(file) + ", [" + strings.Join(words, ", ") + "], environ)"
}

// file finds the program: in PATH first, so that what is installed wins.
func (c *Command) file() (string, error) {
	file, err := LookPath(c.name(), c.path())
	if err != nil && c.Fallback != "" && !strings.Contains(c.name(), "/") {
		return c.Fallback, nil
	}
	return file, err
}

// path is PATH of the command's environment, or that of execvp without one.
func (c *Command) path() string {
	for _, e := range c.Env {
		if p, ok := strings.CutPrefix(e, "PATH="); ok {
			return p
		}
	}
	return "/bin:/usr/bin"
}

// script is what execvp does with a file that has no "#!" line.
func (c *Command) script(file string) []string {
	return append([]string{"/bin/sh", file}, c.Args[1:]...)
}
