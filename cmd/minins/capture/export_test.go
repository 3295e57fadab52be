//go:build linux

package capture

import "golang.org/x/sys/unix"

// Program is what a filter is compiled to.
func Program(words []string) ([]unix.SockFilter, error) {
	n, err := parse(words)
	if err != nil || n == nil {
		return nil, err
	}
	return compile(n, 1<<16), nil
}
