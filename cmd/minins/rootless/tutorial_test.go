//go:build linux

package rootless_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/internal/tutorial"
)

// bare is a PATH where no tool is, so that all that is found is a command of minins.
const bare = "PATH=/nosuch"

// TestTutorialInLab has an ordinary user type the tutorial with "minins --rootless=LAB"
// in front of each command: a process for each.
func TestTutorialInLab(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.env = tutorial.Env(bare, "XDG_RUNTIME_DIR="+u.run)
	run := func(c tutorial.Command) (tutorial.Result, error) {
		return c.By(u.command(append([]string{"--rootless=tutorial"}, c.Args...)...))
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	helper := u.command("--rootless=tutorial", "/proc/self/fd/3")
	helper.ExtraFiles = []*os.File{self}
	play(t, helper, run)
}

// play plays the tutorial with the same checks that the other tests of it have.
func play(t *testing.T, helper *exec.Cmd, run func(tutorial.Command) (tutorial.Result, error)) {
	t.Helper()
	helper.Stderr = os.Stderr
	s, err := tutorial.At(helper, run)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	// The host's name server cannot be reached, which arp and route would try.
	etc := t.TempDir()
	if err := tutorial.WriteEtc(etc); err != nil {
		t.Fatal(err)
	}
	for _, file := range mustGlob(t, etc+"/*") {
		at := "/etc/" + filepath.Base(file)
		if _, err := os.Stat(at); err != nil {
			continue
		}
		r, err := s.Run(tutorial.Command{Args: []string{"/bin/mount", "--bind", file, at}, Until: tutorial.Endless})
		if err != nil || r.Code != 0 {
			t.Fatalf("mount %s: %+v, %v", at, r, err)
		}
	}
	if err := s.World(); err != nil {
		t.Fatal(err)
	}
	sections, err := tutorial.Script(false)
	if err != nil {
		t.Fatal(err)
	}
	typed := 0
	for _, section := range sections {
		for _, step := range section.Steps {
			// The processes are the host's, and the first is not the stage.
			step.Out = slices.DeleteFunc(step.Out, func(re *regexp.Regexp) bool { return strings.Contains(re.String(), "minins-stage") })
			if step.Kind == tutorial.Action && step.Args[0] == "forward" {
				step.Kind = tutorial.Beside
				step.Args = []string{"/bin/sh", "-c", "echo " + step.Args[1] + " >/proc/sys/net/ipv4/ip_forward"}
			}
			r, wrong, err := s.Do(&step)
			if err != nil {
				t.Fatalf("%s: %c %s: %v", section.Title, step.Kind, step.Text, err)
			}
			for _, w := range wrong {
				t.Errorf("%s: %c %s: %s\n%s%s", section.Title, step.Kind, step.Text, w, r.Stdout, r.Stderr)
			}
			if step.Kind == tutorial.Typed {
				typed++
			}
		}
	}
	if typed < 56 {
		t.Errorf("%d commands, the tutorial has 56", typed)
	}
	for _, line := range []string{"iptables -t nat -F", "ip link del v-net-0", "ip netns del red", "ip netns del blue"} { // to clean up
		r, err := s.Run(tutorial.Command{Args: strings.Fields(line), Until: tutorial.Endless})
		if err != nil || r.Code != 0 || r.Stdout != "" || r.Stderr != "" {
			t.Errorf("%s: %+v, %v", line, r, err)
		}
	}
	if r, err := s.Run(tutorial.Command{Args: []string{"ip", "netns"}, Until: tutorial.Endless}); err != nil || r.Stdout != "" {
		t.Errorf("ip netns: %+v, %v", r, err)
	}
}

// TestTutorialTyped has an ordinary user type the tutorial as it stands in a shell,
// at a terminal, in which Ctrl-C ends what goes on for ever.
func TestTutorialTyped(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.env = tutorial.Env(bare, "XDG_RUNTIME_DIR="+u.run, "MININS_HINTS=1")
	term := newTerminal(t, u.command("--rootless", "/bin/sh", "-i"))
	run := func(c tutorial.Command) (tutorial.Result, error) {
		line := strings.Join(c.Args, " ")
		if c.Args[0] == "/bin/sh" { // as the shell has it
			line = "( " + c.Args[2] + " )"
		}
		return term.result(line, c.Until), nil
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	helper := exec.Command(testns.Binary(), "nsenter", "--preserve-credentials", "-t", strconv.Itoa(term.shell), "-U", "-n", "-m", "/proc/self/fd/3")
	helper.ExtraFiles = []*os.File{self}
	play(t, helper, run)
}
