//go:build linux && (amd64 || arm64)

package main

// start is where the kernel begins (the Makefile tells the linker: -E). It notes
// what Go's runtime is about to change, and goes on to that.
func start() //nolint:unused // by name
