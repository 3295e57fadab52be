//go:build linux

package testns

import (
	"hash/fnv"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// slow is set where the processor is emulated: what takes a second takes twenty there.
var slow = os.Getenv("MININS_SLOW") != ""

// Slow reports whether the processor is emulated.
func Slow() bool { return slow }

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
		release, machine := kernel()
		h := fnv.New32a()
		_, _ = h.Write([]byte(release + machine))
		return (uint32(i)+h.Sum32())%uint32(slowly) == 0
	case testing.Short():
		return i%short == 0
	}
	return true
}

// Sparse is how many captures of the real tools there are for each that is decoded: one, but four on
// emulated processors. Of those, ARMv7 has them all, of 32 bits and little-endian, 386 with alignments of its own,
// mips, big-endian, and s390x, of 64 bits. Where there are several kernels for such a processor,
// and for amd64, on which they are all decoded without emulation, it is twelve.
func Sparse() int {
	switch {
	case !slow || slices.Contains([]string{"386", "mips", "s390x"}, runtime.GOARCH) || runtime.GOARCH == "arm" && armv7():
		return 1
	case runtime.GOARCH == "arm" || runtime.GOARCH == "amd64":
		return 12
	}
	return 4
}

// armv7 tells that kernel from the one of ARMv6 and from the oldest, which runs programs for ARMv5.
func armv7() bool {
	release, machine := kernel()
	return machine == "armv7l" && !strings.HasPrefix(release, "5.")
}
