//go:build linux

package rootless_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/internal/tutorial"
)

// bare is a PATH where no tool is, so that all that is found is a command of minins.
const bare = "PATH=/nosuch"

// TestTutorialInLab has an ordinary user type the tutorial with "minins --rootless=LAB"
// in front of each command: a process for each.
func TestTutorialInLab(t *testing.T) {
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

// A terminal is a shell that is typed to: "minins --rootless sh" at a terminal of its own.
type terminal struct {
	t     *testing.T
	keys  *os.File
	dir   string // for what commands print
	count int
	shell int // its process ID
}

func newTerminal(t *testing.T, u *user) *terminal {
	t.Helper()
	keys, screen := openPTY(t)
	cmd := u.command("--rootless", "/bin/sh", "-i")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = screen, screen, screen
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	screen.Close()
	seen := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(keys) // until the shell has ended, which is an error
		seen <- string(b)
	}()
	term := &terminal{t: t, keys: keys, dir: t.TempDir()}
	t.Cleanup(func() {
		term.typed("exit 7\n")
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 7 {
			t.Errorf("the shell: %v, want exit status 7", err)
		}
		text := <-seen
		if t.Failed() {
			t.Logf("on the terminal:\n%s", text)
		}
		keys.Close()
	})
	term.shell, _ = strconv.Atoi(strings.TrimSpace(term.result("echo $$", tutorial.Endless).Stdout))
	return term
}

// openPTY opens both ends of a pseudoterminal.
func openPTY(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

func (term *terminal) typed(text string) {
	if _, err := term.keys.WriteString(text); err != nil {
		term.t.Fatal(err)
	}
}

// result types a command, and Ctrl-C after so many replies of ping.
func (term *terminal) result(line string, until int) tutorial.Result {
	term.t.Helper()
	term.count++
	out, errs, rc := term.file("out"), term.file("err"), term.file("rc")
	start := time.Now()
	term.typed(line + " >" + out + " 2>" + errs + "; echo $? >" + rc + "\n")
	ended := func() bool { return strings.HasSuffix(read(rc), "\n") }
	if until != tutorial.Endless {
		eventually(term.t, line+": replies", func() bool {
			n := strings.Count(read(out), " bytes from ")
			return ended() || until > 0 && n >= until || until == 0 && time.Since(start) > 1200*time.Millisecond
		})
		if !ended() {
			term.typed("\x03")
		}
	}
	eventually(term.t, line, ended)
	code, err := strconv.Atoi(strings.TrimSpace(read(rc)))
	if err != nil {
		term.t.Fatal(err)
	}
	return tutorial.Result{Stdout: read(out), Stderr: read(errs), Code: code, Took: time.Since(start)}
}

func (term *terminal) file(kind string) string {
	return filepath.Join(term.dir, strconv.Itoa(term.count)+"."+kind)
}

func read(file string) string {
	b, _ := os.ReadFile(file) // it may not be there yet
	return string(b)
}

// TestTutorialTyped has an ordinary user type the tutorial as it stands in a shell,
// at a terminal, in which Ctrl-C ends what goes on for ever.
func TestTutorialTyped(t *testing.T) {
	u := newUser(t)
	u.env = tutorial.Env(bare, "XDG_RUNTIME_DIR="+u.run, "MININS_HINTS=1")
	term := newTerminal(t, u)
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
