//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// measured runs a workload of fakes.
func measured(t *testing.T, w workload, s size, patience time.Duration) (*measurement, string) {
	t.Helper()
	var out bytes.Buffer
	m := &measurement{
		programs: fakes(t),
		settle:   func() error { return nil },
		patience: patience,
		progress: &progress{w: &out, total: s.rounds * len(w.entrants(s.n, false)), start: time.Now()},
	}
	if err := m.measure(t.Context(), w, s); err != nil {
		t.Fatal(err)
	}
	return m, out.String()
}

func TestMeasure(t *testing.T) {
	w := workload{name: "fine", may: map[string]int{"vishvananda": unbounded, "ip-batch": 3, "sh": 2}}
	m, out := measured(t, w, size{3, 2}, time.Minute)
	var got []string
	for _, s := range m.series {
		got = append(got, s.Contestant+" "+s.Phase)
		if s.N != 3 || s.Workload != "fine" || len(s.Samples) != 2 {
			t.Errorf("series %+v", s)
		}
		for round, sample := range s.Samples {
			allocs := map[string]int64{"allocs": 7}
			switch {
			case s.Phase != "add":
				allocs = nil
			case s.Contestant == "ip-batch": // what its driver allocates says nothing
				allocs = map[string]int64{}
			}
			if sample.MaxRSS < 1000 || sample.MaxRSS > 1<<20 {
				t.Errorf("maximum resident set: %d KiB", sample.MaxRSS)
			}
			sample.MaxRSS = 0
			want := Sample{Round: round, Ops: 3, Wall: 2000, CPU: 1000, Values: allocs}
			if s.Phase == "delete" {
				want.Wall, want.CPU = 3000, 1500
			}
			if !reflect.DeepEqual(sample, want) {
				t.Errorf("%s %s: got %+v, want %+v", s.Contestant, s.Phase, sample, want)
			}
		}
	}
	want := []string{"c add", "c delete", "minins add", "minins delete", "vishvananda add", "vishvananda delete", "ip-batch add", "ip-batch delete"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 8 || !strings.Contains(lines[0], "fine 3  round 1/2  c: add 667 ns, delete 1.00 µs") ||
		!strings.Contains(lines[4], "fine 3  round 2/2  ip-batch") {
		t.Errorf("progress:\n%s", out)
	}
}

func TestMeasureFailure(t *testing.T) {
	w := workload{name: "breaks", may: map[string]int{"vishvananda": unbounded}}
	m, out := measured(t, w, size{3, 3}, time.Minute)
	want := []Failure{{"breaks", 3, "vishvananda", 0, "exit status 1: no such device"}}
	if !reflect.DeepEqual(m.failures, want) {
		t.Errorf("got %+v, want %+v", m.failures, want)
	}
	if !strings.Contains(out, "failed: breaks 3, vishvananda, round 1: exit status 1: no such device\n") {
		t.Errorf("progress:\n%s", out)
	}
	if len(m.series) != 2 || len(m.series[0].Samples) != 3 || len(m.series[1].Samples) != 3 {
		t.Errorf("the others: %+v", m.series)
	}
}

// A peer that does not do a workload is no failure; minins has no such excuse.
func TestMeasureUnknown(t *testing.T) {
	w := workload{name: "unknown", may: map[string]int{"vishvananda": unbounded}}
	m, _ := measured(t, w, size{3, 1}, time.Minute)
	if len(m.failures) != 1 || m.failures[0].Contestant != subject || m.failures[0].Error != errUnknown.Error() {
		t.Errorf("failures: %+v", m.failures)
	}
}

func TestMeasurePatience(t *testing.T) {
	w := workload{name: "slow", may: map[string]int{"vishvananda": unbounded}}
	m, _ := measured(t, w, size{3, 4}, 50*time.Millisecond)
	var got []int
	for _, s := range m.series {
		got = append(got, len(s.Samples))
	}
	if !slices.Equal(got, []int{4, 4, 1}) {
		t.Errorf("rounds of c, minins, vishvananda: %d", got)
	}
}

func TestMeasureAllowance(t *testing.T) {
	m := &measurement{programs: fakes(t), settle: func() error { return nil }, progress: &progress{w: &bytes.Buffer{}}, allowance: 50 * time.Millisecond}
	if err := m.measure(t.Context(), workload{name: "slow"}, size{1, 9}); err != nil {
		t.Fatal(err)
	}
	if len(m.series) != 2 || len(m.series[0].Samples) != 1 || len(m.series[1].Samples) != 1 {
		t.Errorf("got %+v, want a round of 60 ms and no more", m.series)
	}
}

func TestMeasureMissingProgram(t *testing.T) {
	m := &measurement{programs: programs{t.TempDir()}, settle: func() error { return nil }, progress: &progress{w: &bytes.Buffer{}}}
	if err := m.measure(t.Context(), workload{name: "fine"}, size{1, 1}); err != nil {
		t.Fatal(err)
	}
	if len(m.failures) != 2 || !strings.Contains(m.failures[0].Error, "no such file") {
		t.Errorf("failures: %+v", m.failures)
	}
}

// Each run has namespaces of its own, but for those of a prepared workload.
// The kernel gives the number of one that is gone to another: what can be
// told is that no run is where this test is.
func TestNamespaces(t *testing.T) {
	for _, prepare := range []string{"", "fine"} {
		m, _ := measured(t, workload{name: "where", prepare: prepare}, size{1, 2}, time.Minute)
		if len(m.failures) > 0 || len(m.series) != 2 {
			t.Fatal(m.failures, m.series)
		}
		for _, kind := range []string{"net", "mnt"} {
			first := m.series[0].Samples[0].Values[kind]
			for _, s := range m.series {
				for _, sample := range s.Samples {
					got := sample.Values[kind]
					if got == int64(inode(kind)) {
						t.Errorf("prepare %q: %s ran in the %s namespace of its runner", prepare, s.Contestant, kind)
					}
					if prepare != "" && got != first {
						t.Errorf("%s has a %s namespace for itself", s.Contestant, kind)
					}
				}
			}
		}
	}
}

func TestPrepareFails(t *testing.T) {
	m, out := measured(t, workload{name: "fine", prepare: "refuses"}, size{1, 2}, time.Minute)
	want := []Failure{{"fine", 1, "c refuses", 0, "exit status 1: not today"}}
	if !reflect.DeepEqual(m.failures, want) || len(m.series) > 0 {
		t.Errorf("got %+v, %+v, want %+v", m.failures, m.series, want)
	}
	if !strings.Contains(out, "not today") {
		t.Errorf("progress: %s", out)
	}
}

func TestFurnished(t *testing.T) {
	for _, prepare := range []string{"", "fine"} {
		m, _ := measured(t, workload{name: "furnished", prepare: prepare}, size{1, 1}, time.Minute)
		if len(m.failures) > 0 {
			t.Errorf("prepare %q: %v", prepare, m.failures)
		}
	}
}

func TestStarts(t *testing.T) {
	w := workload{name: "start", starts: true, programs: map[string][]string{limit: {"true"}, subject: {"false"}}}
	m, _ := measured(t, w, size{3, 1}, time.Minute)
	if len(m.series) != 1 || m.series[0].Samples[0].Ops != 3 || m.series[0].Samples[0].Values["p99_ns"] < 1 {
		t.Errorf("series: %+v", m.series)
	}
	if len(m.failures) != 1 || m.failures[0].Contestant != subject {
		t.Errorf("failures: %+v", m.failures)
	}
}

func TestSettle(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	fakes(t) // for the lock on the thread
	start := time.Now()
	if err := settle(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 50*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

// When it ends early, all that it started is gone.
func TestCancel(t *testing.T) {
	p := fakes(t)
	file := filepath.Join(t.TempDir(), "pid")
	t.Setenv(fakeEnv, file)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int)
	go func() { // once the child of the contestant is there
		for {
			if b, err := os.ReadFile(file); err == nil {
				pid, err := strconv.Atoi(string(b))
				if err != nil {
					pid = -1
				}
				cancel()
				done <- pid
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	start := time.Now()
	if _, err := p.run(ctx, workload{name: "hangs"}, limit, 1, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	pid := <-done
	for range 1000 {
		if errors.Is(unix.Kill(pid, 0), unix.ESRCH) || zombie(pid) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("process %d still runs", pid)
}

// zombie: killed, and nobody has asked for its status yet.
func zombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(b), ") Z ")
}

func TestParse(t *testing.T) {
	got, err := parse([]byte("add 10 200 100 allocs=3 p50_ns=7\ndelete 10 20 0\n"), 99, "x", 10)
	want := []phase{
		{"add", Sample{Ops: 10, Wall: 200, CPU: 100, MaxRSS: 99, Values: map[string]int64{"allocs": 3, "p50_ns": 7}}},
		{"delete", Sample{Ops: 10, Wall: 20, MaxRSS: 99}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = parse([]byte("200 100\n"), 99, "getlink", 10)
	if want := []phase{{"getlink", Sample{Ops: 10, Wall: 200, CPU: 100, MaxRSS: 99}}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "hello\n", "add 10 200\n", "add x 200 100\n", "add 0 200 100\n", "add 1 0 1\n", "add 1 2 -3\n", "add 1 2 3 allocs\n", "add 1 2 3 allocs=x\n"} {
		if got, err := parse([]byte(bad), 0, "x", 1); err == nil {
			t.Errorf("%q: got %+v and no error", bad, got)
		}
	}
}

func TestTurn(t *testing.T) {
	names := []string{"a", "b", "c"}
	for round, want := range []string{"abc", "cba", "bca", "acb", "cab", "bac", "abc"} {
		if got := strings.Join(turn(names, round), ""); got != want {
			t.Errorf("round %d: got %s, want %s", round, got, want)
		}
	}
	if got := turn(nil, 1); got != nil {
		t.Errorf("nobody: %q", got)
	}
}
