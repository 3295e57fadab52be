//go:build linux

package ip

import (
	"os"
	"syscall"

	"github.com/minins/minins/nsfs"
)

// execNetns is "ip netns exec": it does not return, unless it fails.
func (s *session) execNetns(w *words) error {
	if s.opt.all {
		return s.execAll(w)
	}
	if !w.next() {
		return noNetnsName()
	}
	name := w.cur
	if len(w.rest) == 0 {
		return fail(exitFailed, "No command specified", say("as in \"ip netns exec %s ip link\"", name))
	}
	cmd := s.program(w.rest)
	steps, err := nsfs.ExecSteps(name, cmd)
	if err != nil {
		return err
	}
	if s.told(steps) {
		return nil
	}
	if err := s.c.Stdout.Flush(); err != nil {
		return err
	}
	if s.opt.batch == "" {
		return nsfs.Exec(name, cmd)
	}
	if s.spawn(name, cmd) != 0 { // a child: there are more lines
		return &failure{code: exitFailed}
	}
	return nil
}

// program is a command to execute. What PATH does not have may be one of our
// own applets.
func (s *session) program(args []string) *nsfs.Command {
	cmd := &nsfs.Command{Args: args, Env: os.Environ(), Blocked: s.c.Blocked, Warn: func(err error) {
		if e := asNetns(err); e != nil {
			s.complain(e.Iproute2(), "")
		}
	}}
	if s.c.IsApplet(args[0]) {
		cmd.Fallback = "/proc/self/exe"
	}
	return cmd
}

// execAll runs a command in every namespace, one after the other. Its exit
// status does not matter, nor does a namespace that cannot be entered. (There
// iproute2 forgets to end its child, and runs all that follow twice.)
func (s *session) execAll(w *words) error {
	if len(w.rest) == 0 {
		return fail(exitFailed, "No command specified", "")
	}
	names, err := nsfs.List()
	if err != nil {
		return err
	}
	cmd := s.program(w.rest)
	for _, name := range names {
		if s.c.Explain != nil {
			steps, err := nsfs.ExecSteps(name, cmd)
			if err != nil {
				return err
			}
			s.told(append([]nsfs.Step{{Call: "fork()", Why: "a child for " + name}}, steps...))
			continue
		}
		s.c.Printf("\nnetns: %s\n", name)
		if err := s.c.Stdout.Flush(); err != nil {
			return err
		}
		if s.spawn(name, cmd).Signaled() {
			return &failure{code: exitFailed}
		}
	}
	return nil
}

// spawn runs a command in a child. Where it cannot it says so, and the exit
// status is 1.
func (s *session) spawn(name string, cmd *nsfs.Command) syscall.WaitStatus {
	status, err := nsfs.Spawn(name, cmd)
	if err != nil {
		s.report(err)
		return exitFailed << 8
	}
	return status
}
