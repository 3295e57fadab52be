//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// A Result is all that a run of the benchmarks found.
type Result struct {
	Date     time.Time `json:"date"`
	Command  string    `json:"command"`
	Quick    bool      `json:"quick,omitempty"`
	Seconds  float64   `json:"seconds"` // that it took
	Machine  Machine   `json:"machine"`
	Versions []version `json:"versions"`
	Failures []Failure `json:"failures"`
	Verdicts []Verdict `json:"bars"`
	Series   []Series  `json:"series"`
}

// readResult reads a result and holds it against today's bars.
func readResult(path string) (r Result, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	r.Verdicts, _ = judge(r, bars)
	return r, nil
}

func (r Result) write(path string) error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// find returns a series; ok is false if there is none.
func (r Result) find(workload string, n int, phase, contestant string) (Series, bool) {
	i := slices.IndexFunc(r.Series, func(s Series) bool {
		return s.Workload == workload && s.N == n && s.Phase == phase && s.Contestant == contestant
	})
	if i < 0 {
		return Series{}, false
	}
	return r.Series[i], true
}

// sizes lists the sizes of a workload that were measured, in order.
func (r Result) sizes(workload string) []int {
	var ns []int
	for _, s := range r.Series {
		if s.Workload == workload && !slices.Contains(ns, s.N) {
			ns = append(ns, s.N)
		}
	}
	slices.Sort(ns)
	return ns
}

// phases lists the phases of a workload in their order.
func (r Result) phases(workload string) []string {
	var names []string
	for _, s := range r.Series {
		if s.Workload == workload && !slices.Contains(names, s.Phase) {
			names = append(names, s.Phase)
		}
	}
	return names
}

// field lists who did a phase, in the order of the contestants' table.
func (r Result) field(workload string, n int, phase string) []Series {
	var field []Series
	for _, c := range contestants {
		if s, ok := r.find(workload, n, phase, c.name); ok {
			field = append(field, s)
		}
	}
	return field
}
