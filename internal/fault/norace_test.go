//go:build linux && !race

package fault

const raceEnabled = false
