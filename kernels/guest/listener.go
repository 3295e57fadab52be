//go:build linux

package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"
)

// A listener takes what a program prints, and reports each test as it ends.
type listener struct {
	name string // of the package

	mu     sync.Mutex
	rest   []byte // of a line that has no end yet
	tests  int
	log    []string // the lines that say why
	reason string   // the last that a test said, with its file and line
	last   string   // the last test to begin
}

func (l *listener) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte{'\n'})
		if !ok {
			return len(b), nil
		}
		l.line(string(line))
		l.rest = rest
	}
}

func (l *listener) line(line string) {
	verdict, test, ok := strings.Cut(line, ": ")
	switch {
	case ok && verdict == "--- PASS":
		l.tests++
		fmt.Println("K pass", l.name, test)
	case ok && verdict == "--- FAIL":
		l.tests++
		fmt.Println("K fail", l.name, test)
		l.log = append(l.log, line)
	case ok && verdict == "--- SKIP":
		l.tests++
		fmt.Printf("K skip %s %s: %s\n", l.name, test, l.reason)
	case ok && strings.TrimSpace(verdict) == "--- SKIP":
		fmt.Printf("K part %s %s: %s\n", l.name, test, l.reason)
	case strings.HasPrefix(line, "=== "):
		l.last = line
	case strings.HasPrefix(strings.TrimSpace(line), "--- PASS"):
	default:
		l.log = append(l.log, line)
		if _, r, ok := strings.Cut(line, ".go:"); ok && strings.HasPrefix(line, "    ") {
			_, l.reason, _ = strings.Cut(r, ": ")
		}
	}
}

// sign says what is being run, and for how long the program has.
func (l *listener) sign(since time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Printf("K at %s %.0f %s\n", l.name, since.Seconds(), l.last)
}

// end reports what is left when the program has ended with err: it itself when it had no
// tests, and what it printed when it failed.
func (l *listener) end(program string, err error) {
	const most = 400
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.line(string(l.rest))
	}
	if l.tests == 0 {
		verdict := "pass"
		if err != nil {
			verdict = "fail"
		}
		fmt.Println("K", verdict, l.name, program)
	}
	if err == nil {
		return
	}
	for _, line := range l.log[max(0, len(l.log)-most):] {
		fmt.Println("K |", line)
	}
	fmt.Println("K | the last to begin:", l.last)
}
