//go:build linux

package tutorial

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// stageEnv is set in the stage's process, to its kind.
const stageEnv = "MININS_STAGE"

// Main does nothing, unless the process was started to be a stage: then it is
// one until its standard input ends, and exits.
func Main() {
	mode := os.Getenv(stageEnv)
	if mode == "" {
		return
	}
	if err := serve(mode); err != nil {
		fmt.Fprintln(os.Stderr, "stage:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve does what the requests on standard input say, one by one.
func serve(mode string) error {
	h := &hand{}
	requests, replies := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	failed := h.furnish(mode)
	for {
		var out reply
		if failed != nil {
			out.Err = failed.Error()
		} else {
			out.Result = h.result
		}
		if err := replies.Encode(out.words()); err != nil {
			return err
		}
		var words []string
		if err := requests.Decode(&words); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		in, err := parseRequest(words)
		if err != nil {
			return err
		}
		h.result, failed = h.do(in)
	}
}

// A hand is the stage's process at work.
type hand struct {
	mininsDir, realDirs string   // PATH of either kind of command
	held                *os.File // the namespace kept by hold
	result              Result   // of the last request
}

func (h *hand) do(r request) (Result, error) {
	switch r.Op {
	case "run":
		return h.run(r.Command)
	case "write":
		return Result{}, os.WriteFile(r.Path, []byte(r.Data), 0o644)
	case "hold":
		f, err := os.Open("/run/netns/" + r.Path)
		h.held = f
		return Result{}, err
	case "http":
		return h.http(r.Path, r.Data)
	case "tree":
		return tree()
	}
	return Result{}, fmt.Errorf("unknown request %q", r.Op)
}

// tree lists all files of the root directory outside /proc and /sys.
func tree() (Result, error) {
	var out strings.Builder
	err := filepath.WalkDir("/", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == "/proc" || path == "/sys":
			return filepath.SkipDir
		case d.Type() == fs.ModeSymlink:
			target, err := os.Readlink(path)
			fmt.Fprintln(&out, path, "->", target)
			return err
		case !d.IsDir():
			fmt.Fprintln(&out, path)
		}
		return nil
	})
	return Result{Stdout: out.String()}, err
}
