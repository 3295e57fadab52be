//go:build linux && !race

package matrix

const raceEnabled = false
