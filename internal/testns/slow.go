//go:build linux

package testns

import (
	"hash/fnv"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// slow is set where the processor is emulated: what takes a second takes twenty there.
var slow = os.Getenv("MININS_SLOW") != ""

// Rounds is how often a test does what it does n times: n, or on an emulated processor a twentieth.
func Rounds(n int) int {
	if slow {
		return max(1, n/20)
	}
	return n
}

// Some reports whether case i of a long table is tried: each is, but under -short, which is with
// the race detector, one of so many, and on an emulated processor one of slowly: other ones on
// each kernel and architecture, so that together they try more.
func Some(i, short, slowly int) bool {
	switch {
	case slow:
		var u unix.Utsname
		if err := unix.Uname(&u); err != nil {
			panic(err)
		}
		h := fnv.New32a()
		_, _ = h.Write(u.Release[:])
		_, _ = h.Write(u.Machine[:])
		return (uint32(i)+h.Sum32())%uint32(slowly) == 0
	case testing.Short():
		return i%short == 0
	}
	return true
}
