//go:build linux

package nsfs_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
	"golang.org/x/sys/unix"
)

func TestDo(t *testing.T) {
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
	in := func(ns *nsfs.NS) string {
		id, err := ns.Identity()
		if err != nil {
			t.Error(err)
		}
		return fmt.Sprintf("net:[%d]", id.Ino)
	}
	home := inode(t)
	for _, procs := range []int{1, 2, 8} {
		old := runtime.GOMAXPROCS(procs)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range testns.Rounds(50) {
					err := a.Do(func() error { // nested, and with another in between
						if got := inode(t); got != in(a) {
							t.Errorf("outer in %s", got)
						}
						err := b.Do(func() error {
							if got := inode(t); got != in(b) {
								t.Errorf("inner in %s", got)
							}
							return unix.ENODEV
						})
						if got := inode(t); got != in(a) {
							t.Errorf("outer now in %s", got)
						}
						return err
					})
					if err != unix.ENODEV {
						t.Error(err)
					}
					if got := inode(t); got != home {
						t.Errorf("home in %s", got)
					}
				}
			})
		}
		wg.Wait()
		runtime.GOMAXPROCS(old)
	}
	if strays := testns.Strays(); len(strays) != 0 {
		t.Errorf("left in namespaces: %q", strays)
	}
}

// TestDoNoReturn takes from the thread the right to come back.
func TestDoNoReturn(t *testing.T) {
	ns, err := nsfs.New()
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	err = ns.Do(func() error {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		return errors.Join(unix.ENODEV, unix.Capset(&header, &none[0]))
	})
	if !errors.Is(err, unix.EPERM) || !errors.Is(err, unix.ENODEV) {
		t.Errorf("got %v, want both the function's error and EPERM", err)
	}
	// testns.Main fails the run if the thread stays. Rights are there still:
	for range 20 {
		if err := ns.Do(func() error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDoGoexit(t *testing.T) {
	ns, err := nsfs.New()
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	if err := ns.Do(func() error { runtime.Goexit(); return nil }); err == nil {
		t.Error("no error for a function that never returned")
	}
}
