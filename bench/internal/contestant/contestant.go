//go:build linux

// Package contestant is what the measured programs of the benchmarks share:
// their command line, the clock of their phases, and the checks that the
// work was done.
//
// A contestant is started as PROG WORKLOAD N in a new network and mount
// namespace, prints a line for each phase, and cleans nothing up:
//
//	PHASE OPS WALL_NS CPU_NS [key=value ...]
//
// Its exit status is 0, or 1 with a message if anything went wrong, or 3 with
// no output if it does not do that workload.
package contestant

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// unknown is the exit status for a workload that a contestant does not do.
const unknown = 3

// A Workload does its set-up and its phases, for n objects, on r's clock.
type Workload func(r *Run, n int) error

// A Run is one run of a workload. It holds back the lines of the phases until
// the workload ends, so that no write is measured.
type Run struct{ out *bufio.Writer }

// Main runs the workload that the command line names, and exits. It is all
// that a contestant's main function does. The workload's goroutine is not
// locked to a thread: one that changes namespaces must lock itself.
func Main(workloads map[string]Workload) {
	os.Exit(run(os.Args, workloads))
}

func run(args []string, workloads map[string]Workload) int {
	if len(args) != 3 {
		fmt.Fprintln(os.Stderr, "usage:", filepath.Base(args[0]), "WORKLOAD N")
		return 1
	}
	w := workloads[args[1]]
	if w == nil {
		return unknown
	}
	n, err := strconv.Atoi(args[2])
	if err != nil || n < 1 {
		fmt.Fprintf(os.Stderr, "%s: not a number of objects: %q\n", filepath.Base(args[0]), args[2])
		return 1
	}
	r := &Run{out: bufio.NewWriter(os.Stdout)}
	err = w(r, n)
	if e := r.out.Flush(); err == nil {
		err = e
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %s %d: %v\n", filepath.Base(args[0]), args[1], n, err)
		return 1
	}
	return 0
}
