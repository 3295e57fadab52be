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
	if w.prepare == "" {
		return m.rounds(ctx, w, s, "")
	}
	holder, release, err := m.programs.hold(ctx)
	if err != nil {
		return err
	}
	_, err = m.programs.run(ctx, workload{name: w.prepare}, limit, s.n, holder)
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case err != nil && !errors.Is(err, errNoPhase):
		m.fail(w, s.n, limit+" "+w.prepare, 0, err)
		m.progress.skip(s.rounds * len(w.entrants(s.n, m.quick)))
		err = nil
	default:
		err = m.rounds(ctx, w, s, holder)
	}
	return errors.Join(err, release())
}

// rounds runs the contestants in turn, in the namespaces of holder if there is
// one.
func (m *measurement) rounds(ctx context.Context, w workload, s size, holder string) error {
	left := w.entrants(s.n, m.quick)
	spent := map[string]time.Duration{}
	for round := range s.rounds {
		if m.allowance > 0 && spent[limit]+spent[subject] > m.allowance {
			m.progress.skip((s.rounds - round) * len(left))
			return nil
		}
		for _, name := range turn(left, round) {
			stays := !m.impatient(name, spent[name], round)
			if stays {
				began := time.Now()
				var err error
				if stays, err = m.once(ctx, w, s, name, round, holder); err != nil {
					return err
				}
				spent[name] += time.Since(began)
			} else {
				m.progress.skip(1)
			}
			if !stays {
				m.progress.skip(s.rounds - round - 1)
				left = slices.DeleteFunc(left, func(l string) bool { return l == name })
			}
		}
	}
	return nil
}

// impatient reports that another round of a peer, as long as those before,
// would be too much.
func (m *measurement) impatient(name string, spent time.Duration, rounds int) bool {
	return rounds > 0 && name != limit && name != subject && spent+spent/time.Duration(rounds) > m.patience
}

// once runs a contestant and adds what it took to the series. It does not stay
// if it fails.
func (m *measurement) once(ctx context.Context, w workload, s size, name string, round int, holder string) (stays bool, err error) {
	if err := m.settle(); err != nil {
		return false, fmt.Errorf("settle: %w", err)
	}
	m.progress.begin(w.name, s.n, name, round+1, s.rounds)
	phases, err := m.programs.run(ctx, w, name, s.n, holder)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	m.progress.end(phases, err)
	if err != nil {
		if !errors.Is(err, errUnknown) || name == limit || name == subject {
			m.fail(w, s.n, name, round, err)
		}
		return false, nil
	}
	for _, p := range phases {
		p.sample.Round = round
		if entrantNamed(name).tool() {
			delete(p.sample.Values, "allocs")
		}
		m.add(w.name, s.n, p.name, name, p.sample)
	}
	return true, nil
}

// turn rotates the order of a round, and reverses that of every other one, so that
// nobody always runs after the same one: the kernel still has work from that.
func turn(names []string, round int) []string {
	if len(names) == 0 {
		return nil
	}
	first := round / 2 % len(names)
	order := append(slices.Clone(names[first:]), names[:first]...)
	if round%2 == 1 {
		slices.Reverse(order)
	}
	return order
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
