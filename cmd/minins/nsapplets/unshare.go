//go:build linux

// Package nsapplets has the applets that put a program into namespaces without
// a name: unshare into new ones, nsenter into those of a process.
package nsapplets

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/child"
	"github.com/minins/minins/cmd/minins/internal/getopt"
	"github.com/minins/minins/nsfs"
	"golang.org/x/sys/unix"
)

// ChildName is the name by which minins calls itself for [UnshareChild].
const ChildName = "unshare-child"

// Unshare is the applet unshare.
func Unshare(c *applet.Cmd) int { return unshareArgs(c, false) }

// UnshareChild is what [Unshare] has done by a child where it must be done
// inside a namespace that only the child is in. It has the options of Unshare
// and is not for people.
func UnshareChild(c *applet.Cmd) int {
	c.Name = "unshare" // for its errors
	return unshareArgs(c, true)
}

func unshareArgs(c *applet.Cmd, inChild bool) int {
	child.Heed()
	u := unsharing{propagation: "private", child: inChild}
	words, err := getopt.Parse(unshareOptions, c.Args, true, u.set)
	switch {
	case err != nil:
		return usage(c, err)
	case u.help:
		c.Printf("%s", unshareUsage)
		return 0
	case u.version:
		c.Printf("unshare of minins, after util-linux 2.38.1\n")
		return 0
	}
	if err := u.check(); err != nil {
		return usage(c, err)
	}
	p := program(c, words)
	code := 0
	err = nsfs.Throwaway(func() (err error) {
		switch {
		case u.flags&unix.CLONE_NEWUSER != 0:
			code, err = u.inUser(c, p)
		case u.fork && !u.child:
			code, err = u.forked(c, p)
		default:
			err = u.here(c, p)
		}
		return err
	})
	if err != nil {
		return failed(c, p, err)
	}
	return code
}

// An unsharing is what the options ask for.
type unsharing struct {
	flags         uintptr // CLONE_NEW*
	keep          []file  // where to keep namespaces
	fork          bool
	killChild     syscall.Signal // 0: let it live; of a child: what it dies of
	mountProc     bool
	proc          string // where
	propagation   string
	uid           int // what the own user is mapped to, if mapped
	gid           int
	mapped        bool
	child         bool // UnshareChild
	help, version bool
}

// A file is one on which a namespace is, or is to be, mounted.
type file struct {
	*kind
	path string
}

// check refuses what Go, or one process, cannot do.
func (u *unsharing) check() error {
	for _, f := range u.keep {
		switch f.flag {
		case unix.CLONE_NEWUSER, unix.CLONE_NEWPID, unix.CLONE_NEWNS:
			return getopt.Error("option '--" + f.long + "=FILE' is one that minins does not have: only net, uts, ipc and cgroup can be kept")
		}
		if u.flags&unix.CLONE_NEWUSER != 0 {
			return getopt.Error("minins cannot keep a namespace (--" + f.long + "=FILE) beside a new user namespace")
		}
	}
	return nil
}

// here makes the namespaces for the calling thread, and it becomes the program.
// The mounts come last: a file to keep a namespace is one of the old mounts.
func (u *unsharing) here(c *applet.Cmd, p *nsfs.Command) error {
	if err := u.unshare(c, u.flags&^unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := u.keepAll(c); err != nil {
		return err
	}
	if err := u.unshare(c, u.flags&unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := u.mount(c); err != nil {
		return err
	}
	if u.child {
		if err := u.beChild(c); err != nil {
			return err
		}
	}
	return execute(c, p)
}

// beChild makes the calling thread, which becomes the program, what the parent
// made the main thread: a child that dies with its parent, if it is to. And it
// takes back the right to mount, which was given for [UnshareChild] alone.
func (u *unsharing) beChild(c *applet.Cmd) error {
	if u.killChild != 0 {
		name := unix.SignalName(u.killChild)
		err := step(c, "prctl(PR_SET_PDEATHSIG, "+name+")", "the signal that comes when the parent dies", "prctl failed",
			func() error { return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(u.killChild), 0, 0, 0) })
		if err != nil {
			return err
		}
	}
	if c.Explain != nil {
		return nil
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var caps [2]unix.CapUserData
	if err := unix.Capget(&header, &caps[0]); err != nil {
		return &stepError{what: "capget failed", err: err}
	}
	caps[0].Inheritable, caps[1].Inheritable = 0, 0
	if err := unix.Capset(&header, &caps[0]); err != nil { // the ambient set shrinks with it
		return &stepError{what: "capset failed", err: err}
	}
	return nil
}

// forked has a child become the program: in a PID namespace, only those born
// into it are. The mounts are left to the child, since a /proc shows the PID
// namespace of the one who mounts it.
func (u *unsharing) forked(c *applet.Cmd, p *nsfs.Command) (int, error) {
	if err := u.unshare(c, u.flags&^unix.CLONE_NEWNS); err != nil {
		return 0, err
	}
	if err := u.keepAll(c); err != nil {
		return 0, err
	}
	return u.rest(unix.CLONE_NEWNS).inChild(c, p, &syscall.SysProcAttr{})
}

// inUser has a child become the program, as a process with several threads, as
// every Go program is, cannot unshare its user namespace; it can be born into
// one. If a PID namespace is not for the child, but for its children, the
// child makes it.
func (u *unsharing) inUser(c *applet.Cmd, p *nsfs.Command) (int, error) {
	inside := uintptr(unix.CLONE_NEWNS)
	if !u.fork {
		inside |= unix.CLONE_NEWPID
		u.killChild = unix.SIGKILL // the child stands for this process
	}
	sys := &syscall.SysProcAttr{Cloneflags: u.flags &^ inside}
	if u.mapped {
		sys.UidMappings = []syscall.SysProcIDMap{{ContainerID: u.uid, HostID: os.Geteuid(), Size: 1}}
		sys.GidMappings = []syscall.SysProcIDMap{{ContainerID: u.gid, HostID: os.Getegid(), Size: 1}}
	}
	rest := u.rest(inside)
	if rest.flags != 0 && !(u.mapped && u.uid == 0) {
		sys.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN} // execve takes it from all but root
	}
	return rest.inChild(c, p, sys)
}

// rest is what is left to a child: the namespaces in flags, and all mounts.
func (u *unsharing) rest(flags uintptr) *unsharing {
	return &unsharing{
		flags: u.flags & flags, mountProc: u.mountProc, proc: u.proc,
		propagation: u.propagation, killChild: u.killChild, child: true,
	}
}

// inChild does the rest, and runs the program, in a child with attributes sys.
func (u *unsharing) inChild(c *applet.Cmd, p *nsfs.Command, sys *syscall.SysProcAttr) (int, error) {
	call := "clone(SIGCHLD)"
	if sys.Cloneflags != 0 {
		call = "clone(" + flagsCall(sys.Cloneflags) + "|SIGCHLD)"
	}
	if c.Explains(call, "a child, which does what follows; "+c.Name+" waits and exits with its status") {
		return 0, u.here(c, p)
	}
	sys.Pdeathsig = u.killChild
	if u.flags != 0 {
		p = &nsfs.Command{File: "/proc/self/exe", Args: u.args(p), Env: p.Env, Blocked: p.Blocked}
	}
	return spawn(c, p, sys)
}

// args are the words that [UnshareChild] reads as u.
func (u *unsharing) args(p *nsfs.Command) []string {
	args := []string{ChildName, "--propagation=" + u.propagation}
	for i := range kinds {
		k := &kinds[i]
		if u.flags&k.flag != 0 {
			args = append(args, "--"+k.long)
		}
	}
	if u.mountProc {
		args = append(args, "--mount-proc="+u.proc)
	}
	if u.killChild != 0 {
		args = append(args, "--kill-child="+strconv.Itoa(int(u.killChild)))
	}
	args = append(args, "--")
	if p.File == "" { // else it finds the shell itself
		args = append(args, p.Args...)
	}
	return args
}

func (u *unsharing) unshare(c *applet.Cmd, flags uintptr) error {
	if flags == 0 {
		return nil
	}
	err := step(c, "unshare("+flagsCall(flags)+")", newWhy(flags), "unshare failed", func() error {
		return unix.Unshare(int(flags))
	})
	if s := (*stepError)(nil); errors.As(err, &s) {
		s.flags = flags
	}
	return err
}

func newWhy(flags uintptr) string {
	if flags&unix.CLONE_NEWPID != 0 {
		return "new namespaces; the one of PIDs is for children only, the first of which is PID 1"
	}
	return "new namespaces, for the calling thread"
}

// keepAll mounts the new namespaces on files.
func (u *unsharing) keepAll(c *applet.Cmd) error {
	for _, f := range u.keep {
		from := "/proc/thread-self/ns/" + f.name
		err := step(c, fmt.Sprintf("mount(%q, %q, NULL, MS_BIND, NULL)", from, f.path), "the mount keeps the namespace alive",
			fmt.Sprintf("mount %s on %s failed", from, f.path),
			func() error { return unix.Mount(from, f.path, "", unix.MS_BIND, "") })
		if err != nil {
			return err
		}
	}
	return nil
}

// mount changes the new mount namespace.
func (u *unsharing) mount(c *applet.Cmd) error {
	if u.flags&unix.CLONE_NEWNS == 0 {
		return nil
	}
	if m, ok := propagationFlag(u.propagation); ok {
		err := step(c, `mount("none", "/", NULL, MS_REC|`+m.call+`, NULL)`, "no mount of ours shall be seen outside",
			"cannot change root filesystem propagation",
			func() error { return unix.Mount("none", "/", "", unix.MS_REC|m.flag, "") })
		if err != nil {
			return err
		}
	}
	if !u.mountProc {
		return nil
	}
	return step(c, fmt.Sprintf(`mount("proc", %q, "proc", MS_NOSUID|MS_NODEV|MS_NOEXEC, NULL)`, u.proc),
		"a /proc that shows the processes of the own PID namespace, for ps to read", fmt.Sprintf("mount %s failed", u.proc),
		func() error {
			return unix.Mount("proc", u.proc, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
		})
}
