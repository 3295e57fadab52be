//go:build linux

package nsfs_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// TestNoThreadLeft has 64 goroutines enter and leave namespaces, with one to 64
// processors, and the kernel refuse many of them to come back. No thread stays out,
// and no more descriptors and threads are there than before. `make soak` has it do so
// a million times.
func TestNoThreadLeft(t *testing.T) {
	visits := testns.Rounds(20_000)
	if os.Getenv("MININS_SOAK") != "" {
		visits = 1_000_000
	}
	goroutines := max(8, testns.Rounds(64))
	s := newSoak(t)
	threads, fds, procs := len(testns.Threads()), testns.FDs(), runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(procs)
	begin := time.Now()
	for round := range 7 {
		runtime.GOMAXPROCS(1 << round)
		var wg sync.WaitGroup
		for id := range goroutines {
			wg.Go(func() {
				for s.visits.Load() < int64(visits*(round+1)/7) && !t.Failed() {
					s.visit(id, int(s.next.Add(1)))
					if got := inode(t); got != s.home {
						t.Errorf("home in %s, which is %s", got, s.home)
					}
				}
			})
		}
		wg.Wait()
		settled(t, fds)
	}
	// Go keeps threads that are idle: for each goroutine those of a visit and of
	// one within, and for each processor one more.
	if got, most := len(testns.Threads()), threads+3*goroutines+16; got > most {
		t.Errorf("%d threads, at most %d were needed", got, most)
	}
	t.Logf("%d visits in %v, of which %d could not come back and %d could not enter; %d threads, before %d",
		s.visits.Load(), time.Since(begin).Round(time.Millisecond), s.stuck.Load(), s.refused.Load(), len(testns.Threads()), threads)
	if s.stuck.Load() < int64(visits/100) {
		t.Error("too few could not come back")
	}
}

// settled waits until threads that are to end have ended, and compares.
func settled(t *testing.T, fds []string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		strays, now := testns.Strays(), testns.FDs()
		if len(strays) == 0 && slices.Equal(now, fds) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("left in namespaces: %q\ndescriptors %q\nbefore      %q", strays, now, fds)
		}
	}
}

// A soak is what the visitors share.
type soak struct {
	t                            *testing.T
	home                         string
	a, b                         *nsfs.NS
	inA, inB                     string
	closed                       *nsfs.NS
	pool                         *nsfs.Pool
	next, visits, stuck, refused atomic.Int64
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{t: t, home: inode(t), pool: newPool(t)}
	for _, ns := range []**nsfs.NS{&s.a, &s.b, &s.closed} {
		var err error
		if *ns, err = nsfs.New(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*ns).Close() })
	}
	s.inA, s.inB = of(t, s.a), of(t, s.b)
	s.closed.Close()
	create(t, "soak")
	return s
}

var errSoak = errors.New("of the function")

// visit is one of the ways to go into a namespace and to come back, or not to.
func (s *soak) visit(id, n int) {
	errno := []unix.Errno{unix.EPERM, unix.EINVAL, unix.ENOMEM}[n%3]
	switch {
	case n%50 == 1: // cannot come back
		s.stuck.Add(1)
		s.want(s.do(s.a, s.inA, func() error { return errors.Join(errSoak, refuseSetns(errno)) }), errSoak, errno)
	case n%100 == 2: // cannot come back into a namespace that is not home
		s.stuck.Add(1)
		s.want(s.do(s.a, s.inA, func() error {
			err := s.do(s.b, s.inB, func() error { return refuseSetns(errno) })
			s.in(s.inA)
			return err
		}), errno)
	case n%100 == 3: // cannot enter another one, nor come back
		s.stuck.Add(1)
		s.want(s.do(s.a, s.inA, func() error {
			err := errors.Join(refuseSetns(errno), unix.Setns(s.b.Fd(), unix.CLONE_NEWNET))
			s.in(s.inA)
			return err
		}), errno)
	case n%100 == 4: // cannot enter
		s.refused.Add(1)
		s.want(s.closed.Do(func() error { s.t.Error("inside a namespace that is closed"); return nil }), unix.EBADF)
	case n%200 == 5:
		func() {
			defer func() {
				if v := recover(); v != errSoak {
					s.t.Errorf("recovered %v", v)
				}
			}()
			s.t.Error(s.do(s.a, s.inA, func() error { panic(errSoak) }))
		}()
	case n%200 == 6:
		if s.do(s.a, s.inA, func() error { runtime.Goexit(); return nil }) == nil {
			s.t.Error("no error for a function that never returned")
		}
	case n%500 == 7:
		ns, err := nsfs.New()
		if err == nil {
			err = errors.Join(s.do(ns, of(s.t, ns), func() error { return nil }), ns.Close())
		}
		s.want(err)
	case n%500 == 8:
		name := fmt.Sprint("soak", id)
		ns, err := s.pool.Create(name)
		if err == nil {
			err = errors.Join(s.do(ns, of(s.t, ns), func() error { return nil }), ns.Close(), s.pool.Delete(name))
		}
		s.want(err)
	case n%1000 == 9:
		name := fmt.Sprint("soak", id)
		s.want(errors.Join(nsfs.Create(name), nsfs.Delete(name)))
	case n%1000 == 10:
		status, err := nsfs.Spawn("soak", &nsfs.Command{Args: []string{"/bin/true"}})
		if s.want(err); status != 0 {
			s.t.Errorf("status %v", status)
		}
	case n%10 == 0:
		s.want(s.do(s.a, s.inA, func() error {
			err := s.do(s.b, s.inB, func() error { return errSoak })
			s.in(s.inA)
			return err
		}), errSoak)
	default:
		s.want(s.do(s.b, s.inB, func() error { return nil }))
	}
}

// do is ns.Do, counted.
func (s *soak) do(ns *nsfs.NS, in string, f func() error) error {
	s.visits.Add(1)
	return ns.Do(func() error {
		s.in(in)
		return f()
	})
}

func (s *soak) in(want string) {
	if got := inode(s.t); got != want {
		s.t.Errorf("in %s, want %s", got, want)
	}
}

// want wants err to be all of these, or nil.
func (s *soak) want(err error, is ...error) {
	if len(is) == 0 && err != nil {
		s.t.Error(err)
	}
	for _, e := range is {
		if !errors.Is(err, e) {
			s.t.Errorf("got %v, want %v", err, e)
		}
	}
}

// refuseSetns has the kernel refuse this thread to change its namespace, for as long as
// it lives, by a filter (seccomp) that is the thread's own.
func refuseSetns(errno unix.Errno) error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the system call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_SETNS, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)))
	if e != 0 {
		return fmt.Errorf("seccomp: %w", e)
	}
	return nil
}
