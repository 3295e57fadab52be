//go:build linux

package nsfs

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Refusal tells what on this host stands in the way of new namespaces of the kinds
// in flags (CLONE_NEW*), of which err is the refusal, and what to type or change.
// It is "" if err is no refusal.
//
// The kernel has one errno for all of its gates. Which one it was is found in
// /proc: capabilities, user.max_*_namespaces, kernel.unprivileged_userns_clone of
// Debian, kernel.apparmor_restrict_unprivileged_userns of Ubuntu, a filter of
// seccomp, a chroot, SELinux, a user without a mapping, the build of the kernel.
func Refusal(err error, flags uintptr) string {
	var no unix.Errno
	if !errors.As(err, &no) {
		return ""
	}
	var why string
	switch no {
	case unix.ENOSPC, unix.EUSERS:
		why = limits(flags)
	case unix.EINVAL, unix.ENOSYS:
		why = notBuilt(flags)
		if why == "" && no == unix.ENOSYS && filtered() {
			why = seccomp
		}
	case unix.EPERM, unix.EACCES:
		why = gates(flags, no)
	case unix.ENOENT:
		why = notBuilt(flags)
		if why == "" && unix.Access("/run", unix.F_OK) != nil { // an image "FROM scratch"
			why = "there is no /run: mkdir /run, or a tmpfs (of Docker and Podman, --tmpfs /run)"
		}
	case unix.EROFS:
		why = "what the names are in is read-only: mount -t tmpfs tmpfs /run, or -o remount,rw; \"unshare -n\" and \"minins --rootless\" take no name"
	}
	return why
}

// limited are the kinds of namespaces, as in user.max_NAME_namespaces.
func limited(flags uintptr) (names []string) {
	for i, name := range strings.Fields("mnt cgroup uts ipc user pid net") {
		bit := uintptr(unix.CLONE_NEWNS)
		if i > 0 {
			bit = unix.CLONE_NEWCGROUP << (i - 1) // in the order of linux/sched.h
		}
		if flags&bit != 0 {
			names = append(names, name)
		}
	}
	return names
}

// limits is about ENOSPC: the limit of this user namespace, or of one above it.
func limits(flags uintptr) string {
	var all []string
	for _, name := range limited(flags) {
		key := "user.max_" + name + "_namespaces"
		switch v := procLine("/proc/sys/user/max_" + name + "_namespaces"); v {
		case "":
		case "0":
			return key + " is 0, so that nobody may have a namespace of that kind: as root, \"sysctl " + key + "=15000\""
		default:
			all = append(all, key+" is "+v)
		}
	}
	return "as many as are allowed are there already, here or in a user namespace above this one (" + strings.Join(all, ", ") +
		"), or they are nested 32 deep: end what holds them, or as root raise the limit"
}

func notBuilt(flags uintptr) string {
	if unix.Access("/proc/self/ns", unix.F_OK) != nil {
		return noProc
	}
	for _, name := range limited(flags) {
		if unix.Access("/proc/self/ns/"+name, unix.F_OK) == unix.ENOENT {
			return "this kernel was built without CONFIG_" + strings.ToUpper(name) + "_NS"
		}
	}
	return ""
}

const (
	noProc  = "there is no /proc here to find out what stands in the way, and much else needs it: mount -t proc proc /proc"
	seccomp = "a seccomp filter is on this process, as containers have it: for Docker and Podman, --security-opt seccomp=unconfined, or a profile that allows unshare, clone, setns and mount"
)

// gates is about EPERM and EACCES: all that are closed.
func gates(flags uintptr, no unix.Errno) string {
	if unix.Access("/proc/self/status", unix.F_OK) != nil {
		return noProc
	}
	if flags&unix.CLONE_NEWUSER == 0 && !mayAdmin() {
		return "it takes CAP_SYS_ADMIN: become root, or put \"minins --rootless\" before the command"
	}
	var all []string
	gate := func(closed bool, why string) {
		if closed {
			all = append(all, why)
		}
	}
	gate(flags&unix.CLONE_NEWUSER != 0 && chrooted(), "this is a chroot, in which nobody may make a user namespace: leave it (pivot_root, as containers have, would do)")
	gate(flags&unix.CLONE_NEWUSER != 0 && procLine("/proc/self/uid_map") == "",
		"the user namespace of this process maps no user: make it with a mapping (unshare -r)")
	gate(!(mayAdmin() && hostUser()) && procLine("/proc/sys/kernel/unprivileged_userns_clone") == "0",
		"kernel.unprivileged_userns_clone is 0: as root, \"sysctl kernel.unprivileged_userns_clone=1\"")
	gate(procLine("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1",
		"kernel.apparmor_restrict_unprivileged_userns is 1: as root, \"sysctl kernel.apparmor_restrict_unprivileged_userns=0\", or give minins an AppArmor profile with \"userns,\"")
	gate(procLine("/proc/sys/kernel/apparmor_restrict_unprivileged_unconfined") == "1" && len(all) > 0,
		"kernel.apparmor_restrict_unprivileged_unconfined is 1 as well")
	gate(procLine("/sys/fs/selinux/enforce") == "1", "SELinux is enforcing: \"ausearch -m avc -ts recent\" shows what it denied")
	gate(filtered(), seccomp)
	if len(all) == 0 && no == unix.EACCES {
		return "the files belong to another user namespace: \"minins --rootless\" has a /run of its own"
	}
	if len(all) == 0 {
		return "none of capabilities, sysctls, chroot, AppArmor, SELinux or seccomp is in the way as far as /proc tells: another security module?"
	}
	return strings.Join(all, "; ")
}

// chrooted reports whether the root directory is not where anything is mounted,
// which it is for everybody but in a chroot.
func chrooted() bool {
	b, err := os.ReadFile("/proc/self/mountinfo")
	return err == nil && !strings.Contains(string(b), " / r") // the mount point, and rw or ro
}

// mayAdmin reports whether this process has CAP_SYS_ADMIN in its user namespace.
func mayAdmin() bool {
	caps := status("CapEff:")
	digit := len(caps) - 1 - unix.CAP_SYS_ADMIN/4
	return digit >= 0 && strings.IndexByte("2367abefABEF", caps[digit]) >= 0
}

// hostUser reports whether this is the host's own user namespace, as far as can be told: one
// that maps all users.
func hostUser() bool { return strings.HasSuffix(procLine("/proc/self/uid_map"), " 4294967295") }

func filtered() bool { return status("Seccomp:") == "2" }

// status is a field of /proc/self/status.
func status(name string) string {
	b, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(b), "\n"+name)
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}

// procLine is the first line of a file, "" if there is none.
func procLine(file string) string {
	b, _ := os.ReadFile(file)
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}
