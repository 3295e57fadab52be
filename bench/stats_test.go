//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		v    []float64
		want Spread
	}{
		{[]float64{3}, Spread{3, 3, 3}},
		{[]float64{3, 1}, Spread{1, 2, 3}},
		{[]float64{9, 1, 2}, Spread{1, 2, 9}},
		{[]float64{4, 1, 9, 2}, Spread{1, 3, 9}},
	} {
		if got, ok := spreadOf(test.v); !ok || got != test.want {
			t.Errorf("%v: got %v, want %v", test.v, got, test.want)
		}
	}
	if got, ok := spreadOf(nil); ok {
		t.Errorf("nothing: got %v", got)
	}
}

// Ratios are of one round, and of one operation.
func TestOver(t *testing.T) {
	a := Series{Samples: []Sample{{Round: 0, Ops: 10, Wall: 200}, {Round: 2, Ops: 10, Wall: 900}, {Round: 3, Ops: 1, Wall: 1}}}
	b := Series{Samples: []Sample{{Round: 2, Ops: 20, Wall: 600}, {Round: 0, Ops: 10, Wall: 100}, {Round: 1, Ops: 1, Wall: 1}}}
	if got, ok := a.over(b, wallPerOp); !ok || got != (Spread{2, 2.5, 3}) {
		t.Errorf("got %v", got)
	}
	if got, ok := a.over(Series{}, wallPerOp); ok {
		t.Errorf("beside nothing: got %v", got)
	}
	if got, ok := a.over(b, cpuPerOp); ok {
		t.Errorf("beside no time at all: got %v", got)
	}
}

// pair is a result in which minins takes wall and cpu times what C takes.
func pair(wall, cpu int64) Result {
	one := func(name string, wall, cpu int64) Series {
		return Series{"routes4", 100, "add", name, []Sample{{Ops: 100, Wall: wall * 100, CPU: cpu * 100,
			MaxRSS: 5000, Values: map[string]int64{"allocs": 20}}}}
	}
	return Result{Series: []Series{one(limit, 100, 100), one(subject, wall, cpu), one("vishvananda", 450, 400), one("ip-batch", 390, 300)}}
}

func TestRules(t *testing.T) {
	for _, test := range []struct {
		name       string
		r          Result
		rule       rule
		said       string
		kept       bool
		unmeasured bool
	}{
		{"both kept", pair(105, 104), atMost(1.10, 1.05), "wall 1.050, CPU 1.040", true, false},
		{"below 1.2 CPU decides", pair(119, 104), atMost(1.10, 1.05), "wall 1.190, CPU 1.040", true, false},
		{"below 1.2 CPU decides against it", pair(105, 106), atMost(1.10, 1.05), "wall 1.050, CPU 1.060", false, false},
		{"from 1.2 on it does not", pair(120, 100), atMost(1.10, 1.05), "wall 1.200, CPU 1.000", false, false},
		{"a limit above 1.2", pair(129, 100), atMost(1.30, 1.30), "wall 1.290, CPU 1.000", true, false},
		{"a limit above 1.2 missed", pair(131, 100), atMost(1.30, 1.30), "wall 1.310, CPU 1.000", false, false},
		{"no C", Result{}, atMost(1.1, 1.1), "wall at most 1.10", false, true},
		{"faster", pair(90, 90), faster(4, "vishvananda", "ip-batch"), "vishvananda 5.0, ip-batch 4.3", true, false},
		{"faster than one of two", pair(100, 90), faster(4, "vishvananda", "ip-batch"), "vishvananda 4.5, ip-batch 3.9", false, false},
		{"one was not measured", pair(100, 90), faster(4, "vishvananda", "sh"), "vishvananda 4.5, sh not measured", false, true},
		{"one was not measured, the other decides", pair(200, 90), faster(4, "vishvananda", "sh"), "vishvananda 2.2, sh not measured", false, false},
		{"none was measured", pair(100, 90), faster(4, "sh"), "sh not measured", false, true},
		{"all", pair(90, 90), fasterThanAll(4), "vishvananda 5.0, ip-batch 4.3", true, false},
		{"all, missed", pair(90, 90), fasterThanAll(4.5), "vishvananda 5.0, ip-batch 4.3", false, false},
		{"nobody", Result{}, fasterThanAll(4), "every peer", false, true},
		{"wall", pair(100, 90), wallAtMost(100), "100 ns", true, false},
		{"wall missed", pair(101, 90), wallAtMost(100), "101 ns", false, false},
		{"memory", pair(1, 1), memoryAtMost(10e6), "5.12 MB", true, false},
		{"memory missed", pair(1, 1), memoryAtMost(5e6), "5.12 MB", false, false},
		{"allocations", pair(1, 1), allocsPerOpAtMost(0.2), "0.2", true, false},
		{"allocations missed", pair(1, 1), allocsPerOpAtMost(0.1), "0.2", false, false},
		{"allocations of a dump", pair(1, 1), allocsPerDumpAtMost(20), "20", true, false},
		{"allocations of a dump missed", pair(1, 1), allocsPerDumpAtMost(19), "20", false, false},
		{"no allocations known", Result{}, allocsPerOpAtMost(1), "allocations", false, true},
	} {
		said, kept, measured := test.rule(test.r, "routes4", 100, "add")
		if !strings.Contains(said, test.said) || kept != test.kept || measured == test.unmeasured {
			t.Errorf("%s: got %q, kept %v, measured %v", test.name, said, kept, measured)
		}
	}
}

func TestGrowsLikeC(t *testing.T) {
	result := func(ours int64) Result {
		one := func(name string, n int, cpu int64) Series {
			return Series{"container", n, "up", name, []Sample{{Ops: n, Wall: 1, CPU: cpu * int64(n)}}}
		}
		return Result{Series: []Series{one(limit, 50, 1000), one(limit, 200, 1200), one(subject, 50, 1100), one(subject, 200, ours)}}
	}
	for ours, want := range map[int64]bool{1320: true, 1380: true, 1400: false} {
		if said, kept, measured := growsLikeC(50)(result(ours), "container", 200, "up"); kept != want || !measured {
			t.Errorf("%d: %q, kept %v", ours, said, kept)
		}
	}
	if _, _, measured := growsLikeC(50)(Result{}, "container", 200, "up"); measured {
		t.Error("measured nothing")
	}
}

// Every bar is about a size that is measured, and about contestants that do it.
func TestBarsAreMeasurable(t *testing.T) {
	sizes := map[string][]int{}
	for _, w := range workloads() {
		for _, s := range w.sizes {
			sizes[w.name] = append(sizes[w.name], s.n)
		}
	}
	for _, b := range bars {
		for _, n := range b.ns {
			if !contains(sizes[b.workload], n) {
				t.Errorf("%s %d is not measured", b.workload, n)
			}
		}
	}
	for _, h := range headlines {
		if !contains(sizes[h.workload], h.n) {
			t.Errorf("%s %d is in the README and not measured", h.workload, h.n)
		}
	}
}

func contains(list []int, n int) bool {
	for _, v := range list {
		if v == n {
			return true
		}
	}
	return false
}
