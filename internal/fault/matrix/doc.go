//go:build linux && (amd64 || arm64)

// Package matrix spoils every system call of what minins does, one after the other,
// and looks at what is left: see its tests, and CONTRIBUTING.md.
package matrix
