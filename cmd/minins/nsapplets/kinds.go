//go:build linux

package nsapplets

import (
	"strings"

	"golang.org/x/sys/unix"
)

// A kind is one of the kernel's kinds of namespace: CLONE_NEW* of linux/sched.h.
type kind struct {
	flag uintptr
	name string // of the file in /proc/PID/ns
	long string // the option
	call string // as strace writes the flag
}

// kinds is in the order in which nsenter enters them: first user, for the
// rights that it gives, and mnt last, as other files are not there after it.
var kinds = []kind{
	{unix.CLONE_NEWUSER, "user", "user", "CLONE_NEWUSER"},
	{unix.CLONE_NEWCGROUP, "cgroup", "cgroup", "CLONE_NEWCGROUP"},
	{unix.CLONE_NEWIPC, "ipc", "ipc", "CLONE_NEWIPC"},
	{unix.CLONE_NEWUTS, "uts", "uts", "CLONE_NEWUTS"},
	{unix.CLONE_NEWNET, "net", "net", "CLONE_NEWNET"},
	{unix.CLONE_NEWPID, "pid", "pid", "CLONE_NEWPID"},
	{unix.CLONE_NEWNS, "mnt", "mount", "CLONE_NEWNS"},
}

// flagsCall is the value of flags as strace writes it.
func flagsCall(flags uintptr) string {
	var names []string
	for i := range kinds {
		k := &kinds[i]
		if flags&k.flag != 0 {
			names = append(names, k.call)
		}
	}
	return strings.Join(names, "|")
}

// kindOf is the kind that an option names, or nil.
func kindOf(long string) *kind {
	for i := range kinds {
		if kinds[i].long == long {
			return &kinds[i]
		}
	}
	return nil
}
