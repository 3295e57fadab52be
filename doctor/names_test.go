//go:build linux

package doctor

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// TestNames has namespaces that are called like something else.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		name     string // of blue
		question string
		port     uint16
		want     string // the finding, and what is in it
	}{
		{"c:d", "red c:d", 0, ""},
		{"c:d", "c:d red", 0, ""},
		{"c:d", "red c:d:80", 80, "port/closed nothing listens on TCP port 80 in c:d"},
		{"b:80", "red b:80", 0, ""},
		{"b:80", "red b:81", 81, `ns/missing there is no namespace "b"`},
		{"host", "red /run/netns/host", 0, ""},
		{"host", "red /run/netns/host:80", 80, "port/closed nothing listens on TCP port 80 in /run/netns/host"},
		{"host", "red /run/netns/host/10.0.0.2", 0, ""},
		{"pid 7", "red 'pid 7':80", 80, "port/closed nothing listens on TCP port 80 in /run/netns/pid 7"},
		{"a\x1b[31m", "red a\x1b[31m:80", 80, `port/closed nothing listens on TCP port 80 in a\x1b[31m`},
		{"blue", "red n\nn", 0, `ns/missing there is no namespace "n\x0an" ip netns add $'n\x0an'`},
		{"blue", "red old", 0, `ns/stale the name "old" stands for no namespace ip netns del old`},
		{"blue", "red dir", 0, `ns/stale "dir" is no namespace, but something else mv /run/netns/dir /run/dir.old`},
		{"blue", "red far/10.0.0.2", 0, `ns/stale the name "far" stands for a namespace in another mount namespace`},
	} {
		s, h := draw()
		s.Namespace("blue").Names[0] = c.name
		for _, a := range []string{" 10.0.0.1", " 10.0.0.2"} {
			h.routes[s.Namespace(c.name).Label()+a] = h.routes["blue"+a]
		}
		s.Stale = []nsfs.Entry{{Name: "old", State: nsfs.Stale}, {Name: "dir", State: nsfs.NotNamespace}, {Name: "far", State: nsfs.LiveElsewhere}}
		from, to, _ := strings.Cut(strings.ReplaceAll(c.question, "'", ""), " ")
		x, err := Examine(s, h, &Question{From: from, To: to})
		if err != nil {
			t.Errorf("%q: %v", c.question, err)
			continue
		}
		got := ""
		if f := x.Fault(); f != nil {
			got = f.ID + " " + f.What + " " + strings.Join(f.Remedy, " ")
		}
		for _, part := range strings.SplitAfter(c.want, " ") {
			if !strings.Contains(got, strings.TrimSpace(part)) {
				t.Errorf("%q: got %q, want %q", c.question, got, c.want)
				break
			}
		}
		if (c.want == "") != (got == "") || x.Port != c.port {
			t.Errorf("%q: got %q, port %d", c.question, got, x.Port)
		}
	}
}

// TestQuoted has a shell read names.
func TestQuoted(t *testing.T) {
	testns.Tool(t, "bash")
	for _, name := range []string{"red", "a b", "it's", "-x", "$HOME", "a\x1b[31m'b\\", "x\ny", "\xff", "é", `"q`, "\u200e", "~"} {
		got, err := exec.Command("bash", "-c", "printf %s "+quoted(name)).Output()
		if err != nil || string(got) != name {
			t.Errorf("%q is written %s, which is %q (%v)", name, quoted(name), got, err)
		}
	}
}
