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
	output  int           // negative if standard output was closed: Go opens /dev/null there
)

// inherit ignores the signals that were ignored, as a program in C does without
// saying so, and which a program that takes the place of this one inherits in turn. Where
// standard output was closed, to write there fails again: nothing that is printed is lost
// unsaid, and no file that is opened later gets its number.
func inherit() {
	for i := range unix.Signal(64) {
		if ignored>>i&1 != 0 {
			signal.Ignore(i + 1)
		}
	}
	if output >= 0 {
		return
	}
	if null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
		_ = unix.Dup3(null, 1, 0)
		_ = unix.Close(null)
	}
}
