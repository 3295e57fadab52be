//go:build linux

package tutorial

import "fmt"

// serverAddr is where the tutorial's DNAT rule sends port 80.
const serverAddr = "192.168.15.2:80"

// Do does one step of the script, and returns what is wrong with its result.
func (s *Stage) Do(step *Step) (r Result, wrong []string, err error) {
	if step.Kind != Action {
		r, err = s.Run(Command{Args: step.Args, Until: step.Until, Hints: true})
	} else {
		switch verb, value := step.Args[0], step.Args[1]; verb {
		case "forward":
			err = s.Forward(value)
		case "http":
			r, err = s.HTTP(value, serverAddr)
		default:
			err = fmt.Errorf("unknown action %q", step.Text)
		}
	}
	if err != nil {
		return r, nil, err
	}
	return r, step.Check(r), nil
}
