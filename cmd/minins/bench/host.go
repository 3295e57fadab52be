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

const (
	params = "/sys/module/rcupdate/parameters/"
	// unknown is what cannot be read.
	unknown = "unknown"
)

// facts are what figures depend on: a name, and the file that says it, which is
// replaced by what it says.
func facts() [][2]string {
	all := [][2]string{
		{"kernel", "/proc/sys/kernel/osrelease"},
		{"machine", "/proc/sys/kernel/arch"},
		{"build", "/proc/sys/kernel/version"},
		{"rcu_expedited", "/sys/kernel/rcu_expedited"},
		{"rcu_normal", "/sys/kernel/rcu_normal"},
		{"rcupdate.rcu_expedited", params + "rcu_expedited"},
		{"rcupdate.rcu_normal", params + "rcu_normal"},
		{"rcupdate.rcu_normal_after_boot", params + "rcu_normal_after_boot"},
		{"cpu", "/proc/cpuinfo"},
		{"cpus"}, {"preemption"}, {"hz"}, {"date"},
	}
	for i := range all[:9] {
		b, _ := os.ReadFile(all[i][1]) // what cannot be read is not known
		if all[i][1] = strings.TrimSpace(string(b)); len(b) == 0 {
			all[i][1] = unknown
		}
	}
	all[8][1] = cpuModel(all[8][1])
	all[9][1] = strconv.Itoa(runtime.NumCPU())
	all[10][1] = preemption(all[2][1])
	all[11][1] = hz()
	all[12][1] = time.Now().UTC().Format(time.RFC3339)
	return all
}

// cpuModel is what /proc/cpuinfo calls the first processor.
func cpuModel(info string) string {
	_, rest, ok := strings.Cut(info, "model name\t: ")
	if !ok {
		return unknown
	}
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

// preemption is the word of "uname -v" for it. Kernels that are preempted
// only where they ask for it have none.
func preemption(version string) string {
	_, rest, ok := strings.Cut(version, "PREEMPT")
	if !ok {
		return "none or voluntary"
	}
	word, _, _ := strings.Cut(rest, " ")
	return "PREEMPT" + word
}

// hz is CONFIG_HZ: the clock that is only advanced by the tick has the tick as
// its resolution. (AT_CLKTCK is USER_HZ, which is always 100.)
func hz() string {
	var t unix.Timespec
	if unix.ClockGetres(unix.CLOCK_MONOTONIC_COARSE, &t) != nil || t.Nsec == 0 {
		return unknown
	}
	return strconv.Itoa(int((1e9 + t.Nano()/2) / t.Nano()))
}
