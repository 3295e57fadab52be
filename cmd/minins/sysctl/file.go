//go:build linux

package sysctl

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/internal/lacks"
	"github.com/minins/minins/nsfs"
)

const root = "/proc/sys/"

func pathOf(name string) string { return root + nsfs.SysctlPath(name) }
func nameOf(path string) string { return nsfs.SysctlName(path[len(root):]) }

// stat finds a setting that is to be read or written. It returns no mode where nothing
// is to be done, with the status, which is outside where the path leads out of /proc/sys.
func (s *session) stat(path, call string, outside int) (mode fs.FileMode, status int) {
	if s.c.Explains("openat("+strconv.Quote(path)+", "+call, "") {
		return 0, 0
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && strings.HasPrefix(filepath.Clean(path), root):
		return info.Mode(), 0
	case err == nil:
		s.fail("Path is not under "+root+": %s", path, nil)
		return 0, outside
	case s.on['e']:
		return 0, 0
	}
	s.fail("cannot stat %s", path, err)
	s.c.Hint(lacks.Sysctl(path[len(root):]))
	return 0, 1
}

// read prints a setting, or all of a folder.
func (s *session) read(name string) int {
	if name == "" {
		s.fail(`"%s" is an unknown key`, name, nil)
		return 255
	}
	return s.show(pathOf(name))
}

// folder prints all that is in one, in the kernel's order. What fails further below does
// not show in the status.
func (s *session) folder(path string) (status int) {
	dir, err := os.Open(path)
	var names []string
	if err == nil {
		names, err = dir.Readdirnames(-1)
		dir.Close()
	}
	if err != nil {
		return s.fail(`unable to open directory "%s"`, path, nil)
	}
	for _, name := range names {
		if s.on[deprecated] || name != "base_reachable_time" && name != "retrans_time" {
			status |= s.show(path + name)
		}
	}
	return status
}

func (s *session) show(path string) int {
	mode, status := s.stat(path, "O_RDONLY), read()", 255)
	name := nameOf(path)
	switch {
	case mode&0o400 == 0: // it can only be written
		return status
	case mode.IsDir():
		return s.folder(path + "/")
	case s.on['N']:
		s.c.Printf("%s\n", name)
		return 0
	}
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, unix.EIO): // a secret that nobody has set
		return 1
	case errors.Is(err, fs.ErrPermission):
		return s.fail("permission denied on key '%s'", name, nil)
	case err != nil:
		return s.fail(`reading key "%s"`, name, err)
	}
	s.value(name, string(b))
	return 0
}

// value prints one, with the name before each of its lines.
func (s *session) value(name, text string) {
	switch {
	case s.on['b']:
		text = strings.ReplaceAll(text, "\n", "")
	case !s.on['n'] && text != "":
		name += " = "
		text = name + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+name) + "\n"
	}
	s.c.Printf("%s", text)
}

// write sets one. A lenient one may be forbidden.
func (s *session) write(path, value string, lenient bool) int {
	value += "\n"
	mode, status := s.stat(path, "O_WRONLY|O_TRUNC), write("+strconv.Quote(value)+")", 1)
	if mode == 0 {
		return status
	}
	name, what := nameOf(path), `setting key "%s"`
	var err error
	switch {
	case mode.IsDir():
		err = unix.EISDIR
	case mode&0o200 == 0: // not even by root
		err = unix.EPERM
	case !s.on[dryRun]:
		var f *os.File
		if f, err = os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0); err == nil {
			_, err = f.WriteString(value)
			f.Close()
			break
		}
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
			what, err = `permission denied on key "%s"`, nil
		}
		if !lenient {
			return s.fail(what, name, err)
		}
		s.fail(what+", ignoring", name, err)
		return 0
	}
	switch {
	case err != nil:
		return s.fail(what, name, err)
	case s.on['q'] && !s.on[dryRun]:
	case s.on['N']:
		s.c.Printf("%s", value)
	default:
		s.value(name, value)
	}
	return 0
}
