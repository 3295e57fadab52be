//go:build linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// emulators run programs of other architectures, where they are installed.
var emulators = map[string]string{
	"arm": "qemu-arm-static", "loong64": "qemu-loongarch64-static", "mips": "qemu-mips-static",
	"mips64le": "qemu-mips64el-static", "ppc64le": "qemu-ppc64le-static", "s390x": "qemu-s390x-static",
}

// TestProgram checks that a program does the same with our linker as with Go's,
// also stripped, and is smaller: see testdata/probe. MININS_ARCHES=all has it be one for
// each processor that code is written anew for: five minutes.
func TestProgram(t *testing.T) {
	dir := t.TempDir()
	ours := tools(t, dir)
	arches := []string{"386", "amd64", "mips", "s390x"}
	if os.Getenv("MININS_ARCHES") == "all" {
		arches = append(arches, "arm", "loong64", "mips64le", "ppc64le")
	}
	for _, arch := range arches {
		t.Run(arch, func(t *testing.T) {
			env := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + arch, "GOARM=5", "GOMIPS=softfloat", "GOMIPS64=hardfloat"}
			plain, small, stripped := filepath.Join(dir, "plain-"+arch), filepath.Join(dir, "small-"+arch), filepath.Join(dir, "stripped-"+arch)
			command(t, env, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", plain, "./testdata/probe")
			command(t, env, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", small, "-toolexec", ours, "./testdata/probe")
			command(t, nil, "go", "run", "../strip", "-o", stripped, small)
			var emulator []string
			if arch == "386" && runtime.GOARCH == "amd64" {
				if errors.Is(exec.Command(plain).Run(), syscall.ENOEXEC) { // and QEMU has too small stacks for Go's
					testns.Lacks(t, "CONFIG_IA32_EMULATION")
				}
			} else if arch != runtime.GOARCH {
				path, err := exec.LookPath(emulators[arch])
				if err != nil {
					testns.Skip(t, "no "+emulators[arch])
				}
				emulator = []string{path}
			}
			run := func(env []string, file string) string {
				args := append(slices.Clone(emulator), file)
				return command(t, env, args[0], args[1:]...)
			}
			want := run(nil, plain)
			if !strings.Contains(want, "finalized true\n") {
				t.Fatalf("the program did not get to its end:\n%s", want)
			}
			for _, file := range []string{small, stripped} {
				for _, env := range [][]string{nil, {"GOGC=1"}, {"GODEBUG=gccheckmark=1", "GOGC=5"}} {
					if got := run(env, file); got != want {
						t.Errorf("%s, %v: got\n%s\nwant\n%s", filepath.Base(file), env, got, want)
					}
				}
			}
			if before, after := size(t, plain), size(t, small); after > before*92/100 {
				t.Errorf("%d bytes, %d by Go's own linker: not much smaller", after, before)
			}
		})
	}
}

// TestFrames checks that callers are found where functions share code: each frame is one of those
// in a program by Go's own linker, in the same order. A function that has been inlined is not
// among them if none of its code is left.
func TestFrames(t *testing.T) {
	emulator, err := exec.LookPath(emulators["mips"])
	if err != nil {
		testns.Skip(t, "no "+emulators["mips"])
	}
	dir := t.TempDir()
	ours := tools(t, dir)
	frames := func(flags ...string) []string {
		file := filepath.Join(dir, "frames")
		args := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", file}, flags...)
		command(t, []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=mips", "GOMIPS=softfloat"}, "go", append(args, "./testdata/frames")...)
		return strings.Split(command(t, nil, emulator, file), "\n")
	}
	want, got := frames(), frames("-toolexec", ours)
	if len(got) < len(want)*2/3 || !slices.Contains(got, "main.five.func1 74") {
		t.Errorf("too few frames: %q, %q by Go's own linker", got, want)
	}
	rest := want
	for _, frame := range got {
		i := slices.Index(rest, frame)
		if i < 0 {
			t.Fatalf("%s: not in its place: got %q, want some of %q", frame, got, want)
		}
		rest = rest[i+1:]
	}
}

// TestSleeping checks that what sleeps is not in a program, and that it is in one
// that wakes it, and works.
func TestSleeping(t *testing.T) {
	dir := t.TempDir()
	ours := tools(t, dir)
	build := func(name string, flags ...string) (file string) {
		file = filepath.Join(dir, name)
		args := append([]string{"build", "-trimpath", "-ldflags=-w", "-o", file}, flags...)
		command(t, []string{"CGO_ENABLED=0"}, "go", append(args, "./testdata/"+name)...)
		return file
	}
	symbols := func(file string) map[string]bool {
		has := make(map[string]bool)
		for line := range strings.Lines(command(t, nil, "go", "tool", "nm", file)) {
			has[strings.Fields(line)[len(strings.Fields(line))-1]] = true
		}
		return has
	}
	probe, plain := symbols(build("probe", "-toolexec", ours)), symbols(build("probe"))
	file := build("woken", "-toolexec", ours)
	woken := symbols(file)
	for f, wakes := range map[string]bool{
		"runtime.traceAdvance":                true,
		"runtime.traceLocker.GoStart":         true,
		"runtime.(*cpuProfile).add":           true,
		"runtime.initMetrics":                 true,
		"runtime.checkFinalizersAndCleanups":  true,
		"runtime.schedtrace":                  true,
		"runtime.profilealloc":                true,
		"runtime.blockevent":                  true,
		"runtime.tryRecordGoroutineProfile":   true,
		"runtime.findGoroutineLeaks":          false,
		"runtime.doSigPreempt":                false,
		"runtime.printfloat64":                true,
		"fmt.(*pp).fmtFloat":                  true,
		"internal/strconv.dboxFtoa64":         true,
		"runtime.adjustCgroupGOMAXPROCS":      true,
		"internal/runtime/cgroup.OpenCPU":     true,
		"runtime.printcomplex128":             true,
		"runtime.debugCallV2":                 false,
		"runtime.debugPinnerV1":               false,
		"runtime.typelinksinit":               false,
		"internal/godebug.update":             true,
		"internal/godebug.(*Setting).Value":   true,
		"internal/bisect.(*Matcher).stack":    true,
		"reflect.makeMethodValue":             true,
		"reflect.callMethod":                  true,
		"internal/fmtsort.Sort":               true,
		"fmt.(*pp).fmtComplex":                true,
		"slices.pdqsortOrdered[go.shape.int]": false,
		"hash/crc32.init":                     true,
		"log.init.0":                          true,
		"net.open":                            true,
		"os.checkPidfd":                       true,
		"time.loadTzinfoFromZip":              true,
		"github.com/mdlayher/netlink.init.0":  false,
	} {
		if !plain[f] || probe[f] || woken[f] != wakes {
			t.Errorf("%s: in the program by Go's linker %v, want true, by ours %v, want false, in that which wakes it %v, want %v", f, plain[f], probe[f], woken[f], wakes)
		}
	}
	want := "true true true\n<nil>\n1 true\ntrue 127.0.0.1 map[a:1 b:2] (0+1i)\ntrue EOF: unknown time zone Nowhere/Else\nhello world\n"
	if got := command(t, nil, file); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// tools makes our linker and compiler in a directory, and returns what has go build use them.
func tools(t *testing.T, dir string) (file string) {
	t.Helper()
	file = filepath.Join(dir, "linker")
	command(t, nil, "go", "build", "-o", file, ".")
	command(t, nil, file, "build")
	return file
}

// command runs a program and returns what it prints.
func command(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

func size(t *testing.T, file string) int64 {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestOtherGo checks that sources that are not as expected are refused.
func TestOtherGo(t *testing.T) {
	edits := []edit{{"one\n", "1\n"}, {"two\n", "2\n"}}
	got, err := apply("f.go", "zero\none\ntwo\n", edits)
	if want := "zero\n1\n2\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, text := range []string{"one\n", "one\ntwo\ntwo\n", ""} {
		if got, err := apply("f.go", text, edits); err == nil || !strings.Contains(err.Error(), "f.go") {
			t.Errorf("%q: got %q, %v, want an error that names the file", text, got, err)
		}
	}
}
