//go:build linux

package iptables

import (
	"errors"
	"strings"

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
	noNetlink                // 1: the kernel has no netlink for netfilter
)

// A failure ends the command: what iptables prints, and a hint for people.
type failure struct {
	_ [0]func() // not to be compared: that would take code

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
	text := c.Name + " " + version + ": " + f.text
	switch f.kind {
	case badArgument:
		text = "Bad argument `" + f.text + "'"
	case refused:
		text = c.Name + ": " + f.text + "."
	case noNetlink:
		text = c.Name + "/" + version[1:] + " " + f.text
		if !strings.Contains(c.Name, "-") {
			text = c.Name + ": " + f.text
		}
	case noTable:
		text += "\nPerhaps iptables or your kernel needs to be upgraded."
	}
	if f.kind != otherFamily {
		c.Errorf("%s", text)
	}
	status := statuses[f.kind]
	if status == 2 {
		c.Errorf("Try `%s -h' or '%s --help' for more information.", c.Name, c.Name)
	}
	c.Hint(f.hint)
	return status
}

var statuses = [...]int{usage: 2, badArgument: 2, refused: 1, incompatible: 1, noTable: 3, byKernel: 4, otherFamily: 2, noNetlink: 1}
