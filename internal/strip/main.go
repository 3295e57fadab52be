//go:build linux

// Strip takes the names of functions and the numbers of lines out of a Go
// program, as strip(1) takes the symbol table out of a C program.
//
//	go run ./internal/strip [-o OUT] FILE
//
// # What a pclntab is
//
// A C program needs no names to run: they are in the symbol table, which only
// a debugger reads, and `strip` or `cc -s` removes it. A Go program carries
// one more table, which `go build -ldflags '-s -w'` keeps, because the runtime
// reads it all the time: the pclntab, the table from a program counter to the
// function around it. It has an entry per function, with
//
//   - the size of the stack frame at each instruction, by which the runtime
//     walks up a stack: to copy a stack that grows, to run deferred calls, to
//     find the roots of the garbage collector,
//   - maps of the pointers in that frame, for the collector too,
//   - the name of the function, its file, and the line of each instruction.
//
// The last are for people: they are what a traceback prints, and with what
// serves them alone they are more than half of the pclntab, a quarter of a small
// program. This tool writes the pclntab anew without them, and to the end of the
// file (shrink.go). Code and data keep their addresses, and not one byte of them
// changes but the runtime's own record of where its tables are (moduledata).
//
// What is left is the same for many functions that follow one another, so that
// they can have one entry and one table of each kind: see merge.go.
//
// # What is lost
//
// A crash says what happened as before, and where by address alone: each frame
// reads "?.?(...)" and "?:0 +0x1d". GOTRACEBACK=system adds the program
// counters, and the same build without this step knows what they mean
// (`make debug`, then `go tool addr2line minins.debug`). A call that the
// compiler inlined is not shown as a frame of its own any more. Should a signal
// be what kills a function while it makes or leaves its frame, its callers are not shown.
//
// The collector waits for a loop that calls nothing, and so does every goroutine.
//
// Names that the runtime itself compares something with are kept, in short:
// see names.go.
//
// # What it takes
//
// A static executable for Linux made by Go 1.26, of any architecture. Other
// versions have other tables: the runtime's sources have to be read again
// before their number is added here. Whatever the tool does not recognise it
// refuses, and leaves the file as it was.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	out := flag.String("o", "", "write the result to `OUT`, and keep FILE as it is")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: strip [-o OUT] FILE")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	file := flag.Arg(0)
	if *out == "" {
		*out = file
	}
	before, after, err := stripFile(file, *out)
	if err != nil {
		fmt.Fprintf(os.Stderr, "strip: %s: %v\n", file, err)
		os.Exit(1)
	}
	fmt.Fprintf(os.Stderr, "strip: %s: %d bytes, %d before\n", *out, after, before)
}

// stripFile strips file into out, which may be file itself, and returns the
// sizes before and after. On an error out is as it was.
func stripFile(file, out string) (before, after int, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return 0, 0, err
	}
	old, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, err
	}
	stripped, err := strip(old)
	if err != nil {
		return 0, 0, err
	}
	return len(old), len(stripped), replace(out, stripped, info.Mode().Perm())
}

// replace puts a new file in the place of whatever is at path, or fails and
// leaves it alone. A program that is running goes on with the old one.
func replace(path string, data []byte, perm os.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(perm), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
