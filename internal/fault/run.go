//go:build linux && (amd64 || arm64)

package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Program is what to run. It has the namespaces of the calling thread.
type Program struct {
	Path  string   // of the file
	Args  []string // with its name
	Env   []string
	Stdin string
	Limit time.Duration // it is killed behind that; 0 is 10 seconds
}

// A Fault is what to do to which of the calls.
type Fault struct {
	at    int
	errno unix.Errno // 0: kill
}

// None lets the program be.
var None = Fault{at: -1}

// Fail has call i fail, without being carried out; but close closes, as close does.
func Fail(i int, errno unix.Errno) Fault { return Fault{i, errno} }

// Kill kills the process that makes call i (SIGKILL), before it is carried out.
func Kill(i int) Fault { return Fault{i, 0} }

// Kills says whether it is a kill.
func (f Fault) Kills() bool { return f.at >= 0 && f.errno == 0 }

// String is "kill" or the name of the errno.
func (f Fault) String() string {
	switch {
	case f.at < 0:
		return "none"
	case f.errno == 0:
		return "kill"
	}
	return unix.ErrnoName(f.errno)
}

// A Call is one that was counted.
type Call struct {
	Name string
	Text string // its strings
	Fail bool   // it can fail
	Kill bool   // it can be killed at
}

// String is as in "openat("/run/netns")".
func (c Call) String() string { return c.Name + "(" + c.Text + ")" }

// A Result is what the program did.
type Result struct {
	Calls          []Call // up to the fault and behind it
	Done           bool   // the fault: there was such a call
	Stdout, Stderr string
	Status         unix.WaitStatus // of the program, not of its children
	Hung           bool            // it, or a child, had to be killed at the limit
}

// Killed says whether a signal ended the program.
func (r *Result) Killed() bool { return r.Status.Signaled() }

// Code is the exit status, -1 if a signal ended the program.
func (r *Result) Code() int { return r.Status.ExitStatus() }

const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK |
	unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL

// Run runs the program with the fault, and returns when it has ended and all of its
// children have. The error is of Run itself.
func Run(p Program, f Fault) (*Result, error) {
	runtime.LockOSThread() // a tracer is a thread
	defer runtime.UnlockOSThread()
	files, err := newFiles(p.Stdin)
	defer files.close()
	if err != nil {
		return nil, err
	}
	pid, err := syscall.ForkExec(p.Path, p.Args, &syscall.ProcAttr{
		Env:   p.Env,
		Files: []uintptr{files[0].Fd(), files[1].Fd(), files[2].Fd()},
		Sys:   &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return nil, fmt.Errorf("fault: start %s: %w", p.Path, err)
	}
	t := &tracer{fault: f, pid: pid, calls: calls(), threads: map[int]*thread{}, processes: map[int]bool{pid: true}}
	limit := p.Limit
	if limit == 0 {
		limit = 10 * time.Second
	}
	timer := time.AfterFunc(limit, t.hung)
	err = t.trace()
	timer.Stop()
	if err != nil {
		t.killAll()
		for e := error(nil); !errors.Is(e, unix.ECHILD); {
			_, e = unix.Wait4(-1, nil, unix.WALL|waitThread, nil)
		}
		return nil, fmt.Errorf("fault: trace %s: %w", p.Path, err)
	}
	if t.result.Stdout, err = text(files[1]); err == nil {
		t.result.Stderr, err = text(files[2])
	}
	return &t.result, err
}

// files are the three standard ones, in memory: nobody has to read along.
type files [3]*os.File

func newFiles(stdin string) (f files, err error) {
	for i := range f {
		fd, err := unix.MemfdCreate("std", unix.MFD_CLOEXEC)
		if err != nil {
			return f, os.NewSyscallError("memfd_create", err)
		}
		f[i] = os.NewFile(uintptr(fd), "std")
	}
	_, err = f[0].WriteAt([]byte(stdin), 0)
	return f, err
}

func (f *files) close() {
	for _, file := range f {
		if file != nil {
			file.Close()
		}
	}
}

func text(f *os.File) (string, error) {
	st, err := f.Stat()
	if err != nil {
		return "", err
	}
	b := make([]byte, st.Size())
	_, err = f.ReadAt(b, 0)
	return string(b), err
}

// waitThread is __WNOTHREAD of linux/wait.h: what other threads have started is
// theirs to wait for.
const waitThread = 0x20000000

// A tracer follows a program.
type tracer struct {
	fault   Fault
	pid     int
	calls   map[uint64]call
	threads map[int]*thread
	result  Result

	mu        sync.Mutex
	processes map[int]bool // that live
}

type thread struct {
	process int
	inside  bool // a call
	spoil   bool // it
}

// hung is called when the time is over.
func (t *tracer) hung() {
	t.mu.Lock()
	t.result.Hung = true
	t.mu.Unlock()
	t.killAll()
}

func (t *tracer) killAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for pid := range t.processes {
		_ = unix.Kill(pid, unix.SIGKILL) // a zombie at worst: it was not waited for
	}
}

// trace goes on until nobody is left.
func (t *tracer) trace() error {
	t.threads[t.pid] = &thread{process: t.pid}
	first := true
	for {
		var status unix.WaitStatus
		tid, err := unix.Wait4(-1, &status, unix.WALL|waitThread, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ECHILD):
			return nil
		case err != nil:
			return os.NewSyscallError("wait4", err)
		}
		if status.Exited() || status.Signaled() {
			t.ended(tid, status)
			continue
		}
		if first {
			if err := unix.PtraceSetOptions(tid, options); err != nil {
				return os.NewSyscallError("PTRACE_SETOPTIONS", err)
			}
			first = false
			if err := resume(tid, 0); err != nil {
				return err
			}
			continue
		}
		signal, err := t.stopped(tid, status)
		if err == nil {
			err = resume(tid, signal)
		}
		if err != nil && !errors.Is(err, unix.ESRCH) { // it was killed meanwhile
			return err
		}
	}
}

func resume(tid int, signal unix.Signal) error {
	if err := unix.PtraceSyscall(tid, int(signal)); err != nil && err != unix.ESRCH {
		return os.NewSyscallError("PTRACE_SYSCALL", err)
	}
	return nil
}

func (t *tracer) ended(tid int, status unix.WaitStatus) {
	delete(t.threads, tid)
	t.mu.Lock()
	delete(t.processes, tid)
	t.mu.Unlock()
	if tid == t.pid {
		t.result.Status = status
	}
}

// stopped sees to a thread that stands, and returns the signal to go on with.
func (t *tracer) stopped(tid int, status unix.WaitStatus) (unix.Signal, error) {
	th := t.threads[tid]
	if th == nil { // it begins with SIGSTOP
		process, err := processOf(tid)
		if errors.Is(err, fs.ErrNotExist) {
			return 0, unix.ESRCH
		}
		if err != nil {
			return 0, err
		}
		t.threads[tid] = &thread{process: process}
		t.mu.Lock()
		t.processes[process] = true
		hung := t.result.Hung
		t.mu.Unlock()
		if hung { // it was born while the others were killed
			t.killAll()
		}
		return 0, nil
	}
	switch {
	case status.StopSignal() == unix.SIGTRAP|0x80:
		if th.inside = !th.inside; th.inside {
			return 0, t.enter(tid, th)
		}
		return 0, t.leave(tid, th)
	case status.StopSignal() == unix.SIGTRAP && status.TrapCause() == unix.PTRACE_EVENT_EXEC:
		// The thread has the number of the process now, whatever it was before.
		was, err := unix.PtraceGetEventMsg(tid)
		if err != nil {
			return 0, err
		}
		if int(was) != tid && t.threads[int(was)] != nil {
			t.threads[tid] = t.threads[int(was)]
			delete(t.threads, int(was))
		}
		return 0, nil
	case status.StopSignal() == unix.SIGTRAP && status.TrapCause() > 0:
		return 0, nil // it has made another one, which stops by itself
	}
	return status.StopSignal(), nil
}

// enter is called where a call begins.
func (t *tracer) enter(tid int, th *thread) error {
	var r registers
	if err := r.read(tid); err != nil {
		return err
	}
	c := t.look(tid, &r)
	if c.class == own {
		return nil
	}
	i := len(t.result.Calls)
	t.result.Calls = append(t.result.Calls, Call{
		Name: c.name, Text: strings.Join(stringsOf(tid, &r, c.text), ", "),
		Fail: c.class != ends, Kill: c.class == changes || c.class == ends,
	})
	if i != t.fault.at {
		return nil
	}
	t.result.Done = true
	if t.fault.errno == 0 {
		return unix.Kill(th.process, unix.SIGKILL)
	}
	th.spoil = true
	if r.number() == unix.SYS_CLOSE {
		return nil // it is carried out: close closes even if it fails
	}
	return r.skip(tid)
}

// leave is called where a call ends.
func (t *tracer) leave(tid int, th *thread) error {
	if !th.spoil {
		return nil
	}
	th.spoil = false
	var r registers
	if err := r.read(tid); err != nil {
		return err
	}
	return r.fail(tid, t.fault.errno)
}

// stringsOf reads the arguments that are strings.
func stringsOf(tid int, r *registers, which []int) (all []string) {
	for _, i := range which {
		all = append(all, strconv.Quote(unix.ByteSliceToString(peek(tid, r.arg(i), 256))))
	}
	return all
}

// peek reads n bytes of the program's memory, or as many as there are: none at NULL.
func peek(tid int, address uint64, n int) []byte {
	b := make([]byte, n)
	from := unix.RemoteIovec{Base: uintptr(address), Len: n}
	to := unix.Iovec{Base: &b[0]}
	to.SetLen(n)
	n, err := unix.ProcessVMReadv(tid, []unix.Iovec{to}, []unix.RemoteIovec{from}, 0)
	if err != nil {
		return nil
	}
	return b[:n]
}

// processOf is the process of a thread.
func processOf(tid int) (int, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/status")
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(b), "\nTgid:")
	line, _, _ := strings.Cut(rest, "\n")
	if !ok {
		return 0, fmt.Errorf("no Tgid in /proc/%d/status", tid)
	}
	return strconv.Atoi(strings.TrimSpace(line))
}
