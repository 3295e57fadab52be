//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

var (
	// errUnknown says that a contestant does not do a workload.
	errUnknown = errors.New("does not do this workload")
	errNoPhase = errors.New("printed no phase")
)

const (
	statusUnknown = 3 // exit status for errUnknown
	runTime       = 3 * time.Minute
)

// A phase is a line of a contestant.
type phase struct {
	name   string
	sample Sample
}

// programs finds and starts contestants.
type programs struct{ dir string }

// resolve returns the path of a program: "./NAME" is one of those built here,
// others are in PATH.
func (p programs) resolve(name string) (string, error) {
	local, ok := strings.CutPrefix(name, "./")
	if !ok {
		return exec.LookPath(name)
	}
	path := filepath.Join(p.dir, local)
	if _, err := os.Stat(path); err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// launcher returns the command that starts programs in new namespaces. All
// that it starts, in a group of its own, dies with ctx.
func (p programs) launcher(ctx context.Context, args ...string) (*exec.Cmd, error) {
	path, err := p.resolve("./launch")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS,
		Setpgid:    true,
		Pdeathsig:  unix.SIGKILL,
	}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd, nil
}

// run runs one contestant, in new namespaces or in those of holder, and
// returns its phases.
func (p programs) run(ctx context.Context, w workload, contestant string, n int, holder string) ([]phase, error) {
	argv := w.command(contestant, n)
	path, err := p.resolve(argv[0])
	if err != nil {
		return nil, err
	}
	args := []string{"run"}
	switch {
	case w.starts:
		args = []string{"starts", strconv.Itoa(n)}
	case holder != "":
		args = []string{"join", holder}
	}
	out, rss, err := p.output(ctx, append(append(args, path), argv[1:]...))
	if err != nil {
		return nil, err
	}
	return parse(out, rss, w.name, n)
}

// output runs the launcher to its end.
func (p programs) output(ctx context.Context, args []string) (out []byte, rss int64, err error) {
	limited, cancel := context.WithTimeout(ctx, runTime)
	defer cancel()
	cmd, err := p.launcher(limited, args...)
	if err != nil {
		return nil, 0, err
	}
	r, report, err := os.Pipe()
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = &stdout, &stderr, []*os.File{report}
	err = cmd.Run()
	report.Close()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, 0, ctx.Err()
	case limited.Err() != nil:
		return nil, 0, fmt.Errorf("not done after %v", runTime)
	case errors.As(err, &exit) && exit.ExitCode() == statusUnknown && stdout.Len() == 0:
		return nil, 0, errUnknown
	case err != nil:
		return nil, 0, fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	line, err := io.ReadAll(r)
	if err != nil {
		return nil, 0, err
	}
	if rss, err = strconv.ParseInt(strings.TrimSpace(string(line)), 10, 64); err != nil {
		return nil, 0, fmt.Errorf("maximum resident set: %w", err)
	}
	return stdout.Bytes(), rss, nil
}

// parse reads the lines "PHASE OPS WALL_NS CPU_NS key=value …" of a contestant,
// and the line "WALL_NS CPU_NS" of a program with but one phase.
func parse(out []byte, rss int64, only string, n int) ([]phase, error) {
	var phases []phase
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) == 2 {
			fields = append([]string{only, strconv.Itoa(n)}, fields...)
		}
		p := phase{sample: Sample{MaxRSS: rss}}
		var err error
		if len(fields) < 4 {
			return nil, fmt.Errorf("printed %q, not a phase", line)
		}
		p.name = fields[0]
		var numbers [3]int64
		for i := range numbers {
			if numbers[i], err = strconv.ParseInt(fields[1+i], 10, 64); err != nil {
				return nil, fmt.Errorf("printed %q: %w", line, err)
			}
		}
		if numbers[0] < 1 || numbers[1] < 1 || numbers[2] < 0 {
			return nil, fmt.Errorf("printed %q, which cannot be", line)
		}
		p.sample.Ops, p.sample.Wall, p.sample.CPU = int(numbers[0]), numbers[1], numbers[2]
		for _, pair := range fields[4:] {
			key, text, _ := strings.Cut(pair, "=")
			v, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("printed %q: %w", line, err)
			}
			if p.sample.Values == nil {
				p.sample.Values = map[string]int64{}
			}
			p.sample.Values[key] = v
		}
		phases = append(phases, p)
	}
	if len(phases) == 0 {
		return nil, errNoPhase
	}
	return phases, nil
}

// hold makes namespaces that stay until release is called, and returns a
// process that is in them.
func (p programs) hold(ctx context.Context) (pid string, release func() error, err error) {
	cmd, err := p.launcher(ctx, "hold")
	if err != nil {
		return "", nil, err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	release = func() error {
		in.Close()
		return cmd.Wait()
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		return "", nil, errors.Join(err, release(), errors.New(stderr.String()))
	}
	return strconv.Itoa(cmd.Process.Pid), release, nil
}
