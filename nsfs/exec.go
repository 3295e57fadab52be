//go:build linux

package nsfs

import (
	"fmt"
	"strings"
	"syscall"
)

// A Command is a program to run in a namespace.
type Command struct {
	// Args are the words. Args[0] is looked up in PATH unless it has a "/".
	Args []string

	// Env is the environment, whose PATH counts; as from [os.Environ].
	Env []string

	// Fallback is the file to execute, under the same Args, where PATH has no
	// Args[0] to execute: "/proc/self/exe" for a command that the program has built in.
	// "" is none.
	Fallback string

	// Warn is told what went wrong without stopping the command: mounts for
	// /etc and /sys that could not be made. Nil ignores it.
	Warn func(error)
}

// Exec replaces the whole process by the command, running in the namespace of
// that name with a /sys that shows it and with the files in /etc/netns/NAME
// over those of the same name in /etc. It returns only if it fails: with an
// error of [OpExec] if the command could not be executed, else of another Op.
//
// A file over a symbolic link in /etc covers the link itself, not what it
// points to (before Linux 5.2, which has no move_mount: what it points to).
//
// Equivalent to: `ip netns exec NAME ...`
func Exec(name string, c *Command) error {
	return throwaway(func() error {
		e, err := execEntry(name, c)
		if err != nil {
			return err
		}
		defer e.close()
		return e.run(name, c.Warn)
	})
}

// ExecSteps returns the system calls of [Exec] without making them.
func ExecSteps(name string, c *Command) ([]Step, error) {
	e, err := execEntry(name, c)
	if err != nil {
		return nil, err
	}
	return e.tell(), nil
}

// Spawn runs the command in the namespace as a child, as [Exec] would run it,
// and waits for it. An error is one of Exec's; there is a status only without.
//
// Equivalent to: `ip -all netns exec ...` for one of the namespaces, after
// which ip prints "netns: NAME" and whose exit status it does not look at,
// unless the child was killed by a signal: then ip itself exits with 1.
func Spawn(name string, c *Command) (syscall.WaitStatus, error) {
	var pid int
	err := throwaway(func() (err error) {
		e, err := newEntry(name)
		if err != nil {
			return err
		}
		defer e.close()
		if err := e.run(name, c.Warn); err != nil {
			return err
		}
		// The child of this thread gets this thread's namespaces.
		pid, err = c.fork()
		return c.error(err)
	})
	if err != nil {
		return 0, err
	}
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &status, 0, nil)
		if err != syscall.EINTR {
			return status, c.error(err)
		}
	}
}

func execEntry(name string, c *Command) (*entry, error) {
	e, err := newEntry(name)
	if err != nil {
		return nil, err
	}
	e.add(step{
		Step: Step{c.call(), "the command takes the place of this process, and of its other threads"},
		op:   OpExec, what: c.what(), do: c.exec,
	})
	return e, nil
}

func (c *Command) what() string { return fmt.Sprintf("exec of \"%s\" failed", c.name()) }

func (c *Command) error(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: OpExec, Name: c.name(), Call: c.call(), What: c.what(), Err: errno(err)}
}

func (c *Command) name() string {
	if len(c.Args) == 0 {
		return ""
	}
	return c.Args[0]
}

// call is the execve as strace writes it.
func (c *Command) call() string {
	file, err := c.file()
	if err != nil {
		file = c.name()
	}
	words := make([]string, len(c.Args))
	for i, a := range c.Args {
		words[i] = fmt.Sprintf("%q", a)
	}
	return fmt.Sprintf("execve(%q, [%s], environ)", file, strings.Join(words, ", "))
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

func (c *Command) exec() error {
	file, err := c.file()
	if err != nil {
		return err
	}
	if err := syscall.Exec(file, c.Args, c.Env); err != syscall.ENOEXEC {
		return err
	}
	return syscall.Exec("/bin/sh", c.script(file), c.Env)
}

func (c *Command) fork() (pid int, err error) {
	file, err := c.file()
	if err != nil {
		return 0, err
	}
	attr := &syscall.ProcAttr{Env: c.Env, Files: []uintptr{0, 1, 2}}
	if pid, err = syscall.ForkExec(file, c.Args, attr); err != syscall.ENOEXEC {
		return pid, err
	}
	return syscall.ForkExec("/bin/sh", c.script(file), attr)
}

// script is what execvp does with a file that has no "#!" line.
func (c *Command) script(file string) []string {
	return append([]string{"/bin/sh", file}, c.Args[1:]...)
}
