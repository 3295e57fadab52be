//go:build linux

package nsfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
	"golang.org/x/sys/unix"
)

// newPool makes a pool that ends with the test, and with it all that it holds.
func newPool(t testing.TB) *nsfs.Pool {
	t.Helper()
	p := new(nsfs.Pool)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// of is the number of the namespace that an NS holds, as [inode] has it.
func of(t testing.TB, ns *nsfs.NS) string {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(ns.Fd(), &st); err != nil {
		t.Error(err)
	}
	return fmt.Sprintf("net:[%d]", st.Ino)
}

// has wants the pool to hold just these.
func has(t *testing.T, p *nsfs.Pool, names ...string) {
	t.Helper()
	names = slices.Sorted(slices.Values(names))
	if got, err := p.List(); err != nil || !slices.Equal(got, names) {
		t.Errorf("in the pool: %q, %v\nwant: %q", got, err, names)
	}
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("n", i)
	}
	return names
}

func TestPool(t *testing.T) {
	home, fds, mounted := inode(t), len(testns.FDs()), mounts(t)
	p := newPool(t)
	names := numbered(50)
	in := map[string]string{}
	err := p.CreateEach(slices.Values(names), func(ns *nsfs.NS) error {
		if got := inode(t); got != of(t, ns) || got == home {
			t.Errorf("inside %s, the NS is %s", got, of(t, ns))
		}
		in[names[len(in)]] = inode(t)
		return nsfs.RaiseLo()
	})
	if err != nil {
		t.Fatal(err)
	}
	has(t, p, names...)
	for _, name := range names {
		ns, err := p.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := ns.Do(func() error {
			if got := inode(t); got != in[name] {
				t.Errorf("%s is %s, was %s", name, got, in[name])
			}
			if flags := loFlags(t); flags&unix.IFF_UP == 0 {
				t.Errorf("%s: lo has flags %#x", name, flags)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		ns.Close()
	}
	if n := len(testns.FDs()); n != fds+50 {
		t.Errorf("%d descriptors, %d before", n, fds)
	}
	if now := mounts(t); now != mounted {
		t.Errorf("mounts:\n%s", testns.Diff(mounted, now))
	}
	if strays := testns.Strays(); len(strays) != 0 {
		t.Errorf("left in namespaces: %q", strays)
	}

	if err := p.Delete("n7"); err != nil {
		t.Error(err)
	}
	wantError(t, p.Delete("n7"), nsfs.OpDelete, fs.ErrNotExist, `the pool has no network namespace "n7": No such file or directory`)
	err = p.Delete("n0", "n7", "n1", "n1") // and on behind the one that is not there
	if !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), "\n") != 1 {
		t.Error(err)
	}
	has(t, p, slices.Concat(names[2:7], names[8:])...)
	if err := p.DeleteAll(); err != nil {
		t.Error(err)
	}
	has(t, p)
	if n := len(testns.FDs()); n != fds {
		t.Errorf("%d descriptors, %d before", n, fds)
	}
	ns, err := p.Create("n7") // again
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	// The open NS still holds what the pool does not.
	if err := ns.Do(func() error { return nil }); err != nil {
		t.Error(err)
	}
}

// TestPoolPath has other programs take the path of a namespace.
func TestPoolPath(t *testing.T) {
	p := newPool(t)
	ns, err := p.Create("red")
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	path, err := p.Path("red")
	if err != nil {
		t.Fatal(err)
	}
	if got := of(t, open(t, path)); got != of(t, ns) {
		t.Errorf("Open: %s, want %s", got, of(t, ns))
	}
	if got := testns.Run(t, "nsenter", "--net="+path, "readlink", "/proc/self/ns/net").Must(t); got != of(t, ns)+"\n" {
		t.Errorf("nsenter: %q, want %s", got, of(t, ns))
	}
	testns.Run(t, "ip", "link", "add", "br7", "netns", path, "type", "bridge").Must(t)
	testns.Run(t, "nsenter", "--net="+path, "ip", "link", "del", "br7").Must(t)
	if err := nsfs.Attach("red", path); err != nil {
		t.Fatal(err)
	}
	defer nsfs.Delete("red")
	if got := of(t, open(t, "red")); got != of(t, ns) {
		t.Errorf("attached: %s, want %s", got, of(t, ns))
	}
}

// TestPoolFill takes what was made in advance, and what was not.
func TestPoolFill(t *testing.T) {
	home, fds := inode(t), len(testns.FDs())
	p := newPool(t)
	for range 2 { // the second has nothing to do
		if err := p.Fill(3); err != nil {
			t.Fatal(err)
		}
	}
	has(t, p)
	if n := len(testns.FDs()); n != fds+3 {
		t.Errorf("%d descriptors, %d before", n, fds)
	}
	seen := map[string]bool{home: true}
	see := func(ns *nsfs.NS) {
		if in := of(t, ns); seen[in] {
			t.Errorf("%s twice", in)
		} else {
			seen[in] = true
		}
	}
	limit(t, func() { // no more can be made
		ns, err := p.Create("n0")
		if err != nil {
			t.Fatal(err)
		}
		defer ns.Close()
		see(ns)
		if _, err := p.Create("n0"); !errors.Is(err, fs.ErrExist) {
			t.Error(err)
		}
		if err := p.CreateEach(slices.Values([]string{"n1", "n2"}), func(ns *nsfs.NS) error {
			if got := inode(t); got != of(t, ns) {
				t.Errorf("inside %s, the NS is %s", got, of(t, ns))
			}
			see(ns)
			return nsfs.RaiseLo()
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Create("n3"); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("with none left: %v", err)
		}
		if err := p.Fill(1); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("Fill: %v", err)
		}
	})
	has(t, p, "n0", "n1", "n2")
	ns, err := p.Create("n3")
	if err != nil {
		t.Fatal(err)
	}
	see(ns)
	ns.Close()
	if err := p.Fill(5); err != nil {
		t.Fatal(err)
	}
	if err := p.DeleteAll(); err != nil {
		t.Fatal(err)
	}
	if n := len(testns.FDs()); n != fds+5 {
		t.Errorf("%d descriptors, %d before", n, fds)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(testns.FDs()); n != fds {
		t.Errorf("%d descriptors, %d before", n, fds)
	}
	if err := p.Fill(1); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("of a closed pool: %v", err)
	}
}

// TestPoolRace has many use one pool at once.
func TestPoolRace(t *testing.T) {
	p := newPool(t)
	won := make([]int, 8)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for _, name := range numbered(8) {
				ns, err := p.Create(name)
				if err == nil {
					ns.Close()
					mu.Lock()
					won[i]++
					mu.Unlock()
				} else if !errors.Is(err, fs.ErrExist) {
					t.Error(err)
				}
				if err := p.Fill(i % 3); err != nil {
					t.Error(err)
				}
				if _, err := p.List(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range won {
		sum += n
	}
	if sum != 8 {
		t.Errorf("8 names have %v winners", won)
	}
	has(t, p, numbered(8)...)
}

func loFlags(t *testing.T) uint16 {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, lo)
	}
	if err != nil {
		t.Error(err)
		return 0
	}
	return lo.Uint16()
}

func TestPoolErrors(t *testing.T) {
	p := newPool(t)
	for _, name := range []string{"", ".", "a/b"} {
		_, err := p.Create(name)
		wantError(t, err, nsfs.OpName, nsfs.ErrName, `Invalid netns name "`+name+`"`)
		const none = "the pool has no network namespace "
		wantError(t, p.Delete(name), nsfs.OpDelete, fs.ErrNotExist, none+strconv.Quote(name)+": No such file or directory")
		_, err = p.Open(name)
		wantError(t, err, nsfs.OpOpen, fs.ErrNotExist, none+strconv.Quote(name)+": No such file or directory")
		_, err = p.Path(name)
		wantError(t, err, nsfs.OpOpen, fs.ErrNotExist, none+strconv.Quote(name)+": No such file or directory")
	}

	// Taken names, and errors of the function inside, leave the others as they are.
	fds := len(testns.FDs())
	wrong := errors.New("wrong")
	count := 0
	err := p.CreateEach(slices.Values(numbered(9)), func(*nsfs.NS) error {
		if count++; count == 4 {
			has(t, p, "n0", "n1", "n2") // it has no name yet, and nobody else gets it
			if _, err := p.Create("n3"); !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
			return wrong
		}
		return nil
	})
	if err != wrong {
		t.Error(err)
	}
	func() {
		defer func() {
			if v := recover(); v != wrong {
				t.Errorf("recovered %v", v)
			}
		}()
		t.Error(p.CreateEach(slices.Values(numbered(9)[5:]), func(*nsfs.NS) error { panic(wrong) }))
	}()
	before := inodeOf(t, p, "n1")
	_, err = p.Create("n1")
	wantError(t, err, nsfs.OpCreate, fs.ErrExist, `Cannot create network namespace "n1": File exists`)
	if after := inodeOf(t, p, "n1"); after != before {
		t.Errorf("n1 was %s, is %s", before, after)
	}
	limit(t, func() {
		_, err := p.Create("one-too-many")
		wantError(t, err, nsfs.OpCreate, unix.ENOSPC, `Failed to create a new network namespace "one-too-many": No space left on device`)
	})
	has(t, p, "n0", "n1", "n2")
	if n := len(testns.FDs()); n != fds+3 {
		t.Errorf("%d descriptors, %d before", n, fds)
	}

	// A pool that is closed while it makes a namespace does not keep it.
	err = p.CreateEach(slices.Values([]string{"late"}), func(*nsfs.NS) error { return p.Close() })
	_, create := p.Create("late")
	_, open := p.Open("n1")
	for _, err := range []error{err, create, open, p.DeleteAll(), p.Delete("n1"), p.CreateEach(slices.Values(numbered(1)), nil)} {
		if !errors.Is(err, fs.ErrClosed) || err.Error() != "the pool is closed: file already closed" {
			t.Errorf("of a closed pool: %v", err)
		}
	}
	if n := len(testns.FDs()); n != fds {
		t.Errorf("%d descriptors, %d before", n, fds)
	}
}

func inodeOf(t *testing.T, p *nsfs.Pool, name string) string {
	t.Helper()
	ns, err := p.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	return of(t, ns)
}

// TestPoolNoFile has a pool outgrow the limit of descriptors: first the soft one, then
// the hard one, which the tests have no right to raise.
func TestPoolNoFile(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "NSFS_HELPER=nofile")
	out, err := cmd.CombinedOutput()
	const want = "raised to 200: <nil>\n" +
		"Cannot open a new network namespace: too many open files (each namespace of a pool takes a descriptor, and RLIMIT_NOFILE is 200: raise it by ulimit -n)\n"
	if err != nil || string(out) != want {
		t.Errorf("got %s(%v), want %s", out, err, want)
	}
}

// outgrow is what a process of its own does for TestPoolNoFile.
func outgrow() {
	limit := func(cur, max uint64) {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: cur, Max: max}); err != nil {
			fmt.Println(err)
		}
	}
	var p nsfs.Pool
	limit(100, 200)
	err := p.CreateEach(slices.Values(numbered(120)), func(*nsfs.NS) error { return nsfs.RaiseLo() })
	var now unix.Rlimit
	if e := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err == nil {
		err = e
	}
	fmt.Printf("raised to %d: %v\n", now.Cur, err)
	for err = nil; err == nil; {
		err = p.Fill(1000)
	}
	fmt.Println(err)
}

// limit calls f while no more network namespaces may be made.
func limit(t *testing.T, f func()) {
	t.Helper()
	const file = "/proc/sys/user/max_net_namespaces"
	old, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte("1"), 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(file, old, 0)
	f()
}

func TestCreateEachNamed(t *testing.T) {
	names := numbered(5)
	err := nsfs.CreateEach(slices.Values(names), func(*nsfs.NS) error { return nsfs.RaiseLo() })
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		open(t, name)
		if err := nsfs.Delete(name); err != nil {
			t.Error(err)
		}
	}
}

// TestPoolKilled kills a process that has a pool, and finds its namespaces gone, with
// a link of ours that had an end in one.
func TestPoolKilled(t *testing.T) {
	mounted := mounts(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "NSFS_HELPER=pool")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var path string
	if _, err := fmt.Fscanln(out, &path); err != nil { // it has its pool
		t.Fatal(err)
	}
	testns.Run(t, "ip", "link", "add", "v7", "type", "veth", "peer", "name", "v8", "netns", path).Must(t)
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it is killed
	for end := time.Now().Add(10 * time.Second); testns.Run(t, "ip", "link", "show", "dev", "v7").Code == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the namespace is there still")
		}
	}
	if now := mounts(t); now != mounted {
		t.Errorf("mounts:\n%s", testns.Diff(mounted, now))
	}
}

// TestNoMounts has many namespaces, half of them in a pool, and finds no mount more
// than before. `make soak` has 10,000.
func TestNoMounts(t *testing.T) {
	n := testns.Rounds(500) / 4 * 4
	if os.Getenv("MININS_SOAK") != "" {
		n = 10_000
	}
	mounted := mounts(t)
	p := newPool(t)
	if err := p.Fill(n / 4); err != nil {
		t.Fatal(err)
	}
	if err := p.CreateEach(slices.Values(numbered(n/2)), nil); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range numbered(n / 2) {
		seen[inodeOf(t, p, name)] = true
	}
	for range n / 2 {
		ns, err := nsfs.New()
		if err != nil {
			t.Fatal(err)
		}
		defer ns.Close()
		seen[of(t, ns)] = true
	}
	if len(seen) != n {
		t.Errorf("%d namespaces, want %d", len(seen), n)
	}
	if now := mounts(t); now != mounted {
		t.Errorf("mounts:\n%s", testns.Diff(mounted, now))
	}
}

// BenchmarkPool makes and releases namespaces: Each by one call, One by one
// call for each. Release is of the whole pool, Delete of each by itself.
func BenchmarkPool(b *testing.B) {
	const n = 100
	names := numbered(n)
	each := func(p *nsfs.Pool) error { return p.CreateEach(slices.Values(names), nil) }
	one := func(p *nsfs.Pool) error {
		for _, name := range names {
			ns, err := p.Create(name)
			if err != nil {
				return err
			}
			ns.Close()
		}
		return nil
	}
	del := func(p *nsfs.Pool) error {
		for _, name := range names {
			if err := p.Delete(name); err != nil {
				return err
			}
		}
		return nil
	}
	for _, bench := range []struct {
		name    string
		create  func(*nsfs.Pool) error
		release func(*nsfs.Pool) error
		timed   bool // create; if not, release
	}{
		{"Each", each, (*nsfs.Pool).DeleteAll, true},
		{"One", one, (*nsfs.Pool).DeleteAll, true},
		{"Release", each, (*nsfs.Pool).DeleteAll, false},
		{"Delete", each, del, false},
	} {
		b.Run(bench.name, func(b *testing.B) {
			p := newPool(b)
			b.StopTimer()
			for range b.N {
				timed(b, bench.timed, func() error { return bench.create(p) })
				timed(b, !bench.timed, func() error { return bench.release(p) })
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n)/1e3, "µs/namespace")
		})
	}
}

func timed(b *testing.B, yes bool, f func() error) {
	if yes {
		b.StartTimer()
		defer b.StopTimer()
	}
	if err := f(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPoolTake takes a namespace that was made in advance.
func BenchmarkPoolTake(b *testing.B) {
	const n = 1000
	p := newPool(b)
	names := numbered(n)
	var took []time.Duration
	for b.Loop() {
		b.StopTimer()
		if err := errors.Join(p.DeleteAll(), p.Fill(n)); err != nil {
			b.Fatal(err)
		}
		for _, name := range names {
			start := time.Now()
			ns, err := p.Create(name)
			took = append(took, time.Since(start))
			if err != nil {
				b.Fatal(err)
			}
			ns.Close()
		}
		b.StartTimer()
	}
	slices.Sort(took)
	for _, percent := range []int{50, 99, 100} {
		b.ReportMetric(float64(took[(len(took)-1)*percent/100].Nanoseconds())/1e3, fmt.Sprintf("µs-p%d", percent))
	}
}
