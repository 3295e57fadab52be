//go:build linux

package iptables

import (
	"errors"

	"github.com/minins/minins/cmd/minins/applet"
)

const version = "v1.8.9 (nf_tables)" // scripts depend on it

// A kind of failure has an exit status and a form of its message.
type kind int

const (
	usage        kind = iota // 2: the command line is wrong
	badArgument              // 2: a word that is no option's
	refused                  // 1: something is not as the command wants it
	incompatible             // 1: not in iptables' words
	noTable                  // 3: no such table
	byKernel                 // 4: the kernel said no
	otherFamily              // 2: -6 to iptables, -4 to ip6tables: only the last line
)

// A failure ends the command: what iptables prints, and a hint for people.
type failure struct {
	kind kind
	text string
	hint string
}

func (f *failure) Error() string { return f.text }

func fail(k kind, text string) *failure { return &failure{kind: k, text: text} }

// wrong is a mistake in the command line.
func wrong(text string) *failure { return fail(usage, text) }

// badOption is a mistake in an option of an extension.
func badOption(extension, option, what string) *failure {
	return wrong(extension + `: option "--` + option + `" ` + what + "\n")
}

// hinted adds what the failure is about, and what to do.
func (f *failure) hinted(text string) *failure {
	f.hint = text
	return f
}

// report prints err as iptables would and returns the exit status. Only the
// kernel's failures come here as other than a *failure.
func report(c *applet.Cmd, err error) int {
	var f *failure
	if !errors.As(err, &f) {
		f = fail(byKernel, err.Error())
	}
	status := 1
	switch f.kind {
	case usage:
		c.Errorf("%s %s: %s", c.Name, version, f.text)
		tryHelp(c)
		status = 2
	case badArgument:
		c.Errorf("Bad argument `%s'", f.text)
		tryHelp(c)
		status = 2
	case otherFamily:
		tryHelp(c)
		status = 2
	case refused:
		c.Errorf("%s: %s.", c.Name, f.text)
	case incompatible:
		c.Errorf("%s %s: %s", c.Name, version, f.text)
	case noTable:
		c.Errorf("%s %s: %s\nPerhaps iptables or your kernel needs to be upgraded.", c.Name, version, f.text)
		status = 3
	case byKernel:
		c.Errorf("%s %s: %s", c.Name, version, f.text)
		status = 4
	}
	if f.hint != "" {
		c.Hintf("%s", f.hint)
	}
	return status
}

func tryHelp(c *applet.Cmd) {
	c.Errorf("Try `%s -h' or '%s --help' for more information.", c.Name, c.Name)
}
