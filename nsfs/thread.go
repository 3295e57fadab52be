//go:build linux

package nsfs

import (
	"errors"
	"runtime"

	"golang.org/x/sys/unix"
)

// errGoexit is returned for a function that called [runtime.Goexit], as
// testing.T.FailNow does, instead of returning.
var errGoexit = errors.New("nsfs: the function ended its goroutine")

// onThread runs f on a goroutine that is locked to a thread other than the
// main one. When f returns false the thread, whose namespaces may be anything
// by then, ends; when it returns true the thread is as it was and is reused.
func onThread(f func() (clean bool, err error)) error {
	done := make(chan error, 1)
	go func() {
		err := errGoexit
		defer func() { done <- err }()
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The main thread must not change. While it is held here, the
			// next goroutine has to be on another.
			err = onThread(f)
			runtime.UnlockOSThread()
			return
		}
		var clean bool
		if clean, err = f(); clean {
			runtime.UnlockOSThread()
		}
		// A goroutine that ends while locked takes its thread with it.
	}()
	return <-done
}

// Throwaway runs f on a thread that ends with it, so that f may change the
// thread's namespaces and need not change them back. It is never the main
// thread, and f's error is returned.
func Throwaway(f func() error) error {
	return onThread(func() (bool, error) { return false, f() })
}
