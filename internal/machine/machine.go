//go:build linux

// Package machine makes an initramfs a place where programs can run: what process 1 does
// before anything else, of "minins init" and of the machines of kernels/.
package machine

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// mounts are those that every Linux system has: a file system and its directory.
var mounts = [...][2]string{
	{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"devpts", "/dev/pts"}, {"tmpfs", "/run"}, {"tmpfs", "/tmp"},
}

// Furnish mounts them. What fails is told to failed, and the rest is done all the same.
func Furnish(failed func(what string, err error)) {
	try := func(what string, err error) {
		if err != nil && err != unix.EBUSY && err != unix.EEXIST { // it is there: the kernel may mount /dev
			failed(what, err)
		}
	}
	// pivot_root(2) takes no initramfs for the old root, but a mount of it.
	try("mkdir /root", unix.Mkdir("/root", 0o700))
	try("bind / to /root", unix.Mount("/", "/root", "", unix.MS_BIND, ""))
	try("cd /root", unix.Chdir("/root"))
	try("move /root to /", unix.Mount(".", "/", "", unix.MS_MOVE, ""))
	try("chroot", unix.Chroot("."))
	for _, m := range mounts {
		try("mkdir "+m[1], unix.Mkdir(m[1], 0o755))
		try("mount "+m[1], unix.Mount(m[0], m[1], m[0], 0, ""))
	}
	// A tmpfs begins as everybody's; where the kernel has none, a ramfs takes its place, and does not.
	try("chmod /run", unix.Chmod("/run", 0o755))
	try("chmod /tmp", unix.Chmod("/tmp", 0o1777))
}

// Load loads the modules that /lib/modules/order names, in the order in which they need each
// other: depmod(8) is not there. What fails is told to failed.
func Load(failed func(name string, err error)) {
	const dir = "/lib/modules/"
	order, err := os.ReadFile(dir + "order")
	if err != nil {
		return // the kernel has all inside
	}
	for _, name := range strings.Fields(string(order)) {
		f, err := os.Open(dir + name)
		if err == nil {
			err = unix.FinitModule(int(f.Fd()), "", 0)
			f.Close()
		}
		if err != nil && err != unix.EEXIST {
			failed(name, err)
		}
	}
}
