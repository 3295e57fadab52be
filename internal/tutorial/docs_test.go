//go:build linux

package tutorial

import (
	"os"
	"strings"
	"testing"
)

// TestDocs compares docs/tutorial.md with the script: it must show every
// command that the tutorial types, in order, and any output that it shows must
// be as the script demands it, which the other tests see minins print.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	sections, err := Script(false)
	if err != nil {
		t.Fatal(err)
	}
	var steps []Step
	for _, s := range sections {
		steps = append(steps, s.Steps...)
	}
	shown := examples(string(text))
	for _, ex := range shown {
		if ex.command == "echo 1 >/proc/sys/net/ipv4/ip_forward" {
			ex.command = "forward 1"
		}
		for len(steps) > 0 && strings.TrimSpace(steps[0].Text) != ex.command {
			if steps[0].Kind == Typed {
				t.Fatalf("$ %s: want $ %s first", ex.command, steps[0].Text)
			}
			steps = steps[1:]
		}
		if len(steps) == 0 {
			t.Fatalf("$ %s is not in the script, or not in this order", ex.command)
		}
		r := Result{Code: steps[0].Exit, Stdout: ex.output}
		if len(steps[0].Err) > 0 {
			r = Result{Code: steps[0].Exit, Stderr: ex.output}
		}
		for _, wrong := range steps[0].Check(r) {
			t.Errorf("$ %s: %s\n%s", ex.command, wrong, ex.output)
		}
		steps = steps[1:]
	}
	for _, s := range steps {
		if s.Kind == Typed {
			t.Errorf("$ %s is missing", s.Text)
		}
	}
	if len(shown) < 56 {
		t.Errorf("%d commands, the tutorial has 56", len(shown))
	}
}

type example struct{ command, output string }

// examples finds what the fenced blocks of a document show.
func examples(text string) []example {
	var all []example
	fenced := false
	for _, line := range lines(text) {
		command, ok := strings.CutPrefix(line, "$ ")
		switch {
		case line == "```":
			fenced = !fenced
		case !fenced:
		case ok:
			all = append(all, example{command: command})
		case line != "^C": // typed, not printed
			all[len(all)-1].output += line + "\n"
		}
	}
	return all
}
