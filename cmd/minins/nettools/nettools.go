//go:build linux

// Package nettools is route and arp with the words and the output of
// net-tools 2.10, on rtnetlink in place of ioctl(2) and, but for the table of
// IPv6, /proc/net.
//
// On purpose it differs in this: an empty routing table is no error, and a
// hardware address of fewer than six bytes is one.
package nettools

import (
	"context"
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/getopt"
	"github.com/minins/minins/cmd/minins/internal/resolve"
	"github.com/minins/minins/rtnl"
)

// Exit statuses of net-tools.
const (
	statusUsage  = 3 // wrong words
	statusLookup = 6 // no such host
	statusKernel = 7 // refused
	statusArp    = 255
)

// A failure ends a command.
type failure struct {
	_ [0]func() // not to be compared: that would take code

	status int
	text   string // for standard error; "" for none
	usage  string // below it; "" for none
	err    error  // what the kernel said, for a hint
}

func (f *failure) Error() string { return f.text }

func (f *failure) Unwrap() error { return f.err }

// refused is the kernel's refusal in the words of perror(3). An ioctl asks for
// the right before it looks at anything, and so does a request that says
// nothing: without the right, that is what was wrong.
func refused(ctx context.Context, conn *rtnl.Conn, status int, call string, err error) error {
	if denied := conn.DelNeigh(ctx, &rtnl.Neigh{Family: unix.AF_INET}); errors.Is(denied, unix.EPERM) {
		err = denied
	}
	return &failure{status: status, text: call + ": " + applet.Strerror(err), err: err}
}

// unknownHost is the failure of a look-up in the words of herror(3).
func unknownHost(status int, name string, err error) error {
	text, _ := lookupFailure(name, err)
	return &failure{status: status, text: text}
}

// unknownHost6 says it twice, as net-tools does of IPv6 addresses.
func unknownHost6(name string, err error) error {
	text, code := lookupFailure(name, err)
	return &failure{status: 1, text: "getaddrinfo: " + name + ": -" + string(code) + "\n" + text}
}

// lookupFailure has the words of herror(3) and the code of getaddrinfo(3).
func lookupFailure(name string, err error) (text string, code byte) {
	text, code = "Unknown host", '2'
	switch err {
	case resolve.ErrTemporary:
		text, code = "Host name lookup failure", '3'
	case resolve.ErrNoAddress:
		text, code = "No address associated with name", '5'
	case resolve.ErrFamily: // nobody was asked
		text, code = "Resolver Error 0 (no error)", '9'
	}
	if name == "" {
		return "Unknown server error", code
	}
	return name + ": " + text, code
}

// report writes err, if there is one, and returns the exit status.
func report(c *applet.Cmd, err error) int {
	if err == nil {
		return 0
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{status: 1, text: c.Name + ": " + err.Error()}
	}
	if f.text != "" {
		c.Errorf("%s", f.text)
	}
	if f.usage != "" {
		c.Errorf("%s", strings.TrimSuffix(f.usage, "\n"))
	}
	var op *rtnl.OpError
	if errors.As(f.err, &op) {
		c.Hintf("%v", op)
	}
	return f.status
}

// dial opens a socket in the caller's namespace.
func dial(c *applet.Cmd) (*rtnl.Conn, error) {
	conn, err := c.Dial(rtnl.Protocol, "")
	if err != nil {
		return nil, err
	}
	return rtnl.New(conn), nil
}

// parse calls f with each option of words and returns the other words, which
// may stand between the options.
func parse(table []getopt.Option, words []string, f func(short byte, value string) error) ([]string, error) {
	return getopt.Parse(table, words, false, func(o *getopt.Option, _, value string, _ bool) error {
		return f(o.Short, value)
	})
}
