//go:build linux

// Package iputils is what ping and arping share: getopt(3), the way in which
// iputils reads numbers, and its error messages.
package iputils

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/fraction"
	"github.com/minins/minins/cmd/minins/internal/getopt"
)

// A Failure ends a command: a message for standard error ("" for none),
// whether the usage follows it, and the exit status.
type Failure struct {
	_ [0]func() // not to be compared: that would take code

	Status int
	Text   string
	Usage  bool
}

func (f *Failure) Error() string { return f.Text }

// Fail makes a Failure.
func Fail(status int, format string, args ...any) error {
	return &Failure{Status: status, Text: fmt.Sprintf(format, args...)}
}

// Misuse makes a Failure that shows the usage.
func Misuse(text string) error { return &Failure{Status: 2, Text: text, Usage: true} }

// FailErrno makes a Failure that ends in the words of strerror(3).
func FailErrno(status int, err error, format string, args ...any) error {
	return Fail(status, "%s: %s", fmt.Sprintf(format, args...), applet.Strerror(err))
}

// Report writes a command's failure as error(3) does, and
// returns its exit status.
func Report(c *applet.Cmd, err error, usage string) int {
	f, ok := err.(*Failure)
	if !ok {
		f = &Failure{Status: 2, Text: err.Error()}
	}
	if f.Text != "" {
		c.Errorf("%s: %s", c.Name, f.Text)
	}
	if f.Usage {
		c.Errorf("%s", strings.TrimSuffix(usage, "\n"))
	}
	return f.Status
}

// Getopt calls f with each option of args and its value, and returns the other
// words. spec is as of getopt(3): a colon follows the letters that have a
// value. Options may follow the other words, until "--". An option that is not
// there or lacks its value is a Misuse; f's error is returned as it is.
func Getopt(args []string, spec string, f func(opt byte, value string) error) (rest []string, err error) {
	var table []getopt.Option
	for i := range len(spec) {
		if spec[i] != ':' {
			table = append(table, getopt.Option{Short: spec[i]})
		} else {
			table[len(table)-1].Arg = getopt.Required
		}
	}
	rest, err = getopt.Parse(table, args, false, func(o *getopt.Option, _, value string, _ bool) error {
		return f(o.Short, value)
	})
	if wrong, ok := err.(getopt.Error); ok {
		return nil, Misuse(string(wrong))
	}
	return rest, err
}

// Int reads a decimal number of that range, blanks and a sign before it
// allowed. Its Failure has the status 1, which is what iputils 20221126 gives.
func Int(s string, low, high int64) (int64, error) {
	digits := strings.TrimLeft(s, " \t\n\v\f\r")
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case err != nil && isRange(err):
		return 0, Fail(1, "invalid argument: '%s': %s", s, applet.Strerror(unix.ERANGE))
	case err != nil:
		return 0, Fail(1, "invalid argument: '%s'", s)
	case n < low || n > high:
		return 0, Fail(1, "invalid argument: '%s': out of range: %d <= value <= %d", s, low, high)
	}
	return n, nil
}

func isRange(err error) bool {
	num, ok := err.(*strconv.NumError)
	return ok && num.Err == strconv.ErrRange
}

// Float reads a number of seconds; what is the option's meaning in the words
// of its errors. Like strtod(3) it takes the longest beginning that is a
// number; warning tells of the rest, if any.
func Float(s, what string) (value float64, warning string, err error) {
	if s == "" {
		return 0, "", Fail(2, "%s: ", what)
	}
	digits := strings.TrimLeft(s, " \t\n\v\f\r")
	end := len(digits)
	for ; end > 0; end-- {
		if value, err = fraction.Parse(digits[:end]); err != strconv.ErrSyntax {
			break
		}
	}
	if end < len(digits) || end == 0 || err != nil {
		warning = "option argument contains garbage: " + digits[end:]
	}
	if end > 0 && (err != nil || math.IsNaN(value) || math.IsInf(value, 0)) {
		return 0, warning, FailErrno(2, unix.ERANGE, "%s: %s", what, s)
	}
	return value, warning, nil
}
