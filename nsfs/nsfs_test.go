//go:build linux

package nsfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
	"golang.org/x/sys/unix"
)

// TestMain also is the program that the tests start to see a process end.
func TestMain(m *testing.M) {
	if what := os.Getenv("NSFS_HELPER"); what != "" {
		helper(what)
		os.Exit(99)
	}
	testns.Main(m)
}

// create makes a namespace that ends with the test.
func create(t *testing.T, name string) {
	t.Helper()
	if err := nsfs.Create(name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nsfs.Delete(name) }) // the test may have deleted it
}

// open opens a namespace until the test ends.
func open(t *testing.T, name string) *nsfs.NS {
	t.Helper()
	ns, err := nsfs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

func identity(t *testing.T, ns *nsfs.NS) nsfs.Identity {
	t.Helper()
	id, err := ns.Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// inode is the number of the namespace that the calling thread is in.
func inode(t testing.TB) string {
	t.Helper()
	s, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Error(err)
	}
	return s
}

// wantError checks what programs and people get to see of an error.
func wantError(t *testing.T, err error, op nsfs.Op, is error, iproute2 string) {
	t.Helper()
	var e *nsfs.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *nsfs.Error: %s", err, iproute2)
	}
	if e.Op != op || !errors.Is(err, is) || e.Iproute2() != iproute2 {
		t.Errorf("got  %s: %v: %s\nwant %s: %v: %s", e.Op, e.Err, e.Iproute2(), op, is, iproute2)
	}
}

func TestValidName(t *testing.T) {
	long := strings.Repeat("a", 256)
	for _, name := range []string{"", ".", "..", "a/b", "/", "a\x00b", long} {
		err := nsfs.ValidName(name)
		wantError(t, err, nsfs.OpName, nsfs.ErrName, `Invalid netns name "`+name+`"`)
		wantError(t, nsfs.Create(name), nsfs.OpName, nsfs.ErrName, `Invalid netns name "`+name+`"`)
		wantError(t, nsfs.Delete(name), nsfs.OpName, nsfs.ErrName, `Invalid netns name "`+name+`"`)
	}
	for _, name := range []string{"red", "...", "-red", "a b", "a\nb", "röd", `"`, long[1:]} {
		if err := nsfs.ValidName(name); err != nil {
			t.Error(err)
		}
		create(t, name)
		if err := nsfs.Delete(name); err != nil {
			t.Error(err)
		}
	}
}

func TestCreate(t *testing.T) {
	home, tasks := inode(t), len(testns.Threads())
	create(t, "red")
	ns := open(t, "red")
	id, err := ns.Identity()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("net:[%d]", id.Ino)
	if want == home {
		t.Fatal("red is our own namespace")
	}
	var in string
	if err := ns.Do(func() error { in = inode(t); return nil }); err != nil || in != want {
		t.Errorf("Do was in %s (%v), want %s", in, err, want)
	}
	if got := inode(t); got != home {
		t.Errorf("now in %s, want %s", got, home)
	}
	wantError(t, nsfs.Create("red"), nsfs.OpCreate, fs.ErrExist, `Cannot create namespace file "/run/netns/red": File exists`)
	if got := len(testns.Threads()); got > tasks+4 {
		t.Errorf("%d threads, before %d", got, tasks)
	}
	if mode := stat(t, nsfs.Dir).Mode & 0o7777; mode != 0o755 {
		t.Errorf("mode of %s is %o", nsfs.Dir, mode)
	}
}

func stat(t *testing.T, path string) (st unix.Stat_t) {
	t.Helper()
	if err := unix.Stat(path, &st); err != nil {
		t.Fatalf("stat %s: %v", path, err)
	}
	return st
}

// TestCreateRace is of many creators, also of the directory itself, of which
// one per name wins; and none of the mounts is doubled.
// TestAttach gives a second name to a namespace, and none to what is not there.
func TestAttach(t *testing.T) {
	create(t, "red")
	if err := nsfs.Attach("blue", nsfs.Path("red")); err != nil {
		t.Fatal(err)
	}
	defer nsfs.Delete("blue")
	if red, blue := identity(t, open(t, "red")), identity(t, open(t, "blue")); red != blue {
		t.Errorf("red is %v, blue %v", red, blue)
	}
	err := nsfs.Attach("blue", nsfs.Path("red"))
	wantError(t, err, nsfs.OpCreate, fs.ErrExist, `Cannot create namespace file "/run/netns/blue": File exists`)
	err = nsfs.Attach("green", "/proc/99999999/ns/net")
	wantError(t, err, nsfs.OpCreate, fs.ErrNotExist, "Bind /proc/99999999/ns/net -> /run/netns/green failed: No such file or directory")
	if names, err := nsfs.List(); err != nil || slices.Contains(names, "green") {
		t.Errorf("the names are %q (%v)", names, err)
	}
	if steps := nsfs.AttachSteps("x", "/proc/7/ns/net"); len(steps) != len(nsfs.CreateSteps("x"))-1 || !strings.Contains(steps[len(steps)-1].Call, `"/proc/7/ns/net"`) {
		t.Errorf("the steps are %q", steps)
	}
}

func TestCreateRace(t *testing.T) {
	_ = unix.Unmount(nsfs.Dir, unix.MNT_DETACH)
	if err := os.RemoveAll(nsfs.Dir); err != nil {
		t.Fatal(err)
	}
	const names, each = 6, 8
	var won [names]int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range names * each {
		wg.Go(func() {
			err := nsfs.Create(fmt.Sprint("race", i%names))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won[i%names]++
			case !errors.Is(err, unix.EEXIST):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range names {
		if won[i] != 1 {
			t.Errorf("race%d has %d winners", i, won[i])
		}
		if got := strings.Count(mounts(t), fmt.Sprintf(" /run/netns/race%d ", i)); got != 1 {
			t.Errorf("race%d has %d mounts", i, got)
		}
	}
	for i := range names * each {
		wg.Go(func() {
			err := nsfs.Delete(fmt.Sprint("race", i%names))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won[i%names]--
			case !errors.Is(err, unix.ENOENT):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != [names]int{} {
		t.Errorf("deleted more or less than once: %v", won)
	}
}

func mounts(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestUndo has the step after the name fail, by a limit that is reached, and
// sees no name left behind.
func TestUndo(t *testing.T) {
	create(t, "first")
	const limit = "/proc/sys/user/max_net_namespaces"
	old, err := os.ReadFile(limit)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(limit, []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(limit, old, 0)
	wantError(t, nsfs.Create("red"), nsfs.OpCreate, unix.ENOSPC,
		`Failed to create a new network namespace "red": No space left on device`)
	if names, _ := nsfs.List(); slices.Contains(names, "red") {
		t.Error("a failure left its name behind")
	}
	if _, err := nsfs.New(); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("New: %v, want ENOSPC", err)
	}
}

func TestDelete(t *testing.T) {
	create(t, "red")
	if err := nsfs.Delete("red"); err != nil {
		t.Error(err)
	}
	wantError(t, nsfs.Delete("red"), nsfs.OpDelete, fs.ErrNotExist, `Cannot remove namespace file "/run/netns/red": No such file or directory`)
}

// TestDeleteRefused: what cannot be deleted is as before.
func TestDeleteRefused(t *testing.T) {
	if err := nsfs.Create("red"); err != nil {
		t.Fatal(err)
	}
	before, err := nsfs.Open("red")
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	remount := func(flags uintptr) {
		t.Helper()
		if err := unix.Mount("", nsfs.Dir, "", unix.MS_BIND|unix.MS_REMOUNT|flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	remount(unix.MS_RDONLY)
	err = nsfs.Delete("red")
	remount(0)
	if !errors.Is(err, unix.EROFS) {
		t.Errorf("got %v, want EROFS", err)
	}
	after, err := nsfs.Open("red")
	if err != nil {
		t.Fatalf("its namespace is gone: %v", err)
	}
	defer after.Close()
	if i, j := identity(t, before), identity(t, after); i != j {
		t.Errorf("identities %v and %v", i, j)
	}
	if err := nsfs.Delete("red"); err != nil {
		t.Error(err)
	}
}

func TestDeleteStacked(t *testing.T) {
	for n := 1; n <= 5; n++ {
		create(t, "red")
		for range n {
			if err := unix.Mount("/proc/self/ns/net", "/run/netns/red", "", unix.MS_BIND, ""); err != nil {
				t.Fatal(err)
			}
		}
		if err := nsfs.Delete("red"); err != nil {
			t.Errorf("%d mounts more: %v", n, err)
		}
	}
}

func TestStale(t *testing.T) {
	create(t, "red")
	if err := os.WriteFile("/run/netns/stale", nil, 0); err != nil {
		t.Fatal(err)
	}
	_, err := nsfs.Open("stale")
	wantError(t, err, nsfs.OpEnter, unix.EINVAL, `setting the network namespace "stale" failed: Invalid argument`)
	if !strings.Contains(err.Error(), "stale: a plain file") {
		t.Errorf("no hint in %q", err)
	}
	if err := nsfs.Delete("stale"); err != nil {
		t.Error(err)
	}
	if _, err := nsfs.Open("/run/netns"); err == nil || !strings.HasSuffix(err.Error(), "invalid argument (a directory)") {
		t.Errorf("of a directory: %v", err)
	}
}

func TestOpen(t *testing.T) {
	_, err := nsfs.Open("nope")
	wantError(t, err, nsfs.OpOpen, fs.ErrNotExist, `Cannot open network namespace "nope": No such file or directory`)
	_, err = nsfs.Open("/proc/self/ns/uts")
	wantError(t, err, nsfs.OpEnter, unix.EINVAL, `setting the network namespace "/proc/self/ns/uts" failed: Invalid argument`)
	if ns := open(t, "/proc/self/ns/net"); ns.Fd() < 0 {
		t.Error("not open")
	} else if flags, err := unix.FcntlInt(uintptr(ns.Fd()), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("F_GETFD = %d, %v: not close-on-exec", flags, err)
	}
}

func TestList(t *testing.T) {
	for _, name := range []string{"b", "c", "a"} {
		create(t, name)
	}
	names, err := nsfs.List()
	if err != nil || len(names) != 3 {
		t.Errorf("got %q, %v", names, err)
	}
	if got, want := strings.Join(names, "\n")+"\n", testns.Run(t, "ip", "netns").Must(t); got != want {
		t.Errorf("got %q, ip has %q", got, want)
	}
}

// TestMixed has iproute2 and this package work on each other's names.
func TestMixed(t *testing.T) {
	create(t, "ours")
	testns.Run(t, "ip", "netns", "exec", "ours", "true").Must(t)
	testns.Run(t, "ip", "netns", "add", "theirs").Must(t)
	if got := testns.Run(t, "ip", "netns", "add", "ours"); got.Code != 1 {
		t.Errorf("ip netns add ours: %+v", got)
	}
	if err := nsfs.Create("theirs"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create: %v", err)
	}
	open(t, "theirs")
	if err := nsfs.Delete("theirs"); err != nil {
		t.Error(err)
	}
	testns.Run(t, "ip", "netns", "del", "ours").Must(t)
	if names, err := nsfs.List(); err != nil || len(names) != 0 {
		t.Errorf("left: %q, %v", names, err)
	}
}

func TestNew(t *testing.T) {
	a, err := nsfs.New()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := nsfs.New()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if i, j := identity(t, a), identity(t, b); i.Ino == 0 || i == j {
		t.Errorf("identities %v and %v", i, j)
	}
}

// TestSteps compares what is told with what strace saw of "ip netns add red".
func TestSteps(t *testing.T) {
	var got []string
	for _, s := range slices.Concat(nsfs.CreateSteps("red"), nsfs.DeleteSteps("red")) {
		call, _, _ := strings.Cut(s.Call, "(")
		got = append(got, call)
		if s.Why == "" {
			t.Errorf("%s: no reason", s.Call)
		}
	}
	want := "mkdir openat flock mount mount mount close openat unshare mount openat umount2 unlink"
	if strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if names, _ := nsfs.List(); len(names) != 0 {
		t.Errorf("telling made %q", names)
	}
}
