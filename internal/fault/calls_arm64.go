//go:build linux

package fault

import "golang.org/x/sys/unix"

// moreCalls are those of another name than amd64's.
func moreCalls() map[uint64]call {
	return map[uint64]call{
		unix.SYS_FSTATAT: {name: "newfstatat", class: asks, text: []int{1}},
	}
}
