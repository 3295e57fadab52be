//go:build linux

package rootless

import (
	"os"
	"strconv"
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
)

// explain tells the system calls of "minins --rootless[=lab]".
func explain(c *applet.Cmd, lab string, named bool) {
	who := "a child, which is root there and has no rights outside"
	if named {
		c.Explains("openat(labs, "+strconv.Quote(lab)+", O_RDWR|O_CREAT|O_NOFOLLOW|O_CLOEXEC, 0600)",
			"the file of the lab: in "+rootDir+", or that of the session, or /tmp")
		c.Explains("flock(fd, LOCK_EX|LOCK_NB)", "refused if a process holds the lab already; else one is made now, by the next lines")
		who = "a process that does nothing but hold the namespaces"
	}
	c.Explains("clone(CLONE_NEWUSER|CLONE_NEWNET|CLONE_NEWNS|SIGCHLD)", who)
	uid, gid := strconv.Itoa(os.Geteuid()), strconv.Itoa(os.Getegid())
	c.Explains(`write("/proc/PID/uid_map", "0 `+uid+` 1")`, "root there is user "+uid+" here: all that one who is not root may map")
	c.Explains(`write("/proc/PID/setgroups", "deny")`, "the kernel wants it before a user maps a group")
	c.Explains(`write("/proc/PID/gid_map", "0 `+gid+` 1")`, "")
	c.Explains(`mount("", "/", "", MS_SLAVE|MS_REC, NULL)`, "what is mounted there shows nowhere else")
	c.Explains(`mount("sysfs", "/sys", "sysfs", ...)`, "a /sys of the new network")
	c.Explains(`mount("tmpfs", "/run", "tmpfs", ...)`, "a /run to write to, for names of namespaces; what is in it now is there by links")
	if named {
		c.Explains(`setns(user); setns(net); setns(mnt)`, "a child of this process goes where the lab is, in this order: the first gives it the right to the others")
	}
	if p := command(c); c.Explains(p.Call(), "as root of that network") && len(c.Args) > 0 && c.IsApplet(c.Args[0]) {
		c.Explains("what it then sends is shown by: minins explain "+strings.Join(c.Args, " "), "")
	}
}

// explainStop tells how a lab is ended.
func explainStop(c *applet.Cmd, names []string) {
	for _, name := range names {
		c.Explains("openat(labs, "+strconv.Quote(name)+", O_RDWR|O_NOFOLLOW|O_CLOEXEC)", "its file says which process holds it")
		c.Explains(`ioctl(open("/proc/PID/ns/user"), NS_GET_PARENT)`, "of every process: is it in the lab, or in a namespace below it?")
		c.Explains("pidfd_send_signal(pidfd, SIGTERM)", "each process of the lab; SIGKILL if that is not enough")
		c.Explains("unlinkat(labs, "+strconv.Quote(name)+", 0)", "the lab is gone")
	}
}
