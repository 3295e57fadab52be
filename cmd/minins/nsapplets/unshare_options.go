//go:build linux

package nsapplets

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/minins/minins/cmd/minins/internal/getopt"
	"golang.org/x/sys/unix"
)

const unshareUsage = `
Usage:
 unshare [options] [<program> [<argument>...]]

Run a program with some namespaces unshared from the parent.

Options:
 -m, --mount               unshare mounts namespace
 -u, --uts[=<file>]        unshare UTS namespace (hostname etc)
 -i, --ipc[=<file>]        unshare System V IPC namespace
 -n, --net[=<file>]        unshare network namespace
 -p, --pid                 unshare pid namespace
 -U, --user                unshare user namespace
 -C, --cgroup[=<file>]     unshare cgroup namespace

 -f, --fork                fork before launching <program>
 -r, --map-root-user       map current user to root (implies --user)
 -c, --map-current-user    map current user to itself (implies --user)

 --kill-child[=<signame>]  when dying, kill the forked child (implies --fork)
                             defaults to SIGKILL
 --mount-proc[=<dir>]      mount proc filesystem first (implies --mount)
 --propagation slave|shared|private|unchanged
                           modify mount propagation in mount namespace

 -h, --help                display this help
 -V, --version             display version
`

// unshareOptions is the table of util-linux 2.38 in its order. Not all are of
// minins: see set.
var unshareOptions = []getopt.Option{
	{Short: 'h', Long: "help"},
	{Short: 'V', Long: "version"},
	{Short: 'm', Long: "mount", Arg: getopt.Optional},
	{Short: 'u', Long: "uts", Arg: getopt.Optional},
	{Short: 'i', Long: "ipc", Arg: getopt.Optional},
	{Short: 'n', Long: "net", Arg: getopt.Optional},
	{Short: 'p', Long: "pid", Arg: getopt.Optional},
	{Short: 'U', Long: "user", Arg: getopt.Optional},
	{Short: 'C', Long: "cgroup", Arg: getopt.Optional},
	{Short: 'T', Long: "time", Arg: getopt.Optional},
	{Short: 'f', Long: "fork"},
	{Long: "kill-child", Arg: getopt.Optional},
	{Long: "mount-proc", Arg: getopt.Optional},
	{Long: "map-user", Arg: getopt.Required},
	{Long: "map-users", Arg: getopt.Required},
	{Long: "map-group", Arg: getopt.Required},
	{Long: "map-groups", Arg: getopt.Required},
	{Short: 'r', Long: "map-root-user"},
	{Short: 'c', Long: "map-current-user"},
	{Long: "map-auto"},
	{Long: "propagation", Arg: getopt.Required},
	{Long: "setgroups", Arg: getopt.Required},
	{Long: "keep-caps"},
	{Short: 'S', Long: "setuid", Arg: getopt.Required},
	{Short: 'G', Long: "setgid", Arg: getopt.Required},
	{Short: 'R', Long: "root", Arg: getopt.Required},
	{Short: 'w', Long: "wd", Arg: getopt.Required},
	{Long: "monotonic", Arg: getopt.Required},
	{Long: "boottime", Arg: getopt.Required},
}

// set does what an option says.
func (u *unsharing) set(o *getopt.Option, as, arg string, given bool) error {
	switch o.Long {
	case "help":
		u.help = true
	case "version":
		u.version = true
	case "fork":
		u.fork = true
	case "kill-child":
		return u.setKillChild(arg, given)
	case "mount-proc":
		u.setMountProc(arg, given)
	case "map-root-user":
		u.mapTo(0, 0)
	case "map-current-user":
		u.mapTo(os.Geteuid(), os.Getegid())
	case "propagation":
		return u.setPropagation(arg)
	default:
		k := kindOf(o.Long)
		if k == nil {
			return unsupported(as)
		}
		u.flags |= k.flag
		if given {
			u.keep = append(u.keep, file{k, arg})
		}
	}
	return nil
}

func unsupported(option string) error {
	return getopt.Error("option '" + option + "' is one that minins does not have")
}

func (u *unsharing) mapTo(uid, gid int) {
	u.flags |= unix.CLONE_NEWUSER
	u.mapped, u.uid, u.gid = true, uid, gid
}

func (u *unsharing) setMountProc(dir string, given bool) {
	u.flags |= unix.CLONE_NEWNS
	u.mountProc, u.proc = true, "/proc"
	if given {
		u.proc = dir
	}
}

func (u *unsharing) setKillChild(name string, given bool) error {
	u.fork, u.killChild = true, unix.SIGKILL
	if !given {
		return nil
	}
	n, err := strconv.Atoi(name)
	u.killChild = syscall.Signal(n)
	if err != nil {
		u.killChild = unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG"))
	}
	if u.killChild <= 0 || u.killChild > 64 {
		return errors.New("unknown signal: " + name)
	}
	return nil
}

// A mountFlag is one of sys/mount.h, and its name.
type mountFlag struct {
	flag uintptr
	call string
}

// propagationFlag has no flag for "unchanged" and for what is not a propagation.
func propagationFlag(name string) (m mountFlag, ok bool) {
	switch name {
	case "slave":
		return mountFlag{unix.MS_SLAVE, "MS_SLAVE"}, true
	case "private":
		return mountFlag{unix.MS_PRIVATE, "MS_PRIVATE"}, true
	case "shared":
		return mountFlag{unix.MS_SHARED, "MS_SHARED"}, true
	}
	return m, false
}

func (u *unsharing) setPropagation(name string) error {
	if _, ok := propagationFlag(name); !ok && name != "unchanged" {
		return errors.New("unsupported propagation mode: " + name)
	}
	u.propagation = name
	return nil
}
