//go:build linux

package lesson_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minins/minins/internal/testns"
)

func TestMain(m *testing.M) { testns.Ordinary(m, "..") }

// played is a lesson as it is in the file: for each step what is typed.
type played struct {
	name  string
	steps []playedStep
}

type playedStep struct {
	answers, types []string
	checked        bool // all of types are to be typed, else one of them
}

func lessons(t *testing.T) (all []played) {
	t.Helper()
	text, err := os.ReadFile("course.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if word == ".lesson" {
			name, _, _ := strings.Cut(rest, " ")
			all = append(all, played{name: name})
			continue
		}
		l := &all[len(all)-1]
		switch s := len(l.steps) - 1; word {
		case ".step":
			l.steps = append(l.steps, playedStep{})
		case ".answer":
			l.steps[s].answers = append(l.steps[s].answers, rest)
		case ".type":
			l.steps[s].types = append(l.steps[s].types, rest)
		case ".check", ".checknot":
			l.steps[s].checked = true
		}
	}
	return all
}

// A home is where a user's progress and labs are: variables of the environment.
type home []string

func newHome(t *testing.T) home {
	return home{"XDG_STATE_HOME=" + t.TempDir(), "XDG_RUNTIME_DIR=" + t.TempDir()}
}

// play types lines at a lesson.
func (h home) play(t *testing.T, lines []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(testns.Binary(), args...)
	cmd.Env = append(os.Environ(), h...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) || !timer.Stop() {
		t.Fatalf("%q: %v\n%s%s", args, err, &out, &errs)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// TestLessons plays every lesson to its end: with what is to be typed, then once more
// from the middle after its lab was lost, and with what is wrong.
func TestLessons(t *testing.T) {
	h := newHome(t)
	for _, l := range lessons(t) {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if _, errs, code := h.play(t, nil, "lesson", "stop", l.name); code != 0 || errs != "" {
					t.Errorf("stop: status %d, %s", code, errs)
				}
				if out, _, _ := h.play(t, nil, "lab"); strings.Contains(out, "lesson-"+l.name+":") {
					t.Errorf("a lab is left: %s", out)
				}
			}()
			if out, errs, code := h.play(t, nil, "lesson", "check", l.name); code != 1 || !strings.HasPrefix(out, "not ok - ") {
				t.Errorf("check before it is begun: status %d, %s", code, errs)
			}
			if _, errs, code := h.play(t, []string{"quit"}, "lesson", l.name); code != 1 || errs != "" { // at once
				t.Errorf("status %d, %s", code, errs)
			}
			var right []string
			half := 0
			for i, s := range l.steps {
				if s.answers != nil {
					right = append(right, "certainly not", strings.ToUpper(s.answers[0])+".")
				}
				if s.types != nil {
					right = append(right, "true", "check") // which is not enough
				}
				if !s.checked && len(s.types) > 1 {
					s.types = s.types[:1]
				}
				right = append(right, s.types...)
				if i == (len(l.steps)-1)/2 {
					half = len(right)
				}
			}
			out, errs, code := h.play(t, right[:half], "lesson", l.name)
			if code != 1 || !strings.Contains(out, "goes on from here") {
				t.Errorf("half of it: status %d, %s\n%s", code, errs, out)
			}
			if again, errs, code := h.play(t, nil, "lesson", l.name); code != 1 || strings.Contains(again, "made again") || errs != "" {
				t.Errorf("once more: status %d, %s\n%s", code, errs, again)
			}
			if strings.Count(out, "No. Try again") != strings.Count(out, "Right. ") {
				t.Errorf("questions:\n%s", out)
			}
			if out, _, code := h.play(t, nil, "lesson", "check", l.name); code != 1 || !strings.Contains(out, "not ok - ") {
				t.Errorf("check of a half: status %d\n%s", code, out)
			}
			if _, errs, code := h.play(t, nil, "lab", "stop", "lesson-"+l.name); code != 0 { // as after a reboot
				t.Errorf("status %d, %s", code, errs)
			}
			out, errs, code = h.play(t, right[half:], "lesson", l.name)
			if code != 0 || !strings.Contains(out, "That was the lesson") || !strings.Contains(out, "(The lab is made again") {
				t.Errorf("the rest: status %d, %s\n%s", code, errs, out)
			}
			if out, errs, code := h.play(t, nil, "lesson", "check", l.name); code != 0 || strings.Contains(out, "not ok") {
				t.Errorf("check: status %d, %s\n%s", code, errs, out)
			}
		})
	}
}

// TestLessonWords has all that can be said beside commands.
func TestLessonWords(t *testing.T) {
	h := newHome(t)
	defer h.play(t, nil, "lesson", "stop", "netns")
	out, errs, code := h.play(t, []string{"help", "hint", "show", "", "check", "solve", "solve", "solve", "quit", "never"}, "lesson", "2")
	for _, want := range []string{"Type commands", "  ip netns add red\n", "not ok - ip -n red link\n", "It is: 1.", "RTM_GETLINK", "\"minins lesson netns\" goes on"} {
		if !strings.Contains(out+errs, want) {
			t.Errorf("no %q in\n%s%s", want, out, errs)
		}
	}
	if code != 1 {
		t.Errorf("status %d", code)
	}
	if out, _, _ := h.play(t, nil, "lesson"); !strings.Contains(out, "A network of its own  (2 of 4 steps done)") {
		t.Errorf("list:\n%s", out)
	}
	for _, tt := range []struct{ args, errs string }{
		{"lesson nosuch", "there is no lesson \"nosuch\"; \"minins lesson\" lists all"},
		{"lesson check", "Usage: minins lesson"},
		{"lesson check netns more", "Usage: minins lesson"},
	} {
		if _, errs, code := h.play(t, nil, testns.Words(tt.args)...); code != 2 || !strings.Contains(errs, tt.errs) {
			t.Errorf("%s: status %d, %s", tt.args, code, errs)
		}
	}
}

// TestLessonExplained tells what each verb would do, and does nothing; a list is a list.
func TestLessonExplained(t *testing.T) {
	h := newHome(t)
	for words, want := range map[string]string{
		"lesson": "nothing is sent to the kernel", "lesson list": "nothing is sent to the kernel", "lesson netns": "clone(CLONE_NEWUSER",
		"lesson check netns": "setns(user)", "lesson stop netns": "pidfd_send_signal(",
	} {
		out, errs, code := h.play(t, nil, append([]string{"explain"}, testns.Words(words)...)...)
		if code != 0 || errs != "" || !strings.Contains(out, want) || strings.Count(out, "has all of it") > 1 {
			t.Errorf("%s: status %d, %s\n%s", words, code, errs, out)
		}
	}
	if out, errs, code := h.play(t, nil, "explain", "lesson", "nosuch"); code != 2 || strings.Contains(out, "clone") || !strings.Contains(errs, "there is no lesson") {
		t.Errorf("status %d, %s\n%s", code, errs, out)
	}
	if out, _, _ := h.play(t, nil, "lab"); strings.Contains(out, "lesson-netns") {
		t.Errorf("a lab was made: %s", out)
	}
}

// TestLessonStrays has a person who tries things: what is no answer but a command is run,
// what is to be done comes behind the question, and after three lines help is offered.
func TestLessonStrays(t *testing.T) {
	h := newHome(t)
	defer h.play(t, nil, "lesson", "stop", "tables")
	out, errs, code := h.play(t, []string{
		"ip -n red link", "true", "check", "true", "sudo ip -n red route",
		"ip -n blue link", "sudo ip -n red link", "minins version", "check", "show", "help", "nonsense of mine", "254", "show", "quit",
	}, "lesson", "tables")
	if code != 1 || errs != "" {
		t.Errorf("status %d, %s", code, errs)
	}
	at := 0
	for _, want := range []string{
		"1/5  Both are empty", "(\"hint\" shows what could be typed here", "$ ", "veth-red@", "(Nothing is checked here", "(\"hint\" shows what could be typed here",
		"2/5  An address brings a route\n\nYou give", "? ", "veth-blue@", "? ", "veth-red@", "? minins ", "2/5  An", "You give", "2/5  An", "You give", "Type commands, as", "No. Try again", "Right. 8 bits", "\n\nGive it that address", "2/5", "Give it",
	} {
		i := strings.Index(out[at:], want)
		if i < 0 {
			t.Fatalf("no %q behind\n%s\nin\n%s", want, out[:at], out)
		}
		at += i + len(want)
	}
	if n := strings.Count(out, "No. Try again"); n != 1 {
		t.Errorf("%d answers were wrong\n%s", n, out)
	}
}

// TestLessonKilled has a lesson killed while it makes what it begins with: the next one
// makes it again.
func TestLessonKilled(t *testing.T) {
	for _, early := range []time.Duration{0, 20 * time.Millisecond, 60 * time.Millisecond} {
		h := newHome(t)
		cmd := exec.Command(testns.Binary(), "lesson", "faults")
		cmd.Env = append(os.Environ(), h...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		file := strings.TrimPrefix(h[0], "XDG_STATE_HOME=") + "/minins/lessons/faults"
		for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(file); err == nil {
				break
			}
		}
		time.Sleep(early)
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // killed
		out, errs, code := h.play(t, []string{"ip link set veth-blue-br up"}, "lesson", "faults")
		if code != 1 || errs != "" || !strings.Contains(out, "2/6  Once more") {
			t.Errorf("killed %v after it began: status %d, %s\n%s", early, code, errs, out)
		}
		h.play(t, nil, "lesson", "stop", "faults")
	}
}

// TestLessonShell has lines that only a shell understands; of those that the next line
// knows nothing of, that is said.
func TestLessonShell(t *testing.T) {
	h := newHome(t)
	defer h.play(t, nil, "lesson", "stop", "netns")
	const forgotten = "The next line knows nothing of this"
	for line, want := range map[string]string{
		"x=1": forgotten, "export x=1": forgotten, "cd /": forgotten,
		"cd /proc/self; pwd": "/proc/self\n", "x=1; echo $x-": "1-\n", "X=5 env": "X=5\n", "type cd": "cd is a", "ip netns list-id": "",
	} {
		out, errs, _ := h.play(t, []string{line, "quit"}, "lesson", "netns")
		if !strings.Contains(out, want) || strings.Contains(out, forgotten) != (want == forgotten) || errs != "" {
			t.Errorf("%s: %s\n%s", line, errs, out)
		}
	}
}

// TestLessonShort has yes and no shortened, and messages shown also of what a shell runs.
func TestLessonShort(t *testing.T) {
	h := newHome(t)
	defer h.play(t, nil, "lesson", "stop", "netns")
	out, errs, code := h.play(t, []string{"solve", "1", "for n in red; do ip -n $n link; done", "ip -n red link", "y", "nowhere", "N.", "quit"}, "lesson", "netns")
	if code != 1 || strings.Count(out, "No. Try again") != 2 || !strings.Contains(out, "Right. lo is down") {
		t.Errorf("status %d\n%s", code, out)
	}
	if n := strings.Count(errs, "> RTM_GETLINK"); n != 2 {
		t.Errorf("messages of %d lines\n%s", n, errs)
	}
}

// TestLessonLeavesNothing has no place to remember what is done, and a lab that is stopped while
// a question is asked: no lab is there afterwards.
func TestLessonLeavesNothing(t *testing.T) {
	h := newHome(t)
	file := h[0]
	h[0] += "/file/below" // a file is no directory
	if err := os.WriteFile(strings.TrimSuffix(strings.TrimPrefix(h[0], "XDG_STATE_HOME="), "/below"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := h.play(t, nil, "lesson", "netns"); code != 1 || !strings.Contains(errs, "not a directory; XDG_STATE_HOME=") {
		t.Errorf("status %d, %s", code, errs)
	}
	if out, _, _ := h.play(t, nil, "lab"); out != "" {
		t.Errorf("left: %s", out)
	}

	h[0] = file
	cmd := exec.Command(testns.Binary(), "lesson", "netns")
	cmd.Env = append(os.Environ(), h...)
	typed, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	shown, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	if _, err := io.WriteString(typed, "solve\n"); err != nil {
		t.Fatal(err)
	}
	for text, b := "", make([]byte, 4096); !strings.HasSuffix(text, "? "); {
		n, err := shown.Read(b)
		if text += string(b[:n]); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	if _, errs, code := h.play(t, nil, "lesson", "stop", "netns"); code != 0 || errs != "" {
		t.Errorf("stop: status %d, %s", code, errs)
	}
	if _, err := io.WriteString(typed, "ip link\n"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(errs.String(), "the lab was stopped in the meantime") {
		t.Errorf("%v, %s", err, &errs)
	}
	if out, _, _ := h.play(t, nil, "lab"); out != "" {
		t.Errorf("left: %s", out)
	}
}
