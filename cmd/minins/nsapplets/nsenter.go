//go:build linux

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

const nsenterUsage = `
Usage:
 nsenter [options] [<program> [<argument>...]]

Run a program with namespaces of other processes.

Options:
 -a, --all              enter all namespaces
 -t, --target <pid>     target process to get namespaces from
 -m, --mount[=<file>]   enter mount namespace
 -u, --uts[=<file>]     enter UTS namespace (hostname etc)
 -i, --ipc[=<file>]     enter System V IPC namespace
 -n, --net[=<file>]     enter network namespace
 -p, --pid[=<file>]     enter pid namespace
 -C, --cgroup[=<file>]  enter cgroup namespace
 -U, --user[=<file>]    enter user namespace
     --preserve-credentials
                        do not become root in a user namespace
 -F, --no-fork          do not fork before exec'ing <program>

 -h, --help             display this help
 -V, --version          display version
`

// Nsenter is the applet nsenter.
func Nsenter(c *applet.Cmd) int {
	e := entering{paths: map[uintptr]string{}}
	words, err := getopt.Parse(nsenterOptions, c.Args, true, e.set)
	switch {
	case err != nil:
		return usage(c, err)
	case e.help:
		c.Printf("%s", nsenterUsage)
		return 0
	case e.version:
		c.Printf("nsenter of minins, after util-linux 2.38.1\n")
		return 0
	}
	p := program(c, words)
	files, err := e.files(c.Explain != nil)
	if err != nil {
		return failed(c, p, err)
	}
	fds, err := open(c, files)
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	if err != nil {
		return failed(c, p, err)
	}
	code := 0
	if len(files) > 0 && files[0].flag == unix.CLONE_NEWUSER {
		if code, err = e.inUser(c, p, files, fds); err != nil {
			return failed(c, p, err)
		}
		return code
	}
	err = nsfs.Throwaway(func() (err error) {
		code, err = e.run(c, p, files, fds)
		return err
	})
	if err != nil {
		return failed(c, p, err)
	}
	return code
}

// An entering is what the options ask for.
type entering struct {
	target        string             // process ID; "": none
	paths         map[uintptr]string // of the namespaces to enter, by flag; "": the target's
	all, noFork   bool
	preserve      bool // the user and groups in a user namespace
	help, version bool
}

// nsenterOptions is the table of util-linux 2.38 in its order. Not all are of
// minins: see set.
var nsenterOptions = []getopt.Option{
	{Short: 'a', Long: "all"},
	{Short: 'h', Long: "help"},
	{Short: 'V', Long: "version"},
	{Short: 't', Long: "target", Arg: getopt.Required},
	{Short: 'm', Long: "mount", Arg: getopt.Attached},
	{Short: 'u', Long: "uts", Arg: getopt.Attached},
	{Short: 'i', Long: "ipc", Arg: getopt.Attached},
	{Short: 'n', Long: "net", Arg: getopt.Attached},
	{Short: 'p', Long: "pid", Arg: getopt.Attached},
	{Short: 'U', Long: "user", Arg: getopt.Attached},
	{Short: 'C', Long: "cgroup", Arg: getopt.Attached},
	{Short: 'T', Long: "time", Arg: getopt.Attached},
	{Short: 'S', Long: "setuid", Arg: getopt.Required},
	{Short: 'G', Long: "setgid", Arg: getopt.Required},
	{Short: 'r', Long: "root", Arg: getopt.Attached},
	{Short: 'w', Long: "wd", Arg: getopt.Attached},
	{Short: 'W', Long: "wdns", Arg: getopt.Required},
	{Short: 'F', Long: "no-fork"},
	{Long: "preserve-credentials"},
	{Short: 'Z', Long: "follow-context"},
}

// set does what an option says.
func (e *entering) set(o *getopt.Option, as, arg string, _ bool) error {
	switch o.Long {
	case "all":
		e.all = true
	case "help":
		e.help = true
	case "version":
		e.version = true
	case "no-fork":
		e.noFork = true
	case "target":
		return e.setTarget(arg)
	case "preserve-credentials":
		e.preserve = true
	default:
		k := kindOf(o.Long)
		if k == nil {
			return unsupported(as)
		}
		e.paths[k.flag] = arg
	}
	return nil
}

func (e *entering) setTarget(pid string) error {
	if _, err := strconv.ParseUint(pid, 10, 31); err != nil {
		return errors.New("failed to parse pid: '" + pid + "'")
	}
	e.target = pid
	return nil
}

// files lists what is to be entered, in order. What is only told need not be looked at.
func (e *entering) files(told bool) ([]file, error) {
	if e.all && e.target == "" {
		return nil, errors.New("no target PID specified for --all")
	}
	var files []file
	for i := range kinds {
		k := &kinds[i]
		path, asked := e.paths[k.flag]
		if path == "" && (asked || e.all) {
			if e.target == "" || e.target == "0" {
				return nil, fmt.Errorf("neither filename nor target pid supplied for ns/%s", k.name)
			}
			path = "/proc/" + e.target + "/ns/" + k.name
		}
		if !asked && e.all {
			same, err := ours(k, path)
			if err != nil && !told {
				return nil, err
			}
			if same {
				continue
			}
			asked = true
		}
		if asked {
			files = append(files, file{k, path})
		}
	}
	return files, nil
}

// ours reports whether the namespace is that of this process already, or of a
// kind that this kernel does not have.
func ours(k *kind, path string) (bool, error) {
	own, err := os.Stat("/proc/self/ns/" + k.name)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	its, err := os.Stat(path)
	if err != nil {
		var no syscall.Errno
		errors.As(err, &no)
		return false, &stepError{what: "stat of " + path + " failed", err: no}
	}
	return os.SameFile(own, its), nil
}

// open opens all files before any of them is entered: they may not be there
// any more after that.
func open(c *applet.Cmd, files []file) ([]int, error) {
	var fds []int
	for _, f := range files {
		err := step(c, fmt.Sprintf("openat(AT_FDCWD, %q, O_RDONLY|O_CLOEXEC)", f.path), "the "+f.long+" namespace",
			"cannot open "+f.path,
			func() error {
				fd, err := unix.Open(f.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
				if err == nil {
					fds = append(fds, fd)
				}
				return err
			})
		if refused, ok := err.(*stepError); ok && refused.err == unix.ENOENT {
			refused.flags = f.flag // does the kernel have that kind?
		}
		if err != nil {
			return fds, err
		}
	}
	return fds, nil
}

// inUser has a child enter the namespaces and run the program: it has one thread,
// without which the kernel lets nobody into a user namespace.
func (e *entering) inUser(c *applet.Cmd, p *nsfs.Command, files []file, fds []int) (int, error) {
	j := &nsfs.Join{Root: !e.preserve}
	told := c.Explains("clone(SIGCHLD)", "a child, as the kernel lets only a process of one thread into a user namespace; nsenter waits and exits with its status")
	for i, f := range files {
		told = told && c.Explains("setns(fd, 0)", "it enters "+f.path)
		j.Fork = j.Fork || f.flag == unix.CLONE_NEWPID && !e.noFork
		if c.Explain == nil {
			j.Namespaces = append(j.Namespaces, nsfs.Joined{FD: fds[i], What: "reassociate to namespace 'ns/" + f.name + "' failed"})
		}
	}
	if told && j.Root {
		c.Explain("setgroups(0, NULL)", "root's groups are none")
		c.Explain("setgid(0)", "root's group")
		c.Explain("setuid(0)", "root, as the namespace has it")
	}
	if told && j.Fork {
		c.Explain("clone(CLONE_PARENT|SIGCHLD)", "a child of nsenter too, as only children get into the PID namespace")
	}
	if told {
		return 0, execute(c, p)
	}
	c.Stdout.Flush()
	if !j.Fork {
		j.Deathsig = unix.SIGKILL // the child stands for this process
	}
	code, err := child.Run(func() (int, error) { return p.StartIn(j) })
	var refused *nsfs.Error
	if errors.As(err, &refused) && refused.Op == nsfs.OpEnter {
		err = &stepError{what: refused.What, err: refused.Err}
	}
	return code, err
}

// run enters the namespaces on the calling thread and runs the program there.
func (e *entering) run(c *applet.Cmd, p *nsfs.Command, files []file, fds []int) (int, error) {
	fork := false
	for i, f := range files {
		if f.flag == unix.CLONE_NEWNS {
			err := step(c, "unshare(CLONE_FS)", "a root and working directory of the thread's own, without which it cannot have other mounts",
				"unshare failed", func() error { return unix.Unshare(unix.CLONE_FS) })
			if err != nil {
				return 0, err
			}
		}
		fork = fork || f.flag == unix.CLONE_NEWPID && !e.noFork
		err := step(c, "setns(fd, "+f.call+")", "this thread enters "+f.path,
			fmt.Sprintf("reassociate to namespace 'ns/%s' failed", f.name),
			func() error { return unix.Setns(fds[i], int(f.flag)) })
		if err != nil {
			return 0, err
		}
	}
	if !fork {
		return 0, execute(c, p)
	}
	if c.Explains("clone(SIGCHLD)", "a child, as only children get into the PID namespace; nsenter waits and exits with its status") {
		return 0, execute(c, p)
	}
	return spawn(c, p, &syscall.SysProcAttr{})
}
