//go:build linux

package main

import (
	"flag"
	"fmt"
	"html"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

var update = flag.Bool("update", false, "write the blocks of docs/messages.md anew")

// TestPicture compares docs/explain.svg, which the README shows, with what explain says.
func TestPicture(t *testing.T) {
	const file, line, rows, width, height = "../../docs/explain.svg", "ip link add veth-red type veth peer name veth-blue", 36, 8, 18
	lines := strings.Split(explained(t, line), "\n")
	lines[0] = "$ minins explain " + line
	lines = lines[:min(rows, len(lines))]
	var b strings.Builder
	most := 0
	for _, l := range lines {
		most = max(most, len(l))
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="ui-monospace, monospace" font-size="13">`+"\n",
		most*width+32, len(lines)*height+32)
	b.WriteString("<style>.p{fill:#f6f8fa;stroke:#d0d7de}text{fill:#1f2328;white-space:pre}@media(prefers-color-scheme:dark){.p{fill:#161b22;stroke:#30363d}text{fill:#e6edf3}}</style>\n")
	b.WriteString(`<rect class="p" x="0.5" y="0.5" rx="8" width="` + strconv.Itoa(most*width+31) + `" height="` + strconv.Itoa(len(lines)*height+31) + "\"/>\n")
	for i, l := range lines {
		fmt.Fprintf(&b, `<text xml:space="preserve" x="16" y="%d">%s</text>`+"\n", 30+i*height, html.EscapeString(l))
	}
	b.WriteString("</svg>\n")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != b.String() {
		t.Errorf("%s has not what explain says, see \"make docs\": %v", file, err)
	}
}

// TestMessages compares the blocks of docs/messages.md with what explain says. A block
// begins with the commands in it.
func TestMessages(t *testing.T) {
	const file = "../../docs/messages.md"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(b), "```\n")
	blocks := 0
	for i := 1; i < len(parts); i += 2 {
		var block strings.Builder
		for line := range strings.Lines(parts[i]) {
			words, ok := strings.CutPrefix(strings.TrimSpace(line), "$ minins explain ")
			if !ok {
				continue
			}
			blocks++
			if block.Len() > 0 {
				block.WriteByte('\n')
			}
			block.WriteString(line)
			_, text, _ := strings.Cut(explained(t, words), "\n\n") // without the command
			block.WriteString(text)
		}
		if block.String() != parts[i] && !*update {
			t.Errorf("%s has not what explain says, see \"make docs\":\n%s", file, testns.Diff(parts[i], block.String()))
		}
		parts[i] = block.String()
	}
	if blocks < 10 {
		t.Errorf("%d blocks", blocks)
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(parts, "```\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRefusal compares what docs/messages.md has of a refusal with what happens; times are
// others each time, and so are generations and who made them.
func TestRefusal(t *testing.T) {
	b, err := os.ReadFile("../../docs/messages.md")
	if err != nil {
		t.Fatal(err)
	}
	const prompt = "    $ minins --trace "
	_, text, ok := strings.Cut(string(b), prompt)
	line, text, _ := strings.Cut(text, "\n")
	text, _, end := strings.Cut(text, "\n\n")
	if !ok || !end {
		t.Fatalf("no %q", prompt)
	}
	_, stderr, code := minins(t, append([]string{"minins", "--trace"}, testns.Words(line)...)...)
	if code == 0 || !strings.Contains(stderr, "<-- here") {
		t.Errorf("%s: exit %d\n%s", line, code, stderr)
	}
	times := regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d\.\d+|after [\d.]+[a-zµ]+|_id = \d+$|NEWGEN seq \d, \d+|(NFNL_BATCH_GEN|NFTA_GEN_).* = .*$`)
	got := times.ReplaceAllString(strings.TrimSuffix(stderr, "\n"), "")
	want := times.ReplaceAllString(strings.TrimPrefix(strings.ReplaceAll("\n"+text, "\n    ", "\n"), "\n"), "")
	if got != want {
		t.Errorf("docs/messages.md has not what is said:\n%s", testns.Diff(want, got))
	}
}
