//go:build linux

package main

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

func TestMain(m *testing.M) { testns.Main(m) }

// TestDatagrams finds the request of the real ip, and the kernel's answer, in what strace wrote.
func TestDatagrams(t *testing.T) {
	testns.Tool(t, "strace")
	file := filepath.Join(t.TempDir(), "strace")
	args := append(append(straced[:len(straced):len(straced)], "-o", file), "ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
	testns.New(t).Run(t, args...).Must(t)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := datagrams(f, route)
	if err != nil || len(lines) < 2 {
		t.Fatalf("%q, %v", lines, err)
	}
	for i, want := range map[int]string{len(lines) - 2: "> RTM_NEWLINK", len(lines) - 1: "< NLMSG_ERROR"} {
		w := strings.Fields(lines[i])
		b, err := hex.DecodeString(w[len(w)-1])
		if err != nil || len(w) != 4 || w[2] != "proto=0" {
			t.Fatalf("%q, %v", lines[i], err)
		}
		h, _, rest, ok := nl.Next(b)
		typ := map[uint16]string{unix.RTM_NEWLINK: "RTM_NEWLINK", unix.NLMSG_ERROR: "NLMSG_ERROR"}[h.Type]
		if got := w[0] + " " + typ; !ok || len(rest) > 0 || got != want {
			t.Errorf("%s: %q, want %q", lines[i], got, want)
		}
	}
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	if lines, err := datagrams(f, netfilter); len(lines) != 0 || err != nil {
		t.Errorf("of another protocol: %q, %v", lines, err)
	}
}

// TestConsole takes files out of what a console said, and refuses what did not come through.
func TestConsole(t *testing.T) {
	t.Chdir(t.TempDir())
	out, err := os.Create("log")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	emit(out, "a/b/one.hex", []string{"# one", "> fd=3 00"})
	if err := write("log"); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile("a/b/one.hex"); string(b) != "# one\n> fd=3 00\n" {
		t.Errorf("%q, %v", b, err)
	}
	b, err := os.ReadFile("log")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("log", []byte(strings.Replace(string(b), "fd=3", "fd", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write("log"); err == nil || !strings.Contains(err.Error(), "boot once more") {
		t.Error(err)
	}
}

// TestCases: every fixture of little-endian machines has a case, and no name is there twice.
func TestCases(t *testing.T) {
	cases := map[string]bool{}
	for _, g := range groups {
		for _, s := range g.steps {
			file := g.dir + "/little/" + s.name + ".hex"
			if s.name != "" && cases[file] {
				t.Errorf("%s is there twice", file)
			}
			cases[file] = true
		}
	}
	for _, pattern := range []string{"rtnl/testdata/little/*.hex", "nft/testdata/little/*.hex", "nft/testdata/little/*/*.hex"} {
		files, err := filepath.Glob("../../" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d, %v", pattern, len(files), err)
		}
		for _, file := range files {
			if !cases[strings.TrimPrefix(file, "../../")] {
				t.Errorf("%s has no case", file)
			}
		}
	}
}
