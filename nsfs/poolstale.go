//go:build linux

package nsfs

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A PoolInfo is a pool of this or another process.
type PoolInfo struct {
	Name string
	// Stale says that its owner is gone: killed before it called Close.
	Stale bool
}

// Pools lists the pools of all processes. A process that lives holds a lock on
// each of its own, which the kernel takes from it when it dies, however it
// does: no process number that was given to another can mislead.
func Pools() ([]PoolInfo, error) {
	var all []PoolInfo
	err := eachPool(func(name, _ string, stale bool) error {
		all = append(all, PoolInfo{name, stale})
		return nil
	})
	return all, err
}

// ReleaseStale takes away the pools whose owner is gone, each by one unmount,
// and returns their names. One that fails does not keep it from the others;
// the errors are joined.
func ReleaseStale() (released []string, err error) {
	err = eachPool(func(name, dir string, stale bool) error {
		if !stale {
			return nil
		}
		p := &Pool{name: name, dir: dir, root: -1}
		// EINVAL: the owner died before it mounted anything.
		if err := unix.Unmount(dir, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && err != unix.EINVAL {
			return p.fail(OpDelete, "umount2("+strconv.Quote(dir)+", MNT_DETACH|UMOUNT_NOFOLLOW)", "umount of "+dir+" failed", err)
		}
		if err := p.rmdir(); err != nil {
			return err
		}
		released = append(released, name)
		return nil
	})
	return released, err
}

// eachPool calls f for each pool, while none comes, and joins the errors.
func eachPool(f func(name, dir string, stale bool) error) error {
	if _, err := os.Stat(PoolDir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	unlock, err := lockPools()
	if err != nil {
		return err
	}
	defer unlock()
	entries, err := os.ReadDir(PoolDir)
	if err != nil {
		return &Error{Op: OpList, What: "Failed to open directory " + PoolDir, Err: errno(err)}
	}
	var errs []error
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), poolPrefix)
		if !ok || !e.IsDir() {
			continue
		}
		dir := PoolDir + "/" + e.Name()
		fd, err := openLocked(dir, unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			_ = unix.Close(fd)
		case err == unix.ENOENT: // its owner took it away just now
			continue
		case err != unix.EWOULDBLOCK:
			errs = append(errs, &Error{Op: OpOpen, Name: name, What: "could not flock " + dir, Err: err})
			continue
		}
		errs = append(errs, f(name, dir, err == nil))
	}
	return errors.Join(errs...)
}

// lockPools makes PoolDir and locks it: between the mount of a pool and the
// lock on it, the pool looks stale.
func lockPools() (unlock func(), err error) {
	if err := unix.Mkdir(PoolDir, 0o755); err != nil && err != unix.EEXIST {
		return nil, &Error{Op: OpCreate, Call: "mkdir(" + strconv.Quote(PoolDir) + ", 0755)", What: "mkdir " + PoolDir + " failed", Err: err}
	}
	fd, err := openLocked(PoolDir, unix.LOCK_EX)
	if err != nil {
		return nil, &Error{Op: OpCreate, Call: "flock(fd, LOCK_EX)", What: "could not flock " + PoolDir, Err: err}
	}
	return func() { _ = unix.Close(fd) }, nil
}

// openLocked opens a directory and locks it until it is closed.
func openLocked(dir string, how int) (fd int, err error) {
	fd, err = unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	for err = unix.EINTR; err == unix.EINTR; {
		err = unix.Flock(fd, how)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
