//go:build linux && (amd64 || arm64)

// Package fault runs a program and spoils one of its system calls: the call fails
// with an errno and is not carried out (but close, as that closes even if it fails), or the program is killed just before it.
// Tests try them one after the other, and look at what is left behind.
//
//	r, err := fault.Run(p, fault.None)                   // r.Calls is what there is to spoil
//	for i := range r.Calls {
//		r, err = fault.Run(p, fault.Fail(i, unix.ENOMEM)) // or fault.Kill(i)
//		…
//	}
//
// The program is traced with ptrace(2), all of its threads and children, and what
// they execute. Each call stops twice, so that a command of 2 ms takes 10.
//
// # What is counted
//
// A call has a number, from 0, in the order in which the threads make them. For the
// same call to have the same number each time, what Go's runtime does for itself, when
// it likes, is left out: memory, signals, threads, waiting for one another, the clock.
// A Go program makes none of these on purpose, and has no answer to their failure but
// to crash, which is what a kill tries out. Calls that cannot fail, as getpid, are
// left out too. Calls that the table in calls.go does not know are counted.
//
// Of the calls that are counted, all can fail (but exit_group). Those to kill at are
// the ones that change something outside of the process, or could, and exit_group: of
// all the states of the world that a killed program can leave behind, each is the one
// before such a call. (A program that is killed closes its files. Where it did so itself
// before, that makes no other state.)
//
// How many processors there are decides on the order of goroutines: a program in Go
// should have GOMAXPROCS in its environment, which also keeps the runtime from
// reading limits of cgroups now and then.
package fault
