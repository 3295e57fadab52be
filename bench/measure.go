//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Failure is a contestant that could not do a workload.
type Failure struct {
	Workload   string `json:"workload"`
	N          int    `json:"n"`
	Contestant string `json:"contestant"`
	Round      int    `json:"round"`
	Error      string `json:"error"`
}

// A measurement runs workloads and collects what they took.
type measurement struct {
	programs programs
	settle   func() error
	progress *progress
	patience time.Duration
	quick    bool
	// allowance is how long C and minins together may take for a size, if not
	// 0: no further round begins after that.
	allowance time.Duration

	series   []Series
	failures []Failure
}

// measure runs all rounds of a workload of one size.
func (m *measurement) measure(ctx context.Context, w workload, s size) error {
	holder := ""
	if w.prepare != "" {
		pid, release, err := m.programs.hold(ctx)
		if err != nil {
			return err
		}
		defer release() // the end of the process that held the namespaces changes nothing
		holder = pid
		prepare := workload{name: w.prepare}
		if _, err := m.programs.run(ctx, prepare, limit, s.n, holder); err != nil && !errors.Is(err, errNoPhase) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			m.fail(w, s.n, limit+" "+w.prepare, 0, err)
			m.progress.skip(s.rounds * len(w.entrants(s.n, m.quick)))
			return nil
		}
	}
	left := w.entrants(s.n, m.quick)
	spent := map[string]time.Duration{}
	for round := range s.rounds {
		if m.allowance > 0 && spent[limit]+spent[subject] > m.allowance {
			m.progress.skip((s.rounds - round) * len(left))
			break
		}
		for _, name := range turn(left, round) {
			if took := spent[name]; round > 0 && name != limit && name != subject && took+took/time.Duration(round) > m.patience {
				left = slices.DeleteFunc(left, func(l string) bool { return l == name })
				m.progress.skip(s.rounds - round)
				continue
			}
			if err := m.settle(); err != nil {
				return fmt.Errorf("settle: %w", err)
			}
			m.progress.begin(w.name, s.n, name, round+1, s.rounds)
			began := time.Now()
			phases, err := m.programs.run(ctx, w, name, s.n, holder)
			spent[name] += time.Since(began)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			m.progress.end(phases, err)
			if err != nil {
				left = slices.DeleteFunc(left, func(l string) bool { return l == name })
				m.progress.skip(s.rounds - round - 1)
				if !errors.Is(err, errUnknown) || name == limit || name == subject {
					m.fail(w, s.n, name, round, err)
				}
				continue
			}
			for _, p := range phases {
				p.sample.Round = round
				if entrantNamed(name).tool() {
					delete(p.sample.Values, "allocs")
				}
				m.add(w.name, s.n, p.name, name, p.sample)
			}
		}
	}
	return nil
}

// turn rotates the order of a round, so that nobody always runs after the same one.
func turn(names []string, round int) []string {
	if len(names) == 0 {
		return nil
	}
	first := round % len(names)
	return append(slices.Clone(names[first:]), names[:first]...)
}

func (m *measurement) fail(w workload, n int, contestant string, round int, err error) {
	f := Failure{w.name, n, contestant, round, err.Error()}
	m.failures = append(m.failures, f)
	m.progress.say("failed: " + f.String())
}

func (f Failure) String() string {
	return fmt.Sprintf("%s %d, %s, round %d: %s", f.Workload, f.N, f.Contestant, f.Round+1, f.Error)
}

func (m *measurement) add(workload string, n int, phase, contestant string, s Sample) {
	i := slices.IndexFunc(m.series, func(s Series) bool {
		return s.Workload == workload && s.N == n && s.Phase == phase && s.Contestant == contestant
	})
	if i < 0 {
		i = len(m.series)
		m.series = append(m.series, Series{workload, n, phase, contestant, nil})
	}
	m.series[i].Samples = append(m.series[i].Samples, s)
}
