//go:build linux

package nsfs

import (
	"strings"

	"golang.org/x/sys/unix"
)

// LookPath returns the file that execvp would execute for name: name itself if
// there is a "/" in it, else the first executable file of that name in the
// colon-separated directories of path. The error is [unix.ENOENT], or
// [unix.EACCES] if there are such files, but none may be executed.
//
// Unlike [os/exec.LookPath] it takes files in the current directory, which is
// an empty element of path, because execvp does.
func LookPath(name, path string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil // execve says what is wrong with it
	}
	failed := unix.ENOENT
	if name == "" {
		return "", failed
	}
	for dir := range strings.SplitSeq(path, ":") {
		if dir == "" {
			dir = "."
		}
		file := dir + "/" + name
		var st unix.Stat_t
		err := unix.Stat(file, &st)
		if err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && unix.Access(file, unix.X_OK) == nil {
			return file, nil
		}
		if err == nil || err == unix.EACCES {
			failed = unix.EACCES
		}
	}
	return "", failed
}
