//go:build linux

package testns

import (
	"slices"
	"testing"
)

func TestListeners(t *testing.T) {
	const sockets = `sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
0000000000000000 0   9          00000000 5        0        0        2        0        1
0000000000000000 0   10         00000111 0        0        0        2        0        2
0000000000000000 12  10         00000040 768      0        0        2        0        3
`
	for protocol, want := range map[int][]string{0: {"0"}, 12: {"768"}, 9: nil} {
		if got := Listeners([]byte(sockets), protocol); !slices.Equal(got, want) {
			t.Errorf("protocol %d: got %q, want %q", protocol, got, want)
		}
	}
}
