//go:build linux

// Linker makes a linker for small programs: Go's own, with less in what it
// writes. It is also the program by which go build comes to use it.
//
//	go build -o DIR/linker ./internal/linker
//	DIR/linker build                                  # makes DIR/link
//	go build -toolexec DIR/linker …
//
// # Why
//
// A seventh of a small Go program are descriptors of types and functions that only
// package reflect reads, and what they lead to. The linker cannot know that
// nobody asks. We do: minins does not print a struct by %v or a type by %T, and
// calls nothing by reflection. The files in folder ld leave that out:
//
//   - types.go: names and fields of types, methods that no interface has;
//   - calls.go: functions that are called only after another one, which is not
//     in the program: the tracer, a metric, a profile; what fmt does with maps, where
//     none is put into an interface;
//   - order.go: like functions behind one another, for internal/strip.
//
// # How
//
// The linker is built from the sources that come with Go (GOROOT/src/cmd/link)
// with those files beside its own and a few lines put into three of them
// (patches.go), by way of the go command's -overlay: nothing in GOROOT is
// changed. If a line to be changed is not there, it is another Go, and nothing is
// made: the program is then linked by Go's linker, and is larger.
//
// go build runs its tools by way of -toolexec: all but link are run as they are.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			os.Exit(exit.ExitCode()) // it has said why
		}
		fmt.Fprintln(os.Stderr, "linker:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || args[0] == "build" && len(args) > 1 {
		return errors.New("usage: linker build, or: go build -toolexec linker")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	link := filepath.Join(filepath.Dir(self), "link")
	if args[0] == "build" {
		return build(link)
	}
	tool := exec.Command(args[0], args[1:]...)
	tool.Stdin, tool.Stdout, tool.Stderr = os.Stdin, os.Stdout, os.Stderr
	if filepath.Base(args[0]) != "link" {
		return tool.Run()
	}
	tool.Path = link
	if len(args) == 2 && args[1] == "-V=full" {
		return version(tool)
	}
	return tool.Run()
}

// version prints what the linker says of itself and a sum of its bytes: go build
// links anew where that has changed.
func version(tool *exec.Cmd) error {
	tool.Stdout = nil
	text, err := tool.Output()
	if err != nil {
		return err
	}
	program, err := os.ReadFile(tool.Path)
	if err != nil {
		return err
	}
	fmt.Printf("%s %x\n", bytes.TrimSpace(text), sha256.Sum256(program))
	return nil
}
