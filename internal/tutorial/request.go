//go:build linux

package tutorial

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// A request is one thing for the stage's process to do, and a reply is what came of it. Both
// travel as JSON's lists of strings, for a program that minins's linker has made does not
// know the names of fields.
type request struct {
	Op      string // "run", "write", "hold", "http", "tree"
	Command Command
	Path    string // of write; the URL of http; the name of hold
	Data    string // of write; the server's address of http
}

type reply struct {
	Result Result
	Err    string // the stage failed, not the command
}

func (r request) words() []string {
	c := r.Command
	return append([]string{r.Op, r.Path, r.Data, c.Stdin, strconv.FormatBool(c.Real), strconv.FormatBool(c.Hints), strconv.Itoa(c.Until)}, c.Args...)
}

func parseRequest(w []string) (r request, err error) {
	if len(w) < 7 {
		return r, fmt.Errorf("a request of %d words: %q", len(w), w)
	}
	r = request{Op: w[0], Path: w[1], Data: w[2], Command: Command{Stdin: w[3], Args: w[7:]}}
	var real, hints, until error
	r.Command.Real, real = strconv.ParseBool(w[4])
	r.Command.Hints, hints = strconv.ParseBool(w[5])
	r.Command.Until, until = strconv.Atoi(w[6])
	return r, errors.Join(real, hints, until)
}

func (r reply) words() []string {
	return []string{r.Err, r.Result.Stdout, r.Result.Stderr, strconv.Itoa(r.Result.Code), r.Result.Took.String()}
}

func parseReply(w []string) (r reply, err error) {
	if len(w) != 5 {
		return r, fmt.Errorf("a reply of %d words: %q", len(w), w)
	}
	r = reply{Err: w[0], Result: Result{Stdout: w[1], Stderr: w[2]}}
	var code, took error
	r.Result.Code, code = strconv.Atoi(w[3])
	r.Result.Took, took = time.ParseDuration(w[4])
	return r, errors.Join(code, took)
}
