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
// calls nothing by reflection. The files in folder ld leave that out, and more:
//
//   - types.go: names and fields of types, methods that no interface has;
//   - calls.go: functions that are called only after another one, which is not
//     in the program: the tracer, a metric, a profile; what fmt does with maps, where
//     none is put into an interface;
//   - order.go: like functions behind one another, for internal/strip;
//   - share.go, on MIPS: instructions that many functions have in common, once for all of them
//     (loader/moved.go has their tables).
//
// A fifth of the code is there for what hardly ever happens, for speed that nobody notices
// who waits for the kernel, or for nothing. The folders that are named like those of Go's
// assemblers (cmd/internal/obj), obj and runtime have it written in fewer bytes:
//
//   - nearly every function can make its stack larger, and keeps its arguments
//     meanwhile: all have that in common now. On amd64 what keeps the arguments
//     is called, on other processors the check whether the stack is too small as well, and
//     the frame is made there too: folder runtime has what is called, grow.go what a function
//     begins with;
//   - where code is large, what writes a pointer asks in a call whether the collector wants to
//     know of it, and has no branch for that (ssa/barriers.go);
//   - a function gives its frame back in one place (obj/returns.go), on MIPS in one for all
//     functions (mips/return.go);
//   - on arm and s390x, words that follow one another are read or written at once (multiple.go);
//   - on MIPS, instructions are in the slots behind branches, not NOPs (mips/slots.go), and what
//     copies words, or sets them to zero, is called on those of 32 bits too (ssa/duff.go);
//   - on amd64, variables are found from the end of the frame that is nearer, one
//     instruction gives a large frame back, addresses are constants, not distances: five
//     bytes, not seven; jumps are not moved away from multiples of 32 bytes (x86/small.go).
//
// And there is nothing between segments in the file: ld/pack.go.
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
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
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
	switch name {
	case "link", "compile":
		args[0] = filepath.Join(dir, name)
	case "asm":
		if slices.Contains(args, "runtime") { // -p runtime
			for i, arg := range args {
				if grow, ok := grown[filepath.Base(arg)]; ok {
					args[i] = filepath.Join(dir, grow)
				}
			}
		}
	}
	if sum := summed[name]; sum != nil && len(args) == 2 && args[1] == "-V=full" {
		return version(args, filepath.Join(dir, name+".sum"))
	}
	// The tool takes this process over: there are thousands in a build.
	return &os.PathError{Op: "exec", Path: args[0], Err: syscall.Exec(args[0], args, os.Environ())}
}

// version prints what a tool says of itself and the sum of what is ours of it: go build
// makes anew what was made where that was another one.
func version(args []string, sum string) error {
	ours, err := os.ReadFile(sum)
	if err != nil {
		return err
	}
	text, err := exec.Command(args[0], args[1:]...).Output()
	if err != nil {
		return err
	}
	fmt.Printf("%s %s\n", bytes.TrimSpace(text), ours)
	return nil
}
