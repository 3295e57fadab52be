//go:build linux

// Package child is how an applet waits for a program that it had to start as a
// child: as if the program had taken its place.
package child

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
)

// exitSignal is what a shell adds to the signal that killed a program.
const exitSignal = 128

// Heed has SIGCHLD heeded again if it was ignored, with which there is no
// waiting for a child. util-linux does so too, and programs inherit that.
func Heed() { signal.Notify(make(chan os.Signal, 1), unix.SIGCHLD) }

// Run calls start, which returns a child's process ID, waits for the child and
// returns its exit status. If a signal killed the child, the same signal ends
// this process, or if that is not possible without more ado, the status is that of
// a shell.
//
// Signals are passed on, but not those that the terminal sent to both: of SIGINT
// and SIGQUIT, those that come while this process is in the foreground. Where there is a
// terminal and the child stops, this process stops too, for the shell to see, and
// continues it when it is continued.
func Run(start func() (pid int, err error)) (int, error) {
	Heed()
	signals := make(chan os.Signal, 16)
	for s := range unix.Signal(64) {
		if passed(s+1) && !signal.Ignored(s+1) { // or else the child would not inherit that
			signal.Notify(signals, s+1)
		}
	}
	pid, err := start()
	if err != nil {
		signal.Stop(signals)
		return 0, err
	}
	done := make(chan struct{})
	defer close(done)
	go pass(pid, signals, done)
	status, err := wait(pid)
	signal.Stop(signals)
	switch {
	case err != nil:
		return 0, err
	case status.Signaled():
		return killed(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}

// passed reports whether a signal is for the child: those that stop and continue
// are for both, the terminal's size too, some are of Go's runtime and of faults.
func passed(s unix.Signal) bool {
	switch s {
	case unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM, unix.SIGIO, unix.SIGPWR:
		return true
	}
	return s > 34 // of real time, which the C library and so Go leave to programs
}

func pass(pid int, signals <-chan os.Signal, done <-chan struct{}) {
	for {
		select {
		case s := <-signals:
			if (s == unix.SIGINT || s == unix.SIGQUIT) && foreground() {
				continue
			}
			_ = unix.Kill(pid, s.(unix.Signal)) // if it has ended, wait tells
		case <-done:
			return
		}
	}
}

// foreground reports whether the terminal sends this process its signals.
func foreground() bool { return terminalGroup(0) == unix.Getpgrp() }

// terminalGroup is the process group in the foreground of the controlling terminal,
// 0 if there is none. If it is this process's, it is set to another one first.
func terminalGroup(set int) int {
	fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	if set != 0 && group == unix.Getpgrp() {
		_ = unix.IoctlSetPointerInt(fd, unix.TIOCSPGRP, set) // if that group is gone, so be it
	}
	return group
}

// wait waits for the end of the child, and stops with it.
func wait(pid int) (syscall.WaitStatus, error) {
	for {
		status, err := nsfs.WaitOptions(pid, unix.WUNTRACED)
		if err != nil || !status.Stopped() {
			return status, err
		}
		// The terminal may have stopped both, and the shell have continued both by now.
		if now, err := nsfs.WaitOptions(pid, unix.WCONTINUED|unix.WNOHANG); err != nil || now.Continued() {
			continue
		}
		if group := terminalGroup(0); group != 0 {
			_ = unix.Kill(unix.Getpid(), unix.SIGSTOP) // and here it goes on
			terminalGroup(group)                       // which a shell may be that the child is
			_ = unix.Kill(pid, unix.SIGCONT)
		}
	}
}

// killed dies of the signal that killed the child, for a shell to see that too: it
// ends a script if one was SIGINT. Signals of which Go has no quiet death are a number.
func killed(s unix.Signal) int {
	switch s {
	case unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGKILL:
		_ = unix.Kill(unix.Getpid(), s)
		_, _ = unix.Poll(nil, 100) // ms: another thread may get it; and it may be blocked
	}
	return exitSignal + int(s)
}
