//go:build linux

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// build returns the program in testdata/probe for an architecture, linked with
// flags. The go command keeps what it has built.
func build(t *testing.T, arch, flags string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "probe-"+arch)
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags="+flags, "-o", file, "./testdata/probe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// emulators run programs of other architectures, where they are installed.
var emulators = map[string]string{"arm": "qemu-arm-static", "mips": "qemu-mips-static", "s390x": "qemu-s390x-static"}

// TestBehaviour checks that a stripped program does all that the same program
// does otherwise: see testdata/probe.
func TestBehaviour(t *testing.T) {
	for _, arch := range []string{runtime.GOARCH, "arm"} {
		var emulator []string
		if arch != runtime.GOARCH {
			path, err := exec.LookPath(emulators[arch])
			if err != nil {
				t.Logf("%s: not run for want of %s", arch, emulators[arch])
				continue
			}
			emulator = []string{path}
		}
		t.Run(arch, func(t *testing.T) {
			dir := t.TempDir()
			plain, stripped := filepath.Join(dir, "plain"), filepath.Join(dir, "stripped")
			if err := os.WriteFile(plain, build(t, arch, "-s -w"), 0o755); err != nil {
				t.Fatal(err)
			}
			if _, _, err := stripFile(plain, stripped); err != nil {
				t.Fatal(err)
			}
			for _, mode := range []string{"work", "nil", "bounds", "nested", "goexit", "deadlock", "overflow", "quit", "maps"} {
				if mode == "quit" && emulator != nil {
					continue // qemu-user does not pass SIGQUIT on in time, stripped or not
				}
				t.Run(mode, func(t *testing.T) {
					want := play(t, append(emulator, plain, mode))
					got := play(t, append(emulator, stripped, mode))
					compare(t, mode, got, want)
				})
			}
		})
	}
}

// A played is what came of running a probe.
type played struct {
	out, err string
	status   int
}

func play(t *testing.T, argv []string) played {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return played{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// compare compares all that does not depend on the run, nor on names.
func compare(t *testing.T, mode string, got, want played) {
	t.Helper()
	wantStatus := 2
	if mode == "work" {
		wantStatus = 0
		// Names of a type and a method are taken from that of a function.
		want.out = strings.Replace(want.out, "main.T.Value called using nil *T", "?.?.? called using nil *?", 1)
		if !strings.HasSuffix(got.out, "done\n") {
			t.Errorf("not done:\n%s\n%s", got.out, got.err)
		}
	}
	if got.status != wantStatus || want.status != wantStatus {
		t.Errorf("exit status %d, unstripped %d, want %d", got.status, want.status, wantStatus)
	}
	if got.out != want.out {
		t.Errorf("got\n%s\nunstripped\n%s", got.out, want.out)
	}
	if got, want := reason(got.err), reason(want.err); got != want {
		t.Errorf("got\n%s\nunstripped\n%s", got, want)
	}
	if strings.Contains(got.err, "main.") || strings.Contains(got.err, ".go:") {
		t.Errorf("a name in\n%s", got.err)
	}
	// The runtime's own goroutines, which some crashes show, come and go.
	if n := map[string]int{"deadlock": 1, "quit": 3}[mode]; strings.Count(got.err, "[select (no cases)]:\n") != n {
		t.Errorf("want %d goroutines with a select in\n%s", n, got.err)
	}
}

var (
	number = regexp.MustCompile(`0x[0-9a-f]+`)
	thread = regexp.MustCompile(`\bm=\d+`)
)

// reason is what a crash says before the first stack, without what depends on
// the run.
func reason(stderr string) string {
	head, _, _ := strings.Cut(stderr, "\n\n")
	return thread.ReplaceAllString(number.ReplaceAllString(head, "0x?"), "m=?")
}
