//go:build linux

package lesson

import (
	"errors"
	"strconv"
	"strings"
)

// A course is lessons in their order.
type course []lesson

// A lesson is played in a lab of its own.
type lesson struct {
	name, title string
	about       string // what it is about, in a line
	steps       []step
}

// A step is something to read, then perhaps a question, then perhaps something to do.
type step struct {
	title  string
	run    []string // what the lesson does itself, before
	text   string
	asks   string
	right  []string // answers
	why    string   // shown with the right one
	task   string   // shown once it is answered: what to do
	types  []string // what to type, in one way that there is
	checks []check  // which hold once it is done; without any, one of types is to be typed
	kernel bool     // show the messages
	then   string   // shown when it is done
}

// A check is a command in the lab.
type check struct {
	command string
	fails   bool   // it must not succeed
	has     string // what it must print, or ""
}

// parse reads a course: lines of text, and among them lines that begin with a period and
// a word.
//
//	.lesson NAME TITLE     a new lesson
//	.about TEXT            what it is about
//	.step TITLE            a new step; what follows is its text
//	.run COMMAND           what the lesson does before the step
//	.ask TEXT              a question; a second one is its next line
//	.answer TEXT           a right answer to it, in small letters; there may be several
//	.because TEXT          said when it is answered, as .ask; what follows is said then, too
//	.type COMMAND          what to type, in one way
//	.kernel                show the messages of what is typed
//	.check COMMAND         succeeds when the step is done
//	.has TEXT              and has printed that
//	.checknot COMMAND      fails when it is done
//	.then                  what follows is said when the step is done
func parse(text string) (course, error) {
	var c course
	var s *step
	var into *string // what lines of text are a part of
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\n")
		word, rest, _ := strings.Cut(line, " ")
		fail := func(why string) error { return errors.New("line " + strconv.Itoa(number) + ": " + why) }
		if !strings.HasPrefix(word, ".") {
			if into != nil {
				*into += line + "\n"
			} else if line != "" {
				return nil, fail("text before the first step")
			}
			continue
		}
		switch {
		case word == ".lesson":
			name, title, ok := strings.Cut(rest, " ")
			if !ok {
				return nil, fail("a lesson has a name and a title")
			}
			c = append(c, lesson{name: name, title: title})
			s, into = nil, nil
			continue
		case len(c) == 0:
			return nil, fail(word + " before the first lesson")
		case word == ".about":
			c[len(c)-1].about = rest
			continue
		case word == ".step":
			l := &c[len(c)-1]
			l.steps = append(l.steps, step{title: rest})
			s = &l.steps[len(l.steps)-1]
			into = &s.text
			continue
		case s == nil:
			return nil, fail(word + " before the first step")
		}
		switch word {
		case ".run":
			s.run = append(s.run, rest)
		case ".ask":
			s.asks = strings.TrimPrefix(s.asks+"\n"+rest, "\n")
		case ".answer":
			s.right = append(s.right, rest)
		case ".because":
			s.why, into = strings.TrimPrefix(s.why+"\n"+rest, "\n"), &s.task
		case ".type":
			s.types = append(s.types, rest)
		case ".kernel":
			s.kernel = true
		case ".check", ".checknot":
			s.checks = append(s.checks, check{command: rest, fails: word == ".checknot"})
		case ".has":
			if len(s.checks) == 0 {
				return nil, fail("what is it that has printed it?")
			}
			s.checks[len(s.checks)-1].has = rest
		case ".then":
			into = &s.then
		default:
			return nil, fail("what is " + word + "?")
		}
	}
	return c, c.complete()
}

// complete says what is missing in a course.
func (c course) complete() error {
	for i := range c {
		l := &c[i]
		if len(l.steps) == 0 || l.about == "" {
			return errors.New(l.name + ": a lesson has steps, and says what it is about")
		}
		for k := range l.steps {
			s := &l.steps[k]
			s.text, s.task, s.then = strings.Trim(s.text, "\n"), strings.Trim(s.task, "\n"), strings.Trim(s.then, "\n")
			if (s.asks == "") != (len(s.right) == 0) || len(s.types) == 0 && len(s.checks) > 0 {
				return errors.New(l.name + ", " + s.title + ": a question has an answer, and what is checked something to type")
			}
		}
	}
	return nil
}

// find is the lesson of a name or of a number, from 1.
func (c course) find(name string) *lesson {
	n, err := strconv.Atoi(name)
	for i := range c {
		if c[i].name == name || err == nil && n == i+1 {
			return &c[i]
		}
	}
	return nil
}

// isRight compares an answer, for which blanks, capitals and a period at the end do not
// count; y is yes, and n is no.
func (s *step) isRight(answer string) bool {
	answer = strings.TrimRight(strings.Join(strings.Fields(strings.ToLower(answer)), " "), ".!")
	for _, r := range s.right {
		if answer == r || answer != "" && (r == "yes" || r == "no") && answer == r[:1] {
			return true
		}
	}
	return false
}

// isTyped compares a line with what is to be typed, or with the last of it; blanks do not
// count.
func (s *step) isTyped(line string, last bool) bool {
	all := s.types
	if last {
		all = all[len(all)-1:]
	}
	line = strings.TrimPrefix(strings.Join(strings.Fields(line), " "), "sudo ")
	for _, t := range all {
		if strings.Join(strings.Fields(t), " ") == line {
			return true
		}
	}
	return false
}
