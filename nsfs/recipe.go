//go:build linux

package nsfs

import (
	"errors"

	"golang.org/x/sys/unix"
)

// A Step is one system call of a recipe, to be read by people.
type Step struct {
	Call string // as strace writes it
	Why  string // what it is for
}

// A recipe is a list of system calls that is either made or told.
type recipe []*step

type step struct {
	Step
	op   Op
	what string      // what has failed if do fails, in the words of iproute2
	when func() bool // nil: always
	do   func() error
	soft bool // failure is a warning, and the recipe goes on
}

// tell returns the steps without making them. A step that depends on the
// outcome of an earlier one says so in its Why.
func (r recipe) tell() []Step {
	steps := make([]Step, len(r))
	for i, s := range r {
		steps[i] = s.Step
	}
	return steps
}

// run makes the steps, up to the first that fails. Failures of soft steps go
// to warn, which may be nil.
func (r recipe) run(name string, warn func(error)) error {
	for _, s := range r {
		if s.when != nil && !s.when() {
			continue
		}
		err := uninterrupted(s.do)
		if err == nil {
			continue
		}
		var e *Error
		if !errors.As(err, &e) { // some say more than the step knows
			e = &Error{Op: s.op, Name: name, Call: s.Call, What: s.what, Err: errno(err)}
		}
		if !s.soft {
			return e
		}
		if warn != nil {
			warn(e)
		}
	}
	return nil
}

// uninterrupted does again what a signal has interrupted: it was not done.
func uninterrupted(do func() error) (err error) {
	for err = unix.EINTR; err == unix.EINTR; {
		err = do()
	}
	return err
}
