//go:build linux

package tutorial

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const script = "; a comment\n## One\n\n$ a b \n\tas c d\n\tuntil 2\n\texit 1\n\treal exit 3\n\tout ^x$\n\tours err y\n\tnot z\n\tnote why\n## Two\n+ e\n% forward 1\n"
	sections, err := parse(script, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(sections) != 2 || sections[0].Title != "One" || len(sections[0].Steps) != 1 || len(sections[1].Steps) != 2 {
		t.Fatalf("got %+v", sections)
	}
	s := sections[0].Steps[0]
	if s.Kind != Typed || s.Text != "a b " || !slices.Equal(s.Args, []string{"c", "d"}) || s.Until != 2 || s.Exit != 1 ||
		len(s.Out) != 1 || len(s.Err) != 1 || len(s.Not) != 1 || !slices.Equal(s.Notes, []string{"why"}) {
		t.Errorf("got %+v", s)
	}
	if s := sections[1].Steps[1]; s.Kind != Action || s.Until != Endless || !slices.Equal(s.Args, []string{"forward", "1"}) {
		t.Errorf("got %+v", s)
	}
	sections, err = parse(script, true)
	if err != nil {
		t.Fatal(err)
	}
	if s := sections[0].Steps[0]; s.Exit != 3 || len(s.Err) != 0 {
		t.Errorf("real: got %+v", s)
	}
	for _, wrong := range []string{"$ before a section", "## A\n\texit 1", "## A\n$ a\n\texit one", "## A\n$ a\n\tout (", "## A\n$ a\n\tsing", "## A\n$"} {
		if _, err := parse(wrong, false); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: got error %v", wrong, err)
		}
	}
}

func TestCheck(t *testing.T) {
	const script = "## A\n$ a\n\texit 1\n\tout ^x\n\tout ^y\n\tnot z\n\terr e$\n"
	for _, c := range []struct {
		r    Result
		want int // mistakes
	}{
		{Result{Code: 1, Stdout: "x\n-\ny\n", Stderr: "the e\n"}, 0},
		{Result{Code: 0, Stdout: "x\ny\n", Stderr: "e\n"}, 1},
		{Result{Code: 1, Stdout: "y\nx\n", Stderr: "e\n"}, 1},
		{Result{Code: 1, Stdout: "x\ny\nz\nz\n", Stderr: "e\n"}, 2},
		{Result{Code: 1, Stdout: "x\ny\n", Stderr: ""}, 1},
		{Result{Code: 2, Stdout: "", Stderr: "f\n"}, 3},
	} {
		sections, err := parse(script, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := sections[0].Steps[0].Check(c.r); len(got) != c.want {
			t.Errorf("%+v: got %q, want %d mistakes", c.r, got, c.want)
		}
	}
	silent := Step{}
	if got := silent.Check(Result{Stdout: "x\n", Stderr: "y\n"}); len(got) != 2 {
		t.Errorf("output that nobody expects: got %q", got)
	}
}
