//go:build linux

package container

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
)

// Of all who change the ports of a namespace, in any number of processes, one does at a
// time: else one could rely on a sysctl that another one is about to put back. The lock
// is flock(2) on the namespace itself, which is a file that all of them have, and has an
// end with its holder, however that ends.

// newLock opens the namespace for a lock of its own.
func newLock(ns *nsfs.NS) (fd int, err error) {
	fd, err = unix.Open("/proc/self/fd/"+strconv.Itoa(ns.Fd()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open the namespace: %w", err)
	}
	return fd, nil
}

// lock waits until nobody else changes ports, or ctx is done.
func (p *Publisher) lock(ctx context.Context) (unlock func(), err error) {
	for {
		err = unix.Flock(p.locks, unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = unix.Flock(p.locks, unix.LOCK_UN) }, nil // as Close would
		}
		if err != unix.EWOULDBLOCK && err != unix.EINTR {
			return nil, fmt.Errorf("lock the namespace: %w", err)
		}
		timer := time.NewTimer(time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("another process holds the lock on the namespace: %w", ctx.Err())
		case <-timer.C:
		}
	}
}
