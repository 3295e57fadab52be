//go:build linux && (amd64 || arm64)

package matrix

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/fault"
	"github.com/minins/minins/internal/testns"
)

// An operation is what is spoiled.
type operation struct {
	name  string
	setup []string // what is there before
	what  program
	undo  []string // from complete to what was there before
	fresh []string // run before each try, beside that
	clean []string // from what is there before to an empty world

	// forward says that it takes things away, which nobody can put back: where it has
	// failed in the middle, and said so, the same again completes it. Where it was
	// killed, clean-up alone has to do, as for all others.
	forward bool

	// settle is to wait before it is run: looking at namespaces, the test holds them
	// for some milliseconds more, and one that is held does not end.
	settle time.Duration

	// loose says why the program may say that all is well and print something else.
	loose string

	status  int  // of the program, where it is to be refused: then it changes nothing
	prelude bool // also what all programs begin with

	// parts are programs that do a part of it each, in their order: a batch whose
	// first lines stand when a later one fails, as with iproute2. The world may then
	// be as after each.
	parts []string
}

// errnos are what a call may fail with.
var errnos = []unix.Errno{unix.ENOMEM, unix.ENOBUFS, unix.EINTR, unix.EPERM, unix.EIO}

// interruptible are calls that a signal can interrupt before they have done anything,
// so that a program makes them again: see signal(7).
var interruptible = []string{"flock", "poll", "ppoll", "read", "recvfrom", "recvmsg", "sendmsg", "sendto", "wait4"}

// A row is what came of an operation: how many calls, how many were spoiled, and how
// the world was afterwards.
type row struct {
	name                   string
	calls, failed, killed  int
	before, complete, part int // the state was one of these
	collected              int // it was none, and clean-up made it so
	other, wrong           int // another call was spoiled than was meant; see findings
	findings               []string
	took                   time.Duration
}

const rowHead = "calls  failed  killed    before  complete  in part  cleaned up  other   wrong  time  operation"

func (r *row) String() string {
	return fmt.Sprintf("%5d %7d %7d %9d %9d %8d %11d %6d %7d %4.0fs  %s", r.calls, r.failed, r.killed,
		r.before, r.complete, r.part, r.collected, r.other, r.wrong, r.took.Seconds(), r.name)
}

func (r *row) add(o *row) {
	r.calls += o.calls
	r.failed += o.failed
	r.killed += o.killed
	r.before += o.before
	r.complete += o.complete
	r.part += o.part
	r.collected += o.collected
	r.other += o.other
	r.wrong += o.wrong
	r.took += o.took
}

// A spoiler has all that it takes to try out an operation.
type spoiler struct {
	w    *world
	op   *operation
	full bool         // every errno for every call; else one, in turn, and only some calls
	turn int          // which
	skip []fault.Call // that are the same in all programs, before they begin

	states []string // pictures: before, complete, and in part
	calls  []fault.Call
	stdout string
	row    row
}

// try spoils all calls of an operation.
func (s *spoiler) try() (*row, error) {
	begin := time.Now()
	s.row.name = s.op.name
	err := s.prepare()
	if err == nil {
		err = s.all()
	}
	if err == nil {
		err = s.w.runAll(s.op.clean)
	}
	s.row.took = time.Since(begin)
	return &s.row, err
}

// prepare makes what is there before, and finds what the operation does.
func (s *spoiler) prepare() error {
	if err := s.w.runAll(s.op.setup); err != nil {
		return err
	}
	before, err := s.w.picture()
	if err != nil {
		return err
	}
	s.states = []string{before}
	if err := s.ready(); err != nil {
		return err
	}
	// The first time may take calls more: files and modules that there were not yet.
	if err := s.w.runTo(s.op.status, s.op.what); err != nil {
		return err
	}
	if err := s.back(); err != nil {
		return err
	}
	if err := s.ready(); err != nil {
		return err
	}
	r, err := s.w.spoil(s.op.what, fault.None)
	if err != nil {
		return err
	}
	if r.Code() != s.op.status {
		return fmt.Errorf("%s: status %d: %s", s.op.what.line, r.Code(), r.Stderr)
	}
	s.stdout, s.calls = r.Stdout, r.Calls
	time.Sleep(20 * time.Millisecond) // for what comes later, if something does
	complete, err := s.w.picture()
	if err != nil {
		return err
	}
	s.states = append(s.states, complete)
	if err := s.back(); err != nil {
		return err
	}
	for _, line := range s.op.parts {
		if err := s.w.run(program{line: line}); err != nil {
			return err
		}
		part, err := s.w.picture()
		if err != nil {
			return err
		}
		s.states = append(s.states, part)
	}
	if len(s.op.parts) > 0 {
		if err := s.w.must(complete); err != nil {
			return fmt.Errorf("all parts together: %w", err)
		}
		if err := s.back(); err != nil {
			return err
		}
	}
	// The same again, or nothing here can be relied on.
	if err := s.again(); err != nil {
		return err
	}
	s.row.calls = len(s.calls) - s.first()
	return nil
}

// first is the first call that is not the same in all programs.
func (s *spoiler) first() int {
	i := 0
	for i < len(s.calls) && i < len(s.skip) && s.calls[i] == s.skip[i] {
		i++
	}
	return i
}

// undo takes back what was done.
func (s *spoiler) undo() error {
	time.Sleep(s.op.settle)
	return s.w.runAll(s.op.undo)
}

// back goes from complete to before.
func (s *spoiler) back() error {
	if err := s.undo(); err != nil {
		return err
	}
	if err := s.w.must(s.states[0]); err != nil {
		return fmt.Errorf("undone, it is not as before: %w", err)
	}
	return nil
}

// ready is called before each run.
func (s *spoiler) ready() error {
	time.Sleep(s.op.settle)
	return s.w.runAll(s.op.fresh)
}

// again runs the operation without a fault, and undoes it.
func (s *spoiler) again() error {
	if err := s.ready(); err != nil {
		return err
	}
	if err := s.w.runTo(s.op.status, s.op.what); err != nil {
		return err
	}
	if err := s.w.must(s.states[1]); err != nil {
		return fmt.Errorf("%s: not complete: %w", s.op.what.line, err)
	}
	return s.back()
}

// sample is how many calls that change nothing there are to one that fails, if not all
// do: most are what it takes to open a socket or a file, each time.
const sample = 8

func (s *spoiler) all() error {
	for i := s.first(); i < len(s.calls); i++ {
		var faults []fault.Fault
		c := s.calls[i]
		for k, errno := range errnos {
			if c.Fail && (s.full || k == (i+s.turn)%len(errnos) && (c.Kill || (i+s.turn)%sample == 0)) {
				faults = append(faults, fault.Fail(i, errno))
				s.row.failed++
			}
		}
		if c.Kill {
			faults = append(faults, fault.Kill(i))
			s.row.killed++
		}
		for _, f := range faults {
			if err := s.one(i, f); err != nil {
				return fmt.Errorf("%s at call %d, %s: %w", f, i, s.calls[i], err)
			}
		}
	}
	return nil
}

// one tries one fault. What is wrong goes to the row; an error is the end of it.
func (s *spoiler) one(i int, f fault.Fault) error {
	if err := s.ready(); err != nil {
		return err
	}
	r, err := s.w.spoil(s.op.what, f)
	if err != nil {
		return err
	}
	wrong := func(format string, args ...any) {
		s.row.wrong++
		s.row.findings = append(s.row.findings, fmt.Sprintf("%s: %s at call %d of %d, %s: ", s.op.name, f, i, len(s.calls), s.calls[i])+
			fmt.Sprintf(format, args...)+"\n\tstatus "+fmt.Sprint(r.Code())+", it says "+brief(r.Stderr))
	}
	other := !r.Done || i >= len(r.Calls) || r.Calls[i] != s.calls[i]
	if other {
		s.row.other++
	}
	killed := f.Kills() && r.Done || crashed(r.Stderr) // it may have been a child
	patience := time.Second
	if killed || s.op.forward { // which may leave anything
		patience = 50 * time.Millisecond
	}
	which, is, err := s.w.await(patience, s.states...)
	if err != nil {
		return err
	}
	switch {
	case r.Hung:
		wrong("it hangs")
	case killed:
	case r.Code() != 0:
		if r.Stderr == "" {
			wrong("it does not say why it failed")
		}
		if f == fault.Fail(i, unix.EINTR) && !other && slices.Contains(interruptible, s.calls[i].Name) {
			wrong("it was interrupted, and did not go on")
		}
	default:
		if s.states[0] != s.states[1] && which != 1 {
			wrong("it says that all is well, but it is not complete:\n%s", testns.Diff(s.states[1], is))
		} else if r.Stdout != s.stdout && s.op.loose == "" {
			wrong("it says that all is well, but not what it should:\n%s", testns.Diff(s.stdout, r.Stdout))
		}
	}
	switch {
	case which == 0:
		s.row.before++
	case which == 1:
		s.row.complete++
	case which > 1:
		s.row.part++
	default:
		if s.op.forward && !killed {
			if err := s.w.run(s.op.what); err != nil {
				wrong("the same again: %v", err)
				return err
			}
			if err := s.w.must(s.states[1]); err != nil {
				wrong("the same again does not complete it: %v", err)
				return err
			}
			which = 1
			s.row.part++
			break
		}
		if !killed {
			wrong("it left something behind:\n%s", testns.Diff(s.states[0], is))
		}
		if err := s.w.collect(); err != nil {
			return err
		}
		at, is, err := s.w.await(5*time.Second, s.states...)
		if err != nil {
			return err
		}
		if at < 0 {
			wrong("clean-up left something behind:\n%s", testns.Diff(s.states[0], is))
			return errors.New("the world is not as it was")
		}
		which = at
		s.row.collected++
	}
	if which == 1 && s.states[0] != s.states[1] {
		if err := s.back(); err != nil {
			return err
		}
	}
	if which > 1 {
		if err := s.finish(which - 1); err != nil {
			return err
		}
	}
	if err := s.again(); err != nil {
		wrong("after it: %v", err)
		return err
	}
	return nil
}

// finish does the parts that are missing when n are done, and undoes them all.
func (s *spoiler) finish(n int) error {
	if err := s.w.runAll(s.op.parts[n:]); err != nil {
		return err
	}
	return s.back()
}

// brief is not all of a crash.
func brief(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > 500 {
		return text[:500] + " …"
	}
	return text
}

// crashed tells that Go's runtime has ended the program, which is as good as a kill.
func crashed(stderr string) bool {
	return slices.ContainsFunc([]string{"fatal error: ", "runtime: ", "runtime/cgo: "}, func(s string) bool { return strings.HasPrefix(stderr, s) })
}
