//go:build linux

package nsfs

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// An Op is what was being done when an [Error] occurred.
type Op string

// The operations, in the order in which a namespace meets them.
const (
	OpName   Op = "name"   // the name itself is not possible
	OpCreate Op = "create" // making a namespace, or its name
	OpOpen   Op = "open"   // opening the file of a namespace
	OpEnter  Op = "enter"  // a thread entering a namespace, or coming back
	OpSetup  Op = "setup"  // the mounts that a command gets to see
	OpExec   Op = "exec"   // looking up and executing the command
	OpDelete Op = "delete" // removing the name
	OpList   Op = "list"   // reading Dir
	OpSysctl Op = "sysctl" // reading or writing a setting
)

// An Error is a step that failed. It wraps the errno, so that errors.Is works
// with [io/fs.ErrExist] and with [unix.EEXIST] alike.
type Error struct {
	_ [0]func() // not to be compared: that would take code

	Op   Op
	Name string // the name or path, as the caller gave it
	Call string // the system call as strace writes it; "" if none was made
	What string // what failed, in the words of iproute2
	Hint string // more than errno says; ""  if there is no more to say
	Err  error  // a [unix.Errno] or, of OpName, ErrName
}

// Error returns what failed, why, and the hint.
func (e *Error) Error() string {
	s := e.What + ": " + e.Err.Error()
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the errno.
func (e *Error) Unwrap() error { return e.Err }

// Iproute2 returns the line that the command ip prints for this error.
func (e *Error) Iproute2() string {
	var no unix.Errno
	if !errors.As(e.Err, &no) {
		return e.What
	}
	why := no.Error() // as the C library's, but for the first letter
	return e.What + ": " + strings.ToUpper(why[:1]) + why[1:]
}

// errno takes the errno out of a *fs.PathError and its like.
func errno(err error) error {
	var no unix.Errno
	if errors.As(err, &no) {
		return no
	}
	return err
}
