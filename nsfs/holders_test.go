//go:build linux

package nsfs_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// TestHolders holds a namespace in every way, and sees each found, and none
// that is of another one.
func TestHolders(t *testing.T) {
	census(t)
	create(t, "red")
	create(t, "blue")
	red, blue := open(t, "red"), open(t, "blue")
	for len(testns.Strays()) > 0 { // the threads that made them have yet to end
		time.Sleep(time.Millisecond)
	}
	text, _ := os.ReadFile("/proc/self/comm")
	self, me := os.Getpid(), strings.TrimSpace(string(text))

	want := nsfs.Holders{Mounts: []nsfs.Mount{{Path: "/run/netns/red"}}}
	check := func(how string) {
		t.Helper()
		all, err := nsfs.HoldersOf(red, blue)
		if err != nil {
			t.Fatal(err)
		}
		got, other := all[0], all[1]
		slices.SortFunc(got.Mounts, func(a, b nsfs.Mount) int { return strings.Compare(a.Path, b.Path) })
		got.Unseen, other.Unseen = 0, 0 // processes of the host
		if fmt.Sprint(*got) != fmt.Sprint(want) {
			t.Errorf("%s:\ngot  %v\nwant %v", how, *got, want)
		}
		other.Mounts = slices.DeleteFunc(other.Mounts, func(m nsfs.Mount) bool { return strings.HasSuffix(m.Path, "/netns/blue") })
		if fmt.Sprint(*other) != fmt.Sprint(nsfs.Holders{}) {
			t.Errorf("%s: blue has %v", how, *other)
		}
	}
	check("its name")

	fd, err := unix.Open("/run/netns/red", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	want.Files = []nsfs.File{{PID: self, Comm: me, FD: fd}}
	check("a file")

	var sockets []int
	for _, family := range []int{unix.AF_INET, unix.AF_UNIX, unix.AF_NETLINK} {
		var sock int
		err := red.Do(func() (err error) {
			sock, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		sockets = append(sockets, sock)
	}
	slices.Sort(sockets)
	for _, sock := range sockets {
		defer unix.Close(sock)
		want.Sockets = append(want.Sockets, nsfs.File{PID: self, Comm: me, FD: sock})
	}
	slices.SortFunc(want.Sockets, func(a, b nsfs.File) int { return strings.Compare(fmt.Sprint(a.FD), fmt.Sprint(b.FD)) })
	check("sockets")

	p := resident(t, red)
	want.Processes = []nsfs.Process{{PID: p.Pid, Comm: "sleep"}}
	err = red.Do(func() error {
		want.Processes = []nsfs.Process{{PID: self, Comm: me, Threads: []int{unix.Gettid()}}, {PID: p.Pid, Comm: "sleep"}}
		if p.Pid < self {
			slices.Reverse(want.Processes)
		}
		check("a process and a thread")
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	want.Processes = []nsfs.Process{{PID: p.Pid, Comm: "sleep"}}
	inMountNS(t, unix.MS_PRIVATE, func() {
		if err := errors.Join(os.MkdirAll("/run/other", 0o700), unix.Mount("/run", "/run/other", "", unix.MS_BIND|unix.MS_REC, "")); err != nil {
			t.Error(err)
		}
		there := nsfs.Mount{Path: "/run/netns/red", PID: self, Comm: me}
		more := there
		more.Path = "/run/other/netns/red"
		want.Mounts = append(want.Mounts, there, more)
		done := make(chan bool)
		go func() { // in the suite's mount namespace
			defer close(done)
			check("another mount namespace")
		}()
		<-done
	})
}
