//go:build linux

package nsfs

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Join is what a child of [Command.StartIn] enters before it becomes the command.
type Join struct {
	// Namespaces are entered in this order: a user namespace first, for the
	// rights that it gives.
	Namespaces []Joined

	// Root has the child become user and group 0, with no other groups, as
	// nsenter has it in a user namespace.
	Root bool

	// Fork has a child of the child become the command, as a PID namespace
	// is for children only. Its process ID is the one that StartIn returns.
	Fork bool

	// Deathsig is the signal that comes when the thread that calls StartIn
	// ends; 0 is none. See [Wait].
	Deathsig syscall.Signal

	// Dir is the working directory then. Without one, and where there is none of that
	// name, it is the old one, or "/" of a mount namespace that was entered.
	Dir string
}

// A Joined is one namespace to enter.
type Joined struct {
	FD   int    // of a file such as /proc/PID/ns/user
	What string // what has failed if the kernel refuses it
}

// StartIn starts the command as a child in other namespaces, also in a user
// namespace, which the kernel refuses to a process of several threads, as every
// Go program is. The child is a copy of this process with one thread: it makes
// system calls alone, the last of which is execve. What is looked up in PATH
// is looked up in the new mount namespace.
//
// The error is of [OpEnter] if a namespace could not be entered, else of [OpExec].
//
// Equivalent to: `nsenter --user=FILE --mount=FILE ... COMMAND`
func (c *Command) StartIn(j *Join) (pid int, err error) {
	files := c.files()
	pid, at, err := c.startIn(j, files, c.Args)
	if errors.Is(err, unix.ENOEXEC) {
		pid, _, err = c.startIn(j, []string{"/bin/sh"}, c.script(files[at]))
	}
	return pid, err
}

// startIn tries files as execvp does, and says which of them failed.
func (c *Command) startIn(j *Join, files, args []string) (pid, at int, err error) {
	m, err := newCopied(files, args, c.Env, j)
	if err != nil {
		return 0, 0, c.error(err)
	}
	defer m.free()
	// Go has raised the limit to open files, and takes that back for what it
	// executes: also if there is nothing to execute.
	_ = syscall.Exec("", nil, nil)
	pid, err = m.start(c.Blocked)
	if err != nil {
		return 0, 0, c.error(err)
	}
	if forked := m.report.forked; forked != 0 {
		_, _ = Wait(pid) // it has no more to do
		pid = int(forked)
	}
	no := unix.Errno(m.report.no)
	if no == 0 {
		return pid, 0, nil
	}
	_, _ = Wait(pid) // it has told what there is to tell
	at, n := int(m.report.at), len(j.Namespaces)
	e := &Error{Op: OpEnter, Name: c.name(), Err: no}
	switch {
	case at < n:
		e.Call, e.What = "setns(fd, 0)", j.Namespaces[at].What
	case at < n+len(becoming):
		e.Call = becoming[at-n]
		e.What = e.Call + " failed"
	default:
		return 0, at - n - len(becoming), c.error(no)
	}
	return 0, 0, e
}

// becoming are the calls between setns and execve that may fail, in their order.
var becoming = [...]string{"setgroups", "setgid", "setuid", "fork"}

// files are the files that execvp would try, and the fallback.
func (c *Command) files() (files []string) {
	if strings.Contains(c.name(), "/") {
		return []string{c.name()}
	}
	for _, dir := range strings.Split(c.path(), ":") {
		if dir == "" {
			dir = "."
		}
		files = append(files, dir+"/"+c.name())
	}
	if c.Fallback != "" {
		files = append(files, c.Fallback)
	}
	return files
}

// A copied is what a copy of this process needs to become a program. All that
// the kernel reads is in memory that is not Go's, so that its address is known.
// That memory is shared with the copy, for its report.
type copied struct {
	memory []byte
	report *report // where memory begins
	base   uintptr // of memory
	used   uintptr // bytes of it
	zero   bool    // a string had a zero in it
	free   func()

	zeros  uintptr // of a struct sigaction: SIG_DFL
	mask   uintptr // sigset_t
	sigset uintptr // bytes of it that the kernel has
	dir    uintptr // 0: none
	argv   uintptr
	envp   uintptr
	files  []uintptr
	caught uint64 // signals that Go may catch: a bit for each, 1 for SIGHUP

	namespaces []uintptr
	root, fork bool
	deathsig   uintptr
}

// A report is what the copy tells, if it can still tell anything: it is not a program yet.
type report struct {
	no, at uint32 // the errno, and the number of the step that failed; 0: none
	forked uint32 // process ID of the child's child; 0: none
}

// In bytes.
const (
	copiedMost = 64 << 20 // more than execve takes
	reportLen  = 16       // of a report, and what aligns the next
	sigLen     = 256      // more than a struct sigaction
	maskLen    = 128      // of unix.Sigset_t
	wordLen    = bits.UintSize / 8
)

// newCopied writes all that the kernel is to read to memory.
func newCopied(files, args, env []string, j *Join) (*copied, error) {
	size := 2*reportLen + sigLen + maskLen
	for _, list := range [][]string{files, args, env, {j.Dir}} {
		for _, s := range list {
			size += 3*8 + len(s) // a pointer to it, and what take adds
		}
	}
	if size > copiedMost {
		return nil, unix.E2BIG
	}
	p, err := unix.MmapPtr(-1, 0, nil, uintptr(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, err
	}
	m := &copied{
		memory: (*[copiedMost]byte)(p)[:size], report: (*report)(p), base: uintptr(p), used: reportLen,
		free: func() { _ = unix.MunmapPtr(p, uintptr(size)) },
		root: j.Root, fork: j.Fork, deathsig: uintptr(j.Deathsig), sigset: 8, // _NSIG / 8
	}
	if strings.HasPrefix(runtime.GOARCH, "mips") {
		m.sigset = 16
	}
	for _, ns := range j.Namespaces {
		m.namespaces = append(m.namespaces, uintptr(ns.FD))
	}
	m.zeros, m.mask = m.take(sigLen), m.take(maskLen)
	m.files = m.texts(files)
	m.argv, m.envp = m.array(m.texts(args)), m.array(m.texts(env))
	if j.Dir != "" {
		m.dir = m.texts([]string{j.Dir})[0]
	}
	if m.zero {
		m.free()
		return nil, unix.EINVAL
	}
	for s := range unix.Signal(64) {
		if !signal.Ignored(s + 1) {
			m.caught |= 1 << s
		}
	}
	return m, nil
}

// take is the address of n bytes more, aligned.
func (m *copied) take(n int) uintptr {
	at := m.base + m.used
	m.used += uintptr(n+7) &^ 7
	return at
}

// texts writes strings as C has them.
func (m *copied) texts(list []string) (at []uintptr) {
	for _, s := range list {
		a := m.take(len(s) + 1)
		copy(m.memory[a-m.base:], s)
		m.zero = m.zero || strings.IndexByte(s, 0) >= 0
		at = append(at, a)
	}
	return at
}

// array writes pointers, with a NULL behind them.
func (m *copied) array(pointers []uintptr) uintptr {
	at := m.take(wordLen * (len(pointers) + 1))
	for i, p := range pointers {
		m.word(at, i, p)
	}
	return at
}

// word writes element i of the array at an address.
func (m *copied) word(array uintptr, i int, v uintptr) {
	b := m.memory[array-m.base+uintptr(i*wordLen):]
	if wordLen == 8 {
		binary.NativeEndian.PutUint64(b, uint64(v))
	} else {
		binary.NativeEndian.PutUint32(b, uint32(v))
	}
}

// start makes the copy, and returns when that is a program or has failed: either
// closes a pipe.
func (m *copied) start(blocked *unix.Sigset_t) (pid int, err error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return 0, err
	}
	defer unix.Close(pipe[0])
	pid, err = m.copy(blocked)
	unix.Close(pipe[1])
	if err != nil {
		return 0, err
	}
	for end := make([]byte, 1); ; {
		if _, err := unix.Read(pipe[0], end); err != unix.EINTR {
			return pid, nil
		}
	}
}

// copy blocks all signals before there is a copy: none may find Go's handlers in a
// process that has no Go runtime.
func (m *copied) copy(blocked *unix.Sigset_t) (pid int, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, before unix.Sigset_t
	for i := range all.Val {
		all.Val[i]--
	}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &all, &before); err != nil {
		return 0, err
	}
	for i, v := range before.Val {
		if blocked != nil {
			v |= blocked.Val[i]
		}
		m.word(m.mask, i, uintptr(v))
	}
	syscall.ForkLock.Lock()
	id, no := clone(0)
	if no == 0 && id == 0 {
		m.become()
	}
	syscall.ForkLock.Unlock()
	err = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	if no != 0 {
		return 0, no
	}
	return int(id), err
}

// clone is fork.
//
//go:nosplit
//go:norace
func clone(flags uintptr) (pid uintptr, no syscall.Errno) {
	flags |= uintptr(syscall.SIGCHLD)
	if runtime.GOARCH == "s390x" {
		pid, _, no = syscall.RawSyscall6(syscall.SYS_CLONE, 0, flags, 0, 0, 0, 0)
	} else {
		pid, _, no = syscall.RawSyscall6(syscall.SYS_CLONE, flags, 0, 0, 0, 0, 0)
	}
	return pid, no
}

// become is all that the copy does; it does not return. Nothing here may need Go's
// runtime, which has but this thread now: a lock that another one held stays held.
//
//go:nosplit
//go:norace
func (m *copied) become() {
	var no, groups syscall.Errno
	at := uint32(0)
	if m.root { // refused outside or inside, but not in both
		_, _, groups = syscall.RawSyscall(syscall.SYS_SETGROUPS, 0, 0, 0)
	}
	for _, fd := range m.namespaces {
		if _, _, no = syscall.RawSyscall(unix.SYS_SETNS, fd, 0, 0); no != 0 {
			m.fail(at, no)
		}
		at++
	}
	if m.root {
		if _, _, no = syscall.RawSyscall(syscall.SYS_SETGROUPS, 0, 0, 0); no != 0 && groups != 0 {
			m.fail(at, no)
		}
		if _, _, no = syscall.RawSyscall(syscall.SYS_SETGID, 0, 0, 0); no != 0 {
			m.fail(at+1, no)
		}
		if _, _, no = syscall.RawSyscall(syscall.SYS_SETUID, 0, 0, 0); no != 0 {
			m.fail(at+2, no)
		}
	}
	if m.fork {
		pid, no := clone(syscall.CLONE_PARENT)
		if no != 0 {
			m.fail(at+3, no)
		}
		if pid != 0 {
			m.report.forked = uint32(pid)
			exit()
		}
	}
	at += uint32(len(becoming))
	if m.deathsig != 0 { // only now: what changes capabilities takes it back
		_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, unix.PR_SET_PDEATHSIG, m.deathsig, 0)
	}
	if m.dir != 0 {
		_, _, _ = syscall.RawSyscall(syscall.SYS_CHDIR, m.dir, 0, 0)
	}
	for s := uintptr(0); s < 64; s++ {
		if m.caught>>s&1 != 0 {
			_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, s+1, m.zeros, 0, m.sigset, 0, 0)
		}
	}
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, m.mask, 0, m.sigset, 0, 0)
	failed, failedAt := syscall.ENOENT, at
	for _, file := range m.files {
		_, _, no = syscall.RawSyscall(syscall.SYS_EXECVE, file, m.argv, m.envp)
		switch no {
		case syscall.ENOENT, syscall.ENOTDIR:
		case syscall.EACCES:
			failed, failedAt = no, at
		default:
			m.fail(at, no)
		}
		at++
	}
	m.fail(failedAt, failed)
}

// fail tells of a failure, and ends the copy.
//
//go:nosplit
//go:norace
func (m *copied) fail(at uint32, no syscall.Errno) {
	m.report.no, m.report.at = uint32(no), at
	exit()
}

//go:nosplit
//go:norace
func exit() {
	for {
		_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 127, 0, 0)
	}
}
