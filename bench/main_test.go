//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
)

var update = flag.Bool("update", false, "write the golden files")

// fakeEnv has this test binary be a contestant.
const fakeEnv = "MININS_BENCH_FAKE"

func TestMain(m *testing.M) {
	if os.Getenv(fakeEnv) != "" {
		os.Exit(fake(filepath.Base(os.Args[0]), os.Args[1:]))
	}
	testns.Main(m)
}

// fake does what the workload's name says.
func fake(name string, args []string) int {
	workload, n := args[len(args)-2], args[len(args)-1]
	switch workload {
	case "fine":
		fmt.Printf("add %s 2000 1000 allocs=7\ndelete %s 3000 1500\n", n, n)
	case "breaks":
		if name == "vishvananda" {
			fmt.Fprintln(os.Stderr, "no such device")
			return 1
		}
		fmt.Printf("add %s 2000 1000\n", n)
	case "refuses":
		fmt.Fprintln(os.Stderr, "not today")
		return 1
	case "unknown":
		if name != "c" {
			return statusUnknown
		}
		fmt.Printf("add %s 2000 1000\n", n)
	case "slow":
		time.Sleep(30 * time.Millisecond)
		fmt.Printf("add %s 2000 1000\n", n)
	case "where": // the namespaces that this one is in, as figures
		fmt.Printf("add %s 2000 1000 net=%d mnt=%d\n", n, inode("net"), inode("mnt"))
	case "furnished":
		entries, err := os.ReadDir("/run")
		if err != nil || len(entries) != 1 || entries[0].Name() != "netns" {
			fmt.Fprintln(os.Stderr, "/run has", entries, err)
			return 1
		}
		fmt.Printf("add %s 2000 1000\n", n)
	case "hangs":
		child := exec.Command("sleep", "600")
		if err := child.Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		file := os.Getenv(fakeEnv)
		err := os.WriteFile(file+".tmp", fmt.Append(nil, child.Process.Pid), 0o600)
		if err == nil {
			err = os.Rename(file+".tmp", file)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		time.Sleep(10 * time.Minute)
	}
	return 0
}

func inode(kind string) uint64 {
	var st unix.Stat_t
	if err := unix.Stat("/proc/self/ns/"+kind, &st); err != nil {
		panic(err)
	}
	return st.Ino
}

// fakes makes a directory of contestants that are this test binary.
func fakes(t *testing.T) programs {
	t.Helper()
	runtime.LockOSThread() // as main does
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "launch"), "./launch").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range contestants {
		path := filepath.Join(dir, strings.TrimPrefix(c.argv[0], "./"))
		if err := os.Symlink(self, path); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	t.Setenv(fakeEnv, "yes")
	return programs{dir}
}

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// sampleResult is a small result with made-up figures.
func sampleResult() Result {
	series := func(workload string, n int, phase, contestant string, wall, cpu, allocs, rss int64) Series {
		s := Series{Workload: workload, N: n, Phase: phase, Contestant: contestant}
		for round := range 3 {
			sample := Sample{Round: round, Ops: n, Wall: wall * int64(n) * int64(10+round) / 10, CPU: cpu * int64(n), MaxRSS: rss}
			if allocs >= 0 {
				sample.Values = map[string]int64{"allocs": allocs}
			}
			s.Samples = append(s.Samples, sample)
		}
		return s
	}
	r := Result{
		Date: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Command: "bench -run routes4", Seconds: 61,
		Machine:  Machine{"6.18.0", "#1 SMP", "x86_64", "Some CPU", 2, "24.0 GiB", 1.5},
		Versions: []version{{"go", "go1.26"}, {"ip", "iproute2-6.1.0"}},
		Series: []Series{
			series("routes4", 1000, "add", "c", 5000, 4000, -1, 1500),
			series("routes4", 1000, "add", "minins", 5200, 4100, 9, 5000),
			series("routes4", 1000, "add", "ip", 3000000, 2000000, -1, 6000),
			series("routes4", 100000, "add", "c", 6000, 4400, -1, 1500),
			series("routes4", 100000, "add", "minins", 6600, 4500, 21, 5200),
			series("routes4", 100000, "add", "vishvananda", 26000, 19000, 2100000, 20000),
			series("routes4", 100000, "add", "ip-batch", 21000, 17000, -1, 390000),
			series("routes4", 100000, "replace", "c", 3000, 2300, -1, 1500),
			series("routes4", 100000, "replace", "minins", 3900, 2350, 21, 5200),
			series("routes4", 100000, "replace", "vishvananda", 22000, 15000, 2100000, 20000),
		},
		Failures: []Failure{{"routes4", 100000, "jsimonetti", 0, "exit status 1: no buffer space"}},
	}
	r.Verdicts, _ = judge(r, bars)
	return r
}
