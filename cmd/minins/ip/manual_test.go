//go:build linux

package ip

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of the manual anew")

const (
	manual      = "../../../docs/man/minins-ip.8"
	manualBegin = ".\\\" From here on written by: go test ./cmd/minins/ip -run Manual -update\n"
	manualEnd   = ".\\\" Up to here.\n"
)

// TestManual checks that the manual has the words that the parser has.
func TestManual(t *testing.T) {
	page, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(page), manualBegin)
	_, tail, ok2 := strings.Cut(rest, manualEnd)
	if !ok1 || !ok2 {
		t.Fatalf("%s lacks the marks of what is generated", manual)
	}
	want := head + manualBegin + manualTables() + manualEnd + tail
	if *update {
		if err := os.WriteFile(manual, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(page) != want {
		t.Errorf("%s is not what -update writes", manual)
	}
}

func manualTables() string {
	var b strings.Builder
	b.WriteString(".Sh OPTIONS\nEach may be abbreviated and begin with two dashes.\n")
	manualList(&b, optionWords)
	b.WriteString(".Sh COMMANDS\nObjects, commands and the words with a star may be abbreviated.\n")
	last := ""
	var shown []grammar
	for _, f := range forms {
		if f.command.find("help") != "" || f.isKind() && f.words == "" {
			continue
		}
		if f.object != last {
			if f.isKind() {
				b.WriteString(".Ss Options of type " + f.object + "\n")
			} else {
				b.WriteString(".Ss " + strings.TrimSpace(f.tool()) + "\n")
				manualSynopses(&b, f.object)
			}
			last = f.object
		}
		if f.words != "" && !contains(shown, f.words) {
			shown = append(shown, f.words)
			if f.command != "" && section("", f.words) != "" {
				b.WriteString(".Pp\nWords of " + strings.TrimSuffix(title(f.object, f.words), ":") + ":\n")
			}
			manualList(&b, f.words)
		}
	}
	return b.String()
}

func manualSynopses(b *strings.Builder, object string) {
	b.WriteString(".Bl -item -compact\n")
	for _, f := range forms {
		if f.object == object && f.command.find("help") == "" {
			tool, rest, _ := strings.Cut(strings.TrimSpace(f.tool()), " ")
			b.WriteString(".It\n.Nm " + tool + "\n.Cm " + rest)
			if f.command != "" {
				b.WriteString(" " + alternatives(f.command.words()))
			}
			b.WriteString("\n")
			if f.takes != "" {
				b.WriteString(".Li " + f.takes + "\n")
			}
		}
	}
	b.WriteString(".El\n")
}

// manualList is the words that help tells of.
func manualList(b *strings.Builder, g grammar) {
	if section("", g) == "" {
		return
	}
	b.WriteString(".Bl -tag -width Ds\n")
	for line := range strings.Lines(string(g)) {
		word, help, ok := strings.Cut(strings.Trim(line, "\t\n"), "  ")
		if !ok {
			continue
		}
		names, arg, _ := strings.Cut(word, " ")
		b.WriteString(".It ")
		if option, dash := strings.CutPrefix(names, "-"); dash {
			b.WriteString("Fl " + strings.ReplaceAll(option, "|-", " | "))
		} else {
			b.WriteString("Cm " + strings.ReplaceAll(names, "|", " | "))
		}
		if strings.HasPrefix(arg, "{") {
			b.WriteString(" Cm " + arg)
		} else if arg != "" {
			b.WriteString(" Ar " + strings.ToLower(arg))
		}
		b.WriteString("\n" + strings.ReplaceAll(help, "\\", "\\e") + "\n")
	}
	b.WriteString(".El\n")
}
