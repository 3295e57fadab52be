//go:build linux

package main

import (
	"os/signal"

	"golang.org/x/sys/unix"
)

// What this process has inherited, which Go's runtime changes before main begins:
// written by start alone, and zero where that is not there.
var (
	ignored uint64        // a bit for each signal: 1 for SIGHUP
	blocked unix.Sigset_t // of which Go unblocks many
)

// inherit ignores the signals that were ignored, as a program in C does without
// saying so, and which a program that takes the place of this one inherits in turn.
func inherit() {
	for i := range unix.Signal(64) {
		if ignored>>i&1 != 0 {
			signal.Ignore(i + 1)
		}
	}
}
