//go:build linux

// Command launch starts a contestant and says how much memory it had. The
// runner starts it in new namespaces, which it furnishes first:
//
//	launch run PROG ARGS…           one contestant
//	launch starts COUNT PROG ARGS…  a program COUNT times: the workload "start"
//	launch hold                     nobody: the namespaces stay until stdin ends
//	launch join PID PROG ARGS…      one contestant in the namespaces of PID
//
// The maximum resident set, in KiB, goes to descriptor 3; the exit status is the
// contestant's. It is a small program on purpose: what the kernel says of a new
// process begins with the size of the one that started it.
package main

import (
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	runtime.LockOSThread() // children die with the thread that started them, and are in its namespaces
	unix.CloseOnExec(3)
	status, err := launch(os.Args[1:])
	if err != nil {
		say("launch: " + err.Error())
		status = 1
	}
	os.Exit(status)
}

func launch(args []string) (status int, err error) {
	verb := ""
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	switch {
	case verb == "run" && len(args) > 0:
		if err := furnish(); err != nil {
			return 0, err
		}
		return contestant(args)
	case verb == "starts" && len(args) > 1:
		if err := furnish(); err != nil {
			return 0, err
		}
		return 0, starts(args[0], args[1:])
	case verb == "hold":
		if err := furnish(); err != nil {
			return 0, err
		}
		if _, err := os.Stdout.WriteString("ready\n"); err != nil {
			return 0, err
		}
		_, err := io.Copy(io.Discard, os.Stdin)
		return 0, err
	case verb == "join" && len(args) > 1:
		if err := join(args[0]); err != nil {
			return 0, err
		}
		return contestant(args[1:])
	}
	return 0, os.ErrInvalid
}

// say is for people; whoever closed stderr does not want to know.
func say(line string) { _, _ = os.Stderr.WriteString(line + "\n") }

// furnish makes the mounts private and an empty /run with /run/netns, shared
// with itself alone, as iproute2 leaves it.
func furnish() error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return os.NewSyscallError("mount / private", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return os.NewSyscallError("mount /run", err)
	}
	const dir = "/run/netns"
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(dir, dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return os.NewSyscallError("mount "+dir, err)
	}
	return os.NewSyscallError("mount "+dir+" shared", unix.Mount("none", dir, "", unix.MS_SHARED|unix.MS_REC, ""))
}

// join moves this thread, and so what it starts, into the namespaces of a process.
func join(pid string) error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	for _, ns := range []string{"net", "mnt"} { // the other order would change what /proc is
		f, err := os.Open("/proc/" + pid + "/ns/" + ns)
		if err != nil {
			return err
		}
		err = unix.Setns(int(f.Fd()), 0)
		f.Close()
		if err != nil {
			return os.NewSyscallError("setns "+ns, err)
		}
	}
	return nil
}

// contestant runs a program and hands on its maximum resident set.
func contestant(args []string) (status int, err error) {
	_, status, rss, err := child(args, os.Stdout)
	if err != nil {
		return 0, err
	}
	return status, report(rss)
}

func report(rss int64) error {
	_, err := os.NewFile(3, "report").WriteString(strconv.FormatInt(rss, 10) + "\n")
	return err
}

// starts prints what it takes to start a program and wait for its end.
func starts(count string, args []string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	var cpu, wall time.Duration
	var most int64
	each := make([]time.Duration, n)
	for i := range each {
		begin := time.Now()
		used, status, rss, err := child(args, null)
		each[i] = time.Since(begin)
		if err != nil {
			return err
		}
		if status != 0 {
			say(args[0] + " failed")
			os.Exit(status)
		}
		wall, cpu, most = wall+each[i], cpu+used, max(most, rss)
	}
	slices.Sort(each)
	number := func(d time.Duration) string { return strconv.FormatInt(d.Nanoseconds(), 10) }
	if _, err := os.Stdout.WriteString("start " + count + " " + number(wall) + " " + number(cpu) +
		" p50_ns=" + number(each[n/2]) + " p99_ns=" + number(each[n*99/100]) + "\n"); err != nil {
		return err
	}
	return report(most)
}

// child runs a program to its end: CPU time, exit status, maximum resident set in KiB.
func child(args []string, stdout *os.File) (cpu time.Duration, status int, rss int64, err error) {
	p, err := os.StartProcess(args[0], args, &os.ProcAttr{
		Files: []*os.File{os.Stdin, stdout, os.Stderr},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return 0, 0, 0, err
	}
	state, err := p.Wait()
	if err != nil {
		return 0, 0, 0, err
	}
	if status = state.ExitCode(); status < 0 { // a signal
		say(state.String())
		status = 1
	}
	rss = int64(state.SysUsage().(*syscall.Rusage).Maxrss) //nolint:unconvert // it has 32 bits where int has
	return state.UserTime() + state.SystemTime(), status, rss, nil
}
