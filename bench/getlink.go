//go:build linux

package main

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// getlink asks for interface 1, encoding the request and decoding the answer
// each time.
func getlink(count int) (s sample, allocs float64, err error) {
	c, err := nl.Dial(rtnl.Protocol, nl.Config{})
	if err != nil {
		return s, 0, err
	}
	defer c.Close()
	ctx := context.Background()
	req, reply := &rtnl.Link{Index: 1}, &rtnl.Link{}
	if err := c.Do(ctx, unix.RTM_GETLINK, 0, req, reply); err != nil {
		return s, 0, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err = timed(func() error {
		for range count {
			if err := c.Do(ctx, unix.RTM_GETLINK, 0, req, reply); err != nil {
				return err
			}
		}
		return nil
	})
	runtime.ReadMemStats(&after)
	return s, float64((after.Mallocs - before.Mallocs) / uint64(count)), err
}

// timed measures the wall time and this process's CPU time of f.
func timed(f func() error) (s sample, err error) {
	var u0, u1 unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u0); err != nil {
		return s, err
	}
	start := time.Now()
	if err := f(); err != nil {
		return s, err
	}
	s.wall = time.Since(start)
	err = unix.Getrusage(unix.RUSAGE_SELF, &u1)
	s.cpu = time.Duration(u1.Utime.Nano() + u1.Stime.Nano() - u0.Utime.Nano() - u0.Stime.Nano())
	return s, err
}
