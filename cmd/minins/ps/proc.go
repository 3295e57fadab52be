//go:build linux

package ps

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// hz is USER_HZ, the unit of times in /proc/PID/stat on all of Go's machines.
const hz = 100

// A process is what /proc/PID/stat, status and cmdline say of one.
type process struct {
	_ [0]func() // not to be compared: that would take code

	pid, ppid, pgrp, session, tpgid int
	tty                             uint32 // device number, 0 for none
	euid                            uint32
	comm                            string
	args                            string // "" for kernel threads and zombies
	state                           byte
	nice                            int
	threads                         int
	ticks                           uint64 // of CPU time, user and system
	start                           uint64 // ticks after boot
	size, resident, locked          uint64 // KiB
}

// A system is what all processes share.
type system struct {
	proc     string
	boot     int64  // seconds since 1970
	uptime   uint64 // ticks
	memory   uint64 // KiB
	pidWidth int    // digits of the highest process number
	users    map[uint32]string
	ttys     []ttyDriver
}

func readSystem(proc string) (*system, error) {
	stat, err := os.ReadFile(proc + "/stat")
	if err != nil {
		return nil, err
	}
	uptime, err := os.ReadFile(proc + "/uptime")
	if err != nil {
		return nil, err
	}
	memory, err := os.ReadFile(proc + "/meminfo")
	if err != nil {
		return nil, err
	}
	sys := &system{proc: proc, pidWidth: 5, users: readUsers("/etc/passwd"), ttys: readDrivers(proc + "/tty/drivers")}
	sys.boot, _ = strconv.ParseInt(value(stat, "btime "), 10, 64)
	sys.uptime = ticks(string(uptime))
	sys.memory = kib(value(memory, "MemTotal:"))
	if highest, err := os.ReadFile(proc + "/sys/kernel/pid_max"); err == nil {
		if n, err := strconv.Atoi(string(bytes.TrimSpace(highest))); err == nil {
			sys.pidWidth = len(strconv.Itoa(n - 1))
		}
	}
	return sys, nil
}

// ticks reads the seconds at the start of /proc/uptime, which have two decimals.
func ticks(uptime string) uint64 {
	seconds, rest, _ := strings.Cut(uptime, ".")
	n, err := strconv.ParseUint(seconds+rest[:min(2, len(rest))], 10, 64)
	if err != nil {
		return 0 // no process is older: no shares are shown
	}
	return n
}

// kib reads "123 kB".
func kib(s string) uint64 {
	number, _, _ := strings.Cut(s, " ")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return 0 // kernel threads have no such lines
	}
	return n
}

// readProcs reads all processes, in the order of their numbers. Those that
// end meanwhile are left out.
func readProcs(proc string, sys *system) ([]*process, error) {
	dir, err := os.Open(proc)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
			for i := len(pids) - 1; i > 0 && pids[i-1] > pid; i-- { // rarely: the kernel has them in order
				pids[i], pids[i-1] = pids[i-1], pid
			}
		}
	}
	var procs []*process
	for _, pid := range pids {
		p, err := readProc(proc + "/" + strconv.Itoa(pid))
		switch {
		case err == nil:
			procs = append(procs, p)
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ESRCH):
			return nil, err
		}
	}
	return procs, nil
}

func readProc(dir string) (*process, error) {
	p := new(process)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return p, err
	}
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return p, err
	}
	cmdline, err := os.ReadFile(dir + "/cmdline")
	if err != nil {
		return p, err
	}
	if err := p.parseStat(string(stat)); err != nil {
		return p, err
	}
	p.parseStatus(status)
	p.args = joinArgs(cmdline)
	return p, nil
}

var errStat = errors.New("/proc/PID/stat is not what proc(5) says")

// parseStat reads the fields of proc_pid_stat(5). The second one, the name in
// parentheses, may hold anything.
func (p *process) parseStat(text string) error {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return errStat
	}
	fields := strings.Fields(text[end+1:]) // the first one is number 3
	if len(fields) < 20 {
		return errStat
	}
	var failed error
	number := func(field int) int64 {
		n, err := strconv.ParseInt(fields[field-3], 10, 64)
		if err != nil {
			failed = errStat
		}
		return n
	}
	pid, err := strconv.Atoi(strings.TrimSpace(text[:open]))
	if err != nil {
		return errStat
	}
	p.pid = pid
	p.comm = text[open+1 : end]
	p.state = fields[0][0]
	p.ppid, p.pgrp, p.session = int(number(4)), int(number(5)), int(number(6))
	p.tty, p.tpgid = uint32(number(7)), int(number(8))
	p.ticks = uint64(number(14) + number(15))
	p.nice, p.threads = int(number(19)), int(number(20))
	p.start = uint64(number(22))
	return failed
}

func (p *process) parseStatus(text []byte) {
	if uids := strings.Fields(value(text, "Uid:")); len(uids) == 4 { // real, effective, saved, file system
		if n, err := strconv.ParseUint(uids[1], 10, 32); err == nil {
			p.euid = uint32(n)
		}
	}
	p.size = kib(value(text, "VmSize:"))
	p.resident = kib(value(text, "VmRSS:"))
	p.locked = kib(value(text, "VmLck:"))
}

// joinArgs puts blanks between the arguments, in place of the NULs.
func joinArgs(cmdline []byte) string {
	args := bytes.TrimRight(cmdline, "\x00")
	for i, c := range args {
		if c == 0 || c == '\n' {
			args[i] = ' '
		}
	}
	return string(args)
}
