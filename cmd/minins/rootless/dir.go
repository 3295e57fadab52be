//go:build linux

package rootless

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
)

// rootDir is where root's labs are, also of one who is root of a namespace.
const rootDir = "/run/minins"

// A dir is the open directory of a user's labs, with a file for each. It is locked,
// so that one process at a time changes labs, until it is closed. It goes with the
// last lab.
type dir struct {
	fd   int
	path string
}

// openDir opens and locks the directory: root's, else that of the session, else
// one in /tmp. It makes it if there is none.
func openDir() (*dir, error) {
	uid := os.Geteuid()
	if uid == 0 && unix.Access("/run", unix.W_OK) == nil { // not in another's, as in "unshare -r"
		return openDirAt(rootDir)
	}
	var st unix.Stat_t
	if run := os.Getenv("XDG_RUNTIME_DIR"); run != "" && run[0] == '/' && unix.Stat(run, &st) == nil && int(st.Uid) == uid {
		return openDirAt(run + "/minins")
	}
	return openDirAt("/tmp/minins-" + strconv.Itoa(uid))
}

const unsafeDir = "labs are kept there, and it is not a directory of yours alone (mode 0700): remove it, or set XDG_RUNTIME_DIR to one that is"

// openDirAt trusts only a directory, not a link to one, that is the user's and
// that nobody else may use: in /tmp, anybody may have made it.
func openDirAt(path string) (*dir, error) {
	if err := unix.Mkdir(path, 0o700); err != nil && err != unix.EEXIST {
		return nil, fail("mkdir "+path, applet.Strerror(err))
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT { // who has closed it meanwhile has removed it
		return openDirAt(path)
	}
	if err != nil {
		return nil, fail(path, unsafeDir)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || int(st.Uid) != os.Geteuid() || st.Mode&0o077 != 0 {
		unix.Close(fd)
		return nil, fail(path, unsafeDir)
	}
	if err := flock(fd, unix.LOCK_EX); err != nil {
		unix.Close(fd)
		return nil, fail(path, applet.Strerror(err))
	}
	if unix.Fstat(fd, &st) == nil && st.Nlink == 0 { // the one who had the lock has removed it
		unix.Close(fd)
		return openDirAt(path)
	}
	return &dir{fd, path}, nil
}

func (d *dir) close() {
	_ = unix.Rmdir(d.path) // refused unless it is empty
	unix.Close(d.fd)
}

func flock(fd, how int) error {
	for {
		if err := unix.Flock(fd, how); err != unix.EINTR {
			return err
		}
	}
}
