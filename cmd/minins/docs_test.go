//go:build linux

package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

var update = flag.Bool("update", false, "write the blocks of docs/messages.md anew")

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
