//go:build linux

package tutorial

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

func TestMain(m *testing.M) {
	Main()
	testns.Main(m)
}

// realTools are what the tutorial needs installed.
var realTools = []string{"ip", "iptables", "arp", "route", "ping", "ps", "unshare"}

func needRealTools(t *testing.T) {
	t.Helper()
	for _, name := range realTools {
		testns.Tool(t, name)
	}
}

func newStage(t *testing.T, c Config) *Stage {
	t.Helper()
	c.Stderr = os.Stderr
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// play runs the whole script.
func play(t *testing.T, s *Stage, real bool) {
	t.Helper()
	sections, err := Script(real)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.World(); err != nil {
		t.Fatal(err)
	}
	for _, section := range sections {
		for _, step := range section.Steps {
			r, wrong, err := s.Do(&step)
			if err != nil {
				t.Fatalf("%s: %c %s: %v", section.Title, step.Kind, step.Text, err)
			}
			for _, w := range wrong {
				t.Errorf("%s: %c %s: %s\n%s%s", section.Title, step.Kind, step.Text, w, r.Stdout, r.Stderr)
			}
		}
	}
}

// TestRealTools plays the tutorial with the installed tools. It proves the
// stage and the script, and nothing about minins.
func TestRealTools(t *testing.T) {
	t.Parallel() // a stage has namespaces of its own
	needRealTools(t)
	play(t, newStage(t, Config{Real: true}), true)
}

// TestTutorial plays the tutorial where nothing but minins is installed.
func TestTutorial(t *testing.T) {
	t.Parallel() // a stage has namespaces of its own
	s := newStage(t, Config{Minins: build(t)})
	tree, err := s.Tree()
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{"/bin/minins", "/dev/null"}
	for name := range etc {
		allowed = append(allowed, "/etc/"+name)
	}
	for _, file := range lines(tree) {
		_, target, _ := strings.Cut(file, " -> ")
		if target != "minins" && !slices.Contains(allowed, file) {
			t.Errorf("there is more than minins: %s", file)
		}
	}
	if n := len(lines(tree)); n < 10 {
		t.Errorf("%d files, want minins and its links:\n%s", n, tree)
	}
	play(t, s, false)
	checkPicture(t, s)
}
