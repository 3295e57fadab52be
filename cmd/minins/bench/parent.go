//go:build linux

package bench

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
)

// run does a workload once, in a child, and says what went wrong, if anything.
func (s *session) run(e *series) string {
	out, err := s.child(ChildName, e.t.name, e.w.name, strconv.Itoa(e.n))
	if err == unix.EPERM && !s.newUser { // root, but only in a container; or an ordinary user
		s.newUser = true
		out, err = s.child(ChildName, e.t.name, e.w.name, strconv.Itoa(e.n))
	}
	if err != nil {
		return "new namespaces: " + err.Error() + " (see /proc/sys/user and kernel.apparmor_restrict_unprivileged_userns)"
	}
	return e.take(out)
}

// take reads what [Child] wrote. All of it counts, or nothing.
func (e *series) take(out string) string {
	got := make([]samples, len(e.phases))
	for line := range strings.Lines(out) {
		if line[0] != '=' {
			return strings.TrimSuffix(line, "\n")
		}
		var v []float64
		for _, word := range strings.Fields(line[1:]) {
			n, err := strconv.Atoi(word)
			if err != nil {
				return line
			}
			v = append(v, float64(n))
		}
		if len(v) < 4 || int(v[0]) >= len(got) {
			return line
		}
		got[int(v[0])] = samples{int(v[1]), []float64{v[2] / v[1]}, []float64{v[3] / v[1]}, v[4:]}
	}
	if got[0].ops == 0 {
		return "it ended without a word"
	}
	for i := range got {
		p := &e.phases[i]
		p.ops = got[i].ops
		p.wall = append(p.wall, got[i].wall...)
		p.cpu = append(p.cpu, got[i].cpu...)
		p.single = append(p.single, got[i].single...)
	}
	return ""
}

// child runs minins with these words, in namespaces of its own, and returns
// what it printed. It is killed if the time is over, or on a signal; the kernel
// kills it if this process dies.
func (s *session) child(words ...string) (string, error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return "", err
	}
	sys := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	if s.newUser {
		sys.Cloneflags |= unix.CLONE_NEWUSER
		sys.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		sys.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	pid, err := syscall.ForkExec("/proc/self/exe", append([]string{"minins"}, words...), &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{0, uintptr(pipe[1]), uintptr(pipe[1])}, Sys: sys,
	})
	_ = unix.Close(pipe[1]) // the child has it
	if err != nil {
		_ = unix.Close(pipe[0])
		return "", err
	}
	killed := ""
	kill := func(why string) {
		killed = why
		_ = unix.Kill(pid, unix.SIGKILL) // if it has ended, all is well
	}
	done := make(chan string)
	go read(pipe[0], done)
	over := time.After(s.left())
	ticks := time.NewTicker(200 * time.Millisecond)
	defer ticks.Stop()
	out := ""
	for reading := true; reading; {
		s.draw()
		select {
		case out = <-done:
			reading = false
		case <-over:
			kill("it took longer than what was left of -t " + strconv.Itoa(s.o.seconds))
		case sig := <-s.signals:
			s.stopped, _ = sig.(unix.Signal)
			kill(unix.SignalName(s.stopped))
		case <-ticks.C:
		}
	}
	status, err := nsfs.Wait(pid)
	if killed != "" {
		return killed, err
	}
	if err == nil && out == "" && status != 0 {
		out = ended(status)
	}
	return out, err
}

// read reads all, until the last writer has closed its end.
func read(fd int, done chan<- string) {
	var all []byte
	b := make([]byte, 32<<10)
	for {
		n, err := unix.Read(fd, b)
		if err == unix.EINTR {
			continue
		}
		if n <= 0 {
			break
		}
		all = append(all, b[:n]...)
	}
	_ = unix.Close(fd)
	done <- string(all)
}

// draw shows on a terminal how far it is, once that takes more than a second.
func (s *session) draw() {
	if !s.terminal || time.Since(s.start) < time.Second {
		return
	}
	const width = 30
	full := width * s.done / s.total
	s.c.Stderr.Write([]byte("\r\033[K[" + strings.Repeat("#", full) + strings.Repeat("-", width-full) + "] " +
		strconv.Itoa(100*s.done/s.total) + "%  " + s.now))
}

// clear takes that away.
func (s *session) clear() {
	if s.terminal {
		s.c.Stderr.Write([]byte("\r\033[K"))
	}
}
