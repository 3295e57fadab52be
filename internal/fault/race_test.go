//go:build linux && race

package fault

// With the race detector each run of the test binary takes a third of a second.
const raceEnabled = true
