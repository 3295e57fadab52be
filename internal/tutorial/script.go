//go:build linux

package tutorial

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

//go:embed testdata/tutorial.txt
var text string

// A Section is a heading of the tutorial and what is typed below it.
type Section struct {
	Title string
	Steps []Step
}

// The kinds of steps, by the sign that they begin with in testdata/tutorial.txt.
const (
	Typed  = '$' // typed by the tutorial
	Beside = '+' // typed beside it
	Action = '%' // done by the stage
)

// A Step is one command and what it must do.
type Step struct {
	Kind  byte
	Text  string   // as typed
	Args  []string // what is run
	Until int      // interrupt it after so many replies; Endless if it ends by itself
	Exit  int
	Out   []*regexp.Regexp // lines of standard output, in order
	Not   []*regexp.Regexp // lines that must not be
	Err   []*regexp.Regexp // lines of standard error, in order
	Notes []string
}

// Script is the tutorial, with the expectations for the installed tools if
// real is set, or else for minins.
func Script(real bool) ([]Section, error) { return parse(text, real) }

func parse(text string, real bool) ([]Section, error) {
	var sections []Section
	var step *Step
	for i, line := range strings.Split(text, "\n") {
		var err error
		switch {
		case line == "" || line[0] == ';':
		case strings.HasPrefix(line, "## "):
			sections = append(sections, Section{Title: line[3:]})
			step = nil
		case line[0] == '\t' && step != nil:
			err = step.directive(line[1:], real)
		case len(line) > 2 && strings.ContainsRune("$+%", rune(line[0])) && line[1] == ' ' && sections != nil:
			s := &sections[len(sections)-1]
			s.Steps = append(s.Steps, Step{Kind: line[0], Text: line[2:], Args: strings.Fields(line[2:]), Until: Endless})
			step = &s.Steps[len(s.Steps)-1]
		default:
			err = fmt.Errorf("not understood: %q", line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return sections, nil
}

// directive adds an indented line to the step.
func (s *Step) directive(line string, real bool) (err error) {
	word, rest, _ := strings.Cut(line, " ")
	if word == "real" || word == "ours" {
		if (word == "real") != real {
			return nil
		}
		word, rest, _ = strings.Cut(rest, " ")
	}
	switch word {
	case "as":
		s.Args = strings.Fields(rest)
	case "until":
		s.Until, err = strconv.Atoi(rest)
	case "exit":
		s.Exit, err = strconv.Atoi(rest)
	case "out":
		s.Out, err = appendRegexp(s.Out, rest)
	case "not":
		s.Not, err = appendRegexp(s.Not, rest)
	case "err":
		s.Err, err = appendRegexp(s.Err, rest)
	case "note":
		s.Notes = append(s.Notes, rest)
	default:
		err = fmt.Errorf("unknown directive %q", word)
	}
	return err
}

func appendRegexp(to []*regexp.Regexp, expr string) ([]*regexp.Regexp, error) {
	re, err := regexp.Compile(expr)
	return append(to, re), err
}

// Check returns what is wrong with the result of the step.
func (s *Step) Check(r Result) []string {
	var wrong []string
	if r.Code != s.Exit {
		wrong = append(wrong, fmt.Sprintf("exit status %d, want %d", r.Code, s.Exit))
	}
	wrong = append(wrong, inOrder("standard output", r.Stdout, s.Out)...)
	wrong = append(wrong, inOrder("standard error", r.Stderr, s.Err)...)
	for _, re := range s.Not {
		for _, line := range lines(r.Stdout) {
			if re.MatchString(line) {
				wrong = append(wrong, fmt.Sprintf("standard output has %q, which matches %s", line, re))
			}
		}
	}
	return wrong
}

// inOrder checks that each expression matches a line of text below the one
// that the expression before it matches.
func inOrder(what, text string, want []*regexp.Regexp) []string {
	rest := lines(text)
	if len(want) == 0 && len(rest) > 0 {
		return []string{what + " is not empty"}
	}
next:
	for _, re := range want {
		for i, line := range rest {
			if re.MatchString(line) {
				rest = rest[i+1:]
				continue next
			}
		}
		return []string{fmt.Sprintf("%s: no line for %s", what, re)}
	}
	return nil
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
