//go:build linux

package rtnl

import (
	"fmt"
	"io"

	"github.com/minins/minins/nl"
)

// An OpError is an operation that failed: what was to be done, to what, and
// below it the error, most often the kernel's refusal, an [*nl.Error].
// [errors.Is] and [errors.As] see through it.
type OpError struct {
	_ [0]func() // not to be compared: that would take code

	Op     string // "add", "set", "delete", "get", "list"
	Object string // "link veth-red"
	Reason string // the likely cause in words; "" where the kernel's own say all
	Err    error
}

// Unwrap returns the error below.
func (e *OpError) Unwrap() error { return e.Err }

// Error is one line.
func (e *OpError) Error() string {
	s := e.Op + " " + e.Object + ": "
	if e.Reason != "" {
		s += e.Reason + ": "
	}
	return s + e.Err.Error()
}

// Format is Error, and for %+v the annotated request below it.
func (e *OpError) Format(s fmt.State, verb rune) {
	switch {
	case verb == 'q':
		fmt.Fprintf(s, "%q", e.Error())
	case verb == 'v' && s.Flag('+'):
		io.WriteString(s, e.Op+" "+e.Object+": ")
		if e.Reason != "" {
			io.WriteString(s, e.Reason+": ")
		}
		fmt.Fprintf(s, "%+v", e.Err)
	default:
		io.WriteString(s, e.Error())
	}
}

// failed says of err, if there is one, what was to be done to m.
func failed(op string, m nl.Message, err error) error {
	if err == nil {
		return nil
	}
	return &OpError{Op: op, Object: object(m), Reason: Reason(op, m, err), Err: err}
}

// failedList is failed for a dump.
func failedList(objects string, err error) error {
	if err == nil {
		return nil
	}
	return &OpError{Op: "list", Object: objects, Err: err}
}
