//go:build linux

package rootless

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nsfs"
)

const (
	hostRun = "/run/.host" // what was /run
	linkDir = "/run/bin"   // minins, and its links
)

// furnish gives the new namespaces what commands need: mounts that nobody outside
// sees, a /sys that shows the new network, and a /run to write to, for names of
// namespaces below /run/netns.
func furnish(c *applet.Cmd, links []string) error {
	// Mounts of the host still come in, and what it unmounts goes: a lab shall
	// not keep a file system busy.
	if err := unix.Mount("", "/", "", unix.MS_SLAVE|unix.MS_REC, ""); err != nil {
		return failure("mount --make-rslave /", err)
	}
	warn := func(err error) { c.Errorf("minins %s: %v", Name, err) }
	if err := nsfs.MountSys("sysfs", warn); err != nil { // a container may hide parts of /sys, and forbid one that shows them
		warn(err)
	}
	if err := furnishRun(); err != nil {
		return err
	}
	return makeLinks(links)
}

// furnishRun covers /run by a directory that has all that was there, by links, but
// not the names of the host's namespaces, nor files that may not be read, such as
// the lock of the real iptables, for which there has to be another one.
func furnishRun() error {
	// It is built elsewhere: once covered, the old one could not be got at.
	const build = "/proc"
	if err := unix.Mkdir("/run", 0o755); err != nil && err != unix.EEXIST { // an image "FROM scratch" has none
		return failure("mkdir /run", err)
	}
	for _, m := range []struct {
		from, to, kind string
		flags          uintptr
	}{
		{"tmpfs", build, "tmpfs", unix.MS_NOSUID | unix.MS_NODEV},
		{"/run", build + "/.host", "", unix.MS_BIND | unix.MS_REC},
		{build, "/run", "", unix.MS_MOVE},
	} {
		var data string
		if m.kind != "" {
			data = "mode=0755"
		}
		err := unix.Mount(m.from, m.to, m.kind, m.flags, data)
		if err == nil && m.kind != "" {
			err = unix.Mkdir(build+"/.host", 0o755)
		}
		if err != nil {
			return failure("a /run to write to, with what is in it now: mount "+m.from+" on "+m.to, err)
		}
	}
	names, err := namesIn(hostRun)
	if err != nil {
		return err
	}
	for _, name := range names {
		switch "/run/" + name {
		case nsfs.Dir, hostRun, linkDir, rootDir: // also if this is nested
			continue
		}
		var st unix.Stat_t
		file := hostRun + "/" + name
		if unix.Stat(file, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && unix.Access(file, unix.R_OK) != nil {
			continue
		}
		if err := os.Symlink(".host/"+name, "/run/"+name); err != nil {
			return err
		}
	}
	return nil
}

// makeLinks makes a directory of the commands that a shell can find.
func makeLinks(links []string) error {
	if err := unix.Mkdir(linkDir, 0o755); err != nil {
		return fail("mkdir "+linkDir, err.Error())
	}
	if err := placeMinins(linkDir + "/minins"); err != nil {
		return err
	}
	for _, name := range links {
		if err := os.Symlink("minins", linkDir+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

// placeMinins makes a link to this binary, or a copy if it has no name any more.
func placeMinins(at string) error {
	const self = "/proc/self/exe"
	var this, that unix.Stat_t
	if err := unix.Stat(self, &this); err != nil {
		return fail(self, err.Error())
	}
	name, err := os.Readlink(self)
	if err == nil && unix.Stat(name, &that) == nil && this.Dev == that.Dev && this.Ino == that.Ino {
		return os.Symlink(name, at)
	}
	b, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	return os.WriteFile(at, b, 0o755)
}
