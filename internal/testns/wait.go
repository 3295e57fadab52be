//go:build linux

package testns

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// Eventually waits for something to become true, for at most 20 seconds.
func Eventually(t testing.TB, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !true(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not after 20 s", what)
		}
	}
}

// Listeners reads /proc/PID/net/netlink: the bytes that wait at each socket of a protocol
// (NETLINK_ROUTE…) that has joined groups.
func Listeners(sockets []byte, protocol int) (rmem []string) {
	for line := range strings.Lines(string(sockets)) {
		f := strings.Fields(line) // sk, Eth, Pid, Groups, Rmem
		if f[1] == strconv.Itoa(protocol) && strings.Trim(f[3], "0") != "" {
			rmem = append(rmem, f[4])
		}
	}
	return rmem
}
