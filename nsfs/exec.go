//go:build linux

package nsfs

import "syscall"

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
	return Throwaway(func() error {
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
// Equivalent to: `ip -all netns exec ...` for one of the namespaces. Before
// each, ip prints an empty line and "netns: NAME"; it goes on after errors and
// whatever the exit status, but exits with 1 if a signal killed the child.
func Spawn(name string, c *Command) (syscall.WaitStatus, error) {
	var status syscall.WaitStatus
	err := Throwaway(func() error {
		e, err := newEntry(name)
		if err != nil {
			return err
		}
		defer e.close()
		if err := e.run(name, c.Warn); err != nil {
			return err
		}
		// The child of this thread gets this thread's namespaces.
		pid, err := c.Start(nil)
		if err != nil {
			return err
		}
		status, err = Wait(pid)
		return err
	})
	return status, err
}

func execEntry(name string, c *Command) (*entry, error) {
	e, err := newEntry(name)
	if err != nil {
		return nil, err
	}
	e.add(&step{
		Step: Step{c.Call(), "the command takes the place of this process, and of its other threads"},
		op:   OpExec, do: c.Exec,
	})
	return e, nil
}
