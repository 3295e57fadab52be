//go:build linux

package nsfs_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
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

	want := []string{"mount 0  0 /run/netns/red"}
	find := func(ns *nsfs.NS) (found []string) {
		all, _, err := ns.Holders() // unseen are processes of the host
		if err != nil {
			t.Error(err)
		}
		for _, h := range all {
			found = append(found, fmt.Sprint(h.Kind, " ", h.PID, " ", h.Comm, " ", h.Number, " ", h.Path))
		}
		slices.Sort(found)
		return found
	}
	check := func(how string) {
		t.Helper()
		slices.Sort(want)
		if got := find(red); !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", how, got, want)
		}
		if other := find(blue); !strings.HasPrefix(other[0], "mount 0  0 ") || !strings.HasSuffix(other[len(other)-1], "/netns/blue") {
			t.Errorf("%s: blue has %q", how, other)
		}
	}
	check("its name")

	fd, err := unix.Open("/run/netns/red", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	want = append(want, fmt.Sprintf("file %d %s %d ", self, me, fd))
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
	for _, sock := range sockets {
		defer unix.Close(sock)
		want = append(want, fmt.Sprintf("socket %d %s %d ", self, me, sock))
	}
	check("sockets")

	p := resident(t, red)
	want = append(want, fmt.Sprintf("process %d sleep 0 ", p.Pid))
	check("a process")
	before := slices.Clone(want)
	err = red.Do(func() error {
		want = append(want, fmt.Sprintf("thread %d %s %d ", self, me, unix.Gettid()))
		check("a thread")
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	want = before
	inMountNS(t, unix.MS_PRIVATE, func() {
		if err := errors.Join(os.MkdirAll("/run/other", 0o700), unix.Mount("/run", "/run/other", "", unix.MS_BIND|unix.MS_REC, "")); err != nil {
			t.Error(err)
		}
		for _, path := range []string{"/run/netns/red", "/run/other/netns/red"} {
			want = append(want, fmt.Sprintf("mount %d %s 0 %s", self, me, path))
		}
		done := make(chan bool)
		go func() { // in the suite's mount namespace
			defer close(done)
			check("another mount namespace")
		}()
		<-done
	})
}

// TestInhabited sees a process, and not who only holds or visits a namespace.
func TestInhabited(t *testing.T) {
	ns := anonymous(t)
	id, err := ns.Identity()
	if err != nil {
		t.Fatal(err)
	}
	if id.Inhabited() {
		t.Error("a descriptor was taken for a process")
	}
	var cmd *exec.Cmd
	err = ns.Do(func() error {
		if id.Inhabited() {
			t.Error("a visiting thread was taken for a process")
		}
		cmd = exec.Command("sleep", "60")
		return cmd.Start()
	})
	if err != nil {
		t.Fatal(err)
	}
	if !id.Inhabited() {
		t.Error("the process is not seen")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it says "killed"
	if id.Inhabited() {
		t.Error("a process that has ended is seen")
	}
}
