//go:build linux && !race

package nl_test

const raceEnabled = false
