//go:build linux

package nsfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
	"golang.org/x/sys/unix"
)

// newPool makes a pool that ends with the test, which must leave no mounts.
func newPool(t testing.TB, name string) *nsfs.Pool {
	t.Helper()
	p, err := nsfs.NewPool(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if n := mountsBelow(t, p.Dir()); n != 0 {
			t.Errorf("%d mounts are left of pool %s", n, p.Name())
		}
		if _, err := os.Stat(p.Dir()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", p.Dir(), err)
		}
	})
	return p
}

// mountsBelow counts the mounts at and below dir.
func mountsBelow(t testing.TB, dir string) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(b), " "+dir+" ") + strings.Count(string(b), " "+dir+"/")
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("n", i)
	}
	return names
}

func TestPool(t *testing.T) {
	home := inode(t)
	fds := len(testns.FDs())
	p := newPool(t, "green")
	if p.Dir() != nsfs.PoolDir+"/pool-green" || mountsBelow(t, p.Dir()) != 1 {
		t.Fatalf("%s, %d mounts", p.Dir(), mountsBelow(t, p.Dir()))
	}
	names := numbered(50)
	in := map[string]string{}
	err := p.CreateEach(slices.Values(names), func(ns *nsfs.NS) error {
		id, err := ns.Identity()
		if got := inode(t); err != nil || got != fmt.Sprintf("net:[%d]", id.Ino) || got == home {
			t.Errorf("inside %s, the NS is %d (%v)", got, id.Ino, err)
		}
		in[names[len(in)]] = inode(t)
		return nsfs.RaiseLo()
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.List()
	if slices.Sort(got); err != nil || !slices.Equal(got, slices.Sorted(slices.Values(names))) {
		t.Errorf("listed %q, %v", got, err)
	}
	if n := mountsBelow(t, p.Dir()); n != 51 {
		t.Errorf("%d mounts", n)
	}
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
	if n := len(testns.FDs()); n != fds+1 {
		t.Errorf("%d descriptors, %d before; the pool's own is one", n, fds)
	}
	if strays := testns.Strays(); len(strays) != 0 {
		t.Errorf("left in namespaces: %q", strays)
	}

	if err := p.Delete("n7"); err != nil {
		t.Error(err)
	}
	wantError(t, p.Delete("n7"), nsfs.OpDelete, fs.ErrNotExist, `Cannot remove namespace file "`+p.Path("n7")+`": No such file or directory`)
	if n := mountsBelow(t, p.Dir()); n != 50 {
		t.Errorf("%d mounts", n)
	}
	err = p.Delete("n0", "n7", "n1", "n1") // and on behind the one that is not there
	if n := mountsBelow(t, p.Dir()); !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), "\n") != 1 || n != 48 {
		t.Errorf("%v, %d mounts", err, n)
	}
	if err := p.Delete(append(names[2:7:7], names[8:]...)...); err != nil || mountsBelow(t, p.Dir()) != 1 {
		t.Errorf("all that there are: %v, %d mounts", err, mountsBelow(t, p.Dir()))
	}
	if err := p.CreateEach(slices.Values(names), nil); err != nil {
		t.Error(err)
	}
	if err := p.DeleteAll(); err != nil {
		t.Error(err)
	}
	if got, err := p.List(); err != nil || len(got) != 0 || mountsBelow(t, p.Dir()) != 1 {
		t.Errorf("%q (%v), %d mounts are left", got, err, mountsBelow(t, p.Dir()))
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
	p := newPool(t, "")
	if _, err := nsfs.NewPool(p.Name()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("made twice: %v", err)
	}
	second := newPool(t, "")
	if second.Name() == p.Name() {
		t.Errorf("two pools named %s", p.Name())
	}
	for _, name := range []string{"a/b", strings.Repeat("a", 251), "\x00"} {
		_, err := nsfs.NewPool(name)
		wantError(t, err, nsfs.OpName, nsfs.ErrName, "Invalid pool name "+fmt.Sprintf("%q", name))
	}
	for _, name := range []string{"", ".", "a/b"} {
		_, err := p.Create(name)
		wantError(t, err, nsfs.OpName, nsfs.ErrName, `Invalid netns name "`+name+`"`)
		wantError(t, p.Delete(name), nsfs.OpName, nsfs.ErrName, `Invalid netns name "`+name+`"`)
		_, err = p.Open(name)
		wantError(t, err, nsfs.OpName, nsfs.ErrName, `Invalid netns name "`+name+`"`)
	}

	// Taken names, and errors of the function inside, leave the others as they are.
	wrong := errors.New("wrong")
	count := 0
	err := p.CreateEach(slices.Values(numbered(9)), func(*nsfs.NS) error {
		if count++; count == 4 {
			return wrong
		}
		return nil
	})
	if err != wrong || mountsBelow(t, p.Dir()) != 4 {
		t.Errorf("%v, %d mounts", err, mountsBelow(t, p.Dir()))
	}
	before := inodeOf(t, p, "n1")
	_, err = p.Create("n1")
	wantError(t, err, nsfs.OpCreate, fs.ErrExist, `Cannot create namespace file "`+p.Path("n1")+`": File exists`)
	if after := inodeOf(t, p, "n1"); after != before || mountsBelow(t, p.Dir()) != 4 {
		t.Errorf("n1 was %d, is %d; %d mounts", before, after, mountsBelow(t, p.Dir()))
	}
	limit(t, func() {
		_, err := p.Create("one-too-many")
		wantError(t, err, nsfs.OpCreate, unix.ENOSPC, `Failed to create a new network namespace "one-too-many": No space left on device`)
	})
	if names, err := p.List(); err != nil || len(names) != 3 {
		t.Errorf("in the pool: %q, %v", names, err)
	}

	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = p.Create("late")
	for _, err := range []error{err, p.DeleteAll(), p.Delete("n1"), p.CreateEach(slices.Values(numbered(1)), nil)} {
		if !errors.Is(err, fs.ErrClosed) || err.Error() != fmt.Sprintf("the pool %q is closed: file already closed", p.Name()) {
			t.Errorf("of a closed pool: %v", err)
		}
	}
}

func inodeOf(t *testing.T, p *nsfs.Pool, name string) uint64 {
	t.Helper()
	ns, err := p.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	id, err := ns.Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id.Ino
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

// TestReleaseStale kills a process that has a pool.
func TestReleaseStale(t *testing.T) {
	mine := newPool(t, "mine")
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "NSFS_HELPER=pool")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it has its pool
		t.Fatal(err)
	}
	want := func(stale bool) {
		t.Helper()
		pools, err := nsfs.Pools()
		slices.SortFunc(pools, func(a, b nsfs.PoolInfo) int { return strings.Compare(a.Name, b.Name) })
		if err != nil || !slices.Equal(pools, []nsfs.PoolInfo{{Name: "mine"}, {Name: "theirs", Stale: stale}}) {
			t.Errorf("pools: %v, %v", pools, err)
		}
	}
	want(false)
	if gone, err := nsfs.ReleaseStale(); err != nil || len(gone) != 0 {
		t.Errorf("released %q of the living, %v", gone, err)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it is killed
	want(true)
	const dir = nsfs.PoolDir + "/pool-theirs"
	if n := mountsBelow(t, dir); n != 4 {
		t.Errorf("%d mounts", n)
	}
	if gone, err := nsfs.ReleaseStale(); err != nil || !slices.Equal(gone, []string{"theirs"}) {
		t.Errorf("released %q, %v", gone, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || mountsBelow(t, dir) != 0 {
		t.Errorf("%v, %d mounts", err, mountsBelow(t, dir))
	}
	if _, err := mine.List(); err != nil {
		t.Error(err)
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
			p := newPool(b, "")
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

// TestPoolDenied has no right to mount.
func TestPoolDenied(t *testing.T) {
	fds := len(testns.FDs())
	newPool(t, "first") // makes PoolDir
	err := nsfs.Throwaway(func() error {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			return err
		}
		_, err := nsfs.NewPool("denied")
		return err
	})
	const dir = nsfs.PoolDir + "/pool-denied"
	wantError(t, err, nsfs.OpCreate, fs.ErrPermission, "mount of a tmpfs on "+dir+" failed: Operation not permitted")
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v", dir, err)
	}
	if n := len(testns.FDs()); n != fds+1 {
		t.Errorf("%d descriptors, %d before; one is the first pool's", n, fds)
	}
}
