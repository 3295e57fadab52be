//go:build linux

package rootless

import (
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
)

// Lab is "minins lab": it lists the labs and ends them.
func Lab(c *applet.Cmd) int {
	verb, names := "list", c.Args
	if len(names) > 0 {
		verb, names = names[0], names[1:]
	}
	switch {
	case verb == "list" && len(names) == 0:
	case verb == "stop" && len(names) > 0:
	case verb == "-h" || verb == "--help":
		c.Printf("%s", usage)
		return 0
	default:
		c.Errorf("%s", usage)
		return exitUsage
	}
	if verb == "stop" && c.Explain != nil {
		explainStop(c, names)
		return 0
	}
	d, err := openDir()
	if err != nil {
		return failed(c, err)
	}
	defer d.close()
	do := d.stop
	if verb == "list" {
		do = func(name string) error { return d.show(c, name) }
		if names, err = namesIn("/proc/self/fd/" + strconv.Itoa(d.fd)); err != nil {
			return failed(c, failure("list the labs", err))
		}
		slices.Sort(names)
	}
	status := 0
	for _, name := range names {
		if err := do(name); err != nil {
			status = failed(c, err)
		}
	}
	return status
}

// namesIn are the files in a directory.
func namesIn(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

// show prints the state of a lab.
func (d *dir) show(c *applet.Cmd, name string) error {
	l, err := d.open(name, 0)
	if err != nil {
		return err
	}
	defer l.close()
	pid, user, err := l.holder()
	if err != nil {
		return err
	}
	if pid == 0 {
		c.Printf("%s: ended, as what held it was killed\n", name)
		return nil
	}
	c.Printf("%s: held by process %d, other processes: %d\n", name, pid, len(processes(user))-1)
	unix.Close(user)
	return nil
}

// How long processes may take to end by SIGTERM, and how long at all.
const (
	politely = time.Second
	atAll    = 10 * time.Second
)

const isLiving = "it has processes that do not end, although they were killed"

// stop ends all processes in a lab, its holder too, and removes its file.
func (d *dir) stop(name string) error {
	l, err := d.open(name, 0)
	if err != nil {
		return err
	}
	defer l.close()
	pid, user, err := l.holder()
	if err != nil {
		return err
	}
	if pid != 0 {
		defer unix.Close(user)
		start, signal := time.Now(), unix.SIGTERM
		for round := 0; ; round++ {
			all := processes(user)
			if len(all) == 0 && flock(l.fd, unix.LOCK_EX|unix.LOCK_NB) == nil {
				break
			}
			if took := time.Since(start); took > atAll {
				return l.fail(isLiving)
			} else if took > politely {
				signal = unix.SIGKILL
			}
			for _, pid := range all {
				if round%32 == 0 || signal == unix.SIGKILL { // again, for those that have come since
					kill(pid, user, signal)
					kill(pid, user, unix.SIGCONT) // for one that is stopped to act on it
				}
			}
			pause()
		}
	}
	return l.remove()
}

// kill signals a process if it is still one of the lab. A process ID may be that
// of another one by now, a descriptor is not. Who is left is seen by the caller.
func kill(pid, user int, signal unix.Signal) {
	fd, err := unix.PidfdOpen(pid, 0)
	if within(pid, user) {
		if err == nil {
			_ = unix.PidfdSendSignal(fd, signal, nil, 0)
		} else if err == unix.ENOSYS { // before Linux 5.3
			_ = unix.Kill(pid, signal)
		}
	}
	unix.Close(fd)
}

// processes are those in a user namespace and in those below it, but not this one.
func processes(user int) (pids []int) {
	names, _ := namesIn("/proc")
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && pid != unix.Getpid() && within(pid, user) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// within reports whether a process, not one that has ended, is in a user namespace
// or in one below it.
func within(pid, user int) bool {
	dir := "/proc/" + strconv.Itoa(pid) + "/ns/"
	if unix.Access(dir+"net", unix.F_OK) != nil {
		return false // one that has ended has a user, but no network
	}
	fd, err := unix.Open(dir+"user", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	for err == nil {
		if inodeOf(fd) == inodeOf(user) {
			unix.Close(fd)
			return true
		}
		var above int
		above, err = unix.IoctlRetInt(fd, unix.NS_GET_PARENT)
		unix.Close(fd)
		fd = above
	}
	return false
}
