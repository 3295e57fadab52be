//go:build linux

package setup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/minins/minins/cmd/minins/applet"
)

// Install makes symbolic links to the running binary in a directory, one for
// each name. Nothing that is not such a link already is replaced, and a failure
// leaves no new link behind.
func Install(c *applet.Cmd, names []string) int {
	dir, target, ok := arguments(c, "install")
	if !ok {
		return 2
	}
	var missing []string
	for _, name := range names {
		link := filepath.Join(dir, name)
		switch at, err := os.Readlink(link); {
		case err == nil && at == target:
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, link)
		case err == nil:
			c.Errorf("minins install: %s is a link to %s; remove it first, or choose another directory", link, at)
			return 1
		default:
			c.Errorf("minins install: %s: %s; remove it first, or choose another directory", link, standsThere(err))
			return 1
		}
	}
	for i, link := range missing {
		if c.Explains(fmt.Sprintf("symlink(%q, %q)", target, link), "") {
			continue
		}
		if err := os.Symlink(target, link); err != nil {
			for _, made := range missing[:i] {
				err = errors.Join(err, os.Remove(made))
			}
			c.Errorf("minins install: %v", err)
			return 1
		}
	}
	c.Printf("%d links to %s in %s, %d of them new\n", len(names), target, dir, len(missing))
	return 0
}

// Uninstall removes the links that Install made, and nothing else.
func Uninstall(c *applet.Cmd, names []string) int {
	dir, target, ok := arguments(c, "uninstall")
	if !ok {
		return 2
	}
	removed, status := 0, 0
	for _, name := range names {
		link := filepath.Join(dir, name)
		if at, err := os.Readlink(link); err != nil || at != target {
			continue
		}
		if c.Explains(fmt.Sprintf("unlink(%q)", link), "") {
			continue
		}
		if err := os.Remove(link); err != nil {
			c.Errorf("minins uninstall: %v", err)
			status = 1
			continue
		}
		removed++
	}
	c.Printf("%d links to %s in %s removed\n", removed, target, dir)
	return status
}

// arguments reads the one argument, a directory, and finds what links in it
// should point to: the bare file name where the binary is in that directory.
func arguments(c *applet.Cmd, verb string) (dir, target string, ok bool) {
	if len(c.Args) != 1 || c.Args[0] == "-h" || c.Args[0] == "--help" {
		c.Errorf("Usage: minins %s DIR\nfor example: minins %s /usr/local/bin", verb, verb)
		return "", "", false
	}
	dir = c.Args[0]
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		c.Errorf("minins %s: %s is not a directory", verb, dir)
		return "", "", false
	}
	target, err := os.Executable()
	if err != nil {
		c.Errorf("minins %s: where this binary is: %v", verb, err)
		return "", "", false
	}
	at, err1 := os.Stat(filepath.Dir(target))
	in, err2 := os.Stat(dir)
	if err1 == nil && err2 == nil && os.SameFile(at, in) {
		target = filepath.Base(target)
	}
	return dir, target, true
}

// standsThere says why a name cannot be read as a link.
func standsThere(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "permission denied"
	}
	return "something else of that name is there"
}
