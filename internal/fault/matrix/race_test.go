//go:build linux && race

package matrix

// With the race detector each run of the test binary takes a third of a second.
const raceEnabled = true
