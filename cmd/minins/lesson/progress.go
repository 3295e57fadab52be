//go:build linux

package lesson

import (
	"errors"
	"fmt"
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
		if dir = getenv("HOME"); !filepath.IsAbs(dir) {
			dir = "/var/tmp/minins-" + strconv.Itoa(os.Geteuid())
		}
		dir = filepath.Join(dir, ".local/state")
	}
	return progress{filepath.Join(dir, "minins/lessons", lesson)}
}

// A state is what is remembered.
type state struct {
	done     int // how many steps are
	prepared int // and how many were begun by what the lesson does itself
	holder   int // the process that holds the lab that this is of
}

// read is the state, and whether the lesson was begun.
func (p progress) read() (s state, begun bool, err error) {
	b, err := os.ReadFile(p.file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, elsewhere(err)
	}
	words := strings.Fields(string(b))
	for i, n := range [...]*int{&s.done, &s.prepared, &s.holder} {
		if err == nil && i < len(words) {
			*n, err = strconv.Atoi(words[i])
		}
	}
	if err != nil || len(words) != 3 || s.done < 0 {
		return state{}, false, errors.New(p.file + " is no progress of a lesson: remove it")
	}
	return s, true, nil
}

func (p progress) write(s state) error {
	err := os.MkdirAll(filepath.Dir(p.file), 0o755)
	if err == nil {
		err = os.WriteFile(p.file, []byte(fmt.Sprintln(s.done, s.prepared, s.holder)), 0o644)
	}
	return elsewhere(err)
}

// elsewhere says of an error how it goes without that directory.
func elsewhere(err error) error {
	if err != nil {
		err = fmt.Errorf("%w; XDG_STATE_HOME=DIRECTORY before the command has it kept in another", err)
	}
	return err
}

func (p progress) remove() error {
	err := os.Remove(p.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
