//go:build linux

package nsfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// inMountNS runs f on a thread with a mount namespace of its own, which ends
// with it, and in which the mounts are of some propagation.
func inMountNS(t *testing.T, propagation uintptr, f func()) {
	t.Helper()
	err := nsfs.Throwaway(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return err
		}
		if propagation != 0 {
			if err := unix.Mount("", "/", "", unix.MS_REC|propagation, ""); err != nil {
				return err
			}
		}
		f()
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// oddities puts into Dir what is no namespace, and returns what is to be found.
func oddities(t *testing.T) map[string]string {
	t.Helper()
	create(t, "live") // and makes Dir
	in := func(name string) string { return nsfs.Path(name) }
	steps := []error{
		os.WriteFile(in("stale"), nil, 0),
		os.WriteFile(in("full"), []byte("hello"), 0o600),
		os.Mkdir(in("dir"), 0o700),
		unix.Mkfifo(in("fifo"), 0o600),
		os.Symlink("/proc/self/ns/net", in("link")),
		os.Symlink("/nowhere", in("dangling")),
		os.Symlink("/etc/passwd", in("astray")),
		os.WriteFile(in("uts"), nil, 0),
		unix.Mount("/proc/self/ns/uts", in("uts"), "", unix.MS_BIND, ""),
	}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = nsfs.Delete("uts")
		names, _ := nsfs.List()
		for _, name := range names {
			_ = os.RemoveAll(in(name))
		}
	})
	return map[string]string{
		"live":     "live: ",
		"link":     "live: ",
		"stale":    "stale: an empty file, with no namespace mounted on it",
		"full":     "not a namespace: neither a namespace nor an empty file",
		"dir":      "not a namespace: neither a namespace nor an empty file",
		"fifo":     "not a namespace: neither a namespace nor an empty file",
		"dangling": `not a namespace: Cannot open network namespace "dangling": no such file or directory`,
		"astray":   `not a namespace: setting the network namespace "astray" failed: invalid argument (stale: a plain file, with no namespace mounted on it)`,
		"uts":      `not a namespace: setting the network namespace "uts" failed: invalid argument (a namespace, but not a network namespace)`,
	}
}

// states are the entries as text, without the age of what is stale.
func states(t *testing.T) map[string]string {
	t.Helper()
	all, err := nsfs.Entries()
	if err != nil {
		t.Error(err)
	}
	got := map[string]string{}
	for _, e := range all {
		why, _, _ := strings.Cut(e.Why, " yet: ")
		got[e.Name] = fmt.Sprint(e.State, ": ", why)
		if (e.State == nsfs.Live) != (e.ID != nsfs.Identity{}) {
			t.Errorf("%s is %v, of identity %v", e.Name, e.State, e.ID)
		}
	}
	return got
}

func wantStates(t *testing.T, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got[name], want[name])
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("and %s: %q", name, got[name])
		}
	}
}

func TestEntries(t *testing.T) {
	census(t)
	want := oddities(t)
	wantStates(t, states(t), want)
	_, err := nsfs.Look("nope")
	wantError(t, err, nsfs.OpList, fs.ErrNotExist, "Failed to open /run/netns/nope: No such file or directory")
	if e, err := nsfs.Look("stale"); err != nil || !strings.Contains(e.Why, "it may be in the making") {
		t.Errorf("a young file: %v %q", err, e.Why)
	}
}

func TestEntriesNoDir(t *testing.T) {
	inMountNS(t, 0, func() {
		if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
			t.Error(err)
		}
		if all, err := nsfs.Entries(); len(all) != 0 || err != nil {
			t.Errorf("%v, %v", all, err)
		}
		if removed, err := nsfs.Repair(nsfs.RepairOptions{}); len(removed) != 0 || err != nil {
			t.Errorf("%v, %v", removed, err)
		}
	})
}

// TestLiveElsewhere has a name that is a namespace in another mount namespace
// alone, where Dir may be at another path, and sees it spared.
func TestLiveElsewhere(t *testing.T) {
	census(t)
	create(t, "here")
	for _, at := range []string{nsfs.Dir, "/mnt/with blank"} {
		t.Run(at, func(t *testing.T) {
			if err := os.WriteFile(nsfs.Path("there"), nil, 0); err != nil {
				t.Fatal(err)
			}
			defer nsfs.Delete("there")
			inMountNS(t, unix.MS_PRIVATE, func() {
				if at != nsfs.Dir {
					err := errors.Join(unix.Mount("tmpfs", "/mnt", "tmpfs", 0, ""), os.Mkdir(at, 0o700),
						unix.Mount(nsfs.Dir, at, "", unix.MS_BIND, ""))
					if err != nil {
						t.Error(err)
					}
				}
				if err := unix.Mount("/proc/self/ns/net", at+"/there", "", unix.MS_BIND, ""); err != nil {
					t.Error(err)
				}
				tid := unix.Gettid()
				err := nsfs.Throwaway(func() error { // another thread, in the suite's mount namespace
					if tid == unix.Gettid() {
						t.Error("it is the same thread")
					}
					comm, _ := os.ReadFile("/proc/self/comm")
					why := fmt.Sprintf(" is mounted on it, but in the mount namespace of process %d (%s), not in this one", os.Getpid(), strings.TrimSpace(string(comm)))
					wantStates(t, states(t), map[string]string{"here": "live: ", "there": "live elsewhere: " + inode(t) + why})
					removed, err := nsfs.Repair(nsfs.RepairOptions{MinAge: -1})
					if err != nil || len(removed) != 0 {
						t.Errorf("Repair removed %v, %v", removed, err)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				if err := unix.Unmount(at+"/there", 0); err != nil {
					t.Error("the other one has lost its namespace: ", err)
				}
			})
			wantStates(t, states(t), map[string]string{"here": "live: ", "there": "stale: an empty file, with no namespace mounted on it"})
		})
	}
}

// TestCovered hides the names by a mount on Dir, as a second "mount --bind" does.
func TestCovered(t *testing.T) {
	create(t, "red")
	ino := identity(t, open(t, "red")).Ino
	inMountNS(t, unix.MS_PRIVATE, func() {
		if err := unix.Mount(nsfs.Dir, nsfs.Dir, "", unix.MS_BIND, ""); err != nil {
			t.Error(err)
		}
		wantStates(t, states(t), map[string]string{"red": fmt.Sprintf("live elsewhere: net:[%d] is mounted on it, but below another mount on /run/netns", ino)})
	})
}

func TestRemove(t *testing.T) {
	census(t)
	for name, is := range oddities(t) {
		err := nsfs.Remove(name)
		if strings.HasPrefix(is, "not a namespace") {
			wantError(t, err, nsfs.OpDelete, unix.EEXIST, `Cannot remove namespace file "/run/netns/`+name+`": File exists`)
			continue
		}
		if again := nsfs.Remove(name); err != nil || again != nil {
			t.Errorf("%s: %v, %v", name, err, again)
		}
		if _, err := os.Lstat(nsfs.Path(name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", name, err)
		}
	}
	wantError(t, nsfs.Remove("a/b"), nsfs.OpName, nsfs.ErrName, `Invalid netns name "a/b"`)
}

func TestRepair(t *testing.T) {
	census(t)
	want := oddities(t)
	var young nsfs.RepairOptions
	if testns.Slow() { // what is stale may be older than the default before it is looked at
		young.MinAge = time.Hour
	}
	dry := young
	dry.DryRun = true
	for _, o := range []nsfs.RepairOptions{young, dry, {MinAge: -1, DryRun: true}, {MinAge: -1}, {MinAge: -1}} {
		removed, err := nsfs.Repair(o)
		if err != nil {
			t.Error(err)
		}
		var names []string
		for _, e := range removed {
			names = append(names, e.Name)
		}
		wantNames := []string(nil)
		if _, there := want["stale"]; there && o.MinAge < 0 { // others are too young
			wantNames = []string{"stale"}
			if !o.DryRun {
				delete(want, "stale")
			}
		}
		if !slices.Equal(names, wantNames) {
			t.Errorf("%v removed %q, want %q", o, names, wantNames)
		}
		wantStates(t, states(t), want)
	}
}

// TestAttachNS names a namespace by its descriptor, from many threads.
func TestAttachNS(t *testing.T) {
	census(t)
	ns, err := nsfs.New()
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	want := identity(t, ns)
	if err := ns.Attach("red"); err != nil {
		t.Fatal(err)
	}
	defer nsfs.Delete("red")
	if err := ns.Do(func() error { return ns.Attach("blue") }); err != nil {
		t.Fatal(err)
	}
	defer nsfs.Delete("blue")
	for _, name := range []string{"red", "blue"} {
		if got := identity(t, open(t, name)); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
		testns.Run(t, "ip", "netns", "exec", name, "true").Must(t)
	}
	wantError(t, ns.Attach("red"), nsfs.OpCreate, fs.ErrExist, `Cannot create namespace file "/run/netns/red": File exists`)
	wantError(t, ns.Attach(""), nsfs.OpName, nsfs.ErrName, `Invalid netns name ""`)
	if got := strings.Count(mounts(t), " /run/netns/red "); got != 1 {
		t.Errorf("%d mounts on red", got)
	}
}
