//go:build linux

package nsfs

import (
	"errors"
	"io/fs"
	"iter"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// A Pool holds many network namespaces for this process, each by a descriptor
// that is close-on-exec. The zero Pool is empty and ready; it must not be copied,
// and may be used from many goroutines at once.
//
// Names are known in the process alone. No file is made and nothing is mounted, so
// that nothing can be left: what a process held that ends, however it ends, the
// kernel lets go of.
//
// # For other programs
//
// [Pool.Path] is a path that leads to a namespace as long as the process lives and
// keeps it, for all that take a path: `nsenter --net=PATH`, `ip link set DEV netns
// PATH`, [Open] in another process. `ip netns exec` and `ip -n` want a name; see
// [Attach], which gives it one.
//
// # What it costs
//
// To release a namespace takes 1 to 3 µs, to unmount one 150 to 300 µs. One that
// [Pool.Fill] has made in advance is had within some microseconds, one that has yet
// to be made takes 500.
//
// Each takes a descriptor. When they run short, the pool raises RLIMIT_NOFILE of the
// process to its hard limit, and that, where it may (CAP_SYS_RESOURCE), up to
// /proc/sys/fs/nr_open; programs that are started later inherit it. To start a
// program the kernel copies the table of descriptors: 0.1 ms for 1,000 of them.
type Pool struct {
	mu     sync.Mutex
	fds    map[string]int // by name; claimed: somebody is making it
	warm   []int          // made in advance, with no names
	limit  uint64         // RLIMIT_NOFILE, as far as known
	closed bool
}

// claimed is in the place of a descriptor that will be there soon.
const claimed = -1

// Create makes a network namespace in the pool, which the pool keeps, or takes one
// that [Pool.Fill] has made, and opens it for the caller to use and to close. A name
// that is there is [io/fs.ErrExist]. One in the pool has but a lo that is down.
//
// Equivalent to: `unshare --net`
func (p *Pool) Create(name string) (*NS, error) {
	if err := p.claim(name); err != nil {
		return nil, err
	}
	ns := p.take(name)
	var err error
	if ns == nil {
		err = roundTrip(stay, func() (err error) {
			ns, err = p.enterNew(name)
			return err
		})
	}
	if err == nil {
		err = p.keep(name, ns)
	}
	if err != nil {
		if ns != nil {
			ns.Close()
		}
		p.unclaim(name)
		return nil, err
	}
	return ns, nil
}

// CreateEach makes a network namespace in the pool for each name, or takes one that
// [Pool.Fill] has made, and calls inside in each, as the function [CreateEach] does. A
// name that is there is [io/fs.ErrExist] before inside is called, and never after it.
//
// Equivalent to: `unshare --net`, for each
func (p *Pool) CreateEach(names iter.Seq[string], inside func(*NS) error) error {
	return createEach(names, inside, p)
}

// Fill makes namespaces in advance, until n are there to be taken by Create and
// CreateEach. Others may use the pool at the same time.
func (p *Pool) Fill(n int) error {
	return roundTrip(stay, func() error {
		for turn := newTurn(); ; turn.giveWay() {
			if enough, err := p.has(n); enough || err != nil {
				return err
			}
			fd, err := p.descriptor("", enterNew)
			if err != nil {
				return err
			}
			p.mu.Lock()
			if p.closed {
				_ = unix.Close(fd)
			} else {
				p.warm = append(p.warm, fd)
			}
			p.mu.Unlock()
		}
	})
}

// has reports whether n namespaces are there that have no names.
func (p *Pool) has(n int) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.warm) >= n, p.open()
}

// Open opens a namespace of the pool by its name.
func (p *Pool) Open(name string) (*NS, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fd, err := p.find(OpOpen, name)
	if err != nil {
		return nil, err
	}
	return dup(name, fd)
}

// Path returns a path of a namespace of the pool, /proc/PID/fd/N. It is good until
// the namespace is deleted; after that, N may be of any other file.
func (p *Pool) Path(name string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fd, err := p.find(OpOpen, name)
	if err != nil {
		return "", err
	}
	return "/proc/" + strconv.Itoa(os.Getpid()) + "/fd/" + strconv.Itoa(fd), nil
}

// List returns the names in the pool, sorted.
func (p *Pool) List() ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.open(); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(p.fds))
	for name, fd := range p.fds {
		if fd != claimed {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Delete takes namespaces out of the pool. They go with their last holder, as with
// the function [Delete]: sockets and NS that are open still keep theirs. One that is not
// there is [io/fs.ErrNotExist]; Delete goes on behind an error, and joins them.
func (p *Pool) Delete(names ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, name := range names {
		fd, err := p.find(OpDelete, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		delete(p.fds, name)
		_ = unix.Close(fd) // of a namespace: there is nothing to be written back
	}
	return errors.Join(errs...)
}

// DeleteAll takes all namespaces out of the pool but those that [Pool.Fill] made.
func (p *Pool) DeleteAll() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.open(); err != nil {
		return err
	}
	p.empty()
	return nil
}

func (p *Pool) empty() {
	maps.DeleteFunc(p.fds, func(_ string, fd int) bool {
		if fd != claimed {
			_ = unix.Close(fd)
		}
		return fd != claimed
	})
}

// Close takes all namespaces out of the pool, also those that [Pool.Fill] made. The
// pool cannot be used any more; to close it once more does nothing.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.empty()
	for _, fd := range p.warm {
		_ = unix.Close(fd)
	}
	p.warm = nil
	return nil
}

// open is the error of using a pool after Close.
func (p *Pool) open() error {
	if p.closed {
		return &Error{Op: OpOpen, What: "the pool is closed", Err: fs.ErrClosed}
	}
	return nil
}

// find is the descriptor of a namespace.
func (p *Pool) find(op Op, name string) (int, error) {
	if err := p.open(); err != nil {
		return claimed, err
	}
	fd, ok := p.fds[name]
	if !ok || fd == claimed {
		return claimed, &Error{Op: op, Name: name, What: "the pool has no network namespace " + strconv.Quote(name), Err: unix.ENOENT}
	}
	return fd, nil
}

// What createEach asks of a place.

func (p *Pool) claim(name string) error {
	if err := ValidName(name); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.open(); err != nil {
		return err
	}
	if _, ok := p.fds[name]; ok {
		return &Error{Op: OpCreate, Name: name, What: "Cannot create network namespace " + strconv.Quote(name), Err: unix.EEXIST}
	}
	if p.fds == nil {
		p.fds = map[string]int{}
	}
	p.fds[name] = claimed
	return nil
}

func (p *Pool) unclaim(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.fds, name)
}

func (p *Pool) enter(name string) (*NS, error) {
	ns := p.take(name)
	if ns == nil {
		return p.enterNew(name)
	}
	if err := ns.enter(); err != nil {
		ns.Close()
		return nil, err
	}
	return ns, nil
}

// take takes a namespace that was made in advance, or nil if there is none.
func (p *Pool) take(name string) *NS {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.warm) - 1
	if last < 0 {
		return nil
	}
	ns := newNS(name, p.warm[last])
	p.warm = p.warm[:last]
	return ns
}

func (p *Pool) enterNew(name string) (*NS, error) {
	fd, err := p.descriptor(name, enterNew)
	if err != nil {
		return nil, err
	}
	return newNS(name, fd), nil
}

func (p *Pool) keep(name string, ns *NS) error {
	fd, err := p.descriptor(name, func(string) (int, error) { return dupFD(name, ns.Fd()) })
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.open(); err != nil {
		_ = unix.Close(fd)
		return err
	}
	p.fds[name] = fd
	return nil
}
