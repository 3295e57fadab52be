//go:build linux

package tutorial

import (
	"fmt"
	"slices"
	"time"
)

// serverAddr is where the tutorial's DNAT rule sends port 80.
const serverAddr = "192.168.15.2:80"

// settle is how long the kernel may take from a carrier to "state UP".
const settle = time.Second

// Do does one step of the script, and returns what is wrong with its result.
func (s *Stage) Do(step *Step) (r Result, wrong []string, err error) {
	for end := time.Now().Add(settle); ; time.Sleep(20 * time.Millisecond) {
		if r, err = s.once(step); err != nil {
			return r, nil, err
		}
		wrong = step.Check(r)
		if len(wrong) == 0 || !step.looks() || time.Now().After(end) {
			return r, wrong, nil
		}
	}
}

// looks reports whether the step only shows something, and may be repeated.
// A ping is a test, and what changes something prints nothing.
func (s *Step) looks() bool {
	return s.Kind != Action && len(s.Out) > 0 && !slices.Contains(s.Args, "ping")
}

func (s *Stage) once(step *Step) (Result, error) {
	if step.Kind != Action {
		return s.Run(Command{Args: step.Args, Until: step.Until, Hints: true})
	}
	switch verb, value := step.Args[0], step.Args[1]; verb {
	case "forward":
		return Result{}, s.Forward(value)
	case "http":
		return s.HTTP(value, serverAddr)
	}
	return Result{}, fmt.Errorf("unknown action %q", step.Text)
}
