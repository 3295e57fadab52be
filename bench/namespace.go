//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
)

// inside marks the copy of this program that is in namespaces of its own.
const inside = "MININS_BENCH_INSIDE"

// again runs this program in namespaces of its own, so that nothing that it
// does touches the host's network and an ordinary user can run it too.
func again() int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM)
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS,
		Pdeathsig:  unix.SIGTERM,
	}
	if uid := os.Getuid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "bench: namespaces of its own:", err)
		return 1
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // it may have ended, which Wait tells
		}
	}()
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

// settle waits until the kernel has destroyed all namespaces of earlier runs:
// it destroys them in order, so one made now and let go is the last of them.
func settle() error {
	ns, err := contestant.NewNetns()
	if err != nil {
		return err
	}
	names, err := contestant.Witness(fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), ns.Fd()))
	ns.Close()
	if err != nil {
		return err
	}
	if err := contestant.WaitGone(names...); err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond)
	return nil
}
