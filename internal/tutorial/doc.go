//go:build linux

// Package tutorial plays the tutorial "Pre-requisite Network Namespaces", all
// its commands in their order, on a stage, and checks what they do.
//
// A [Stage] is a host in miniature: a process with user, network, mount and
// PID namespaces of its own, whose root directory holds minins, its links, the
// kernel's /proc, /sys and /run, /dev/null, four short files in /etc, and nothing
// else: no shell and no other program. It always has a user namespace, for root too, so that not
// even a mistake can reach the host. When it is closed, all of it is gone.
//
// The same stage can be played with the installed tools (iproute2, iptables,
// net-tools, iputils), on the host's own root directory. That proves the stage,
// and is what minins is compared with.
//
// The outside world is a router in a further namespace, "wan", at 192.168.1.1
// and 8.8.8.8. It knows no way back to 192.168.15.0/24, as no real one would.
//
// The script is testdata/tutorial.txt. A program that uses the package must
// begin with
//
//	func init() { runtime.LockOSThread() } // the stage's main thread stays in its namespaces
//
//	func main() { tutorial.Main(); … }
//
// as the stage is that same program, started again.
package tutorial
