//go:build linux

// Linker makes a linker and a compiler for small programs: Go's own, with less in what
// they write. It is also the program by which go build comes to use them.
//
//	go build -o DIR/linker ./internal/linker
//	DIR/linker build                                  # makes DIR/link and DIR/compile
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
// A fifth of the code for amd64 is there for what hardly ever happens, for speed that
// nobody notices who waits for the kernel, or for nothing. Folders x86, obj and runtime have it written
// in fewer bytes:
//
//   - nearly every function can make its stack larger, and keeps its arguments
//     meanwhile, in ten bytes of code for each: all have that in common now;
//   - variables are found from the end of the frame that is nearer, and one instruction
//     gives a large frame back;
//   - addresses are constants, not distances: five bytes, not seven;
//   - jumps are not moved away from multiples of 32 bytes.
//
// # How
//
// The tools are built from the sources that come with Go (GOROOT/src/cmd)
// with those files beside its own and a few lines put into some of them
// (patches.go), by way of the go command's -overlay: nothing in GOROOT is
// changed. If a line to be changed is not there, it is another Go, and nothing is
// made: the program is then made by Go's own tools, and is larger.
//
// go build runs its tools by way of -toolexec: link and compile are ours, and asm gets
// one file of package runtime with another one around it; all others are run as they are.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	dir := filepath.Dir(self)
	if args[0] == "build" {
		return build(dir)
	}
	name := filepath.Base(args[0])
	tool := exec.Command(args[0], args[1:]...)
	tool.Stdin, tool.Stdout, tool.Stderr = os.Stdin, os.Stdout, os.Stderr
	ours := filepath.Join(dir, name)
	switch name {
	case "link", "compile":
		tool.Path = ours
	case "asm":
		ours = filepath.Join(dir, grow)
		if slices.Contains(args, "runtime") { // -p runtime
			for i, arg := range tool.Args {
				if filepath.Base(arg) == inGoroot {
					tool.Args[i] = ours
				}
			}
		}
	default:
		return tool.Run()
	}
	if len(args) == 2 && args[1] == "-V=full" {
		return version(tool, ours)
	}
	return tool.Run()
}

// version prints what a tool says of itself and a sum of what is ours of it: go build
// makes anew what was made where that was another one.
func version(tool *exec.Cmd, ours string) error {
	tool.Stdout = nil
	text, err := tool.Output()
	if err != nil {
		return err
	}
	program, err := os.ReadFile(ours)
	if err != nil {
		return err
	}
	fmt.Printf("%s %x\n", bytes.TrimSpace(text), sha256.Sum256(program))
	return nil
}
