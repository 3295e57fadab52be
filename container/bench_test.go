//go:build linux

package container_test

import (
	"testing"
)

// The cost of 50 containers up, and down again. What C needs for it, its
// messages encoded beforehand: see the benchmarks in bench.
func BenchmarkUp(b *testing.B)   { benchmark(b, true) }
func BenchmarkDown(b *testing.B) { benchmark(b, false) }

func benchmark(b *testing.B, up bool) {
	const n = 50
	s := newStage(b, true)
	specs := specs(n)
	b.ReportAllocs()
	b.StopTimer()
	for range b.N {
		half(b, up, func() error { return s.host.Up(b.Context(), specs...) })
		half(b, !up, func() error { return s.host.Down(b.Context(), specs...) })
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/container")
}

func half(b *testing.B, timed bool, f func() error) {
	if timed {
		b.StartTimer()
		defer b.StopTimer()
	}
	if err := f(); err != nil {
		b.Fatal(err)
	}
}
