//go:build linux

package nsfs

import (
	"iter"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CreateEach makes a network namespace for each name and calls inside in each, on
// the thread that has just made it and is in it: there a socket can be opened without a
// visit. The NS is good until inside returns.
//
// A namespace gets its name when inside is done with it, so that a process that is
// killed leaves none that is half done. A name that is taken is [io/fs.ErrExist], as a
// rule before anything is made. If somebody else takes it while inside is at work, it
// is so afterwards, and what inside did outside of the namespace is the caller's
// to take back. When the next name is asked for, or CreateEach returns nil, the one
// before is there.
//
// All are made on one thread, one after another, which is the fastest way: the
// kernel makes namespaces under one lock. Goroutines that inside starts are
// not in the namespace. Inside may be nil.
//
// The first error ends it, be it of inside or not. The namespace that it is
// about is let go of; those made before stay.
//
// Equivalent to: `unshare --net` and `ip netns attach NAME PID`, for each
func CreateEach(names iter.Seq[string], inside func(*NS) error) error {
	return createEach(names, inside, directory{})
}

// A place is where createEach puts the namespaces that it makes.
type place interface {
	claim(name string) error        // fails if the name is taken
	enter(name string) (*NS, error) // moves the calling thread into a namespace
	keep(name string, ns *NS) error // gives the name to the namespace
	unclaim(name string)            // after keep has failed, or was not called
}

func createEach(names iter.Seq[string], inside func(*NS) error, at place) error {
	return roundTrip(stay, func() error {
		turn := newTurn()
		for name := range names {
			turn.giveWay()
			if err := createAt(at, name, inside); err != nil {
				return err
			}
		}
		return nil
	})
}

// stay is for roundTrip: the thread leaves when it makes a namespace.
func stay() error { return nil }

func createAt(at place, name string, inside func(*NS) error) error {
	if err := at.claim(name); err != nil {
		return err
	}
	kept := false
	defer func() { // also when inside panics
		if !kept {
			at.unclaim(name)
		}
	}()
	ns, err := at.enter(name)
	if err != nil {
		return err
	}
	defer ns.Close()
	if inside != nil {
		if err := inside(ns); err != nil {
			return err
		}
	}
	err = at.keep(name, ns)
	kept = err == nil
	return err
}

// A turn is the time that a goroutine has been at work.
type turn struct{ since time.Time }

func newTurn() turn { return turn{time.Now()} }

// giveWay lets others run once in 7 ms: before the 10 ms are over after which the Go
// scheduler wants its place back. It would take it away in every system call from
// then on, and look every 20 µs whether it can (sysmon, in runtime/proc.go): a
// tenth of all processor time.
func (t *turn) giveWay() {
	if time.Since(t.since) > 7*time.Millisecond {
		runtime.Gosched()
		t.since = time.Now()
	}
}

// enterNew moves the calling thread into a new namespace and opens that.
//
// It does not tell the Go scheduler that unshare is a system call, so that it does not
// look for a way to use the 500 µs otherwise: see turn. The price is that a garbage
// collection may have to wait for as long.
func enterNew(name string) (fd int, err error) {
	what := " a new network namespace"
	if name != "" {
		what += " " + strconv.Quote(name)
	}
	errno := unix.EINTR
	for errno == unix.EINTR {
		_, _, errno = unix.RawSyscall(unix.SYS_UNSHARE, unix.CLONE_NEWNET, 0, 0)
	}
	if errno != 0 {
		return -1, &Error{Op: OpCreate, Name: name, Call: "unshare(CLONE_NEWNET)", What: "Failed to create" + what, Err: errno}
	}
	err = uninterrupted(func() (err error) {
		fd, err = unix.Open(self, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return -1, &Error{
			Op: OpOpen, Name: name, Call: "openat(AT_FDCWD, " + strconv.Quote(self) + ", O_RDONLY|O_CLOEXEC)",
			What: "Cannot open" + what, Err: err,
		}
	}
	return fd, nil
}

// A directory is [Dir] as a place.
type directory struct{}

func (directory) claim(name string) error {
	if err := ValidName(name); err != nil {
		return err
	}
	var st unix.Stat_t
	if unix.Lstat(Path(name), &st) == nil {
		return &Error{Op: OpCreate, Name: name, What: `Cannot create namespace file "` + Path(name) + `"`, Err: unix.EEXIST}
	}
	return nil // if not for want of such a file, keep will say so
}

func (directory) enter(name string) (*NS, error) {
	fd, err := enterNew(name)
	if err != nil {
		return nil, err
	}
	return newNS(name, fd), nil
}

func (directory) keep(name string, ns *NS) error {
	return ns.Attach(name)
}

func (directory) unclaim(string) {}
