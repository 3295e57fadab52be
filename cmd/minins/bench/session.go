//go:build linux

package bench

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nsfs"
)

// A session is all measurements that were asked for.
type session struct {
	options
	c       *applet.Cmd
	series  []series
	notes   []string       // what is not there, or went wrong
	signals chan os.Signal // those that end it
	stopped bool
	status  int
	text    []byte // of the report
	newUser bool   // a user namespace is needed

	start    time.Time
	terminal bool
	done     int // runs
	now      string
}

// A series is all runs of a workload by a tool.
type series struct {
	tool, workload int
	n              int
	failed         bool
	phases         [6]samples
}

// samples are those of one phase, in ns for an operation.
type samples struct {
	ops    int
	values [3][]float64
}

// What values there are.
const (
	wall = iota
	processor
	single
)

// choose fills in the series.
func (s *session) choose(path string) {
	for i := range tools {
		t := &tools[i]
		if i > 0 {
			if !s.vs {
				break
			}
			if why := absent(t, path); why != "" {
				s.note("not compared: ", t.name, why)
				continue
			}
		}
		for k := range workloads {
			w := &workloads[k]
			if s.works>>k&1 == 0 || i > 0 && t.scripts[k] == none {
				continue
			}
			n := w.n
			if s.number != 0 {
				n = s.number
			}
			s.series = append(s.series, series{tool: i, workload: k, n: min(n, w.most, t.most)})
		}
	}
}

func (s *session) note(kind, what, why string) {
	s.notes = append(s.notes, kind+what+": "+why)
}

// measure runs all, round by round, until the time is over.
func (s *session) measure() {
	for round := range s.rounds {
		for i := range s.series {
			e := &s.series[i]
			if e.failed || s.stopped || round > 0 && s.left() < 0 {
				continue
			}
			s.now = workloads[e.workload].name + " by " + tools[e.tool].name
			why := s.child(e)
			s.done++
			switch {
			case s.stopped:
				s.note("not finished: ", s.now, why)
			case why != "" && (round == 0 || s.left() >= 0):
				e.failed = true
				s.note("not measured: ", s.now, why)
				s.status = 1
			}
		}
	}
}

// left is what is left of the time.
func (s *session) left() time.Duration {
	return time.Duration(s.seconds)*time.Second - time.Since(s.start)
}

// child does a workload once, in namespaces of its own, and says what went
// wrong, if anything. It is killed if the time is over, or on a signal; the
// kernel kills it if this process dies.
func (s *session) child(e *series) string {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return err.Error()
	}
	defer unix.Close(pipe[0])
	// In a group of its own, ^C does not reach it: it is for us to act on.
	sys := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS, Setpgid: true}
	if s.newUser {
		sys.Cloneflags |= unix.CLONE_NEWUSER
		sys.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		sys.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	words := strings.Fields(fmt.Sprintln("minins", ChildName, e.tool, e.workload, e.n))
	pid, err := spawn("/proc/self/exe", words, sys, 0, pipe[1], pipe[1])
	_ = unix.Close(pipe[1]) // the child has it
	if err == unix.EPERM && !s.newUser {
		s.newUser = true // an ordinary user, or root without the right to it
		return s.child(e)
	}
	if err != nil {
		return "new namespaces: " + err.Error() + "; " + nsfs.Refusal(err, sys.Cloneflags)
	}
	out, killed := s.read(pipe[0], pid)
	status, err := nsfs.Wait(pid)
	if err != nil {
		return err.Error()
	}
	if killed == "" && !e.take(out, status == 0) {
		killed, _, _ = strings.Cut(out, "\nCommand failed") // as ip -batch goes on
		killed = strings.ReplaceAll(strings.TrimSpace(killed), "\n", "; ")
		if killed == "" {
			killed = fmt.Sprint("wait status ", int(status))
		}
	}
	return killed
}

// read reads what the child prints until it ends, and says why it was killed.
func (s *session) read(fd, pid int) (out, killed string) {
	var all []byte
	b := make([]byte, 32<<10)
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		s.draw()
		select {
		case sig := <-s.signals:
			no := sig.(syscall.Signal) // as all are on Linux
			s.status = 128 + int(no)
			s.stopped = true
			killed = unix.SignalName(no)
		default:
			if s.left() < 0 {
				killed = "it takes longer than -t leaves"
			}
		}
		if killed != "" {
			_ = unix.Kill(-pid, unix.SIGKILL) // if it has ended, all is well
			return "", killed
		}
		if n, err := unix.Poll(poll, 100); n <= 0 || err != nil { // nothing in 100 ms, or a signal
			continue
		}
		n, err := unix.Read(fd, b)
		if err != nil || n == 0 {
			return string(all), ""
		}
		all = append(all, b[:n]...)
	}
}

// take reads what [Child] wrote, if it did all, and whatever tools said.
func (e *series) take(out string, ok bool) bool {
	seen := false
	for ok && out != "" {
		var line string
		line, out, _ = strings.Cut(out, "\n")
		if line == "" || line[0] != '=' {
			continue
		}
		var v []float64
		n := -1 // what is read so far of a number
		for _, c := range line {
			if c >= '0' && c <= '9' {
				n = 10*max(n, 0) + int(c-'0')
			} else if n >= 0 {
				v = append(v, float64(n))
				n = -1
			}
		}
		p := &e.phases[int(v[0])]
		p.ops = int(v[1])
		v[2] /= v[1]
		v[3] /= v[1]
		for k := 2; k < len(v); k++ {
			to := &p.values[min(k-2, single)]
			*to = append(*to, v[k])
		}
		seen = true
	}
	return seen
}

// draw shows on a terminal how far it is, once that takes more than a second.
func (s *session) draw() {
	if s.terminal && time.Since(s.start) > time.Second {
		total := len(s.series) * s.rounds
		full := 30 * s.done / total
		_, _ = fmt.Fprintf(s.c.Stderr, erase+"[%-30s] %d%%  %s", strings.Repeat("#", full), 100*s.done/total, s.now)
	}
}

// erase goes to the beginning of the terminal's line and empties it.
const erase = "\r\x1b[K"
