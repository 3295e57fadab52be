//go:build linux

// Command demo plays the network namespace tutorial on a stage where minins is
// the only program, and shows every command, what it printed, and whether that
// is right. The host is not touched.
//
//	go run ./internal/tutorial/cmd/demo -minins ./minins
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/minins/minins/internal/tutorial"
)

func init() { runtime.LockOSThread() } // see package tutorial

func main() {
	tutorial.Main()
	minins := flag.String("minins", "./minins", "path of the `binary`, statically linked")
	installed := flag.Bool("real", false, "play it with the installed tools in place of minins")
	flag.Parse()
	config := tutorial.Config{Minins: *minins, Stderr: os.Stderr}
	if *installed {
		config = tutorial.Config{Real: true, Stderr: os.Stderr}
	}
	failures, err := demo(os.Stdout, config)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
	if err != nil || failures > 0 {
		os.Exit(1)
	}
}

func demo(w io.Writer, config tutorial.Config) (failures int, err error) {
	start := time.Now()
	sections, err := tutorial.Script(config.Real)
	if err != nil {
		return 0, err
	}
	stage, err := tutorial.New(config)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	if err := stage.World(); err != nil {
		return 0, err
	}
	steps := 0
	for _, section := range sections {
		fmt.Fprintf(w, "\n%s\n%s\n", section.Title, strings.Repeat("=", len(section.Title)))
		for _, step := range section.Steps {
			_, wrong, err := show(w, stage, &step)
			if err != nil {
				return failures, err
			}
			steps++
			if len(wrong) > 0 {
				failures++
			}
		}
	}
	fmt.Fprintf(w, "\n%d steps, %d failed, %.1f s\n", steps, failures, time.Since(start).Seconds())
	return failures, nil
}

// show does one step and prints it, from the command to the check mark.
func show(w io.Writer, stage *tutorial.Stage, step *tutorial.Step) (tutorial.Result, []string, error) {
	fmt.Fprintf(w, "\n%c %s\n", step.Kind, step.Text)
	if run := strings.Join(step.Args, " "); step.Kind != tutorial.Action && run != strings.TrimSpace(step.Text) {
		fmt.Fprintf(w, "  (run as: %s)\n", run)
	}
	r, wrong, err := stage.Do(step)
	if err != nil {
		return r, nil, err
	}
	fmt.Fprint(w, r.Stdout, r.Stderr)
	for _, note := range step.Notes {
		fmt.Fprintf(w, "  # %s\n", note)
	}
	switch {
	case len(wrong) > 0:
		fmt.Fprintf(w, "  ✗ %s\n", strings.Join(wrong, "\n  ✗ "))
	case step.Exit != 0:
		fmt.Fprintf(w, "  ✓ exit status %d, as it should be\n", r.Code)
	default:
		fmt.Fprintln(w, "  ✓")
	}
	return r, wrong, nil
}
