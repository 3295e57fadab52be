//go:build linux

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// ChildName is the name by which minins calls itself for [Child].
const ChildName = "bench-child"

// Child does one workload once, in the namespaces that it was born into, which
// die with it: "bench-child TOOL WORKLOAD N", the first two as places in their
// tables. It is not for people. What it measured goes to standard output, see
// [run.phase]; what went wrong, in words, too.
func Child(c *applet.Cmd) int {
	var v [3]int // what is no number is 0 and does nothing
	for i := range min(len(v), len(c.Args)) {
		v[i], _ = strconv.Atoi(c.Args[i])
	}
	if v[2] < 1 {
		c.Errorf("it is for minins bench to call")
		return 2
	}
	r := &run{ctx: context.Background(), n: v[2]}
	r.err = r.prepare(workloads[v[1]].stage)
	if r.err == nil {
		if v[0] == 0 {
			workloads[v[1]].own(r)
		} else {
			r.foreign(&tools[v[0]], v[1], c.Getenv("PATH"))
		}
	}
	if r.err != nil {
		c.Printf("%v\n", r.err)
		return 1
	}
	c.Printf("%s", r.out)
	return 0
}

// A run is one run of a workload. Nothing is done any more after an error.
type run struct {
	ctx  context.Context
	conn *rtnl.Conn
	n    int
	held []int  // namespaces
	out  []byte // held back until the end, so that no write is measured
	err  error
}

// prepare makes the new mount namespace private, with an empty /run, waits until
// the namespaces of earlier runs are destroyed, and sets the stage: commands of
// "ip -batch".
//
// Namespaces are destroyed in the background, in order, under the lock that all
// here needs: the near end of a cable into a last one vanishes with it.
func (r *run) prepare(stage string) error {
	err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	if err == nil {
		err = unix.Mount("minins", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755")
	}
	if err != nil {
		return os.NewSyscallError("mount", err)
	}
	const settle = "netns add s\nlink add settle type veth peer name s netns s\nnetns del s\n"
	if err = start("", ipBatch, settle+stage); err != nil {
		return err
	}
	if r.conn, err = rtnl.Dial(nl.Config{}); err != nil {
		return err
	}
	for err == nil {
		_, _ = unix.Poll(nil, 10) // sleep for 10 ms
		_, err = r.conn.LinkIndex(r.ctx, "settle")
	}
	if errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}

// cpu is the user and system time, in ns, of this process and its children.
func cpu() int64 {
	var self, children unix.Rusage
	// Of these two it is never refused.
	_ = unix.Getrusage(unix.RUSAGE_SELF, &self)
	_ = unix.Getrusage(unix.RUSAGE_CHILDREN, &children)
	return self.Utime.Nano() + self.Stime.Nano() + children.Utime.Nano() + children.Stime.Nano()
}

// phase measures phase i of the workload, ops operations, and puts it down as
// a line: "=PHASE OPS WALL CPU [SINGLE ...]", the times in ns. single are those of
// the single operations, which f fills in, if there is a way to tell.
func (r *run) phase(i, ops int, single []int64, f func() error) {
	if r.err != nil || ops == 0 {
		return
	}
	used, begin := cpu(), time.Now()
	r.err = f()
	wall := time.Since(begin)
	r.out = fmt.Appendf(r.out, "=%d %d %d %d %d\n", i, ops, wall, cpu()-used, single)
}

// start runs a program with text as its input, to its end. Its output goes
// nowhere, and its errors to ours.
func start(path, program, text string) error {
	const input = "/run/input" // on the tmpfs
	words := strings.Fields(program)
	file, err := "/proc/self/exe", error(nil)
	if path != "" {
		file, err = nsfs.LookPath(words[0], path)
	}
	if err == nil {
		err = os.WriteFile(input, []byte(text), 0o600)
	}
	if err != nil {
		return err
	}
	in, _ := unix.Open(input, unix.O_CLOEXEC, 0) // it has just been made
	null, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	pid, err := spawn(file, words, &syscall.SysProcAttr{}, in, null, 1)
	_, _ = unix.Close(in), unix.Close(null) // the program has them
	if err != nil {
		return err
	}
	status, err := nsfs.Wait(pid)
	if err == nil && status != 0 {
		err = fmt.Errorf("%s: wait status %d", program, status)
	}
	return err
}

// spawn starts a program that dies with this process.
func spawn(file string, words []string, sys *syscall.SysProcAttr, in, out, errs int) (pid int, err error) {
	sys.Pdeathsig = unix.SIGKILL
	return syscall.ForkExec(file, words, &syscall.ProcAttr{
		Env: append(os.Environ(), "MININS_HINTS=1"), Files: []uintptr{uintptr(in), uintptr(out), uintptr(errs)}, Sys: sys,
	})
}
