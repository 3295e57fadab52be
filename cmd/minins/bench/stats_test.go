//go:build linux

package bench

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func TestSort(t *testing.T) {
	for n := range 60 {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(rand.IntN(20))
		}
		want := slices.Sorted(slices.Values(v))
		if sort(v); !slices.Equal(v, want) {
			t.Errorf("got %v, want %v", v, want)
		}
	}
}

func TestMedianAndPercentiles(t *testing.T) {
	for _, c := range []struct {
		v                     []float64
		median, p50, p90, p99 float64
	}{
		{[]float64{7}, 7, 7, 7, 7},
		{[]float64{1, 2}, 1.5, 1, 2, 2},
		{[]float64{1, 2, 9}, 2, 2, 9, 9},
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 5.5, 5, 9, 10},
	} {
		got := [...]float64{median(c.v), percentile(c.v, 50), percentile(c.v, 90), percentile(c.v, 99)}
		if want := [...]float64{c.median, c.p50, c.p90, c.p99}; got != want {
			t.Errorf("%v: got %v, want %v", c.v, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for ns, want := range map[float64]string{
		0: "0.00 ns", 1: "1.00 ns", 9.994: "9.99 ns", 9.996: "10.0 ns", 99.94: "99.9 ns", 99.96: "100 ns",
		999.4: "999 ns", 999.6: "1.00 µs", 1234: "1.23 µs", 56789: "56.8 µs", 123456: "123 µs", 5e6: "5.00 ms",
		9.9996e8: "1.00 s", 3.6e12: "3600 s",
	} {
		if got := duration(ns); got != want {
			t.Errorf("%v: got %q, want %q", ns, got, want)
		}
	}
}

func TestHistogram(t *testing.T) {
	for _, c := range []struct {
		v    []float64
		want []bucket
	}{
		{[]float64{1}, []bucket{{1, 1}}},
		{[]float64{4, 5.9, 6, 7.9}, []bucket{{4, 2}, {6, 2}}},
		{[]float64{4, 16}, []bucket{{4, 1}, {6, 0}, {8, 0}, {12, 0}, {16, 1}}},
		{[]float64{1, 1 << 8}, []bucket{{1, 1}, {2, 0}, {4, 0}, {8, 0}, {16, 0}, {32, 0}, {64, 0}, {128, 0}, {256, 1}}},
	} {
		if got := histogram(c.v); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.v, got, c.want)
		}
	}
	// From 1 ns to an hour in 16 lines, and nothing is lost.
	got, sum := histogram([]float64{1, 2, 3, 1e6, 3.6e12}), 0
	for _, b := range got {
		sum += b.count
	}
	if len(got) > most || sum != 5 {
		t.Errorf("%d lines, %d times: %v", len(got), sum, got)
	}
}

func TestLayout(t *testing.T) {
	const text = `{"a":{"x":"1, {2}\"[",},"b":[],"c":[{"d":1,"e":2.5,},"f",],}`
	if got, want := string(layout([]byte(text), false)), `{"a":{"x":"1, {2}\"["},"b":[],"c":[{"d":1,"e":2.5},"f"]}`+"\n"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	want := `{
    "a":{
        "x":"1, {2}\"["
    },
    "b":[
    ],
    "c":[
        {
            "d":1,
            "e":2.5
        },
        "f"
    ]
}
`
	got := layout([]byte(text), true)
	if string(got) != want || !json.Valid(got) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFacts(t *testing.T) {
	for _, f := range facts() {
		if f[0] == "" || f[1] == "" || f[1][0] == '/' {
			t.Errorf("%q", f)
		}
	}
	for version, want := range map[string]string{
		"#1 SMP PREEMPT_DYNAMIC @0":                     "PREEMPT_DYNAMIC",
		"#1 SMP PREEMPT_RT Debian 6.1.1":                "PREEMPT_RT",
		"#1 SMP PREEMPT":                                "PREEMPT",
		"#74~20.04-Ubuntu SMP Wed Feb 22 14:52:34 2023": "none or voluntary",
	} {
		if got := preemption(version); got != want {
			t.Errorf("%s: got %q, want %q", version, got, want)
		}
	}
	if got := cpuModel("processor\t: 0\nmodel name\t: A CPU\nmodel name\t: B\n"); got != "A CPU" {
		t.Errorf("got %q", got)
	}
	if got := cpuModel("Processor: 0\n"); got != unknown {
		t.Errorf("got %q", got)
	}
}

func TestTake(t *testing.T) {
	e := &series{}
	if !e.take("a warning of a tool\n=0 2 500 50 [300 200]\n=2 10 1000 20 []\n", true) {
		t.Error("it is refused")
	}
	e.take("=0 2 700 70 [1 2]\n", true)
	want := [6]samples{
		{2, [3][]float64{{250, 350}, {25, 35}, {300, 200, 1, 2}}},
		{},
		{10, [3][]float64{{100}, {2}, nil}},
	}
	if !reflect.DeepEqual(e.phases, want) {
		t.Errorf("got %v, want %v", e.phases, want)
	}
	if e.take("=0 2 500 50 []\n", false) || e.take("", true) || e.take("words\n", true) || !reflect.DeepEqual(e.phases, want) {
		t.Error("a run that failed is counted")
	}
}
