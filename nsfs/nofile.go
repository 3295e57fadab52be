//go:build linux

package nsfs

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// spare is how many descriptors a pool leaves to others, where it may raise the limit:
// to the function that CreateEach calls, for a start.
const spare = 64

// descriptor calls open, and once more with a higher limit if the first time there
// was no descriptor left.
func (p *Pool) descriptor(name string, open func(name string) (int, error)) (fd int, err error) {
	fd, err = open(name)
	if errors.Is(err, unix.EMFILE) && raiseNoFile() {
		fd, err = open(name)
	}
	if err != nil {
		return -1, explainNoFile(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if uint64(fd)+spare >= p.limit {
		if p.limit = noFile().Cur; uint64(fd)+spare >= p.limit && raiseNoFile() {
			p.limit = noFile().Cur
		}
	}
	return fd, nil
}

func noFile() (limit unix.Rlimit) {
	_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) // fails of a wrong pointer alone
	return limit
}

// raiseNoFile raises the soft limit to the hard one, or both: to twice what they were,
// or by smaller and smaller steps to /proc/sys/fs/nr_open, which takes a descriptor
// to read. It reports whether that went well.
func raiseNoFile() bool {
	old := noFile()
	if old.Cur < old.Max {
		return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: old.Max, Max: old.Max}) == nil
	}
	for step := old.Max; step > 0; step /= 2 {
		more := old.Max + step
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: more, Max: more}) == nil {
			return true
		}
	}
	return false
}

// explainNoFile says what to do where no descriptor is left.
func explainNoFile(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Err == unix.EMFILE {
		e.Hint = "each namespace of a pool takes a descriptor, and RLIMIT_NOFILE is " + strconv.FormatUint(noFile().Cur, 10) + ": raise it by ulimit -n"
	}
	return err
}
