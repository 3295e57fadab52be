//go:build linux

package nsapplets

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"

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

// options is the table of util-linux 2.38 in its order, which shows in the
// errors about abbreviations. Rows without a function are not of minins.
func (u *unsharing) options() []option {
	return []option{
		{short: 'h', long: "help", set: flag(&u.help)},
		{short: 'V', long: "version", set: flag(&u.version)},
		{short: 'm', long: "mount", arg: optional, set: u.namespace("mount")},
		{short: 'u', long: "uts", arg: optional, set: u.namespace("uts")},
		{short: 'i', long: "ipc", arg: optional, set: u.namespace("ipc")},
		{short: 'n', long: "net", arg: optional, set: u.namespace("net")},
		{short: 'p', long: "pid", arg: optional, set: u.namespace("pid")},
		{short: 'U', long: "user", arg: optional, set: u.namespace("user")},
		{short: 'C', long: "cgroup", arg: optional, set: u.namespace("cgroup")},
		{short: 'T', long: "time", arg: optional},
		{short: 'f', long: "fork", set: flag(&u.fork)},
		{long: "kill-child", arg: optional, set: u.setKillChild},
		{long: "mount-proc", arg: optional, set: u.setMountProc},
		{long: "map-user", arg: required},
		{long: "map-users", arg: required},
		{long: "map-group", arg: required},
		{long: "map-groups", arg: required},
		{short: 'r', long: "map-root-user", set: func(string, bool) error { return u.mapTo(0, 0) }},
		{short: 'c', long: "map-current-user", set: func(string, bool) error { return u.mapTo(os.Geteuid(), os.Getegid()) }},
		{long: "map-auto"},
		{long: "propagation", arg: required, set: u.setPropagation},
		{long: "setgroups", arg: required},
		{long: "keep-caps"},
		{short: 'S', long: "setuid", arg: required},
		{short: 'G', long: "setgid", arg: required},
		{short: 'R', long: "root", arg: required},
		{short: 'w', long: "wd", arg: required},
		{long: "monotonic", arg: required},
		{long: "boottime", arg: required},
	}
}

func flag(p *bool) func(string, bool) error {
	return func(string, bool) error {
		*p = true
		return nil
	}
}

// namespace is for the option that makes a namespace and may keep it.
func (u *unsharing) namespace(long string) func(string, bool) error {
	return func(path string, given bool) error {
		for _, k := range kinds() {
			if k.long != long {
				continue
			}
			u.flags |= k.flag
			if given {
				u.keep = append(u.keep, file{k, path})
			}
		}
		return nil
	}
}

func (u *unsharing) mapTo(uid, gid int) error {
	u.flags |= unix.CLONE_NEWUSER
	u.mapped, u.uid, u.gid = true, uid, gid
	return nil
}

func (u *unsharing) setMountProc(dir string, given bool) error {
	u.flags |= unix.CLONE_NEWNS
	u.mountProc, u.proc = true, "/proc"
	if given {
		u.proc = dir
	}
	return nil
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

func (u *unsharing) setPropagation(name string, _ bool) error {
	if _, ok := propagationFlag(name); !ok && name != "unchanged" {
		return errors.New("unsupported propagation mode: " + name)
	}
	u.propagation = name
	return nil
}
