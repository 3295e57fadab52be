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
// main one. When f returns false, panics or ends its goroutine, the thread, whose
// namespaces may be anything by then, ends; when it returns true the thread is as it
// was and is reused. A panic goes on in the caller.
func onThread(f func() (clean bool, err error)) error {
	type outcome struct {
		err      error
		panicked any
	}
	done := make(chan outcome, 1)
	go func() {
		o := outcome{err: errGoexit}
		defer func() {
			o.panicked = recover()
			done <- o
		}()
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The main thread must not change. While it is held here, the
			// next goroutine has to be on another.
			defer runtime.UnlockOSThread()
			o.err = onThread(f)
			return
		}
		clean, err := f()
		if o.err = err; clean {
			runtime.UnlockOSThread()
		}
		// A goroutine that ends while locked takes its thread with it.
	}()
	o := <-done
	if o.panicked != nil {
		panic(o.panicked)
	}
	return o.err
}

// Throwaway runs f on a thread that ends with it, so that f may change the
// thread's namespaces and need not change them back. It is never the main
// thread. f's error is returned, and its panic goes on in the caller.
func Throwaway(f func() error) error {
	return onThread(func() (bool, error) { return false, f() })
}
