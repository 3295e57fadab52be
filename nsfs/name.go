//go:build linux

package nsfs

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// Dir is where the names are: NETNS_RUN_DIR of iproute2.
const Dir = "/run/netns"

// nameMax is NAME_MAX of linux/limits.h, in bytes.
const nameMax = 255

// ErrName is in every error about a name that cannot be a file's.
var ErrName = errors.New(`a name is 1 to 255 bytes, has no "/" and is not "." or ".."`)

// ValidName returns nil if name can be the name of a namespace, or an [*Error]
// that wraps [ErrName]. Spaces, newlines and a leading "-" are allowed, as
// iproute2 allows them.
func ValidName(name string) error {
	if name == "" || name == "." || name == ".." || len(name) > nameMax || strings.ContainsAny(name, "/\x00") {
		return &Error{Op: OpName, Name: name, What: `Invalid netns name "` + name + `"`, Err: ErrName}
	}
	return nil
}

// Path returns the file of a namespace: nameOrPath itself if there is a "/" in
// it, else the file of that name in [Dir].
func Path(nameOrPath string) string {
	if strings.Contains(nameOrPath, "/") {
		return nameOrPath
	}
	return Dir + "/" + nameOrPath
}

// List returns the names in [Dir] in the order of the directory, which is the
// order in which iproute2 prints them. No directory is no names. A name in the
// list may be stale; [Open] tells.
//
// Equivalent to: `ip netns list`
func List() ([]string, error) {
	names, err := readNames(Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, listError("directory "+Dir, err)
	}
	return names, nil
}

// readNames reads a directory, in its order.
func readNames(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

func listError(what string, err error) error {
	return &Error{Op: OpList, What: "Failed to open " + what, Err: errno(err)}
}
