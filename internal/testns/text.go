//go:build linux

package testns

import (
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Words breaks a command line at blanks; single quotes hold words together.
func Words(line string) (words []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

// missing are the lines of a that b lacks.
func missing(a, b string) []string {
	there := strings.Split(b, "\n")
	return slices.DeleteFunc(strings.Split(a, "\n"), func(l string) bool { return slices.Contains(there, l) })
}

// Diff is the lines that only one of two texts has.
func Diff(want, got string) string {
	var b strings.Builder
	for _, line := range missing(want, got) {
		b.WriteString("-" + line + "\n")
	}
	for _, line := range missing(got, want) {
		b.WriteString("+" + line + "\n")
	}
	return b.String()
}

// Replace puts texts in place of files, by their names, until the test ends: those
// in /etc that say what names mean.
func Replace(t testing.TB, files map[string]string) {
	t.Helper()
	for file, text := range files {
		own := t.TempDir() + "/file"
		if err := os.WriteFile(own, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(file); err != nil {
			Skip(t, file+" is not there to be replaced")
		}
		if err := unix.Mount(own, file, "", unix.MS_BIND, ""); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(file, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	}
}
