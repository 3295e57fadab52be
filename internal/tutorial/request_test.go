//go:build linux

package tutorial

import (
	"reflect"
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	for _, want := range []request{
		{Op: "tree", Command: Command{Args: []string{}}},
		{Op: "run", Path: "p", Data: "d", Command: Command{Args: []string{"ip", "", "a b"}, Real: true, Until: Endless, Stdin: "in\n", Hints: true}},
	} {
		if got, err := parseRequest(want.words()); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	want := reply{Result: Result{Stdout: "out", Stderr: "err", Code: -1, Took: 1234567890 * time.Nanosecond}, Err: "failed"}
	if got, err := parseReply(want.words()); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, wrong := range [][]string{nil, {"run", "", "", "", "yes", "true", "1"}, {"run", "", "", "", "true", "true", ""}} {
		if got, err := parseRequest(wrong); err == nil {
			t.Errorf("%q is taken as %+v", wrong, got)
		}
	}
	for _, wrong := range [][]string{nil, {"", "", "", "x", "1s"}, {"", "", "", "0", "soon"}, {"", "", "", "0", "1s", ""}} {
		if got, err := parseReply(wrong); err == nil {
			t.Errorf("%q is taken as %+v", wrong, got)
		}
	}
}
