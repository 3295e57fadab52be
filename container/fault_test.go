//go:build linux

package container_test

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/container"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// A census counts all that a container consists of.
type census struct {
	links, namespaces, mounts, fds int
	strays                         bool
}

func (s *stage) count(t *testing.T) census {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	try(t, err)
	return census{len(links(t, s.conn)), len(s.names(t)), strings.Count(string(b), "\n"), len(testns.FDs()), strays()}
}

// strays reports whether a thread stays in a foreign namespace. One that ends
// may take its time.
func strays() bool {
	for range 1000 {
		if len(testns.Strays()) == 0 {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

// TestFaults has the second of three containers fail at each step, and finds
// everything as it was.
func TestFaults(t *testing.T) {
	link := func(name string) func(*testing.T, *stage) {
		return func(t *testing.T, s *stage) {
			try(t, s.conn.AddLink(t.Context(), &rtnl.Link{Name: name, Info: rtnl.LinkInfo{Kind: "bridge"}}))
		}
	}
	for _, test := range []struct {
		name    string
		prepare func(*testing.T, *stage)
		spoil   func(*container.Spec)
		step    container.Step
		is      error
		text    string // in the error
	}{
		{"name", nil, func(s *container.Spec) { s.Name = "a/b" }, container.StepSpec, nsfs.ErrName, "Invalid netns name"},
		{"no host end", nil, func(s *container.Spec) { s.HostEnd = "" }, container.StepSpec, unix.EINVAL, `host end ""`},
		{"address", nil, func(s *container.Spec) { s.Addrs = []netip.Prefix{{}} }, container.StepSpec, unix.EINVAL, "address invalid Prefix"},
		{"gateway", nil, func(s *container.Spec) { s.Gateways = []netip.Addr{{}} }, container.StepSpec, unix.EINVAL, "gateway invalid IP"},
		{"two gateways", nil, func(s *container.Spec) { s.Gateways = append(s.Gateways, s.Gateways[0]) }, container.StepSpec, unix.EINVAL, "gateway 10.1.0.1"},
		{"no bridge", nil, func(s *container.Spec) { s.Bridge = "br9" }, container.StepLink, unix.ENODEV, "get link br9"},
		{"namespace taken", func(t *testing.T, s *stage) { s.make(t, "n1") }, nil, container.StepNamespace, fs.ErrExist, `n1": file exists`},
		{"host end taken", link("c1"), nil, container.StepLink, fs.ErrExist, "add link c1: a link named c1 or eth0 exists already"},
		{"twice the same", nil, func(s *container.Spec) { s.Name = "n0" }, container.StepNamespace, fs.ErrExist, `n0": file exists`},
		{"lo as a bridge", nil, func(s *container.Spec) { s.Bridge = "lo" }, container.StepLink, unix.EINVAL, "lo is no bridge"},
		{"MTU", nil, func(s *container.Spec) { s.MTU = 67 }, container.StepSpec, unix.EINVAL, "MTU 67"},
		{"MAC", nil, func(s *container.Spec) { s.MAC = nl.HardwareAddrFrom([]byte{1, 0, 0, 0, 0, 0}) }, container.StepLink, unix.EADDRNOTAVAIL, "add link c1"},
		{"address twice", nil, func(s *container.Spec) { s.Addrs = append(s.Addrs, s.Addrs[0]) }, container.StepInside, fs.ErrExist, "10.1.0.3/16"},
		{"unreachable gateway", nil, func(s *container.Spec) { s.Gateways[0] = netip.MustParseAddr("10.9.9.9") }, container.StepInside, unix.ENETUNREACH, "10.9.9.9"},
		{"IPv6 gateway without an address", nil, func(s *container.Spec) { s.Gateways = append(s.Gateways, netip.MustParseAddr("fd09::1")) }, container.StepInside, unix.EHOSTUNREACH, "fd09::1"},
	} {
		for _, pooled := range []bool{true, false} {
			t.Run(test.name, func(t *testing.T) {
				s := newStage(t, pooled)
				if test.prepare != nil {
					test.prepare(t, s)
				}
				all := specs(3)
				if test.spoil != nil {
					test.spoil(&all[1])
				}
				before := s.count(t)
				err := s.host.Up(t.Context(), all...)
				var e *container.Error
				if !errors.As(err, &e) || e.Step != test.step || e.Container != all[1].Name || !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.text) {
					t.Errorf("got %v\nwant %s, %s, %v, %s", err, all[1].Name, test.step, test.is, test.text)
				}
				if after := s.count(t); after != before {
					t.Errorf("before %+v\nafter  %+v", before, after)
				}
				for _, name := range s.names(t) {
					try(t, s.remove(name))
				}
			})
		}
	}
}

// TestLate has somebody take the name of the second of three containers when all is
// done but giving it, and finds everything as it was but for what they made.
func TestLate(t *testing.T) {
	s := newStage(t, false)
	peek, err := rtnl.Dial(nl.Config{NetNS: s.ns.FD()})
	try(t, err)
	defer peek.Close()
	try(t, nsfs.Create("theirs"))
	theirs, err := nsfs.Open("theirs")
	try(t, err)
	defer theirs.Close()
	defer func() { try(t, errors.Join(nsfs.Delete("theirs"), nsfs.Delete("n1"))) }()
	before := s.count(t)

	taken := make(chan error, 1)
	s.host.Each = func(int) { // the first is up; nobody gives a name while this holds the lock
		dir, err := os.Open(nsfs.Dir)
		if err == nil {
			err = unix.Flock(int(dir.Fd()), unix.LOCK_EX)
		}
		try(t, err)
		go func() {
			defer dir.Close()
			for err := error(unix.ENODEV); errors.Is(err, unix.ENODEV); {
				_, err = peek.LinkIndex(t.Context(), "c1")
			}
			err := os.WriteFile(nsfs.Path("n1"), nil, 0)
			taken <- errors.Join(err, unix.Mount(nsfs.Path("theirs"), nsfs.Path("n1"), "", unix.MS_BIND, ""))
		}()
	}
	err = s.host.Up(t.Context(), specs(3)...)
	try(t, <-taken)
	var e *container.Error
	if !errors.As(err, &e) || e.Step != container.StepNamespace || e.Container != "n1" || !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	n1, err := nsfs.Open("n1")
	try(t, err)
	if want, got := stat(t, theirs), stat(t, n1); got != want {
		t.Errorf("n1 is %d, and was %d", got, want)
	}
	try(t, n1.Close())
	before.namespaces++
	before.mounts++
	if after := s.count(t); after != before {
		t.Errorf("before %+v\nafter  %+v", before, after)
	}
}

// stat is the inode of a namespace.
func stat(t *testing.T, ns *nsfs.NS) uint64 {
	t.Helper()
	var st unix.Stat_t
	try(t, unix.Fstat(ns.Fd(), &st))
	return st.Ino
}

// make makes a namespace that is nobody's container.
func (s *stage) make(t *testing.T, name string) {
	t.Helper()
	if s.pool == nil {
		try(t, nsfs.Create(name))
		return
	}
	ns, err := s.pool.Create(name)
	try(t, err)
	try(t, ns.Close())
}

func (s *stage) remove(name string) error {
	if s.pool == nil {
		return nsfs.Delete(name)
	}
	return s.pool.Delete(name)
}

// TestTwice sets the same container up again, and finds it unchanged.
func TestTwice(t *testing.T) {
	for _, pooled := range []bool{true, false} {
		s := newStage(t, pooled)
		all := dual(2)
		try(t, s.host.Up(t.Context(), all...))
		before, host := s.count(t), links(t, s.conn)
		for _, second := range []*container.Host{s.host, container.NewHost(s.conn, s.pool)} {
			if err := second.Up(t.Context(), all[1]); !errors.Is(err, fs.ErrExist) || !strings.HasPrefix(err.Error(), "container n1: make the namespace: ") {
				t.Errorf("%v", err)
			}
		}
		if after := s.count(t); after != before {
			t.Errorf("before %+v\nafter  %+v", before, after)
		}
		for name, l := range links(t, s.conn) {
			if l.Index != host[name].Index {
				t.Errorf("%s was %d, is %d", name, host[name].Index, l.Index)
			}
		}
		s.readBack(t, &all[1], host)
		// Another Host finds what this one made.
		try(t, container.NewHost(s.conn, s.pool).Down(t.Context(), all...))
		if left := links(t, s.conn); len(left) != 2 || len(s.names(t)) != 0 {
			t.Errorf("left: %d links, %q", len(left), s.names(t))
		}
		try(t, s.host.Down(t.Context(), all...)) // of what is not there any more
	}
}

// TestCancel ends a context between two containers.
func TestCancel(t *testing.T) {
	s := newStage(t, true)
	before := s.count(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.host.Each = func(i int) {
		if i == 2 {
			cancel()
		}
	}
	err := s.host.Up(ctx, specs(5)...)
	var e *container.Error
	if !errors.Is(err, context.Canceled) || !errors.As(err, &e) || e.Container != "n3" {
		t.Errorf("%v", err)
	}
	if after := s.count(t); after != before {
		t.Errorf("before %+v\nafter  %+v", before, after)
	}
	if err := s.host.Down(ctx, specs(5)...); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := s.host.Up(ctx); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
}

// TestLimit has no namespaces left for the third container.
func TestLimit(t *testing.T) {
	const file = "/proc/sys/user/max_net_namespaces"
	old, err := os.ReadFile(file)
	try(t, err)
	s := newStage(t, true)
	before := s.count(t)
	s.host.Each = func(i int) {
		if i == 1 {
			try(t, os.WriteFile(file, []byte("1"), 0))
		}
	}
	err = s.host.Up(t.Context(), specs(4)...)
	try(t, os.WriteFile(file, old, 0))
	var e *container.Error
	if !errors.Is(err, unix.ENOSPC) || !errors.As(err, &e) || e.Container != "n2" || e.Step != container.StepNamespace {
		t.Errorf("%v", err)
	}
	if after := s.count(t); after != before {
		t.Errorf("before %+v\nafter  %+v", before, after)
	}
}

// TestManyAtOnce has goroutines set up and take down with one Host, and with
// Hosts of their own on one pool.
func TestManyAtOnce(t *testing.T) {
	s := newStage(t, true)
	all := specs(24)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			host := s.host
			if i%2 == 1 {
				conn, err := rtnl.Dial(nl.Config{NetNS: s.ns.FD()})
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				host = container.NewHost(conn, s.pool)
			}
			for range 3 {
				mine := all[3*i : 3*i+3]
				if err := host.Up(t.Context(), mine...); err != nil {
					t.Error(err)
				}
				if err := host.Down(t.Context(), mine...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if left := links(t, s.conn); len(left) != 2 || len(s.names(t)) != 0 || strays() {
		t.Errorf("left: %d links, %q", len(left), s.names(t))
	}
}

func TestDown(t *testing.T) {
	s := newStage(t, true)
	all := specs(6)
	try(t, s.host.Up(t.Context(), all...))
	s.make(t, "other")
	// A part of them, of which one has lost its cable, and one its namespace.
	try(t, s.conn.DelLink(t.Context(), rtnl.LinkNamed("c0")))
	try(t, s.pool.Delete("n1"))
	try(t, s.host.Down(t.Context(), all[:3]...))
	if got := s.names(t); strings.Join(got, " ") != "n3 n4 n5 other" || len(links(t, s.conn)) != 5 {
		t.Errorf("left: %q, %d links", got, len(links(t, s.conn)))
	}
	// A link that only has the name of a cable.
	try(t, s.conn.AddLink(t.Context(), &rtnl.Link{Name: "c0", Info: rtnl.LinkInfo{Kind: "bridge"}}))
	s.make(t, "n0")
	err := s.host.Down(t.Context(), all...)
	var e *container.Error
	if !errors.Is(err, container.ErrNotOurs) || !errors.As(err, &e) || e.Container != "n0" || e.Step != container.StepUnlink {
		t.Errorf("%v", err)
	}
	if got := s.names(t); strings.Join(got, " ") != "n0 other" || len(links(t, s.conn)) != 3 {
		t.Errorf("left: %q, %d links", got, len(links(t, s.conn)))
	}
}

func TestHundred(t *testing.T) {
	for _, pooled := range []bool{true, false} {
		s := newStage(t, pooled)
		before := s.count(t)
		n := max(10, testns.Rounds(100))
		all := dual(n)
		count := 0
		s.host.Each = func(i int) {
			if i != count {
				t.Errorf("container %d, want %d", i, count)
			}
			count++
		}
		for range 2 {
			count = 0
			try(t, s.host.Up(t.Context(), all...))
			now := s.count(t)
			if want := (census{before.links + n, n, before.mounts, before.fds + n, false}); now != want && pooled || count != n {
				t.Errorf("%d up: %+v, want %+v", count, now, want)
			}
			host := links(t, s.conn)
			for i := 0; i < n; i += n / 3 {
				s.readBack(t, &all[i], host)
			}
			start := time.Now()
			try(t, s.host.Down(t.Context(), all...))
			if took := time.Since(start); pooled && took > 5*time.Second {
				t.Errorf("down took %v", took)
			}
			if after := s.count(t); after.links != before.links || after.namespaces != 0 || after.strays || after.fds != before.fds {
				t.Errorf("before %+v\nafter  %+v", before, after)
			}
		}
	}
}

// TestAllocs records what Up needs beside the kernel's work. It does not grow
// with anything but the number of containers.
func TestAllocs(t *testing.T) {
	s := newStage(t, true)
	up := func(n int) float64 {
		all := specs(n)
		return testing.AllocsPerRun(3, func() {
			try(t, s.host.Up(t.Context(), all...))
			try(t, s.host.Down(t.Context(), all...))
		})
	}
	n := max(3, testns.Rounds(10))
	up(2 * n) // tables grow
	if per := (up(2*n) - up(n)) / float64(n); per > 30 {
		t.Errorf("%.1f allocations per container", per)
	} else {
		t.Logf("%.1f allocations per container", per)
	}
}
