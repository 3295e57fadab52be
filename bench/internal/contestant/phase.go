//go:build linux

package contestant

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// A Mark is a moment from which phases are measured.
type Mark struct {
	r       *Run
	mallocs uint64
	cpu     time.Duration
	wall    time.Time
}

// Start marks the beginning of a phase: call it after the set-up, right before
// the first call that counts.
func (r *Run) Start() (Mark, error) {
	runtime.GC() // what the set-up left behind is not the phase's to sweep
	m := Mark{r: r, mallocs: mallocs()}
	var err error
	m.cpu, err = cpu()
	m.wall = time.Now()
	return m, err
}

// End writes the line of a phase of ops operations that lasted from the mark
// until now. Several phases may end on one mark. The extra key=value pairs
// come last in the line.
func (m Mark) End(phase string, ops int, extra ...string) error {
	wall := time.Since(m.wall)
	used, err := cpu()
	if err != nil {
		return err
	}
	allocs := mallocs() - m.mallocs
	fmt.Fprintf(m.r.out, "%s %d %d %d allocs=%d", phase, ops, wall.Nanoseconds(), (used - m.cpu).Nanoseconds(), allocs)
	for _, kv := range extra {
		fmt.Fprint(m.r.out, " ", kv)
	}
	_, err = fmt.Fprintln(m.r.out)
	return err
}

// Phase measures f as a phase of ops operations.
func (r *Run) Phase(name string, ops int, f func() error) error {
	m, err := r.Start()
	if err != nil {
		return err
	}
	if err := f(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return m.End(name, ops)
}

// Each measures a phase of n operations f(0) to f(n-1).
func (r *Run) Each(name string, n int, f func(i int) error) error {
	return r.Phase(name, n, func() error { return each(n, f) })
}

// Dump measures the phase dump: all objects are read, five times if they are
// few. The function returns how many it read: n at least.
func (r *Run) Dump(n int, f func() (int, error)) error {
	times := 1
	if n <= 10000 {
		times = 5
	}
	m, err := r.Start()
	if err != nil {
		return err
	}
	total := 0
	for range times {
		found, err := f()
		if err != nil {
			return fmt.Errorf("dump: %w", err)
		}
		if found < n {
			return fmt.Errorf("dump: %d objects, expected %d or more", found, n)
		}
		total += found
	}
	return m.End("dump", total)
}

// EachTimed is Each with percentiles of the single operations in its line.
func (r *Run) EachTimed(name string, n int, f func(i int) error) error {
	took := make([]time.Duration, n)
	m, err := r.Start()
	if err != nil {
		return err
	}
	err = each(n, func(i int) error {
		start := time.Now()
		err := f(i)
		took[i] = time.Since(start)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return m.End(name, n, Percentiles(took)...)
}

func each(n int, f func(i int) error) error {
	for i := range n {
		if err := f(i); err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
	}
	return nil
}

// Percentiles returns the pairs p50_ns and p99_ns of the operations' times,
// by the nearest rank. It sorts took, which must not be empty.
func Percentiles(took []time.Duration) []string {
	slices.Sort(took)
	rank := func(p int) int64 { return took[(len(took)*p+99)/100-1].Nanoseconds() }
	return []string{fmt.Sprintf("p50_ns=%d", rank(50)), fmt.Sprintf("p99_ns=%d", rank(99))}
}

// mallocs returns the number of objects that were ever allocated on the heap.
func mallocs() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.Mallocs
}

// cpu returns the user and system time of this process and of its children
// that ended and were waited for.
func cpu() (time.Duration, error) {
	var sum time.Duration
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if err := unix.Getrusage(who, &u); err != nil {
			return 0, err
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum, nil
}
