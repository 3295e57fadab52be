//go:build linux

package lesson

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nsfs"
)

// A lab is where the commands of a lesson run: one of "minins --rootless".
type lab struct {
	c    *applet.Cmd
	name string
}

const self = "/proc/self/exe"

// run runs a line as a person types it. With trace, the messages to the kernel are shown;
// quiet hides all that it prints.
func (l *lab) run(line string, trace, quiet bool) (status int, err error) {
	words, env := l.words(line)
	if len(words) == 0 {
		return 0, nil
	}
	if trace {
		env = append(env, "MININS_TRACE=sent")
	}
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(null)
	files := []uintptr{uintptr(null), 1, 2}
	if terminal(0) {
		files[0] = 0
	}
	if quiet {
		files[1], files[2] = uintptr(null), uintptr(null)
	}
	return l.start(words, env, files)
}

// words are those of the program for a line, and its environment.
func (l *lab) words(line string) (words, env []string) {
	line = strings.TrimPrefix(strings.TrimSpace(line), "sudo ") // who is in a lab is root
	words = strings.Fields(line)
	if len(words) == 0 {
		return nil, nil
	}
	if strings.ContainsAny(line, forShell) || strings.Contains(words[0], "=") || isOne(words[0], builtins+forgotten) {
		// It is for a shell, which finds the commands of minins first, as lines without one do:
		// only they show their messages.
		words = []string{"sh", "-c", "PATH=/run/bin:$PATH; " + line}
	}
	return append([]string{"minins", "--rootless=" + l.name}, words...), os.Environ()
}

// forShell are letters that a shell makes something of.
const forShell = "|&;<>()$`\\\"'*?[]#~{}"

// Words of the shell itself; what the latter do does not outlive it.
const (
	builtins  = " : . command eval exec exit jobs read source test [ time times type wait "
	forgotten = " alias cd export readonly set shift trap ulimit umask unalias unset "
)

// isOne says whether a word is one of several, which have blanks around them.
func isOne(word, of string) bool { return strings.Contains(of, " "+word+" ") }

// forgets says whether a line does only what the next one knows nothing of, as each has a
// shell of its own.
func forgets(line string) bool {
	words := strings.Fields(line)
	return len(words) > 0 && !strings.ContainsAny(line, ";&|\n") &&
		(isOne(words[0], forgotten) || len(words) == 1 && strings.Contains(words[0], "="))
}

// start runs minins itself, and waits for it.
func (l *lab) start(args, env []string, files []uintptr) (status int, err error) {
	if err := l.c.Stdout.Flush(); err != nil {
		return 0, err
	}
	pid, err := syscall.ForkExec(self, args, &syscall.ProcAttr{Env: env, Files: files})
	if err != nil {
		return 0, err
	}
	ended, err := nsfs.Wait(pid)
	if err != nil {
		return 0, err
	}
	if ended.Signaled() {
		return 128 + int(ended.Signal()), nil
	}
	return ended.ExitStatus(), nil
}

// output is what minins prints. It is not what it says of errors.
func (l *lab) output(args, env []string) (text string, status int, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", 0, err
	}
	defer r.Close()
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		w.Close()
		return "", 0, err
	}
	defer unix.Close(null)
	read := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(r) // of a pipe
		read <- b
	}()
	status, err = l.start(args, env, []uintptr{uintptr(null), w.Fd(), uintptr(null)})
	w.Close()
	return string(<-read), status, err
}

// prepare runs lines that must succeed: what a lesson does itself.
func (l *lab) prepare(lines []string) error {
	for _, line := range lines {
		status, err := l.run(line, false, true)
		if err == nil && status != 0 {
			err = errors.New("the lesson could not do what it begins with: " + line)
			_, _ = l.run(line, false, false) // says why
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// holds says whether a check holds.
func (l *lab) holds(c check) (bool, error) {
	words, env := l.words(c.command)
	text, status, err := l.output(words, env)
	return (status == 0) != c.fails && strings.Contains(text, c.has), err
}

// stop ends the lab, if there is one.
func (l *lab) stop() error {
	_, _, err := l.output([]string{"minins", "lab", "stop", l.name}, os.Environ())
	return err
}

// holder is the process that holds the lab, or 0 if there is no such lab.
func (l *lab) holder() (pid int, err error) {
	text, _, err := l.output([]string{"minins", "lab", "list"}, os.Environ())
	_, rest, ok := strings.Cut("\n"+text, "\n"+l.name+": held by process ")
	if !ok || err != nil {
		return 0, err
	}
	number, _, _ := strings.Cut(rest, ",")
	return strconv.Atoi(number)
}

func terminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}
