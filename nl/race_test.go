//go:build linux && race

package nl_test

// The race detector allocates on its own account.
const raceEnabled = true
