//go:build linux

// Command bench measures minins beside C programs that send messages encoded
// beforehand: in one run, interleaved, in namespaces of its own. It prints
// medians as ratios to C, wall and CPU time, with what they were measured on.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A sample is what one run of a workload took, for all its operations.
type sample struct{ wall, cpu time.Duration }

// A workload is the same work done by minins and by a C program.
type workload struct {
	name  string
	count int // operations in a run
	limit float64
	run   func(count int) (sample, float64, error) // and allocations per operation
	c     string                                   // the C program
}

const inside = "MININS_BENCH_INSIDE"

func main() {
	dir := flag.String("c", "c", "directory of the C programs")
	rounds := flag.Int("rounds", 15, "runs of each program, interleaved")
	flag.Parse()
	if os.Getenv(inside) == "" {
		os.Exit(again())
	}
	if err := measure(*dir, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// again runs this program in user and network namespaces of its own.
func again() int {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: namespaces of its own:", err)
		return 1
	}
	return 0
}

func measure(dir string, rounds int) error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	fmt.Printf("Linux %s %s, %d CPUs, %s, %s\n\n", unix.ByteSliceToString(u.Release[:]),
		unix.ByteSliceToString(u.Machine[:]), runtime.NumCPU(), runtime.Version(), time.Now().UTC().Format(time.DateOnly))
	fmt.Printf("%-10s %12s %12s   %-26s %-12s %s\n", "workload", "C ns/op", "minins ns/op", "wall ratio (min … max)", "CPU ratio", "allocs/op")
	failed := false
	for _, w := range []workload{
		{name: "getlink", count: 20000, limit: 1.3, run: getlink, c: "getlink"},
	} {
		wall, cpu, allocs, c, ours, err := interleave(w, filepath.Join(dir, w.c), rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		fmt.Printf("%-10s %12d %12d   %-26s %-12.2f %.2f\n", w.name, c.Nanoseconds(), ours.Nanoseconds(),
			fmt.Sprintf("%.2f (%.2f … %.2f)", median(wall), slices.Min(wall), slices.Max(wall)), median(cpu), allocs)
		if median(wall) > w.limit || allocs != 0 {
			fmt.Printf("%-10s over the limit: %.2f times C and 0 allocations\n", w.name, w.limit)
			failed = true
		}
	}
	if failed {
		return errors.New("a limit was not kept")
	}
	return nil
}

// interleave runs the two programs in turn and returns the ratios of each
// round, the allocations, and the median time of an operation.
func interleave(w workload, c string, rounds int) (wall, cpu []float64, allocs float64, cTime, ourTime time.Duration, err error) {
	var cs, ours []time.Duration
	for range rounds {
		theirs, err := runC(c, w.count)
		if err != nil {
			return nil, nil, 0, 0, 0, err
		}
		mine, n, err := w.run(w.count)
		if err != nil {
			return nil, nil, 0, 0, 0, err
		}
		wall = append(wall, float64(mine.wall)/float64(theirs.wall))
		cpu = append(cpu, float64(mine.cpu)/float64(theirs.cpu))
		cs, ours, allocs = append(cs, theirs.wall), append(ours, mine.wall), n
	}
	n := time.Duration(w.count)
	return wall, cpu, allocs, median(cs) / n, median(ours) / n, nil
}

func runC(path string, count int) (s sample, err error) {
	out, err := exec.Command(path, fmt.Sprint(count)).Output()
	if err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := fmt.Sscan(string(out), &s.wall, &s.cpu); err != nil {
		return s, fmt.Errorf("%s printed %q: %w", path, out, err)
	}
	return s, nil
}

func median[T float64 | time.Duration](v []T) T {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}
