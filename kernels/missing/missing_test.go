//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

func TestMain(m *testing.M) { testns.Main(m) }

// TestHosts plays what any kernel with namespaces can; make kernels-missing plays the rest.
func TestHosts(t *testing.T) {
	parts, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, pkg := range map[string]string{"minins": "../../cmd/minins", "missing": "."} {
		cmd := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", filepath.Join(dir, name), pkg)
		cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
	}
	for _, name := range hosts(parts) {
		t.Run(name, func(t *testing.T) {
			out, err := exec.Command(dir+"/missing", "-minins", dir+"/minins", name).CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestWrong sees what is to be found be found.
func TestWrong(t *testing.T) {
	parts, err := parse("# a remark\n== a: about\n! empty /x\n$ ip link\n1 one\n two words\n$ ip addr\n0 (nothing)\n")
	if err != nil || len(parts) != 1 || len(parts[0].commands) != 2 || len(parts[0].arrange) != 1 {
		t.Fatalf("%v, %v", parts, err)
	}
	link, addr := &parts[0].commands[0], &parts[0].commands[1]
	for _, c := range []struct {
		of     *command
		out    string
		status int
		want   string // part of what is wrong
	}{
		{link, "one two words", 1, ""},
		{link, "one two words", 2, "has to be 1"},
		{link, "one", 1, `say "two words"`},
		{link, "", 1, "not say why"},
		{link, "one two words panic: goroutine 1", 1, "crashed"},
		{addr, "", 0, ""},
		{addr, "x", 0, "print nothing"},
	} {
		if got := c.of.wrong(c.out, c.status); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%q, %d: %q, want %q", c.out, c.status, got, c.want)
		}
	}
	for _, text := range []string{"$ ip link\n", "== a\n", "== a: b\n1 x\n", "== a: b\n$ ip\nx\n"} {
		if _, err := parse(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
