//go:build linux

package tutorial

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

var update = flag.Bool("update", false, "draw docs/graph.svg anew")

// pictureFile is how README.md shows the end of the tutorial.
const pictureFile = "../../docs/graph.svg"

// checkPicture compares docs/graph.svg with what "minins graph" draws at the end of the
// tutorial. Hardware addresses, and those made from them, are other ones each time: they are
// numbered.
func checkPicture(t *testing.T, s *Stage) {
	t.Helper()
	r, err := s.Run(Command{Args: strings.Fields("minins graph --svg"), Until: Endless})
	if err != nil {
		t.Fatal(err)
	}
	if r.Code != 0 || r.Stderr != "" {
		t.Errorf("minins graph: exit status %d, %s", r.Code, r.Stderr)
	}
	n := 0
	got := regexp.MustCompile("link/ether [0-9a-f:]+|fe80:[0-9a-f:]+").ReplaceAllStringFunc(r.Stdout, func(s string) string {
		n++
		if strings.HasPrefix(s, "fe80") {
			return fmt.Sprintf("fe80::%x", n)
		}
		return fmt.Sprintf("link/ether 02:00:00:00:00:%02x", n)
	})
	if *update {
		if err := os.WriteFile(pictureFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(pictureFile)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is another picture than that of the end; \"make docs\" draws it anew\n%s", pictureFile, testns.Diff(string(want), got))
	}
}
