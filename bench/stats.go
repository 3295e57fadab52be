//go:build linux

package main

import (
	"slices"
)

// A Sample is what one run of a contestant took for a phase.
type Sample struct {
	Round  int              `json:"round"`
	Ops    int              `json:"ops"`
	Wall   int64            `json:"wall_ns"`
	CPU    int64            `json:"cpu_ns"`
	MaxRSS int64            `json:"max_rss_kib"`      // of the whole run
	Values map[string]int64 `json:"values,omitempty"` // allocs, p50_ns, p99_ns
}

// A Series is all samples of a contestant in a phase of a workload of N objects.
type Series struct {
	Workload   string   `json:"workload"`
	N          int      `json:"n"`
	Phase      string   `json:"phase"`
	Contestant string   `json:"contestant"`
	Samples    []Sample `json:"samples"`
}

// A Spread is the median of something and how far it went.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// A metric is a figure of a sample, if it has that.
type metric func(Sample) (float64, bool)

func wallPerOp(s Sample) (float64, bool) { return float64(s.Wall) / float64(s.Ops), true }
func cpuPerOp(s Sample) (float64, bool)  { return float64(s.CPU) / float64(s.Ops), true }

// rss is in bytes.
func rss(s Sample) (float64, bool) { return float64(s.MaxRSS) * 1024, true }

func value(key string) metric {
	return func(s Sample) (float64, bool) {
		v, ok := s.Values[key]
		return float64(v), ok
	}
}

func allocsPerOp(s Sample) (float64, bool) {
	v, ok := s.Values["allocs"]
	return float64(v) / float64(s.Ops), ok
}

// of returns a figure's spread over the rounds; ok is false if there is none.
func (s Series) of(m metric) (spread Spread, ok bool) {
	var v []float64
	for _, sample := range s.Samples {
		if x, ok := m(sample); ok {
			v = append(v, x)
		}
	}
	return spreadOf(v)
}

// over returns the spread of the ratios of s to base, each of one round.
func (s Series) over(base Series, m metric) (spread Spread, ok bool) {
	var v []float64
	for _, a := range s.Samples {
		i := slices.IndexFunc(base.Samples, func(b Sample) bool { return b.Round == a.Round })
		if i < 0 {
			continue
		}
		x, ok1 := m(a)
		y, ok2 := m(base.Samples[i])
		if ok1 && ok2 && y > 0 {
			v = append(v, x/y)
		}
	}
	return spreadOf(v)
}

func spreadOf(v []float64) (Spread, bool) {
	if len(v) == 0 {
		return Spread{}, false
	}
	v = slices.Sorted(slices.Values(v))
	mid := len(v) / 2
	median := v[mid]
	if len(v)%2 == 0 {
		median = (v[mid-1] + v[mid]) / 2
	}
	return Spread{v[0], median, v[len(v)-1]}, true
}
