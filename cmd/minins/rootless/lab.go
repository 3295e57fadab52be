//go:build linux

package rootless

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nsfs"
)

// A lab is the file of a lab, open. Its holder is a process that keeps the
// namespaces. It has the file locked, so that the kernel tells whether it lives,
// and has written its process ID to it, and the inode of its user namespace,
// which no other process of that number has.
type lab struct {
	dir  *dir
	name string
	fd   int
}

// fail is an error about a lab.
func (l *lab) fail(why string) error { return fail("lab "+strconv.Quote(l.name), why) }

const (
	isNoLab   = "there is no lab of that name; \"minins lab\" lists all"
	isKilled  = "what should hold it has ended at once"
	isStuck   = "it is being made, but does not get ready: is what makes it stopped?"
	isFar     = "the process that holds it cannot be seen from here: it is of another PID namespace"
	isLabName = "as a name for a lab, take letters, digits, \"-\", \"_\" and \".\", as in --rootless=red"
)

// named is the error of a name that no lab can have.
func (l *lab) named() error {
	if nsfs.ValidName(l.name) != nil || l.name[0] == '-' {
		return l.fail(isLabName)
	}
	return nil
}

// open opens the file; create is O_CREAT, or 0.
func (d *dir) open(name string, create int) (*lab, error) {
	l := &lab{d, name, -1}
	err := l.named()
	if err != nil {
		return nil, err
	}
	l.fd, err = unix.Openat(d.fd, name, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC|create, 0o600)
	if err == unix.ENOENT {
		return nil, l.fail(isNoLab)
	}
	if err != nil {
		return nil, l.fail(applet.Strerror(err))
	}
	return l, nil
}

func (l *lab) close() { unix.Close(l.fd) }

func (l *lab) remove() error {
	if err := unix.Unlinkat(l.dir.fd, l.name, 0); err != nil {
		return l.fail(applet.Strerror(err))
	}
	return nil
}

// holder is the process ID of the holder, once it is ready, and the open user
// namespace of the lab. Without a holder this process takes the lock, and pid is 0.
func (l *lab) holder() (pid, user int, err error) {
	why := isStuck // as what made it may have been killed before it was ready
	for round := 0; round < 1000; round++ {
		b := make([]byte, 64)
		n, err := unix.Pread(l.fd, b, 0)
		if err != nil {
			return 0, -1, l.fail(applet.Strerror(err))
		}
		number, inode, ready := strings.Cut(string(b[:n]), " ")
		dir := "/proc/" + number + "/ns/"
		user, err := unix.Open(dir+"user", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		lerr := flock(l.fd, unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case lerr != unix.EWOULDBLOCK: // that number may be another's
			unix.Close(user)
			return 0, -1, lerr
		case ready && (err == unix.EACCES || err == unix.EPERM):
			return 0, -1, failure("lab "+strconv.Quote(l.name), err)
		case ready && user >= 0 && inodeOf(user) == inode && unix.Access(dir+"net", unix.F_OK) == nil:
			pid, err = strconv.Atoi(number)
			return pid, user, err
		case ready: // it is about to end, or not to be seen from here
			why = isFar
			round += 4
		}
		unix.Close(user)
		pause()
	}
	return 0, -1, l.fail(why)
}

// pause is 5 ms.
func pause() { _, _ = unix.Poll(nil, 5) }

// inodeOf is the number that tells namespaces apart.
func inodeOf(fd int) string {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return ""
	}
	return strconv.FormatUint(st.Ino, 10)
}

// A joining is the open namespaces of a lab.
type joining struct{ nsfs.Join }

func (j *joining) close() {
	for _, ns := range j.Namespaces {
		unix.Close(ns.FD)
	}
}

// join opens the namespaces of a lab, and makes the lab if nothing holds it.
func join(c *applet.Cmd, name string) (*joining, error) {
	d, err := openDir()
	if err != nil {
		return nil, err
	}
	defer d.close()
	pid, user, err := d.holder(c, name)
	if err != nil {
		return nil, err
	}
	j := &joining{nsfs.Join{
		Namespaces: []nsfs.Joined{{FD: user, What: "the user namespace of the lab"}},
		Deathsig:   unix.SIGKILL, // the child stands for this process
		Dir:        workDir(),
	}}
	for _, kind := range []string{"net", "mnt"} {
		fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/ns/"+kind, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			j.close()
			return nil, fail("lab "+strconv.Quote(name), applet.Strerror(err))
		}
		j.Namespaces = append(j.Namespaces, nsfs.Joined{FD: fd, What: "the namespaces of the lab"})
	}
	return j, nil
}

// holder is that of the lab name. If it has none, it gets one.
func (d *dir) holder(c *applet.Cmd, name string) (pid, user int, err error) {
	for started := false; ; started = true {
		l, err := d.open(name, unix.O_CREAT)
		if err != nil {
			return 0, -1, err
		}
		pid, user, err = l.holder()
		if err == nil && pid == 0 {
			if started {
				err = l.fail(isKilled)
			} else if err = l.start(c); err != nil {
				err = l.fail(err.Error())
			}
			if err != nil { // as if it had never been named
				err = errors.Join(err, l.remove())
			}
		}
		l.close() // a new holder has the lock by this very opening of the file
		if err != nil || pid != 0 {
			return pid, user, err
		}
	}
}

// start starts the command inside.
func (j *joining) start(c *applet.Cmd) (int, error) {
	pid, err := command(c).StartIn(&j.Join)
	if e, ok := err.(*nsfs.Error); ok && e.Op == nsfs.OpEnter {
		err = failure(e.What, e.Err)
	}
	return pid, err
}

// workDir is the working directory, or "" if it has no name.
func workDir() string {
	b := make([]byte, unix.PathMax)
	n, err := unix.Getcwd(b)
	if err != nil || b[0] != '/' { // "(unreachable)"
		return ""
	}
	return string(b[:n-1])
}
