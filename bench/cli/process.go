//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// run runs a program to its end: os/exec's goroutines and lookups would be
// measured as well. Its messages go to standard error, its output to out, or
// nowhere if out is nil, its input comes from in.
func run(in, out *os.File, argv ...string) error {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	return start(path, in, out, argv...)
}

// start is run for a program of known path.
func start(path string, in, out *os.File, argv ...string) error {
	p, err := os.StartProcess(path, argv, &os.ProcAttr{Files: []*os.File{in, out, os.Stderr}})
	if err != nil {
		return err
	}
	s, err := p.Wait()
	if err == nil && !s.Success() {
		err = fmt.Errorf("%q: %v", argv, s)
	}
	return err
}

// null opens /dev/null, for programs that have no input or whose output does
// not matter.
func null() (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) }

// memory returns a file in memory that holds the text, to be read from its
// beginning.
func memory(text []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("input", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "input")
	if _, err := f.Write(text); err != nil {
		f.Close()
		return nil, err
	}
	if _, err := f.Seek(0, 0); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// runText is run with the text as the input and no output.
func runText(text []byte, argv ...string) error {
	in, err := memory(text)
	if err != nil {
		return err
	}
	defer in.Close()
	return run(in, nil, argv...)
}

// countLines runs a program and returns how many lines of its output count.
func countLines(counts func(line []byte) bool, argv ...string) (int, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	n := 0
	s := bufio.NewScanner(out)
	for s.Scan() {
		if counts(s.Bytes()) {
			n++
		}
	}
	if err := s.Err(); err != nil {
		return 0, err
	}
	return n, cmd.Wait()
}
