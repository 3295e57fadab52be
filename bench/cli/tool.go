//go:build linux

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"strings"

	"github.com/minins/minins/bench/internal/contestant"
)

// An operation is the commands that it takes, as arguments of ip with single
// spaces between them. Those that begin with "-n NAME" are for a namespace.
type operation []string

// A tool runs commands in its own way.
type tool interface {
	// prepare returns a function that runs the operations in order. If done is
	// not nil it is called after each, by tools that can tell.
	prepare(ops []operation, done func()) func() error
}

// processes is the tool that starts a program for each command.
type processes []string

func (p processes) prepare(ops []operation, done func()) func() error {
	var argvs [][][]string
	for _, op := range ops {
		var argv [][]string
		for _, line := range op {
			argv = append(argv, append(p[:len(p):len(p)], strings.Split(line, " ")...))
		}
		argvs = append(argvs, argv)
	}
	return func() error {
		path, err := exec.LookPath(p[0])
		if err != nil {
			return err
		}
		none, err := null()
		if err != nil {
			return err
		}
		defer none.Close()
		for _, op := range argvs {
			for _, argv := range op {
				if err := start(path, none, none, argv...); err != nil {
					return err
				}
			}
			if done != nil {
				done()
			}
		}
		return nil
	}
}

// batch is the tool that runs one "ip -batch" and another for each namespace,
// since a batch cannot change to one.
type batch struct{}

func (batch) prepare(ops []operation, _ func()) func() error {
	var here []byte
	var names []string
	inside := make(map[string][]byte)
	for _, op := range ops {
		for _, line := range op {
			rest, ok := strings.CutPrefix(line, "-n ")
			if !ok {
				here = append(append(here, line...), '\n')
				continue
			}
			name, command, _ := strings.Cut(rest, " ")
			if inside[name] == nil {
				names = append(names, name)
			}
			inside[name] = append(append(inside[name], command...), '\n')
		}
	}
	return func() error {
		if err := runText(here, "ip", "-batch", "-"); err != nil {
			return err
		}
		for _, name := range names {
			if err := runText(inside[name], "ip", "-n", name, "-batch", "-"); err != nil {
				return err
			}
		}
		return nil
	}
}

// script is the tool that has the shell run a script.
type script struct{}

func (script) prepare(ops []operation, done func()) func() error {
	var b bytes.Buffer
	for _, op := range ops {
		for _, line := range op {
			b.WriteString("ip " + line + "\n")
		}
		if done != nil {
			b.WriteString("echo\n")
		}
	}
	return func() error {
		in, err := memory(b.Bytes())
		if err != nil {
			return err
		}
		defer in.Close()
		if done == nil {
			return run(in, nil, "sh", "-e")
		}
		return told(in, done)
	}
}

// told runs the script and calls done for each line that it prints.
func told(in *os.File, done func()) error {
	from, to, err := os.Pipe()
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		s := bufio.NewScanner(from)
		for s.Scan() {
			done()
		}
		from.Close()
		ended <- s.Err()
	}()
	err = run(in, to, "sh", "-e")
	to.Close()
	if e := <-ended; err == nil {
		err = e
	}
	return err
}

// phase measures n operations, op(0) to op(n-1), done by the tool.
func phase(t tool, r *contestant.Run, name string, n int, op func(i int) operation) error {
	return r.Phase(name, n, t.prepare(operations(n, op), nil))
}

// one measures a single command that counts for n operations.
func one(t tool, r *contestant.Run, name string, n int, command string) error {
	return r.Phase(name, n, t.prepare([]operation{{command}}, nil))
}

func operations(n int, op func(i int) operation) []operation {
	ops := make([]operation, n)
	for i := range ops {
		ops[i] = op(i)
	}
	return ops
}
