//go:build linux

package rootless

import (
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nsfs"
)

// The files of a holder, beside standard ones that are /dev/null.
const (
	holderLab   = 3 // the file of the lab
	holderReady = 4 // a pipe, closed when the lab is ready
)

// start starts a holder of the lab, of which this process has the lock, and returns
// when the file says who it is, or when it has said why it is none.
func (l *lab) start(c *applet.Cmd) error {
	var st unix.Stat_t
	if err := unix.Fstat(l.fd, &st); err == nil && st.Size > 0 {
		c.Errorf("minins: lab %q had ended without \"minins lab stop\"; it is made anew, and empty", l.name)
	}
	if err := unix.Ftruncate(l.fd, 0); err != nil {
		return err
	}
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fail("/dev/null", applet.Strerror(err))
	}
	defer unix.Close(null)
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	defer unix.Close(pipe[0])
	attr := newAttr()
	attr.Setsid = true // no terminal, and none of its signals
	pid, err := syscall.ForkExec("/proc/self/exe", []string{HolderName, l.name}, &syscall.ProcAttr{
		Dir: "/", Env: []string{}, Sys: attr,
		Files: []uintptr{uintptr(null), uintptr(null), 2, uintptr(l.fd), uintptr(pipe[1])},
	})
	unix.Close(pipe[1])
	if err != nil {
		return refused(err)
	}
	go func() { _, _ = nsfs.Wait(pid) }() // should it end before this process does
	for b := make([]byte, 1); ; {
		if n, err := unix.Read(pipe[0], b); n == 0 || err != nil && err != unix.EINTR {
			return nil
		}
	}
}

// Holder is the process that holds a lab: it furnishes the namespaces that it was
// started in and then does nothing at all, until it is killed or its file removed.
func Holder(c *applet.Cmd, links []string) int {
	// Whatever else this process has inherited is not for it to keep.
	if unix.CloseRange(holderReady+1, 1<<31-1, 0) != nil { // before Linux 5.9
		for fd := holderReady + 1; fd < 1024; fd++ {
			_ = unix.Close(fd) // most are not open
		}
	}
	unix.CloseOnExec(holderLab)
	c.Name = Name
	err := furnish(c, links)
	if err == nil {
		err = sign()
	}
	if err != nil {
		return failed(c, err)
	}
	// From here on it is a lab, whether or not who made it lives.
	_ = unix.Dup3(0, 2, 0)
	unix.Close(holderReady)
	waitRemoved(holderLab)
	return 0
}

// waitRemoved returns when a file has no name any more: some systems empty the
// directory when the user logs out, and nobody would find the lab again.
func waitRemoved(fd int) {
	watch, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err == nil {
		_, err = unix.InotifyAddWatch(watch, "/proc/self/fd/"+strconv.Itoa(fd), unix.IN_ATTRIB)
	}
	var st unix.Stat_t
	for unix.Fstat(fd, &st) == nil && st.Nlink > 0 {
		if err != nil {
			_ = unix.Pause()
			continue
		}
		_, _ = unix.Read(watch, make([]byte, 256)) // its links are what counts
	}
}

// sign writes to the file of the lab who holds it.
func sign() error {
	user, err := unix.Open("/proc/self/ns/user", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		text := strconv.Itoa(unix.Getpid()) + " " + inodeOf(user)
		_, err = unix.Pwrite(holderLab, []byte(text), 0)
		unix.Close(user)
	}
	return err
}
