//go:build linux

package main

import (
	"slices"
	"strings"
)

// namesCompared are the names that the runtime compares a function's name
// with, whole. The maps of arguments of the two in reflect are found in
// another way (runtime/stkframe.go); a traceback shows gopanic as "panic".
var namesCompared = []string{"reflect.makeFuncStub", "reflect.methodValueCall", "runtime.gopanic"}

// valueMethods starts the names that package reflect looks for on the stack, to
// say in a panic which of its methods was called (valueMethodName).
const valueMethods = "reflect.Value."

// namePrefixes are the beginnings of names that the runtime asks for.
//
//   - runtime.: an index out of range there is fatal (panicCheck1), goroutines
//     that start there are the system's (isSystemGoroutine), frames there are
//     left out of tracebacks (showfuncinfo).
//   - those and internal/runtime/, reflect.: no goroutine is stopped there
//     (isAsyncSafePoint), with or without a table that says so.
//   - internal/runtime/atomic: what a profiling signal must not look into, on
//     some 32-bit architectures (sigprof).
var namePrefixes = []string{"runtime.", "internal/runtime/atomic.", "internal/runtime/", "reflect."}

// shortName is what remains of the name of a function: as much as the runtime
// looks at.
func shortName(name string) string {
	if slices.Contains(namesCompared, name) || strings.HasPrefix(name, valueMethods) {
		return name
	}
	prefix := "?."
	for _, p := range namePrefixes {
		if strings.HasPrefix(name, p) {
			prefix = p
			break
		}
	}
	switch {
	case prefix == "internal/runtime/":
		prefix += "?."
	case prefix == "?." && !strings.Contains(name, "."):
		return "?" // of assembly; a name without a dot is left out of tracebacks
	}
	if strings.Contains(name, ".(*") {
		// panicwrap takes this form apart for the text of its panic, and
		// throws without it.
		return prefix + "(*?).?"
	}
	return prefix + "?"
}

// plain says whether the runtime treats a function of this name like any
// function of the program.
func plain(name string) bool { return strings.HasPrefix(shortName(name), "?") }
