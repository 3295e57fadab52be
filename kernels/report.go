//go:build linux

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// A report is what became of a target.
type report struct {
	target  *target
	machine []string // QEMU's command line, of one that is ready
	kernel  string   // uname -r and -m, bits and byte order
	pass    int
	failed  []string
	skipped []string // "PACKAGE TEST: reason"
	parts   []string // subtests that were skipped
	notes   []string // modules that could not be loaded, and what failing programs printed
	missing []string // modules that its kernel does not have
	ran     []string // "PACKAGE SECONDS ok"
	ended   bool     // the guest came to its end
	started bool     // it had begun to run tests
	wall    time.Duration
	cpu     time.Duration
	prepare time.Duration
	err     error
	absent  error // its kernel is not to be had: nothing ran
}

// totals are the reports' sums.
type totals struct {
	pass, fail, skip, bad, absent int

	reasons map[string]*skips // why tests were skipped
}

// skips are the tests that were skipped for one reason, and where.
type skips struct {
	count          int
	tests, targets []string
}

func (t *totals) add(r *report) {
	t.pass += r.pass
	t.fail += len(r.failed)
	t.skip += len(r.skipped)
	for _, line := range append(r.skipped, r.parts...) {
		test, reason := unskip(line)
		if t.reasons == nil {
			t.reasons = make(map[string]*skips)
		}
		s := t.reasons[reason]
		if s == nil {
			s = new(skips)
			t.reasons[reason] = s
		}
		s.count++
		if !slices.Contains(s.tests, test) {
			s.tests = append(s.tests, test)
		}
		if !slices.Contains(s.targets, r.target.name) {
			s.targets = append(s.targets, r.target.name)
		}
	}
	switch {
	case r.absent != nil:
		t.absent++
	case r.bad():
		t.bad++
		if len(r.failed) == 0 {
			t.fail++ // the machine itself
		}
	}
}

// read takes what the guest said on its console: see guest/main.go.
func (r *report) read(console []byte) {
	for _, line := range strings.Split(strings.ReplaceAll(string(console), "\r", ""), "\n") {
		i := strings.Index(line, "K ") // the kernel may have begun a line
		if i < 0 {
			continue
		}
		word, rest, _ := strings.Cut(line[i+2:], " ")
		switch word {
		case "kernel":
			r.kernel = rest
		case "pass":
			r.pass++
		case "fail":
			r.failed = append(r.failed, rest)
		case "skip":
			r.skipped = append(r.skipped, rest)
			if test, reason := unskip(rest); reason == "" {
				r.failed = append(r.failed, test+" (skipped without a reason)")
			}
		case "part":
			r.parts = append(r.parts, rest)
		case "ran":
			r.ran = append(r.ran, rest)
			if !strings.HasSuffix(rest, " ok") {
				name, _, _ := strings.Cut(rest, " ")
				r.failed = append(r.failed, name+" (exit)")
			}
		case "module", "|", "error":
			r.notes = append(r.notes, line[i+2:])
			if word == "error" {
				r.err = fmt.Errorf("guest: %s", rest)
			}
		case "end":
			r.ended = true
		}
		r.started = r.started || word == "pass" || word == "fail" || word == "skip" || word == "ran"
	}
}

// shown is how many lines of what failing tests printed are shown.
const shown = 60

func (r *report) bad() bool {
	return r.absent == nil && (r.err != nil || !r.ended || len(r.failed) > 0)
}

// unskip takes "PACKAGE TEST (0.00s): REASON" apart.
func unskip(line string) (test, reason string) {
	test, reason, _ = strings.Cut(line, ": ")
	if i := strings.LastIndex(test, " ("); i >= 0 {
		test = test[:i]
	}
	return test, reason
}

// why prints the reasons for which tests were skipped.
func (t *totals) why(w io.Writer) {
	const named = 4
	for _, reason := range slices.Sorted(maps.Keys(t.reasons)) {
		s := t.reasons[reason]
		tests := strings.Join(s.tests[:min(named, len(s.tests))], ", ")
		if n := len(s.tests) - named; n > 0 {
			tests += fmt.Sprintf(" and %d more", n)
		}
		fmt.Fprintf(w, "skipped %d times: %s: %s (%s)\n", s.count, reason, tests, strings.Join(s.targets, " "))
	}
}

func header(w io.Writer) {
	fmt.Fprintf(w, "%-13s %-43s %5s %5s %5s  %5s %5s %5s\n", "target", "kernel, machine, bits, byte order", "pass", "fail", "skip", "made", "boot", "cpu")
}

func (r *report) print(w io.Writer, verbose bool) {
	if r.absent != nil {
		fmt.Fprintf(w, "%-13s skipped: %v\n", r.target.name, r.absent)
		return
	}
	verdict := "ok"
	switch {
	case r.err != nil:
		verdict = r.err.Error()
	case len(r.failed) > 0:
		verdict = "FAILED"
	}
	fmt.Fprintf(w, "%-13s %-43s %5d %5d %5d  %5.0f %5.0f %5.0f  %s\n", r.target.name, r.kernel, r.pass, len(r.failed), len(r.skipped),
		r.prepare.Seconds(), r.wall.Seconds(), r.cpu.Seconds(), verdict)
	if verbose {
		if len(r.missing) > 0 {
			fmt.Fprintln(w, "  its kernel has no", strings.Join(r.missing, ", "))
		}
		for _, s := range r.ran {
			fmt.Fprintln(w, "  ran", s)
		}
		for _, s := range append(r.skipped, r.parts...) {
			fmt.Fprintln(w, "  skipped", s)
		}
	}
	for _, s := range r.failed {
		fmt.Fprintln(w, "  failed", s)
	}
	if verbose || r.bad() {
		for _, s := range r.notes[:min(len(r.notes), shown)] {
			fmt.Fprintln(w, "  "+s)
		}
		if n := len(r.notes) - shown; n > 0 {
			fmt.Fprintf(w, "  and %d lines more, in its log\n", n)
		}
	}
}
