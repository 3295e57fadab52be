//go:build linux

// Package rootless has "minins --rootless": a command in user, network and mount
// namespaces of its own, which takes no rights, and labs, which are such
// namespaces with a name, for later commands to join.
package rootless

import (
	"errors"
	"os"
	"path"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/child"
	"github.com/minins/minins/nsfs"
)

// The names of the commands here. minins calls itself by the last two.
const (
	Name       = "--rootless" // or --rootless=LAB
	LabName    = "lab"
	ChildName  = "rootless-child"
	HolderName = "rootless-holder"
)

// The exit statuses beside those of the command itself, as of unshare.
const (
	exitFailure  = 1
	exitUsage    = 2
	exitNoExec   = 126 // the command is there, but cannot be executed
	exitNotFound = 127
)

const newFlags = unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWNS

// Run is "minins --rootless[=LAB] [COMMAND ...]", called by that first word.
func Run(c *applet.Cmd) int {
	_, name, named := strings.Cut(c.Name, "=")
	c.Name = Name
	if !named && len(c.Args) > 0 && (c.Args[0] == "-h" || c.Args[0] == "--help") {
		c.Printf("%s", usage)
		return 0
	}
	if len(c.Args) > 0 && strings.HasPrefix(c.Args[0], "-") {
		c.Errorf("minins %s: %q cannot be a command\n%s", Name, c.Args[0], usage)
		return exitUsage
	}
	if c.Explain != nil {
		if err := (&lab{name: name}).named(); named && err != nil {
			return failed(c, err)
		}
		explain(c, name, named)
		return 0
	}
	start := func() (int, error) { return startNew(c) }
	if named {
		j, err := join(c, name)
		if err != nil {
			return failed(c, err)
		}
		defer j.close()
		start = func() (int, error) { return j.start(c) }
	}
	code, err := child.Run(start)
	if err != nil {
		return failed(c, err)
	}
	return code
}

const usage = `Usage: minins --rootless [COMMAND [ARGUMENTS]]
       minins --rootless=LAB [COMMAND [ARGUMENTS]]
       minins lab [list]
       minins lab stop LAB ...

COMMAND, a command of minins or any other, runs in a network of its own, in which
it is root, and for which nobody has to be. Without COMMAND it is a shell.
A LAB is made by the first command that names it, and joined by the next ones.
`

// startNew starts a child in new namespaces, which furnishes them and becomes the command.
func startNew(c *applet.Cmd) (int, error) {
	p := &nsfs.Command{
		File: "/proc/self/exe", Args: append([]string{ChildName}, c.Args...),
		Env: os.Environ(), Blocked: c.Blocked,
	}
	attr := newAttr()
	attr.Pdeathsig = unix.SIGKILL // the child stands for this process
	pid, err := p.Start(attr)
	if err != nil {
		err = refused(err)
	}
	return pid, err
}

// newAttr is for a child in new namespaces in which its user is root.
func newAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  newFlags,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
	}
}

// Child is what [Run] starts in the new namespaces. links are the names of
// the commands that stand in for tools.
func Child(c *applet.Cmd, links []string) int {
	c.Name = Name
	if err := furnish(c, links); err != nil {
		return failed(c, err)
	}
	if dir := workDir(); dir != "" {
		_ = unix.Chdir(dir) // below /run it is another directory now
	}
	if err := command(c).Exec(); err != nil {
		return failed(c, err)
	}
	return 0
}

// command is what runs inside: the first word is a command of minins if there is
// one of that name, as always behind "minins". Below it PATH counts, and the links
// in linkDir come last there, so that what is installed wins, as for "ip netns exec".
func command(c *applet.Cmd) *nsfs.Command {
	p := &nsfs.Command{Args: c.Args, Env: withLinks(os.Environ()), Blocked: c.Blocked}
	switch {
	case len(c.Args) == 0:
		p.File = c.Getenv("SHELL")
		if p.File == "" {
			p.File = "/bin/sh"
		}
		p.Args = []string{path.Base(p.File)}
	case c.IsApplet(c.Args[0]):
		p.File = "/proc/self/exe"
	}
	return p
}

// withLinks is an environment with linkDir at the end of PATH.
func withLinks(env []string) []string {
	for i, e := range env {
		if p, ok := strings.CutPrefix(e, "PATH="); ok {
			if !strings.HasSuffix(p, ":"+linkDir) {
				env[i] += ":" + linkDir
			}
			return env
		}
	}
	return append(env, "PATH=/bin:/usr/bin:"+linkDir)
}

// refused is the error of a clone that makes namespaces.
func refused(err error) error {
	if e, ok := err.(*nsfs.Error); ok {
		err = e.Err
	}
	return failure("new user, network and mount namespaces", err)
}

// fail is an error that begins with what failed.
func fail(what, why string) error { return errors.New(what + ": " + why) }

// failure is one that may be a refusal: it says what is in the way.
func failure(what string, err error) error {
	why := applet.Strerror(err)
	if gate := nsfs.Refusal(err, newFlags); gate != "" {
		why += "; " + gate
	}
	return fail(what, why)
}

// failed says why there is no command, and returns the exit status.
func failed(c *applet.Cmd, err error) int {
	var e *nsfs.Error
	if errors.As(err, &e) && e.Op == nsfs.OpExec {
		c.Errorf("minins %s: %s: %s", c.Name, e.Name, applet.Strerror(e.Err))
		if errors.Is(e.Err, unix.ENOENT) {
			return exitNotFound
		}
		return exitNoExec
	}
	c.Errorf("minins %s: %v", c.Name, err)
	return exitFailure
}
