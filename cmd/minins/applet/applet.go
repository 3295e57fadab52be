//go:build linux

// Package applet is what every command of minins is made of: a table entry
// and one call of it, as a value that a test can fill in.
package applet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/internal/lacks"
	"github.com/minins/minins/nl"
)

// An Applet is one command of the multi-call binary.
type Applet struct {
	Name    string         // what it is called by: "ip", "iptables-save"
	Summary string         // one line for "minins help", or "" for one that only minins itself calls
	Run     func(*Cmd) int // returns the exit status
}

// A Cmd is one call of an applet. Its methods and fields are all that an
// applet knows of the process that it runs in.
type Cmd struct {
	Name   string   // the name it was called by
	Args   []string // the words after the name
	Stdin  io.Reader
	Stdout *bufio.Writer // flushed when Run returns; long-running applets flush it themselves
	Stderr io.Writer
	Getenv func(string) string

	// Dial opens a netlink socket of protocol p in network namespace ns: a
	// name in /run/netns, a path with a slash in it, or "" for the caller's.
	Dial func(p *nl.Protocol, ns string) (*nl.Conn, error)

	// Tracer, if set, is told of sockets that libraries open: see [Cmd.Context].
	Tracer nl.Tracer

	// IsApplet reports whether minins has an applet of that name, for
	// commands that run other commands.
	IsApplet func(name string) bool

	// Blocked are the signals that were blocked when the process began, as far
	// as that is known; nil is none.
	Blocked *unix.Sigset_t

	// Hints says that a person is reading standard error, so that an error may
	// be followed by more than the tool that minins stands in for would print.
	// See [Cmd.Hintf].
	Hints bool

	// Explain, when set, is told each system call that the command would
	// make beside its netlink messages, and the command does not make it.
	// See [Cmd.Explains].
	Explain func(call, why string)
}

// Context is what to call libraries with that open sockets of their own.
func (c *Cmd) Context() context.Context {
	ctx := context.Background()
	if c.Tracer != nil {
		ctx = nl.WithTracer(ctx, c.Tracer)
	}
	return ctx
}

// Explains reports whether the command is only being explained. If so, call
// (in the words of strace) and why (a short clause, or "") are shown, and the
// applet must not do what they say.
func (c *Cmd) Explains(call, why string) bool {
	if c.Explain == nil {
		return false
	}
	c.Explain(call, why)
	return true
}

// Strerror is the errno in err in the words of strerror(3), which are those of Go with a
// capital letter, or else err's own words.
func Strerror(err error) string {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return err.Error()
	}
	s := errno.Error()
	return strings.ToUpper(s[:1]) + s[1:]
}

// Unwritten reports whether err is that of standard output: main says it, once, when the
// command has returned.
func (c *Cmd) Unwritten(err error) bool {
	out := c.Stdout.Flush()
	return out != nil && errors.Is(err, out)
}

// Errorf writes one line to standard error, unless it is what main will say: see
// [Cmd.Unwritten].
func (c *Cmd) Errorf(format string, args ...any) {
	out := c.Stdout.Flush() // keep the order of what a person sees
	text := fmt.Sprintf(format+"\n", args...)
	if out == nil || !strings.Contains(text, out.Error()) {
		io.WriteString(c.Stderr, text)
	}
}

// Printf writes to standard output.
func (c *Cmd) Printf(format string, args ...any) {
	fmt.Fprintf(c.Stdout, format, args...)
}

// Failed writes what is wrong, unless it is that standard output cannot be written: that
// is said when the command has ended. If the caller may not do something, a hint says
// what it takes: capabilities, such as "CAP_NET_RAW".
func (c *Cmd) Failed(err error, capabilities string) {
	if c.Stdout.Flush() == nil {
		c.Errorf("minins %s: %v", c.Name, err)
	}
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		c.Hintf("it takes %s: become root, or put \"minins --rootless\" before the command", capabilities)
	}
	if errors.Is(err, unix.EAFNOSUPPORT) {
		c.Hint(lacks.IPv6())
	}
}

// Hintf writes, below an error, what it is about and what to type instead:
// one line "minins: ...", but only where a person reads it (a terminal, or
// MININS_HINTS=1), since scripts compare what the real tools print.
func (c *Cmd) Hintf(format string, args ...any) { c.Hint(fmt.Sprintf(format, args...)) }

// Hint is Hintf of a text, and prints nothing if that is "".
func (c *Cmd) Hint(text string) {
	if c.Hints && text != "" {
		c.Errorf("minins: %s", text)
	}
}
