//go:build linux

package testns

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Since reports whether the kernel is at least of version major.minor.
func Since(t testing.TB, major, minor int) bool {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	release := unix.ByteSliceToString(u.Release[:])
	var x, y int
	if _, err := fmt.Sscanf(release, "%d.%d", &x, &y); err != nil {
		t.Fatalf("kernel release %q: %v", release, err)
	}
	return x > major || x == major && y >= minor
}

// Needs skips the test on a kernel older than version major.minor, which brought what.
func Needs(t testing.TB, major, minor int, what string) {
	t.Helper()
	if !Since(t, major, minor) {
		Skip(t, fmt.Sprintf("Linux %d.%d brought %s", major, minor, what))
	}
}

// UserNS reports whether the tests are in a user namespace that is not the host's, where kernels
// refuse some of what root may do.
func UserNS(t testing.TB) bool {
	t.Helper()
	m, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		t.Fatal(err)
	}
	return !bytes.Contains(m, []byte("4294967295"))
}

// Order is this machine's byte order, "little" or "big": the directories in testdata of what
// was recorded on machines of each.
func Order() string {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return "little"
	}
	return "big"
}

// Layout is Order, or "386" there: it alone aligns integers of 64 bits to 4 bytes, and has
// the structs of xtables without the padding behind them.
func Layout() string {
	if runtime.GOARCH == "386" {
		return runtime.GOARCH
	}
	return Order()
}
