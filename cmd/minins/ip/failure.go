//go:build linux

package ip

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
)

// Exit statuses of iproute2.
const (
	exitFailed = 1   // a device or namespace is not there, and the like
	exitKernel = 2   // the kernel refused
	exitUsage  = 255 // the command line is wrong: exit(-1)
)

// A failure ends a command: with a text for standard error, which may be
// empty, an exit status, and a hint for the person who typed it.
type failure struct {
	code  int
	text  string
	hint  string
	usage string // topic of the usage to print first; see usageText
	after string // topic of the usage to print behind text
}

func (f *failure) Error() string { return f.text }

// fail is a failure with a text, and a hint or "".
func fail(code int, text, hint string) *failure { return &failure{code: code, text: text, hint: hint} }

// say is fmt.Sprintf of strings alone. A format without verbs needs none.
func say(format string, args ...string) string {
	if !strings.Contains(format, "%") {
		return format
	}
	values := make([]any, len(args))
	for i, s := range args {
		values[i] = s
	}
	return fmt.Sprintf(format, values...)
}

// meant asks whether one of known was meant by a word, or is "".
func meant(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return say("did you mean %q?", near)
	}
	return ""
}

// The mistakes in command lines, in the words of iproute2.

func incomplete(after string) error {
	f := fail(exitUsage, `Command line is not complete. Try option "help"`, "")
	if after != "" {
		f.hint = say("a value is missing after %q", after)
	}
	return f
}

func wrong(arg, why, hint string) error {
	return fail(exitUsage, say("Error: argument \"%s\" is wrong: %s", arg, why), hint)
}

func duplicate(key, arg string) error {
	return fail(exitUsage, say("Error: duplicate \"%s\": \"%s\" is the second value.", key, arg), "")
}

// garbage is a word that could only be a second value for key. The hint is
// taken, which says so, or one of known that might have been meant.
func garbage(key, word, taken string, known []string) error {
	if near := nearest(word, known); near != "" {
		taken = say("%q is not a keyword here; did you mean %q?", word, near)
	}
	return fail(exitUsage, say("Error: either \"%s\" is duplicate, or \"%s\" is a garbage.", key, word), taken)
}

// secondDevice is garbage behind the name of a device.
func secondDevice(first, word string, known []string) error {
	return garbage("dev", word, say("%q is taken for the name of a device, but %q was already", word, first), known)
}

// notEnough is a required word that is missing; iproute2 ends most of these
// sentences with a full stop.
func notEnough(key string, code int, stop, hint string) error {
	return fail(code, say("Not enough information: \"%s\" argument is required", key)+stop, hint)
}

func unknownCommand(object, word string, known keywords) *failure {
	f := fail(exitUsage, say("Command \"%s\" is unknown, try \"ip %s help\".", word, object), "")
	if near := nearest(word, known.words()); near != "" {
		f.hint = say("did you mean \"ip %s %s\"?", object, near)
	}
	return f
}

func usage(object string) error { return &failure{code: exitUsage, usage: object} }

// strerror is an errno in the words of the C library: those of Go, with a
// capital letter.
func strerror(no syscall.Errno) string {
	s := no.Error()
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// hinted is a refusal of the kernel, and what it is about.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// A reason is what to say of a refusal. It fits an errno (0: any), the message
// that came with it ("": any), and a command that has one of the arguments, by
// its number (0: any).
type reason struct {
	errno   syscall.Errno
	message string
	needs   int
	text    string // a format of the arguments; see say
}

// explained adds to a refusal of the kernel the first of the reasons that fits.
func explained(err error, why []reason, args ...string) error {
	var refused *nl.Error
	if !errors.As(err, &refused) {
		return err
	}
	if errors.Is(refused, unix.EPERM) {
		return &hinted{err, "it takes the right to configure this network namespace (CAP_NET_ADMIN): become root"}
	}
	for i := range why {
		r := &why[i]
		if (r.errno == 0 || r.errno == refused.Errno) && (r.message == "" || r.message == refused.Message) &&
			(r.needs == 0 || args[r.needs-1] != "") {
			return &hinted{err, say(r.text, args...)}
		}
	}
	return err
}

// errnoText is strerror of the errno in err, or err's own words.
func errnoText(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		return strerror(no)
	}
	return err.Error()
}

// report prints err as iproute2 would and returns its exit status.
func (s *session) report(err error) int {
	var f *failure
	var ns *nsfs.Error
	var refused *nl.Error
	var no syscall.Errno
	switch {
	case errors.As(err, &f):
		if f.usage != "" {
			s.c.Stdout.Flush()
			out := s.c.Stderr
			if f.usage == "veth" { // the one that iproute2 prints there
				out = s.c.Stdout
			}
			fmt.Fprint(out, usageText(f.usage))
		}
		if f.text != "" {
			s.c.Errorf("%s", f.text)
		}
		if f.after != "" {
			fmt.Fprint(s.c.Stderr, usageText(f.after))
		}
		if f.hint != "" {
			s.c.Hintf("%s", f.hint)
		}
		return f.code
	case errors.As(err, &ns):
		s.c.Errorf("%s", ns.Iproute2())
		switch {
		case ns.Hint != "":
			s.c.Hintf("%s", ns.Hint)
		case ns.Op == nsfs.OpOpen && errors.Is(ns, unix.ENOENT):
			s.c.Hintf("%s", s.otherNetns(ns.Name))
		}
		if ns.Op == nsfs.OpName || ns.Op == nsfs.OpOpen || ns.Op == nsfs.OpEnter || ns.Op == nsfs.OpSetup {
			return exitUsage
		}
		return exitFailed
	case errors.As(err, &refused):
		s.c.Errorf("%s", kernelText(refused))
		if h := (*hinted)(nil); errors.As(err, &h) {
			s.c.Hintf("%s", h.hint)
		}
		if refused.Path != nil {
			s.c.Hintf("the kernel objects to %s", strings.Join(refused.Path, " > "))
		}
		return exitKernel
	case errors.As(err, &no):
		s.c.Errorf("%s", strerror(no))
		s.c.Hintf("%v", err)
	default:
		s.c.Errorf("%v", err)
	}
	return exitFailed
}

// kernelText is what iproute2 prints for a refusal: the kernel's explanation
// if it gave one, else its errno in words.
func kernelText(e *nl.Error) string {
	if e.Message == "" {
		return "RTNETLINK answers: " + strerror(e.Errno)
	}
	text := "Error: " + e.Message
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "\n") {
		text += "."
	}
	return text
}
