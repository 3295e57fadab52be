//go:build linux

package lesson

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Progress is a file for each lesson that was begun: how many of its steps are done. It is
// in the directory for what programs remember, of the XDG Base Directory Specification.
type progress struct{ file string }

func newProgress(getenv func(string) string, lesson string) progress {
	dir := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(getenv("HOME"), ".local/state")
	}
	return progress{filepath.Join(dir, "minins/lessons", lesson)}
}

// read is the number of steps that are done, and whether the lesson was begun.
func (p progress) read() (done int, begun bool, err error) {
	b, err := os.ReadFile(p.file)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	done, err = strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || done < 0 {
		return 0, false, errors.New(p.file + " is no progress of a lesson: remove it")
	}
	return done, true, nil
}

func (p progress) write(done int) error {
	if err := os.MkdirAll(filepath.Dir(p.file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(p.file, []byte(strconv.Itoa(done)+"\n"), 0o644)
}

func (p progress) remove() error {
	err := os.Remove(p.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
