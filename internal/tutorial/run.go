//go:build linux

package tutorial

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	limit   = 10 * time.Second        // no command of the tutorial takes as long
	silence = 1200 * time.Millisecond // how long to wait for a reply that is not expected
)

// run runs one command with the stage as its terminal.
func (h *hand) run(c Command) (Result, error) {
	path := h.mininsDir
	if c.Real {
		path = h.realDirs
	}
	file, ok := lookPath(c.Args[0], path)
	if !ok { // as a shell would say it
		return Result{Stderr: c.Args[0] + ": not found in " + path + "\n", Code: 127}, nil
	}
	cmd := exec.Command(file, c.Args[1:]...)
	cmd.Args[0] = c.Args[0]
	cmd.Env = Env("PATH=" + path)
	return c.By(cmd)
}

// Env is the environment of all commands, and more.
func Env(more ...string) []string { return append(more, "LC_ALL=C", "TZ=UTC", "HOME=/") }

// By runs the command as cmd, which has its words and its environment: by this
// process or by another program. The command has this process as its terminal.
func (c Command) By(cmd *exec.Cmd) (Result, error) {
	var stderr bytes.Buffer
	if c.Hints {
		cmd.Env = append(cmd.Env, "MININS_HINTS=1")
	}
	cmd.Stdin, cmd.Stderr = strings.NewReader(c.Stdin), &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return Result{}, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return Result{}, fmt.Errorf("%s: %w", strings.Join(c.Args, " "), err)
	}
	stdout, err := watch(out, c.Until, cmd.Process)
	werr := cmd.Wait()
	if exit := (*exec.ExitError)(nil); werr != nil && !errors.As(werr, &exit) {
		err = errors.Join(err, werr)
	}
	took := time.Since(start)
	if took >= limit {
		err = errors.Join(err, fmt.Errorf("%s: still running after %v", strings.Join(c.Args, " "), limit))
	}
	return Result{Stdout: stdout, Stderr: stderr.String(), Code: cmd.ProcessState.ExitCode(), Took: took}, err
}

// watch reads what the command prints, and interrupts it as a person would
// with Ctrl-C: after so many replies of ping, or when they do not come.
func watch(out io.Reader, until int, p *os.Process) (string, error) {
	// That the command has just ended by itself is seen by Wait.
	interrupt := func() { _ = p.Signal(unix.SIGINT) }
	patience := time.AfterFunc(limit/2, interrupt)
	defer patience.Stop()
	if until == Endless {
		patience.Stop()
	}
	defer time.AfterFunc(limit, func() { _ = p.Kill() }).Stop()

	var all strings.Builder
	replies := 0
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if until == 0 && all.Len() == 0 && line != "" { // it has begun, which takes longer on a slow machine
			patience.Reset(silence)
		}
		all.WriteString(line)
		if strings.Contains(line, " bytes from ") {
			if replies++; replies == until {
				interrupt()
			}
		}
		if errors.Is(err, io.EOF) {
			return all.String(), nil
		}
		if err != nil {
			return all.String(), err
		}
	}
}

// lookPath finds a program in a PATH that is not this process's own.
func lookPath(name, path string) (string, bool) {
	for dir := range strings.SplitSeq(path, ":") {
		file := dir + "/" + name
		if st, err := os.Stat(file); err == nil && !st.IsDir() && st.Mode()&0o111 != 0 {
			return file, true
		}
	}
	return "", false
}
