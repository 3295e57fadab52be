//go:build linux

package ip

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/lacks"
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
	_ [0]func() // not to be compared: that would take code

	code  int
	text  string
	hint  string
	usage string // topic of the usage to print first; see usageText
	after string // topic of the usage to print behind text
	exits bool   // ends a batch as well: iproute2 calls exit(1)
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

func unknownCommand(object, word string, known []string) *failure {
	f := fail(exitUsage, say("Command \"%s\" is unknown, try \"ip %s help\".", word, object), "")
	if is := notOurs.find(object + "-" + word); is != "" && word != "" {
		f.text = say(notHere, object+" "+is[len(object)+1:])
		return f
	}
	if near := nearest(word, known); near != "" {
		f.hint = say("did you mean \"ip %s %s\"?", object, near)
	}
	return f
}

func usage(object string) error { return &failure{code: exitUsage, usage: object} }

// hinted is a refusal of the kernel, and what it is about.
type hinted struct {
	_ [0]func() // not to be compared: that would take code

	error
	hint  string
	exits bool // see failure
}

func (h hinted) Unwrap() error { return h.error }

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
	refused := asRefusal(err)
	if refused == nil {
		return err
	}
	if errors.Is(refused, unix.EPERM) {
		return hinted{error: err, hint: "it takes the right to configure this network namespace (CAP_NET_ADMIN): become root, or put \"minins --rootless\" before the command"}
	}
	for i := range why {
		r := &why[i]
		if (r.errno == 0 || r.errno == refused.Errno) && (r.message == "" || r.message == refused.Message) &&
			(r.needs == 0 || args[r.needs-1] != "") {
			return hinted{error: err, hint: say(r.text, args...)}
		}
	}
	return err
}

// asFailure, asNetns and asRefusal are what is in err of these types, or nil.

func asFailure(err error) *failure {
	var f *failure
	errors.As(err, &f)
	return f
}

func asNetns(err error) *nsfs.Error {
	var e *nsfs.Error
	errors.As(err, &e)
	return e
}

func asRefusal(err error) *nl.Error {
	var e *nl.Error
	errors.As(err, &e)
	return e
}

// complain prints an error and, for a person, a hint or "".
func (s *session) complain(text, hint string) {
	s.c.Errorf("%s", text)
	s.c.Hint(hint)
}

// warn prints what is no reason to stop.
func (s *session) warn(text string) error {
	err := s.flush()
	if err == nil {
		s.complain(text, "")
	}
	return err
}

// report prints err as iproute2 would and returns its exit status.
func (s *session) report(err error) int {
	if s.c.Unwritten(err) {
		return exitFailed
	}
	if f := asFailure(err); f != nil {
		return s.reportFailure(f)
	}
	if ns := asNetns(err); ns != nil {
		return s.reportNetns(ns)
	}
	if refused := asRefusal(err); refused != nil {
		var h hinted
		errors.As(err, &h)
		if why := lacking(refused); why != "" {
			h.hint = why
		}
		s.complain(kernelText(refused), h.hint)
		if refused.Path != nil {
			s.c.Hintf("the kernel objects to %s", strings.Join(refused.Path, " > "))
		}
		return exitKernel
	}
	if text := applet.Strerror(err); text != err.Error() {
		s.complain(text, err.Error())
	} else {
		s.complain(text, "")
	}
	return exitFailed
}

// lacking is what of the kernel's build a refusal is for, or "".
func lacking(refused *nl.Error) string {
	if refused.Errno != unix.EOPNOTSUPP && refused.Errno != unix.EAFNOSUPPORT {
		return ""
	}
	h, body, _, ok := nl.Next(refused.Request())
	if !ok || len(body) == 0 { // its first byte is the family
		return ""
	}
	six := ""
	if body[0] == unix.AF_INET6 {
		if why := lacks.IPv6(); why != "" {
			return why
		}
		six = "V6"
	}
	if h.Type >= unix.RTM_NEWRULE && h.Type <= unix.RTM_GETRULE {
		return "this kernel was built without CONFIG_IP" + six + "_MULTIPLE_TABLES"
	}
	return ""
}

func (s *session) reportFailure(f *failure) int {
	if f.usage == "veth" { // the one that iproute2 prints there
		s.c.Stdout.WriteString(usageText(f.usage))
	} else if f.usage != "" {
		s.usage(f.usage)
	}
	if f.text != "" {
		s.complain(f.text, "")
	}
	if f.after != "" {
		s.usage(f.after)
	}
	s.c.Hint(f.hint)
	return f.code
}

// usage prints the help on a topic to standard error.
func (s *session) usage(topic string) {
	s.c.Stdout.Flush()
	io.WriteString(s.c.Stderr, usageText(topic))
}

func (s *session) reportNetns(e *nsfs.Error) int {
	hint := e.Hint
	if hint == "" && e.Op == nsfs.OpOpen && errors.Is(e, unix.ENOENT) {
		hint = s.otherNetns(e.Name)
	}
	if state := s.notLive(e.Name); e.Op == nsfs.OpEnter && state != "" {
		hint = state
	}
	s.complain(e.Iproute2(), hint)
	switch e.Op {
	case nsfs.OpName, nsfs.OpOpen, nsfs.OpEnter, nsfs.OpSetup:
		return exitUsage
	}
	return exitFailed
}

// kernelText is what iproute2 prints for a refusal: the kernel's explanation
// if it gave one, else its errno in words.
func kernelText(e *nl.Error) string {
	if e.Message == "" {
		return "RTNETLINK answers: " + applet.Strerror(e.Errno)
	}
	text := "Error: " + e.Message
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "\n") {
		text += "."
	}
	return text
}
