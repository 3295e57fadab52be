//go:build linux && (amd64 || arm64)

package matrix

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/minins/minins/internal/fault"
	"github.com/minins/minins/internal/testns"
)

func TestMain(m *testing.M) {
	if os.Args[0] == helperName {
		if err := help(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	testns.Main(m)
}

// install builds minins, and makes its links in a directory.
func install(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := testns.Build(dir+"/minins", "../../../cmd/minins"); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(dir+"/minins", "install", dir).CombinedOutput(); err != nil {
		t.Fatalf("minins install: %v\n%s", err, out)
	}
	return dir
}

// prelude are the calls that all programs of a file begin with.
func prelude(t *testing.T, bin, line string) []fault.Call {
	t.Helper()
	w, err := newWorld(bin)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	r, err := w.spoil(program{line: line}, fault.None)
	if err != nil || r.Code() != 0 {
		t.Fatalf("%s: %v, %+v", line, err, r)
	}
	return r.Calls
}

// TestMatrix spoils the calls of operations: with MININS_FAULTS=full each with each
// errno, with MININS_FAULTS=some each that changes something with one, and some of the
// others; without, that of every eighth operation, and on an emulated processor of every twentieth
// command of the tutorial: of what makes more calls it has hundreds to try.
func TestMatrix(t *testing.T) {
	bin := install(t)
	preludes := map[string][]fault.Call{"minins": prelude(t, bin, "minins version"), helperName: prelude(t, bin, "helper nothing")}
	var mu sync.Mutex
	var rows []*row
	t.Cleanup(func() { report(rows) })
	size := os.Getenv("MININS_FAULTS")
	fmt.Println(rowHead)
	ops := tutorialOperations(t)
	tried := func(i int) bool { return testns.Some(i, 1, 20) }
	if !testns.Slow() {
		ops = slices.Concat(operations(), libraryOperations(), ops)
		tried = func(i int) bool { return i%8 == 0 }
	}
	for i, op := range ops {
		if size == "" && !tried(i) {
			continue
		}
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			w, err := newWorld(bin)
			if err != nil {
				t.Fatal(err)
			}
			defer w.close()
			empty, err := w.picture()
			if err != nil {
				t.Fatal(err)
			}
			s := &spoiler{w: w, op: &op, full: size == "full", turn: i, skip: preludes["minins"]}
			switch {
			case op.prelude:
				s.skip = nil
			case strings.HasPrefix(op.what.line, helperName+" "):
				s.skip = preludes[helperName]
			}
			row, err := s.try()
			for _, finding := range row.findings {
				t.Error(finding)
			}
			mu.Lock()
			rows = append(rows, row)
			fmt.Println(row) // now, as all of them take long
			mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
			if err := w.must(empty); err != nil {
				t.Errorf("the world is not empty in the end: %v", err)
			}
		})
	}
}

// report prints the size of the matrix, and what came of it.
func report(rows []*row) {
	all := row{name: fmt.Sprintf("%d operations", len(rows))}
	for _, r := range rows {
		all.add(r)
	}
	fmt.Println(rowHead)
	fmt.Println(&all)
}
