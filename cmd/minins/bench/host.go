//go:build linux

package bench

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A fact is something that figures depend on.
type fact struct{ key, value string }

const unknown = "unknown"

// facts are those of this host.
func facts() []fact {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		u = unix.Utsname{}
	}
	version := unix.ByteSliceToString(u.Version[:])
	all := []fact{
		{"kernel", known(unix.ByteSliceToString(u.Release[:]) + " " + unix.ByteSliceToString(u.Machine[:]))},
		{"build", known(version)},
		{"preemption", preemption(version)},
		{"cpus", strconv.Itoa(runtime.NumCPU())},
		{"cpu", cpuModel()},
		{"hz", hz()},
	}
	const rcupdate = "/sys/module/rcupdate/parameters/"
	for _, file := range [...]string{
		"/sys/kernel/rcu_expedited", "/sys/kernel/rcu_normal",
		rcupdate + "rcu_expedited", rcupdate + "rcu_normal", rcupdate + "rcu_normal_after_boot",
	} {
		key := file[strings.LastIndexByte(file, '/')+1:]
		if strings.HasPrefix(file, rcupdate) {
			key = "rcupdate." + key
		}
		all = append(all, fact{key, contents(file)})
	}
	return append(all, fact{"date", time.Now().UTC().Format(time.RFC3339)})
}

// known is s, or that it is not known.
func known(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return unknown
	}
	return s
}

func contents(file string) string {
	b, _ := os.ReadFile(file) // what cannot be read is not known
	return known(string(b))
}

// preemption is the word of "uname -v" for it. Kernels that are preempted
// only where they ask for it have none.
func preemption(version string) string {
	for word := range strings.SplitSeq(version, " ") {
		if strings.HasPrefix(word, "PREEMPT") {
			return word
		}
	}
	return "none or voluntary"
}

func cpuModel() string {
	_, rest, _ := strings.Cut(contents("/proc/cpuinfo"), "model name\t: ")
	line, _, _ := strings.Cut(rest, "\n")
	return known(line)
}

// hz is CONFIG_HZ: the clock that is only advanced by the tick has the tick as
// its resolution. (AT_CLKTCK is USER_HZ, which is always 100.)
func hz() string {
	var t unix.Timespec
	if unix.ClockGetres(unix.CLOCK_MONOTONIC_COARSE, &t) != nil || t.Nano() == 0 {
		return unknown
	}
	return strconv.FormatInt((1e9+t.Nano()/2)/t.Nano(), 10)
}
