//go:build linux

package main

import (
	"fmt"
	"strings"
)

// noisy is the ratio of wall times below which CPU time decides: the wall
// time of a machine that others use too is not that exact.
const noisy = 1.2

// A bar is something that minins must keep to be as fast as the kernel allows.
type bar struct {
	point    int // of the list that people agreed upon
	workload string
	ns       []int
	phases   []string
	rule     rule
}

// A rule judges minins in a phase of a workload of n objects. said is the
// figure beside what it is held against; measured is false if the figures
// that it needs are not there.
type rule func(r Result, workload string, n int, phase string) (said string, kept, measured bool)

// A Verdict is what became of a bar.
type Verdict struct {
	Point    int    `json:"point"`
	Workload string `json:"workload"`
	N        int    `json:"n"`
	Phase    string `json:"phase"`
	Said     string `json:"said"`
	Kept     bool   `json:"kept"`
}

func (v Verdict) String() string {
	return fmt.Sprintf("%s %d %s: %s", v.Workload, v.N, v.Phase, v.Said)
}

// bars are all of them.
var bars = []bar{
	{0, "getlink", []int{20000}, []string{"getlink"}, atMost(1.3, 1.3)},
	{0, "getlink", []int{20000}, []string{"getlink"}, allocsPerOpAtMost(0.001)},

	{1, "routes4", []int{100000}, []string{"add", "replace", "delete"}, atMost(1.10, 1.05)},
	{1, "routes6", []int{100000}, []string{"add", "replace", "delete"}, atMost(1.10, 1.05)},
	{1, "routes4", []int{100000}, []string{"add", "delete"}, faster(4, "vishvananda", "ip-batch")},
	{1, "routes6", []int{100000}, []string{"add", "delete"}, faster(4, "vishvananda", "ip-batch")},
	{1, "routes4", []int{100000}, []string{"replace"}, faster(6, "vishvananda", "ip-batch")},
	{1, "routes6", []int{100000}, []string{"replace"}, faster(6, "vishvananda", "ip-batch")},
	{1, "routes4", []int{100000, 500000}, []string{"add", "replace", "delete"}, allocsPerOpAtMost(0.001)},
	{1, "routes6", []int{100000, 500000}, []string{"add", "replace", "delete"}, allocsPerOpAtMost(0.001)},
	{1, "routes4", []int{500000}, []string{"add"}, memoryAtMost(10e6)},
	{1, "routes6", []int{500000}, []string{"add"}, memoryAtMost(10e6)},

	{2, "veth", []int{100, 1000}, []string{"create"}, atMost(1.05, 1.05)},
	{2, "veth", []int{100}, []string{"delete"}, fasterThanAll(25)},
	{2, "veth", []int{1000}, []string{"delete"}, fasterThanAll(40)},

	{3, "container", []int{50, 200}, []string{"up"}, atMost(1.15, 1.15)},
	{3, "container", []int{50, 200}, []string{"up"}, faster(8, "vishvananda")},
	{3, "container", []int{50, 200}, []string{"up"}, faster(20, "sh")},
	{3, "container", []int{50, 200}, []string{"down"}, faster(25, "vishvananda", "jsimonetti", "ip-batch", "sh")}, // as commonly written
	{3, "container", []int{200}, []string{"up"}, growsLikeC(50)},

	{4, "netns", []int{500}, []string{"create"}, atMost(1.05, 1.05)},
	{4, "netns", []int{500}, []string{"release"}, wallAtMost(10e3)},

	{5, "dumproutes", []int{100000}, []string{"dump"}, atMost(1.10, 1.10)},
	{5, "dumplinks", []int{2000}, []string{"dump"}, atMost(1.10, 1.10)},
	{5, "dumpneighs", []int{10000}, []string{"dump"}, atMost(1.10, 1.10)},
	{5, "dumproutes", []int{100000}, []string{"dump"}, allocsPerDumpAtMost(50)},
	{5, "dumplinks", []int{2000}, []string{"dump"}, allocsPerDumpAtMost(50)},
	{5, "dumpneighs", []int{10000}, []string{"dump"}, allocsPerDumpAtMost(50)},
	{5, "dumproutes", []int{100000}, []string{"dump"}, faster(4, goPeers...)},
	{5, "dumplinks", []int{2000}, []string{"dump"}, faster(4, goPeers...)},
	{5, "dumpneighs", []int{10000}, []string{"dump"}, faster(4, goPeers...)},
	{5, "nftrules", []int{10000}, []string{"list"}, faster(3.5, "google")},
	{5, "nftrules", []int{10000}, []string{"load"}, atMost(1.15, 1.15)},
	{5, "nftmap", []int{65000}, []string{"load"}, atMost(1.15, 1.15)},
}

var goPeers = []string{"vishvananda", "jsimonetti", "execute"}

// judge holds a result against all bars: those that it does not have the
// figures for are named in missing.
func judge(r Result, bars []bar) (verdicts []Verdict, missing []Verdict) {
	for _, b := range bars {
		for _, n := range b.ns {
			for _, phase := range b.phases {
				said, kept, measured := b.rule(r, b.workload, n, phase)
				v := Verdict{b.point, b.workload, n, phase, said, kept}
				if measured {
					verdicts = append(verdicts, v)
				} else {
					missing = append(missing, v)
				}
			}
		}
	}
	return verdicts, missing
}

// atMost holds minins against C: wall and CPU time. Where wall times are too
// close to tell, CPU time decides alone.
func atMost(wall, cpu float64) rule {
	return func(r Result, workload string, n int, phase string) (string, bool, bool) {
		said := fmt.Sprintf("wall at most %.2f × C, CPU %.2f", wall, cpu)
		us, ok1 := r.find(workload, n, phase, subject)
		c, ok2 := r.find(workload, n, phase, limit)
		w, ok3 := us.over(c, wallPerOp)
		p, ok4 := us.over(c, cpuPerOp)
		if !ok1 || !ok2 || !ok3 || !ok4 {
			return said, false, false
		}
		kept := p.Median <= cpu && w.Median < max(wall, noisy)
		return fmt.Sprintf("%s: wall %.3f, CPU %.3f", said, w.Median, p.Median), kept, true
	}
}

// faster holds minins against each of the peers. One that was not measured
// leaves the bar open, unless another one has decided it.
func faster(factor float64, peers ...string) rule {
	return func(r Result, workload string, n int, phase string) (string, bool, bool) {
		us, _ := r.find(workload, n, phase, subject)
		kept, measured := true, true
		var words []string
		for _, name := range peers {
			peer, _ := r.find(workload, n, phase, name)
			ratio, ok := peer.over(us, wallPerOp)
			if !ok {
				measured = false
				words = append(words, name+" not measured")
				continue
			}
			kept = kept && ratio.Median >= factor
			words = append(words, fmt.Sprintf("%s %.1f", name, ratio.Median))
		}
		said := fmt.Sprintf("at least %g times faster than the others: %s", factor, strings.Join(words, ", "))
		return said, kept && measured, measured || !kept
	}
}

// fasterThanAll holds minins against every peer that did the phase.
func fasterThanAll(factor float64) rule {
	return func(r Result, workload string, n int, phase string) (string, bool, bool) {
		var peers []string
		for _, s := range r.field(workload, n, phase) {
			if s.Contestant != limit && s.Contestant != subject {
				peers = append(peers, s.Contestant)
			}
		}
		if len(peers) == 0 {
			return fmt.Sprintf("at least %g times faster than every peer", factor), false, false
		}
		return faster(factor, peers...)(r, workload, n, phase)
	}
}

// growsLikeC holds what a container more costs from one size to another
// against C: the growth may be 5% off, which is as well as it can be told.
func growsLikeC(from int) rule {
	return func(r Result, workload string, n int, phase string) (string, bool, bool) {
		said := fmt.Sprintf("cost from %d grows no faster than C's", from)
		var growth [2]float64
		for i, name := range []string{subject, limit} {
			small, _ := r.find(workload, from, phase, name)
			large, _ := r.find(workload, n, phase, name)
			a, ok1 := small.of(cpuPerOp)
			b, ok2 := large.of(cpuPerOp)
			if !ok1 || !ok2 || a.Median == 0 {
				return said, false, false
			}
			growth[i] = b.Median / a.Median
		}
		return fmt.Sprintf("%s: CPU %.3f times, C %.3f", said, growth[0], growth[1]), growth[0] <= 1.05*growth[1], true
	}
}

// figureAtMost holds a figure of minins itself against a limit.
func figureAtMost(most float64, m metric, what string, show func(float64) string) rule {
	return func(r Result, workload string, n int, phase string) (string, bool, bool) {
		said := fmt.Sprintf("%s at most %s", what, show(most))
		us, _ := r.find(workload, n, phase, subject)
		got, ok := us.of(m)
		if !ok {
			return said, false, false
		}
		return fmt.Sprintf("%s: %s", said, show(got.Median)), got.Median <= most, true
	}
}

func wallAtMost(ns float64) rule {
	return figureAtMost(ns, wallPerOp, "wall per operation", duration)
}

func memoryAtMost(bytes float64) rule {
	return figureAtMost(bytes, rss, "maximum resident set", megabytes)
}

func allocsPerOpAtMost(most float64) rule {
	return figureAtMost(most, allocsPerOp, "allocations per operation", plain)
}

// allocsPerDumpAtMost is about whole dumps: how many a phase did follows
// from the objects that it read.
func allocsPerDumpAtMost(most float64) rule {
	return func(r Result, workload string, n int, phase string) (string, bool, bool) {
		perDump := func(s Sample) (float64, bool) {
			a, ok := s.Values["allocs"]
			return float64(a) / max(1, float64(s.Ops/n)), ok
		}
		return figureAtMost(most, perDump, "allocations per dump", plain)(r, workload, n, phase)
	}
}
