//go:build linux

// Command bench measures minins beside a C program that sends messages encoded
// beforehand, and beside the libraries and tools that others use: interleaved,
// in namespaces of their own. README.md has the whole story.
//
//	bench [-quick] [-run REGEXP] [-rounds N] [-out DIR] [-bin DIR]   measure
//	bench -results FILE                  show a result again, and draw it again
//	bench -results FILE -readme README   write its table into a README
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

type options struct {
	quick   bool
	run     string
	rounds  int
	out     string
	bin     string
	results string
	readme  string
}

func main() {
	runtime.LockOSThread() // contestants are in this thread's namespaces, and die with it
	var o options
	flag.BoolVar(&o.quick, "quick", false, "small sizes and few rounds, about two minutes")
	flag.StringVar(&o.run, "run", "", "measure only the workloads whose WORKLOAD/N the `regexp` matches")
	flag.IntVar(&o.rounds, "rounds", 0, "runs of each contestant instead of those of the table")
	flag.StringVar(&o.out, "out", "", "`directory` for results.json and the plots (default results, results/quick, or results/part with -run)")
	flag.StringVar(&o.bin, "bin", "bin", "`directory` of the contestants")
	flag.StringVar(&o.results, "results", "", "measure nothing: show this JSON `file` and draw its plots")
	flag.StringVar(&o.readme, "readme", "", "with -results: write the table into this `file` instead")
	flag.Parse()
	if o.results == "" && os.Getenv(inside) == "" {
		os.Exit(again())
	}
	if err := bench(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(o options) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("%q is not understood", flag.Args())
	}
	switch {
	case o.readme != "" && o.results == "":
		return errors.New("-readme needs -results")
	case o.results != "":
		r, err := readResult(o.results)
		if err != nil {
			return err
		}
		if o.readme != "" {
			return r.writeReadme(o.readme)
		}
		return show(r, filepath.Dir(o.results))
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	r, err := measureAll(ctx, o)
	if err != nil {
		return err
	}
	if o.out == "" {
		o.out = o.defaultOut()
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if err := r.write(filepath.Join(o.out, "results.json")); err != nil {
		return err
	}
	if err := show(r, o.out); err != nil {
		return err
	}
	return r.verdict()
}

// defaultOut keeps the result of a full run from being replaced by less.
func (o options) defaultOut() string {
	switch {
	case o.run != "":
		return "results/part"
	case o.quick:
		return "results/quick"
	}
	return "results"
}

// show prints a result and draws it.
func show(r Result, dir string) error {
	r.report(os.Stdout)
	return r.draw(dir)
}

// verdict is an error if a contestant failed or a bar was missed.
func (r Result) verdict() error {
	missed := 0
	for _, v := range r.Verdicts {
		if !v.Kept {
			missed++
		}
	}
	if missed > 0 || len(r.Failures) > 0 {
		return fmt.Errorf("%d of %d bars missed, %d failures", missed, len(r.Verdicts), len(r.Failures))
	}
	return nil
}

// measureAll measures all workloads that the options name.
func measureAll(ctx context.Context, o options) (r Result, err error) {
	wanted, err := regexp.Compile(o.run)
	if err != nil {
		return r, err
	}
	if r.Machine, err = machine(); err != nil {
		return r, err
	}
	start := time.Now()
	m := measurement{
		programs: programs{o.bin},
		settle:   settle,
		patience: patience(o.quick),
		quick:    o.quick,
		progress: &progress{w: os.Stderr, terminal: terminal(os.Stderr), start: start},
	}
	type job struct {
		workload
		size
	}
	var jobs []job
	for _, w := range workloads() {
		for _, s := range w.sizesOf(o.quick) {
			if !wanted.MatchString(fmt.Sprintf("%s/%d", w.name, s.n)) {
				continue
			}
			if o.rounds > 0 {
				s.rounds = o.rounds
			}
			jobs = append(jobs, job{w, s})
			m.progress.total += s.rounds * len(w.entrants(s.n, o.quick))
		}
	}
	if len(jobs) == 0 {
		return r, fmt.Errorf("no workload matches %q", o.run)
	}
	for i, j := range jobs {
		if o.rounds == 0 {
			m.allowance = max(leastTime, (budget(o.quick)-time.Since(start))/time.Duration(len(jobs)-i))
		}
		err := m.measure(ctx, j.workload, j.size)
		if ctx.Err() != nil {
			return r, errors.New("interrupted, nothing is written")
		}
		if err != nil {
			return r, err
		}
	}
	m.progress.say("")
	r.Date, r.Seconds = start.UTC().Truncate(time.Second), time.Since(start).Seconds()
	r.Command, r.Quick = "bench "+strings.Join(os.Args[1:], " "), o.quick
	r.Versions = versions(m.programs)
	r.Series, r.Failures = m.series, m.failures
	r.Verdicts, _ = judge(r, bars)
	return r, nil
}

func terminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
